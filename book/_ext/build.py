"""Build the book with warnings as errors: ``python -m book._ext.build [singlehtml]``; ``make book`` calls it."""

from __future__ import annotations

import contextlib
import os
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


# What the build says when something outside the book is wrong, and what to do about it, in one sentence.
REMEDIES = {
    "No space left on device|Disk quota exceeded|disk is full": "The disk is full: free some space, and run the "
    "command again.",
    "Read-only file system|Permission denied|Operation not permitted": "The book's folder cannot be written to: copy "
    "it to a folder of your own, and run the command there.",
}


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
    said: list[str] = []
    try:
        with alone(root / "_build" / ".lock"):
            status = run(root, builder, said)
            if status:  # Sphinx would not repeat the warnings of pages that it has read
                shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
    except OSError as error:
        said.append(f"{type(error).__name__}: {error}")
        status = 1
    return status, "\n".join(said)


def run(root: Path, builder: str, said: list[str]) -> int:
    """Run Jupyter Book, add to `said` what it says as it says it, and return its exit code."""
    process = subprocess.Popen(
        [*JUPYTER_BOOK, "build", ".", *OPTIONS, "--builder", builder],
        cwd=root,
        env={**os.environ, "PYTHONUTF8": "1"},
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            text = COLOUR.sub("", line).rstrip()
            if text and not NOISE.search(text):
                said.append(text)
                print(line.rstrip() if sys.stdout.isatty() else text, flush=True)
        return process.wait()
    finally:
        process.kill()


def reasons(said: str) -> str:
    """Return why a build failed, for the end of its log: its warnings, or a sentence on what to do, or its error."""
    for pattern, remedy in REMEDIES.items():
        if re.search(pattern, said):
            return remedy
    lines = said.splitlines()
    warnings = [line for line in lines if "WARNING" in line or "ERROR" in line]
    if warnings:
        return "The build failed. Warnings are errors; these were given:\n" + "\n".join(warnings)
    errors = [line for line in lines if re.match(r"\s*[\w.]*(Error|Exception|Interrupt)\b", line)]
    last = "\n".join(errors[:1] or lines[-1:])
    return (
        f"The build broke off, and not for anything in the book. If it does so again, run make clean first.\n{last}"
    )


def main(builder: str = "html") -> int:
    """Build, and end with the page to open or with where to look for what went wrong."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may know no accents
    try:
        status, said = build(ROOT, builder)
    except KeyboardInterrupt:
        print("\nInterrupted. Run the command again: what has been run is kept.", file=sys.stderr)
        return 130
    if status:
        print("\n" + reasons(said), file=sys.stderr)
    elif builder == "html":
        print(f"Open this page: {ROOT / '_build' / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
