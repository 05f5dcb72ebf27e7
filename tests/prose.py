"""Read a page of the book as its reader does, and say what breaks the book's rules: ``python -m tests.prose 04``.

**Numbers.** Every number in prose, captions, tables and boxes has a source where its reader is: a checked output (of
a cell marked ``# NBVAL_CHECK_OUTPUT``) in its own section. A whole number may also be a parameter: a literal in the
code of the section, figures apart, or in the set-up above the first section. An exercise with its solution is a
section of its own. A summary ("What we found") says nothing new: its numbers have been said above, or printed in it.

Decimals stand there digit by digit (0.1 is found in 0.10, not in 0.12); a whole number, or any number in an alt text,
may be a number there rounded. The sign counts, and so does the unit: 14.4 Hz is not found in 14.4 mV, nor in the bare
14.4 of an output that speaks of no Hz; a bare 14.4 is found in bare numbers alone. In "from 0.5 to 2 ms" both are ms.
Thousands commas and thin spaces, − and -, 8.0e-3 and 8.0 × 10⁻³ are read as one thing.

Exempt are years (1900 to 2099, written without a comma), minutes of reading, places in other works ("p. 617",
"equation 3.12", "CC BY 4.0"), whole numbers below 100 in alt text (what a picture shows, read off by eye), block
quotes and what stands in “ ”, code, maths, links, cross-references and headings.
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from pybtex.database import parse_file

from book._ext import chapters
from book._ext.myst import GAP, Cell, Page, Text, read, target
from tests import notebooks

BANNED = ("clearly", "obviously", "simply", "trivially", "it is easy to see")
LONGEST_CELL, LONGEST_DERIVATION, LONGEST_SOLUTION = 12, 15, 20
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

STATED = re.compile(r"prf:(?!proof|definition|example|remark|observation|assumption)\w+")

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"\s*[×·]\s*10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_BARE_POWER = re.compile(r"(?<![\w.])10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_THOUSANDS = re.compile(r"(?<=\d)[,\u2009\u202f](?=\d{3}(?!\d))")
_UNIT = r"mV·ms|mV ms|mV²|mV|ms²|√ms|ms|kHz|Hz|%|per cent|s|min|MB|GB"
_NUMBER = re.compile(
    r"(?<![\w.])(?P<value>-?(?:\d+\.\d+|\d+\.(?!\w)|\.\d+|\d+)(?:[eE][+-]?\d+)?)(?!\.?\d)"
    rf"(?:[ \u00a0]?(?P<unit>{_UNIT})(?!\w))?"
)
_SERIES = re.compile(r"[ ,;]*(?:to|and|or|–|-|±|of|in|by)?[ ±]*")  # what stands between numbers with one unit
_YEAR = re.compile(r"(?<![\w.,])(?:19|20)\d\d(?!\d|[.,]\d)")
_PLACE = re.compile(
    r"\b(?:pp?\.|[Ee]qs?\.|[Ee]quations?|[Ss]ections?|[Vv]ol(?:ume|\.)|[Cc]hapters?|[Tt]heorems?|[Ff]igures?"
    r"|[Ee]xercises?|[Tt]ables?|CC BY)\s+\(?\d[\d.]*(?:\s*(?:[–-]|to|and)\s*\d[\d.]*)?"
)
_QUOTED = re.compile(r"“[^”]*”")
_MINUTES = re.compile(r"\d+ minutes\b[^.]*")
_FRACTION = re.compile(r"(?<=[\w²]/)\d+|(?<!\w)\d+(?=/\d)")


@dataclass(frozen=True)
class Fault:
    """A broken rule, and where."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.what}"


# Numbers


class Number(NamedTuple):
    """A number in a text: as it is written, its unit ("" if bare), and where it stands in the normalised text."""

    text: str
    unit: str
    start: int = 0

    @property
    def value(self) -> Decimal:
        """The number, with as many digits as are written."""
        return Decimal(self.text)

    @property
    def is_small(self) -> bool:
        """Whether it is a whole number below 100."""
        return bool(re.fullmatch(r"-?\d{1,2}", self.text))

    def __str__(self) -> str:
        return f"{self.text} {self.unit}".rstrip()


