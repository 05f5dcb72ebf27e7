"""The parts of the searches for fixed points: starts, what counts as the same point, Krawczyk's test, sandwiches."""

import importlib

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import KnownRate, RateNetwork, extremal_fixed_points, find_fixed_points, firing_rate, newton
from netmod.contraction.intervals import Certain
from netmod.contraction.proofs import image
from netmod.fixed_points import extremal, search, starts
from netmod.fixed_points.search import Notebook, other_starts
from netmod.fixed_points.solution import FixedPoint
from tests.fixed_points.test_fixed_points import Tanh

exhaustive = importlib.import_module("netmod.fixed_points.exhaustive")
SIGMOID = KnownRate(
    np.tanh, slope=lambda E: 1 / np.cosh(E) ** 2, low=-1.0, high=1.0, max_slope=1.0, max_curvature=0.8
)
W = np.array([[0.0, 1.5, -0.5], [-2.0, 0.3, 0.0], [0.7, 0.0, 1.1]])
NET = RateNetwork(W, [0.3, -0.2, 0.5], rate=SIGMOID)
G = 1e-3


def point(E, converged=True):
    """A result as a solver returns it."""
    E = np.atleast_2d(np.asarray(E, float))
    status = np.full(len(E), "converged" if converged else "max_iter")
    zero = np.zeros(len(E))
    return FixedPoint(E, zero, status, zero, zero, zero, zero)


# --- starts


@pytest.mark.parametrize("n", [1, 3, 40])
def test_the_other_starts_are_corners_shares_and_single_neurons(n):
    rng = np.random.default_rng(0)
    A = rng.random((n, n)) * np.where(np.arange(n) % 2, -1, 1)
    net = RateNetwork(20 * A, 8.0)
    low, high = net.box()
    found = other_starts(net, np.zeros((0, n)), np.random.default_rng(5))
    single = min(n, 16)
    assert found.shape == (3 + 8 + 8 + 2 * single, n)
    np.testing.assert_allclose(found[:3], [net.E0, low, high])
    part = (found[3:] - low) / (high - low)
    levels = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9])
    rng = np.random.default_rng(5)
    np.testing.assert_allclose(part[:8], rng.random((8, n)) < levels[:, None], atol=1e-12)
    np.testing.assert_allclose(part[8:16], levels[:, None] * rng.random((8, n)), atol=1e-12)
    chosen = np.round(np.linspace(0, n - 1, single)).astype(int)
    np.testing.assert_allclose(part[16 : 16 + single], np.eye(n)[chosen], atol=1e-12)
    np.testing.assert_allclose(part[16 + single :], 1 - np.eye(n)[chosen], atol=1e-12)


def test_where_a_box_has_no_end_that_of_the_random_starts_takes_its_place():
    net = RateNetwork([[1.0]], 8.0, rate=KnownRate(np.exp, low=0.0))
    found = other_starts(net, np.array([[3.0], [50.0]]), np.random.default_rng(0))
    np.testing.assert_allclose(found[1:3, 0], [8.0, 50.0])
    lower = RateNetwork([[-1.0]], 8.0, rate=KnownRate(np.exp, low=0.0))
    found = other_starts(lower, np.array([[3.0], [5.0]]), np.random.default_rng(0))
    np.testing.assert_allclose(found[1:3, 0], [3.0, 8.0])


