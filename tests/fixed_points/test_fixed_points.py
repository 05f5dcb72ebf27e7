"""Solvers against reference values, against each other, and against what must hold for any network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

import netmod
from netmod import (
    LIF,
    KnownRate,
    RateNetwork,
    RateTable,
    certify,
    dale_signs,
    erdos_renyi,
    extremal_fixed_points,
    find_fixed_points,
    iterate,
    newton,
)
from netmod.fixed_points import FixedPoint

SMALL = ["asym3", "chain3 (0->1->2)", "EI4", "E_ring4", "autapse-free all-to-all E3"]


class Tanh:
    """A bounded increasing rate with a slope, for networks whose fixed points are known by hand."""

    def __call__(self, E):
        return np.tanh(E)

    def slope(self, E):
        return 1 / np.cosh(np.clip(E, -300, 300)) ** 2


def small(golden, name):
    item = next(i for i in golden["small_networks"] if i["name"] == name)
    return RateNetwork(item["W"], item["E0"], LIF(**item["params"])), item["fixed_points"]


def er(n=100, g=5.0, E0=8.0, ratio=None, seed=0, **kwargs):
    A = erdos_renyi(n, 0.2, rng=seed).astype(float)
    return RateNetwork(g * A * (1.0 if ratio is None else dale_signs(n, ratio=ratio)), E0, **kwargs)


# --- reference values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_small_networks_have_exactly_the_reference_points(golden, name):
    net, expected = small(golden, name)
    found = find_fixed_points(net, rng=0)
    reference = np.array([[float(x) for x in p["E"]] for p in expected])
    reference = reference[np.argsort(reference.mean(axis=1))]
    np.testing.assert_allclose(found.points, reference, rtol=1e-9)
    np.testing.assert_allclose(
        found.spectral_radius, [p["jacobian_spectral_radius"] for p in expected], rtol=1e-8, atol=1e-12
    )
    for p in expected:
        run = iterate(net)
        assert (run.status == "converged") == p["reached_by_undamped_iteration"]
        np.testing.assert_allclose(run.rate, [float(x) for x in p["rates"]], rtol=1e-9)


@pytest.mark.parametrize("k", range(7))
def test_scalar_fixed_points_including_those_that_repel(golden, k):
    item = golden["scalar_fixed_points"]["items"][k]
    net = RateNetwork([[item["gain"]]], item["E0"])
    found = find_fixed_points(net, rng=0)
    np.testing.assert_allclose(found.points[:, 0], [float(x) for x in item["roots"]], rtol=1e-9)
    np.testing.assert_allclose(found.rates[:, 0], [float(x) for x in item["rates"]], rtol=1e-8)
    np.testing.assert_allclose(found.growth, [float(x) for x in item["slopes"]], rtol=1e-8)
    np.testing.assert_array_equal(found.index, np.sign(1 - np.array(item["slopes"], float)))
    assert ["iteration" in f for f in found.found_by] == item["iteration_converges_to_root"]
    assert found.stable.tolist() == item["iteration_converges_to_root"]


@pytest.mark.slow
def test_the_period_doubling_gain_separates_converged_from_periodic(golden):
    gain = float(golden["period_doubling_scalar_inhibitory"]["items"][0]["gain"])
    below, above = (iterate(RateNetwork([[gain * f]], 8.0), max_iter=20_000) for f in (0.99, 1.01))
    assert (below.status, below.period) == ("converged", 1)
    assert (above.status, above.period) == ("periodic", 2)


@pytest.mark.slow
def test_between_the_folds_there_are_three_points_and_outside_one(golden):
    fold = float(golden["folds"]["items"][2]["gain"])
    counts = [
        len(find_fixed_points(RateNetwork([[g]], 4.0), rng=0)) for g in (245.4, 245.6, fold - 0.01, fold + 0.01)
    ]
    assert counts == [1, 3, 3, 1]


def test_above_the_cusp_there_is_never_more_than_one(golden):
    cusp = golden["folds"]["cusp"]
    for gain in np.linspace(150, 350, 21):
        least, greatest = extremal_fixed_points(RateNetwork([[gain]], float(cusp["E0"]) + 0.01))
        np.testing.assert_allclose(least.E, greatest.E, atol=1e-6)


# --- iterate ----------------------------------------------------------------------------------------------------


def test_a_batch_of_starts_and_strengths_is_its_members():
    net = er(30, 1.0, ratio=4.0)
    g = np.linspace(0, 8, 5)
    start = np.random.default_rng(0).uniform(-10, 30, (3, 1, 30))
    batch = iterate(net, start, strength=g)
    assert batch.E.shape == batch.rate.shape == (3, 5, 30)
    assert batch.status.shape == batch.residual.shape == batch.error.shape == (3, 5)
    assert batch.converged.all()
    for i in range(3):
        for j in range(5):
            alone = iterate(net.scaled(g[j]), start[i, 0])
            np.testing.assert_allclose(batch.E[i, j], alone.E, atol=1e-9)
    np.testing.assert_allclose(batch.E[:, 0], 8.0)


def test_results_of_one_start_are_plain_python():
    run = iterate(er(), spectral_radius=True)
    assert type(run.status) is str
    assert type(run.iterations) is int
    assert type(run.residual) is type(run.error) is float
    assert run.converged is True
    np.testing.assert_allclose(run.spectral_radius, er().spectral_radius(run.E))
    np.testing.assert_array_equal(np.asarray(run), run.E)
    assert "converged" in repr(run)
    assert repr(iterate(er(), np.zeros((4, 100)))) == "FixedPoint(shape=(4,), n=100: 4 converged)"


def test_observed_speed_is_the_spectral_radius():
    net = er(ratio=4.0, g=20.0)
    point = newton(net)
    rho = net.spectral_radius(point.E)
    E, distance = point.E + 1e-3, []
    for _ in range(60):
        E = net(E)
        distance.append(np.linalg.norm(E - point.E))
    slope = np.polyfit(np.arange(15, 45), np.log(distance[15:45]), 1)[0]
    np.testing.assert_allclose(np.exp(slope), rho, rtol=0.03)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(float, (4, 4), elements=st.floats(-400, 400, allow_subnormal=False)),
    st.floats(-5, 15),
    st.sampled_from([1.0, 0.5, 0.2]),
)
def test_what_is_called_converged_is_a_fixed_point(W, E0, damping):
    net = RateNetwork(W, E0)
    run = iterate(net, damping=damping, max_iter=3000)
    np.testing.assert_allclose(run.residual, np.abs(net(run.E) - run.E).max(), atol=1e-11)
    if run.status == "converged":
        assert run.residual <= 1e-10
        exact = newton(net, run.E)
        assert exact.status == "converged"
        assert np.abs(exact.E - run.E).max() <= 20 * run.error + 1e-11
    elif run.status == "periodic":
        E = run.E
        for _ in range(run.period):
            E = (1 - damping) * E + damping * net(E)
        np.testing.assert_allclose(E, run.E, atol=1e-8)
        assert run.period > 1


def test_starts_are_not_changed_and_nan_stays_in_its_start():
    start = np.full((3, 100), 8.0)
    start[1, 5] = np.nan
    before = start.copy()
    run = iterate(er(), start)
    np.testing.assert_array_equal(start, before)
    assert run.status.tolist() == ["converged", "diverged", "converged"]
    assert np.isnan(run.E[1, 5])


def test_table_and_exact_rate_agree():
    table = RateTable(LIF(), -50, 200, tol=1e-12)
    np.testing.assert_allclose(iterate(er(rate=table)).E, iterate(er()).E, atol=1e-8)


def test_empty_and_odd_shapes():
    assert iterate(er(), np.empty((0, 100))).E.shape == (0, 100)
    assert iterate(er(), np.full((2, 3, 100), 8.0)).status.shape == (2, 3)
    assert iterate(RateNetwork(np.empty((0, 0)), 8.0)).status == "converged"


@pytest.mark.parametrize(
    ("error", "name", "call"),
    [
        (TypeError, "net", lambda: iterate(np.eye(2))),
        (ValueError, "start", lambda: iterate(er(), np.zeros(3))),
        (TypeError, "start", lambda: iterate(er(), np.array(["a"] * 100))),
        (ValueError, "damping", lambda: iterate(er(), damping=0.0)),
        (ValueError, "damping", lambda: iterate(er(), damping=1.1)),
        (ValueError, "tol", lambda: iterate(er(), tol=0.0)),
        (ValueError, "max_iter", lambda: iterate(er(), max_iter=-1)),
        (ValueError, "patience", lambda: iterate(er(), patience=1)),
        (ValueError, "strength", lambda: iterate(er(), np.zeros((3, 100)), strength=[1, 2])),
        (ValueError, "strength", lambda: iterate(er(), strength=np.nan)),
        (TypeError, "net", lambda: newton(None)),
        (ValueError, "tol", lambda: newton(er(), tol=-1)),
        (ValueError, "away_from", lambda: newton(er(), away_from=np.zeros(3))),
        (ValueError, "inhibition", lambda: extremal_fixed_points(er(ratio=4.0))),
        (
            ValueError,
            "inhibition",
            lambda: extremal_fixed_points(RateNetwork(sparse.csr_array([[0, -1.0], [1.0, 0]]), 8.0)),
        ),
        (ValueError, "tau_ref", lambda: extremal_fixed_points(RateNetwork([[1.0]], 8.0, LIF(tau_ref=0)))),
        (ValueError, "starts", lambda: find_fixed_points(er(), starts=-1)),
        (TypeError, "starts", lambda: find_fixed_points(er(), starts=2.5)),
    ],
)
def test_bad_input_is_named(error, name, call):
    with pytest.raises(error, match=name):
        call()


# --- newton -----------------------------------------------------------------------------------------------------


def test_newton_reaches_what_the_iteration_cannot_in_few_steps():
    net = er(g=60.0, ratio=4.0, seed=3)
    assert iterate(net).status != "converged"
    points = newton(net, np.random.default_rng(0).uniform(-100, 100, (20, 100)))
    assert points.converged.any()
    for E, residual in zip(points.E[points.converged], points.residual[points.converged], strict=True):
        assert residual < 1e-9
        assert net.spectral_radius(E) > 1
    assert (points.iterations[points.converged] < 150).all()


def test_newton_converges_quadratically():
    net = er(ratio=4.0, g=20.0)
    exact = newton(net).E
    errors = []
    for k in range(1, 4):
        errors.append(np.abs(newton(net, exact + 0.5, max_iter=k).E - exact).max())
    assert errors[0] < 0.05
    assert errors[1] < 5 * errors[0] ** 2
    assert errors[2] < max(5 * errors[1] ** 2, 1e-11)


def test_a_newton_batch_is_its_members():
    net = er(30, 100.0, ratio=4.0)
    start = np.random.default_rng(0).uniform(-100, 300, (2, 10, 30))
    batch = newton(net, start)
    assert batch.E.shape == (2, 10, 30)
    for i, j in [(0, 0), (1, 3), (1, 9)]:
        alone = newton(net, start[i, j])
        assert alone.status == batch.status[i, j]
        np.testing.assert_allclose(alone.E, batch.E[i, j], atol=1e-6)


def test_newton_on_sparse_networks_small_and_large():
    dense = er(ratio=4.0)
    np.testing.assert_allclose(newton(RateNetwork(sparse.csr_array(dense.W), 8.0)).E, newton(dense).E, atol=1e-9)
    W = sparse.random_array((2000, 2000), density=0.01, rng=0, data_sampler=lambda size: np.full(size, 9.0)).tocsr()
    large = RateNetwork(W, 8.0)
    point = newton(large)  # by GMRES
    assert point.status == "converged"
    np.testing.assert_allclose(point.E, iterate(large).E, atol=1e-8)


def test_newton_names_its_failures():
    assert (
        newton(RateNetwork([[1.0]], 0.5, rate=Tanh()), [0.0]).status == "converged"
    )  # by the flow: I - DF is 0 there
    assert newton(er(), max_iter=0).status == "max_iter"
    assert newton(er(), np.full(100, np.nan)).status == "diverged"
    # E = 1 + E^2 has no solution: the residual has its least value, 3/4, at 1/2
    quadratic = RateNetwork([[1.0]], 1.0, rate=lambda E: E**2)
    assert newton(quadratic, [0.3]).status == "stalled"


def test_deflation_drives_newton_to_other_points():
    net = RateNetwork([[3.0]], 0.0, rate=Tanh())  # 0 and two others
    first = newton(net, [2.0])
    others = newton(net, [[2.0], [0.3]], away_from=first.E[None])
    assert others.converged.all()
    assert (np.abs(others.E - first.E) > 0.5).all()


def test_newton_from_a_fixed_point_stays():
    point = newton(er())
    again = newton(er(), point.E)
    assert again.iterations == 0
    np.testing.assert_array_equal(again.E, point.E)


# --- the extremal pair ------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(hnp.arrays(float, (4, 4), elements=st.floats(0, 300, allow_subnormal=False)), st.floats(-2, 8))
def test_every_fixed_point_lies_in_the_sandwich(W, E0):
    net = RateNetwork(W, E0)
    least, greatest = extremal_fixed_points(net)
    assert least.status == greatest.status == "converged"
    for side in (least, greatest):
        np.testing.assert_allclose(net(side.E), side.E, atol=1e-8)
    starts = np.random.default_rng(0).uniform(E0, E0 + 100, (8, 4))
    for result in (iterate(net, starts, max_iter=2000), newton(net, starts)):
        E = result.E[result.converged]
        slack = 1e-6 + 10 * max(least.error, greatest.error)
        assert np.minimum(E - least.E, greatest.E - E).min(initial=0.0) >= -slack


def test_the_pair_is_what_the_plain_iteration_reaches_from_below_and_above():
    net = er(50, 400 / 9.8, E0=0.0, seed=1)
    least, greatest = extremal_fixed_points(net)
    below = iterate(net, net.E0, tol=1e-11)
    above = iterate(net, net.E0 + net.W.sum(1) / 2.0, tol=1e-11)
    np.testing.assert_allclose(least.E, below.E, atol=1e-8)
    np.testing.assert_allclose(greatest.E, above.E, atol=1e-8)
    assert (least.E <= greatest.E).all()
    assert greatest.E.mean() - least.E.mean() > 50


@pytest.mark.parametrize("distance", [-1e-4, -1e-8, 1e-8, 1e-4])
def test_the_least_point_next_to_a_fold(golden, distance):
    item = golden["folds"]["items"][2]
    net = RateNetwork([[float(item["gain"]) * (1 + distance)]], 4.0)
    least, greatest = extremal_fixed_points(net)
    assert least.status == greatest.status == "converged"
    assert least.iterations < 1000
    assert greatest.E[0] > 40
    if distance < 0:
        assert least.E[0] < float(item["E"])
        np.testing.assert_allclose(net(least.E), least.E, atol=1e-12)
    else:
        np.testing.assert_allclose(least.E, greatest.E, atol=1e-6)


def test_the_pair_for_a_rate_of_ones_own_and_for_a_sparse_network():
    known = KnownRate(np.tanh, low=-1.0, high=1.0, increasing=True)
    least, greatest = extremal_fixed_points(RateNetwork([[3.0]], 0.0, rate=known))
    root = newton(RateNetwork([[3.0]], 0.0, rate=Tanh()), [3.0]).E
    np.testing.assert_allclose(greatest.E, root, atol=1e-9)
    np.testing.assert_allclose(least.E, -root, atol=1e-9)
    net = er(50, 400 / 9.8, E0=0.0, seed=1)
    pair = extremal_fixed_points(RateNetwork(sparse.csr_array(net.W), 0.0))
    for a, b in zip(pair, extremal_fixed_points(net), strict=True):
        np.testing.assert_allclose(a.E, b.E, atol=1e-9)


def test_large_sparse_networks_accelerate_by_a_series():
    W = sparse.random_array((1600, 1600), density=0.02, rng=0, data_sampler=lambda size: np.full(size, 9.0)).tocsr()
    net = RateNetwork(W, 4.0)
    least, greatest = extremal_fixed_points(net)
    np.testing.assert_allclose(least.E, iterate(net).E, atol=1e-8)
    np.testing.assert_allclose(net(greatest.E), greatest.E, atol=1e-9)


# --- all of them ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_36_random_starts_miss_is_found():
    net = er(50, 400 / 9.8, E0=0.0, seed=1)
    found = find_fixed_points(net, rng=0)
    assert found.runs.converged.all()
    assert len(np.unique(found.runs.E.mean(-1).round(3))) == 1  # the poster's test says "unique"
    assert len(found) == 3
    assert found.unique is False
    assert found.index.tolist() == [1, -1, 1]
    assert found.stable.tolist() == [True, False, True]
    assert "iteration" not in found.found_by[0]
    assert {"corners", "extremal"} < set(found.found_by[0])
    assert all("continuation" in methods for methods in found.found_by)
    assert not found.missing


@pytest.mark.slow
def test_uniqueness_is_claimed_only_with_a_proof():
    weak = find_fixed_points(er(g=1.0, ratio=4.0), rng=0)
    assert (weak.unique, weak.proof) == (True, "Banach")
    assert certify(er(g=1.0, ratio=4.0), weak.points[0]).unique
    excitatory = find_fixed_points(er(g=50.0), rng=0)
    assert (excitatory.unique, excitatory.proof) == (True, "extremal pair")
    strong = find_fixed_points(er(g=60.0, ratio=4.0, seed=3), rng=0)
    assert strong.unique is not True
    assert strong.proof is None
    assert not strong.complete
    assert any(s.startswith("exhaustive search") for s in strong.skipped)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_indices_add_up_to_one(seed):
    rng = np.random.default_rng(seed)
    net = RateNetwork(rng.normal(0, 500, (6, 6)), 6.0)
    found = find_fixed_points(net, rng=seed)
    assert found.index.sum() == 1
    assert (found.residual < 1e-8).all()
    gaps = np.abs(found.points[:, None] - found.points).max(-1) + np.eye(len(found))
    assert gaps.min() > 1e-6


@pytest.mark.slow
def test_lost_runs_are_kept_and_named():
    found = find_fixed_points(er(40, g=250.0, ratio=4.0), starts=5, rng=0)
    assert found.runs.E.shape == (5, 40)
    assert set(found.runs.status) <= {"wandering", "periodic", "converged", "max_iter"}
    assert (found.runs.status != "converged").any()
    assert len(found) >= 1


@pytest.mark.slow
def test_same_seed_same_result():
    net = er(30, 100.0, ratio=4.0)
    a, b = find_fixed_points(net, rng=7), find_fixed_points(net, rng=7)
    np.testing.assert_array_equal(a.points, b.points)
    assert a.found_by == b.found_by
    assert repr(a) == repr(b)


@pytest.mark.slow
def test_without_a_refractory_period_and_without_starts():
    found = find_fixed_points(RateNetwork([[20.0]], 8.0, LIF(tau_ref=0)), rng=0)
    assert len(found) == 1
    assert find_fixed_points(er(), starts=0).unique is True


def test_public_names():
    for name in ("iterate", "newton", "extremal_fixed_points", "find_fixed_points", "trace_branch"):
        assert getattr(netmod, name) is getattr(netmod.fixed_points, name)
    assert netmod.FixedPoint is FixedPoint