def normalise(text: str) -> str:
    """Return `text` with one minus sign, no thousands separators, and powers of ten written with e."""
    text = text.replace("\u2212", "-").replace("\u2011", "-")
    text = _THOUSANDS.sub("", text)
    text = _POWER.sub(lambda m: "e" + m[1].translate(_SUPERSCRIPT), text)
    return _BARE_POWER.sub(lambda m: "1e" + m[1].translate(_SUPERSCRIPT), text)


def numbers(text: str, series: bool = True) -> list[Number]:
    """Return the numbers in `text`; with `series`, one that is joined to a later one has the unit of that one."""
    text, found, after = normalise(text), [], None
    for match in reversed(list(_NUMBER.finditer(text))):
        unit = (match["unit"] or "").replace("mV·ms", "mV ms").replace("per cent", "%")
        if series and not unit and after and _SERIES.fullmatch(text, match.end("value"), after.start):
            unit = after.unit
        after = Number(match["value"].rstrip("."), unit, match.start())
        found.append(after)
    return found[::-1]


def claims(text: str, kind: str = "prose") -> list[Number]:
    """Return the numbers in `text` that need a source."""
    for exempt in (_QUOTED, _PLACE, _YEAR, _MINUTES, _FRACTION):
        text = exempt.sub(GAP, text)
    return [number for number in numbers(text) if not (kind == "alt" and number.is_small)]


def supported(number: Number, known: Iterable[Number], rounded: bool = False) -> bool:
    """Return whether `number` is one of `known`, its unit included; whole or `rounded`, one of them rounded.

    No number is found in one with fewer digits.
    """
    if re.match(r"-?0\d", number.text):
        return False
    value, digits = number.value, number.value.as_tuple().exponent
    step = Decimal(1).scaleb(digits)
    for other in known:
        if other.unit != number.unit or other.value.as_tuple().exponent > digits:
            continue
        if other.value == value:
            return True
        with contextlib.suppress(InvalidOperation):  # too long a number to be the one
            near = {other.value.quantize(step, how) for how in (ROUND_HALF_UP, ROUND_HALF_DOWN)}
            if (rounded or digits == 0) and value in near:
                return True
    return False


def printed(output: str) -> list[Number]:
    """Return the numbers of a checked output; a bare one can have any unit that the output speaks of."""
    found = numbers(output)
    bare = [number for number in numbers(output, series=False) if not number.unit]
    units = {number.unit for number in found} | set(re.findall(rf"(?<![\w/])(?:{_UNIT})(?!\w)", normalise(output)))
    return found + bare + [number._replace(unit=unit) for number in bare for unit in units]


def literals(source: str) -> set[str]:
    """Return the whole numbers that the code `source` has written in it, without sign and unit."""
    tree = ast.parse(re.sub(r"^[%!].*", "", source, flags=re.M))
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {str(int(v)) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v == int(v)}


@dataclass
class Sources:
    """Where the numbers of a page can come from: its checked outputs and its code, each with its line."""

    page: Page
    outputs: list[tuple[int, str]]

    def __post_init__(self) -> None:
        self.printed = [(line, number) for line, output in self.outputs for number in printed(output)]
        self.literals = [
            (cell.line, text) for cell in self.page.cells if not cell.figure for text in literals(cell.source)
        ]
        exercises = [d.line for d in self.page.directives if d.name in ("exercise", "exercise-start")]
        starts = [s.line for s in self.page.sections if s.level == 2]
        self.first = min(starts, default=len(self.page.lines) + 1)
        self.bounds = sorted({1, *starts, *exercises})
        self.summary = next((s for s in self.page.sections if s.title == "What we found"), None)
        self.said = [number for text in self.page.texts if self._above(text) for number in claims(text.words)]

    def _above(self, text: Text) -> bool:
        return bool(self.summary) and text.line < self.summary.line and text.kind not in ("heading", "quote")

    def support(self, number: Number, text: Text) -> bool:
        """Return whether `number`, read in `text`, has a source there."""
        line = text.line
        first = max((bound for bound in self.bounds if bound <= line), default=1)
        last = min((bound for bound in self.bounds if bound > line), default=len(self.page.lines) + 2)
        if supported(number, (n for at, n in self.printed if first <= at < last), rounded=text.kind == "alt"):
            return True
        if self.summary and self.summary.line <= line <= self.summary.last:
            return supported(number, self.said)
        written = {text for at, text in self.literals if first <= at < last or at < self.first}
        return number.text.lstrip("-") in written


