"""Sweeps: the same answer whoever computes it, every run labelled, failures reported by index and the rest kept."""

import os
import sys
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import netmod.ensemble
from netmod import (
    LIF,
    KnownRate,
    RateNetwork,
    RateTable,
    Sweep,
    connection_matrix,
    dale_signs,
    erdos_renyi,
    firing_rate,
    iterate,
    sweep,
)
from netmod.ensemble import _distinct_points
from netmod.fixed_points.iteration import STATUS
from netmod.fixed_points.starts import random_starts

STRENGTHS = [2.0, 6.0, 12.0]
CALL = {"E0": 8.0, "starts": 5, "rng": 11}


@pytest.fixture(scope="module")
def stack():
    return erdos_renyi(30, 0.2, size=4, rng=10)


@pytest.fixture(scope="module")
def reference(stack):
    return sweep(stack, STRENGTHS, **CALL)


def same(a: Sweep, b: Sweep) -> bool:
    names = [name for name in Sweep.__dataclass_fields__ if name not in ("failures", "problem")]
    return a.failures == b.failures and all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=getattr(a, name).dtype.kind == "f")
        for name in names
    )


def test_shapes_types_and_fixed_points(stack, reference):
    assert reference.E.shape == reference.rate.shape == (4, 3, 30)
    assert reference.status.shape == reference.residual.shape == reference.iterations.shape == (4, 3, 5)
    assert reference.status.dtype == np.int8
    assert (reference.converged == 1).all()
    assert (reference.distinct == 1).all()
    for g, s in zip(STRENGTHS, range(3), strict=True):
        W = connection_matrix(stack, g)
        again = 8.0 + (W @ firing_rate(reference.E[:, s])[..., None])[..., 0]
        np.testing.assert_allclose(reference.E[:, s], again, atol=1e-8)
    np.testing.assert_array_equal(reference.rate, firing_rate(reference.E))


def test_a_table_of_the_rate_gives_the_same_as_the_exact_rate(stack, reference):
    exact = sweep(stack, STRENGTHS, rate=firing_rate, **CALL)
    np.testing.assert_allclose(reference.E, exact.E, atol=5e-9)


def test_signs_act_on_columns(stack):
    signs = dale_signs(30)
    a = sweep(stack, STRENGTHS, signs=signs, **CALL)
    b = sweep(stack * signs, STRENGTHS, **CALL)
    assert same(a, b)
    assert a.E.min() < 8.0


def test_one_network_is_a_stack_of_one(stack, reference):
    one = sweep(stack[0], STRENGTHS, **CALL)
    np.testing.assert_allclose(one.E[0], reference.E[0], atol=1e-10)  # its rate table has another grid


def test_same_seed_same_result_whatever_the_batches(stack, reference, monkeypatch):
    assert same(sweep(stack, STRENGTHS, **CALL), reference)
    monkeypatch.setattr(netmod.ensemble, "BATCH_BYTES", 1)
    assert same(sweep(stack, STRENGTHS, **CALL), reference)
    other = sweep(stack, STRENGTHS, **(CALL | {"rng": 12}))
    assert not np.array_equal(other.iterations, reference.iterations)


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same_result(stack, reference, pool):
    with pool(2) as executor:
        assert same(sweep(stack, STRENGTHS, executor=executor, **CALL), reference)


