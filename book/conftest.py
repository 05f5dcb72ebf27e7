"""Chapters are tests: every code cell of `NN-name.md` runs under nbval (see tests/notebooks.py)."""

from tests.notebooks import collect_file


def pytest_collect_file(file_path, parent):
    """Collect chapters."""
    return collect_file(file_path, parent)
