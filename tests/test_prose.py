"""The book's rules about what it says, and first that each rule catches what breaks it."""

from pathlib import Path

import pytest

from book._ext import chapters, myst
from tests import notebooks, prose

BOOK = notebooks.ROOT / "book"
PAGES = sorted(BOOK.glob("*.md"))
CHAPTERS = [path for path in PAGES if chapters.is_chapter(path)]


def page(tmp_path: Path, text: str, name: str = "01-small.md") -> myst.Page:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return myst.read(path)


def faults(found: list[prose.Fault]) -> list[str]:
    return [f"{fault.line}: {fault.what}" for fault in found]


# The rules catch what breaks them


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a rate of 14.35 Hz", ["14.35 Hz"]),
        ("12 neurons, 99 of them", ["12", "99"]),
        ("144,000 problems", ["144000"]),
        ("2,000 of them in 2000 and 1951; 1990s; 1951-2000", ["2000"]),
        ("falls by −0.25 or -0.50", ["-0.25", "-0.50"]),
        ("from 0.3-0.5 or so; 250–300 mV", ["0.3", "0.5", "250 mV", "300 mV"]),
        ("0.5, 0.1 and 0.02 ms; 3 of 4", ["0.5 ms", "0.1 ms", "0.02 ms", "3", "4"]),
        ("14.4 ± 0.2 Hz at 20 mV·ms, 5 mV ms, in 8 s", ["14.4 Hz", "0.2 Hz", "20 mV ms", "5 mV ms", "8 s"]),
        ("a step of 8.0e-3, or 8.1 × 10⁻³, or 1e-9, or 10⁻⁹", ["8.0e-3", "8.1e-3", "1e-9", "1e-9"]),
        ("14.3 % and 150. Then 3 msec", ["14.3 %", "150", "3"]),
        ("version 1.2.3, W2D4, numpy2.4, σ²/2 and 3/4", []),
        ("0.5mV, (0.25), ±0.125", ["0.5 mV", "0.25", "0.125"]),
        ("see p. 617, pp. 113–225, chapters 2 to 4 and equation 3.12", []),
        ("About 60 minutes: 35 reading. It says “a strength of 190”.", []),
    ],
)
def test_numbers_that_need_a_source(text, expected):
    assert list(map(str, prose.claims(text))) == expected


@pytest.mark.parametrize(
    ("number", "output", "found"),
    [
        ("14.35", "rate 14.35 Hz", False),
        ("14.35 Hz", "rate 14.35 Hz", True),
        ("14.35 Hz", "rate 14.3524 Hz", False),
        ("14 Hz", "rate 14.3524 Hz", True),
        ("15 Hz", "rate 14.3524 Hz", False),
        ("14.35 Hz", "rate (Hz): 14.35, 20 mV", True),
        ("20 Hz", "rate (Hz): 14.35, 20 mV", False),
        ("14.35 Hz", "rate: 14.35", False),
        ("14.35", "rate: 14.3500", True),
        ("14.3500", "rate: 14.35", False),
        ("-0.25", "a −0.25 b", True),
        ("0.25", "-0.25", False),
        ("144000", "144,000 problems", True),
        ("8.0e-3", "0.0080", True),
        ("8.0e-3", "0.008", False),
        ("0.0080", "8.04e-03", False),
        ("100", "99.7", True),
        ("100", "[1, 10, 1000]", False),
        ("100", "1e+02", False),
        ("000", "0", False),
        ("0.100", "[0.1   0.25]", False),
        ("1.5 ms", "x=1.5ms", True),
        ("350", "W_350", False),
        ("3.5", "3.5.1", False),
    ],
)
def test_numbers_are_found_in_outputs(number, output, found):
    (wanted,) = prose.numbers(number)
    assert prose.supported(wanted, prose.printed(output)) is found


def test_an_alt_text_may_round():
    (wanted,) = prose.numbers("14.4 Hz")
    assert prose.supported(wanted, prose.printed("14.35 Hz"), rounded=True)
    assert not prose.supported(wanted, prose.printed("14.35 Hz"))


