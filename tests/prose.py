"""Read a page of the book as its reader does, and say what breaks the book's rules: ``python -m tests.prose 04``.

**Numbers.** Every number in prose, captions, tables and boxes has a source where its reader is: a checked output (of
a cell marked ``# NBVAL_CHECK_OUTPUT``) in its own section. A whole number may also be a parameter: a literal in the
code of the section, figures apart, or in the set-up above the first section. An exercise with its solution is a
section of its own. A summary ("What we found") says nothing new: its numbers have been said above, or printed in it.

Decimals stand there digit by digit (0.1 is found in 0.10, not in 0.12); a whole number, or any number in an alt text,
may be a number there rounded. The sign counts, and so does the unit: 14.4 Hz is not found in 14.4 mV, nor in the bare
14.4 of an output that speaks of no Hz; a bare 14.4 is found in bare numbers alone. In "from 0.5 to 2 ms" both are ms.
Thousands commas and thin spaces, − and -, 8.0e-3 and 8.0 × 10⁻³ are read as one thing.

**Ties.** So many numbers stand in a section that a wrong one, a small one above all, may be found there by chance.
So ``python -m tests.prose --tie 04`` notes which one is the source of which (in ``tests/sources``): the line of
output, or of code, or the sentence above a summary, and the place in it. A number that is tied must agree with that
one alone, whether it was the text that changed or the output. One that nothing prints (the 0 of "between 0 and 1") is
kept as it was written. A paragraph whose words were edited is tied anew; until then, and if the source itself is
gone, any number of its section will do, as above.

Exempt are years (1900 to 2099, written without a comma), minutes of reading, places in other works ("p. 617",
"equation 3.12", "CC BY 4.0"), whole numbers below 100 in alt text (what a picture shows, read off by eye), block
quotes and what stands in “ ”, code, maths, links, cross-references and headings. What is exempt is kept to the letter
in a paragraph that has ties.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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
EXEMPT = (_QUOTED, _PLACE, _YEAR, _MINUTES, _FRACTION)
_ANY = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


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
    for exempt in EXEMPT:
        text = exempt.sub(GAP, text)
    return [number for number in numbers(text) if not (kind == "alt" and number.is_small)]


def exempted(text: str, kind: str = "prose") -> list[str]:
    """Return what stands in `text` with a number that needs no source."""
    found = []
    for exempt in EXEMPT:
        found += [match[0] for match in exempt.finditer(text) if re.search(r"\d", match[0])]
        text = exempt.sub(GAP, text)
    return found + [number.text for number in numbers(text) if kind == "alt" and number.is_small]


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


class Source(NamedTuple):
    """Which number is meant: of an "output", of "code", of the text "above" a summary, or one "written" itself."""

    where: str
    line: str  # the line of output or code with # for its numbers, or the key of the text
    place: int = 0  # which number of it
    copy: int = 0  # which of the lines that read so


def blank(text: str) -> str:
    """Return `text` with # for every number, and no more white space than it needs."""
    return " ".join(_ANY.sub("#", normalise(text)).split())


def key(text: Text) -> str:
    """Return what a text is known by: a hash of its words, whatever its numbers."""
    words = " ".join(re.sub(r"\d+(?:[.,]\d+)*", "#", text.words).split())
    return hashlib.sha256(f"{text.kind}: {words}".encode()).hexdigest()[:12]


def literals(source: str) -> list[tuple[int, int, str]]:
    """Return the whole numbers that the code `source` has written in it, without sign: line, which there, number."""
    tree = ast.parse(re.sub(r"^[%!].*", "", source, flags=re.M))
    at = sorted(
        (node.lineno, node.col_offset, str(int(node.value)))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        if isinstance(node.value, int | float) and not isinstance(node.value, bool) and node.value == int(node.value)
    )
    seen: Counter[int] = Counter()
    return [(line, (seen.update([line]), seen[line] - 1)[1], number) for line, _, number in at]


@dataclass
class Known:
    """A number that can be a source: which one it is, its line on the page, and the ways to read it."""

    source: Source
    line: int
    read: list[Number]

    def supports(self, number: Number, rounded: bool = False) -> bool:
        """Return whether it is what `number` says."""
        if self.source.where in ("code", "written"):
            return number.text.lstrip("-") == self.read[0].text
        return supported(number, self.read, rounded)