def threads_of_blas():
    threadpoolctl = pytest.importorskip("threadpoolctl", reason="without threadpoolctl BLAS does as it likes")
    return max(pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas")


def threads_in_a_worker():
    """Return the threads of BLAS in a task of a sweep that another process has asked for, and after it."""
    from threadpoolctl import threadpool_limits

    seen = []
    with threadpool_limits(2, user_api="blas"):
        call = {
            "strengths": np.ones(1),
            "E0": np.full(2, 8.0),
            "signs": np.ones(2),
            "neuron": LIF(),
            "starts": 1,
            "tol": 1e-9,
        }
        call |= {
            "tol": 1e-9,
            "max_iter": 9,
            "process": -1,
            "rate": lambda E: seen.append(threads_of_blas()) or firing_rate(E),
        }
        netmod.ensemble._solve(np.ones((2, 2)), np.random.default_rng(0), None, call)
        return max(seen), threads_of_blas()


def test_a_sweep_keeps_blas_to_one_thread_and_gives_it_back(stack, reference):
    threads_of_blas()
    from threadpoolctl import threadpool_limits

    seen = []

    def rate(E):
        seen.append(threads_of_blas())
        return firing_rate(E)

    known = KnownRate(rate, low=0.0, high=0.5)
    with threadpool_limits(2, user_api="blas"):
        before = threads_of_blas()
        assert before == 2
        assert same(sweep(stack, STRENGTHS, **CALL), reference)
        sweep(stack, STRENGTHS, rate=known, **CALL)
        with ThreadPoolExecutor(3) as executor:
            sweep(stack, STRENGTHS, rate=known, executor=executor, **CALL)
        assert threads_of_blas() == before
        assert seen.count(2) == 2  # the first call of each sweep, by which its problem is known, is outside
        assert set(seen) == {1, 2}
    seen.clear()
    with ProcessPoolExecutor(1) as executor:
        assert executor.submit(threads_in_a_worker).result() == (1, 2)


def test_a_sweep_works_without_threadpoolctl(stack, reference, monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert same(sweep(stack, STRENGTHS, **CALL), reference)


PLAIN = KnownRate(firing_rate, low=0.0, high=0.5)


def fails_on_large_currents(E):
    """A rate function that refuses the currents only the second network can reach."""
    if np.max(E) > 30:
        raise ArithmeticError("too large")
    return firing_rate(E)


def kills_its_process(E):
    """A rate function that ends the process computing it, as a machine lost from a cluster does."""
    if np.max(E) > 30:
        os._exit(1)
    return firing_rate(E)


@pytest.fixture
def one_bad_network(stack):
    return stack * np.array([1.0, 4.0, 1.0, 1.0])[:, None, None] * 0.2


def test_a_network_that_fails_is_reported_by_its_index_and_the_rest_is_kept(one_bad_network):
    good = sweep(one_bad_network, STRENGTHS, rate=PLAIN, **CALL)
    rate = KnownRate(fails_on_large_currents, low=0.0, high=0.5)
    result = sweep(one_bad_network, STRENGTHS, rate=rate, **CALL)
    assert dict(result.failures) == {1: "ArithmeticError: too large"}
    assert np.isnan(result.E[1]).all()
    assert (result.status[1] == -1).all()
    assert (result.distinct[1] == 0).all()
    for i in (0, 2, 3):
        np.testing.assert_array_equal(result.E[i], good.E[i])
    assert "1 failed" in repr(result)
    assert same(sweep(one_bad_network, STRENGTHS, rate=PLAIN, resume=result, **CALL), good)


def test_a_worker_that_dies_is_reported_and_what_is_lost_can_be_resumed(one_bad_network):
    good = sweep(one_bad_network, STRENGTHS, rate=PLAIN, **CALL)
    with ProcessPoolExecutor(1) as executor:
        rate = KnownRate(kills_its_process, low=0.0, high=0.5)
        result = sweep(one_bad_network, STRENGTHS, rate=rate, executor=executor, **CALL)
    assert 1 in result.failures
    assert 0 not in result.failures  # it had finished before the worker died
    np.testing.assert_array_equal(result.E[0], good.E[0])
    assert "Broken" in result.failures[1]
    assert same(sweep(one_bad_network, STRENGTHS, rate=PLAIN, resume=result, **CALL), good)


def test_what_was_done_before_an_interruption_is_kept_and_can_be_resumed(stack, reference, monkeypatch):
    solve, done = netmod.ensemble._solve, []

    def interrupted(*args):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(solve(*args))
        return done[-1]

    monkeypatch.setattr(netmod.ensemble, "_solve", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        sweep(stack, STRENGTHS, **CALL)
    monkeypatch.undo()
    kept = caught.value.sweep
    assert list(kept.failures) == [2, 3]
    np.testing.assert_array_equal(kept.E[:2], reference.E[:2])
    assert same(sweep(stack, STRENGTHS, resume=kept, **CALL), reference)


class RunsOneTask(Executor):
    """An executor that runs the first task it is given and cancels the others, as a cluster that closes does."""

    def __init__(self):
        self.done = 0

    def submit(self, function, /, *args):
        future = Future()
        if self.done == 0:
            future.set_result(function(*args))
        else:
            future.cancel()
            future.set_running_or_notify_cancel()
        self.done += 1
        return future


def test_a_cancelled_task_is_a_failure_like_any_other(stack, reference):
    result = sweep(stack, STRENGTHS, executor=RunsOneTask(), **CALL)
    assert sorted(result.failures) == [1, 2, 3]
    assert "Cancelled" in result.failures[1]
    np.testing.assert_array_equal(result.E[0], reference.E[0])


def test_runs_that_never_settle_are_kept_and_labelled():
    inhibitory = np.array([[-1.0]])
    result = sweep(inhibitory, [100.0, 400.0], E0=8.0, starts=6, rng=1)
    assert (result.count("converged")[0] == [6, 0]).all()
    assert (result.count("periodic")[0] == [0, 6]).all()  # beyond its period doubling at 312.8
    assert result.distinct[0, 1] == 0
    assert np.isnan(result.E[0, 1]).all()
    assert np.isfinite(result.residual).all()


@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_of_two_steady_states_both_are_counted_and_the_one_that_more_starts_reach_is_returned(seed):
    net = RateNetwork([[260.0]], 4.0)  # bistable between 245.5 and 296.1
    result = sweep(np.array([[1.0]]), [260.0], E0=4.0, starts=61, rng=seed)
    assert result.distinct[0, 0] == 2
    stream = np.random.default_rng(seed).spawn(1)[0]
    ends = iterate(net, random_starts(RateNetwork([[1.0]], 4.0), 260.0, 61, stream)).E[:, 0]
    often = np.median(ends)  # of two values in 61: the one that occurs more often
    assert result.E[0, 0, 0] == pytest.approx(often, abs=1e-6)


def test_distinct_points_counts_what_it_merges():
    a, b = np.zeros(3), np.array([0, 0, 2e-6])
    points, counts = _distinct_points(np.array([a, b, a + 5e-7, b, a]))
    assert counts.tolist() == [3, 2]
    np.testing.assert_array_equal(points, [a, b])
    points, counts = _distinct_points(np.empty((0, 3)))
    assert points.shape == (0, 3)
    assert counts.shape == (0,)


def test_saving_and_loading_is_lossless(tmp_path, one_bad_network):
    rate = KnownRate(fails_on_large_currents, low=0.0, high=0.5)
    result = sweep(one_bad_network, STRENGTHS, rate=rate, **CALL)
    result.save(tmp_path / "sweep.data")
    again = Sweep.load(tmp_path / "sweep.data")
    assert same(again, result)
    assert again.problem == result.problem
    assert again.failures.keys() == {1}
    mended = sweep(one_bad_network, STRENGTHS, rate=PLAIN, resume=again, **CALL)  # the same problem, another day
    assert same(mended, sweep(one_bad_network, STRENGTHS, rate=PLAIN, **CALL))


def test_progress_bar_counts_networks(stack, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm.auto warns where there is no notebook widget
        sweep(stack, [2.0], progress=True, **CALL)
    assert "4/4" in capsys.readouterr().err


def test_nothing_is_changed_in_place(stack):
    A, g, signs = stack.astype(float), np.array(STRENGTHS), dale_signs(30)
    before = A.copy(), g.copy(), signs.copy()
    sweep(A, g, signs=signs, **CALL)
    for x, y in zip((A, g, signs), before, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("neuron", [LIF(tau_ref=0.0), LIF(sigma=0.0)], ids=["tau_ref=0", "sigma=0"])
def test_neurons_without_a_table_work(stack, neuron):
    result = sweep(stack, [0.5], neuron=neuron, **CALL)
    assert (result.converged == 1).all()


def test_empty_strengths_and_statuses(stack, reference):
    assert sweep(stack, [], **CALL).E.shape == (4, 0, 30)
    assert sum(int(reference.count(name).sum()) for name in STATUS) == reference.status.size
    with pytest.raises(ValueError, match="status must be one of"):
        reference.count("done")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"A": np.ones((2, 3))}, "A must be square"),
        ({"A": np.ones((2, 2, 3, 3))}, "A must have shape"),
        ({"A": np.full((2, 3, 3), np.nan)}, "A must be finite"),
        ({"strengths": [[1.0]]}, "strengths must be"),
        ({"strengths": [np.inf]}, "strengths must be"),
        ({"E0": [1.0, 2.0]}, "E0 must be"),
        ({"E0": np.nan}, "E0 must be"),
        ({"signs": [1.0]}, "signs must have shape"),
        ({"rate": "abc"}, "rate must be None or a function"),
        ({"rate": (1, 2)}, "rate must be None or a function"),
        ({"resume": "yesterday"}, "resume must be a Sweep"),
        ({"starts": 0}, "starts must be at least 1"),
        ({"neuron": "LIF"}, "neuron must be"),
        ({"tol": 0.0}, "tol must be"),
        ({"max_iter": 0}, "max_iter must be at least 1"),
    ],
)
def test_bad_input_names_the_argument(stack, change, message):
    call = {"A": stack, "strengths": STRENGTHS, **CALL, **change}
    with pytest.raises((ValueError, TypeError), match=message):
        sweep(call.pop("A"), call.pop("strengths"), **call)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("A", "another"),
        ("A", "shorter"),
        ("A", "sparse"),
        ("strengths", [1.0, 2.0, 3.0]),
        ("E0", 8.5),
        ("signs", dale_signs(30)),
        ("neuron", LIF(tau=10.0)),
        ("starts", 6),
        ("rng", 12),
        ("rng", None),
        ("rate", firing_rate),
        ("tol", 1e-9),
        ("max_iter", 9999),
    ],
)
def test_resume_refuses_a_result_of_another_problem(stack, reference, argument, value):
    call = {"A": stack, "strengths": STRENGTHS, **CALL}
    other = {"another": ~stack, "shorter": stack[:2], "sparse": [sp.csr_array(A) for A in stack]}
    call[argument] = other[value] if argument == "A" else value
    with pytest.raises(ValueError, match=f"same call, but that had other values of .*{argument}"):
        sweep(call.pop("A"), call.pop("strengths"), resume=reference, **call)


