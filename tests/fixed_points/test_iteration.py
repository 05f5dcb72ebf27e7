"""The batch kernel: where runs go, how they end, and that company does not matter."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from netmod import LIF, KnownRate, RateNetwork, RateTable, dale_signs, erdos_renyi, firing_rate
from netmod.fixed_points.iteration import STATUS, iterate_columns
from netmod.fixed_points.starts import random_starts

CONVERGED, PERIODIC, WANDERING, MAX_ITER, DIVERGED = range(5)


def iterated(A, gains, E0, starts, rate, **kwargs):
    """Iterate many columns of one network."""
    return iterate_columns(RateNetwork(A, E0, rate=rate), gains, starts, **kwargs)


TABLE = RateTable(LIF(), -60.0, 300.0, tol=1e-12)


def logistic(E):
    return E * (1 - E)


def one(gain, start, rate, **kwargs):
    return iterated(np.ones((1, 1)), gain, 0.0, np.atleast_2d(start), rate, **kwargs)


def network(n=40, seed=0, ratio=4.0):
    return erdos_renyi(n, 0.2, rng=seed) * dale_signs(n, ratio=ratio)


def test_status_names():
    assert STATUS == ("converged", "periodic", "wandering", "max_iter", "diverged")


def test_is_the_loop_of_the_poster():
    A, g, E0 = network(), 3.0, 8.0
    E = np.full(40, E0)
    steps = 0
    while True:
        F = E0 + g * A @ firing_rate(E)
        if np.abs(F - E).max() < 1e-12:
            break
        E, steps = F, steps + 1
    run = iterated(A, g, E0, np.full((1, 40), E0), firing_rate, tol=1e-12)
    assert run.status[0] == CONVERGED
    assert abs(int(run.iterations[0]) - steps) <= 3
    np.testing.assert_allclose(run.E[0], E, atol=1e-11)
    np.testing.assert_allclose(
        run.residual[0], np.abs(E0 + g * A @ firing_rate(run.E[0]) - run.E[0]).max(), atol=1e-14
    )


@pytest.mark.parametrize(
    ("gain", "period"), [(2.5, 1), (3.02, 2), (3.05, 2), (3.2, 2), (3.5, 4), (3.5546, 8), (3.8319, 3), (3.7389, 5)]
)
def test_periods_of_the_logistic_map(gain, period):
    run = one(gain, [0.3], logistic)
    assert run.status[0] == (CONVERGED if period == 1 else PERIODIC)
    assert run.period[0] == period
    x = run.E[0]
    for _ in range(period):
        x = gain * logistic(x)
    np.testing.assert_allclose(x, run.E[0], atol=1e-9)


@pytest.mark.parametrize("gain", [3.6, 3.7, 3.9, 4.0])
def test_chaos_is_called_wandering_and_early(gain):
    run = one(gain, [0.3], logistic)
    assert run.status[0] == WANDERING
    assert run.iterations[0] < 2000
    assert np.isfinite(run.E).all()
    assert run.period[0] == 0
    assert one(gain, [0.3], logistic, patience=None, max_iter=3000).status[0] == MAX_ITER


def test_an_invariant_curve_is_called_wandering():
    c, s = np.cos(1.0), np.sin(1.0)
    run = iterated(np.array([[c, -s], [s, c]]), 1.2, 0.0, np.array([[0.3, 0.1]]), np.tanh)
    assert run.status[0] == WANDERING


@pytest.mark.slow
def test_a_slow_run_is_not_called_wandering():
    c, s = np.cos(0.3), np.sin(0.3)
    spiral = iterated(np.array([[c, -s], [s, c]]), 0.998, 0.0, np.array([[0.3, 0.1]]), np.tanh, max_iter=20_000)
    assert spiral.status[0] == CONVERGED
    assert spiral.iterations[0] > 5000
    below_flip = one(-0.999, [0.5], np.tanh, max_iter=50_000)
    assert below_flip.status[0] == CONVERGED
    assert np.abs(below_flip.E).max() < 1e-8


@pytest.mark.slow
def test_the_ghost_of_a_fold_is_passed(golden):
    fold = float(golden["folds"]["items"][2]["gain"])  # E0 = 4
    run = iterated(np.ones((1, 1)), fold * (1 + 1e-6), 4.0, np.array([[4.0]]), firing_rate, max_iter=100_000)
    assert run.iterations[0] > 1000  # it lingers where the fixed points have just vanished
    assert run.status[0] == CONVERGED
    assert run.E[0, 0] > 40


@pytest.mark.parametrize("gain", [0.9, 0.99, 0.999, -0.99])
def test_a_small_step_is_not_taken_for_a_small_error(gain):
    run = one(gain, [1.0], np.tanh, tol=1e-8, max_iter=100_000)
    assert run.status[0] == CONVERGED
    assert abs(run.E[0, 0]) <= 3e-8  # the fixed point is 0; a rule on the step would stop at 1e-8 / (1 - gain)
    assert run.error[0] >= 0.9 * abs(run.E[0, 0])
    if gain > 0:
        np.testing.assert_allclose(run.error[0], abs(run.E[0, 0]), rtol=0.1)


def test_leaves_a_fixed_point_that_repels():
    run = one(1.5, [1e-11], np.tanh)
    assert run.status[0] == CONVERGED
    assert run.E[0, 0] > 0.5


def test_stays_at_an_exact_fixed_point():
    run = one(3.0, [0.0], np.tanh)
    assert (run.status[0], run.iterations[0], run.E[0, 0], run.residual[0]) == (CONVERGED, 0, 0.0, 0.0)


def test_divergence_and_nan_stay_with_their_column():
    starts = np.array([[1.0, 1.0], [np.nan, 1.0], [0.0, 0.0], [np.inf, 0.0]])
    run = iterated(np.eye(2) * 2, 1.0, 0.0, starts, lambda E: E)
    assert run.status.tolist() == [DIVERGED, DIVERGED, CONVERGED, DIVERGED]
    assert run.error[2] == 0.0
    assert np.isinf(run.error[[0, 1, 3]]).all()


def test_max_iter_counts_applications():
    run = one(0.999, [1.0], np.tanh, max_iter=7)
    x = np.array([1.0])
    for _ in range(7):
        x = 0.999 * np.tanh(x)
    assert (run.status[0], run.iterations[0]) == (MAX_ITER, 7)
    np.testing.assert_allclose(run.E[0], x, rtol=1e-15)
    np.testing.assert_allclose(run.residual[0], abs(0.999 * np.tanh(x) - x)[0], rtol=1e-12)
    assert one(0.999, [1.0], np.tanh, max_iter=0).E[0, 0] == 1.0


def test_rounding_level_ends_a_run_whose_tolerance_is_out_of_reach():
    c, s = np.cos(1.0), np.sin(1.0)
    A = np.array([[c, -s], [s, c]])
    run = iterated(A, 0.5, 1e6, np.array([[8.0, 3.0]]), lambda E: E, tol=1e-14)
    assert run.status[0] == CONVERGED
    assert run.iterations[0] < 100
    np.testing.assert_allclose(run.E[0], np.linalg.solve(np.eye(2) - 0.5 * A, [1e6, 1e6]), rtol=1e-14)


def test_a_residual_that_rounding_keeps_from_shrinking_is_not_wandering():
    rough = np.random.default_rng(0).normal(0, 2e-11, 4096)  # a rate with errors of this size

    def rate(E):
        return np.tanh(E) + rough[(np.abs(E) * 1e13).astype(np.int64) % 4096]

    c, s = np.cos(1.0), np.sin(1.0)
    run = iterated(np.array([[c, -s], [s, c]]), 0.99, 0.0, np.array([[0.3, 0.1]]), rate)
    assert run.status[0] == CONVERGED
    assert np.abs(run.E).max() < 1e-8


def _same(a, b, where=slice(None)):
    np.testing.assert_array_equal(a.status[where], b.status[where])
    done = a.status == CONVERGED
    np.testing.assert_allclose(a.E[done], b.E[done], atol=1e-9)
    assert (np.abs(a.iterations - b.iterations)[done] <= 1).all()


def test_company_order_and_cuts_do_not_matter():
    A = network()
    gains = np.repeat(np.linspace(0, 20, 50), 30)  # 1,500 columns: more than a block holds
    starts = random_starts(RateNetwork(A, 8.0), np.linspace(0, 20, 50), 30, np.random.default_rng(0))
    whole = iterated(A, gains, 8.0, starts, TABLE)
    assert (whole.status == CONVERGED).all()
    order = np.random.default_rng(1).permutation(len(gains))
    shuffled = iterated(A, gains[order], 8.0, starts[order], TABLE)
    _same(type(whole)(*(getattr(whole, f)[order] for f in whole.__dataclass_fields__)), shuffled)
    for k in (0, 700, 1499):
        alone = iterated(A, gains[k], 8.0, starts[k : k + 1], TABLE)
        np.testing.assert_allclose(alone.E[0], whole.E[k], atol=1e-9)
        assert abs(int(alone.iterations[0]) - int(whole.iterations[k])) <= 1
    again = iterated(A, gains, 8.0, starts, TABLE)
    for f in whole.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(whole, f), getattr(again, f))


def test_every_kind_of_end_keeps_its_place_in_a_full_queue():
    gains = np.tile([2.5, 3.2, 3.9, 3.5, 0.5, 5.0], 400)  # 2,400 columns of the logistic map; gain 5 escapes
    run = iterated(np.ones((1, 1)), gains, 0.0, np.full((2400, 1), 0.3), logistic)
    assert run.status.tolist() == [CONVERGED, PERIODIC, WANDERING, PERIODIC, CONVERGED, DIVERGED] * 400
    assert run.period.tolist() == [1, 2, 0, 4, 1, 0] * 400
    np.testing.assert_allclose(run.E[0::6], 0.6, atol=1e-9)


def test_outside_currents_for_all_or_for_each_neuron():
    A, rng = network(), np.random.default_rng(3)
    starts = rng.uniform(-10, 20, (700, 40))
    for value in (8.0, rng.uniform(6, 10, 40)):
        run = iterated(A, 3.0, value, starts, TABLE)
        assert (run.status == CONVERGED).all()
        np.testing.assert_allclose(value + 3.0 * TABLE(run.E) @ A.T, run.E, atol=1e-9)


def test_sparse_is_dense():
    A, starts = network(), np.random.default_rng(3).uniform(-10, 20, (90, 40))
    for m in (1, 90):
        dense = iterated(A, 3.0, 8.0, starts[:m], TABLE)
        _same(dense, iterated(sparse.csr_array(A), 3.0, 8.0, starts[:m], TABLE))


def test_damping_goes_part_of_the_way():
    run = one(-400.0, [8.0], firing_rate, damping=0.3, max_iter=2)
    x = 8.0
    for _ in range(2):
        x += 0.3 * (-400.0 * firing_rate(x) - x)
    np.testing.assert_allclose(run.E[0, 0], x, rtol=1e-14)
    undamped = iterated(np.ones((1, 1)), -400.0, 8.0, np.array([[8.0]]), firing_rate)
    damped = iterated(np.ones((1, 1)), -400.0, 8.0, np.array([[8.0]]), firing_rate, damping=0.5)
    assert (undamped.status[0], undamped.period[0], damped.status[0]) == (PERIODIC, 2, CONVERGED)


def test_inputs_are_left_alone_and_empty_ones_pass():
    A, starts = network(), np.full((3, 40), 8.0)
    A.flags.writeable = starts.flags.writeable = False
    iterated(A, 3.0, 8.0, starts, TABLE)
    assert (starts == 8.0).all()
    assert iterated(A, np.empty(0), 8.0, np.empty((0, 40)), TABLE).E.shape == (0, 40)
    assert iterated(np.empty((0, 0)), 1.0, 8.0, np.empty((2, 0)), TABLE).status.tolist() == [CONVERGED] * 2


def test_memory_is_the_answer_and_a_few_blocks():
    A = network()
    starts = np.full((20_000, 40), 8.0)
    tracemalloc.start()
    iterated(A, 3.0, 8.0, starts, TABLE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < starts.nbytes + 6e6


@pytest.mark.parametrize("g", [5.0, -5.0])
def test_random_starts_fill_the_box_of_all_fixed_points(g):
    A = network()
    starts = random_starts(RateNetwork(A, 8.0), g, 2000, np.random.default_rng(0))
    up, down = np.maximum(g * A, 0).sum(1) / 2.0, np.minimum(g * A, 0).sum(1) / 2.0
    assert (starts >= 8 + down - 1e-12).all()
    assert (starts <= 8 + up + 1e-12).all()
    z = (starts.mean(0) - 8 - (up + down) / 2) / ((up - down + 1e-300) / np.sqrt(12 * 2000))
    assert np.abs(z[up > down]).max() < 5  # 40 normal deviates: a false alarm in 40,000 seeds


@pytest.mark.parametrize("rate", [None, np.tanh], ids=["known range", "unknown range"])
def test_random_starts_can_be_cut_and_do_not_depend_on_the_format(rate):
    A, gains = network(), np.linspace(1, 5, 7)
    net = RateNetwork(A, 8.0, rate=rate)
    whole = random_starts(net, gains, 3, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    parts = [random_starts(net, gains[s], 3, rng) for s in (slice(0, 2), slice(2, 7))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    sparse_net = RateNetwork(sparse.csr_array(A), 8.0, rate=rate)
    np.testing.assert_array_equal(whole, random_starts(sparse_net, gains, 3, np.random.default_rng(4)))


def test_random_starts_fill_the_box_of_a_rate_whose_range_is_known_and_of_no_other():
    rate = KnownRate(lambda E: 5.0 / (1 + np.exp(-E)), low=0.0, high=5.0)
    E = random_starts(RateNetwork([[50.0]], 8.0, rate=rate), 1.0, 4000, np.random.default_rng(0))
    assert E.min() >= 8.0
    assert 257 < E.max() <= 258.0
    downhill = KnownRate(lambda E: 1 / (1 + np.exp(E)), low=-1.0, high=3.0)
    E = random_starts(
        RateNetwork([[0.0, -2.0], [10.0, 0.0]], 0.0, rate=downhill), 1.0, 4000, np.random.default_rng(0)
    )
    assert (np.abs(E.min(axis=0) - [-6, -10]) < 0.05).all()
    assert (np.abs(E.max(axis=0) - [2, 30]) < 0.05).all()


@pytest.mark.parametrize(
    ("rate", "W", "point"),
    [
        (lambda E: 5 * firing_rate(E) / 0.5, 50.0, 240.0),  # saturates at 5/ms
        (lambda E: 2.0 / (1 + np.exp((20.0 - E) / 2)), 1000.0, 2008.0),  # at 2/ms
        (lambda E: -5.0 / (1 + np.exp(20.0 - E)), -50.0, 258.0),  # rates below 0
    ],
)
def test_random_starts_reach_where_the_points_of_a_plain_function_lie(rate, W, point):
    E = random_starts(RateNetwork([[W]], 8.0, rate=rate), 1.0, 36, np.random.default_rng(0))
    assert E.min() < 20
    assert E.max() > 0.8 * point


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    "rate",
    [
        lambda E: 0.01 * np.maximum(E, 0.0),
        lambda E: 1e-4 * np.maximum(E, 0.0) ** 3,
        np.exp,  # overflows within the reach
        lambda E: np.full(np.shape(E), np.nan),
        firing_rate,
    ],
    ids=["threshold-linear", "power law", "exponential", "NaN", "plain firing_rate"],
)
def test_random_starts_stay_finite_where_no_range_is_known(rate, sign):
    A = network()
    E = random_starts(RateNetwork(sign * A, 8.0, rate=rate), [1.0, -3.0], 8, np.random.default_rng(4))
    assert E.shape == (16, len(A))
    assert (np.abs(E - 8.0) <= 1e6 * (1 + 1e-9)).all()
    assert np.isfinite(random_starts(RateNetwork(A, 8.0, LIF(tau_ref=0)), 2.0, 4, np.random.default_rng(4))).all()


def test_random_starts_stay_where_a_rate_answers():
    def rate(E):
        if np.max(E) > 150:
            raise ValueError("not measured there")
        return firing_rate(E)

    E = random_starts(RateNetwork([[200.0]], 8.0, rate=rate), 1.0, 36, np.random.default_rng(0))
    assert E.max() <= 8 + 200 * firing_rate(108.0)
    with pytest.raises(ZeroDivisionError):
        random_starts(RateNetwork([[200.0]], 8.0, rate=lambda E: 1 / 0), 1.0, 36, np.random.default_rng(0))