def test_rates_are_looked_at_up_to_each_reach():
    """Rates that rise for ever: the least and the greatest seen are those at the ends of the reach."""
    net = RateNetwork([[1.0, 0.0], [0.0, 1.0]], [8.0, -3.0], rate=lambda E: E**3)
    seen = starts._seen(net)
    assert len(seen) == 4
    for (low, high), reach in zip(seen, (10.0, 100.0, 1000.0, 10_000.0), strict=True):
        np.testing.assert_allclose(low, np.maximum((net.E0 - reach) ** 3, -1e9), rtol=1e-9)
        np.testing.assert_allclose(high, np.minimum((net.E0 + reach) ** 3, 1e9), rtol=1e-9)
    fine = starts._seen(RateNetwork([[1.0]], 8.0, rate=lambda E: -np.abs(E - 8.0)))
    np.testing.assert_allclose([high for _, high in fine], np.zeros((4, 1)))  # E0 itself is looked at
    peak = starts._seen(RateNetwork([[1.0]], 0.0, rate=lambda E: (np.abs(E - 0.25) < 0.02).astype(float)))
    assert all(high == 1 for _, high in peak)  # and its neighbourhood finely
    rough = starts._seen(RateNetwork([[1.0]], 0.0, rate=lambda E: np.where(np.abs(E) > 5, np.nan, E)))
    assert all(4 < high <= 5 for _, high in rough)


def test_starts_take_the_reaches_in_turn_and_stay_within_a_kilovolt_of_kilovolts():
    net = RateNetwork([[1.0]], 8.0, rate=lambda E: E)
    E = starts.random_starts(net, [1.0, 2.0], 4000, np.random.default_rng(0)).reshape(2, 1000, 4) - 8.0
    for k, reach in enumerate((10.0, 100.0, 1000.0, 10_000.0)):
        for g in (1, 2):
            assert E[g - 1, :, k].min() == pytest.approx(g * (8 - reach), abs=0.04 * reach)
            assert E[g - 1, :, k].max() == pytest.approx(g * (8 + reach), abs=0.04 * reach)
    steep = RateNetwork([[1.0]], 8.0, rate=lambda E: 1e9 * np.sign(E))
    E = starts.random_starts(steep, 1.0, 4000, np.random.default_rng(0)) - 8.0
    assert E.min() == pytest.approx(-1e6, rel=0.02)
    assert E.max() == pytest.approx(1e6, rel=0.02)


# --- the notebook


@pytest.mark.parametrize(("size", "scale"), [(0.0, 1.0), (500.0, 1.0), (1e6, 1000.0)])
def test_points_within_atol_or_that_part_of_a_volt_are_close(size, scale):
    book = Notebook(NET, 1e-6)
    a = np.array([size, 0.0, 0.0])
    for part, close in ((0.99, True), (1.01, False)):
        b = a + np.array([0.0, part * 1e-6 * scale, 0.0])
        assert book.close(a, b) == close


def test_far_points_are_never_the_same_and_near_ones_if_rounding_hides_the_difference(monkeypatch):
    asked = []
    monkeypatch.setattr(search, "_indistinct", lambda net, a, b: asked.append(1) or True)
    book = Notebook(NET, 1e-6)
    for size, scale in ((0.0, 1.0), (1e5, 100.0)):
        a = np.array([size, 0.0, 0.0])
        assert book.same(a, a + np.array([0, 0.99e-2 * scale, 0]))
        assert not book.same(a, a + np.array([0, 1.01e-2 * scale, 0]))
    assert len(asked) == 2


def test_a_state_that_is_no_fixed_point_is_no_finding():
    net = RateNetwork([[0.0]], 5.0, rate=Tanh())  # F(E) = 5, whatever E
    for away, found in ((0.9e-6, 1), (5.2e-6, 0)):
        book = Notebook(net, 1e-4)
        assert book.add("newton", point([[5 + away]])) == found
    near = RateNetwork([[0.0]], 0.5, rate=Tanh())
    for away, found in ((0.9e-6, 1), (1.1e-6, 0)):
        assert Notebook(near, 1e-4).add("newton", point([[0.5 + away]])) == found
    far = RateNetwork([[0.0]], 1e6, rate=Tanh())
    for away, found in ((0.9, 1), (1.1, 0)):
        book = Notebook(far, 1e-6)
        assert book.add("newton", point([[1e6 + away]])) == found
    assert Notebook(net, 1e-4).add("newton", point([[5.0]], converged=False)) == 0


