"""Random networks against binomial laws, the orthant probabilities of mpmath, the golden ensembles and networkx.

Statistical tests have fixed seeds. Each states its false-alarm rate: the chance, over seeds, that correct code fails.
"""

import re

import mpmath
import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from netmod import (
    connection_matrix,
    dale_signs,
    edge_statistics,
    erdos_renyi,
    from_networkx,
    in_degrees,
    motif_counts,
    out_degrees,
    sonet,
    to_networkx,
)
from netmod.graphs import generators
from netmod.graphs.sonets import correlations, joint_probability, latent_correlation, pair_bounds

KINDS = ("recip", "conv", "div", "chain")


# ---------------------------------------------------------------------------------------------------- Erdős-Rényi


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("n", "p"), [(7, 0.03), (7, 0.2), (7, 0.5), (7, 0.9), (2, 0.3), (40, 0.001)])
def test_each_place_has_the_probability(n, p, sparse):
    """Chi-squared over places, and the total count; false alarms 2e-6 each."""
    m = 3000
    A = erdos_renyi(n, p, size=m, rng=n, sparse=sparse)
    per_place = sum(a.toarray().astype(int) for a in A) if sparse else A.sum(axis=0)
    assert not np.diagonal(per_place).any()
    off = per_place[~np.eye(n, dtype=bool)]
    if m * p > 20:
        chi2 = ((off - m * p) ** 2 / (m * p * (1 - p))).sum()
        low, high = stats.chi2(off.size).ppf([1e-6, 1 - 1e-6])
        assert low < chi2 < high
    low, high = stats.binom(m * off.size, p).ppf([1e-6, 1 - 1e-6])
    assert low <= off.sum() <= high


@pytest.mark.parametrize("sparse", [False, True])
def test_degrees_are_binomial(sparse):
    """Chi-squared of in- and out-degrees against the binomial law; false alarm 1e-6 each."""
    n, p, m = 30, 0.2, 400
    A = erdos_renyi(n, p, size=m, rng=3, sparse=sparse)
    law = stats.binom(n - 1, p)
    for degrees in (in_degrees, out_degrees):
        k = np.concatenate([degrees(a) for a in A])
        edges = np.arange(2, 11)  # bins ..2, 3, …, 10, 11..: each expects more than 100
        seen = np.histogram(k, bins=[-1, *(edges + 0.5), n])[0]
        expected = len(k) * np.diff([0, *law.cdf(edges), 1])
        assert expected.min() > 100
        # Within a network in-degrees are independent, so the law of the statistic is exact enough
        assert ((seen - expected) ** 2 / expected).sum() < stats.chi2(len(seen) - 1).isf(1e-6)


def test_counts_have_their_means_and_variances(golden):
    """Five means and a variance of two ensembles, at 5 standard errors: false alarm below 1e-5 in all."""
    for theory in golden["erdos_renyi_theory"]:
        n, p, m = theory["n"], theory["p"], 1000
        A = erdos_renyi(n, p, size=m, rng=11)
        counts = motif_counts(A)
        names = {"edges": "E_edges", "reciprocal": "E_recip", "convergent": "E_conv", "divergent": "E_div"}
        for name, key in (names | {"chain": "E_chain"}).items():
            sample = getattr(counts, name)
            assert abs(sample.mean() - theory[key]) < 5 * sample.std(ddof=1) / np.sqrt(m), name
        variance = theory["Var_edges"]
        assert abs(counts.edges.var(ddof=1) / variance - 1) < 5 * np.sqrt(2 / m)
        spread = in_degrees(A).var(axis=1, ddof=1)
        assert abs(spread.mean() - theory["E_sample_var_ddof1"]) < 5 * theory["sd_of_sample_var_ddof1"] / np.sqrt(m)
        # 1000 sample variances estimate the spread of a sample variance to about 3 %
        assert spread.std() == pytest.approx(theory["sd_of_sample_var_ddof1"], rel=0.15)


