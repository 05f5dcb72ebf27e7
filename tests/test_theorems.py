"""Every numbered theorem of chapter 4 on random instances, and one counterexample for each hypothesis dropped.

Tests are named after the theorems' labels: thm-banach is `test_thm_banach...`.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from book._ext.myst import read
from netmod import (
    LIF,
    KnownRate,
    RateNetwork,
    a_posteriori_error,
    a_priori_error,
    certify,
    extremal_fixed_points,
    firing_rate,
    firing_rate_slope,
    iterate,
    lipschitz_constants,
    max_slope,
)

seeds = st.integers(0, 2**32 - 1)
STEEPEST = max_slope()
CHAPTER = Path(__file__).parents[1] / "book" / "04-contraction.md"


def orbit(f, start, steps):
    states = [start]
    for _ in range(steps):
        states.append(f(states[-1]))
    return states


def contraction(seed, n, k):
    """Return a random network whose largest row sum times max r' is k, so that k is its constant for max |x_i|."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.6)
    rows = np.abs(W).sum(axis=1).max()
    assume(rows > 0.1)
    return RateNetwork(W * k / rows / STEEPEST.slope, rng.uniform(-5, 15, n)), rng


def size(x):
    return np.abs(x).max(axis=-1)


def test_every_theorem_of_the_chapter_is_tested_here():
    labels = [d.label for d in read(CHAPTER).directives if d.name == "prf:theorem"]
    assert len(labels) >= 7
    names = [name for name in globals() if name.startswith("test_")]
    for label in labels:
        assert any(name.startswith("test_" + label.replace("-", "_")) for name in names), label


# --- thm-banach -------------------------------------------------------------------------------------------------


