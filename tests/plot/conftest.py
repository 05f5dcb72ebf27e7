"""What all tests of drawings share."""

import pytest

import netmod.plot as plot


@pytest.fixture
def ax():
    """Axes of the house, drawn in the end: what was put on them can be drawn."""
    fig, axes = plot.figure()
    yield axes
    fig.canvas.draw()