def test_who_found_a_point_is_noted_once():
    net = RateNetwork([[0.0]], 5.0, rate=Tanh())
    book = Notebook(net, 1e-4)
    assert book.add("iteration", point([[5.0], [5.0 + 1e-7]])) == 1
    assert book.add("newton", point([[5.0]])) == 0
    assert book.add("newton", point([[5.0]])) == 0
    assert book.found_by == [["iteration", "newton"]]
    np.testing.assert_allclose(book.points, [[5.0]])


@pytest.mark.parametrize(("close", "same", "new"), [(True, False, 0), (False, True, 0), (False, False, 1)])
def test_either_way_of_being_the_same_is_enough(monkeypatch, close, same, new):
    book = Notebook(RateNetwork([[0.0]], 5.0, rate=Tanh()), 1e-4)
    book.add("iteration", point([[5.0]]))
    monkeypatch.setattr(book, "close", lambda a, b: close)
    monkeypatch.setattr(book, "same", lambda a, b: same)
    assert book.add("newton", point([[5.0]])) == new


def test_branches_lead_to_points_that_do_not_hang_together_with_strength_0():
    """Of a rate that rises and falls: two points high up are joined with each other at a fold, below strength 1."""
    net = RateNetwork([[100.0]], 0.0, rate=lambda E: 0.5 * np.exp(-((np.asarray(E) - 20.0) ** 2) / 8))
    book = Notebook(net, 1e-6)
    book.add("newton", newton(net, [22.0]))
    book.follow()
    assert len(book.points) == 3
    assert sum("continuation" in methods for methods in book.found_by) == 3
    low, high = sorted(float(E[0]) for E in book.points)[::2]
    assert low < 1 < 10 < high


def test_points_are_polished_where_that_leads_nowhere_else():
    exact = newton(NET).E
    book = Notebook(NET, 1e-6)
    near = book.polish((exact + 1e-7)[None])[0]
    np.testing.assert_allclose(near, exact, atol=1e-14)
    far = exact + 0.3
    np.testing.assert_array_equal(book.polish(far[None])[0], far)  # the step would be longer than 10⁴ atol


@pytest.mark.parametrize(("E0", "points", "missing"), [(0.0, [[0.0]], True), (0.0, [[0.0], [1.0], [-1.0]], False)])
def test_indices_of_bounded_rates_add_up_to_one(E0, points, missing):
    net = RateNetwork([[3.0]], E0, rate=SIGMOID)
    book = Notebook(net, 1e-6)
    for E in points:
        book.add("newton", newton(net, E))
    assert [book.index(E) for E in book.points] == [-1, 1, 1][: len(points)]
    assert book.missing() == missing
    unbounded = Notebook(RateNetwork([[3.0]], E0, rate=np.tanh), 1e-6)
    unbounded.add("newton", newton(unbounded.net, [0.0]))
    assert not unbounded.missing()


@pytest.mark.slow
def test_deflation_goes_on_until_nothing_new_is_found(monkeypatch):
    """Five independent neurons of three states each have 243 points: rounds stop at the twelfth, and say so."""
    net = RateNetwork(3 * np.eye(5), 0.0, rate=SIGMOID)
    book = Notebook(net, 1e-6)
    book.add("newton", newton(net))
    rounds = []
    real = search.newton

    def counted(net, start, **options):
        if "away_from" in options:
            rounds.append(len(options["away_from"]))
            assert options["max_iter"] == 50
            known = options["away_from"]
            pairs = [(a, b) for i, a in enumerate(known) for b in known[:i]][:24]
            between = [a + t * (b - a) for a, b in pairs for t in (0.05, 0.2, 0.5, 0.8, 0.95)]
            np.testing.assert_allclose(start, np.array([*(known + 1e-3), *between, *begin]), rtol=1e-12)
        return real(net, start, **options)

    monkeypatch.setattr(search, "newton", counted)
    begin = np.random.default_rng(0).uniform(-3, 3, (3, 5))
    book.deflate(begin, np.random.default_rng(1))
    assert len(rounds) == 12
    assert (np.diff(rounds) > 0).all()
    assert book.skipped == ["deflation after 12 rounds, of which the last still found a new point"]


