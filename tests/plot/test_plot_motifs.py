"""The drawings of chapter 8 hold the data they were given."""

import matplotlib as mpl
import numpy as np

mpl.use("agg")

import netmod.plot as plot
from netmod import motif_counts


def test_the_three_motifs_are_what_their_titles_say():
    fig, axes = plot.figure(3)
    for ax, A in zip(axes, plot.motifs.three_motifs(axes), strict=True):
        assert A.sum() == 2
        assert getattr(motif_counts(A), ax.get_title()) == 1
        assert len(ax.patches) == 2
    mpl.pyplot.close(fig)


def test_coefficients_have_their_intervals(ax):
    drawn = plot.motifs.coefficients(ax, ["a", "b"], [1.0, -2.0], [0.5, -2.5], [2.0, -1.0], shift=0.25)
    np.testing.assert_allclose(drawn.lines[0].get_xydata(), [[0.25, 1], [1.25, -2]])
    np.testing.assert_allclose([s[:, 1] for s in drawn.lines[2][0].get_segments()], [[0.5, 2.0], [-2.5, -1.0]])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"]
    lines = len(ax.lines)
    bare = plot.motifs.coefficients(ax, ["a", "b"], [0.0, 1.0])
    np.testing.assert_allclose(bare.lines[0].get_xydata(), [[0, 0], [1, 1]])
    assert len(ax.lines) == lines + 1  # one line at 0 for all sets
    plot.motifs.coefficients(ax, ["a", "b", "c"], [0.0, 1.0, 3.0], joined=2)
    np.testing.assert_allclose(ax.lines[-1].get_xydata(), [[0, 0], [1, 1]])


def test_orders_start_at_one_and_the_highest_is_ringed(ax):
    line = plot.motifs.by_order(ax, [0.5, 0.9, 0.7], color="highlight")
    np.testing.assert_allclose(line.get_xydata(), [[1, 0.5], [2, 0.9], [3, 0.7]])
    np.testing.assert_allclose(ax.lines[-1].get_xydata(), [[2, 0.9]])
