"""A table cell by cell: its cubics, its grid, its monotone edge; and where the steepest point is looked for."""

import numpy as np
import pytest
from scipy import optimize

from netmod import LIF, RateTable, firing_rate, firing_rate_slope, max_slope
from netmod.rate import functions, table
from netmod.rate.siegert import evaluate
from tests.rate.curvature import curvature


@pytest.mark.parametrize("neuron", [LIF(), LIF(tau=np.array([10.0, 20.0]), sigma=3.0)], ids=["one", "two"])
@pytest.mark.parametrize("order", [0, 1])
def test_every_cell_is_hermites_cubic(neuron, order):
    """Values and slopes at both ends; a slope of the rate is at most three times the smaller step beside it."""
    low, high = -40.0, 60.0
    c = np.moveaxis(table._hermite(neuron, low, high, 1e-6, order), -1, 0)
    cells = c.shape[1] - 1
    nodes = np.linspace(low, high, cells + 1)
    E = nodes[:, None] if neuron.shape else nodes
    h = (high - low) / cells
    f, d = evaluate(E, neuron, order), h * evaluate(E, neuron, order + 1)
    step = np.diff(f, axis=0)
    if order == 0:
        edge = np.full_like(f[:1], np.inf)
        d = np.minimum(d, 3 * np.minimum(np.concatenate([step, edge]), np.concatenate([edge, step])))
    np.testing.assert_allclose(c[0], f, rtol=1e-12)
    np.testing.assert_allclose(c[1, :-1], d[:-1], rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(c[:, :-1].sum(axis=0), f[1:], rtol=1e-9, atol=1e-18)  # at the right end
    slope = c[1] + 2 * c[2] + 3 * c[3]
    np.testing.assert_allclose(slope[:-1], d[1:], rtol=1e-7, atol=1e-15)
    assert (c[1:, -1] == 0).all()
    middle = (c[0] + c[1] / 2 + c[2] / 4 + c[3] / 8)[:-1]
    assert np.abs(middle - evaluate(E[:-1] + h / 2, neuron, order)).max() <= 0.8e-6


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-9, 1e-12])
def test_a_grid_is_no_finer_than_it_need_be(tol):
    """The error goes with the fourth power of a cell: with an eighth fewer it would be missed."""
    cells = len(table._hermite(LIF(), -40.0, 60.0, tol, 0)) - 1
    first = int(np.ceil(4 * 100 / 12**0.5))
    assert cells >= first
    if cells > first:
        nodes = np.linspace(-40, 60, int(0.85 * cells) + 1)
        h = nodes[1] - nodes[0]
        f, d = firing_rate(nodes), h * firing_rate_slope(nodes)
        step = np.diff(f)
        middle = f[:-1] + d[:-1] / 2 + (3 * step - 2 * d[:-1] - d[1:]) / 4 + (d[:-1] + d[1:] - 2 * step) / 8
        assert np.abs(middle - firing_rate(nodes[:-1] + h / 2)).max() > 0.8 * tol
    assert table._hermite(LIF(), 0.0, 0.1, 1e-3, 0).shape == (9, 4)  # eight cells at least


def test_a_table_has_two_million_cells_at_most(monkeypatch):
    monkeypatch.setattr(table, "_MAX_CELLS", 120)
    assert len(table._hermite(LIF(), -40.0, 60.0, 1e-2, 0)) == 117  # the first grid is 116
    monkeypatch.setattr(table, "_MAX_CELLS", 116)
    assert len(table._hermite(LIF(), -40.0, 60.0, 1e-2, 0)) == 117
    monkeypatch.setattr(table, "_MAX_CELLS", 115)
    message = r"tol = 0\.01 between -40 and 60 mV needs a table of more than 115 cells with sigma = 3\.4641 mV"
    with pytest.raises(ValueError, match=message):
        table._hermite(LIF(), -40.0, 60.0, 1e-2, 0)
    two = LIF(tau=np.array([10.0, 20.0]))
    monkeypatch.setattr(table, "_MAX_CELLS", 231)  # 2 × 116 are needed
    with pytest.raises(ValueError, match="more than 231 cells"):
        table._hermite(two, -40.0, 60.0, 1e-2, 0)