SECTIONS = """\
# Small

```{code-cell}
n, E = 50, 8.0
```

## One

Printed 1.25 Hz, a parameter of 40 and one of the set-up, 50; a width of 60. Here 2.5 Hz is foreign.

```{code-cell}
# NBVAL_CHECK_OUTPUT
print(f"{1.25} Hz", 40)
```

```{code-cell}
---
mystnb:
  figure:
    name: fig-a
---
plot(60)
```

## Two

Printed 2.5 Hz, and 1.25 Hz is foreign.

```{code-cell}
# NBVAL_CHECK_OUTPUT
print(f"{2.5} Hz {9.75} Hz")
```

## What we found

Once more 1.25 Hz and 2.5 Hz, but 9.75 Hz was never said.

## Exercises

```{exercise-start}
:label: ex-1
```
Given 7 mV, not 70 mV.
```{exercise-end}
```

```{code-cell}
E = 7
```

```{exercise-start}
:label: ex-2
```
Given 70 mV, not 7 mV.
```{exercise-end}
```

```{code-cell}
E = 70
```
"""


def test_a_number_has_its_source_in_its_own_section_or_exercise(tmp_path):
    small = page(tmp_path, SECTIONS)
    outputs = [
        (cell.line, "1.25 Hz 40" if "1.25" in cell.source else "2.5 Hz 9.75 Hz") for cell in small.cells[1:4:2]
    ]
    found = [fault.what.split(" (")[0] for fault in prose.unsupported_numbers(small, outputs)]
    assert found == ["60", "2.5 Hz", "1.25 Hz", "9.75 Hz", "70 mV", "7 mV"]


NUMBERS = """\
---
kernelspec:
  name: python3
---

(ch-small)=
# A chapter of 111 words

Prose 1.01, **bold 1.02**, `code 1.03`, $math = 1.04$, {numref}`fig-1.05`, [a link 1.06](1.07), in 1951.
A second line with 1.08 and ![alt 1.09](picture.png).

> quoted 1.10

| table | head |
|---|---|
| 1.11 | b |

$$ x = 1.12 $$ (eq-small)

````{admonition} Think 1.13
:class: think

Inside 1.14.

:::{note}
Deeper 1.15.
:::
````

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line up to 1.16.
  figure:
    name: fig-small
    caption: |
      **Title 1.17.** Text, and $1.18$.
---
x = 1.19
```

- a list 1.20
  1. deeper 1.21

```{math}
1.22
```

term 1.23
: definition 1.24

% a comment 1.25
"""


def test_numbers_are_read_from_everywhere_a_reader_reads_them(tmp_path):
    found = prose.unsupported_numbers(page(tmp_path, NUMBERS), [])
    places = {fault.what.split()[0]: fault.line for fault in found}
    read = {1, 2, 8, 9, 11, 13, 14, 15, 16, 17, 20, 21, 23, 24}
    assert set(places) == {f"1.{i:02d}" for i in read}
    for number, line in places.items():
        assert number in NUMBERS.splitlines()[line - 1], number
    assert "1.17 (caption)" in " ".join(fault.what for fault in found)


def test_numbers_with_an_output_are_no_faults(tmp_path):
    small = page(tmp_path, "Prose 1.01 and 1.02, then 2,500.\n")
    assert prose.unsupported_numbers(small, [(1, "1.01 and 1.02"), (1, "2500")]) == []
    assert faults(prose.unsupported_numbers(small, [(1, "1.01"), (1, "2500")])) == [
        "1: 1.02 (prose) has no source in this section"
    ]


def test_a_number_keeps_its_digits_beside_a_shorter_twin(tmp_path):
    small = page(tmp_path, "Prose 8.00.\n")
    assert prose.unsupported_numbers(small, [(1, "8.0 8.00")]) == []
    assert len(prose.unsupported_numbers(small, [(1, "8.0")])) == 1


TIED = """\
# Small

## One

Of 20 networks 13 are lost, the "strength 190" of them “all 50”. Between 0 and 1, up to 100 mV.

```{code-cell}
# NBVAL_CHECK_OUTPUT
size = 100
print("networks lost:", *[(20, 13), (50, 18)], range(0, 1))
```

## What we found

At most 100 mV.
"""
OUTPUT = "of 20 networks lost: 13\nof 50 networks lost: 18\nup to 190, 100 mV, 0.25 to 1"