@dataclass
class Tied:
    """A text whose numbers are tied: the source of each, or None, and what is exempt in it."""

    numbers: list[Source | None]
    kept: list[str]


@dataclass
class Sources:
    """Where the numbers of a page can come from: its checked outputs and its code, each with its line."""

    page: Page
    outputs: list[tuple[int, str]]
    ties: dict[str, Tied] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.printed = list(self._printed())
        self.literals = list(self._literals())
        exercises = [d.line for d in self.page.directives if d.name in ("exercise", "exercise-start")]
        starts = [s.line for s in self.page.sections if s.level == 2]
        self.first = min(starts, default=len(self.page.lines) + 1)
        self.bounds = sorted({1, *starts, *exercises})
        self.summary = next((s for s in self.page.sections if s.title == "What we found"), None)
        self.said = [
            Known(Source("above", key(text), place), text.line, [number])
            for text in self.page.texts
            if self._above(text)
            for place, number in enumerate(claims(text.words))
        ]
        self.known = {known.source: known for known in (*self.printed, *self.literals, *self.said)}

    def _printed(self) -> Iterator[Known]:
        copies: Counter[str] = Counter()
        for at, output in self.outputs:
            readings: dict[int, list[Number]] = {}
            for number in printed(output):
                readings.setdefault(number.start, []).append(number)
            start = 0
            for line in normalise(output).split("\n"):
                name, end = blank(line), start + len(line) + 1
                inside = sorted(place for place in readings if start <= place < end)
                for place, where in enumerate(inside):
                    yield Known(Source("output", name, place, copies[name]), at, readings[where])
                copies[name] += 1
                start = end

    def _literals(self) -> Iterator[Known]:
        copies: Counter[str] = Counter()
        for cell in self.page.cells:
            lines, before = cell.source.split("\n"), 0
            for line, place, number in literals(cell.source) if not cell.figure else []:
                for passed in range(before, line):
                    copies[blank(lines[passed])] += 1
                before, name = line, blank(lines[line - 1])
                yield Known(Source("code", name, place, copies[name] - 1), cell.line, [Number(number, "")])

    def _above(self, text: Text) -> bool:
        return bool(self.summary) and text.line < self.summary.line and text.kind not in ("heading", "quote")

    def candidates(self, text: Text) -> Iterator[Known]:
        """Yield what numbers in `text` may have as a source."""
        line = text.line
        first = max((bound for bound in self.bounds if bound <= line), default=1)
        last = min((bound for bound in self.bounds if bound > line), default=len(self.page.lines) + 2)
        yield from (known for known in self.printed if first <= known.line < last)
        if self.summary and self.summary.line <= line <= self.summary.last:
            yield from self.said
        else:
            yield from (known for known in self.literals if first <= known.line < last or known.line < self.first)

    def tied(self, text: Text, place: int) -> Known | None:
        """Return the source that the number at `place` of `text` is tied to, if it is and if that is still there."""
        tied = self.ties.get(key(text))
        source = tied.numbers[place] if tied and place < len(tied.numbers) else None
        if source and source.where == "written":
            return Known(source, text.line, [Number(source.line, "")])
        return self.known.get(source) if source else None

    def support(self, number: Number, text: Text, place: int) -> bool:
        """Return whether `number`, the one at `place` of `text`, has its source, or if it is not tied, any."""
        rounded = text.kind == "alt"
        tied = self.tied(text, place)
        if tied and (tied.source.where != "written" or not tied.supports(number)):
            return tied.supports(number, rounded)
        return any(known.supports(number, rounded) for known in self.candidates(text))

    def tie(self, text: Text) -> Tied:
        """Return the likeliest source of each number of `text`; one that it is tied to already stays."""
        found: list[Source | None] = []
        before: Source | None = None
        for place, number in enumerate(claims(text.words, text.kind)):
            known = self.tied(text, place)
            if not (known and known.supports(number, text.kind == "alt")):
                fits = [
                    (self._likeness(known, number, text, before), known)
                    for known in self.candidates(text)
                    if known.supports(number, text.kind == "alt")
                ]
                likeness, known = max(fits, default=((), None), key=lambda fit: fit[0])
                if known and known.source.where == "code" and not likeness[2]:  # nothing says that it is this one
                    known = Known(Source("written", number.text.lstrip("-")), text.line, [])
            before = known.source if known else before
            found.append(known.source if known else None)
        return Tied(found, exempted(text.words, text.kind))

    @staticmethod
    def _likeness(known: Known, number: Number, text: Text, before: Source | None) -> tuple[float, ...]:
        near = normalise(text.words)[max(0, number.start - 80) : number.start + 80]
        shared = len(set(re.findall(r"\w{3,}", near.lower())) & set(re.findall(r"\w{3,}", known.source.line.lower())))
        follows = bool(before) and (before.where, before.line, before.copy) == (
            known.source.where,
            known.source.line,
            known.source.copy,
        )
        exact = any(other.value == number.value for other in known.read)
        return exact, known.source.where == "output", shared + 2 * follows, -abs(known.line - text.line)


