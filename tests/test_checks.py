"""The one door for arguments, at its edges: what just goes through, what just does not, and what it says."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import netmod.ensemble
from netmod import LIF, _checks, _matrix, connection_matrix, dale_signs, erdos_renyi, sweep
from netmod.rate.known import what_is_known


@pytest.mark.parametrize(
    ("limits", "good", "bad", "text"),
    [
        ({}, [-1e308, 0, 1e308], [np.inf, -np.inf, np.nan, 10**400, -(10**400)], "finite"),
        ({"low": 0.0}, [0, 5e-324], [-5e-324, -1], "finite and at least 0"),
        ({"low": 0.0, "open_low": True}, [5e-324], [0, -0.0, -1], "finite and above 0"),
        ({"low": 1e-14, "high": 1.0}, [1e-14, 1], [0.9e-14, np.nextafter(1, 2)], r"in \[1e-14, 1\]"),
        ({"low": 0.0, "high": 1.0, "open_low": True}, [1e-9, 1], [0, 1.1], r"in \(0, 1\]"),
        ({"high": 2.0}, [2, -1e300], [2.1, -np.inf], r"in \[-inf, 2\]"),
    ],
)
def test_numbers_in_their_limits(limits, good, bad, text):
    for value in good:
        assert _checks.number("x", value, **limits) == value
    for value in bad:
        with pytest.raises(ValueError, match=f"^x must be {text}, got "):
            _checks.number("x", value, **limits)


def test_whole_numbers_in_their_limits():
    assert _checks.integer("n", 0) == 0
    assert _checks.integer("n", 2**53) == 2**53
    assert _checks.integer("n", np.array(3), low=3) == 3
    for value, low, text in ((-1, 0, "at least 0"), (2, 3, "at least 3"), (2**53 + 1, 0, r"at most 2\*\*53")):
        with pytest.raises(ValueError, match=f"^n must be {text}, got {value}"):
            _checks.integer("n", value, low=low)
    for value in (True, np.True_, 1.0):
        with pytest.raises(TypeError, match=r"^n must be a whole number, got"):
            _checks.integer("n", value)
    with pytest.raises(TypeError, match=r"^x must be a number, got True"):
        _checks.number("x", True)


def test_arrays_and_their_shapes():
    with pytest.raises(ValueError, match=r"^x must be finite, got NaN or infinity"):
        _checks.array("x", [1.0, np.nan])
    assert np.isnan(_checks.array("x", [np.nan], finite=False)).all()
    with pytest.raises(ValueError, match=r"^x must have shape \(3,\), got shape \(2,\)"):
        _checks.vector("x", [1.0, 2.0], 3)
    with pytest.raises(ValueError, match=r"^x must have shape \(m,\), got shape \(1, 2\)"):
        _checks.vector("x", [[1.0, 2.0]])
    assert _checks.vector("x", [], 0).size == 0
    given = np.ones(3)
    own = _checks.per_neuron("x", given, 3)
    own[0] = 7.0  # an array of its own
    assert given[0] == 1
    assert _checks.per_neuron("x", 2, 3).tolist() == [2.0] * 3
    for bad in (np.ones(1), np.ones((1, 3)), np.ones(4)):
        with pytest.raises(ValueError, match=r"^x must be a number or have shape \(3,\)"):
            _checks.per_neuron("x", bad, 3)
    assert _checks.states("x", np.full((2, 3), np.inf), 3).shape == (2, 3)
    for bad in (1.0, np.ones(2), np.ones((3, 2))):
        with pytest.raises(ValueError, match=r"^x must have shape \(\.\.\., 3\)"):
            _checks.states("x", bad, 3)
    assert _checks.together(a=(3, 1), b=(2,)) == (3, 2)
    with pytest.raises(ValueError, match=r"^a and b must fit one another, got shapes \(3,\), \(2,\)"):
        _checks.together(a=(3,), b=(2,))


def test_square_matrices_and_stacks():
    stack = np.ones((4, 2, 2))
    assert _checks.square("A", stack) is stack
    with pytest.raises(ValueError, match=r"^A must be square, one matrix \(n, n\), got shape \(4, 2, 2\)"):
        _checks.square("A", stack, stack=False)
    for bad in (np.ones(4), np.ones((2, 3)), np.ones((2, 2, 3))):
        with pytest.raises(ValueError, match=r"^A must be square, \(n, n\) or a stack \(\.\.\., n, n\), got shape"):
            _checks.square("A", bad)
    assert _checks.square("A", np.ones((2, 2), np.longdouble)).dtype == float
    assert _checks.square("A", np.ones((2, 2), np.float32)).dtype == np.float32
    several = _checks.square("A", [sp.eye_array(2), sp.coo_array(np.ones((2, 2)))])
    assert [one.format for one in several] == ["csr", "csr"]
    with pytest.raises(ValueError, match=r"^A\[1\] must be finite"):
        _checks.square("A", [sp.eye_array(2), sp.csr_array([[np.nan, 0.0], [0.0, 0.0]])])
    with pytest.raises(ValueError, match=r"^A must be a list of sparse matrices of one shape"):
        _checks.square("A", [sp.eye_array(2), sp.eye_array(3)])


def test_what_a_message_shows():
    assert _checks.show("x" * 58) == repr("x" * 58)  # 60 characters with its quotes
    assert _checks.show("x" * 59) == "a value of type str"
    assert _checks.show(np.eye(2)) == "a value of type ndarray"  # more than one line
    assert _checks.show(10**5000) == "a value of type int"


def test_results_are_equal_field_by_field():
    @dataclasses.dataclass
    class Result:
        a: Any
        b: Any

    assert _checks.equal(Result(1, np.ones(2)), Result(1, np.ones(2)))
    assert not _checks.equal(Result(1, np.ones(2)), Result(1, np.ones(3)))
    assert not _checks.equal(Result(1, 2), Result(2, 2))
    assert not _checks.equal(Result(1, 2), "another")


def test_sparse_products_of_any_number_of_states():
    W = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, -3.0], [0.0, 0.0, 4.0]])
    rng = np.random.default_rng(0)
    for shape in ((3,), (5, 3), (2, 4, 3), (0, 3), (2, 0, 3)):
        r = rng.random(shape)
        expected = np.einsum("ij,...j->...i", W, r)
        for form in (np.asarray, sp.csr_array):
            np.testing.assert_allclose(_matrix.product(form(W), r), expected, atol=1e-15)
    for form in (np.asarray, sp.csr_array):
        np.testing.assert_allclose(_matrix.dense(_matrix.scale_columns(form(W), np.arange(3.0))), W * np.arange(3))
        np.testing.assert_allclose(_matrix.row_sums(form(W)), W.sum(axis=1))
    assert _matrix.scale_columns(W, rng.random((4, 3))).shape == (4, 3, 3)
    assert sorted(_matrix.entries(sp.csr_array(W)).tolist()) == [-3, 1, 2, 4]


# --- what a sweep makes of its arguments


@pytest.mark.parametrize(("memory", "sizes"), [(1, [1] * 5), (2 * 8 * 30 * 4, [2, 2, 1]), (2**25, [5])])
def test_a_sweep_goes_in_batches_of_a_bounded_size(monkeypatch, memory, sizes):
    """30 neurons and 4 starts of 8 bytes each: that many strengths at once, and at least one."""
    monkeypatch.setattr(netmod.ensemble, "BATCH_BYTES", memory)
    seen, real = [], netmod.ensemble.iterate_columns
    monkeypatch.setattr(
        netmod.ensemble,
        "iterate_columns",
        lambda net, g, *a, **k: (seen.append(len(g) // 4), real(net, g, *a, **k))[1],
    )
    sweep(erdos_renyi(30, 0.2, rng=1), [1.0, 2.0, 3.0, 4.0, 5.0], E0=8.0, starts=4, rng=1)
    assert seen == sizes


def span(E0=8.0, gains=(1.0, -5.0), signs=None, neuron=None, A=None):
    neuron = LIF() if neuron is None else neuron
    A = erdos_renyi(30, 0.2, rng=1) if A is None else A
    n = A.shape[-1]
    call = {"strengths": np.array(gains), "E0": np.broadcast_to(E0, n), "rate": None}
    call["signs"] = np.ones(n) if signs is None else signs
    return A, netmod.ensemble._table_span([A], call, what_is_known(None, neuron))


def test_a_table_covers_what_the_strongest_network_can_reach():
    signs = dale_signs(30)
    A, (low, high) = span(signs=signs, E0=np.linspace(7, 9, 30))
    reach = 5 * np.abs(connection_matrix(A, 1.0, signs)).sum(axis=1).max() * 0.5
    assert (low, high) == (pytest.approx(7 - reach), pytest.approx(9 + reach))
    _, (low, high) = span(gains=[1e6])
    assert (low, high) == (pytest.approx(10 - 4000), pytest.approx(10 + 4000))  # no farther from threshold
    _, (low, high) = span(gains=[0.0])
    assert (low, high) == (8.0, pytest.approx(8 + 12**0.5))  # but as wide as the noise


def test_kinds_of_neurons_share_the_memory_of_four_tables_or_have_none():
    for kinds, width in ((4, 4000), (5, 3200), (40, 400), (400, 40), (401, None)):
        A = np.ones((kinds, kinds), bool)
        found = span(gains=[1e6], A=A, neuron=LIF(tau=np.linspace(10, 20, kinds)))[1]
        assert found is None if width is None else found == (pytest.approx(10 - width), pytest.approx(10 + width))
    assert span(neuron=LIF(sigma=0.0))[1] is None
    assert span(neuron=LIF(tau_ref=0.0))[1] is None
    assert span(gains=[])[1] is None


@pytest.mark.parametrize("gap", [0.99e-6, 1.01e-6])
def test_points_closer_than_a_millionth_of_a_millivolt_are_one(gap):
    points = np.array([[1.0, 2.0], [1.0, 2.0 + gap]])
    assert len(netmod.ensemble._distinct_points(points)[0]) == (1 if gap < 1e-6 else 2)


def test_the_point_that_most_starts_reach_is_the_one_returned(monkeypatch):
    rare, often = np.full(1, 3.0), np.full(1, 4.0)

    class Runs:
        E = np.array([rare, often, often, rare, often])
        status = np.array([0, 0, 0, 0, 3], np.int8)
        residual, iterations = np.zeros(5), np.zeros(5, int)

    monkeypatch.setattr(netmod.ensemble, "iterate_columns", lambda *a, **k: Runs)
    found = sweep(np.ones((1, 1)), [1.0], E0=8.0, starts=5, rng=1)
    assert found.distinct[0, 0] == 2
    assert found.E[0, 0, 0] == 3.0  # a draw: the one that came first
    Runs.status = np.array([3, 0, 0, 0, 0], np.int8)
    assert sweep(np.ones((1, 1)), [1.0], E0=8.0, starts=5, rng=1).E[0, 0, 0] == 4.0