@pytest.fixture
def tied(tmp_path, monkeypatch):
    """Return what is wrong with the page above, once tied, after changes of its text or of its output."""
    monkeypatch.setattr(prose, "ties_path", lambda path: tmp_path / "ties.json")
    small = page(tmp_path, TIED)
    line = small.cells[0].line
    prose.save_ties(small, [(line, OUTPUT)])

    def after(*changes: tuple[str, str], output: str = OUTPUT) -> list[str]:
        text = TIED
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        changed = page(tmp_path, text)
        return faults(prose.unsupported_numbers(changed, [(line, output)], prose.load_ties(changed.path)))

    return after


def test_a_tied_number_agrees_with_its_own_source_alone(tied):
    source = "“of # networks lost: #”"
    assert tied() == []
    assert tied(("13 are lost, the", "18 are lost, the")) == [f"5: 18 (prose) differs from its source, {source}"]
    assert tied(("Of 20 networks 13 are lost, the", "Of 50 networks 13 are lost, the")) == [
        f"5: 50 (prose) differs from its source, {source}"
    ]
    drifted = tied(output=OUTPUT.replace("13", "18").replace("lost: 18\nup", "lost: 13\nup"))
    assert drifted == [f"5: 13 (prose) differs from its source, {source}"]


def test_a_summary_is_tied_to_what_was_said(tied):
    assert tied(("At most 100", "At most 190")) == ["15: 190 mV (prose) differs from its source, what is said above"]


def test_what_nothing_prints_and_what_is_exempt_is_kept_to_the_letter(tied):
    assert len(tied(("Between 0 and", "Between 1 and"))) == 1
    assert tied(("“all 50”", "“all 51”")) == ["5: ['“all 50”'] was kept to the letter"]


def test_an_edited_text_and_a_source_that_is_gone_leave_the_number_to_its_section(tied):
    assert tied(("Of 20 networks 13 are lost, the", "Lost are 18 networks of 50, the")) == []
    assert tied(output=OUTPUT.replace("networks lost", "gone")) == []
    assert tied(output="nothing at all")[0] == "5: 190 (prose) has no source in this section"


def test_ties_stay_when_they_are_renewed(tied, tmp_path):
    before = (tmp_path / "ties.json").read_text(encoding="utf-8")
    small = page(tmp_path, TIED)
    prose.save_ties(small, [(small.cells[0].line, OUTPUT)])
    assert (tmp_path / "ties.json").read_text(encoding="utf-8") == before


def test_banned_words(tmp_path):
    found = prose.banned_words(page(tmp_path, "Fine.\n\nClearly so.\n\n> obviously quoted\n\n`simply`\n\n# Simply\n"))
    assert [fault.line for fault in found] == [3, 9]


def test_long_cells_and_bare_figures(tmp_path):
    def cell(lines, head=""):
        return f"```{{code-cell}} ipython3\n{head}{lines}\n```\n\n"

    long = "\n".join(f"x{i} = {i}" for i in range(13))
    marked = "# NBVAL_CHECK_OUTPUT\n" + "\n".join(f"x{i} = {i}" for i in range(12))
    found = prose.cells(
        page(
            tmp_path,
            cell(long)
            + cell(long, ":tags: [hide-input]\n\n")
            + cell(marked)
            + cell("def f():\n    pass\n" + long)
            + cell("def f():\n    pass\n" + long + "\na = 1")
            + "```{solution-start} ex-1\n```\n\n"
            + cell(long + "\na = 1\nb = 2")
            + cell(long + "\n" + long)
            + "```{solution-end}\n```\n\n"
            + cell("plot()", "---\nmystnb:\n  figure:\n    name: wrong\n---\n"),
        )
    )
    said = " ".join(fault.what for fault in found)
    assert len(found) == 6
    assert said.count("a visible cell of 26 lines, at most 20") == 1
    assert said.count("a visible cell of 13 lines, at most 12") == 1
    assert said.count("a visible cell of 16 lines, at most 15") == 1
    for what in ("name", "caption", "alt text"):
        assert f"a figure without {what}" in said


def exercise(label):
    solution = f"```{{solution-start}} {label}\n```\ntext\n```{{solution-end}}\n```"
    return f"```{{exercise}}\n:label: {label}\nDo.\n```\n\n{solution}\n\n"


WHOLE = (
    "# A chapter\n\n```{admonition} After this chapter you can\n:class: objectives\n"
    "- **compute** ({ref}`ex-1`)\n- **predict** ({ref}`ex-2`)\n- **explain**\n  why ({ref}`ex-3`)\n```\n\n"
    "## What we found\n\n## Exercises\n\n"
    + "".join(map(exercise, ("ex-1", "ex-2", "ex-3", "ex-4")))
    + "## Further reading\n"
)