@pytest.mark.parametrize("block", [7, 4096])
def test_look_ups_at_and_beyond_the_ends_of_cells(monkeypatch, block):
    monkeypatch.setattr(table, "_BLOCK", block)
    one = RateTable(LIF(), -40.0, 60.0, tol=1e-6)
    cells = len(one._rate) - 1
    nodes = np.linspace(-40, 60, cells + 1)
    np.testing.assert_allclose(one(nodes), firing_rate(nodes), rtol=1e-9, atol=1e-15)
    E = np.concatenate([nodes[:-1] + 0.3 * np.diff(nodes), [-40.0, 60.0, -41.0, 61.0, np.nan, np.inf]])
    u = (E - -40) * cells / 100
    cell = np.clip(np.floor(np.nan_to_num(u, posinf=0)), 0, cells).astype(int)
    u[np.isinf(u)] = np.nan
    x = u - np.floor(u)
    with np.errstate(invalid="ignore"):
        cubic = np.polynomial.polynomial.polyval(x, one._rate[cell].T, tensor=False)
    expected = np.where((E >= -40) & (E <= 60), cubic, firing_rate(E))
    np.testing.assert_allclose(one(E), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    "neuron",
    [LIF(), LIF(sigma=0.3), LIF(tau_ref=0.0, sigma=1.0), LIF(sigma=30.0, v_r=-51.0), LIF(tau=3.0, tau_ref=9.0)],
)
def test_the_steepest_point_is_a_zero_of_the_curvature(neuron):
    found = max_slope(neuron)
    width = neuron.sigma * 1e-3
    assert curvature(found.E - width, neuron) > 0 > curvature(found.E + width, neuron)
    root = optimize.brentq(lambda E: float(curvature(E, neuron)), found.E - width, found.E + width, xtol=1e-12)
    assert pytest.approx(root, abs=1e-10 * (1 + abs(root))) == found.E
    assert found.slope == pytest.approx(float(firing_rate_slope(found.E, neuron)), rel=1e-12)


def test_two_peaks_nearly_as_high_are_both_refined(monkeypatch):
    """A made-up slope with two bumps, the second the higher by a thousandth once both are refined."""

    def reduced(y, delta, rho, order):
        a, b = y - 0.0, y - 5.0043
        if order == 1:
            return np.exp(-(a**2)) + 1.001 * np.exp(-(b**2))
        return -2 * a * np.exp(-(a**2)) - 2.002 * b * np.exp(-(b**2))

    monkeypatch.setattr(functions, "reduced", reduced)
    E, slope = functions._steepest(LIF())
    scale = 20 * np.sqrt(np.pi)
    assert pytest.approx(10 + 12**0.5 * 5.0043, abs=1e-6) == E
    assert slope == pytest.approx(1.001 / (scale * 12**0.5), rel=1e-9)


def test_a_peak_below_nine_tenths_of_the_top_is_left_alone_and_a_limit_is_not_beaten_by_rounding(monkeypatch):
    asked = []

    def reduced(y, delta, rho, order, height=0.95):
        if order == 2:
            asked.append(float(y[0]))
        bump = np.exp(-((y - 1.0) ** 2)), np.exp(-((y - 6.0) ** 2))
        if order == 1:
            return bump[0] + height * bump[1]
        return -2 * (y - 1) * bump[0] - 2 * height * (y - 6) * bump[1]

    for height, looked in ((0.91, True), (0.89, False)):
        asked.clear()
        monkeypatch.setattr(functions, "reduced", lambda *a, h=height: reduced(*a, height=h))
        functions._steepest(LIF())
        assert any(abs(y - 6) < 0.1 for y in asked) == looked
        assert any(abs(y - 1) < 0.1 for y in asked)
    flat = np.sqrt(np.pi) / (10 / 12**0.5)  # the limit, in these units, without a refractory period
    for excess, finite in ((1e-13, False), (1e-9, True)):
        monkeypatch.setattr(
            functions,
            "reduced",
            lambda y, d, r, order, e=excess: flat * (1 + e * np.exp(-((y - 2) ** 2))) if order == 1 else -(y - 2.0),
        )
        assert np.isfinite(functions._steepest(LIF(tau_ref=0.0))[0]) == finite
