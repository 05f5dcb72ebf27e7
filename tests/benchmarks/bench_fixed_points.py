"""144,000 fixed points (100 networks × 40 strengths × 36 starts, n = 100), and one of a network of 10⁷ connections.

Half of the networks are excitatory, half mixed; total strengths 0 to 190 mV ms; tolerance 1e-10. netmod does all of
them; SciPy's loop and NNMT do a random sample of the same problems, and their time is scaled up. All use the same
rate table. The limit is the time of the matrix products alone, for the iterations netmod made, in the same run.
"""

import time

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import fixed_point

from netmod import LIF, RateNetwork, RateTable, dale_signs, erdos_renyi, iterate
from netmod.fixed_points.iteration import iterate_columns
from netmod.fixed_points.starts import random_starts
from tests import peers
from tests.benchmarks._ratio import cpu, ratio

N, NETWORKS, STRENGTHS, STARTS, TOL = 100, 100, 40, 36, 1e-10
PROBLEMS = NETWORKS * STRENGTHS * STARTS
TABLE = RateTable(LIF(), -60.0, 130.0, tol=1e-12)
GAINS = np.linspace(0, 190 / ((N - 1) * 0.2), STRENGTHS)

NNMT = """
import numpy as np
from scipy.interpolate import CubicHermiteSpline
from nnmt._solvers import _firing_rate_integration

def work(W, E0, x, r, slope, starts, eps):
    table = CubicHermiteSpline(x, r, slope)
    def mean_input(nu, K, J):
        return E0 + J @ nu
    rates = []
    for w, nu in zip(W, starts):
        inputs = {"mu": {"func": mean_input, "params": {"K": w, "J": w}}}
        rates.append(_firing_rate_integration(lambda mu: table(mu), {}, inputs, nu_0=nu, eps_tol=eps))
    return {"rates": np.array(rates)}
"""


@pytest.fixture(scope="module")
def problems():
    rng = np.random.default_rng(0)
    A = erdos_renyi(N, 0.2, size=NETWORKS, rng=rng).astype(float)
    A[NETWORKS // 2 :] *= dale_signs(N)
    starts = [random_starts(RateNetwork(a, 8.0), GAINS, STARTS, rng) for a in A]
    return A, np.repeat(GAINS, STARTS), starts


def _ours(A, gains, starts):
    return [
        iterate_columns(RateNetwork(a, 8.0, rate=TABLE), gains, s, tol=TOL) for a, s in zip(A, starts, strict=True)
    ]


def _sample(problems, size, seed):
    A, gains, starts = problems
    rng = np.random.default_rng(seed)
    which = list(zip(rng.integers(NETWORKS, size=size), rng.integers(len(gains), size=size), strict=True))
    return [(A[i], gains[k], starts[i][k]) for i, k in which], which


def bench_against_scipy(benchmark, problems):
    sample, which = _sample(problems, 720, 1)

    def scipy_loop():
        return [
            fixed_point(lambda E, a=a, g=g: 8.0 + g * (a @ TABLE(E)), s, xtol=TOL, maxiter=10_000, method="iteration")
            for a, g, s in sample
        ]

    runs = _ours(*problems)
    assert all((r.status == 0).all() for r in runs)
    for E, (i, k) in zip(scipy_loop(), which, strict=True):
        np.testing.assert_allclose(E, runs[i].E[k], atol=1e-6)
    value = ratio(lambda: _ours(*problems), scipy_loop, rounds=3, label=f"one sample of {len(sample)} against all")
    value *= PROBLEMS / len(sample)
    products = sum(int((r.iterations + 1).sum()) for r in runs)
    R, F, W = np.random.default_rng(0).random((256, N)), np.empty((256, N)), np.ascontiguousarray(problems[0][0].T)

    def gemm():
        for _ in range(2000):
            np.matmul(R, W, out=F)

    limit = np.median([cpu(gemm) for _ in range(5)]) * products / (2000 * 256)
    ours = np.median([cpu(lambda: _ours(*problems)) for _ in range(3)])
    print(
        f"scipy.optimize.fixed_point loop / netmod: {value:.1f} "
        f"(144,000 problems, {products / PROBLEMS:.0f} steps each)"
    )
    print(f"netmod / matrix products alone: {ours / limit:.2f} ({ours:.2f} s / {limit:.2f} s)")
    assert value > 15
    benchmark.pedantic(_ours, args=problems, rounds=1)


def bench_against_nnmt(benchmark, problems):
    peers.peers_or_skip("nnmt")
    sample, which = _sample(problems, 60, 2)
    x = np.linspace(-60.0, 130.0, 20_001)
    inputs = {
        "W": np.array([g * a for a, g, _ in sample]),
        "E0": 8.0,
        "x": x,
        "r": TABLE(x),
        "slope": TABLE.slope(x),
        "starts": TABLE(np.array([s for *_, s in sample])),
        "eps": 1e-12,  # of the rates, 1/ms; NNMT's default, 1e-7, is of rates in Hz
    }
    runs = _ours(*problems)
    with peers.Peer(NNMT, **inputs) as peer:
        theirs = peer.result()["rates"]
        for r, (i, k) in zip(theirs, which, strict=True):
            np.testing.assert_allclose(r, TABLE(runs[i].E[k]), atol=1e-6)
        value = ratio(lambda: _ours(*problems), peer, rounds=3, label=f"one sample of {len(sample)} against all")
    value *= PROBLEMS / len(sample)
    print(f"NNMT rate integration / netmod: {value:.0f} (144,000 problems, the same table)")
    assert value > 100
    benchmark.pedantic(_ours, args=problems, rounds=1)


def bench_large_sparse(benchmark):
    n, edges = 100_000, 10_000_000
    rng = np.random.default_rng(0)
    place = np.unique(rng.integers(n * n, size=edges + 600))[:edges]
    W = sparse.csr_array((np.full(len(place), 1.9), np.divmod(place, n)), shape=(n, n))
    net = RateNetwork(W, 8.0)
    start = time.perf_counter()
    run = iterate(net)
    seconds = time.perf_counter() - start
    print(f"\nn = 100,000, {W.nnz:,} connections: {run.status} in {run.iterations} steps, {seconds:.1f} s")
    assert run.status == "converged"
    assert seconds < 10
    benchmark.pedantic(iterate, args=(net,), rounds=3)