def test_a_stubborn_search_gives_up_after_five_idle_rounds(monkeypatch):
    """Where the indices say that a point is missing it starts afresh, five times; where they do not, it stops."""
    for missing, rounds in ((True, 6), (False, 1)):
        book = Notebook(NET, 1e-6)
        book.add("newton", newton(NET))
        calls = []
        monkeypatch.setattr(book, "missing", lambda missing=missing: missing)
        monkeypatch.setattr(book, "add", lambda *_: 0)
        monkeypatch.setattr(search, "newton", lambda *a, calls=calls, **k: (calls.append(len(k)), newton(*a, **k))[1])
        book.deflate(np.zeros((2, 3)), np.random.default_rng(0))
        monkeypatch.setattr(search, "newton", newton)
        assert sum(k > 0 for k in calls) == rounds
        assert book.skipped == []


def test_points_at_a_cusp_are_one_and_others_are_not():
    """E³ = 0 in disguise: |F(E) − E| is at rounding level over 10⁻⁵ mV and more."""
    cubic = RateNetwork([[1.0]], 1.0, rate=lambda E: np.asarray(E) - 1 - (np.asarray(E) - 1) ** 3)
    assert search._indistinct(cubic, np.array([1 - 2e-6]), np.array([1 + 3e-6]))
    assert not search._indistinct(cubic, np.array([1 - 2e-4]), np.array([1 + 3e-4]))
    line = RateNetwork(
        [[1.0]], 1.0, rate=lambda E: np.asarray(E) - 1 - 1e-3 * (np.asarray(E) - 1) * (np.asarray(E) - 1.001)
    )
    assert not search._indistinct(line, np.array([1.0]), np.array([1.001]))
    assert search._indistinct(line, np.array([1.0]), np.array([1.0]))


# --- the sandwich


def test_the_sandwich_starts_at_the_ends_and_leaps_every_twentieth_step():
    net = RateNetwork([[200.0]], 5.0)
    least, greatest = (extremal._Side(net, np.array([E]), 1e-10) for E in (5.0, 105.0))
    assert (least.iterations, least.done, least.error) == (0, False, np.inf)
    least.step(greatest.E, False)
    np.testing.assert_allclose(least.E, net([5.0]))
    assert least.iterations == 1
    assert least.residual == pytest.approx(float(net([5.0])[0] - 5))
    # a leap: Newton's step with the smaller of the slope and the secant to the other side
    E, b = least.E.copy(), np.array([80.0])
    gap = net(E) - E
    secant = (firing_rate(b) - firing_rate(E)) / (b - E)
    slope = np.minimum(net.slopes(E), secant)
    least.step(b, True)
    np.testing.assert_allclose(least.E - E, gap / (1 - 200 * slope))
    steps = []
    real = extremal._Side.step

    def step(self, bound, jump):
        steps.append(jump)
        return real(self, bound, jump)

    extremal._Side.step = step
    try:
        extremal_fixed_points(RateNetwork([[225.0]], 4.95))
    finally:
        extremal._Side.step = real
    first = steps.index(True)
    assert first in (38, 39)  # the twentieth step of each side, two sides
    assert not any(steps[:38])


