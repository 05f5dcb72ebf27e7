"""Chapters are tests: every code cell of `NN-name.md` runs under nbval (see tests/notebooks.py)."""

import pytest

from tests.notebooks import collect_file


def pytest_collect_file(file_path, parent):
    """Collect chapters."""
    return collect_file(file_path, parent)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the cells of one chapter on one worker, in order, however pytest-xdist was asked to share tests out."""
    from xdist.scheduler import LoadScopeScheduling

    return LoadScopeScheduling(config, log)
