"""The glossary has every term that a chapter sets in bold where it defines it, in order, with the chapter.

And no chapter uses a term before that: where a term of this chapter or of a later one is first written, it is in
bold, which defines it, or linked to the glossary.
"""

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


ORDINARY = (
    "insulator with leaks",
    "conductance of the leaks",
    "stores charge",
    "charge conservation",
    "steady state",
    "flips the sign",
    "can gain by",
    "correlation time",
)
"""Where a word of the glossary is an everyday word, or one of another subject."""

SHORT = {"second-order network": "SONET"}
"""What else a term is called."""


def pattern(term: str) -> str:
    """Return a pattern of `term`, singular or plural, on one line or two."""
    words = [re.escape(word) for word in re.split(r"[ -]", term)]
    return r"[\s-]+".join([*words[:-1], re.sub(r"(?<!u)s$", "", words[-1])]) + "(?:e?s)?"


def unexplained(path: Path) -> list[str]:
    """Return the terms, not of earlier chapters, that a chapter uses before it defines or links them."""
    page, found = read(path), []
    number = int(re.match(r"\d+", path.stem)[0])
    titles = {str(d.argument).strip() for d in page.directives if d.name.startswith("prf:")}
    texts = [
        (text.line, bare(text.source or text.words))
        for text in sorted(page.texts, key=lambda text: text.line)
        if text.kind not in ("alt", "heading", "quote", "term") and text.words.strip() not in titles
    ]
    for term, explanation in ENTRIES.items():
        if int(re.search(r"Chapter (\d+) <", explanation)[1]) < number:
            continue
        names = "|".join(pattern(name) for name in (term, SHORT.get(term, term)))
        use = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])", re.I)
        for line, text in texts:
            if match := use.search(text):
                before = text[: match.start()]
                if before.count("**") % 2 == 0 and not re.search(r"\{term\}`[^`]*$", before):
                    found.append(f"{path.name}:{line}: “{match[0]}” is explained later or nowhere")
                break
    return found


def bare(text: str) -> str:
    """Return `text` without what holds no use of a term: other roles, code, formulas, quotations, everyday words."""
    ordinary = "|".join(ORDINARY).replace(" ", r"\s+")
    skipped = rf"(\{{term\}}`[^`]*`)|(?:\{{[\w:]+\}})?`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|“[^”]*”|(?i:{ordinary})"
    return re.sub(skipped, lambda match: match[1] or " ", text, flags=re.S)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_no_term_is_used_before_it_is_explained(path):
    found = unexplained(path)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("A spike and then a **spike**.", 1),
        ("A **spike** and then a spike.", 0),
        ("A {term}`spike`, then {term}`resets <reset>` and spikes.", 0),
        ("The free\nmembrane, and `spike`, $spike$, {ref}`spike <x>`.", 1),
        ("The cell stores charge, and its leaks", 1),
        ("A {term}`spike` is a **reset**, a reset", 0),
        ("SONETs are **second-order networks**", 1),
        ("> a spike\n\n# A spike", 0),
    ],
)
def test_a_use_before_the_explanation_is_found(tmp_path, text, times):
    path = tmp_path / "01-small.md"
    path.write_text(f"# Small\n\n{text}\n", encoding="utf-8")
    assert len(unexplained(path)) == times
