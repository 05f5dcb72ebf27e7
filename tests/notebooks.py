"""Chapters as tests: reference outputs of the marked cells, and nbval's collector fed straight from the `.md` files.

A cell whose first line is ``# NBVAL_CHECK_OUTPUT`` has its text output compared with the reference in
``tests/outputs/<chapter>.json``. A reference belongs to a cell by a hash of the cell's source, so moving a cell costs
nothing, and a cell that was edited has no reference until it is blessed again (``make bless CHAPTER=01``).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbval.plugin import IPyNbCell, IPyNbFile, coalesce_streams, find_comment_markers, find_metadata_tags

from book._ext import chapters

ROOT = Path(__file__).resolve().parents[1]
OUTPUTS = ROOT / "tests" / "outputs"
MARKER = "# NBVAL_CHECK_OUTPUT"

HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
"""How every chapter begins: what makes a Markdown file a notebook."""


def is_marked(cell: NotebookNode) -> bool:
    """Return whether the output of `cell` is compared: its first line is the marker."""
    return cell.source.lstrip().startswith(MARKER)


def key(source: str) -> str:
    """Return the name of a cell's reference: a hash of its source without trailing blanks."""
    text = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def keys(cells: list[NotebookNode]) -> Iterator[str]:
    """Yield the key of each cell; the second cell with the same source gets ``-2``, the third ``-3``."""
    seen: Counter[str] = Counter()
    for cell in cells:
        name = key(cell.source)
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def text_of(outputs: list[NotebookNode]) -> str:
    """Return what a cell printed and displayed as text: no pictures, nothing written to stderr."""
    parts = []
    for out in coalesce_streams([NotebookNode(o) for o in outputs]):
        if out.output_type == "stream" and out.name == "stdout":
            parts.append(out.text)
        elif out.output_type in ("execute_result", "display_data"):
            data = out["data"]
            if "text/plain" in data and not any(mime.startswith("image/") for mime in data):
                parts.append(data["text/plain"])
    return "\n".join(part.rstrip("\n") for part in parts).strip("\n")


def number(chapter: Path) -> str:
    """Return what `make` calls the chapter: "01" for 01-neuron.md, "index" for index.md."""
    return re.sub(r"^(\d\d)-.*", r"\1", chapter.stem)


def outputs_path(chapter: Path, outputs: Path = OUTPUTS) -> Path:
    """Return where the references of `chapter` are kept."""
    return outputs / f"{chapter.stem}.json"


def load(chapter: Path, outputs: Path = OUTPUTS) -> dict[str, str]:
    """Return the committed references of `chapter`, by key."""
    path = outputs_path(chapter, outputs)
    if not path.exists():
        return {}
    return {entry["cell"]: "\n".join(entry["output"]) for entry in json.loads(path.read_text(encoding="utf-8"))}


def checked(chapter: Path) -> list[tuple[int, str]]:
    """Return the line of each marked cell of `chapter` and its reference; a stale reference is none."""
    marked = [cell for cell in chapters.code_cells(chapters.read(chapter)) if is_marked(cell)]
    known = load(chapter)
    return [(c.metadata.line, known[key]) for c, key in zip(marked, keys(marked), strict=True) if key in known]


def save(chapter: Path, notebook: NotebookNode, outputs: Path = OUTPUTS) -> str:
    """Write the references of the executed `notebook`; return a diff against the ones before ("" if none changed)."""
    marked = [cell for cell in chapters.code_cells(notebook) if is_marked(cell)]
    entries = []
    for name, cell in zip(keys(marked), marked, strict=True):
        text = text_of(cell.outputs)
        if not text:
            raise SystemExit(f"{chapter.name}:{cell.metadata.line}: a cell marked {MARKER} prints nothing to check")
        first = next((s for s in cell.source.splitlines() if s.strip() and not s.startswith("#")), "")
        entries.append({"cell": name, "starts": first, "output": text.split("\n")})
    new = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
    path = outputs_path(chapter, outputs)
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if new != old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8")
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "now", lineterm="", n=2)
    return "\n".join(f"{chapter.stem}  {line}" for line in lines)


class Chapter(IPyNbFile):
    """nbval's collector, reading a MyST chapter and its references instead of an ``.ipynb``."""

    def collect(self):
        """Yield one item a code cell; marked cells carry their reference as the notebook's own output."""
        self.nb = chapters.read(self.path)
        cells = chapters.code_cells(self.nb)
        marked = [cell for cell in cells if is_marked(cell)]
        references = load(self.path)
        names = dict(zip(map(id, marked), keys(marked), strict=True))
        for count, cell in enumerate(cells):
            options = defaultdict(bool, find_metadata_tags(cell.metadata))
            options.update(find_comment_markers(cell.source))
            options["check"] = is_marked(cell)
            item = ChapterCell.from_parent(self, name=f"Cell {count}", cell_num=count, cell=cell, options=options)
            item.output_timeout = 60  # a busy machine may be slow to say what a cell gave
            if is_marked(cell):
                item.reference = references.get(names[id(cell)])
                cell.execution_count = count + 1
                cell.outputs = [new_output("stream", name="stdout", text=item.reference or "")]
            yield item

    def setup(self):
        """Start the kernel: this Python, in the chapter's folder."""
        chapters.prepare_environment()
        self.config.option.nbval_cell_timeout = chapters.CELL_TIMEOUT
        super().setup()


class ChapterCell(IPyNbCell):
    """A cell of a chapter: fails if it raises, warns, or (when marked) prints anything but its reference."""

    reference: str | None = None

    def runtest(self):
        """Run the cell, then demand a reference and quiet."""
        where = f"{self.path.name}:{self.cell.metadata.line}"
        missing = self.options["check"] and self.reference is None
        if missing:
            self.options["check"] = False
        super().runtest()
        if missing:
            self.raise_cell_error(
                f"{where}: no reference output for this cell (it is new, or its source changed). "
                f"See whether what it prints now is right, then run: make bless CHAPTER={number(self.path)}",
                text_of(self.test_outputs),
            )
        noise = "".join(o.text for o in self.test_outputs if o.output_type == "stream" and o.name == "stderr")
        if re.search(r"\w*Warning\b", noise) and "remove-stderr" not in self.cell.metadata.get("tags", ()):
            self.raise_cell_error(f"{where}: the cell warns", noise)
        shows = any(mime.startswith("image/") for o in self.test_outputs for mime in o.get("data", ()))
        if shows and not self.cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
            self.raise_cell_error(f"{where}: the cell shows a figure without a name (mystnb: figure: name: fig-…)")

    def compare_outputs(self, test, ref, skip_compare=None):
        """Compare the text the cell gave with its reference, as one block."""
        got = [new_output("stream", name="stdout", text=text_of(test))]
        return super().compare_outputs(got, ref, skip_compare)

    def reportinfo(self):
        """Say where in the chapter the cell is."""
        return self.path, self.cell.metadata.line - 1, f"{self.path.name}: cell {self.cell_num}"


def collect_file(file_path: Path, parent: pytest.Collector) -> Chapter | None:
    """Return a collector if `file_path` is a chapter, or another page with code cells."""
    return Chapter.from_parent(parent, path=file_path) if chapters.is_chapter(file_path) else None