def test_resume_takes_the_same_problem_however_it_is_written(stack, reference):
    call = CALL | {"E0": np.full(30, 8), "signs": np.ones(30), "neuron": LIF(), "rng": np.random.default_rng(11)}
    assert same(sweep(stack.astype(float), tuple(STRENGTHS), resume=reference, **call), reference)
    call["rng"] = np.random.SeedSequence(11)
    assert same(sweep(stack, STRENGTHS, resume=reference, **call), reference)


def test_resume_tells_own_rates_apart_by_what_they_return(stack):
    call = CALL | {"starts": 2}
    sigmoid = sweep(stack, STRENGTHS, rate=lambda E: 0.1 / (1 + np.exp(-E)), **call)
    sweep(stack, STRENGTHS, rate=lambda E: 0.1 / (1 + np.exp(-E)), resume=sigmoid, **call)
    with pytest.raises(ValueError, match="other values of rate"):
        sweep(stack, STRENGTHS, rate=lambda E: 0.1001 / (1 + np.exp(-E)), resume=sigmoid, **call)
    rate = KnownRate(lambda E: 0.1 / (1 + np.exp(-E)), low=0.0, high=0.1)  # its starts differ
    with pytest.raises(ValueError, match="other values of rate"):
        sweep(stack, STRENGTHS, rate=rate, resume=sigmoid, **call)


