"""The page that says how to draw every figure names all figures, under commands that exist."""

import re
from pathlib import Path

import pytest

from book._ext.myst import read

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
PAGE = (BOOK / "reproduce.md").read_text(encoding="utf-8")


def listed() -> dict[str, list[tuple[str, str, str]]]:
    """Return what the page lists under each command: reference, file name and description of every figure."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for text in read(BOOK / "reproduce.md").texts:
        if command := re.search(r"`make figures CHAPTER=([\w-]+)`$", text.source):
            found[chapter := command[1]] = []
        elif figure := re.fullmatch(r"\{numref\}`([\w-]+)`, `([\w-]+)`: (.+)", text.source):
            found[chapter].append((figure[1], figure[2], figure[3]))
    return found


SECTIONS = listed()
WITH_FIGURES = {
    path.stem[:2] if path.stem[0].isdigit() else path.stem: [cell.figure for cell in cells]
    for path in [BOOK / "index.md", *sorted(BOOK.glob("[0-9]*.md")), BOOK / "own-network.md"]
    if (cells := [cell for cell in read(path).cells if cell.figure])
}


def test_every_chapter_with_figures_has_its_command():
    assert list(SECTIONS) == list(WITH_FIGURES)


@pytest.mark.parametrize("chapter", WITH_FIGURES)
def test_the_list_has_the_figures_of_the_chapter_in_their_order(chapter):
    rows = SECTIONS[chapter]
    assert [name for _, name, _ in rows] == [figure["name"] for figure in WITH_FIGURES[chapter]]
    assert [name for name, _, _ in rows] == [name for _, name, _ in rows], "reference and file name are the same"
    assert all(len(what.split()) >= 2 for *_, what in rows)


def test_the_figures_of_the_poster_are_the_ones_that_say_so():
    said = {
        name: what for rows in SECTIONS.values() for name, _, what in rows if what.startswith("**The poster's Figure")
    }
    panels = {name: re.findall(r"The poster's Figure (\w+)", what)[0] for name, what in said.items()}
    for figures in WITH_FIGURES.values():
        for figure in figures:
            found = re.search(r"\bThe\s+poster's\s+Figure\s+(\w+)", figure["caption"])
            assert panels.get(figure["name"]) == (found and found[1])
    assert set(panels.values()) == {"1", "2a", "2b", "3", "4a", "4b"}


def test_every_make_target_named_here_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = set(re.findall(r"`make ([\w-]+)", PAGE)) | set(re.findall(r"^make ([\w-]+)", PAGE, flags=re.M))
    assert named
    assert named <= targets


def test_every_file_named_here_exists():
    named = re.findall(r"`((?:tests|book)/[\w./-]+|requirements/)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
