"""Degrees and motif counts: golden graphs, brute force over all pairs of connections, networkx's triadic census."""

from fractions import Fraction
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netmod import edge_statistics, erdos_renyi, in_degrees, motif_counts, out_degrees, sonet, to_networkx

NAMES = ("edges", "reciprocal", "convergent", "divergent", "chain")
KINDS = ("p", "recip", "conv", "div", "chain")

# Number of (reciprocal, convergent, divergent, chain) pairs in each class of three neurons of the triadic census.
# Holland and Leinhardt's names: mutual, asymmetric and null pairs, then Down, Up, Cyclic, Transitive.
CENSUS = {
    "003": (0, 0, 0, 0), "012": (0, 0, 0, 0), "102": (2, 0, 0, 0), "021D": (0, 0, 1, 0), "021U": (0, 1, 0, 0),
    "021C": (0, 0, 0, 1), "111D": (2, 1, 0, 1), "111U": (2, 0, 1, 1), "030T": (0, 1, 1, 1), "030C": (0, 0, 0, 3),
    "201": (4, 1, 1, 2), "120D": (2, 2, 1, 2), "120U": (2, 1, 2, 2), "120C": (2, 1, 1, 3),
    "210": (4, 2, 2, 4), "300": (6, 3, 3, 6),
}  # fmt: skip


def graph(entry):
    A = np.zeros((entry["n"], entry["n"]), dtype=bool)
    for source, target in entry["edges"]:
        A[target, source] = True
    return A


def brute_force(A):
    """Look at every pair of connections."""
    edges = [(int(j), int(i)) for i, j in np.argwhere(A)]  # (source, target)
    counts = dict.fromkeys(NAMES, 0)
    counts["edges"] = len(edges)
    for (a, b), (c, d) in combinations(edges, 2):
        if (a, b) == (d, c):
            counts["reciprocal"] += 1
        elif b == d:
            counts["convergent"] += 1
        elif a == c:
            counts["divergent"] += 1
        elif b == c or d == a:
            counts["chain"] += 1
    return counts


def test_golden_graphs(golden):
    for entry in golden["graphs"]:
        A = graph(entry)
        np.testing.assert_array_equal(in_degrees(A), entry["k_in"])
        np.testing.assert_array_equal(out_degrees(A), entry["k_out"])
        counts, found = motif_counts(A), edge_statistics(A)
        for name, key in zip(NAMES, entry["counts"], strict=True):
            assert getattr(counts, name) == entry["counts"][key], (entry["name"], name)
        assert found.p == pytest.approx(float(Fraction(entry["p_offdiag"])), rel=1e-15)
        for kind, (_, value) in entry["alpha_Zhao"].items():
            assert getattr(found, kind) == pytest.approx(value, rel=1e-14, abs=1e-15), (entry["name"], kind)


def test_identities_of_hu_on_golden_graphs(golden):
    """q_con = Var(k_in)/n², q_div = Var(k_out)/n², q_ch = Cov(k_in, k_out)/n², over all n² places (Hu et al.)."""
    for entry in golden["graphs"]:
        A, n = graph(entry), entry["n"]
        k, l = in_degrees(A), out_degrees(A)  # noqa: E741 - the subject's names
        assert k.var() / n**2 == pytest.approx(entry["q_Hu"]["q_con"][1], abs=1e-15)
        assert l.var() / n**2 == pytest.approx(entry["q_Hu"]["q_div"][1], abs=1e-15)
        assert np.cov(k, l, ddof=0)[0, 1] / n**2 == pytest.approx(entry["q_Hu"]["q_ch"][1], abs=1e-15)


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(bool, st.integers(1, 8).map(lambda n: (n, n))))
def test_counts_are_those_of_brute_force(A):
    A = A & ~np.eye(len(A), dtype=bool)
    assert vars(motif_counts(A)) == brute_force(A)
    assert vars(motif_counts(sp.csr_array(A))) == brute_force(A)


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(bool, st.integers(2, 8).map(lambda n: (n, n))))
def test_symmetries(A):
    """Turning every connection round swaps convergent with divergent; renaming neurons changes nothing."""
    A = A & ~np.eye(len(A), dtype=bool)
    counts, turned = motif_counts(A), motif_counts(A.T)
    assert (counts.convergent, counts.divergent) == (turned.divergent, turned.convergent)
    assert (counts.edges, counts.reciprocal, counts.chain) == (turned.edges, turned.reciprocal, turned.chain)
    order = np.random.default_rng(0).permutation(len(A))
    assert motif_counts(A[order][:, order]) == counts
    k, l = in_degrees(A), out_degrees(A)  # noqa: E741 - the subject's names
    pairs = counts.reciprocal + counts.convergent + counts.divergent + counts.chain
    assert pairs == (np.sum(k * (k - 1)) + np.sum(l * (l - 1))) // 2 + np.sum(k * l) - counts.reciprocal


