"""Renew the reference outputs: ``python -m tests.bless [01 ...]`` runs the chapters and shows what changed."""

from __future__ import annotations

import sys
import time

from book._ext import chapters
from tests import notebooks


def main(names: list[str]) -> int:
    """Bless the chapters called `names` (all of them by default); return 0, or 1 if a chapter raised."""
    failed = 0
    for chapter in chapters.select(names):
        notebook = chapters.read(chapter)
        start = time.perf_counter()
        try:
            chapters.execute(notebook, chapter.parent)
        except Exception as error:  # a cell's own error, or a kernel that died: report it, go on to the next chapter
            print(f"{chapter.stem}: not blessed, a cell failed\n{error}", file=sys.stderr)
            failed = 1
            continue
        diff = notebooks.save(chapter, notebook)
        print(diff or f"{chapter.stem}: unchanged", f"({time.perf_counter() - start:.1f} s)")
    if not names:
        stems = {chapter.stem for chapter in chapters.select()}
        for path in sorted(notebooks.OUTPUTS.glob("*.json")):
            if path.stem not in stems:
                path.unlink()
                print(f"{path.stem}: removed, there is no such chapter")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
