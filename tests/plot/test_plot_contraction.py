"""Drawings of chapter 4: the artists hold the data they were given."""

import numpy as np

import netmod.plot as plot


def test_cobweb_is_the_map_the_diagonal_and_the_staircase(ax):
    E = np.linspace(0, 4, 9)
    diagonal, curve, stairs = plot.contraction.cobweb(ax, E, E / 2, [[4.0, 2.0, 1.0]])
    np.testing.assert_array_equal(diagonal.get_xydata(), np.c_[E, E])
    np.testing.assert_array_equal(curve.get_xydata(), np.c_[E, E / 2])
    # from the diagonal to the curve, then across to the diagonal
    np.testing.assert_array_equal(stairs.get_xydata(), [(4, 4), (4, 2), (2, 2), (2, 1), (1, 1)])
    assert ax.get_xlim() == ax.get_ylim() == (0, 4)


def test_cobweb_rings_every_crossing_and_can_be_logarithmic(ax):
    E = np.geomspace(0.5, 50, 500)
    plot.contraction.cobweb(ax, E, 10 * np.sqrt(E / 10), [], log=True)  # crosses at 10 alone
    (ring,) = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    np.testing.assert_allclose(ring.get_xydata(), [[10, 10]], rtol=0.01)
    assert ax.get_xscale() == ax.get_yscale() == "log"
    ax.figure.canvas.draw()
    assert {"1", "10", "20"} <= {label.get_text() for label in ax.get_xticklabels()}


def test_orbits_and_fixed_point(ax):
    path = np.array([[0.0, 0.0], [1.0, 2.0], [1.5, 2.5]])
    lines = plot.contraction.orbits_in_plane(ax, [path, path + 1], [2.0, 3.0])
    np.testing.assert_array_equal(lines[0].get_xydata(), path)
    np.testing.assert_array_equal(lines[1].get_xydata(), path + 1)
    np.testing.assert_array_equal(ax.lines[-1].get_xydata(), [[2.0, 3.0]])
    assert len(plot.contraction.orbits_in_plane(ax, [])) == 0


def test_images_are_filled_in_order(ax):
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    patches = plot.contraction.shrinking_images(ax, [square, square / 2])
    np.testing.assert_array_equal(patches[1].get_xy()[:-1], square / 2)
    assert patches[0].get_alpha() < patches[1].get_alpha()


def test_error_bounds_on_a_logarithmic_scale(ax):
    lines = plot.contraction.error_bounds(ax, [1, 2], [0.1, 0.01], [1.0, 0.5], [0.2, 0.02])
    assert [line.get_ydata().tolist() for line in lines] == [[0.1, 0.01], [0.2, 0.02], [1.0, 0.5]]
    assert ax.get_yscale() == "log"


def test_certified_strengths_rows(ax):
    dots = plot.contraction.certified_strengths(ax, {"a": [1.0, 2.0], "b": [3.0]}, lost=[50.0, np.inf])
    assert [d.get_offsets().data.tolist() for d in dots] == [[[1, 0], [2, 0]], [[3, 1]], [[50, 2]]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "iteration lost"]


def test_a_median_counts_those_that_were_never_lost(ax):
    plot.contraction.certified_strengths(ax, {}, lost=[10.0, 20.0, np.inf])
    assert ax.lines[0].get_xydata().tolist() == [[20.0, 0.0]]


def test_never_is_said(ax):
    plot.contraction.certified_strengths(ax, {"a": [1.0]}, lost=[np.inf, np.inf])
    assert [text.get_text() for text in ax.texts] == ["never"]


def test_bistable_region(ax):
    region = plot.contraction.bistable_region(ax, [3.0, 2.0, 3.0], [0.0, 1.0, 0.5], certified=2.0, cusp=(2.0, 1.0))
    np.testing.assert_array_equal(region.get_xy()[:3], [(3, 0), (2, 1), (3, 0.5)])