def ties_path(path: Path) -> Path:
    """Return where the ties of the page at `path` are kept."""
    return notebooks.ROOT / "tests" / "sources" / f"{path.stem}.json"


def load_ties(path: Path) -> dict[str, Tied]:
    """Return the ties of the page at `path`, by the key of the text."""
    if not ties_path(path).exists():
        return {}
    entries = json.loads(ties_path(path).read_text(encoding="utf-8"))
    return {
        entry["key"]: Tied([Source(*source) if source else None for source in entry["numbers"]], entry["kept"])
        for entry in entries
    }


def save_ties(page: Page, outputs: list[tuple[int, str]]) -> None:
    """Tie the numbers of `page` to their sources."""
    sources, entries = Sources(page, outputs, load_ties(page.path)), {}
    for text in page.texts:
        tied = sources.tie(text)
        if text.kind not in ("quote", "heading") and (tied.numbers or tied.kept):
            entries[key(text)] = {
                "text": f"{blank(text.words)[:60]}",
                "key": key(text),
                "numbers": tied.numbers,
                "kept": tied.kept,
            }
    ties_path(page.path).parent.mkdir(exist_ok=True)
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries.values()]
    ties_path(page.path).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def unsupported_numbers(
    page: Page, outputs: list[tuple[int, str]], ties: dict[str, Tied] | None = None
) -> list[Fault]:
    """Return the numbers of `page` that have no source; `outputs` are its checked outputs, each with its line."""
    sources, faults = Sources(page, outputs, ties or {}), []
    for text in page.texts:
        if text.kind in ("quote", "heading"):
            continue
        for place, number in enumerate(claims(text.words, text.kind)):
            if not sources.support(number, text, place):
                known = sources.tied(text, place)
                line = known and ("what is said above" if known.source.where == "above" else f"“{known.source.line}”")
                what = f"differs from its source, {line}" if known else "has no source in this section"
                faults.append(Fault(page.path, _find(page, number.text, text), f"{number} ({text.kind}) {what}"))
        tied = sources.ties.get(key(text))
        if tied and tied.kept != exempted(text.words, text.kind):
            faults.append(Fault(page.path, text.line, f"{tied.kept} was kept to the letter"))
    return faults


def changes(
    page: Page, outputs: list[tuple[int, str]], ties: dict[str, Tied] | None = None
) -> Iterator[tuple[Number, str, bool]]:
    """Yield every number of `page`, each way to change one digit of it, and whether the change would be noticed."""
    sources = Sources(page, outputs, ties or {})
    for text in page.texts:
        for place, number in enumerate([] if text.kind in ("quote", "heading") else claims(text.words, text.kind)):
            for i, old in enumerate(number.text):
                for new in "0123456789" if old.isdigit() else "":
                    wrong = number.text[:i] + new + number.text[i + 1 :]
                    if new != old:
                        yield number, wrong, not sources.support(number._replace(text=wrong), text, place)


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

    "Held" is the share of changes of one digit that the check would notice. With ``--tie`` first, tie them anew.
    """
    failed, tie = 0, "--tie" in names
    for path in [path for path in chapters.select([n for n in names if n != "--tie"]) if read(path).is_chapter]:
        page, outputs = read(path), notebooks.checked(path)
        if tie:
            save_ties(page, outputs)
        faults = unsupported_numbers(page, outputs, load_ties(path))
        print(*faults, sep="\n", end="\n" if faults else "")
        for kind, small in (("numbers", False), ("whole numbers below 100", True)):
            seen = [
                noticed for number, _, noticed in changes(page, outputs, load_ties(path)) if number.is_small == small
            ]
            share = f"{sum(seen)} of {len(seen)} changes of a digit noticed"
            print(f"{path.stem}: {share} in {kind}")
        failed |= bool(faults)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
