"""Build the book with warnings as errors: ``python -m book._ext.build [singlehtml]``; ``make book`` calls it."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUPYTER_BOOK = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
OPTIONS = ["-W", "-n", "--keep-going"]
# Configuration dumps, empty progress and closing notes: they hide what a reader of the log looks for.
NOISE = re.compile(
    r"ParserConfig\(|^=+$|writing output\.\.\. *$|^\[etoc\]|building \[mo\]"
    r"|^Your book's|^You can look|^Or paste|^ +file:|^ +_build|^Finished"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait for another build of the same book to end: two at once would spoil each other's files."""
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        with contextlib.suppress(ImportError):  # no such lock on Windows
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(root: Path = ROOT, builder: str = "html") -> tuple[int, str]:
    """Build the book in `root`, showing progress; return the exit code and what the build said."""
    with alone(root / "_build" / ".lock"):
        process = subprocess.Popen(
            [*JUPYTER_BOOK, "build", ".", *OPTIONS, "--builder", builder],
            cwd=root,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            text = COLOUR.sub("", line).rstrip()
            if text and not NOISE.search(text):
                said.append(text)
                print(line.rstrip() if sys.stdout.isatty() else text, flush=True)
        status = process.wait()
        if status:  # Sphinx would not repeat the warnings of pages that it has read
            shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
    return status, "\n".join(said)


def main(builder: str = "html") -> int:
    """Build, and end with the page to open or with where to look for what went wrong."""
    status, said = build(ROOT, builder)
    if status:
        warnings = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
        print("\nThe build failed. Warnings are errors; these were given:\n" + "\n".join(warnings), file=sys.stderr)
    elif builder == "html":
        print(f"Open this page: {ROOT / '_build' / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