def test_directions_are_independent():
    """A[i, j] and A[j, i], in the dense and the sparse method: correlation 0 to 5 standard errors."""
    for sparse in (False, True):
        A = erdos_renyi(400, 0.3, rng=5, sparse=sparse)
        A = A.toarray() if sparse else A
        i, j = np.triu_indices(400, 1)
        assert abs(np.corrcoef(A[i, j], A[j, i])[0, 1]) < 5 / np.sqrt(i.size)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_p_zero_and_one(n):
    full = ~np.eye(n, dtype=bool)
    for p, expected in [(0, ~np.ones((n, n), bool)), (1, full), (0.0, np.zeros((n, n), bool)), (1.0, full)]:
        for seed in range(3):
            np.testing.assert_array_equal(erdos_renyi(n, p, rng=seed), expected)
            np.testing.assert_array_equal(erdos_renyi(n, p, rng=seed, sparse=True).toarray(), expected)
            np.testing.assert_array_equal(sonet(n, p, rng=seed), expected)


@pytest.mark.parametrize(("size", "lead"), [(None, ()), (0, (0,)), (1, (1,)), (3, (3,)), ((2, 3), (2, 3)), ((), ())])
@pytest.mark.parametrize("draw", [erdos_renyi, sonet])
@pytest.mark.parametrize("n", [1, 2, 6])
def test_shape_and_dtype(draw, size, lead, n):
    A = draw(n, 0.5, size=size, rng=1)
    assert A.shape == (*lead, n, n)
    assert A.dtype == bool
    assert not np.diagonal(A, axis1=-2, axis2=-1).any()


def test_sparse_form():
    A = erdos_renyi(50, 0.1, rng=1, sparse=True)
    assert isinstance(A, sp.csr_array)
    assert A.dtype == bool
    assert A.shape == (50, 50)
    assert A.has_canonical_format
    assert isinstance(erdos_renyi(5, 0.1, size=2, rng=1, sparse=True), list)
    assert erdos_renyi(5, 0.1, size=0, sparse=True) == []


@pytest.mark.parametrize("p", [1e-300, 1e-18, 1e-9])
def test_vanishing_p(p):
    assert erdos_renyi(1000, p, rng=1, sparse=True).nnz <= 1
    assert erdos_renyi(1000, p, rng=1).sum() <= 1


def test_a_million_neurons_fit():
    A = erdos_renyi(1_000_000, 2e-7, rng=1, sparse=True)  # 2e5 connections among 1e12 places
    assert abs(A.nnz - 200_000) < 6 * np.sqrt(200_000)
    assert A.indices.dtype == np.int32
    assert abs(A.indices.mean() / 5e5 - 1) < 0.01


def test_sparse_in_several_blocks():
    """More connections than are drawn at a time."""
    A = erdos_renyi(2000, 0.5, rng=2, sparse=True)
    assert A.nnz > 1 << 20
    assert abs(A.nnz - 1_999_000 / 1) < 5 * np.sqrt(2000 * 1999 / 4)
    k = in_degrees(A)
    assert k.sum() == A.nnz
    assert abs(k.var() / (1999 / 4) - 1) < 5 * np.sqrt(2 / 2000)


DRAWS = {
    "ER": lambda size, rng: erdos_renyi(9, 0.3, size=size, rng=rng),
    "SONET": lambda size, rng: sonet(9, 0.3, recip=0.4, conv=0.2, div=0.3, chain=0.1, size=size, rng=rng),
}


@pytest.mark.parametrize("name", DRAWS)
def test_same_seed_same_result(name):
    draw = DRAWS[name]
    np.testing.assert_array_equal(draw(4, 7), draw(4, 7))
    np.testing.assert_array_equal(draw(4, 7), draw(4, np.random.default_rng(7)))
    np.testing.assert_array_equal(draw(4, 7), draw(4, np.random.SeedSequence(7)))
    assert (draw(4, 7) != draw(4, 8)).any()
    assert (draw(4, None) != draw(4, None)).any()


