"""All fixed points, and the proof that they are all: exhaustive search, extremal pair, contraction."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from netmod import (
    LIF,
    KnownRate,
    RateNetwork,
    RateTable,
    certify,
    connection_matrix,
    dale_signs,
    erdos_renyi,
    extremal_fixed_points,
    find_fixed_points,
    firing_rate,
    iterate,
    newton,
)
from netmod.contraction.intervals import Certain
from netmod.fixed_points.exhaustive import exhaustive
from netmod.fixed_points.search import Notebook, other_starts

from .test_fixed_points import SMALL, small

SEVEN = [
    RateNetwork(-600 * (np.ones((3, 3)) - np.eye(3)), 15.0),
    RateNetwork([[0, -950, -950], [-1250, 0, -950], [-1800, -1050, 0]], 15.0),
]


def scalar_roots(gain, E0, rate=firing_rate, reach=None):
    """Return all fixed points of E = E0 + gain r(E), by a fine scan."""
    low, high = reach or (E0 + min(gain, 0) / 2 - 1, E0 + max(gain, 0) / 2 + 1)
    grid = np.union1d(np.linspace(low, high, 8_001), np.clip(np.linspace(-30, 60, 20_001), low, high))
    values = E0 + gain * rate(grid) - grid
    cross = np.flatnonzero((values[1:] >= 0) != (values[:-1] >= 0))
    return np.array([brentq(lambda E: float(E0 + gain * rate(E) - E), grid[i], grid[i + 1]) for i in cross])


def pair_roots(net):
    """Return all fixed points of two neurons of which neuron 1 does not excite itself, by a fine scan.

    For each E_0 there is then one E_1 that solves the second equation: found by bisection.
    """
    W, (a, b) = net.W, net.E0
    low, high = net.box()
    x = np.unique(np.concatenate([np.linspace(low[0], high[0], 4_001), np.linspace(-20, 40, 12_001)]))
    r = firing_rate(x)
    y_low, y_high = np.full_like(x, low[1] - 1), np.full_like(x, high[1] + 1)
    for _ in range(45):  # down to 10⁻⁹ mV
        y = (y_low + y_high) / 2
        above = b + W[1, 0] * r + W[1, 1] * firing_rate(y) > y
        y_low, y_high = np.where(above, y, y_low), np.where(above, y_high, y)
    f = a + W[0, 0] * r + W[0, 1] * firing_rate(y) - x
    cross = np.flatnonzero((f[1:] >= 0) != (f[:-1] >= 0))
    ends = newton(net, np.c_[x, y][cross])
    return ends.E[ends.converged]


def holds(points, E, atol=1e-5):
    """Return whether the state `E` is one of `points`."""
    return bool((np.abs(points - E).max(axis=1) < atol).any())


# --- the exhaustive search --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_root_of_one_neuron_is_found_and_counted():
    rng, several = np.random.default_rng(0), 0
    for _ in range(100):
        gain, E0 = rng.uniform(-3000, 700), rng.uniform(-5, 15)
        if rng.random() < 0.5:  # where there may be three
            gain, E0 = rng.uniform(200, 600), rng.uniform(-2, 5)
        result, expected = exhaustive(RateNetwork([[gain]], E0)), scalar_roots(gain, E0)
        assert result.complete
        np.testing.assert_allclose(np.sort(result.points[:, 0]), expected, atol=1e-7)
        assert (np.abs(np.sort(result.points[:, 0]) - expected) <= np.sort(result.radius[:, 0]) + 1e-11).all()
        several += len(expected) > 1
    assert several > 20


@pytest.mark.slow
def test_every_fixed_point_of_a_pair_is_found_and_counted():
    """One in eighteen of the normal pairs has several fixed points (34 of 600); of those made for it, about half."""
    rng, several = np.random.default_rng(1), 0
    for k in range(60):
        W, E0 = rng.normal(0, 10 ** rng.uniform(2, 3.5), (2, 2)), rng.uniform(0, 15, 2)
        if k % 2:
            W, E0 = rng.normal(0, 50, (2, 2)), rng.uniform(-2, 5, 2)
            W[0, 0] = rng.uniform(200, 600)
        W[1, 1] = -abs(W[1, 1])
        net = RateNetwork(W, E0)
        result, expected = exhaustive(net), pair_roots(net)
        assert result.complete, result.reason
        assert len(result.points) == len(expected)
        for E in expected:
            assert holds(result.points, E)
        several += len(expected) > 1
    assert several > 10


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 4])
def test_nothing_else_is_found_by_many_starts(n):
    rng, several = np.random.default_rng(n), 0
    for _ in range(60):
        W = rng.normal(0, 10 ** rng.uniform(2, 3.3), (n, n))
        if rng.random() < 0.5:
            W = -np.abs(W) * (1 - np.eye(n))  # mutual inhibition has many
        net = RateNetwork(W, rng.uniform(4, 15, n))
        result = exhaustive(net)
        assert result.complete, result.reason
        low, high = net.box()
        ends = newton(net, low + (high - low) * rng.random((40, n)) ** rng.choice([1, 3], (40, 1)))
        for E in ends.E[ends.converged]:
            assert holds(result.points, E)
        for E, radius in zip(result.points, result.radius, strict=True):
            exact = newton(net, E).E
            assert (np.abs(exact - E) <= radius + 1e-10).all()
            assert (radius <= 1e-8 * (1 + np.abs(E).max())).all()  # 1.3e-9 at most in 40 others
        sign = [np.linalg.slogdet(np.eye(n) - net.jacobian(E))[0] for E in result.points]
        assert sum(sign) == 1
        several += len(result.points) > 1
    assert several > 10


@pytest.mark.parametrize("net", SEVEN, ids=["symmetric", "not symmetric"])
@pytest.mark.parametrize("seed", range(3))
def test_the_triples_with_seven(net, seed):
    found = find_fixed_points(net, rng=seed)
    assert len(found) == 7
    assert (found.complete, found.proof, found.unique) == (True, "exhaustive search", False)
    assert found.index.sum() == 1
    assert found.skipped == ()
    assert "complete (exhaustive search)" in repr(found)
    assert all("exhaustive" in methods for methods in found.found_by)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_uncoupled_copies_multiply(n):
    """Each neuron alone has three states: there are 3^n, many of them with equal means."""
    found = find_fixed_points(RateNetwork(500 * np.eye(n), 0.0), rng=0)
    assert len(found) == 3**n
    assert found.complete
    roots = scalar_roots(500, 0.0)
    for E in found.points:
        assert np.abs(E[:, None] - roots).min(axis=1).max() < 1e-6


@pytest.mark.parametrize("name", SMALL)
def test_reference_networks(golden, name):
    net, expected = small(golden, name)
    result = exhaustive(net)
    assert result.complete
    assert len(result.points) == len(expected)
    for p in expected:
        assert holds(result.points, np.array(p["E"], float), 1e-6)


def test_no_connections_and_no_neurons():
    for n in (1, 3):
        result = exhaustive(RateNetwork(np.zeros((n, n)), 8.0))
        assert (len(result.points), result.complete, result.boxes) == (1, True, 1)
    result = exhaustive(RateNetwork(np.zeros((0, 0)), 8.0))
    assert (result.points.shape, result.complete) == ((1, 0), True)
    empty = find_fixed_points(RateNetwork(np.zeros((0, 0)), 8.0))
    assert (len(empty), empty.unique) == (1, True)


@pytest.mark.parametrize("excess", [0.0, 1e-15, -1e-13, 1e-13, 1e-10, -1e-10])
@pytest.mark.parametrize("n", [1, 2])
def test_a_fold_is_left_undecided(golden, n, excess):
    """Two of three points merge there, or have just vanished: no box tells which. The third is found."""
    item = golden["folds"]["items"][2]
    W = float(item["gain"]) * (1 + excess) * np.roll(np.eye(n), 1, axis=0)
    result = exhaustive(RateNetwork(W, float(item["E0"])))
    assert not result.complete
    assert "a fold or a cusp is too near" in result.reason
    assert result.boxes < 1000
    assert len(result.points) == 1


@pytest.mark.parametrize(("excess", "count"), [(1e-7, 1), (-1e-7, 3), (1e-4, 1), (-1e-4, 3)])
def test_a_ten_millionth_from_a_fold_all_is_proved(golden, excess, count):
    item = golden["folds"]["items"][2]
    result = exhaustive(RateNetwork([[float(item["gain"]) * (1 + excess)]], float(item["E0"])))
    assert result.complete
    assert len(result.points) == count


@pytest.mark.parametrize("excess", [0.0, -1e-13, -1e-11, -1e-9, 1e-13])
def test_the_cusp_is_one_point(golden, excess):
    """Newton's method ends anywhere on the stretch where the residual is rounding: that is one point, not eighty."""
    cusp = golden["folds"]["cusp"]
    net = RateNetwork([[float(cusp["gain"]) * (1 + excess)]], float(cusp["E0"]))
    result = exhaustive(net)
    assert not result.complete
    book = Notebook(net, 1e-6)
    book.add("newton", newton(net, np.linspace(5, 20, 60)[:, None]))
    assert len(book.points) == 1
    assert abs(book.points[0][0] - float(cusp["E"])) < 0.02


