"""The bibliography is consistent: keys say who and when, fields are complete, no work stands in it twice."""

import re
import unicodedata
from pathlib import Path

import pytest
from pybtex.database import Entry, parse_file

BIBLIOGRAPHY = Path(__file__).parents[1] / "book" / "references.bib"
ENTRIES = dict(parse_file(str(BIBLIOGRAPHY)).entries)  # raises where a key stands twice
NEEDED = {
    "article": {"author", "title", "journal", "volume", "pages", "year"},
    "book": {"author", "title", "publisher", "year"},
    "incollection": {"author", "title", "booktitle", "editor", "pages", "publisher", "year"},
    "misc": {"author", "title", "note", "year"},
    "inproceedings": {"author", "title", "booktitle", "pages", "year"},
}
ABBREVIATED = {"LayerSenkEssink2022"}  # names only its first authors


def plain(text: str) -> str:
    """Return `text` without TeX, accents, spaces and signs, in lower case."""
    text = re.sub(r"\\[a-zA-Z]+\s*|\\.|[{}]", "", text)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", text.lower())


def surnames(entry: Entry) -> str:
    """Return the last names of the authors, one after another."""
    return "".join(" ".join([*p.prelast_names, *p.last_names]) for p in entry.persons["author"])


def test_every_entry_is_read():
    assert len(ENTRIES) == len(re.findall(r"^@", BIBLIOGRAPHY.read_text(encoding="utf-8"), flags=re.M)) > 40


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_is_complete_and_named_after_its_authors_and_year(key):
    entry, fields = ENTRIES[key], ENTRIES[key].fields
    assert {*fields, *entry.persons} >= NEEDED[entry.type]
    assert re.fullmatch(r"(1[89]|20)\d\d", fields["year"])
    assert plain(key) == plain(surnames(entry) + fields["year"]) or key in ABBREVIATED
    assert re.fullmatch(r"[A-Z]?\d+(--[A-Z]?\d+)?|e\d+", fields.get("pages", "1"))
    assert re.fullmatch(r"10\.\d{4,9}/\S+", fields.get("doi", "10.1000/none"))
    assert set(re.split(r"\W+", fields.get("doi", "").lower())).isdisjoint({"https", "http", "org"})


@pytest.mark.parametrize("field", ["doi", "title"])
def test_no_work_stands_twice(field):
    found = [plain(entry.fields[field]) for entry in ENTRIES.values() if field in entry.fields]
    assert len(found) == len(set(found))


def test_a_journal_has_one_name():
    journals = {entry.fields["journal"] for entry in ENTRIES.values() if "journal" in entry.fields}
    short = [plain(re.sub(r"\b(The|of|the)\b", "", journal)) for journal in journals]
    assert len(short) == len(set(short))
