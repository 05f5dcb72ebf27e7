"""What is drawn is what was given."""

import numpy as np

import netmod.plot as plot


def test_fixed_points_are_one_line_a_neuron(ax):
    g, E = np.arange(4.0), np.arange(12.0).reshape(4, 3)
    lines = plot.fixed_points.fixed_points(ax, g, E)
    assert len(lines) == 3
    np.testing.assert_array_equal(lines[1].get_ydata(), E[:, 1])


def test_a_branch_is_solid_where_stable(ax):
    g, E = np.arange(5.0), np.arange(10.0).reshape(5, 2)
    solid, dashed = plot.fixed_points.stability_branch(ax, g, E, [True, True, False, False, True])
    assert [len(s) for s in solid.get_segments()] == [2, 2]
    assert [len(s) for s in dashed.get_segments()] == [4, 4]
    np.testing.assert_array_equal(dashed.get_segments()[1], np.column_stack([g[1:], E[1:, 1]]))
    solid, dashed = plot.fixed_points.stability_branch(ax, g, E[:, 0], np.ones(5, bool), color=["#ff0000"])
    assert len(solid.get_segments()) == 1
    assert not dashed.get_segments()
    np.testing.assert_array_equal(solid.get_colors()[0][:3], [1, 0, 0])


def test_event_line_is_at_its_strength(ax):
    assert plot.fixed_points.event_line(ax, 3.5, "fold").get_xdata()[0] == 3.5
    assert ax.texts[0].get_text().strip() == "fold"


def test_convergence_draws_errors_and_their_slope(ax):
    e = 2.0 * 0.5 ** np.arange(10)
    (points,) = plot.fixed_points.convergence(ax, [e], [0.5], ["half"], start=2)
    np.testing.assert_array_equal(points.get_ydata(), e)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), e)
    assert ax.get_yscale() == "log"


def test_spectrum_orbit_and_scores(ax):
    lam = np.array([1 + 2j, -0.5])
    points = plot.fixed_points.unit_circle_spectrum(ax, lam)
    np.testing.assert_array_equal(points.get_xydata(), [[1, 2], [-0.5, 0]])
    dots = plot.fixed_points.orbit_plane(ax, [1, 2], [3, 4], point=[0, 0])
    np.testing.assert_array_equal(dots.get_xydata(), [[1, 3], [2, 4]])
    bars = plot.fixed_points.scores(ax, ["a", "b"], [3, 5], 6)
    assert [b.get_width() for b in bars] == [3, 5]


def test_shades_darken_with_the_value():
    light = [sum(c[:3]) for c in plot.fixed_points.shades([1.0, 2.0, 4.0])]
    assert light[0] > light[1] > light[2]
    assert len(plot.fixed_points.shades([3.0, 3.0])) == 2