def unsupported_numbers(page: Page, outputs: list[tuple[int, str]]) -> list[Fault]:
    """Return the numbers of `page` that have no source; `outputs` are its checked outputs, each with its line."""
    sources = Sources(page, outputs)
    return [
        Fault(page.path, _find(page, number.text, text), f"{number} ({text.kind}) has no source in this section")
        for text in page.texts
        if text.kind not in ("quote", "heading")
        for number in claims(text.words, text.kind)
        if not sources.support(number, text)
    ]


def changes(page: Page, outputs: list[tuple[int, str]]) -> Iterator[tuple[Number, str, bool]]:
    """Yield every number of `page`, each way to change one digit of it, and whether the change would be noticed."""
    sources = Sources(page, outputs)
    for text in page.texts:
        for number in [] if text.kind in ("quote", "heading") else claims(text.words, text.kind):
            for place, old in enumerate(number.text):
                for new in "0123456789" if old.isdigit() else "":
                    wrong = number.text[:place] + new + number.text[place + 1 :]
                    if new != old:
                        yield number, wrong, not sources.support(number._replace(text=wrong), text)


def _find(page: Page, number: str, text: Text) -> int:
    pattern = re.compile(rf"(?<![\d.]){re.escape(number.lstrip('-'))}(?!\d)")
    for line in range(text.line, min(text.last, len(page.lines)) + 1):
        if pattern.search(normalise(page.lines[line - 1])):
            return line
    return text.line


# The other rules


def banned_words(page: Page) -> list[Fault]:
    """Return the words that tell readers what they ought to find easy."""
    pattern = re.compile(rf"\b({'|'.join(BANNED)})\b", re.I)
    return [
        Fault(page.path, text.line, f"“{match[0]}” tells the reader nothing")
        for text in page.texts
        if text.kind != "quote"
        for match in pattern.finditer(text.words)
    ]


def cells(page: Page) -> list[Fault]:
    """Return the cells that are too long to read, and the figures without a caption, a name or a description."""
    faults = []
    for cell in page.cells:
        lines = [s for s in cell.source.split("\n") if s.strip() and "NBVAL_CHECK_OUTPUT" not in s]
        derives = any(s.startswith("def ") for s in lines)
        limit = LONGEST_SOLUTION if solves(page, cell) else LONGEST_DERIVATION if derives else LONGEST_CELL
        if len(lines) > limit and not HIDING & set(cell.metadata.get("tags", ())):
            faults.append(Fault(page.path, cell.line, f"a visible cell of {len(lines)} lines, at most {limit}"))
        if "mystnb" in cell.metadata and ("figure" in cell.metadata["mystnb"] or cell.alt):
            for what, there in (
                ("name", re.fullmatch(r"fig-[a-z0-9-]+", str(cell.figure.get("name", "")))),
                ("caption", str(cell.figure.get("caption", "")).strip()),
                ("alt text", str(cell.alt).strip()),
            ):
                if not there:
                    faults.append(Fault(page.path, cell.line, f"a figure without {what} (names start with fig-)"))
    return faults


def solves(page: Page, cell: Cell) -> bool:
    """Return whether `cell` belongs to a solution, which stays folded until a reader asks for it."""
    before = [d.name for d in page.directives if d.line < cell.line and d.name in ("solution-start", "solution-end")]
    return before[-1:] == ["solution-start"]


