"""The book on paper: title, licence, contents with page numbers, solutions at the end, nothing of the screen."""

import re
import shutil

import pytest

from book._ext import printed
from tests.notebooks import ROOT

CELL = """<div class="cell tag_hide-input"><details class="hide above-input"><summary>Show code cell source</summary>
<div class="cell_input"><pre>secret()</pre></div></details><div class="cell_output"><pre>shown</pre></div></div>"""


def chapter(number, title):
    return f"""<span id="document-book/0{number}"></span><section id="c{number}"><h2>{number}. {title}</h2>
<p>Text. <a href="file.ipynb">a file</a> <a href="../index.html#c1">a place</a> <a href="index.html">a page</a></p>
{CELL}<button>Live</button>
<section id="s{number}"><h3>A section of {title}</h3><p>{"Words. " * 900}</p></section>
<details class="solution admonition" id="sol{number}"><summary>Solution</summary><p>Solved {number}.</p></details>
</section>"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The PDF of a book of two chapters, and where it was made."""
    if printed.chromium() is None:
        pytest.skip("no Chromium here: nothing is printed")
    root = tmp_path_factory.mktemp("a book to print")
    for name in ("_config.yml", "CITATION.cff", "LICENSE", "LICENSE-text"):
        shutil.copy(ROOT / name, root)
    page = root / "_build" / "singlehtml" / "book" / "index.html"
    page.parent.mkdir(parents=True)
    parts = [f'<div class="toctree-wrapper">{chapter(*each)}</div>' for each in ((1, "First"), (2, "Second"))]
    body = f'<section id="top"><h1>Preface</h1><p>Words.</p>{"".join(parts)}</section>'
    page.write_text(f"<html lang=en><meta charset=utf-8><title>x</title><article>{body}</article></html>")
    assert printed.main(root) == 0
    return root, (root / "_build" / "netmod-book.pdf").read_bytes()


@pytest.mark.slow
def test_the_pdf_has_its_parts_in_order_and_no_path_of_the_builder(book):
    root, pdf = book
    entries = printed.outline(pdf)
    titles = [re.sub(r"\W+", " ", title).strip() for title, _ in entries]
    wanted = [
        "Licence",
        "Contents",
        "Preface",
        "1 First",
        "A section of First",
        "2 Second",
        "A section of Second",
        "Solutions",
    ]
    first = list(dict.fromkeys(title for title in titles if title in wanted))  # a chapter has its solutions too
    assert first == wanted
    pages = {title: min(p for t, (_, p) in zip(titles, entries, strict=True) if t == title) for title in wanted}
    assert pages["Licence"] == 2
    assert pages["Contents"] < pages["Preface"] < pages["1 First"] < pages["2 Second"] < pages["Solutions"]
    assert printed.blank_pages(pdf) == []
    assert b"file://" not in pdf
    assert str(root).encode() not in pdf


def test_page_numbers_follow_the_outline():
    entries = [("Contents", 3), ("1. First", 4), ("A section", 5), ("2. Second", 9), ("A section", 10)]
    assert printed.pages_of(["1. First", "A section", "2. Second", "A section"], entries) == [4, 5, 9, 10]


def test_text_of_the_outline_is_read():
    assert printed._text(b"<FEFF00E4>") == "ä"
    assert printed._text(rb"(a \(b\))") == "a (b)"