@pytest.mark.parametrize("name", DRAWS)
def test_result_does_not_depend_on_how_many_at_a_time(name, monkeypatch):
    draw = DRAWS[name]
    together = draw(12, 7)
    rng = np.random.default_rng(7)
    np.testing.assert_array_equal(
        together, np.concatenate([draw(5, rng), draw(1, rng), draw(None, rng)[None], draw(5, rng)])
    )
    np.testing.assert_array_equal(together, draw((3, 4), 7).reshape(12, 9, 9))
    for block in (1, 13, 200, 10**6):
        monkeypatch.setattr(generators, "_BLOCK", block)
        np.testing.assert_array_equal(together, draw(12, 7))


def test_sparse_networks_come_in_the_same_order_however_many():
    rng = np.random.default_rng(7)
    one_by_one = [erdos_renyi(9, 0.3, rng=rng, sparse=True).toarray() for _ in range(4)]
    for a, b in zip(erdos_renyi(9, 0.3, size=4, rng=7, sparse=True), one_by_one, strict=True):
        np.testing.assert_array_equal(a.toarray(), b)


BAD = [
    ({"n": 0}, ValueError, "n must"),
    ({"n": -3}, ValueError, "n must"),
    ({"n": 2.5}, TypeError, "n must"),
    ({"n": True}, TypeError, "n must"),
    ({"p": -0.1}, ValueError, "p must"),
    ({"p": 1.1}, ValueError, "p must"),
    ({"p": float("nan")}, ValueError, "p must"),
    ({"p": "0.1"}, TypeError, "p must"),
    ({"size": -1}, ValueError, "size must"),
    ({"size": 1.5}, TypeError, "size must"),
]


@pytest.mark.parametrize("draw", [erdos_renyi, sonet])
@pytest.mark.parametrize(("kwargs", "error", "match"), BAD)
def test_bad_input(draw, kwargs, error, match):
    with pytest.raises(error, match=match):
        draw(**({"n": 5, "p": 0.2} | kwargs))


def test_bad_input_of_one_kind():
    with pytest.raises(ValueError, match="size must be None or an integer"):
        erdos_renyi(5, 0.2, size=(2, 2), sparse=True)
    for value, error in [(float("nan"), ValueError), (float("inf"), ValueError), ("x", TypeError)]:
        for kind in KINDS:
            with pytest.raises(error, match=f"{kind} must"):
                sonet(5, 0.2, **{kind: value})


# ---------------------------------------------------------------------------------------------------------- SONETs


@pytest.mark.parametrize("p", [1e-4, 0.01, 0.2, 0.5, 0.8, 0.999])
@pytest.mark.parametrize("rho", [-0.99, -0.3, 0.0, 0.05, 0.5, 0.999])
def test_joint_probability_against_mpmath(p, rho):
    """The orthant probability as a one-dimensional integral, done by another library."""
    with mpmath.workdps(30):
        t = mpmath.findroot(lambda x: mpmath.erfc(x / mpmath.sqrt(2)) / 2 - p, float(stats.norm.isf(p)))
        # P(both > t) = p² + ∫_0^ρ exp(-t²/(1 + s)) / (2π sqrt(1 - s²)) ds, with s = sin θ
        integral = mpmath.quad(lambda x: mpmath.exp(-t * t / (1 + mpmath.sin(x))), [0, mpmath.asin(rho)])
        exact = mpmath.mpf(p) ** 2 + integral / (2 * mpmath.pi)
    assert joint_probability(p, rho) == pytest.approx(float(exact), rel=1e-12, abs=1e-15)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.001, 0.999), st.one_of(st.floats(0, 1), st.sampled_from([1e-16, 1e-9, 1 - 1e-9, 1 - 1e-16])))
def test_latent_correlation_inverts_the_joint_probability(p, where):
    low, high = pair_bounds(p)
    alpha = low + where * (high - low)
    rho = latent_correlation(alpha, p)
    assert -1 <= rho <= 1
    # The probability is smooth in the angle: near ρ = ±1 the rounding of ρ itself is a larger step of it
    rounding = 2e-16 / max(np.sqrt(1 - rho**2), 1e-8)
    assert joint_probability(p, rho) == pytest.approx(p * p * (1 + alpha), abs=1e-14 + rounding)


