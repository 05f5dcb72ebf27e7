"""Verdicts at a glance: every claim has its mark, in its row, at its place."""

import numpy as np
import pytest

import netmod.plot as plot


def test_every_claim_has_one_mark_in_its_row_and_the_legend_counts_them():
    _, ax = plot.figure()
    rows = {"key": ["reproduced", "corrected", "reproduced"], "results": ["only when", "corrected"], "thanks": []}
    marks = plot.claims.verdict_marks(ax, rows)
    np.testing.assert_array_equal(marks["reproduced"].get_xydata(), [[1, 0], [3, 0]])
    np.testing.assert_array_equal(marks["corrected"].get_xydata(), [[2, 0], [2, 1]])
    np.testing.assert_array_equal(marks["only when"].get_xydata(), [[1, 1]])
    assert marks["unspecified"].get_xydata().shape == (0, 2)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(rows)
    counts = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {
        "reproduced (2)",
        "corrected (2)",
        "only when (1)",
        "unspecified (0)",
        "not reproducible (0)",
        "sets out (0)",
    } == counts
    top, bottom = ax.transData.transform([(1, 0), (1, 2)])
    assert top[1] > bottom[1], "the first part is on top"


def test_verdicts_differ_without_colour():
    _, ax = plot.figure()
    marks = plot.claims.verdict_marks(ax, {"all": ["reproduced"]}).values()
    assert len({(mark.get_marker(), mark.get_fillstyle()) for mark in marks}) == 6


def test_an_unknown_verdict_is_named():
    _, ax = plot.figure()
    with pytest.raises(ValueError, match=r"got wrong$"):
        plot.claims.verdict_marks(ax, {"key": ["reproduced", "wrong"]})
