"""The reader of the book's pages: what it finds where, and that replacing pieces leaves all else as it was."""

from pathlib import Path

import pytest

from book._ext import myst

PAGES = sorted((Path(__file__).parents[1] / "book").glob("*.md"))

PAGE = """\
---
kernelspec:
  name: python3
---

(ch-small)=
# Small

A **firing rate** of 5 Hz {cite}`A1999`.

## One

`{ref}` stays, {ref}`ch-small` goes. $x$ and [a place](#ch-small).

### Deeper

$$ x = 1 $$ (eq-small)

| a | `b` |
|---|---|
| 1 | 2 {eq}`eq-small` |

## Two

term
: definition

```{prf:theorem} A title
:label: thm-small

Inside **bold**.
```
"""


@pytest.fixture
def page(tmp_path):
    """The page above."""
    path = tmp_path / "01-small.md"
    path.write_text(PAGE, encoding="utf-8")
    return myst.read(path)


def test_sections_labels_terms_and_tables_are_found(page):
    assert [(s.level, s.title, s.line, s.last) for s in page.sections] == [
        (1, "Small", 7, 32),
        (2, "One", 11, 22),
        (3, "Deeper", 15, 22),
        (2, "Two", 23, 32),
    ]
    assert page.section(18).title == "One"
    assert page.section(18, level=3).title == "Deeper"
    assert page.section(9) is None
    assert page.labels == {"ch-small", "eq-small", "thm-small"}
    assert [(text.words, text.line) for text in page.bold] == [("firing rate", 9), ("bold", 31)]
    assert page.rows == [("a", "`b`"), ("1", "2 {eq}`eq-small`")]
    assert [(t.kind, t.source) for t in page.texts if t.line >= 25][:2] == [
        ("term", "term"),
        ("definition", "definition"),
    ]


def test_only_the_pieces_are_replaced():
    def replace(piece):
        return {"role": "R", "equation": "E", "link": "L", "target": "", "directive": "one\ntwo"}.get(piece.kind)

    text = (
        "(x)=\n`{ref}` {ref}`a\n  b` and $`{eq}`$ {eq}`c`, [t](#d)\n\n"
        "- item\n\n  ```{note}\n  x\n  ```\n\n> {ref}`quoted\n> words`\n\n$$ y $$ (eq-y)\n\n"
        "```python\n{ref}`a`\n```\n"
    )
    assert myst.edit(text, replace) == (
        "\n`{ref}` R and $`{eq}`$ R, L\n\n- item\n\n  one\n  two\n\n> R\n\nE\n\n```python\n{ref}`a`\n```\n"
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_role_of_the_book_is_found_again_in_its_source(path):
    text, found = path.read_text(encoding="utf-8"), []
    assert myst.edit(text, found.append) == text
    told = [(name, content) for name, content, _ in myst.read(path).roles if name != "any"]

    def all_of(pieces):
        for piece in pieces:
            if piece.kind == "role":
                yield piece.name, piece.content
            if piece.kind == "directive" and piece.name not in myst.NOT_PROSE | {"code-cell"}:
                inner = []
                myst.edit(piece.content, inner.append)
                yield from all_of(inner)

    captions = [
        (name, content)
        for cell in myst.read(path).cells
        for piece in pieces_of(cell.figure.get("caption", ""))
        for name, content in [(piece.name, piece.content)]
        if piece.kind == "role"
    ]
    assert sorted([*all_of(found), *captions]) == sorted(told)


def pieces_of(text):
    found = []
    myst.edit(text, found.append)
    return found