def test_latent_correlations_are_the_golden_ones(golden):
    for theory in golden["sonet_theory"]:
        rho = correlations(theory["p"], **{kind: float(a) for kind, a in theory["alpha"].items()})
        for kind, expected in theory["latent_rho"].items():
            assert getattr(rho, kind) == pytest.approx(expected, abs=1e-13)


def test_counts_are_the_golden_ones(golden):
    """Five counts of three ensembles at 5 standard errors: false alarm below 1e-5 in all."""
    m = 800
    for seed, theory in enumerate(golden["sonet_theory"]):
        A = sonet(theory["n"], theory["p"], **{k: float(a) for k, a in theory["alpha"].items()}, size=m, rng=seed)
        counts = motif_counts(A)
        found = dict(zip(["edges", *KINDS], vars(counts).values(), strict=True))
        for kind, expected in theory["expected_counts"].items():
            standard_error = theory["sd_counts_mc"][kind] / np.sqrt(m)
            assert abs(found[kind].mean() - expected) < 5 * standard_error, kind
        degrees = theory["degree_theory"]
        for k, key in [(in_degrees(A), "E_samplevar_in"), (out_degrees(A), "E_samplevar_out")]:
            spread = k.var(axis=1, ddof=1)
            assert abs(spread.mean() - degrees[key]) < 5 * spread.std() / np.sqrt(m), key


TARGETS = [  # the last three on the edge of the feasible region, each on another side of it
    {"p": 0.2, "recip": 0.0, "conv": 0.3, "div": 0.1, "chain": 0.1},
    {"p": 0.1, "recip": 1.0, "conv": 0.5, "div": 0.3, "chain": -0.2},
    {"p": 0.5, "recip": -0.2, "conv": 0.1, "div": 0.2, "chain": 0.0},
    {"p": 0.2, "recip": "edge", "conv": 0.3, "div": 0.2, "chain": 0.1},
    {"p": 0.2, "recip": 0.3, "conv": 0.2, "div": 0.4, "chain": "edge"},
    {"p": 0.3, "recip": 0.0, "conv": 0.6, "div": "edge", "chain": 0.0},
]


def at_the_edge(target):
    """Replace "edge" by the largest value that is feasible with the others."""
    target = dict(target)
    for kind in ("div", "chain", "recip"):
        if target[kind] == "edge":
            rho = {k: latent_correlation(target[k], target["p"]) for k in KINDS if target[k] != "edge"}
            if kind == "div":
                limit = 1 - rho["conv"]
            elif kind == "chain":
                limit = np.sqrt(rho["conv"] * rho["div"])
            else:
                limit = 2 * rho["chain"] + 1 - rho["conv"] - rho["div"]
            target[kind] = joint_probability(target["p"], limit) / target["p"] ** 2 - 1
            if kind == "div":  # nothing is left for the pair: its two connections correlate by their neurons alone
                target["recip"] = 0.0
    return target


@pytest.mark.parametrize(("n", "m"), [(50, 1000), (100, 500), (400, 60)])
@pytest.mark.parametrize("target", TARGETS, ids=range(len(TARGETS)))
def test_sonet_has_its_alphas(n, m, target):
    """Pooled α within 5 jackknife standard errors of the target: 5 statistics, false alarm about 3e-6 for each."""
    target = at_the_edge(target)
    found = edge_statistics(sonet(n, **target, size=m, rng=n), pooled=True)
    for name, value in target.items():
        error = getattr(found.stderr, name)
        assert abs(getattr(found, name) - value) < 5 * error, name
        # Tight enough to see a wrong α: the bound is not so wide that anything passes
        assert error < 0.05


