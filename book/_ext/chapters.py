"""Read chapters as notebooks and run them: one reader and one kernel for tests, figures and the build."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbformat import NotebookNode

from book._ext import myst

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
_CODE_CELL = re.compile(r"^(`{3,}|~{3,})\{code-cell\}", re.M)
CELL_TIMEOUT = 1200


def is_chapter(path: Path) -> bool:
    """Return whether the page at `path` has code cells, and so can be run."""
    return path.suffix == ".md" and bool(_CODE_CELL.search(path.read_text(encoding="utf-8")))


def select(names: Iterable[str] = (), book: Path = BOOK) -> list[Path]:
    """Return the pages with code that `names` ("01", "01-neuron", "index", a path) name, or all of them, in order."""
    every = sorted(filter(is_chapter, book.glob("*.md")))
    chosen = []
    for name in names:
        stem = Path(name).stem
        found = [p for p in every if p.stem == stem or p.name.startswith(f"{stem}-")]
        if not found:
            raise SystemExit(f"no chapter {name!r} in {book.name}/: there are {', '.join(p.stem for p in every)}")
        chosen += found
    return chosen or every


def read(path: Path) -> NotebookNode:
    """Return the chapter at `path` as a notebook without outputs; `cell.metadata.line` is where a cell starts."""
    text = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="md:myst")
    lines = [cell.line for cell in myst.read(path).cells]
    cells = code_cells(notebook)
    if len(cells) != len(lines):
        raise ValueError(
            f"{path.name}: {len(lines)} code-cell fences but {len(cells)} cells: is one unclosed, nested in another "
            f"directive, or without a blank line before it? Fences open at lines {lines}"
        )
    for cell, line in zip(cells, lines, strict=True):
        cell.metadata["line"] = line
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of `notebook`, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prepare_environment() -> None:
    """Make kernels started from here use this Python and one thread for linear algebra.

    One thread keeps the order of summation, and so the last digits of printed numbers, the same from run to run.
    """
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ.pop("MPLBACKEND", None)  # the kernel's own shows figures in the notebook
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell of `notebook` in a fresh kernel with `folder` as its working directory; return it with outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises (and is not tagged ``raises-exception``).
    """
    prepare_environment()
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]  # what a cell imports of this book
    return client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