@pytest.mark.parametrize("p", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("n", [3, 10, 25])
def test_counts_are_those_of_the_triadic_census(n, p):
    A = erdos_renyi(n, p, rng=n)
    census = nx.triadic_census(to_networkx(A))
    twice, conv, div, chain = (sum(census[c] * CENSUS[c][k] for c in CENSUS) for k in range(4))
    counts = motif_counts(A)
    # A mutual pair is in n - 2 groups of three, and the table counts it twice
    assert counts.reciprocal * (n - 2) * 2 == twice
    assert (counts.convergent, counts.divergent, counts.chain) == (conv, div, chain)


def test_stacks_and_sparse_give_what_single_networks_give():
    A = erdos_renyi(12, 0.3, size=(2, 3), rng=1)
    counts, found = motif_counts(A), edge_statistics(A)
    for name in NAMES:
        assert getattr(counts, name).shape == (2, 3)
        assert getattr(counts, name).dtype == np.int64
    for index in np.ndindex(2, 3):
        one, sparse = motif_counts(A[index]), motif_counts(sp.coo_array(A[index]))
        assert one == sparse
        assert all(isinstance(value, int) for value in vars(one).values())
        for name in NAMES:
            assert getattr(counts, name)[index] == getattr(one, name)
        for kind in KINDS:
            assert getattr(found, kind)[index] == getattr(edge_statistics(A[index]), kind)
        np.testing.assert_array_equal(in_degrees(A)[index], in_degrees(sp.csc_array(A[index])))
        np.testing.assert_array_equal(out_degrees(A)[index], out_degrees(sp.csc_array(A[index])))
    assert in_degrees(A).dtype == np.int64
    assert in_degrees(A).shape == (2, 3, 12)
    empty = motif_counts(A[:0, 0])
    assert empty.edges.shape == (0,)


def test_weights_count_as_one_connection():
    A = erdos_renyi(12, 0.3, rng=1)
    W = A * np.random.default_rng(1).normal(size=(12, 12))
    assert motif_counts(W) == motif_counts(A)
    assert motif_counts(A.astype(np.uint8)) == motif_counts(A.astype(np.float32)) == motif_counts(A)
    stored_zeros = sp.csr_array((np.r_[np.ones(2), 0.0], ([0, 1, 2], [1, 2, 0])), shape=(3, 3))
    assert motif_counts(stored_zeros) == motif_counts(stored_zeros.toarray())
    assert stored_zeros.nnz == 3  # the caller's matrix is as it was
    twice = sp.coo_array((np.ones(2), ([0, 0], [1, 1])), shape=(3, 3))
    assert motif_counts(twice).edges == 1


def test_sparse_with_duplicates_is_summed_on_a_copy():
    """The same place stored twice is one connection, or none if the two cancel; the caller's arrays stay."""
    data, indices, indptr = np.array([1.0, 2.0, 1.0, -1.0, 3.0]), np.array([2, 2, 0, 0, 1]), np.array([0, 2, 4, 5])
    A = sp.csr_array((data.copy(), indices.copy(), indptr.copy()), shape=(3, 3))
    dense = A.toarray()
    assert motif_counts(A) == motif_counts(dense)
    assert motif_counts(A).edges == 2
    np.testing.assert_array_equal(in_degrees(A), in_degrees(dense))
    np.testing.assert_array_equal(A.data, data)
    np.testing.assert_array_equal(A.indices, indices)
    np.testing.assert_array_equal(A.indptr, indptr)


def test_large_counts_are_exact():
    """A full network of 3000 neurons: 1.3e10 pairs, more than 32 bits hold."""
    n = 3000
    counts = motif_counts(np.ones((n, n), dtype=bool) ^ np.eye(n, dtype=bool))
    triples = n * (n - 1) * (n - 2)
    assert vars(counts) == {
        "edges": n * (n - 1), "reciprocal": n * (n - 1) // 2, "convergent": triples // 2, "divergent": triples // 2,
        "chain": triples,
    }  # fmt: skip


@pytest.mark.parametrize("n", [1, 2])
def test_smallest_networks(n):
    A = ~np.eye(n, dtype=bool)
    counts, found = motif_counts(A), edge_statistics(A)
    assert (counts.edges, counts.reciprocal) == (n * (n - 1), n - 1)
    assert counts.convergent == counts.divergent == counts.chain == 0
    assert np.isnan([found.conv, found.div, found.chain]).all()
    assert np.isnan(found.recip) if n == 1 else found.recip == 0
    nothing = edge_statistics(np.zeros((5, 5), bool))
    assert nothing.p == 0
    assert np.isnan([nothing.recip, nothing.conv, nothing.div, nothing.chain]).all()


def test_pooling_removes_the_bias_of_single_networks():
    """Pooled, α comes back to 4 standard errors; the mean of single estimates is low by many of its own."""
    alpha, m = 1.0, 2000
    A = sonet(30, 0.1, conv=alpha, div=alpha, chain=0.3, size=m, rng=3)
    pooled, single = edge_statistics(A, pooled=True), edge_statistics(A)
    assert abs(pooled.conv - alpha) < 4 * pooled.stderr.conv
    assert single.conv.mean() < alpha - 5 * single.conv.std() / np.sqrt(m)
    assert single.stderr is None


def test_standard_errors_are_the_spread_over_repetitions():
    """Jackknife against brute force: 200 pools of 50 networks. Their spread is known to 5 %; 25 % is 5 of these."""
    A = sonet(20, 0.2, recip=0.5, conv=0.3, div=0.3, chain=0.1, size=(200, 50), rng=5)
    pools = [edge_statistics(pool, pooled=True) for pool in A]
    for kind in KINDS:
        spread = np.std([getattr(pool, kind) for pool in pools])
        typical = np.sqrt(np.mean([getattr(pool.stderr, kind) ** 2 for pool in pools]))
        assert typical == pytest.approx(spread, rel=0.25), kind


def test_a_pool_of_one_is_that_network():
    A = erdos_renyi(10, 0.3, rng=1)
    one, pool = edge_statistics(A), edge_statistics(A, pooled=True)
    assert one == pool
    assert pool.stderr is None
    assert edge_statistics(A[None], pooled=True) == one


@pytest.mark.parametrize("function", [in_degrees, out_degrees, motif_counts, edge_statistics])
@pytest.mark.parametrize(
    ("A", "error", "match"),
    [
        (np.ones((2, 3)), ValueError, "A must be square"),
        (np.ones(4), ValueError, "A must be square"),
        (1.0, ValueError, "A must be square"),
        ([[0, float("nan")], [0, 0]], ValueError, "NaN"),
        (sp.csr_array([[0, float("nan")], [0, 0]]), ValueError, "NaN"),
        ([[0, 1j], [0, 0]], TypeError, "A must be real numbers"),
    ],
)
def test_bad_input(function, A, error, match):
    with pytest.raises(error, match=match):
        function(A)


def test_self_connections_have_degrees_but_no_motifs():
    assert in_degrees(np.eye(3)).tolist() == [1, 1, 1]
    for A in (np.eye(3), sp.csr_array(np.eye(3)), np.stack([np.zeros((3, 3)), np.eye(3)])):
        with pytest.raises(ValueError, match="no self-connections"):
            motif_counts(A)


def test_short_reprs():
    A = erdos_renyi(10, 0.3, size=4, rng=1)
    assert repr(motif_counts(A)).startswith("MotifCounts(edges: array(4,), ")
    assert repr(edge_statistics(A[0])).startswith("EdgeStatistics(p=0.")


def test_a_list_of_one_sparse_network_is_a_stack_of_one():
    A = sp.csr_array(np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0]]))
    assert in_degrees([A]).tolist() == [[2, 0, 1]]
    assert out_degrees([A]).tolist() == [[1, 1, 1]]
    assert motif_counts([A]).chain.tolist() == [1]