def test_results_compare_without_raising(stack, reference):
    assert reference == reference
    assert reference != sweep(stack, STRENGTHS, **CALL)


# Every kind of rate is honoured


class WithSlope:
    """A rate function with a slope."""

    def __call__(self, E):
        return 0.2 / (1 + np.exp(-(E - 8) / 4))

    def slope(self, E):
        return self(E) * (1 - 5 * self(E)) / 4


RATES = {
    "exact": (None, 6.0),
    "exact, neurons that differ": (None, 6.0),
    "table of another neuron": (RateTable(LIF(tau=10.0), -100.0, 300.0), 6.0),
    "plain function": (lambda E: 0.1 * (1 + np.tanh((E - 10) / 5)), 6.0),
    "with slope": (WithSlope(), 6.0),
    "threshold-linear": (lambda E: 0.01 * np.maximum(E, 0.0), 10.0),
    "power law": (lambda E: 1e-4 * np.maximum(E, 0.0) ** 2, 2.0),
    "decreasing": (lambda E: 0.2 / (1 + np.exp((E - 8) / 4)), 4.0),
    "saturating at 5/ms": (lambda E: 2.5 * (1 + np.tanh((E - 20) / 4)), 20.0),
    "negative": (lambda E: 0.1 * np.tanh(E / 5), 6.0),
    "known": (KnownRate(lambda E: 1.5 * (1 + np.tanh((E - 20) / 4)), low=0.0, high=3.0), 20.0),
}


