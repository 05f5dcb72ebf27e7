"""Read a page of the book as its reader does, and say what breaks the book's rules.

**Numbers.** Every number in prose, captions, alt text, tables and admonitions that has a decimal point or at least
three digits must appear in a checked output of the same page (a cell marked ``# NBVAL_CHECK_OUTPUT``). It appears if
some number there, rounded to the digits of the prose, is the same: 14.35 in prose is found in 14.3524, 14.3524 is not
found in 14.35, and the sign counts. Thousands commas and thin spaces, − and -, 8.0e-3 and 8.0 × 10⁻³ are read as one
thing. Exempt are years (1900 to 2099, written without a comma), places in other works ("p. 617", "equation 3.12",
"CC BY 4.0"), block quotes, code, maths, links, cross-references and headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from pybtex.database import parse_file

from book._ext.myst import GAP, Cell, Page, Text, target

BANNED = ("clearly", "obviously", "simply", "trivially", "it is easy to see")
LONGEST_CELL, LONGEST_DERIVATION, LONGEST_SOLUTION = 12, 15, 20
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}

STATED = re.compile(r"prf:(?!proof|definition|example|remark|observation|assumption)\w+")

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"\s*[×·]\s*10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_THOUSANDS = re.compile(r"(?<=\d)[,\u2009\u202f](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.\d+|\d+\.(?!\w)|\.\d+|\d+)(?:[eE][+-]?\d+)?(?!\.?\d)")
_YEAR = re.compile(r"(?<![\w.,])(?:19|20)\d\d(?!\d|[.,]\d)")
_PLACE = re.compile(
    r"\b(?:pp?\.|[Ee]qs?\.|[Ee]quations?|[Ss]ections?|[Vv]ol(?:ume|\.)|[Cc]hapters?|[Tt]heorems?|[Ff]igures?"
    r"|[Tt]ables?|CC BY)\s+\(?\d[\d.]*(?:\s*[–-]\s*\d[\d.]*)?"
)


@dataclass(frozen=True)
class Fault:
    """A broken rule, and where."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.what}"


# Numbers


def normalise(text: str) -> str:
    """Return `text` with one minus sign, no thousands separators, and powers of ten written with e."""
    text = text.replace("\u2212", "-").replace("\u2011", "-")
    text = _THOUSANDS.sub("", text)
    return _POWER.sub(lambda m: "e" + m[1].translate(_SUPERSCRIPT), text)


def claims(text: str) -> Iterator[str]:
    """Yield the numbers in `text` that need a checked output behind them."""
    text = _YEAR.sub(GAP, _PLACE.sub(GAP, text))
    for match in _NUMBER.finditer(normalise(text)):
        number = match[0].rstrip(".")
        mantissa = re.split("[eE]", number)[0].lstrip("-")
        if "." not in mantissa and len(mantissa) < 3 and mantissa == number.lstrip("-"):
            continue
        yield number


def printed(text: str) -> list[Decimal]:
    """Return every number in the output `text`."""
    return [Decimal(match[0].rstrip(".")) for match in _NUMBER.finditer(normalise(text))]


def supported(number: str, known: Iterable[Decimal]) -> bool:
    """Return whether some number in `known`, rounded to the digits of `number`, is `number`."""
    value = Decimal(number)
    step = Decimal(1).scaleb(value.as_tuple().exponent)
    for other in known:
        if other.as_tuple().exponent > value.as_tuple().exponent:
            continue
        try:
            if value in (other.quantize(step, ROUND_HALF_UP), other.quantize(step, ROUND_HALF_DOWN)):
                return True
        except InvalidOperation:  # too long a number to be the one
            continue
    return False


def unsupported_numbers(page: Page, outputs: Iterable[str]) -> list[Fault]:
    """Return the numbers of `page` that appear in none of its checked outputs."""
    known = [number for output in outputs for number in printed(output)]  # a set would merge 8.0 and 8.00
    faults = []
    for text in page.texts:
        if text.kind in ("quote", "heading"):
            continue
        for number in claims(text.words):
            if not supported(number, known):
                line = _find(page, number, text)
                faults.append(Fault(page.path, line, f"{number} ({text.kind}) is in no checked output of this page"))
    return faults


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