@given(seed=seeds, n=st.integers(1, 8), k=st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_thm_banach(seed, n, k):
    """All starts end in one point, which is fixed."""
    net, rng = contraction(seed, n, k)
    x = rng.uniform(-200, 200, (8, n))
    for _ in range(int(np.log(1e-13) / np.log(k)) + 2):
        x = net(x)
    assert size(x - x[0]).max() < 1e-9
    assert size(net(x) - x).max() < 1e-9


@given(st.fractions(min_value=1, max_value=2, max_denominator=1000))
@settings(max_examples=60)
def test_thm_banach_needs_completeness(x):
    """Newton's rule for √2 on the fractions in [1, 2]: into itself, k = 1/2, and √2 is not among them."""

    def f(x):
        return x / 2 + 1 / x

    y = f(x)
    assert 1 <= y <= 2
    assert y != x
    other = Fraction(7, 5)
    assert abs(f(x) - f(other)) <= abs(x - other) / 2
    found = iterate(RateNetwork([[1.0]], 0.0, rate=f), [float(x)])  # the same map on all numbers
    assert found.converged
    assert found.E[0] ** 2 == pytest.approx(2, rel=1e-9)


def test_thm_banach_needs_a_map_into_itself():
    """f(x) = x/2 + 1 on [0, 1] halves distances and has no fixed point there: 2 is the only one on the line."""
    rate = KnownRate(lambda E: E / 2, slope=lambda E: np.full_like(E, 0.5), max_slope=0.5)
    net = RateNetwork([[1.0]], 1.0, rate=rate)
    assert lipschitz_constants(net)["inf"] == pytest.approx(0.5)
    x = np.linspace(0, 1, 1001)[:, None]
    y = net(x)
    np.testing.assert_allclose(np.diff(y[:, 0]), np.diff(x[:, 0]) / 2, atol=1e-15)
    assert y.max() > 1
    assert (y > x).all()
    assert iterate(net, [0.5]).E[0] == pytest.approx(2, abs=1e-9)


def test_thm_banach_needs_one_k_below_1():
    """f(x) = √(x² + 1) brings any two numbers closer, by no common factor; no number is fixed."""
    rate = KnownRate(lambda E: np.sqrt(E**2 + 1), slope=lambda E: E / np.sqrt(E**2 + 1), max_slope=1.0)
    net = RateNetwork([[1.0]], 0.0, rate=rate)
    x = np.sort(np.random.default_rng(0).uniform(-50, 50, 500))[:, None]
    y = net(x)
    assert (np.abs(np.diff(y[:, 0])) < np.diff(x[:, 0])).all()
    assert (y > x).all()
    assert np.diff(net(np.array([[1e6], [1e6 + 1]]))[:, 0])[0] > 1 - 1e-9
    assert lipschitz_constants(net)["inf"] == pytest.approx(1)
    assert not certify(net, [1e6]).exists
    run = iterate(net, [0.0], max_iter=20_000)  # step k is about 1/(2 √k): short, and never short enough
    assert not run.converged
    assert 0.003 < run.residual < 0.004
    assert run.E[0] == pytest.approx(np.sqrt(20_000), rel=1e-3)


def test_thm_banach_needs_a_point():
    """An empty set is mapped into itself and contracted. No box of ours is empty: F is asked where it can be."""
    with pytest.raises(ValueError, match="low must not be above high"):
        KnownRate(lambda E: E / 2, low=1.0, high=0.0, max_slope=0.5)
    rate = KnownRate(lambda E: 0.5 + 0 * E, low=0.5, high=0.5, max_slope=0.0)
    low, high = RateNetwork([[2.0, -3.0], [1.0, 0.0]], 1.0, rate=rate).box()
    np.testing.assert_allclose(low, high)  # down to one point, which is fixed
    np.testing.assert_allclose(RateNetwork([[2.0, -3.0], [1.0, 0.0]], 1.0, rate=rate)(low), low)


# --- thm-error-bounds -------------------------------------------------------------------------------------------


@given(seed=seeds, n=st.integers(1, 8), k=st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_thm_error_bounds(seed, n, k):
    net, rng = contraction(seed, n, k)
    path = np.array(orbit(net, rng.uniform(-60, 60, n), int(np.log(1e-13) / np.log(k)) + 20))
    steps, error = size(np.diff(path, axis=0)), size(path[1:] - path[-1])
    k, m = lipschitz_constants(net)["inf"], np.arange(1, len(path))
    rounding = 1e-13 * (1 + size(path).max()) / (1 - k)
    assert (error <= a_priori_error(k, steps[0], m) + rounding).all()
    assert (error <= a_posteriori_error(k, steps) + rounding).all()
    # the later bound is never the worse one
    assert (a_posteriori_error(k, steps) <= a_priori_error(k, steps[0], m) * (1 + 1e-9) + rounding).all()


def test_thm_error_bounds_are_attained_by_a_linear_map():
    """f(x) = kx from 1: error and both bounds are k^m."""
    m = np.arange(1, 30)
    np.testing.assert_allclose(a_priori_error(0.7, 0.3, m), 0.7**m)
    np.testing.assert_allclose(a_posteriori_error(0.7, 0.7 ** (m - 1) * 0.3), 0.7**m)


def test_thm_error_bounds_need_the_constant_of_the_whole_path():
    """With the slope at the fixed point for k, both bounds are broken: the path crosses steeper ground."""
    net = RateNetwork([[215.0]], 4.5)
    path = np.array(orbit(net, np.array([20.0]), 4000))[:, 0]
    k = float(215 * firing_rate_slope(path[-1]))
    assert k < 0.75
    steps, error = np.abs(np.diff(path)), np.abs(path[1:] - path[-1])
    m = np.arange(1, len(path))
    assert (error > 1.1 * a_priori_error(k, steps[0], m))[:50].any()
    assert (error > 1.1 * a_posteriori_error(k, steps))[:50].any()


# --- thm-mean-value ---------------------------------------------------------------------------------------------


@given(seed=seeds, n=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_thm_mean_value(seed, n):
    """Over the line between two states: the difference is the integral, and no longer than its largest stretch."""
    rng = np.random.default_rng(seed)
    net = RateNetwork(100 * rng.standard_normal((n, n)), rng.uniform(0, 10, n))
    x, y = rng.uniform(-10, 30, (2, n))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    line = x + (0.5 + nodes / 2)[:, None] * (y - x)
    jacobians = net.jacobian(line)
    integral = (weights / 2) @ (jacobians @ (y - x))
    np.testing.assert_allclose(net(y) - net(x), integral, atol=1e-7 * size(net.W).max())
    dense = net.jacobian(x + np.linspace(0, 1, 2001)[:, None] * (y - x))
    for order in (1, 2, np.inf):
        k = np.linalg.norm(dense, order, axis=(-2, -1)).max()
        assert np.linalg.norm(net(y) - net(x), order) <= k * np.linalg.norm(y - x, order) * (1 + 1e-5) + 1e-9


def test_thm_mean_value_has_the_sign_of_y_minus_x():
    """The poster's sign is wrong wherever the two sides are not 0."""
    net, x, h = RateNetwork([[50.0]], 8.0), np.array([5.0]), np.array([4.0])
    integral = net.jacobian(x + (np.arange(1000) + 0.5)[:, None] / 1000 * h).mean(axis=0) @ h
    assert net(x + h) - net(x) == pytest.approx(integral, rel=1e-5)
    assert abs((net(x) - net(x + h)) - integral) > 1


def test_thm_mean_value_needs_a_convex_set():
    """On two intervals, a rate of -1 on one and 1 on the other has slope 0 and stretches."""
    net = RateNetwork([[1.0]], 0.0, rate=np.sign)
    x = np.array([[-1.1], [-1.0], [1.0], [1.1]])
    np.testing.assert_array_equal(net.jacobian(x), np.zeros((4, 1, 1)))
    assert abs(net(x[2]) - net(x[1]))[0] == 2


def test_thm_mean_value_needs_a_bound_everywhere_between():
    """The slopes at both ends are no bound: the steepest point lies between them."""
    net = RateNetwork([[300.0]], 0.0)
    x, y = np.array([-10.0]), np.array([300.0])
    ends = max(net.spectral_radius(x), net.spectral_radius(y))
    assert abs(net(y) - net(x))[0] > ends * abs(y - x)[0]


# --- thm-lipschitz ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(seed=seeds, n=st.integers(2, 8), norm=st.sampled_from(["1", "2", "inf", "fro", "perron"]))
@settings(max_examples=40, deadline=None)
def test_thm_lipschitz(seed, n, norm):
    """A network scaled to k = 0.9 in a norm contracts there, has one fixed point, and all starts reach it."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((n, n))
    net = RateNetwork(W, rng.uniform(-5, 15, n))
    net = net.scaled(0.9 / lipschitz_constants(net)[norm])
    k = lipschitz_constants(net)[norm]
    values, vectors = np.linalg.eig(np.abs(W))
    v = np.abs(vectors[:, np.argmax(values.real)].real)
    length = {
        "1": lambda x: np.abs(x).sum(axis=-1),
        "inf": size,
        "perron": lambda x: size(x / v),
    }.get(norm, lambda x: np.linalg.norm(x, axis=-1))
    x, y = rng.uniform(-20, 60, (2, 50, n))
    assert (length(net(x) - net(y)) <= k * length(x - y) * (1 + 1e-9)).all()
    x = x[:8]
    for _ in range(300):
        x = net(x)
    assert size(x - x[0]).max() < 1e-8


def test_thm_lipschitz_needs_an_operator_norm():
    """With the largest entry for |W| the constant is 0.9 here, and the network has two stable fixed points."""
    n = 6
    W = 0.9 / STEEPEST.slope * (np.ones((n, n)) - np.eye(n))
    net = RateNetwork(W, 0.0)
    k = lipschitz_constants(net)
    assert k["poster"] < 0.91 < 1 < min(value for name, value in k.items() if name != "poster")
    low, high = (orbit(net, np.full(n, start), 500)[-1] for start in (0.0, 300.0))
    assert size(low - high) > 100
    assert size(net(low) - low) < 1e-9
    assert size(net(high) - high) < 1e-9


def test_thm_lipschitz_needs_absolute_values():
    """ρ(W) = 0 and ‖DF‖ far above 1: the fixed point repels, although max r' ρ(W) = 0."""
    W = 600.0 * np.array([[1, -1], [1, -1]])
    state = np.array([11.6746, -9.3254])
    net = RateNetwork(W, state - W @ firing_rate(state))
    assert np.abs(np.linalg.eigvals(W)).max() < 1e-5
    assert net.spectral_radius(state) == pytest.approx(2.64, abs=0.01)
    ends = [orbit(net, state + d, 500)[-1] for d in (-0.1, 0.1)]
    assert size(ends[0] - ends[1]) > 10


def test_thm_lipschitz_needs_the_steepest_slope():
    """With r' at a fixed point for max r', a bistable network would be a contraction."""
    net = RateNetwork([[270.0]], 4.0)
    low, high = (orbit(net, np.array([start]), 2000)[-1] for start in (0.0, 60.0))
    assert net.spectral_radius(low) < 1
    assert net.spectral_radius(high) < 1
    assert size(high - low) > 20


# --- thm-perron -------------------------------------------------------------------------------------------------


@given(seed=seeds, n=st.integers(2, 8))
@settings(max_examples=40, deadline=None)
def test_thm_perron(seed, n):
    """|W| v = ρ(|W|) v bounds every stretch in the fitted norm, and no 1-, ∞- or Frobenius norm is smaller."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((n, n)) * np.exp(rng.standard_normal((n, n)))
    values, vectors = np.linalg.eig(np.abs(W))
    top = np.argmax(values.real)
    root, v = values[top].real, np.abs(vectors[:, top].real)
    h = rng.standard_normal((200, n))
    slopes = rng.uniform(0, STEEPEST.slope, (200, n))
    assert (size((slopes * h) @ W.T / v) <= STEEPEST.slope * root * size(h / v) * (1 + 1e-9)).all()
    norms = (np.linalg.norm(W, 1), np.linalg.norm(W, np.inf), np.linalg.norm(W))
    assert root <= min(norms) * (1 + 1e-9)
    k = lipschitz_constants(RateNetwork(W, 8.0))
    assert k["perron"] == pytest.approx(STEEPEST.slope * root, rel=1e-6)


def test_thm_perron_needs_a_strongly_connected_network():
    """One way alone: the vector of the largest eigenvalue has a 0, and measures no length."""
    values, vectors = np.linalg.eig(np.array([[2.0, 1.0], [0.0, 1.0]]))
    assert np.abs(vectors[:, np.argmax(values)]).min() == 0


def test_thm_perron_says_nothing_of_the_2_norm():
    W = np.array([[1.0, 1.0], [1.0, -1.0]])
    assert np.abs(np.linalg.eigvals(np.abs(W))).max() == pytest.approx(np.linalg.norm(W, 2) * np.sqrt(2))


# --- thm-cusp ---------------------------------------------------------------------------------------------------


def count_fixed_points(G, E0):
    E = np.unique(np.concatenate([np.linspace(E0 - 1, E0 + G / 2 + 1, 20_001), np.linspace(5, 16, 20_001)]))
    above = E0 + G * firing_rate(E) - E > 0
    return int((above[1:] != above[:-1]).sum())


@given(excess=st.floats(1e-3, 3), E0=st.floats(-10, 20))
@settings(max_examples=25, deadline=None)
def test_thm_cusp(excess, E0):
    below, above = (1 - min(excess, 0.99)) / STEEPEST.slope, (1 + excess) / STEEPEST.slope
    assert count_fixed_points(below, E0) == 1
    assert count_fixed_points(above, STEEPEST.E - above * float(firing_rate(STEEPEST.E))) >= 3


def test_thm_cusp_is_where_golden_says(golden):
    cusp = golden["folds"]["cusp"]
    assert pytest.approx(float(cusp["gain"]), rel=1e-10) == 1 / STEEPEST.slope
    E0 = STEEPEST.E - float(firing_rate(STEEPEST.E)) / STEEPEST.slope
    assert pytest.approx(float(cusp["E0"]), abs=1e-8) == E0


def test_thm_cusp_needs_the_right_outside_current():
    """Above the bound, at E0 = 8 mV, there is still one fixed point."""
    for factor in (1.1, 2.0, 10.0):
        assert count_fixed_points(factor / STEEPEST.slope, 8.0) == 1


def test_thm_cusp_needs_excitation():
    """With inhibition, F(E) - E falls: one fixed point at any strength."""
    for G in (-300.0, -3000.0):
        E = np.linspace(G / 2 - 1, 10, 100_001)
        assert (np.diff(8 + G * firing_rate(E) - E) < 0).all()


# --- thm-brouwer ------------------------------------------------------------------------------------------------


@given(G=st.floats(-20_000, 20_000), E0=st.floats(-50, 50))
@settings(max_examples=60, deadline=None)
def test_thm_brouwer_in_one_dimension(G, E0):
    """F(E) - E is not negative at the low end of the box and not positive at the high end."""
    low, high = E0 + min(G, 0) / 2, E0 + max(G, 0) / 2
    net = RateNetwork([[G]], E0)
    assert net([low])[0] >= low - 1e-9
    assert net([high])[0] <= high + 1e-9


@given(seed=seeds, n=st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_thm_brouwer_box(seed, n):
    """Every state, however far away, goes into the box."""
    rng = np.random.default_rng(seed)
    W, E0 = 2000 * rng.standard_normal((n, n)), rng.uniform(-20, 20, n)
    low, high = E0 + np.minimum(W, 0).sum(axis=1) / 2, E0 + np.maximum(W, 0).sum(axis=1) / 2
    image = RateNetwork(W, E0)(rng.uniform(-5000, 5000, (100, n)))
    assert (image >= low - 1e-9).all()
    assert (image <= high + 1e-9).all()


@given(seed=seeds)
@settings(max_examples=30, deadline=None)
def test_thm_brouwer(seed):
    """Along the edge of the box in the plane, E - F(E) turns once around 0: so it is 0 somewhere inside."""
    rng = np.random.default_rng(seed)
    W, E0 = 2000 * rng.standard_normal((2, 2)), rng.uniform(-20, 20, 2)
    low, high = E0 + np.minimum(W, 0).sum(axis=1) / 2 - 1, E0 + np.maximum(W, 0).sum(axis=1) / 2 + 1
    t = np.linspace(0, 1, 5000, endpoint=False)
    zero, one = np.zeros_like(t), np.ones_like(t)
    corners = np.concatenate([np.c_[t, zero], np.c_[one, t], np.c_[1 - t, one], np.c_[zero, 1 - t], [[0.0, 0.0]]])
    edge = low + (high - low) * corners
    arrow = edge - RateNetwork(W, E0)(edge)
    turns = np.diff(np.unwrap(np.arctan2(arrow[:, 1], arrow[:, 0]))[[0, -1]])[0] / (2 * np.pi)
    assert turns == pytest.approx(1)


def test_thm_brouwer_needs_bounded_rates():
    """Without a refractory period r grows for ever, and a strong loop has no fixed point."""
    tireless = LIF(tau_ref=0.0)
    E = np.concatenate([np.linspace(-100, 1000, 100_001), np.geomspace(1000, 1e9, 1000)])
    assert (8 + 500 * firing_rate(E, tireless) > E).all()
    path = orbit(RateNetwork([[500.0]], 8.0, tireless), np.array([8.0]), 40)
    assert path[-1][0] > 1e9


def test_thm_brouwer_needs_a_continuous_rate():
    """A neuron that jumps from 0 to 0.1/ms at 0 mV and inhibits itself has no steady state."""
    net = RateNetwork([[-50.0]], 2.0, rate=lambda E: np.where(E >= 0, 0.1, 0.0))
    E = np.linspace(-10, 10, 20_001)[:, None]
    assert np.abs(net(E) - E).min() > 1.9
    assert len({float(x[0]) for x in orbit(net, np.array([0.0]), 50)[10:]}) == 2


# --- thm-monotone -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(seed=seeds, n=st.integers(1, 8), total=st.floats(1, 2000), E0=st.floats(-5, 15))
@settings(max_examples=20, deadline=None)
def test_thm_monotone(seed, n, total, E0):
    """Iterates rise from below and fall from above, and every other orbit ends between them."""
    rng = np.random.default_rng(seed)
    net = RateNetwork(rng.random((n, n)) * total / n, E0)
    up = np.array(orbit(net, net.E0, 300))
    down = np.array(orbit(net, net.E0 + net.W.sum(axis=1) / 2, 300))
    assert (np.diff(up, axis=0) >= -1e-10).all()
    assert (np.diff(down, axis=0) <= 1e-10).all()
    assert (up <= down + 1e-10).all()
    other = np.array(orbit(net, rng.uniform(-100, 1000, (6, n)), 300))
    assert (other[1:] >= up[:-1, None] - 1e-9).all()
    assert (other[1:] <= down[:-1, None] + 1e-9).all()
    least, greatest = extremal_fixed_points(net)
    assert (up[-1] <= least.E + 1e-7).all()
    assert (down[-1] >= greatest.E - 1e-7).all()
    x, h = rng.uniform(-20, 60, n), rng.uniform(0, 20, n)
    assert (net(x + h) >= net(x) - 1e-12).all()


def test_thm_monotone_finds_three_where_there_are_three(golden):
    for item in golden["scalar_fixed_points"]["items"]:
        if item["gain"] > 0:
            roots = np.sort(np.array(item["roots"], dtype=float))
            least, greatest = extremal_fixed_points(RateNetwork([[item["gain"]]], item["E0"]))
            assert least.E[0] == pytest.approx(roots[0], abs=1e-7)
            assert greatest.E[0] == pytest.approx(roots[-1], abs=1e-7)


def test_thm_monotone_needs_excitation():
    """A neuron that inhibits itself: the iteration from below jumps over the fixed point, for ever."""
    path = np.array(orbit(RateNetwork([[-600.0]], 8.0), np.array([8.0]), 200))[:, 0]
    assert np.diff(path).min() < -1
    assert np.diff(path)[-1] * np.diff(path)[-2] < -1


def test_thm_monotone_needs_an_increasing_rate():
    """With a rate that falls, W >= 0 does not keep the order."""
    net = RateNetwork([[3.0]], 0.0, rate=lambda E: 1 / (1 + np.exp(E)))
    assert net([1.0])[0] < net([0.0])[0]
    assert np.diff(np.array(orbit(net, net.E0, 3))[:, 0]).min() < 0


def test_thm_monotone_needs_a_continuous_rate():
    """From below the iterates rise to 1, which is not fixed: r jumps there."""
    rate = lambda E: np.where(E < 1, (1 + E) / 2, 2.0)  # noqa: E731 - a rate in one line reads best
    net = RateNetwork([[1.0]], 0.0, rate=lambda E: np.clip(rate(E), 0, 2))
    path = np.array(orbit(net, np.array([0.0]), 40))[:, 0]
    assert (np.diff(path) >= 0).all()
    assert path[-1] == pytest.approx(1, abs=1e-9)
    assert net([1.0])[0] == 2.0


def test_thm_monotone_needs_a_bounded_rate():
    """Without a bound the iterates rise for ever."""
    path = np.array(orbit(RateNetwork([[500.0]], 8.0, LIF(tau_ref=0.0)), np.array([8.0]), 30))[:, 0]
    assert (np.diff(path) > 0).all()
    assert path[-1] > 1e6
