"""Renew the locks in requirements/, or ask whether they can be installed elsewhere: ``python -m book._ext.locks``.

A lock pins every package by its hash, for every system, and holds no address. Versions stay as they are unless
``--upgrade`` is given.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = [sys.executable, "-m", "uv", "pip"]
FORM = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate", "-q"]
SOURCES = {
    "book": ["pyproject.toml", "--group", "book"],
    "test": ["pyproject.toml", "--group", "book", "--group", "test", "-c", "requirements/book.txt"],
    "lab": ["pyproject.toml", "--group", "lab", "-c", "requirements/test.txt"],
}
"""What each lock is made from, and after which other; the rest have a file of their own, requirements/NAME.in."""
TOGETHER = tuple(SOURCES)
"""The locks that are installed into one environment."""


def names(root: Path = ROOT) -> list[str]:
    """Return the names of all locks."""
    return [*SOURCES, *sorted(path.stem for path in (root / "requirements").glob("*.in"))]


def renew(name: str, *options: str, root: Path = ROOT) -> int:
    """Write the lock `name` and return uv's exit code."""
    made_from = SOURCES.get(name, [f"requirements/{name}.in"])
    return subprocess.run(
        [*UV, "compile", *made_from, *FORM, *options, "-o", f"requirements/{name}.txt"], cwd=root, check=False
    ).returncode


def try_elsewhere(name: str, platform: str, python: str, folder: Path, root: Path = ROOT) -> tuple[int, str]:
    """Return whether all of the lock `name` has wheels for `platform` and `python`, and what uv said."""
    command = [*UV, "install", "--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    where = ["--python-platform", platform, "--python-version", python, "--target", str(folder)]
    done = subprocess.run(
        [*command, *where, "-r", f"requirements/{name}.txt"], cwd=root, text=True, capture_output=True, check=False
    )
    return done.returncode, done.stderr


def main(*options: str) -> int:
    """Renew all locks."""
    return max(renew(name, *options) for name in names())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
