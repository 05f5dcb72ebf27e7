"""How long a chapter takes: a model of reading, stated so that it can be argued with, and printed on the page.

Words 0.5 s each (120 a minute: new and technical), a visible line of code 8 s, a displayed equation 1 min, a theorem
or definition 2 min on top of its words, a figure 45 s, a printed output 20 s, a Think box 1 min, an exercise 12 min;
projects are counted, not timed. What is folded (dropdowns, hidden cells, solutions) costs nothing. A section whose
heading begins with ☆ is for a second reading, with all that is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SECONDS = {
    "word": 0.5,
    "code": 8,
    "equation": 60,
    "theorem": 120,
    "figure": 45,
    "output": 20,
    "think": 60,
    "exercise": 720,
}
FENCE = re.compile(r"^\s*(`{3,}|:{3,}|~{3,})\{([\w:-]+)\}\s*(.*)$")
WORD = re.compile(r"[A-Za-z][\w’'-]*")
FOLDED = {"dropdown", "solution", "toctree", "bibliography", "raw", "grid", "card", "explorable"}
STATEMENT = re.compile(r"prf:(theorem|lemma|definition|corollary|proposition)")


@dataclass
class Times:
    """Minutes of a chapter, and how many exercises and projects it has."""

    core: float = 0.0
    starred: float = 0.0
    exercises: int = 0
    projects: int = 0

    def __str__(self) -> str:
        """Say it in a sentence."""
        said = f"About {_round(self.core)} minutes to read and run"
        if self.starred >= 1:
            said += f", {_round(self.starred)} more with the sections marked ☆"
        said += f"; {_round(self.exercises * SECONDS['exercise'] / 60)} for {self.exercises} exercises"
        if self.projects:
            said += ", and " + ("a project" if self.projects == 1 else f"{self.projects} projects")
        return said + "."


def measure(text: str) -> Times:
    """Return the times of a chapter from its source."""
    times = Times()
    for kind, amount, starred in _pieces(text):
        if kind in ("exercise", "project"):
            setattr(times, f"{kind}s", getattr(times, f"{kind}s") + 1)
        elif starred:
            times.starred += amount * SECONDS[kind] / 60
        else:
            times.core += amount * SECONDS[kind] / 60
    return times


def _pieces(text: str) -> Iterator[tuple[str, float, bool]]:
    """Yield what is read, how much of it, and whether it is starred."""
    lines = text.split("\n")
    i = lines.index("---", 1) + 1 if lines[0] == "---" else 0
    star = 0  # the level of the starred heading that we are under
    inside = ""  # "exercise" or "solution", between its start and its end
    while i < len(lines):
        line = lines[i]
        if head := re.match(r"^(#{1,6})\s+(.*)$", line):
            star = 0 if len(head[1]) <= star else star
            star = star or (len(head[1]) if head[2].startswith("☆") else 0)
        if fence := FENCE.match(line):
            mark, name, title = fence.groups()
            end = next((k for k in range(i + 1, len(lines)) if lines[k].strip() == mark), len(lines))
            body = lines[i + 1 : end]
            if name in ("exercise-start", "exercise-end", "solution-start", "solution-end"):
                inside = name.removesuffix("-start") if name.endswith("-start") else ""
            if name in ("exercise-start", "exercise") and inside != "solution":
                yield ("project" if "project" in " ".join(lines[i : i + 8]).lower() else "exercise"), 1, bool(star)
            if name == "code-cell":
                if not inside:
                    yield from ((kind, amount, bool(star)) for kind, amount in _cell(body))
                i = end + 1
                continue
            if name == "math" and inside != "solution":
                yield "equation", 1, bool(star)
            if name in FOLDED or name == "math" or (inside == "solution" and name != "solution-start"):
                i = end + 1
                continue
            if STATEMENT.match(name):
                yield "theorem", 1, bool(star)
            if name == "admonition" and "think" in (title + " ".join(body[:3])).lower():
                yield "think", 1, bool(star)
        elif inside == "solution":
            pass
        elif line.strip().startswith("$$"):
            yield "equation", 1, bool(star)
            if line.strip() == "$$" or not line.strip().endswith("$$", 2):
                i = next((k for k in range(i + 1, len(lines)) if "$$" in lines[k]), len(lines))
        elif not inside and not line.startswith((":", "(", "%")):
            yield "word", len(WORD.findall(line)), bool(star)
        i += 1


def _cell(body: list[str]) -> Iterator[tuple[str, float]]:
    """Yield what is read of a code cell outside exercises and solutions."""
    if body and body[0].strip() == "---":
        stop = body.index("---", 1)
        meta, source = "\n".join(body[:stop]), body[stop + 1 :]
    else:
        meta = "\n".join(x for x in body if x.startswith(":"))
        source = [x for x in body if not x.startswith(":")]
    if not re.search(r"hide-input|hide-cell|remove-input|remove-cell", meta):
        yield "code", sum(bool(x.strip()) and "NBVAL" not in x for x in source)
    if "figure:" in meta:
        yield "figure", 1
        caption = re.search(r"caption:(.*)$", meta, re.S)
        yield "word", len((caption[1] if caption else "").split())
    elif any("NBVAL_CHECK_OUTPUT" in x for x in source):
        yield "output", 1


def _round(minutes: float) -> int:
    return max(1, round(minutes))


def print_times(app: Sphinx, doctree: nodes.document) -> None:
    """Put the times under a chapter's objectives."""
    for box in doctree.findall(nodes.admonition):
        if "objectives" in box["classes"]:
            source = Path(app.env.doc2path(app.env.docname)).read_text(encoding="utf-8")
            box += nodes.paragraph("", "", nodes.emphasis("", str(measure(source))), classes=["times"])
            return


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.connect("doctree-read", print_times)
    return {"version": "1", "parallel_read_safe": True}
