"""What is drawn is what was given."""

import matplotlib as mpl
import numpy as np

mpl.use("agg")

import netmod.plot as plot


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


def test_tangents_have_their_slope(ax):
    lines = plot.results.tangents(ax, 2.0, [5.0, 6.0], [1.0, -1.0], 3.0)
    np.testing.assert_array_equal(lines.get_segments(), [[[2, 5], [5, 8]], [[2, 6], [5, 3]]])