def test_the_cusp_of_three_neurons_is_one_point(golden):
    cusp = golden["folds"]["cusp"]
    net = RateNetwork(float(cusp["gain"]) / 2 * (np.ones((3, 3)) - np.eye(3)), float(cusp["E0"]))
    book = Notebook(net, 1e-6)
    book.add("newton", newton(net, np.random.default_rng(0).uniform(5, 20, (60, 3))))
    assert len(book.points) == 1


def test_two_points_as_close_as_they_come_stay_two(golden):
    """A ten-millionth before the fold they are 0.003 mV apart; at 1e-11 before, a thirty-thousandth."""
    item = golden["folds"]["items"][2]
    for excess in (-1e-7, -1e-9, -1e-11):
        net = RateNetwork([[float(item["gain"]) * (1 + excess)]], float(item["E0"]))
        book = Notebook(net, 1e-6)
        book.add("newton", newton(net, np.linspace(5, 8, 40)[:, None], tol=1e-15))
        assert len(book.points) == 2
        assert np.ptp(book.points) < 0.01


def test_a_limit_on_the_work():
    net = RateNetwork(500 * np.eye(6), 0.0)
    result = exhaustive(net, most=100)
    assert not result.complete
    assert "were left after" in result.reason
    assert result.boxes < 1000
    for E in result.points:  # what was found by then is there all the same
        np.testing.assert_allclose(net(E), E, atol=1e-5)


