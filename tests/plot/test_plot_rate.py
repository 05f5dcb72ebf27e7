"""The artists of chapter 2 hold the data they were given."""

import numpy as np
import pytest

import netmod.plot as plot

E = np.linspace(0, 30, 7)
R = E / 1000
ERR = np.full(7, 1e-3)


def test_curves_are_in_hertz_and_labelled(ax):
    line = plot.rate.rate_curve(ax, E, R)
    np.testing.assert_allclose(line.get_xydata(), np.c_[E, E])
    assert "Hz" in ax.get_ylabel()
    assert "mV" in ax.get_xlabel()
    assert line.get_color() == plot.COLORS["theory"]
    line = plot.rate.slope_curve(ax, E, 2 * R, color="excitatory", linestyle=":")
    np.testing.assert_allclose(line.get_ydata(), 2 * E)
    assert ax.get_ylabel() == "slope r′ (Hz per mV)"
    assert line.get_color() == plot.COLORS["excitatory"]


def test_counted_points_carry_two_standard_errors(ax):
    points, _, (bars,) = plot.rate.counted(ax, E, R, ERR)
    np.testing.assert_allclose(points.get_xydata(), np.c_[E, E])
    np.testing.assert_allclose([np.ptp(s[:, 1]) for s in bars.get_segments()], 4.0)
    points, _, (bars,) = plot.rate.counted(ax, E, R, ERR, scale=1.0)
    np.testing.assert_allclose(points.get_ydata(), R)
    np.testing.assert_allclose([np.ptp(s[:, 1]) for s in bars.get_segments()], 4e-3)


def test_ceiling(ax):
    line = plot.rate.ceiling(ax, 500.0, "1/τ_ref")
    assert set(line.get_ydata()) == {500.0}
    assert [t.get_text() for t in ax.texts] == ["1/τ_ref"]


def test_failures_mark_what_is_not_a_number(ax):
    values = R.copy()
    values[[2, 5]] = np.nan, np.inf
    line, crosses = plot.rate.failures(ax, E, values, R)
    np.testing.assert_allclose(crosses.get_xdata(), E[[2, 5]])
    np.testing.assert_allclose(line.get_ydata(), 1000 * values)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), E)


def test_interval_histogram_is_a_density(ax):
    T = np.array([1.0, 2.0, 2.0, 5.0])
    (outline,) = plot.rate.interval_histogram(ax, T, bins=np.array([0.0, 1.5, 4.0, 6.0]))
    assert {0.25 / 1.5, 0.5 / 2.5, 0.25 / 2} <= set(outline.get_xy()[:, 1])
    assert "ms" in ax.get_xlabel()
    (outline,) = plot.rate.interval_histogram(ax, T, bins=5, relative=True, color="inhibitory")
    assert outline.get_xy()[:, 0].max() == pytest.approx(5 / 2.5)
    assert "mean" in ax.get_xlabel()


def test_an_outlined_histogram_has_no_area(ax):
    (filled,) = plot.rate.interval_histogram(ax, E, bins=5)
    (outlined,) = plot.rate.interval_histogram(ax, E, bins=5, outline=True)
    assert filled.get_fill()
    assert not outlined.get_fill()


def test_regularity_curve(ax):
    line = plot.rate.regularity_curve(ax, E, R, color="r")
    np.testing.assert_allclose(line.get_xydata(), np.c_[E, R])
    assert ax.get_ylim() == (0, 1.08)