def test_a_step_that_would_overshoot_is_not_taken():
    """The inverse must keep the sign of the gap and be no shorter than half of it: all else is rounding."""
    assert extremal._resolvent(np.array([[0.5]]), np.ones(1), np.array([1.0]))[0] == pytest.approx(2)
    assert extremal._resolvent(np.array([[3.0]]), np.ones(1), np.array([1.0])) is None  # −1/2: the other way
    assert extremal._resolvent(np.array([[1.0]]), np.ones(1), np.array([1.0])) is None  # singular
    assert extremal._resolvent(np.array([[-0.9]]), np.ones(1), np.array([1.0]))[0] == pytest.approx(1 / 1.9)
    assert extremal._resolvent(np.array([[-1.1]]), np.ones(1), np.array([1.0])) is None  # less than half


def test_a_large_sparse_resolvent_is_sixty_terms_of_its_series(monkeypatch):
    monkeypatch.setattr(extremal, "_DENSE", 2)
    A = sp.csr_array(np.abs(W) / 4)
    slope, gap = np.array([0.5, 1.0, 0.8]), np.array([1.0, 2.0, 3.0])
    M = np.abs(W) / 4 * slope
    total = sum(np.linalg.matrix_power(M, k) @ gap for k in range(61))
    np.testing.assert_allclose(extremal._resolvent(A, slope, gap), total, rtol=1e-12)
    monkeypatch.setattr(extremal, "_DENSE", 3)
    np.testing.assert_allclose(extremal._resolvent(A, slope, gap), np.linalg.solve(np.eye(3) - M, gap))


def test_a_secant_too_short_to_be_sure_of_is_not_used():
    net = RateNetwork([[200.0]], 5.0)
    side = extremal._Side(net, np.array([8.0]), 1e-10)
    r, gap = net.rates(side.E), np.array([1e-3])
    full = gap / (1 - 200 * net.slopes(side.E))
    np.testing.assert_array_equal(side.accelerated(r, gap, side.E + 0.9e-6), full)
    assert side.accelerated(r, gap, side.E - 1e-3)[0] < full[0]  # a smaller secant, of a convex rate
    np.testing.assert_array_equal(side.accelerated(r, gap, side.E), full)


def test_one_side_may_run_out_of_steps():
    least, greatest = extremal_fixed_points(RateNetwork([[225.0]], 4.95), max_iter=3)
    assert (least.status, least.period, least.iterations) == ("max_iter", 0, 4)
    assert greatest.iterations <= 4
    done, _ = extremal_fixed_points(RateNetwork([[10.0]], 4.95))
    assert (done.status, done.period) == ("converged", 1)
    assert done.error <= 1e-10


# --- Krawczyk


def test_krawczyks_test_adds_up_every_error(monkeypatch):
    monkeypatch.setattr(exhaustive, "gamma", lambda n: G)
    certain = Certain(NET)
    low = np.array([[-1.0, -0.5, 0.0], [0.2, 0.1, 0.3]])
    high = low + np.array([[0.3, 0.2, 0.1], [0.05, 0.4, 0.2]])
    for margin in (0.1, 0.0):
        test = exhaustive._krawczyk(NET, certain, low, high, margin)
        for k in range(2):
            middle, half = (low[k] + high[k]) / 2, (high[k] - low[k]) / 2
            least, most = certain.slopes(low[k], high[k])
            slope = (least + most) / 2
            M = np.eye(3) - W * slope
            C = np.linalg.inv(M)
            aC, aW = np.abs(C), np.abs(W)
            r, dr, _, _ = certain.at(middle)
            f = middle - NET.E0 - W @ r
            error = aW @ dr + G * (np.abs(middle) + np.abs(NET.E0) + aW @ np.abs(r))
            slack = aC @ (error + G * np.abs(f)) * (1 + 4 * G) + 1e-15 * np.abs(middle)
            reach = half * (1 + margin) + 4 * slack + 1e-14 * (1 + np.abs(middle))
            least, most = certain.slopes(middle - reach, middle + reach)
            spread = np.maximum(most - slope, slope - least)
            CW = np.abs(C @ W) + G * aC @ aW
            rest = np.abs(C @ M - np.eye(3)) + G * aC @ np.abs(M) + G * np.eye(3)
            np.testing.assert_allclose(test.middle[k], middle, rtol=1e-12)
            np.testing.assert_allclose(test.centre[k], middle - C @ f, rtol=1e-10, atol=1e-14)
            np.testing.assert_allclose(test.slack[k], slack, rtol=1e-10)
            np.testing.assert_allclose(test.reach[k], reach, rtol=1e-10)
            np.testing.assert_allclose(test.worth[k], (CW * spread * reach).max(axis=0), rtol=1e-10)
            np.testing.assert_allclose(test.radius[k], (CW * spread + rest) @ reach * (1 + 4 * G) + slack, rtol=1e-10)
    lower, upper, inner_low, inner_high = test.ends()
    np.testing.assert_allclose(lower, test.middle - test.reach)
    np.testing.assert_allclose(upper, test.middle + test.reach)
    np.testing.assert_allclose(inner_low, test.centre - test.radius)
    np.testing.assert_allclose(inner_high, test.centre + test.radius)
    cut = test.cut(low, high)
    np.testing.assert_allclose(cut[0], np.maximum(low, inner_low))
    np.testing.assert_allclose(cut[1], np.minimum(high, inner_high))