def test_sonet_pairs_at_the_smallest_sizes():
    """n = 3, where a formula that is right only for large n fails most: each pair at 5 standard errors."""
    target = {"recip": 0.5, "conv": 0.8, "div": 0.4, "chain": 0.3}
    m, p = 200_000, 0.2
    A = sonet(3, p, **target, size=m, rng=4)
    pairs = {
        "recip": A[:, 0, 1] & A[:, 1, 0],
        "conv": A[:, 0, 1] & A[:, 0, 2],  # into 0, from 1 and from 2
        "div": A[:, 1, 0] & A[:, 2, 0],  # out of 0, to 1 and to 2
        "chain": A[:, 1, 0] & A[:, 2, 1],  # from 0 to 1, from 1 to 2
    }
    for kind, both in pairs.items():
        q = p * p * (1 + target[kind])
        assert abs(both.mean() - q) < 5 * np.sqrt(q * (1 - q) / m), kind
    two = sonet(2, p, recip=0.5, size=m, rng=5)
    q = p * p * 1.5
    assert abs((two[:, 0, 1] & two[:, 1, 0]).mean() - q) < 5 * np.sqrt(q * (1 - q) / m)


def test_unrelated_connections_are_independent():
    """Connections that share no neuron, within one network and between two: 5 standard errors."""
    m = 100_000
    A = sonet(4, 0.3, recip=0.5, conv=0.6, div=0.6, chain=0.3, size=m, rng=6)
    for x, y in [(A[:, 0, 1], A[:, 2, 3]), (A[:, 0, 1], A[:, 3, 2]), (A[:-1, 0, 1], A[1:, 0, 1])]:
        assert abs(np.corrcoef(x, y)[0, 1]) < 5 / np.sqrt(m)


def test_sonet_in_degrees_follow_conv_and_out_degrees_div():
    """Direction: convergence is common to the connections of a row, and spreads the row sums."""
    A = sonet(100, 0.2, conv=0.5, size=50, rng=1)
    assert in_degrees(A).var(axis=1).mean() > 5 * out_degrees(A).var(axis=1).mean()
    B = sonet(100, 0.2, div=0.5, size=50, rng=1)
    assert out_degrees(B).var(axis=1).mean() > 5 * in_degrees(B).var(axis=1).mean()


INFEASIBLE = [  # (p, alphas, the one that is named, a piece of the bound)
    (0.2, {"recip": 4.5}, "recip", "1/p - 1"),
    (0.2, {"chain": -1.5}, "chain", "max(0, 2p - 1)"),
    (0.8, {"recip": -0.2}, "recip", "max(0, 2p - 1)"),
    (0.2, {"conv": -0.1}, "conv", "this generator needs c_conv ≥ 0"),
    (0.2, {"div": -0.01}, "div", "this generator needs c_div ≥ 0"),
    (0.2, {"conv": 1.5, "div": 1.6}, "div", "c_conv + c_div ≤ 1"),
    (0.2, {"conv": 0.3, "div": 0.1, "chain": 0.3}, "chain", "c_chain² ≤ c_conv c_div"),
    (0.2, {"conv": 0.3, "div": 0.1, "chain": -0.3}, "chain", "c_chain² ≤ c_conv c_div"),
    (0.2, {"chain": 0.1}, "chain", "c_chain² ≤ c_conv c_div"),
    # the nearest chain is one that recip can live with too
    (0.2, {"conv": 0.3, "div": 0.3, "recip": 2.5, "chain": -0.9}, "chain", "c_chain² ≤ c_conv c_div"),
    (0.2, {"conv": 0.3, "div": 0.3, "recip": -0.9, "chain": 2.0}, "chain", "c_chain² ≤ c_conv c_div"),
    (0.2, {"conv": 1.0, "div": 1.0, "recip": 1.9}, "recip", "|c_recip - 2 c_chain| ≤ 1 - c_conv - c_div"),
    (0.2, {"conv": 1.0, "div": 1.0, "recip": -0.9}, "recip", "|c_recip - 2 c_chain| ≤ 1 - c_conv - c_div"),
]