def test_a_whole_chapter_is_whole(tmp_path):
    assert faults(prose.structure(page(tmp_path, WHOLE))) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("## What we found", "## Summary", "no section “What we found”"),
        ("## Further reading", "", "no section “Further reading”"),
        ("class: objectives", "class: tip", "no admonition of class objectives"),
        ("({ref}`ex-2`)", "", "no exercise meets “**predict**"),
        ("- **predict** ({ref}`ex-2`)\n", "", "2 objectives"),
        ("solution-start} ex-4", "solution-start} ex-5", "exercise ex-4 has no solution"),
        (exercise("ex-4"), "", "3 exercises"),
        ("```{solution-end}\n```\n\n## F", "## F", "4 solution-start but 3 solution-end"),
    ],
)
def test_what_a_chapter_lacks_is_told(tmp_path, old, new, what):
    assert old in WHOLE
    assert what in " ".join(faults(prose.structure(page(tmp_path, WHOLE.replace(old, new)))))


def test_labels_nobody_refers_to(tmp_path):
    text = (
        "```{code-cell}\n---\nmystnb:\n  figure:\n    name: fig-a\n---\n1\n```\n\n"
        "```{prf:theorem} Banach\n:label: thm-a\nx\n```\n\n```{prf:proof}\ny\n```\n\n"
        "```{prf:definition}\n:label: def-a\n```\n\n$$ x $$ (eq-a)\n\n"
        "```{math}\n:label: eq-b\nx\n```\n"
    )
    one = page(tmp_path, text)
    labels = [what.split()[1] for what in faults(prose.unreferenced([one]))]
    assert labels == ["fig-a", "eq-a", "eq-b", "thm-a"]
    two = page(tmp_path, "{numref}`Figure %s <fig-a>` {prf:ref}`thm-a` {eq}`eq-a` [](#eq-b)\n", "02-other.md")
    assert prose.unreferenced([one, two]) == []


def test_citations_without_entry_and_entries_without_citation(tmp_path):
    bibliography = tmp_path / "references.bib"
    bibliography.write_text("@article{A1999,\n}\n\n@book{B2000,\n}\n", encoding="utf-8")
    one = page(tmp_path, "See {cite:t}`A1999` and\n{cite}`A1999,C2001`.\n")
    assert faults(prose.citations([one], bibliography)) == [
        "1: C2001 is not in references.bib",
        "4: B2000 is cited nowhere",
    ]


# The book keeps them


def read(path: Path) -> myst.Page:
    return myst.read(path)


def assert_none(found: list[prose.Fault]) -> None:
    assert not found, "\n" + "\n".join(map(str, found))


each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


@each_chapter
def test_every_number_has_its_source_in_its_section(path):
    assert_none(prose.unsupported_numbers(read(path), notebooks.checked(path), prose.load_ties(path)))


@pytest.mark.parametrize("small", [False, True], ids=["numbers", "whole numbers below 100"])
def test_a_changed_digit_is_noticed(small):
    """Of all changes of one digit of a number in the book, at least 95 % leave the number without its source."""
    seen = {
        path.stem: [
            noticed
            for number, _, noticed in prose.changes(read(path), notebooks.checked(path), prose.load_ties(path))
            if number.is_small == small
        ]
        for path in CHAPTERS
    }
    noticed, every = (sum(map(count, seen.values())) for count in (sum, len))
    loose = [stem for stem, found in seen.items() if sum(found) < 0.95 * len(found)]
    assert noticed >= 0.95 * every > 1000, f"edited since they were tied (python -m tests.prose --tie): {loose}"


@each_page
def test_no_banned_words(path):
    assert_none(prose.banned_words(read(path)))


@each_page
def test_cells_are_short_and_figures_described(path):
    assert_none(prose.cells(read(path)))


@each_page
def test_a_chapter_has_its_parts(path):
    if read(path).is_chapter:
        assert_none(prose.structure(read(path)))


def test_every_figure_theorem_and_equation_is_referred_to():
    assert_none(prose.unreferenced([read(path) for path in PAGES]))


def test_citations_and_bibliography_agree():
    assert_none(prose.citations([read(path) for path in PAGES], BOOK / "references.bib"))
