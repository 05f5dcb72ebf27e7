"""The bounds on the rate, term by term, against the inequalities they are made of, written out a second time."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest

from netmod import LIF, firing_rate, firing_rate_slope, max_slope
from netmod.rate import bounds
from tests.rate.curvature import curvature, most_curved
from tests.rate.test_rate import reference

EPS = 2.0**-52
NEURONS = [
    LIF(),
    LIF(tau=7.0, E_L=-63.0, sigma=2.0, v_th=-51.0, v_r=-58.5, tau_ref=1.5),
    LIF(E_L=1e5, sigma=0.5, v_th=1e5 + 6, v_r=1e5 + 1, tau_ref=0.0),
]


def drive(neuron, y):
    """The input that is y standard deviations above threshold, mV."""
    return neuron.v_th - neuron.E_L + neuron.sigma * np.asarray(y, dtype=float)


def kappa(neuron, E):
    """The bound 2 max(b, 0) + 1.2 on the slope of log g at b, b being the threshold in units of the noise."""
    b = (neuron.v_th - neuron.E_L - E) / neuron.sigma
    return 2 * np.where(b > 0, b, 0.0) + 1.2


@pytest.mark.parametrize("neuron", NEURONS)
def test_enclosures_claim_what_their_inequality_says(neuron):
    E = drive(neuron, [-20, -6, -1, -0.1, 0, 0.1, 2, 30])
    r, dr, s, ds = bounds.enclosures(E, neuron)
    np.testing.assert_array_equal(r, firing_rate(E, neuron))
    np.testing.assert_array_equal(s, firing_rate_slope(E, neuron))
    shift = 16 * EPS * (abs(E) + abs(neuron.E_L) + abs(neuron.v_th) + abs(neuron.v_r))
    size = s + 2 * r / (neuron.v_th - neuron.v_r)
    np.testing.assert_allclose(dr, 1e-10 * r + shift * size + 1e-290, rtol=1e-12)
    np.testing.assert_allclose(ds, size * (1e-10 + 5 * kappa(neuron, E) / neuron.sigma * shift) + 1e-290, rtol=1e-12)


@pytest.mark.parametrize("E_L", [0.0, 1e9])
def test_enclosures_hold_where_the_sums_of_large_numbers_are_rounded(E_L):
    """At potentials of 10⁹ mV a rounded sum is 10⁻⁷ mV off, far more than 10⁻¹⁰ of the rate: the claim covers it."""
    neuron = LIF(E_L=E_L, sigma=0.1, v_th=E_L + 10 + 1 / 3, v_r=E_L + 1 / 7)
    E = drive(neuron, np.linspace(-12, 6, 25)) + 0.1 / 3
    r, dr, s, ds = bounds.enclosures(E, neuron)
    for i, x in enumerate(E):
        exact = [float(value) for value in reference(x, neuron)[:2]]
        assert abs(r[i] - exact[0]) <= dr[i]
        assert abs(s[i] - exact[1]) <= ds[i]
    assert (dr < 1e-2 * r).all()
    if E_L:
        assert (dr > 1e-8 * r).any()


@pytest.mark.parametrize("neuron", NEURONS[:2])
def test_bounds_over_an_interval_are_those_of_their_monotone_factors(neuron):
    low, high = drive(neuron, [-14, -3, -0.5, 1, 4]), drive(neuron, [-9, -1, 0.5, 2, 60])
    edges = [low + (high - low) * k / 32 for k in range(33)]
    pieces = []
    for left, right in itertools.pairwise(edges):
        grown = firing_rate(right, neuron)
        factors = firing_rate_slope(left, neuron) * (grown / firing_rate(left, neuron)) ** 2
        pieces.append(np.minimum(factors, grown * kappa(neuron, left) / neuron.sigma))
    expected = np.minimum(np.max(pieces, axis=0), bounds.maxima(neuron)[0])
    np.testing.assert_allclose(bounds.slope_over(low, high, neuron), expected, rtol=1e-8)
    assert expected[0] < 0.9 * bounds.maxima(neuron)[0]
    # rounded outwards: at a single point it is the value there, and never below it
    np.testing.assert_array_less(firing_rate_slope(low, neuron), bounds.slope_over(low, low, neuron))
    one = bounds.slope_over(low[:4], low[:4], neuron)
    np.testing.assert_allclose(one, firing_rate_slope(low[:4], neuron), rtol=1e-8)


@pytest.mark.parametrize("neuron", NEURONS[:2])
def test_bounds_over_a_short_interval_from_both_sides(neuron):
    steepest, bend = bounds.maxima(neuron)
    low = drive(neuron, np.linspace(-14, 30, 45))
    for width in (1e-6, 0.1, 1.0, 5.0, 300.0):
        high = low + width
        r, s = firing_rate([low, high], neuron), firing_rate_slope([low, high], neuron)
        grown = (r[1] / r[0]) ** 2
        mean, change = (s[0] + s[1]) / 2, bend * width / 2
        most = np.min([s[0] * grown, r[1] * kappa(neuron, low) / neuron.sigma, mean + change], axis=0)
        found = bounds.slopes_over(low, high, neuron)
        np.testing.assert_allclose(found[1], np.minimum(most, steepest), rtol=1e-8, atol=1e-14)
        np.testing.assert_allclose(found[0], np.maximum(s[1] / grown, mean - change), rtol=1e-6, atol=1e-14)
        inside = firing_rate_slope(low + width * np.linspace(0, 1, 50)[:, None], neuron)
        assert (found[0] <= inside.min(axis=0)).all()
        assert (found[1] >= inside.max(axis=0)).all()


def test_far_below_threshold_where_no_rate_is_left_bounds_are_still_bounds():
    """There r is smaller than its error: nothing can be divided by it."""
    low, high = drive(LIF(), [-60, -60]), drive(LIF(), [-50, 3])
    for found in (bounds.slope_over(low, high, LIF()), bounds.slopes_over(low, high, LIF())[1]):
        assert (
            found >= firing_rate_slope(low + (high - low) * np.linspace(0, 1, 99)[:, None], LIF()).max(axis=0)
        ).all()
        assert found[0] < 1e-280
    np.testing.assert_allclose(bounds.slopes_over(low, high, LIF())[0], 0, atol=4.1 * EPS * max_slope().slope)


def test_safety_factors_round_outwards(monkeypatch):
    """With exact values, the bounds at a point are the value there and some roundings on the safe side."""
    monkeypatch.setattr(
        bounds,
        "enclosures",
        lambda E, neuron: (
            firing_rate(E, neuron),
            np.zeros(np.shape(E)),
            firing_rate_slope(E, neuron),
            np.zeros(np.shape(E)),
        ),
    )
    E = drive(LIF(), np.linspace(-3, 8, 200))
    least, most = bounds.slopes_over(E, E, LIF())
    s = firing_rate_slope(E)
    assert (most >= s * (1 + EPS)).all()
    assert (most <= s * (1 + 10 * EPS)).all()
    assert (least <= s).all()
    assert (least >= s * (1 - 10 * EPS)).all()


@pytest.mark.parametrize("neuron", [*NEURONS[:2], LIF(sigma=1.0), LIF(sigma=2.0, tau_ref=0.0), LIF(tau_ref=30.0)])
def test_maxima_are_as_close_as_they_say(neuron):
    slope, bend = bounds.maxima(neuron)
    assert 1.9e-9 < slope / max_slope(neuron).slope - 1 < 3.1e-9
    assert 0.9e-3 < bend / most_curved(neuron)[1] - 1 < 2.1e-3


def test_what_bounds_are_claimed_for():
    """Between a hundredth and a thousand standard deviations from reset to threshold, both included, with noise."""
    for sigma, claimed in ((0.01, True), (0.00999, False), (1000.0, True), (1001.0, False), (0.0, False)):
        assert bounds.supported(LIF(E_L=0.0, v_th=10.0, v_r=0.0, sigma=sigma)) is claimed
        finite = np.isfinite(bounds.maxima(LIF(E_L=0.0, v_th=10.0, v_r=0.0, sigma=sigma))).all()
        assert finite == claimed
    assert not bounds.supported(LIF(sigma=np.array([1.0, 0.0])))
    assert not bounds.supported(LIF(sigma=np.array([1.0, 1e4])))


@pytest.mark.parametrize("y", [4.0, 16.0, 64.0, 4096.0])
@pytest.mark.parametrize("neuron", [LIF(), LIF(tau_ref=0.0), LIF(tau=7.0, sigma=9.0, tau_ref=8.0)])
def test_tails_are_what_their_inequalities_say(neuron, y):
    gap = neuron.v_th - neuron.v_r
    E = drive(neuron, y)
    r, s = firing_rate(E, neuron), firing_rate_slope(E, neuron)
    y_a = y + gap / neuron.sigma
    free = (y_a + 1 / (2 * y_a)) / (y * neuron.tau * gap)
    slope = min(free, s / (r * neuron.tau_ref) ** 2) if neuron.tau_ref else free
    assert bounds._slope_tail(y, neuron) / slope - 1 == pytest.approx(1e-9, rel=1e-4)
    bend = max(2 * slope**2 / r, 2 * slope / (y * neuron.sigma))
    assert bounds._curvature_tail(y, neuron) / bend - 1 == pytest.approx(
        3e-9 if bend * r > 1.5 * slope**2 and bend == 2 * slope**2 / r else 2e-9, rel=1e-4
    )


@pytest.mark.parametrize("neuron", [LIF(), LIF(sigma=0.5), LIF(sigma=90.0, v_r=-50.5)])
def test_the_left_tail_is_what_its_inequality_says(neuron):
    reach = min((neuron.v_th - neuron.v_r) / neuron.sigma, 1 / 8)
    r = math.exp(-62) / (neuron.tau * math.sqrt(math.pi) * reach)
    slope = r * 17.2 / neuron.sigma
    assert bounds._left_tail(neuron) == pytest.approx(1.01 * slope * max(1, 35 / neuron.sigma), rel=1e-12, abs=0)
    E = drive(neuron, -np.linspace(8, 24, 500))
    assert firing_rate_slope(E, neuron).max() <= slope
    assert np.abs(curvature(E, neuron)).max() <= slope * 35 / neuron.sigma


@pytest.mark.parametrize("y", [-30.0, -6.0, -1.0, 0.0, 1e-3, 1.0, 6.0, 30.0, 300.0])
@pytest.mark.parametrize("neuron", [LIF(), LIF(sigma=9.0, v_r=-72.0), LIF(sigma=1.0, E_L=-64.0)])
def test_steepening_is_the_ratio_of_the_derivatives_of_q(neuron, y):
    E = float(drive(neuron, y))
    with mp.workdps(60):
        a, b = (
            (mp.mpf(v) - mp.mpf(neuron.E_L) - mp.mpf(E)) / mp.mpf(neuron.sigma) for v in (neuron.v_r, neuron.v_th)
        )
        g_a, g_b = (mp.exp(u * u) * mp.erfc(-u) for u in (a, b))
        exact = 2 * (b * g_b - a * g_a) / (g_b - g_a)
    assert bounds._steepening(np.array([E]), neuron)[0] == pytest.approx(float(exact), rel=1e-11 * (10 + y * y))


@pytest.mark.parametrize("order", [0, 1])
def test_bounds_over_the_intervals_of_the_cover_hold(order):
    """At left ends the function itself, and nothing in an interval is above its bound."""
    neuron = LIF(sigma=5.0)
    edges = drive(neuron, np.linspace(-7, 40, 300))
    value, bound = (bounds._slope_bound, bounds._curvature_bound)[order](edges[:-1], edges[1:], neuron)
    function = (firing_rate_slope, lambda E, neuron: np.abs(curvature(E, neuron)))[order]
    np.testing.assert_allclose(value, function(edges[:-1], neuron), rtol=1e-9, atol=1e-16)
    inside = edges[:-1] + np.diff(edges) * np.linspace(0, 1, 30)[:, None]
    largest = function(inside, neuron).max(axis=0)
    assert (bound >= largest * (1 - 1e-12)).all()
    short = (bounds._slope_bound, bounds._curvature_bound)[order](edges[:-1], edges[:-1] + 1e-7, neuron)[1]
    np.testing.assert_allclose(short, value, rtol=1e-6, atol=1e-10)
    r1, r2 = firing_rate(edges[:-1], neuron), firing_rate(edges[1:], neuron)
    s1, s2 = firing_rate_slope(edges[:-1], neuron), firing_rate_slope(edges[1:], neuron)
    if order == 0:
        np.testing.assert_allclose(bound, s1 * (r2 / r1) ** 2, rtol=1e-12)
    else:  # r'' = 2 r'²/r − fall, both of which are products of a rising and a falling factor
        fall = [2 * s**2 / r - curvature(E, neuron) for r, s, E in ((r1, s1, edges[:-1]), (r2, s2, edges[1:]))]
        most = 2 * s1**2 / r1 * (r2 / r1) ** 3 - fall[1] * (r1 / r2) ** 2
        least = fall[0] * (r2 / r1) ** 2 - 2 * s2**2 / r2 * (r1 / r2) ** 3
        np.testing.assert_allclose(bound, np.maximum(most, least), rtol=1e-8, atol=1e-14)
