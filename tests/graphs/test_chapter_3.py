"""What chapter 3 says of random networks holds for other seeds; each test says how often it fails by chance."""

import itertools

import numpy as np
import pytest
from scipy import special, stats
from scipy.sparse.linalg import eigs

from netmod import (
    LIF,
    RateTable,
    connection_matrix,
    dale_signs,
    edge_statistics,
    erdos_renyi,
    in_degrees,
    out_degrees,
    sonet,
)
from netmod.graphs.sonets import joint_probability, latent_correlation


@pytest.mark.parametrize("seed", [31, 32])
def test_a_transposed_matrix_destroys_the_correlation_of_figure_4b(seed):
    """100 networks: 0.82 against 0. A false alarm less than once in 1,000 (Fisher's z, 3.5 standard errors)."""
    A = erdos_renyi(100, 0.2, size=100, rng=seed)
    g, rate = 190 / (99 * 0.2), RateTable(LIF(), 0.0, 250.0, tol=1e-9)

    def settled(W):
        E = np.full(W.shape[:-1], 8.0)
        for _ in range(80):
            last, E = E, 8.0 + (W @ rate(E)[..., None])[..., 0]
        assert np.abs(E - last).max() < 1e-3  # eighty steps are enough for what is printed
        return E.std(axis=1)

    spread = in_degrees(A).std(axis=1)
    assert np.corrcoef(spread, settled(g * A))[0, 1] > 0.67
    assert abs(np.corrcoef(spread, settled(g * A.swapaxes(1, 2)))[0, 1]) < 0.34


@pytest.mark.parametrize("seed", [41, 42])
def test_balance_on_average_doubles_the_spread_of_the_signed_in_degree(seed):
    """200 networks: the ratio is 2 to 0.7 %; a false alarm once in 10,000 (4 standard errors)."""
    A = erdos_renyi(100, 0.2, size=200, rng=seed)
    signed = connection_matrix(A, 1.0, dale_signs(100)).sum(axis=-1)
    assert signed.std() / in_degrees(A).std() == pytest.approx(2, rel=0.03)
    assert abs(signed.mean()) < 0.5


@pytest.mark.parametrize("seed", [51, 52, 53])
def test_the_mean_of_single_estimates_is_too_low(seed):
    """2,000 SONETs: low by 5.7 standard errors; above 2 of them only once in 10,000."""
    single = edge_statistics(sonet(100, 0.2, conv=0.3, div=0.1, chain=0.1, size=2000, rng=seed)).conv
    assert (single.mean() - 0.3) / (single.std() / np.sqrt(2000)) < -2


# Other random networks with the same pairs: nothing here is left to chance but the draws of `two_kinds`


def test_equal_in_degrees_have_a_negative_alpha_conv():
    """For each possible pair of sources: C(97, 18)/C(99, 20) is p² (1 + α)."""
    both = special.comb(97, 18, exact=True) / special.comb(99, 20, exact=True)
    alpha = both / (20 / 99) ** 2 - 1
    assert alpha == pytest.approx(19 / 20 * 99 / 98 - 1)
    assert alpha == pytest.approx(-0.0403, abs=5e-5)
    with pytest.raises(ValueError, match="this generator needs c_conv ≥ 0"):
        sonet(100, 20 / 99, conv=alpha)