@pytest.mark.parametrize("sign", ["excitatory", "inhibitory", "mixed"])
@pytest.mark.parametrize("kind", RATES)
@pytest.mark.parametrize("neuron", [LIF(), LIF(tau=10.0)], ids=["tau=20", "tau=10"])
def test_a_sweep_honours_its_rate(stack, kind, sign, neuron):
    """E = E0 + g A r(E) holds with the rates that the sweep reports, and they are those of the function given."""
    if kind == "exact, neurons that differ":
        neuron = replace(neuron, v_th=np.linspace(-52.0, -48.0, 30))
    rate, g = RATES[kind]
    signs = {"excitatory": np.ones(30), "inhibitory": -np.ones(30), "mixed": dale_signs(30)}[sign]
    result = sweep(stack, [0.5 * g, g], signs=signs, rate=rate, neuron=neuron, **CALL)
    assert not result.failures
    ok = result.distinct > 0
    assert ok.mean() >= 0.5
    A = stack * signs
    sums = result.strengths[:, None] * np.einsum("kij,ksj->ksi", A, result.rate)
    np.testing.assert_allclose(result.E[ok], 8.0 + sums[ok], atol=1e-8)
    truth = firing_rate(result.E, neuron) if rate is None else rate(result.E)
    np.testing.assert_allclose(result.rate[ok], truth[ok], rtol=1e-12)


def test_a_sweep_reaches_the_far_state_of_a_rate_that_saturates_high():
    """Points at 8, 582 and 2008 mV, the middle one unstable; a box of the neuron's own rates would end at 508."""

    def rate(E):
        return 1 + np.tanh((np.asarray(E) - 600) / 40)

    result = sweep(np.array([[1.0]]), [1000.0], E0=8.0, rate=rate, starts=100, rng=1)
    assert result.distinct[0, 0] == 2
    assert result.converged[0, 0] == 1


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "lil", "dok", "dia", "bsr"])
def test_a_sweep_takes_sparse_networks_one_or_several(stack, reference, form):
    networks = [getattr(sp, f"{form}_array")(A.astype(float)) for A in stack]
    many = sweep(networks, STRENGTHS, **CALL)
    np.testing.assert_allclose(many.E, reference.E, atol=1e-9)
    one = sweep(getattr(sp, f"{form}_matrix")(stack[0].astype(float)), STRENGTHS, **CALL)
    np.testing.assert_allclose(one.E[0], reference.E[0], atol=1e-9)
    generated = sweep(erdos_renyi(30, 0.2, size=3, sparse=True, rng=1), STRENGTHS, signs=dale_signs(30), **CALL)
    assert (generated.converged == 1).all()
