"""The drawings of chapter 7 hold the data they were given."""

import matplotlib as mpl
import numpy as np

mpl.use("agg")

import netmod.plot as plot


def test_points_are_the_ones_given(ax):
    drawn = plot.in_degrees.points(ax, [1, 2], [3, 4], color="excitatory")
    np.testing.assert_array_equal(drawn.get_offsets(), [[1, 3], [2, 4]])
    assert mpl.colors.to_hex(drawn.get_facecolor()[0]) == plot.COLORS["excitatory"].lower()


def test_points_over_the_identity(ax):
    points = plot.in_degrees.against_identity(ax, [[1, 2]], [[2, 3]])
    np.testing.assert_array_equal(points.get_offsets(), [[1, 2], [2, 3]])
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 1], [3, 3]])


def test_scatter_shows_the_fit_and_the_correlation(ax):
    x = np.array([0.0, 1.0, 2.0])
    points = plot.in_degrees.scatter_with_fit(ax, x, 2 * x + 1)
    np.testing.assert_array_equal(points.get_offsets(), np.column_stack([x, 2 * x + 1]))
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[0, 1], [2, 5]])
    assert ax.texts[0].get_text() == "correlation 1.000"


def test_figure_4b_has_the_posters_panels_in_its_order():
    k, rate, E = np.random.default_rng(1).random((3, 6, 9))
    fig, axes = plot.figure(2, 2)
    drawn = plot.in_degrees.figure_4b(axes, k, rate, E)
    expected = [(np.std, rate), (np.std, E), (np.var, rate), (np.var, E)]
    for points, (spread, y) in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(points.get_offsets(), np.column_stack([spread(k, axis=1), spread(y, axis=1)]))
    assert [ax.get_ylabel() for ax in axes.flat] == [
        "std of rate (Hz)",
        "std of current (mV)",
        "variance of rate (Hz²)",
        "variance of current (mV²)",
    ]
    mpl.pyplot.close(fig)


def test_points_with_intervals_stand_over_one_curve(ax):
    curve = [0, 1, 2], [1.0, 0.5, 0.0]
    bare = plot.in_degrees.with_theory(ax, [0.5], [0.8], curve)
    drawn = plot.in_degrees.with_theory(
        ax, [0.5, 1.5], [0.7, 0.2], curve, low=[0.6, 0.0], high=[0.9, 0.3], marker="s"
    )
    np.testing.assert_allclose(bare.lines[0].get_xydata(), [[0.5, 0.8]])
    np.testing.assert_allclose([s[:, 1] for s in drawn.lines[2][0].get_segments()], [[0.6, 0.9], [0.0, 0.3]])
    theory = [line for line in ax.lines if line.get_gid() == "theory"]
    assert len(theory) == 1
    np.testing.assert_allclose(theory[0].get_xydata(), np.transpose(curve))