def structure(page: Page) -> list[Fault]:
    """Return what a chapter lacks: objectives met by exercises, its last sections, four to six solved exercises."""
    faults = []

    def need(condition: object, what: str, line: int = 1) -> None:
        if not condition:
            faults.append(Fault(page.path, line, what))

    headings = [text.words.strip() for text in page.texts if text.kind == "heading"]
    for title in ("What we found", "Exercises", "Further reading"):
        need(title in headings, f"no section “{title}”")
    objectives = [d for d in page.directives if "objectives" in str(d.options.get("class", "")).split()]
    need(len(objectives) == 1, "no admonition of class objectives, or several")
    for admonition in objectives:
        items = re.split(r"^[-*] ", admonition.content, flags=re.M)[1:]
        need(3 <= len(items) <= 5, f"{len(items)} objectives, not 3 to 5", admonition.line)
        for item in items:
            need(re.search(r"\bex-[\w-]+", item), f"no exercise meets “{item.strip()[:50]}”", admonition.line)
    exercises = {
        str(d.options.get("label", "")): d for d in page.directives if d.name in ("exercise", "exercise-start")
    }
    need(4 <= len(exercises) <= 6, f"{len(exercises)} exercises, not 4 to 6")
    solved = {d.argument.strip() for d in page.directives if d.name in ("solution", "solution-start")}
    for label, exercise in exercises.items():
        need(label in solved, f"exercise {label or 'without a label'} has no solution", exercise.line)
    for gate in ("exercise", "solution"):
        starts, ends = (sum(d.name == f"{gate}-{end}" for d in page.directives) for end in ("start", "end"))
        need(starts == ends, f"{starts} {gate}-start but {ends} {gate}-end")
    return faults


def unreferenced(pages: list[Page]) -> list[Fault]:
    """Return the figures, theorems and equations of chapters whose label no page refers to."""
    used = {target(content) for page in pages for name, content, _ in page.roles if name in REFERRING}
    faults = []
    for page in filter(lambda page: page.is_chapter, pages):
        labels = [(cell.figure["name"], cell.line) for cell in page.cells if cell.figure.get("name")]
        labels += [(label, line) for label, line in page.equations]
        labels += [(d.options.get("label", ""), d.line) for d in page.directives if STATED.fullmatch(d.name)]
        labels += [(d.options["name"], d.line) for d in page.directives if d.name == "figure" and "name" in d.options]
        faults += [
            Fault(page.path, line, f"{label or 'a theorem without a label'} is referred to nowhere")
            for label, line in labels
            if label not in used
        ]
    return faults


REFERRING = {"ref", "numref", "eq", "prf:ref", "any"}
CITING = re.compile(r"cite(:\w+)?")


def citations(pages: list[Page], bibliography: Path) -> list[Fault]:
    """Return the citations of works that the bibliography lacks, and the entries that nobody cites."""
    text = bibliography.read_text(encoding="utf-8")
    entries = {key: text.count("\n", 0, text.index(f"{{{key},")) + 1 for key in parse_file(str(bibliography)).entries}
    cited: dict[str, Fault] = {}
    for page in pages:
        for name, content, line in page.roles:
            if CITING.fullmatch(name):
                for key in re.split(r"[,;]", re.sub(r"\{[^{}]*\}", "", content)):
                    cited[key.strip()] = Fault(page.path, line, f"{key.strip()} is not in {bibliography.name}")
    faults = [fault for key, fault in cited.items() if key not in entries]
    return faults + [
        Fault(bibliography, line, f"{key} is cited nowhere") for key, line in entries.items() if key not in cited
    ]


def main(names: list[str]) -> int:
    """Print the numbers without a source in the chapters called `names` (all of them by default), and how well held.

    "Held" is the share of changes of one digit that the check would notice.
    """
    failed = 0
    for path in [path for path in chapters.select(names) if read(path).is_chapter]:
        page, outputs = read(path), notebooks.checked(path)
        faults = unsupported_numbers(page, outputs)
        print(*faults, sep="\n", end="\n" if faults else "")
        for kind, small in (("numbers", False), ("whole numbers below 100", True)):
            seen = [noticed for number, _, noticed in changes(page, outputs) if number.is_small == small]
            share = f"{sum(seen)} of {len(seen)} changes of a digit noticed"
            print(f"{path.stem}: {share} in {kind}")
        failed |= bool(faults)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
