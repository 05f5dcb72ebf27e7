"""The short way to a known fixed point: the same runs as in full, whatever becomes of them."""

import numpy as np
import pytest

import netmod.fixed_points.near as near
from netmod import LIF, RateNetwork, RateTable, dale_signs, erdos_renyi
from netmod.fixed_points.iteration import STATUS, iterate_columns
from netmod.fixed_points.starts import random_starts

TABLE = RateTable(LIF(), -400.0, 400.0, tol=1e-12)
STARTS = 12
DIFFERENT = LIF(tau=np.linspace(18, 22, 40), sigma=np.linspace(3, 4, 40))


def both(A, gains, E0=8.0, *, signs=1.0, neuron=None, rate=TABLE, seed=1, **options):
    """Return the runs of every strength from several starts, in full and by the short way."""
    net = RateNetwork(A * signs, E0, neuron or LIF())
    begin = random_starts(net, gains, STARTS, np.random.default_rng(seed))
    columns = np.repeat(gains, STARTS)
    return [iterate_columns(net, columns, begin, rate=rate, family=family, **options) for family in (1, STARTS)]


def same(full, short):
    """Check status, count of steps, end, residual and error of every run."""
    np.testing.assert_array_equal(short.status, full.status)
    np.testing.assert_array_equal(short.period, full.period)
    np.testing.assert_allclose(short.iterations, full.iterations, atol=1)
    assert (short.iterations != full.iterations).mean() < 0.005
    settled = full.status == 0
    np.testing.assert_allclose(short.E[settled], full.E[settled], atol=1e-9)
    alike = settled & (short.iterations == full.iterations)
    np.testing.assert_allclose(short.residual[alike], full.residual[alike], rtol=0.02, atol=2e-13)
    np.testing.assert_allclose(short.error[alike], full.error[alike], rtol=0.05, atol=1e-12)


@pytest.mark.parametrize("n", [40, 100])
@pytest.mark.parametrize("kind", ["excitatory", "mixed"])
def test_runs_that_settle(n, kind):
    A = erdos_renyi(n, 0.2, rng=2)
    signs = 1.0 if kind == "excitatory" else dale_signs(n)
    full, short = both(A, np.linspace(0, 190 / (0.2 * n), 20), signs=signs)
    assert (full.status == 0).all()
    same(full, short)
    assert (short.E != full.E).any()  # it was not walked in full


@pytest.mark.parametrize("seed", [2, 3, 10])
def test_runs_that_do_not_settle_are_walked_in_full(seed):
    """Strong inhibition: long, rotating ways to a fixed point, cycles and chaos. A long count may move a little."""
    A = erdos_renyi(60, 0.2, rng=seed)
    full, short = both(A, np.linspace(10, 200, 12), signs=dale_signs(60), max_iter=2000)
    assert len(np.unique(full.status)) >= 2
    np.testing.assert_array_equal(short.status, full.status)
    np.testing.assert_allclose(short.iterations, full.iterations, rtol=0.1, atol=1)
    assert (np.abs(short.iterations - full.iterations) > 1).mean() < 0.03
    settled = full.status == 0
    np.testing.assert_allclose(short.E[settled], full.E[settled], atol=1e-7)


def test_of_several_fixed_points_each_run_ends_at_its_own():
    full, short = both(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([350.0, 400.0, 450.0]), 0.0, rate=TABLE)
    ends = {tuple(E.round(3)) for E in full.E}
    assert len(ends) > 3
    same(full, short)


def test_neurons_that_differ():
    rate = RateTable(DIFFERENT, -100.0, 200.0, tol=1e-12)
    assert rate.lines() is not None
    full, short = both(erdos_renyi(40, 0.2, rng=2), np.linspace(0, 20, 20), neuron=DIFFERENT, rate=rate)
    same(full, short)


@pytest.mark.parametrize("change", [{"_ROOM": 1e-3}, {"_GOOD": 0.0}, {"REACH": 0.0}])
def test_where_the_short_way_is_not_open_runs_are_walked_in_full(change, monkeypatch):
    """A room that every run leaves; a polynomial that is never good enough; a reach that nobody comes within."""
    for name, value in change.items():
        monkeypatch.setattr(near, name, value)
    full, short = both(erdos_renyi(40, 0.2, rng=2), np.linspace(0, 20, 20))
    for field in ("E", "status", "iterations", "residual"):
        np.testing.assert_allclose(getattr(short, field), getattr(full, field), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("most", [0, 1, 20, 64, 66])
def test_the_longest_run_is_as_long(most):
    A = erdos_renyi(40, 0.2, rng=2)
    full, short = both(A, np.linspace(20, 24, 10), max_iter=most)
    same(full, short)
    if most == 20:
        assert set(np.unique(full.status)) == {STATUS.index("max_iter")}


def test_a_run_that_never_gives_up_and_a_tolerance_below_rounding():
    A = erdos_renyi(40, 0.2, rng=2)
    same(*both(A, np.linspace(0, 24, 10), patience=None))
    full, short = both(A, np.linspace(0, 20, 10), tol=1e-15)
    np.testing.assert_array_equal(short.status, full.status)
    np.testing.assert_allclose(short.E, full.E, atol=1e-11)


def test_the_table_of_straight_lines_is_good_to_1e_7_and_none_where_it_were_large():
    E = np.random.default_rng(0).uniform(-100, 200, (50, 40)).astype(np.float32)
    for neuron in (LIF(), DIFFERENT):
        table = RateTable(neuron, -101.0, 201.0, tol=1e-12)
        out = np.empty_like(E)
        table.lines()(E, out)
        np.testing.assert_allclose(out, table(E.astype(float)), atol=3e-7)
    assert RateTable(LIF(), -3000.0, 3000.0).lines() is None
