"""Chapters fit their hour, say so truly, and open with a picture."""

import re
from pathlib import Path

import pytest

from book._ext.reading_time import FENCE, Times, measure

ROOT = Path(__file__).resolve().parents[1]

CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]-*.md"))
named = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)

SAMPLE = """---
header: 1
---
# A chapter

Ten words stand here and they take five seconds all.

```{code-cell} ipython3
x = 1
y = 2
```

$$
x = y
$$

## ☆ For later

```{prf:theorem} A statement
Four words of it.
```

### Below it

```{code-cell} ipython3
# NBVAL_CHECK_OUTPUT
print(x)
```

## Exercises

```{exercise-start}
:label: a
```
**Warm-up.** Do it.
```{exercise-end}
```

```{solution-start} a
:class: dropdown
```
Many words that a reader does not have to read, and $$ too.
```{code-cell} ipython3
print(x)
```
```{solution-end}
```

```{exercise} Project: do more
:label: b
And more.
```
"""


def test_the_model_counts_what_it_says():
    times = measure(SAMPLE)
    words = 2 + 10 + 1 + 2  # titles of sections are words, and so is the line of the second exercise
    assert times.core == pytest.approx((0.5 * words + 2 * 8 + 60) / 60)
    assert times.starred == pytest.approx((0.5 * (2 + 4 + 2) + 120 + 8 + 20) / 60)
    assert (times.exercises, times.projects) == (1, 1)


def test_the_times_read_as_a_sentence():
    assert str(Times(44.4, 6.0, 4, 1)) == (
        "About 44 minutes to read and run, 6 more with the sections marked ☆; 48 for 4 exercises, and a project."
    )


@named
def test_core_reading_fits_fifty_minutes(chapter):
    assert measure(chapter.read_text(encoding="utf-8")).core <= 50


@named
def test_times_are_computed_not_typed(chapter):
    assert not re.search(r"^\*About \d+ minutes", chapter.read_text(encoding="utf-8"), re.M)


@named
def test_no_code_is_visible_before_the_first_figure(chapter):
    for head, _, metadata in cells(chapter):
        visible = not re.search(r"(hide|remove)-(input|cell)", metadata)
        assert not visible, f"line {head}: code before the first figure"
        if "figure:" in metadata:
            return
    pytest.fail("there is no figure")


@named
def test_visible_code_is_short_and_plain(chapter):
    tricks = r"einsum|zip\(\*|\|=|\[\.\.\., None\]\)\[\.\.\., 0\]|np\.r_|np\.ix_"
    for head, source, metadata in cells(chapter):
        if not re.search(r"(hide|remove)-(input|cell)", metadata):
            lines = [line for line in source if line.strip() and "NBVAL" not in line]
            assert len(lines) <= 15, f"line {head}: {len(lines)} lines"
            assert not re.search(tricks, "\n".join(lines)), f"line {head}: a trick that the reader may not know"
            long = [line for line in lines if len(line) > 79]
            assert not long, f"line {head}: {long[0]!r} is wider than the column"


@named
def test_nothing_unstarred_depends_on_a_starred_section(chapter):
    text = chapter.read_text(encoding="utf-8")
    plain, starred, star, mark = [], [], 0, ""
    for line in text.split("\n"):
        fence = FENCE.match(line)
        if not mark and fence and fence[2] == "code-cell":
            mark = fence[1]
        elif line.strip() == mark:
            mark = ""
        head = re.match(r"^(#{1,6})\s+(.*)$", line)
        if head and not mark:  # within code, # begins a comment
            star = 0 if len(head[1]) <= star else star
            star = star or (len(head[1]) if head[2].startswith("☆") else 0)
        (starred if star else plain).append(line)
    labels = set(re.findall(r"^\$\$ \(([\w-]+)\)|:label: ([\w-]+)|^\s+name: (fig-[\w-]+)", "\n".join(starred), re.M))
    names = {name for found in labels for name in found if name}
    for line in plain:
        for role, target in re.findall(r"\{(eq|numref|prf:ref)\}`(?:[^`<]*<)?([\w-]+)>?`", line):
            assert target not in names or "☆" in line, (
                f"{{{role}}}`{target}` is starred, and this is not: {line[:80]}"
            )


def cells(path: Path):
    """Yield line, source and metadata of the code cells."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for i, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence and fence[2] == "code-cell":
            end = next(k for k in range(i + 1, len(lines)) if lines[k].strip() == fence[1])
            body = lines[i + 1 : end]
            if body and body[0].strip() == "---":
                stop = body.index("---", 1)
                yield i + 1, body[stop + 1 :], "\n".join(body[:stop])
            else:
                yield (
                    i + 1,
                    [x for x in body if not x.startswith(":")],
                    "\n".join(x for x in body if x.startswith(":")),
                )
