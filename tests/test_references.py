"""The bibliography is consistent: keys say who and when, fields are complete, no work stands in it twice."""

import re
import unicodedata
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "book" / "references.bib").read_text(encoding="utf-8")
ENTRIES = {
    match[2]: {"type": match[1], **dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},$", match[3], flags=re.M))}
    for match in re.finditer(r"^@(\w+)\{([^,]+),\n(.*?)^\}$", TEXT, flags=re.M | re.S)
}
NEEDED = {
    "article": {"author", "title", "journal", "volume", "pages", "year"},
    "book": {"author", "title", "publisher", "year"},
    "incollection": {"author", "title", "booktitle", "editor", "pages", "publisher", "year"},
    "inproceedings": {"author", "title", "booktitle", "pages", "year"},
}
ABBREVIATED = {"LayerSenkEssink2022"}  # names only its first authors


def plain(text: str) -> str:
    """Return `text` without TeX, accents, spaces and signs, in lower case."""
    text = re.sub(r"\\[a-zA-Z]+\s*|\\.|[{}]", "", text)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", text.lower())


def test_every_entry_is_read():
    assert len(ENTRIES) == len(re.findall(r"^@", TEXT, flags=re.M)) > 40


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_is_complete_and_named_after_its_authors_and_year(key):
    entry = ENTRIES[key]
    assert set(entry) >= NEEDED[entry["type"]]
    assert re.fullmatch(r"(1[89]|20)\d\d", entry["year"])
    names = "".join(name.split(",")[0] for name in re.split(r"\s+and\s+", entry["author"])) + entry["year"]
    assert plain(key) == plain(names) or key in ABBREVIATED
    assert re.fullmatch(r"[A-Z]?\d+(--[A-Z]?\d+)?|e\d+", entry.get("pages", "1"))
    assert re.fullmatch(r"10\.\d{4,9}/\S+", entry.get("doi", "10.1000/none"))
    assert set(re.split(r"\W+", entry.get("doi", "").lower())).isdisjoint({"https", "http", "org"})


@pytest.mark.parametrize("field", ["doi", "title"])
def test_no_work_stands_twice(field):
    found = [plain(entry[field]) for entry in ENTRIES.values() if field in entry]
    assert len(found) == len(set(found))


def test_a_journal_has_one_name():
    journals = {entry["journal"] for entry in ENTRIES.values() if "journal" in entry}
    short = [plain(re.sub(r"\b(The|of|the)\b", "", journal)) for journal in journals]
    assert len(short) == len(set(short))