def test_a_table_stands_for_the_exact_rate():
    table = RateTable(LIF(), -100, 400)
    net = RateNetwork([[0, 500.0], [500.0, 0]], 0.0, rate=table)
    found = find_fixed_points(net, rng=0)
    assert found.complete
    assert len(found) == 3
    np.testing.assert_allclose(found.points, find_fixed_points(RateNetwork(net.W, 0.0), rng=1).points, atol=1e-5)


@pytest.mark.parametrize(("size", "boxes"), [(30, 1), (60, 10_000)])
def test_large_networks_are_tried_too(size, boxes):
    """Above eight neurons few boxes are looked at: one is enough where F hardly bends, else 5,231."""
    net = RateNetwork(np.random.default_rng(0).normal(0, size, (12, 12)), 12.0)
    result = exhaustive(net)
    assert (result.complete, len(result.points)) == (True, 1)
    assert 1 <= result.boxes <= boxes
    assert holds(result.points, newton(net).E)


def test_huge_connections_that_cancel_are_no_reason_to_fail():
    assert not exhaustive(RateNetwork([[1e12, -1e12], [1e12, -1e12]], 8.0), most=500).complete


@pytest.mark.slow
def test_states_that_only_rounding_makes_fixed_are_left_out_and_it_is_said():
    """E = exp(E) has no solution; far out both sides overflow, and so does the rounding."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = find_fixed_points(RateNetwork([[1.0]], 0.0, rate=np.exp), rng=0)
    assert len(found) == 0
    assert "listing states where rounding hides the residual" in found.skipped


# --- what is certain of a rate ----------------------------------------------------------------------------------


def bump(E):
    """Rises and falls: 0.5 exp(-(E - 20)^2 / 8)."""
    return 0.5 * np.exp(-((np.asarray(E) - 20.0) ** 2) / 8)


def bump_slope(E):
    return -(np.asarray(E) - 20.0) / 4 * bump(E)


BUMP = {"low": 0.0, "high": 0.5, "max_slope": 0.152, "max_curvature": 0.126}  # 0.25 e^{-1/2} and 1/8, rounded up


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [
        (None, -40.0, 60.0),
        (KnownRate(bump, bump_slope, **BUMP), 0.0, 40.0),
        (KnownRate(bump, **BUMP), 0.0, 40.0),
        (KnownRate(np.tanh, low=-1.0, high=1.0, increasing=True, max_slope=1.0, max_curvature=0.77), -5.0, 5.0),
        (KnownRate(np.tanh, low=-1.0, high=1.0, increasing=True, max_slope=1.0), -5.0, 5.0),
        (KnownRate(np.sin, low=-1.0, high=1.0, max_slope=1.0), -5.0, 5.0),
    ],
    ids=["exact", "bump", "bump by differences", "tanh", "tanh without curvature", "sine"],
)
def test_bounds_over_boxes_hold(rate, low, high):
    net = RateNetwork(np.eye(3), 0.0, rate=rate)
    certain, rng = Certain(net), np.random.default_rng(0)
    for _ in range(100):
        a = rng.uniform(low, high, (4, 3))
        b = a + (high - low) * 10 ** rng.uniform(-6, 0, (4, 3))
        inside = a + (b - a) * rng.random((60, 4, 3))
        r_low, r_high = certain.rates(a, b)
        assert (net.rates(inside) >= r_low).all()
        assert (net.rates(inside) <= r_high).all()
        s_low, s_high = certain.slopes(a, b)
        exact = net.slopes(inside)
        slack = 1e-8 if isinstance(rate, KnownRate) and rate.slope is not bump_slope else 0.0
        assert (exact >= s_low - slack).all()
        assert (exact <= s_high + slack).all()
        assert (np.abs(exact[:, 0]).max(axis=0) <= certain.steepest(a[0], b[0]) + slack).all()


def test_bounds_over_short_boxes_are_tight():
    certain = Certain(RateNetwork(np.eye(3), 0.0))
    E = np.array([-10.0, 10.0, 100.0])
    r, s = certain.net.rates(E), certain.net.slopes(E)
    for width in (1e-3, 1e-6):
        r_low, r_high = certain.rates(E, E + width)
        s_low, s_high = certain.slopes(E, E + width)
        assert (r_high - r_low <= 2 * width * s + 1e-9 * r + 1e-200).all()
        assert (s_high - s_low <= 2e-3 * width + 1e-9 * s + 1e-200).all()


def test_a_rate_that_rises_and_falls_is_searched_when_its_bounds_are_known():
    net = RateNetwork([[100.0]], 0.0, rate=KnownRate(bump, bump_slope, **BUMP))
    found = find_fixed_points(net, rng=0)
    expected = scalar_roots(100.0, 0.0, bump, (-1.0, 60.0))
    np.testing.assert_allclose(found.points[:, 0], expected, atol=1e-6)
    assert (len(found), found.complete, found.unique) == (3, True, False)


@pytest.mark.parametrize(("gain", "width"), [(100.0, 8.0), (60.0, 9.0)])
def test_nothing_is_proved_for_a_function_of_ones_own(gain, width):
    """Both ends of the sandwich are 0 for these, and there are three points."""
    centre = 20.0 if gain == 100.0 else 12.0
    rate = lambda E: 0.5 * np.exp(-((np.asarray(E) - centre) ** 2) / width * (1 if gain == 100.0 else 0.5))  # noqa: E731
    net = RateNetwork([[gain]], 0.0, rate=rate)
    for seed in range(3):
        found = find_fixed_points(net, rng=seed)
        assert len(found) == 3
        assert (found.unique, found.complete, found.proof) == (False, False, None)
        assert any("not known never to decrease" in s for s in found.skipped)
        assert any("no bound on the slope" in s for s in found.skipped)
    with pytest.raises(ValueError, match="not known never to decrease"):
        extremal_fixed_points(net)
    certificate = certify(net, found.points[0])
    assert certificate.method == "none"
    assert "KnownRate" in certificate.reason


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    height=st.floats(0.05, 1.0),
    centre=st.floats(-5, 30),
    width=st.floats(1, 10),
    gain=st.floats(-200, 400),
    E0=st.floats(-5, 20),
    told=st.booleans(),
)
def test_uniqueness_and_number_are_never_claimed_wrongly(height, centre, width, gain, E0, told):
    """Rates that rise and fall, with their bounds told or not: what is proved is true."""

    def hump(E):
        return height * np.exp(-(((np.asarray(E) - centre) / width) ** 2) / 2)

    def slope(E):
        return -(np.asarray(E) - centre) / width**2 * hump(E)

    known = KnownRate(
        hump, slope, low=0.0, high=height, max_slope=0.61 * height / width, max_curvature=1.01 * height / width**2
    )
    net = RateNetwork([[gain]], E0, rate=known if told else hump)
    found = find_fixed_points(net, rng=0, starts=8)
    reach = (E0 + min(gain, 0) * height - 1, E0 + max(gain, 0) * height + 1)
    expected = scalar_roots(gain, E0, hump, reach)
    if not told:
        assert found.proof is None
        assert found.unique is not True
    if found.unique is True:
        assert len(found) == len(expected) == 1
    if found.complete:
        np.testing.assert_allclose(found.points[:, 0], expected, atol=1e-5)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(W=st.lists(st.floats(-2, 4), min_size=4, max_size=4), E0=st.floats(-2, 2))
def test_what_is_known_of_a_sigmoid_is_enough(W, E0):
    """tanh, by what a KnownRate says of it: certificates and numbers hold against many starts."""
    rate = KnownRate(np.tanh, low=-1.0, high=1.0, increasing=True, max_slope=1.0, max_curvature=0.77)
    net = RateNetwork(np.reshape(W, (2, 2)), E0, rate=rate)
    found = find_fixed_points(net, rng=0, starts=8)
    ends = newton(net, np.random.default_rng(0).uniform(-8, 8, (60, 2)))
    certificates = [certify(net, point) for point in found.points]
    for E in ends.E[ends.converged]:
        if found.complete:
            assert holds(found.points, E, 1e-4)
        for point, certificate in zip(found.points, certificates, strict=True):
            if certificate.exists and certificate.radius < np.abs(E - point).max() - 1e-6:
                assert np.abs(E - point).max() >= certificate.unique_within


def test_banach_from_a_slope_that_is_known():
    rate = KnownRate(lambda E: np.maximum(E - 5, 0) * 0.1, max_slope=0.1)
    found = find_fixed_points(RateNetwork([[5.0]], 8.0, rate=rate), rng=0)
    assert (found.proof, found.unique) == ("Banach", True)
    np.testing.assert_allclose(found.points, [[11.0]])
    guessed = find_fixed_points(RateNetwork([[5.0]], 8.0, rate=rate.function), rng=0)
    assert guessed.proof is None
    np.testing.assert_allclose(guessed.points, [[11.0]])


def test_the_extremal_pair_of_a_rate_that_is_known_to_increase():
    """tanh without a word on its slope: no Banach, no search, but a sandwich."""
    rate = KnownRate(np.tanh, low=-1.0, high=1.0, increasing=True)
    found = find_fixed_points(RateNetwork([[0.9]], 0.3, rate=rate), rng=0)
    assert (found.proof, found.unique) == ("extremal pair", True)
    three = find_fixed_points(RateNetwork([[3.0]], 0.0, rate=rate), rng=0)
    assert (len(three), three.unique, three.complete) == (3, False, False)
    assert not any("extremal" in s for s in three.skipped)


@pytest.mark.slow
def test_an_extremal_pair_within_atol_is_no_proof_where_there_may_be_three(golden):
    """A hair above the cusp three points lie within a chosen `atol`: one of them is listed, and nothing proved."""
    cusp = golden["folds"]["cusp"]
    gain, E = float(cusp["gain"]) * (1 + 1e-4), float(cusp["E"])
    net = RateNetwork([[gain]], E - gain * firing_rate(E))
    assert len(find_fixed_points(net, rng=0)) == 3
    coarse = find_fixed_points(net, rng=0, atol=5.0)
    assert len(coarse) == 1
    assert coarse.unique is None
    assert any("exhaustive search: it has 3 points" in s for s in coarse.skipped)


# --- rates without bounds, and bad ones -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("W", "expected"),
    [([[5.0]], [11.0]), ([[-20.0]], [6.0]), ([[15.0]], [2.0]), ([[0, 5.0], [-20.0, 0]], None)],
)
def test_threshold_linear_rates_of_every_sign(W, expected, told):
    def rate(E):
        return np.maximum(E - 5, 0) * 0.1

    known = KnownRate(rate, low=0.0, increasing=True, max_slope=0.1)
    E0 = 2.0 if W == [[15.0]] else 8.0
    found = find_fixed_points(RateNetwork(W, E0, rate=known if told else rate), rng=0)
    assert len(found) >= 1
    assert (found.residual < 1e-9).all()
    if expected:
        assert holds(found.points, expected)
    if W == [[15.0]]:  # 2 and 11
        assert len(found) == 2
        assert not found.missing  # the account of indices is for bounded rates
    text = repr(found)
    assert "tau_ref" not in text
    if not found.complete:
        assert "exhaustive search: no bound" in text or "exhaustive search: more than" in text


@pytest.mark.slow
@pytest.mark.parametrize("w", [0.1, -0.1, 3.0])
def test_power_law_rates_of_every_sign(w):
    """r = E^2 / 100 above 0: with w = 0.1 two points, with 3 none."""
    net = RateNetwork([[w]], 8.0, rate=lambda E: np.maximum(E, 0) ** 2 * 0.01)
    with np.errstate(over="ignore", invalid="ignore"):
        found = find_fixed_points(net, rng=0)
    expected = np.roots([w * 0.01, -1, 8])
    expected = np.sort(expected.real[(np.abs(expected.imag) < 1e-12) & (expected.real > 0)])
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.points[:, 0], expected, rtol=1e-8)


def test_why_there_is_no_extremal_pair_is_said_rightly():
    linear = KnownRate(lambda E: np.maximum(E, 0), low=0.0, increasing=True)
    for net, reason in (
        (RateNetwork([[1.0]], 8.0, rate=linear), "no bounds on the rates are known"),
        (RateNetwork([[1.0]], 8.0, rate=np.tanh), "not known never to decrease"),
        (RateNetwork([[1.0]], 8.0, LIF(tau_ref=0.0)), "tau_ref = 0"),
        (RateNetwork([[0.0, -2.0], [1.0, 0.0]], 8.0), r"inhibition, W\[0, 1\] = -2"),
    ):
        with pytest.raises(ValueError, match=reason):
            extremal_fixed_points(net)


def test_a_rate_that_returns_nan_gets_its_own_message():
    for rate in (lambda E: np.nan * E, KnownRate(lambda E: np.nan * E, low=0.0, high=1.0, increasing=True)):
        net = RateNetwork([[1.0]], 8.0, rate=rate)
        with pytest.raises(ValueError, match="got NaN at every start"):
            find_fixed_points(net)
    with pytest.raises(ValueError, match="got NaN at E = 8 mV"):
        extremal_fixed_points(net)


@pytest.mark.slow
def test_a_rate_that_is_nan_far_away_is_searched_where_it_is_not():
    rate = lambda E: np.where(np.abs(E) > 100, np.nan, np.tanh(E))  # noqa: E731
    found = find_fixed_points(RateNetwork([[3.0]], 0.0, rate=rate), rng=0)
    assert len(found) == 3


# --- larger networks --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_iteration_reaches_is_in_the_set_at_any_size():
    """At 301 neurons branches are not followed any more: that is said, and the resting state is found."""
    for n in (40, 301):
        A = erdos_renyi(n, 0.2, rng=1)
        net = RateNetwork(
            connection_matrix(A, 20.0 * 301 / n, dale_signs(n, 0.1, 1.0)), 0.0, rate=RateTable(LIF(), -2000, 2000)
        )
        found = find_fixed_points(net, rng=1)
        assert len(found) == 3
        assert holds(found.points, iterate(net).E)
        assert any("continuation and deflation: more than 300" in s for s in found.skipped) == (n > 300)
    assert "not done: exhaustive search: more than 64 neurons; continuation" in repr(found)


def test_other_starts_lie_in_the_box_and_have_many_means():
    n = 40
    net = RateNetwork(erdos_renyi(n, 0.3, rng=0) * dale_signs(n) * 10.0, 8.0)
    low, high = net.box()
    starts = other_starts(net, np.empty((0, n)), np.random.default_rng(0))
    assert len(starts) == 3 + 16 + 32
    assert (starts >= low - 1e-9).all()
    assert (starts <= high + 1e-9).all()
    for expected in (net.E0, low, high):
        assert (np.abs(starts - expected).max(axis=1) < 1e-9).any()
    share = ((starts[3:19] - low) / (high - low + 1e-300)).mean(axis=1)
    assert share.min() < 0.05
    assert share.max() > 0.8
    wide = high > low + 1
    assert (((starts[19:35] > high - 1e-9) & wide).sum(axis=1) <= 1).all()
    assert (((starts[35:] < low + 1e-9) & wide).sum(axis=1) <= 1).all()
    chosen = np.linspace(0, n - 1, 16).round().astype(int)
    np.testing.assert_allclose(starts[np.arange(19, 35), chosen], high[chosen])
    np.testing.assert_allclose(starts[np.arange(35, 51), chosen], low[chosen])
    small_net = RateNetwork(np.ones((2, 2)), 8.0)
    assert len(other_starts(small_net, np.empty((0, 2)), np.random.default_rng(0))) == 3 + 16 + 4
    endless = RateNetwork(np.ones((2, 2)), 8.0, rate=np.exp)
    begin = np.array([[1.0, 30.0], [5.0, 2.0]])
    starts = other_starts(endless, begin, np.random.default_rng(0))
    assert (starts.min(axis=0) >= [1.0, 2.0]).all()
    assert (starts.max(axis=0) <= [8.0, 30.0]).all()


@pytest.mark.slow
def test_deflation_goes_on_until_a_round_brings_nothing_new(monkeypatch):
    """Thirteen neurons, two groups that do not hear each other: the points of the whole are all pairs of theirs."""
    W = np.zeros((13, 13))
    W[:6, :6], W[6:, 6:] = 100.0, 500 / 7
    net = RateNetwork(W, 0.0, rate=RateTable(LIF(), -100, 400))
    monkeypatch.setattr("netmod.fixed_points.find.LARGEST", 1)
    found = find_fixed_points(net, rng=0)
    assert len(found) == 9
    assert not found.complete
    assert found.skipped == ("exhaustive search: more than 1 neurons",)
    book = Notebook(net, 1e-6)
    book.add("newton", newton(net, found.points[:1]))
    monkeypatch.setattr("netmod.fixed_points.search._ROUNDS", 1)
    book.deflate(np.random.default_rng(0).uniform(0, 250, (6, 13)), np.random.default_rng(0))
    assert len(book.points) > 1
    assert book.skipped == ["deflation after 1 rounds, of which the last still found a new point"]


def suite():
    """Forty random networks of 2 to 20 neurons: mixed, excitatory, Gaussian and inhibitory ones in turn."""
    rng = np.random.default_rng(2026)
    table = RateTable(LIF(), -4000, 1000, tol=1e-9)
    for k in range(40):
        n = int(2 + k * 18 / 39)
        p = 0.5 if n < 8 else 0.3
        A = erdos_renyi(n, p, rng=rng).astype(float)
        E0 = 4.0 if k % 4 == 1 else rng.uniform(4, 15)
        if k % 4 == 0:
            W = A * dale_signs(n) * rng.uniform(100, 600)
        elif k % 4 == 1:
            W = A * rng.uniform(200, 300) / ((n - 1) * p)
        elif k % 4 == 2:
            W = A * rng.normal(0, 1500 / np.sqrt(n * p), (n, n))
        else:
            W = -A * rng.uniform(1000, 6000) / ((n - 1) * p)
        yield RateNetwork(W, E0, rate=table if n > 8 else None)


@pytest.mark.slow
def test_other_seeds_find_the_same_set(monkeypatch):
    several = 0
    for net in suite():
        # the exhaustive search does not depend on the seed: once a network is enough
        monkeypatch.setattr("netmod.fixed_points.find.exhaustive", lru_cache(exhaustive))
        first = find_fixed_points(net, starts=6, rng=0)
        assert first.index.sum() == 1
        several += len(first) > 1
        for seed in range(1, 5):
            if first.complete and seed > 1:  # a proof needs no repetition
                break
            again = find_fixed_points(net, starts=6, rng=seed)
            assert len(again) == len(first)
            np.testing.assert_allclose(again.points, first.points, atol=1e-5)
            assert again.proof == first.proof
    assert several > 5