@pytest.mark.parametrize(("p", "alphas", "name", "bound"), INFEASIBLE)
def test_infeasible_alphas_are_refused_with_the_nearest_feasible_value(p, alphas, name, bound):
    with pytest.raises(ValueError, match=rf"^{name}=.* is not feasible .*nearest {name}=-?[\d.]+$") as info:
        sonet(10, p, **alphas)
    message = str(info.value)
    assert bound in message
    nearest = float(re.search(r"nearest \w+=(\S+)$", message)[1])
    sonet(10, p, **(alphas | {name: nearest}))  # feasible as printed
    step = 2e-4 if alphas[name] > nearest else -2e-4
    with pytest.raises(ValueError, match=f"^({name}|recip)="):  # and nearest: a little further is not
        sonet(10, p, **(alphas | {name: nearest + step}))


def test_feasible_region_is_the_golden_one(golden):
    """On a grid of α the generator accepts exactly what the reference rule accepts."""
    p = golden["sonet_feasibility"][0]["p"]
    assert pair_bounds(p)[1] == pytest.approx(golden["sonet_feasibility"][0]["alpha_max_pair"])
    values = {a: latent_correlation(a, p) for a in (-1.0, -0.5, -0.05, 0.0, 0.05, 0.5, 1.5, 4.0)}
    accepted = 0
    for recip, r in values.items():
        for conv, c in values.items():
            for div, d in values.items():
                for chain, h in values.items():
                    allowed = c >= 0 and d >= 0 and h * h <= c * d and abs(r - 2 * h) <= 1 - c - d
                    try:
                        correlations(p, recip=recip, conv=conv, div=div, chain=chain)
                    except ValueError:
                        assert not allowed
                    else:
                        assert allowed
                        accepted += 1
    assert accepted > 50


