"""What all tests share: reference values, figures that never pile up, searches that repeat."""

import json
import sys
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("Agg")

# No deadline: a busy machine is no fault in the code. Derandomised: a failure is there again in the next run.
settings.register_profile("netmod", deadline=None, derandomize=True)
settings.load_profile("netmod")


@pytest.fixture(scope="session")
def golden() -> dict:
    """Reference values, computed independently of netmod; each entry states its tolerance."""
    return json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _close_figures():
    """Close the figures that a test has drawn."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
