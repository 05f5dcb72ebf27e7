"""The glossary has every term that a chapter sets in bold where it defines it, in order, with the chapter."""

import re
import unicodedata
from pathlib import Path

import pytest

from book._ext.myst import read

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]-*.md"))
(BODY,) = (d.content for d in read(BOOK / "glossary.md").directives if d.name == "glossary")
ENTRIES = dict(re.findall(r"^(\S.*)\n  (.*)$", BODY, flags=re.M))


def plain(term: str) -> str:
    """Return `term` in lower-case ASCII."""
    return unicodedata.normalize("NFKD", term).encode("ascii", "ignore").decode().lower()


def defined(path: Path) -> list[str]:
    """Return what the text of a chapter, before its summary, sets in bold; sentences and numbered titles left out."""
    page = read(path)
    (summary,) = (section.line for section in page.sections if section.title == "What we found")
    objectives = [d for d in page.directives if "objectives" in str(d.options.get("class", ""))]
    bold = [
        text.words
        for text in page.bold
        if text.line < summary and text.kind not in ("caption", "heading")
        if not any(d.line < text.line < d.last for d in objectives)
    ]
    return [term for term in bold if not term.endswith((".", "?", ":"))]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_defined_term_is_explained(path):
    singular = [re.sub(r"(?<!u)s$", "", plain(term)) for term in defined(path)]
    heads = [re.sub(r"(?<!u)s$", "", plain(term)) for term in ENTRIES]
    assert [term for term in singular if not any(re.search(rf"\b{re.escape(term)}\b", head) for head in heads)] == []


def test_terms_stand_once_and_in_alphabetical_order():
    terms = [plain(line) for line in BODY.splitlines() if line and not line.startswith((" ", ":"))]
    assert len(terms) == len(ENTRIES) > 50
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("term", ENTRIES)
def test_an_entry_is_short_and_names_a_chapter_that_uses_it(term):
    explanation = ENTRIES[term]
    found = re.search(r"\(\{ref\}`Chapter (\d) <(ch-[\w-]+)>`\)$", explanation)
    assert found
    number, label = found.groups()
    (path,) = BOOK.glob(f"0{number}-*.md")
    text = path.read_text(encoding="utf-8")
    assert f"({label})=" in text
    first = re.sub(r"(y|s)$", "", plain(term).split(" of ")[0])
    words = first.split()
    assert words[0] in plain(text)
    assert words[-1] in plain(text)
    assert 5 <= len(explanation.split()) <= 60