def test_boxes_are_cut_with_their_images_twice_and_empty_ones_dropped():
    certain = Certain(NET)
    low, high = np.array([[-2.0, -2.0, -2.0], [40.0, 40.0, 40.0]]), np.array([[2.0, 2.0, 2.0], [41.0, 41.0, 41.0]])
    found = exhaustive._propagate(NET, certain, low, high)
    once = image(NET, *certain.rates(low[0], high[0]))
    once = np.maximum(low[0], once[0]), np.minimum(high[0], once[1])
    twice = image(NET, *certain.rates(*once))
    np.testing.assert_allclose(found[0], [np.maximum(once[0], twice[0])])
    np.testing.assert_allclose(found[1], [np.minimum(once[1], twice[1])])


def test_a_box_that_has_not_halved_is_cut_where_it_is_worth_most():
    low, high = np.zeros((3, 2)), np.array([[1.0, 2.0], [1.0, 1.0], [0.5, 2.0]])
    before = np.array([[1.0, 4.1], [1.9, 1.0], [1.0, 2.0]])
    worth = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 1.0]])
    new_low, new_high = exhaustive._halve(low, high, before, worth)
    # the first shrank from 4.1 to 2 along its axis 1, the third from 1 to a half along axis 0: only the second is cut
    np.testing.assert_allclose(new_low, [[0, 0], [0, 0], [0, 0], [0.4871, 0]])
    np.testing.assert_allclose(new_high, [[1, 2], [0.4871, 1], [0.5, 2], [1, 1]])


@pytest.mark.parametrize(
    ("second", "points", "doubt"),
    [
        ([0.0, 2.0, 0.9, 1.1], 1, ""),  # the same point in two overlapping boxes
        ([5.0, 6.0, 5.4, 5.6], 2, ""),
        ([1.05, 2.0, 1.05, 1.2], 2, "two fixed points are too close to be told apart"),
    ],
)
def test_a_point_that_two_boxes_hold_is_counted_once(monkeypatch, second, points, doubt):
    monkeypatch.setattr(exhaustive, "_POLISH", 0)
    proved = [tuple(np.array([x]) for x in (0.0, 2.0, 0.95, 1.1)), tuple(np.array([x]) for x in second)]
    if doubt:
        proved[0] = tuple(np.array([x]) for x in (0.9, 1.15, 0.95, 1.1))
    middle, radius, told = exhaustive._polish(RateNetwork([[1.0]], 0.0, rate=SIGMOID), None, proved)
    assert told == doubt
    if not doubt:
        assert len(middle) == points
        np.testing.assert_allclose([middle[0], radius[0]], [[1.025], [0.075]])