@settings(max_examples=200, deadline=None)
@given(st.floats(0.02, 0.9), st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_feasible_correlations_make_a_covariance_matrix(p, a, b, c, d):
    """What is accepted: the Gaussian numbers of a network have a covariance matrix with no negative eigenvalue."""
    conv, div = (0.0 if x < 1e-6 else x for x in (a * b, (1 - a) * b))  # smaller than α resolves
    chain = c * np.sqrt(conv * div)
    recip = 2 * chain + d * (1 - conv - div)
    rho = {"recip": recip, "conv": conv, "div": div, "chain": chain}
    alphas = {k: joint_probability(p, float(np.clip(r, -1, 1))) / p**2 - 1 for k, r in rho.items()}
    assume(all(alpha > pair_bounds(p)[0] + 1e-12 for alpha in alphas.values()))  # where α does not tell ρ
    found = correlations(p, **alphas)
    n = 4
    edges = [(i, j) for i in range(n) for j in range(n) if i != j]
    C = np.eye(len(edges))
    for x, (i, j) in enumerate(edges):
        for y, (k, l) in enumerate(edges):  # noqa: E741 - i, j, k, l are the subject's names
            if x != y:
                C[x, y] = (
                    found.recip
                    if (i, j) == (l, k)
                    else found.conv
                    if i == k
                    else found.div
                    if j == l
                    else found.chain
                    if j == k or i == l
                    else 0.0
                )
    assert np.linalg.eigvalsh(C).min() > -1e-6


# ---------------------------------------------------------------------------------------------- signs and strength


@pytest.mark.parametrize(
    ("n", "inhibitory", "count"), [(100, 0.2, 20), (50, 0.2, 10), (1, 0.2, 0), (7, 0.5, 4), (5, 0, 0), (5, 1, 5)]
)
def test_dale_signs(n, inhibitory, count):
    signs = dale_signs(n, inhibitory, 3.0)
    assert signs.shape == (n,)
    np.testing.assert_array_equal(signs, [1.0] * (n - count) + [-3.0] * count)


@pytest.mark.parametrize(
    ("args", "error", "match"),
    [
        ((0,), ValueError, "n must"),
        ((5, -0.1), ValueError, "inhibitory must"),
        ((5, 1.1), ValueError, "inhibitory must"),
        ((5, 0.2, -1.0), ValueError, "ratio must"),
        ((5, float("nan")), ValueError, "inhibitory must"),
        ((5, 0.2, "x"), TypeError, "ratio must"),
    ],
)
def test_dale_signs_bad_input(args, error, match):
    with pytest.raises(error, match=match):
        dale_signs(*args)


def test_connection_matrix_is_the_product():
    A = erdos_renyi(6, 0.5, size=(2, 3), rng=1)
    signs = dale_signs(6, 0.5)
    W = connection_matrix(A, 2.5, signs)
    np.testing.assert_array_equal(W, 2.5 * A @ np.diag(signs))
    assert W.dtype == np.float64
    assert not np.signbit(W[W == 0]).any()
    # Dale's law acts on columns: every column has one sign
    assert (W[..., :3] >= 0).all()
    assert (W[..., 3:] <= 0).all()
    for name, expected in [
        ("one", connection_matrix(A[0, 0], 2.5, signs)),
        ("stack", connection_matrix(A, 2.5, signs)[0, 0]),
    ]:
        np.testing.assert_array_equal(expected, W[0, 0], err_msg=name)


def test_connection_matrix_strength_for_each_network():
    A = erdos_renyi(4, 0.5, size=3, rng=1)
    W = connection_matrix(A, [1.0, 2.0, 3.0])
    for k in range(3):
        np.testing.assert_array_equal(W[k], (k + 1) * A[k])
    grid = connection_matrix(A, np.array([[1.0], [5.0]]))
    assert grid.shape == (2, 3, 4, 4)
    np.testing.assert_array_equal(grid[1], 5.0 * A)
    assert connection_matrix(A[0], [1.0, 2.0]).shape == (2, 4, 4)


def test_connection_matrix_sparse_and_unchanged_inputs():
    A = erdos_renyi(30, 0.2, rng=1, sparse=True)
    dense, before, signs = A.toarray(), A.copy(), dale_signs(30)
    W = connection_matrix(A, 2.0, signs)
    assert sp.issparse(W)
    assert W.dtype == np.float64
    np.testing.assert_array_equal(W.toarray(), connection_matrix(dense, 2.0, signs))
    assert (before != A).nnz == 0
    weights = sp.coo_array(dense * 0.5)
    np.testing.assert_array_equal(connection_matrix(weights, 4.0).toarray(), 2.0 * dense)
    full = np.ones((3, 3))
    connection_matrix(full, 7.0)
    np.testing.assert_array_equal(full, 1.0)


@pytest.mark.parametrize(
    ("args", "error", "match"),
    [
        ((np.ones((2, 3)),), ValueError, "A must be square"),
        ((np.ones(3),), ValueError, "A must be square"),
        (([[0, float("nan")], [0, 0]],), ValueError, "A must be finite"),
        (([[0, float("inf")], [0, 0]],), ValueError, "A must be finite"),
        ((sp.csr_array([[0, float("nan")], [0, 0]]),), ValueError, "A must be finite"),
        (([[0, 1j], [0, 0]],), TypeError, "A must be real numbers"),
        (([["a", "b"], ["c", "d"]],), TypeError, "A must be real numbers"),
        ((np.eye(2), float("nan")), ValueError, "strength must be finite"),
        ((np.ones((3, 2, 2)), [1.0, 2.0]), ValueError, "strength and A must fit"),
        ((sp.csr_array(np.eye(2)), [1.0, 2.0]), ValueError, "strength must be one number"),
        ((np.eye(2), 1.0, [1.0]), ValueError, "signs must"),
        ((np.eye(2), 1.0, [1.0, float("nan")]), ValueError, "signs must"),
        ((np.eye(2), 1.0, 1.0), ValueError, "signs must"),
    ],
)
def test_connection_matrix_bad_input(args, error, match):
    with pytest.raises(error, match=match):
        connection_matrix(*args)


# -------------------------------------------------------------------------------------------------------- networkx


def test_to_networkx_has_an_edge_from_j_to_i():
    W = np.zeros((3, 3))
    W[2, 0] = 1.5  # from 0 to 2
    G = to_networkx(W)
    assert list(G.nodes) == [0, 1, 2]
    assert list(G.edges(data="weight")) == [(0, 2, 1.5)]
    np.testing.assert_array_equal(nx.to_numpy_array(G), W.T)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array, sp.coo_array])
