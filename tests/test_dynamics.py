"""RateNetwork: Equation 1 against its definition, its Jacobian against differences, its spectrum against LAPACK."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from netmod import LIF, KnownRate, RateNetwork, RateTable, firing_rate, firing_rate_slope, max_slope

NEURON = LIF(sigma=2.0, tau_ref=3.0)


def random_network(seed, n=12, scale=100.0, density=0.4, **kwargs):
    rng = np.random.default_rng(seed)
    W = scale * rng.standard_normal((n, n)) * (rng.random((n, n)) < density)
    return RateNetwork(W, rng.uniform(0, 12, n), **kwargs)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_one_step_is_equation_1_written_out(seed, n):
    rng = np.random.default_rng(seed)
    W, E0, E = 100 * rng.standard_normal((n, n)), rng.uniform(-5, 15, n), rng.uniform(-20, 40, n)
    expected = [E0[i] + sum(W[i, j] * firing_rate(E[j], NEURON) for j in range(n)) for i in range(n)]
    np.testing.assert_allclose(RateNetwork(W, E0, NEURON)(E), expected, rtol=1e-12, atol=1e-12)


def test_direction_is_from_column_to_row():
    net = RateNetwork([[0.0, 50.0], [0.0, 0.0]], E0=8.0)
    assert net([8.0, 30.0])[0] == 8.0 + 50.0 * firing_rate(30.0)
    assert net([8.0, 30.0])[1] == 8.0


def test_golden_fixed_points_are_fixed(golden):
    for item in golden["small_networks"]:
        net = RateNetwork(item["W"], item["E0"], LIF(**item["params"]))
        for point in item["fixed_points"]:
            E = np.array(point["E"], dtype=float)
            np.testing.assert_allclose(net(E), E, rtol=1e-12)
            np.testing.assert_allclose(net.rates(E), np.array(point["rates"], dtype=float), rtol=1e-12)
            assert net.spectral_radius(E) == pytest.approx(point["jacobian_spectral_radius"], abs=1e-6)
            found = np.sort_complex(np.linalg.eigvals(net.jacobian(E)))
            expected = np.sort_complex([complex(*pair) for pair in point["jacobian_eigs"]])
            np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_stack_of_states_is_mapped_state_by_state(shape, sparse):
    net = random_network(3)
    if sparse:
        net = RateNetwork(sp.csr_array(net.W), net.E0)
    E = np.random.default_rng(0).uniform(0, 20, (*shape, 12))
    out = net(E)
    assert out.shape == E.shape
    assert out.dtype == np.float64
    for index in np.ndindex(shape):
        np.testing.assert_allclose(out[index], net(E[index]), rtol=1e-13)
    rho = net.spectral_radius(E)
    assert np.shape(rho) == shape
    if not sparse:
        assert net.jacobian(E).shape == (*shape, 12, 12)


def test_a_nan_stays_in_its_own_state():
    net = random_network(4)
    E = np.full((3, 12), 8.0)
    E[1, 5] = np.nan
    out = net(E)
    np.testing.assert_array_equal(np.isfinite(out).all(axis=1), [True, False, True])
    np.testing.assert_allclose(out[0], net(np.full(12, 8.0)), rtol=1e-14)
    np.testing.assert_array_equal(np.isnan(net.spectral_radius(E)), [False, True, False])


@pytest.mark.parametrize("rate", [None, RateTable(LIF(), -60.0, 150.0), np.tanh], ids=["exact", "table", "function"])
def test_the_jacobian_is_the_derivative(rate):
    net = random_network(5, rate=rate, scale=50.0 if rate is not np.tanh else 1.0)
    E = np.random.default_rng(1).uniform(-1, 2, 12) if rate is np.tanh else np.linspace(-5, 30, 12)
    h = 1e-4
    differences = [(net(E + h * e) - net(E - h * e)) / (2 * h) for e in np.eye(12)]
    np.testing.assert_allclose(net.jacobian(E), np.transpose(differences), atol=2e-6 if callable(rate) else 1e-8)


def test_a_function_without_slope_gets_one_to_ten_digits():
    net = RateNetwork([[1.0]], 0.0, rate=np.tanh)
    E = np.array([-3.0, 0.0, 0.4, 2.0])
    np.testing.assert_allclose(net.slopes(E), 1 / np.cosh(E) ** 2, atol=1e-10)


def test_a_table_has_its_own_rate_and_slope():
    table = RateTable(NEURON, -60.0, 60.0)
    net = RateNetwork([[0.0]], 8.0, rate=table)
    E = np.linspace(-70, 70, 50)
    np.testing.assert_array_equal(net.rates(E), table(E))
    np.testing.assert_array_equal(net.slopes(E), table.slope(E))
    np.testing.assert_allclose(net.slopes(E), firing_rate_slope(E, NEURON), atol=1e-9)


@pytest.mark.parametrize("n", [5, 400])
def test_sparse_is_dense(n):
    rng = np.random.default_rng(n)
    W = np.where(rng.random((n, n)) < 20 / n, 30.0, 0.0) * np.where(np.arange(n) < 0.8 * n, 1, -4)
    dense, sparse = RateNetwork(W, 8.0), RateNetwork(sp.coo_array(W), 8.0)
    E = rng.uniform(0, 20, n)
    assert sparse.is_sparse
    assert not dense.is_sparse
    np.testing.assert_allclose(sparse(E), dense(E), rtol=1e-12)
    np.testing.assert_allclose(sparse.jacobian(E).toarray(), dense.jacobian(E), rtol=1e-14)
    assert sparse.spectral_radius(E) == pytest.approx(dense.spectral_radius(E), rel=1e-8)
    assert sparse.spectral_radius(E) == sparse.spectral_radius(E)


@pytest.mark.slow
def test_spectral_radius_of_matrices_that_arpack_refuses():
    n = 350
    zero = RateNetwork(sp.csr_array((n, n)), 8.0)
    assert zero.spectral_radius(np.full(n, 8.0)) == 0
    chain = RateNetwork(sp.diags_array(np.full(n - 1, 50.0), offsets=-1), 8.0)
    assert chain.spectral_radius(np.full(n, 8.0)) < 1e-3
    empty = RateNetwork(np.zeros((0, 0)), 8.0)
    assert empty.spectral_radius(np.zeros(0)) == 0
    assert empty(np.zeros((3, 0))).shape == (3, 0)


def test_inputs_are_copied_and_cannot_be_written():
    W, E0, E = np.ones((3, 3)), np.ones(3), np.ones(3)
    net = RateNetwork(W, E0)
    W[0, 0] = E0[0] = 7.0
    assert net.W[0, 0] == net.E0[0] == 1.0
    for array in (net.W, net.E0):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0
    with pytest.raises(AttributeError):
        net.W = W
    net(E)
    net.jacobian(E)
    np.testing.assert_array_equal(E, 1.0)
    S = sp.csr_array(np.ones((3, 3)))
    net = RateNetwork(S, 8.0)
    S.data[:] = 7.0
    assert net.W.sum() == 9.0
    with pytest.raises(ValueError, match="read-only"):
        net.W.data[0] = 5.0


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_the_same_network_and_read_only(copier):
    net = copier(random_network(6, neuron=NEURON))
    E = np.full(12, 9.0)
    np.testing.assert_array_equal(net(E), random_network(6, neuron=NEURON)(E))
    assert not net.W.flags.writeable


def test_scaled_scales_the_matrix_and_nothing_else():
    net = random_network(7, neuron=NEURON, rate=RateTable(NEURON, -50.0, 50.0))
    twice = net.scaled(2.0)
    np.testing.assert_array_equal(twice.W, 2 * net.W)
    np.testing.assert_array_equal(twice.E0, net.E0)
    assert twice.neuron == net.neuron
    assert twice.rate is net.rate
    assert RateNetwork(sp.csr_array(net.W), 8.0).scaled(2.0).W.sum() == pytest.approx(2 * net.W.sum())


def test_whole_numbers_booleans_and_lists_become_floats():
    net = RateNetwork([[True, False], [False, True]], [1, 2])
    assert net.W.dtype == net.E0.dtype == np.float64
    assert net([1, 2]).dtype == np.float64
    assert RateNetwork(np.ones((2, 2), dtype=np.float32), 1).W.dtype == np.float64


def test_repr_is_short():
    assert repr(RateNetwork(np.zeros((2, 2)), 8.0)) == "RateNetwork(n=2, dense W, E0=8)"
    assert (
        repr(RateNetwork(sp.csr_array((2, 2)), [1.0, 2.0], rate=np.tanh))
        == "RateNetwork(n=2, sparse W, E0=…, rate=ufunc)"
    )


@pytest.mark.parametrize(
    ("kwargs", "error", "text"),
    [
        ({"W": np.zeros((2, 3))}, ValueError, "W must be square, .* got shape \\(2, 3\\)"),
        ({"W": np.zeros(4)}, ValueError, "W must be square, one matrix"),
        ({"W": np.zeros((2, 2, 2))}, ValueError, "W must be square, one matrix"),
        ({"W": [[np.nan, 0], [0, 0]]}, ValueError, "W must be finite"),
        ({"W": sp.csr_array([[np.inf, 0], [0, 0]])}, ValueError, "W must be finite"),
        ({"W": np.zeros((2, 2), dtype=complex)}, TypeError, "W must be real numbers"),
        ({"W": sp.csr_array((2, 2), dtype=complex)}, TypeError, "W must be real numbers"),
        ({"W": [["a", "b"], ["c", "d"]]}, TypeError, "W must be real numbers"),
        ({"E0": [1.0, 2.0, 3.0]}, ValueError, "E0 must be a number or have shape \\(2,\\)"),
        ({"E0": np.nan}, ValueError, "E0 must be finite"),
        ({"E0": "8"}, TypeError, "E0 must be real numbers"),
        ({"neuron": "LIF"}, TypeError, "neuron must be a LIF"),
        ({"rate": 3.0}, TypeError, "rate must be None or a function"),
    ],
)
def test_bad_networks_are_refused(kwargs, error, text):
    with pytest.raises(error, match=text):
        RateNetwork(**{"W": np.zeros((2, 2)), "E0": 8.0, **kwargs})


def test_bad_states_are_refused():
    net = RateNetwork(np.zeros((2, 2)), 8.0)
    for call in (net, net.jacobian, net.spectral_radius):
        with pytest.raises(ValueError, match=r"E must have shape \(\.\.\., 2\), got shape \(3,\)"):
            call(np.zeros(3))
        with pytest.raises(ValueError, match="E must have shape"):
            call(8.0)
        with pytest.raises(TypeError, match="E must be real numbers"):
            call(["a", "b"])
    with pytest.raises(ValueError, match="one state"):
        RateNetwork(sp.csr_array((2, 2)), 8.0).jacobian(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="rate must return an array of the shape of E"):
        RateNetwork(np.zeros((2, 2)), 8.0, rate=lambda E: 1.0)([1.0, 2.0])
    with pytest.raises(ValueError, match="g must be finite"):
        net.scaled(np.nan)


# What the network says of its rate: range, box, rounding


KINDS = ["exact", "table", "known", "sparse"]


def values_in_a_box(net, seed=0, states=300):
    E = np.random.default_rng(seed).uniform(-1e4, 1e4, (states, net.n))
    low, high = net.box()
    F = net(np.concatenate([E, np.full((1, net.n), 1e9), np.full((1, net.n), -1e9)]))
    return np.array_equal(F, np.clip(F, low, high))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 9), kind=st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_the_box_holds_every_value_of_the_map(seed, n, kind):
    rate = {
        "table": RateTable(LIF(tau_ref=9.0), -50.0, 100.0, tol=1e-4),
        "known": KnownRate(lambda E: np.arctan(-E), low=-np.pi / 2, high=np.pi / 2),
    }.get(kind)
    net = random_network(seed, n, neuron=NEURON, rate=rate)
    if kind == "sparse":
        net = RateNetwork(sp.csr_array(net.W), net.E0, NEURON)
    assert values_in_a_box(net)
    low, high = net.box()
    alone = np.asarray(abs(net.W).sum(axis=1)).reshape(-1) == 0
    np.testing.assert_array_equal(low[alone], net.E0[alone])
    np.testing.assert_array_equal(high[alone], net.E0[alone])


def test_the_box_is_as_small_as_the_range_allows():
    W = np.array([[0.0, 50.0, -10.0], [0.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    low, high = RateNetwork(W, [8.0, 4.0, 0.0]).box()
    np.testing.assert_allclose(low, [3.0, 4.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(high, [33.0, 4.0, 2.5], atol=1e-12)
    low, high = RateNetwork(W, [8.0, 4.0, 0.0], rate=KnownRate(np.tanh, low=-1.0, high=1.0)).box()
    np.testing.assert_allclose(low, [-52.0, 4.0, -5.0], atol=1e-12)
    np.testing.assert_allclose(high, [68.0, 4.0, 5.0], atol=1e-12)


@pytest.mark.parametrize("matrix", [np.array, sp.csr_array])
def test_the_box_is_infinite_where_the_range_is_and_a_neuron_hears_something(matrix):
    W = matrix([[0.0, 50.0, -10.0], [0.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    low, high = RateNetwork(W, 8.0, rate=np.tanh).box()
    np.testing.assert_array_equal(low, [-np.inf, 8.0, -np.inf])
    np.testing.assert_array_equal(high, [np.inf, 8.0, np.inf])
    low, high = RateNetwork(W, 8.0, LIF(tau_ref=0.0)).box()  # rates of 0 or more: only from where it comes counts
    np.testing.assert_array_equal(low == -np.inf, [True, False, False])
    np.testing.assert_array_equal(high == np.inf, [True, False, True])


@pytest.mark.parametrize("matrix", [np.array, sp.csr_array])
def test_the_range_of_the_input_is_that_of_every_corner(matrix):
    rng = np.random.default_rng(3)
    W = rng.normal(size=(4, 4)) * (rng.random((4, 4)) < 0.7)
    low, high = rng.uniform(-2, 0, 4), rng.uniform(0, 2, 4)
    corners = np.array([[(low, high)[bit >> j & 1][j] for j in range(4)] for bit in range(16)]) @ W.T
    down, up = RateNetwork(matrix(W), 0.0).input_range(low, high)
    np.testing.assert_allclose(down, corners.min(axis=0), atol=1e-14)
    np.testing.assert_allclose(up, corners.max(axis=0), atol=1e-14)
    endless = np.where(np.arange(4) == 2, np.inf, high)
    down, up = RateNetwork(matrix(W), 0.0).input_range(low, endless)
    np.testing.assert_array_equal(np.isinf(up), W[:, 2] > 0)
    np.testing.assert_array_equal(np.isinf(down), W[:, 2] < 0)


def test_rounding_is_what_exact_arithmetic_leaves_at_most():
    from fractions import Fraction

    net = random_network(11, 8, scale=1e4)
    E = np.random.default_rng(0).uniform(0, 20, (5, 8))
    r = net.rates(E)
    for rate, floor in zip(r, net.rounding(E, r), strict=True):
        exact = [
            Fraction(net.E0[i]) + sum(Fraction(w) * Fraction(x) for w, x in zip(net.W[i], rate, strict=True))
            for i in range(8)
        ]
        computed = net.E0 + net.W @ rate
        error = max(abs(float(Fraction(c) - e)) for c, e in zip(computed, exact, strict=True))
        size = np.abs(net.W).sum(axis=1).max() * rate.max() + 20
        assert error <= floor <= 5 * np.finfo(float).eps * size
    assert RateNetwork(np.zeros((0, 0)), 0.0).rounding(np.zeros(0), np.zeros(0)) == 0


def test_neurons_that_differ_have_their_own_ranges_and_fit_the_network():
    neurons = LIF(tau_ref=np.array([2.0, 4.0, 8.0]))
    net = RateNetwork([[0.0, 50.0, -10.0], [0.0, 0.0, 8.0], [5.0, 0.0, 0.0]], 8.0, neurons)
    np.testing.assert_allclose(net.rate_range()[1], [0.5, 0.25, 0.125])
    low, high = net.box()
    np.testing.assert_allclose(low, [8 - 1.25, 8, 8], atol=1e-12)
    np.testing.assert_allclose(high, [8 + 12.5, 9, 10.5], atol=1e-12)
    assert values_in_a_box(net)
    assert net.increasing
    assert net.known.max_slope >= max_slope().slope  # which tau_ref = 2 ms has: the others are less steep
    with pytest.raises(ValueError, match="neuron must describe 2 neurons to fit W, got 3"):
        RateNetwork(np.zeros((2, 2)), 8.0, neurons)


def test_rounding_and_the_box_are_what_their_bounds_say():
    """Four roundings of the largest terms of a sum; outward by 2 (n + 8) roundings where a neuron hears anything."""
    eps = 2.0**-52
    W = np.array([[0.0, 3.0, -5.0], [0.0, 0.0, 0.0], [2.0, -1.0, 0.0]])
    net = RateNetwork(W, [8.0, -9.0, 1e6])
    E, r = np.array([[1.0, -2e3, 3.0], [0.0, 1.0, 5.0]]), np.array([[0.1, 0.5, 0.2], [0.0, 0.0, -0.3]])
    np.testing.assert_allclose(net.rounding(E, r), 4 * eps * np.array([8 * 0.5 + 2e3, 8 * 0.3 + 5]), rtol=1e-12)
    assert net.rounding(E[0], r[0]) == net.rounding(E, r)[0]
    low, high = net.box()
    unit = 2 * 11 * eps
    np.testing.assert_allclose([5.5 - low[0], 999_999.5 - low[2]], unit * np.array([8 + 2.5, 1e6 + 0.5]), rtol=0.05)
    np.testing.assert_allclose([high[0] - 9.5, high[2] - 1_000_001], unit * np.array([8 + 1.5, 1e6 + 1]), rtol=0.05)
    assert low[1] == high[1] == -9  # hears nothing


@pytest.mark.parametrize("limit", [5, 39, 40])
def test_the_largest_eigenvalues_of_a_sparse_network_by_either_way(monkeypatch, limit):
    monkeypatch.setattr("netmod.dynamics._DENSE_EIG", limit)
    calls, eigs = [], scipy.sparse.linalg.eigs
    monkeypatch.setattr(scipy.sparse.linalg, "eigs", lambda *a, **k: (calls.append(k["k"]), eigs(*a, **k))[1])
    A = np.random.default_rng(0).normal(0, 30, (40, 40)) * (np.random.default_rng(1).random((40, 40)) < 0.2)
    net = RateNetwork(scipy.sparse.csr_array(A), 10.0)
    E = np.full(40, 10.0)
    assert net.spectral_radius(E) == pytest.approx(np.abs(np.linalg.eigvals(RateNetwork(A, 10.0).jacobian(E))).max())
    assert calls == ([4] if limit < 40 else [])
    assert RateNetwork(scipy.sparse.csr_array((40, 40)), 10.0).spectral_radius(E) == 0