def test_boxes_that_overlap_along_one_axis_alone_hold_two_points():
    def ends(low, high):
        low, high = np.array(low), np.array(high)
        return low - 0.01, high + 0.01, low, high

    net = RateNetwork(np.zeros((2, 2)), 0.0, rate=SIGMOID)
    exhaustive_polish, rounds = exhaustive._polish, exhaustive._POLISH
    exhaustive._POLISH = 0
    try:
        middle, _, doubt = exhaustive_polish(net, None, [ends([0, 0], [1, 1]), ends([0.5, 3], [1.5, 4])])
    finally:
        exhaustive._POLISH = rounds
    assert (len(middle), doubt) == (2, "")


def test_boxes_are_polished_until_they_shrink_no_more(monkeypatch):
    margins, real = [], exhaustive._krawczyk

    def krawczyk(*args, margin=0.1):
        margins.append(margin)
        return real(*args, margin=margin)

    monkeypatch.setattr(exhaustive, "_krawczyk", krawczyk)
    net = RateNetwork([[3.0]], 0.0, rate=SIGMOID)
    root = newton(net, [3.0]).E[0]
    proved = [tuple(np.array([x]) for x in (root - 0.1, root + 0.1, root - 0.05, root + 0.06))]
    middle, radius, doubt = exhaustive._polish(net, Certain(net), proved)
    assert doubt == ""
    assert abs(middle[0, 0] - root) <= radius[0, 0] < 1e-8
    assert set(margins) == {0.0}
    assert 3 < len(margins) < 30


def test_the_search_says_how_many_boxes_it_looked_at_and_where_it_gave_up():
    net = RateNetwork([[3.0]], 0.0, rate=SIGMOID)
    whole = exhaustive.exhaustive(net)
    assert (len(whole.points), whole.complete, whole.reason) == (3, True, "")
    enough = exhaustive.exhaustive(net, most=whole.boxes)
    assert enough.complete
    short = exhaustive.exhaustive(net, most=whole.boxes - 1)
    assert not short.complete
    left, looked = (int(word) for word in short.reason.split() if word.isdigit())
    assert short.boxes == looked > whole.boxes - 1
    assert left > 0
    assert exhaustive.exhaustive(RateNetwork(np.zeros((0, 0)), [])).points.shape == (1, 0)
    for rate, doubt in (
        (KnownRate(np.tanh, low=-1.0, high=1.0, max_slope=1.0), "no bound on the curvature of the rate is known"),
        (KnownRate(np.tanh, max_slope=1.0, max_curvature=1.0), "no bounds on the rates are known"),
    ):
        found = exhaustive.exhaustive(RateNetwork([[3.0]], 0.0, rate=rate))
        assert (found.complete, found.reason, found.boxes) == (False, doubt, 0)


def test_the_inverse_of_a_singular_matrix_is_that_of_one_near_by():
    M = np.array([np.eye(2), np.ones((2, 2))])
    C = exhaustive._inverse(M)
    assert np.isfinite(C).all()
    np.testing.assert_allclose(C[0], np.eye(2), atol=1e-8)
    assert 1e7 < np.abs(C[1]).max() < 1e12


# --- the summary


def test_a_set_is_in_order_of_the_mean_with_what_belongs_to_each_point():
    net = RateNetwork([[260.0]], 4.0)
    found = find_fixed_points(net, rng=0)
    assert len(found) == 3
    assert (np.diff(found.points[:, 0]) > 0).all()
    for i, E in enumerate(found.points):
        assert found.spectral_radius[i] == pytest.approx(abs(260 * net.slopes(E)[0]))
        assert found.growth[i] == pytest.approx(260 * net.slopes(E)[0])
        assert found.residual[i] == pytest.approx(abs(net(E) - E)[0], abs=1e-13)
        np.testing.assert_array_equal(found.rates[i], net.rates(E))
    assert found.index.tolist() == [1, -1, 1]
    assert (found.missing, found.skipped, found.proof) == (False, (), "exhaustive search")