def test_networkx_there_and_back(make):
    for seed in range(3):
        W = connection_matrix(erdos_renyi(20, 0.3, rng=seed), 3.0, dale_signs(20)) * (1 + np.arange(20)[:, None])
        G = to_networkx(make(W))
        np.testing.assert_array_equal(from_networkx(G), W)
        np.testing.assert_array_equal(from_networkx(G, sparse=True).toarray(), W)
        np.testing.assert_array_equal(from_networkx(G, weight=None), W != 0)
        assert [G.in_degree(i) for i in range(20)] == in_degrees(W).tolist()
        assert [G.out_degree(i) for i in range(20)] == out_degrees(W).tolist()


def test_networkx_of_booleans_and_self_connections():
    A = np.array([[True, False], [True, False]])
    assert list(to_networkx(A).edges(data="weight")) == [(0, 0, 1.0), (0, 1, 1.0)]
    np.testing.assert_array_equal(from_networkx(to_networkx(A)), A)


def test_from_networkx_reads_other_peoples_graphs():
    shuffled = nx.DiGraph([(2, 0), (0, 1)])  # nodes in the order 2, 0, 1, but they are numbers
    np.testing.assert_array_equal(from_networkx(shuffled), [[0, 0, 1], [1, 0, 0], [0, 0, 0]])
    named = nx.DiGraph([("b", "a")])  # rows in the order b, a
    np.testing.assert_array_equal(from_networkx(named), [[0, 0], [1, 0]])
    np.testing.assert_array_equal(from_networkx(nx.path_graph(3)), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    loop = nx.Graph([(0, 0), (0, 1)])
    np.testing.assert_array_equal(from_networkx(loop), [[1, 1], [1, 0]])
    parallel = nx.MultiDiGraph()
    parallel.add_weighted_edges_from([(0, 1, 2.0), (0, 1, 3.0)])
    np.testing.assert_array_equal(from_networkx(parallel), [[0, 0], [5, 0]])
    other = nx.DiGraph()
    other.add_edge(0, 1, psp=0.2)
    np.testing.assert_array_equal(from_networkx(other, "psp"), [[0, 0], [0.2, 0]])
    np.testing.assert_array_equal(from_networkx(other), [[0, 0], [1, 0]])
    G = nx.gnp_random_graph(30, 0.2, seed=1, directed=True)
    np.testing.assert_array_equal(from_networkx(G), nx.to_numpy_array(G).T)


def test_networkx_bad_input():
    with pytest.raises(ValueError, match="W must be square, one matrix"):
        to_networkx(np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match="W must be finite"):
        to_networkx([[0, float("nan")], [0, 0]])
    with pytest.raises(TypeError, match="G must be a networkx graph"):
        from_networkx(np.eye(2))
    with pytest.raises(ValueError, match="at least one node"):
        from_networkx(nx.DiGraph())
    for value, error in [(float("nan"), ValueError), (float("inf"), ValueError), ("strong", TypeError)]:
        G = nx.DiGraph()
        G.add_edge("x", "y", weight=value)
        with pytest.raises(error, match=r"\('x', 'y'\)"):
            from_networkx(G)


def test_a_weight_that_no_edge_has_is_refused_with_those_that_there_are():
    G = nx.DiGraph()
    G.add_edge("a", "b", synapse=3.0, kind="chemical")
    G.add_edge("b", "c")
    with pytest.raises(ValueError, match=r"^weight must be .*\['kind', 'synapse'\]\), got 'synapses'"):
        from_networkx(G, weight="synapses")
    np.testing.assert_array_equal(from_networkx(G, weight="synapse"), [[0, 0, 0], [3, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(from_networkx(G), from_networkx(G, weight=None))  # the default asks for nothing
    np.testing.assert_array_equal(from_networkx(nx.empty_graph(2, nx.DiGraph), weight="synapses"), np.zeros((2, 2)))