PAIRS = {  # two connections (target, source): four ways in which they share a neuron, and one in which they do not
    "recip": ((0, 1), (1, 0)),
    "conv": ((0, 1), (0, 2)),
    "div": ((1, 0), (2, 0)),
    "chain": ((0, 1), (2, 0)),
    "apart": ((0, 1), (2, 3)),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_lists_of_bits_have_independent_pairs_and_are_no_random_network(pair):
    """All 2⁸ lists for four neurons."""
    (i, j), (k, m) = pair
    bits = np.array(list(itertools.product([0, 1], repeat=8)))
    b, c = bits[:, :4], bits[:, 4:]
    first, second = b[:, i] != c[:, j], b[:, k] != c[:, m]
    assert first.mean() == second.mean() == 0.5
    assert (first & second).mean() == 0.25
    rows = b[:, :, None] != c[:, None, :]
    agree = (rows[:, 0] == rows[:, 1]).sum(axis=1)
    assert set(agree) == {0, 4}


def test_two_kinds_of_neurons_have_more_chains_than_the_generator_can_make():
    """Probabilities of pairs by averaging over all signs of four neurons, for the network of exercise 5."""
    p = 0.2
    signs = np.array(list(itertools.product([-1, 1], repeat=4)))
    P = p * (1 + np.sqrt(0.3) * signs[:, :, None]) * (1 + np.sqrt(0.1) * signs[:, None, :])
    assert P.max() < 1
    found = {name: (P[:, i, j] * P[:, k, m]).mean() / p**2 - 1 for name, ((i, j), (k, m)) in PAIRS.items()}
    meet = P[:, 0, 1] * P[:, 1, 0] / (1 + np.sqrt(0.03)) ** 2
    assert (meet >= P[:, 0, 1] + P[:, 1, 0] - 1).all()  # so that they can be tossed together
    found["recip"] = meet.mean() / p**2 - 1
    assert found == pytest.approx({"recip": 0, "conv": 0.3, "div": 0.1, "chain": np.sqrt(0.03), "apart": 0})
    largest = joint_probability(p, np.sqrt(latent_correlation(0.3, p) * latent_correlation(0.1, p))) / p**2 - 1
    assert largest < 0.1726 < found["chain"]
    with pytest.raises(ValueError, match="chain"):
        sonet(100, p, conv=0.3, div=0.1, chain=found["chain"])


@pytest.mark.parametrize(("n", "alpha"), [(50, 0.45), (100, 0.41)])
def test_the_shortcut_gives_what_its_theory_says(n, alpha):
    """800 networks of 50, 400 of 100: within 4 standard errors, a false alarm once in 10,000."""
    c, t = latent_correlation(0.3, 0.2), stats.norm.isf(0.2)
    extra = 2 * np.sqrt(c * (1 - c) / n)
    p = stats.norm.sf(t / np.sqrt(1 + extra))
    theory = joint_probability(p, (c + extra) / (1 + extra)) / p**2 - 1
    assert theory == pytest.approx(alpha, abs=0.006)
    z = np.random.default_rng(60 + n).standard_normal((40_000 // n, n, n))
    A = np.sqrt(1 - c) * z + np.sqrt(c / n) * z.sum(axis=-1, keepdims=True) > t
    A[:, range(n), range(n)] = False
    found = edge_statistics(A, pooled=True)
    assert abs(found.conv - theory) < 4 * found.stderr.conv
    assert found.conv > 0.35


# Spectra


def moduli(W, k=12):
    return np.sort(np.abs(eigs(W, k=k, ncv=80, tol=1e-4, v0=np.linspace(1, 2, len(W)))[0]))[::-1]


def zero_rows(W):
    return W - (W != 0) * (W.sum(axis=1) / (W != 0).sum(axis=1))[:, None]


@pytest.mark.parametrize("seed", range(70, 76))
@pytest.mark.parametrize("ratio", [None, 1.0])
def test_a_mean_with_its_eigenvalue_far_outside_the_disc_adds_one_outlier(seed, ratio):
    """400 neurons: the outlier within 5 standard deviations, the others within 1.15 R (1.10 R in 80 networks)."""
    s = np.ones(400) if ratio is None else dale_signs(400, 0.2, ratio)
    A = erdos_renyi(400, 0.2, rng=seed)
    found, R = moduli(connection_matrix(A, 1.0, s)), np.sqrt(0.16 * (s**2).sum())
    assert abs(found[0] - 0.2 * s.sum() * 399 / 400) < 3.5
    assert found[1] < 1.15 * R
    if ratio is None:
        growth = (in_degrees(A) * out_degrees(A)).sum() / A.sum()
        assert abs(found[0] - growth) < 0.02


def test_towards_balance_others_join_the_outlier_and_beyond_it_they_leave():
    """20 networks of 400 neurons: 1, 1.5, 4, 3.3 and 1.4 eigenvalues outside, ± 0.5; a false alarm in 1,000."""
    count = {}
    for ratio in (1.0, 2.0, 3.0, 4.0, 8.0):
        s = dale_signs(400, 0.2, ratio)
        R = np.sqrt(0.16 * (s**2).sum())
        nets = [connection_matrix(erdos_renyi(400, 0.2, rng=seed), 1.0, s) for seed in range(110, 130)]
        count[ratio] = np.mean([(moduli(W) > 1.08 * R).sum() for W in nets])
    assert count[1.0] < 1.3
    assert count[1.0] + 0.7 < min(count[3.0], count[4.0])
    assert count[8.0] < min(count[3.0], count[4.0])


@pytest.mark.parametrize("n", [200, 400, 800])
def test_in_balance_a_few_eigenvalues_stay_outside_unless_every_row_sums_to_zero(n):
    """12 networks: 0.10 ± 0.025 R further out than with zero rows or without the mean; a false alarm in 1,000."""
    s = dale_signs(n, 0.2, 4.0)
    R, mean = np.sqrt(0.16 * (s**2).sum()), 0.2 * (s - np.diag(s))
    found = []
    for seed in range(80, 92):
        W = connection_matrix(erdos_renyi(n, 0.2, rng=seed), 1.0, s)
        changed = zero_rows(W)
        assert ((changed == 0) == (W == 0)).all()
        assert (np.sign(changed) == np.sign(W)).all()  # Dale's law is kept
        np.testing.assert_allclose(changed.sum(axis=1), 0, atol=1e-9)
        found.append([moduli(X) / R for X in (W, W - mean, changed)])
    as_it_is, noise, zero = np.array(found).swapaxes(0, 1)
    assert as_it_is[:, 0].mean() > 1.09
    for other in (noise, zero):
        assert as_it_is[:, 0].mean() - other[:, 0].mean() > 0.02
        assert (other > 1.08).sum() < (as_it_is > 1.08).sum() / 2


def test_with_stronger_inhibition_the_outlier_is_on_the_left():
    """12 networks at γ = 8: leftmost at -58 ± 8, and -29.5 is the disc's edge; a false alarm in 1,000."""
    s = dale_signs(400, 0.2, 8.0)
    R = np.sqrt(0.16 * (s**2).sum())
    left = []
    for seed in range(130, 142):
        z = eigs(connection_matrix(erdos_renyi(400, 0.2, rng=seed), 1.0, s), k=6, v0=np.linspace(1, 2, 400))[0]
        left.append(z.real.min())
    assert np.median(left) == pytest.approx(0.2 * s.sum() * 399 / 400, abs=16)
    assert np.median(left) < -1.4 * R
