"""The parts of the batch iteration: the speed it measures, what is sure, and how many rows a block has."""

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import RateNetwork
from netmod.fixed_points import iteration
from netmod.fixed_points.iteration import STATUS, Columns, _Block, _Recent, iterate_columns


def remembered(*rows):
    """What is remembered of runs whose residuals, step by step, are `rows`."""
    recent = _Recent(len(rows))
    for k, residual in enumerate(zip(*rows, strict=True)):
        recent.add(np.array(residual), np.full(len(rows), k))
    return recent


@pytest.mark.parametrize("steps", [1, 2, 15, 16, 17, 40])
def test_the_speed_is_measured_over_the_last_fifteen_steps(steps):
    """One run slows down in the middle, which after fifteen steps is forgotten."""
    factors = np.r_[np.full(10, 0.2), np.full(40, 0.8)]
    slowing = np.cumprod(np.r_[1.0, factors])[: steps + 1]
    steady = 0.9 ** np.arange(steps + 1)
    recent = remembered(slowing, steady)
    lag = min(steps, 15)
    expected = [np.prod(factors[max(0, steps - 15) : steps]) ** (1 / lag), 0.9]
    np.testing.assert_allclose(recent.speed(np.arange(2)), expected)
    residual = np.array([slowing[-1], steady[-1]])
    np.testing.assert_allclose(recent.error(np.arange(2)), residual / (1 - np.array(expected)))
    np.testing.assert_allclose(recent.speed(np.array([1])), 0.9)


@np.errstate(divide="ignore", invalid="ignore")  # as in the iteration itself
def test_a_speed_that_cannot_be_measured():
    first = remembered([0.5], [0.0])
    np.testing.assert_array_equal(first.speed(np.arange(2)), [np.inf, 0.0])
    np.testing.assert_array_equal(first.error(np.arange(2)), [np.inf, 0.0])
    odd = remembered([0.0, 1.0], [0.0, 0.0], [1.0, np.nan], [1.0, 1.0], [1.0, 2.0], [1.0, 0.0])
    np.testing.assert_array_equal(odd.speed(np.arange(6)), [np.inf, 0.0, np.inf, 1.0, 2.0, 0.0])
    np.testing.assert_array_equal(odd.error(np.arange(6)), [np.inf, 0.0, np.inf, np.inf, np.inf, 0.0])


@pytest.mark.parametrize(
    ("columns", "n", "width"),
    [
        (3, 10, 3),
        (5000, 10, 512),
        (5000, 100, 512),
        (5000, 200, 256),
        (5000, 1000, 64),
        (5000, 60_000, 64),
        (5000, 2**17, 32),
        (5000, 2**23, 1),
    ],
)
def test_a_block_is_large_enough_and_fits_the_cache(monkeypatch, columns, n, width):
    class Net:
        is_sparse, W, E0 = True, None, None

    class Out:
        E = np.broadcast_to(0.0, (columns, n))

    shapes = []
    monkeypatch.setattr(np, "zeros", lambda shape: shapes.append(shape))
    block = _Block(Net(), 1.0, np.tanh, Out(), 1.0, 1e-10, 10, 64)
    monkeypatch.undo()
    assert block.width == width
    assert shapes == [(-(-width // 16) * 16, n)] * 3  # whole sixteens of rows


def one(rate, E0=0.0, start=1.0, **options):
    return iterate_columns(RateNetwork([[1.0]], E0, rate=rate), 1.0, [[start]], **options)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_a_run_has_converged_when_its_speed_puts_the_error_below_the_tolerance(q):
    """A linear map of slope q from 1: the residual after k steps is (1 − q) qᵏ, the error qᵏ."""
    run = one(lambda E: q * E, tol=1e-6)
    k = int(run.iterations[0])
    assert q**k <= 1e-6 < q ** (k - 1)
    assert run.status[0] == 0
    assert run.period[0] == 1
    assert run.error[0] == pytest.approx(q**k, rel=1e-6)
    assert run.residual[0] == pytest.approx((1 - q) * q**k, rel=1e-6)
    assert run.E[0, 0] == pytest.approx(q**k, rel=1e-6)


def test_two_steps_at_least_before_a_speed_is_believed():
    """The first step is a long one to very near the fixed point, as an accident would have it."""
    run = one(lambda E: np.where(np.abs(E) > 0.5, 1e-12, 0.999 * E), tol=1e-10)
    assert run.iterations[0] == 2
    at_once = one(lambda E: 0.0 * E, start=0.0)
    assert (at_once.iterations[0], at_once.status[0]) == (0, 0)


@pytest.mark.parametrize("patience", [None, 64])
@pytest.mark.parametrize("max_iter", [0, 1, 63, 64, 65, 200])
def test_no_run_is_longer_than_was_asked(patience, max_iter):
    run = one(lambda E: 0.9999 * E, max_iter=max_iter, patience=patience)
    assert (run.iterations[0], STATUS[run.status[0]]) == (max_iter, "max_iter")
    assert run.E[0, 0] == pytest.approx(0.9999**max_iter)
    assert run.period[0] == 0


def test_a_rate_writes_into_what_it_is_given_if_it_can():
    given = []

    class Rate:
        def __call__(self, E, out=None):
            given.append(out is not None)
            return np.multiply(E, 0.5, out=out)

    assert one(Rate()).status[0] == 0
    assert all(given)
    assert iteration._takes_out(np.tanh)
    assert iteration._takes_out(lambda E, out: None)
    assert not iteration._takes_out(lambda E: None)
    assert not iteration._takes_out(3)


@pytest.mark.parametrize("columns", [1, 9])
def test_a_step_is_the_map_for_every_column(columns):
    W = np.array([[0.0, 1.5, -0.5], [-2.0, 0.3, 0.0], [0.7, 0.0, 1.1]])
    starts, g = np.random.default_rng(0).normal(size=(columns, 3)), np.linspace(0.1, 0.5, columns)
    for form in (np.asarray, sp.csr_array):
        net = RateNetwork(form(W), [0.3, -0.2, 0.5], rate=np.tanh)
        for damping in (1.0, 0.25):
            run = iterate_columns(net, g, starts, max_iter=1, damping=damping)
            F = [RateNetwork(x * W, net.E0, rate=np.tanh)(E) for x, E in zip(g, starts, strict=True)]
            np.testing.assert_allclose(run.E, (1 - damping) * starts + damping * np.array(F), rtol=1e-12)


def test_columns_say_how_they_ended():
    zero = np.zeros(3)
    found = Columns(zero[:, None], zero, zero, zero, np.array([0, 3, 0], np.int8), zero)
    assert repr(found) == "Columns(2 converged, 1 max_iter)"
