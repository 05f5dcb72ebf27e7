"""What is drawn is what was given."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import netmod.plot as plot


@pytest.fixture
def ax():
    fig, ax = plot.figure()
    yield ax
    mpl.pyplot.close(fig)


def test_curves_hold_every_row(ax):
    Y = np.arange(12.0).reshape(3, 4)
    lines = plot.results.curves(ax, [1, 2, 3, 4], Y, color="excitatory")
    np.testing.assert_array_equal([s[:, 1] for s in lines.get_segments()], Y)
    np.testing.assert_array_equal(lines.get_segments()[0][:, 0], [1, 2, 3, 4])
    assert ax.get_ylim()[1] > 11


def test_steps_start_at_zero(ax):
    line = plot.results.steps(ax, [1, 2], [3, 4])
    np.testing.assert_array_equal(line.get_xydata(), [[1, 3], [2, 4]])
    assert ax.get_ylim()[0] == 0


def test_points_over_the_identity(ax):
    points = plot.in_degrees.against_identity(ax, [[1, 2]], [[2, 3]])
    np.testing.assert_array_equal(points.get_offsets(), [[1, 2], [2, 3]])
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 1], [3, 3]])


def test_tangents_have_their_slope(ax):
    lines = plot.results.tangents(ax, 2.0, [5.0, 6.0], [1.0, -1.0], 3.0)
    np.testing.assert_array_equal(lines.get_segments(), [[[2, 5], [5, 8]], [[2, 6], [5, 3]]])


def test_scatter_shows_the_fit_and_the_correlation(ax):
    x = np.array([0.0, 1.0, 2.0])
    points = plot.in_degrees.scatter_with_fit(ax, x, 2 * x + 1)
    np.testing.assert_array_equal(points.get_offsets(), np.column_stack([x, 2 * x + 1]))
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[0, 1], [2, 5]])
    assert ax.texts[0].get_text() == "correlation 1.00"


def test_coefficients_have_their_intervals(ax):
    drawn = plot.motifs.coefficients(ax, ["a", "b"], [1.0, -2.0], [0.5, -2.5], [2.0, -1.0], shift=0.25, label="one")
    np.testing.assert_allclose(drawn.lines[0].get_xydata(), [[0.25, 1], [1.25, -2]])
    np.testing.assert_allclose([s[:, 1] for s in drawn.lines[2][0].get_segments()], [[0.5, 2.0], [-2.5, -1.0]])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"]
    assert ax.texts[0].get_text() == "one"
    lines = len(ax.lines)
    bare = plot.motifs.coefficients(ax, ["a", "b"], [0.0, 1.0])
    np.testing.assert_allclose(bare.lines[0].get_xydata(), [[0, 0], [1, 1]])
    assert len(ax.lines) == lines + 1  # one line at 0 for all sets
