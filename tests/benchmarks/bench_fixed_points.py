"""144,000 fixed points (100 networks × 40 strengths × 36 starts, n = 100), and one of a network of 10⁷ connections.

Half of the networks are excitatory, half mixed; strengths in both readings of the poster's "190": total strength, and
strength of a synapse. netmod does all of them with `sweep`; SciPy's loop and NNMT do a random sample of the same
problems, and their time is scaled up. All use the same rate table. The limit is the time of the matrix products alone
in double precision, for the steps of the plain iteration, in the same run.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import fixed_point

from netmod import LIF, RateNetwork, RateTable, dale_signs, erdos_renyi, iterate, sweep
from netmod.fixed_points.starts import random_starts
from tests import peers
from tests.benchmarks._ratio import Busy, both, ratio

N, NETWORKS, STRENGTHS, STARTS, TOL = 100, 100, 40, 36, 1e-10
PROBLEMS = NETWORKS * STRENGTHS * STARTS
READINGS = {"total": np.linspace(0, 190 / ((N - 1) * 0.2), STRENGTHS), "per synapse": np.linspace(0, 190, STRENGTHS)}
"""Strengths. Mixed networks go up to 80 / 190 of them: beyond that hardly any run settles, as in chapter 6."""

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


def table(reading):
    """Return a table wide enough for all, for the others to use."""
    width = {"total": 200.0, "per synapse": 4000.0}[reading]
    return RateTable(LIF(), -width, width, tol=1e-12)


@pytest.fixture(scope="module", params=READINGS)
def problems(request):
    """The networks with their signs, the strengths of each, and the table."""
    A = erdos_renyi(N, 0.2, size=NETWORKS, rng=0)
    gains = READINGS[request.param]
    mixed = gains * (80 / 190 if request.param == "per synapse" else 1.0)
    return request.param, A, {"excitatory": gains, "mixed": mixed}, table(request.param)


def ours(A, gains, executor=None):
    """Return the two sweeps that are one workload."""
    half, options = len(A) // 2, {"E0": 8.0, "starts": STARTS, "tol": TOL, "executor": executor, "max_iter": 2000}
    return (
        sweep(A[:half], gains["excitatory"], rng=1, **options),
        sweep(A[half:], gains["mixed"], signs=dale_signs(N), rng=2, **options),
    )


def sample(A, gains, swept, size, seed):
    """Return random problems of the workload that settle: W, a start, and where it ends."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < size:
        i, k = rng.integers(len(A)), rng.integers(STRENGTHS)
        mixed = i >= len(A) // 2
        result, j = swept[int(mixed)], i - mixed * (len(A) // 2)
        if (result.status[j, k] == 0).all():
            W = A[i] * (dale_signs(N) if mixed else 1.0) * gains["mixed" if mixed else "excitatory"][k]
            found.append(
                (W, random_starts(RateNetwork(W, 8.0), 1.0, 1, rng)[0], result.E[j, k], result.distinct[j, k])
            )
    return found


def products(swept):
    """Return a function that does the matrix products of some rows, and how many times that is the workload's."""
    rows = sum(int((result.iterations + 1).sum()) for result in swept)
    rng = np.random.default_rng(0)
    R, F, W = rng.random((256, N)), np.empty((256, N)), rng.random((N, N))

    def gemm():
        for _ in range(2000):
            np.matmul(R, W, out=F)

    return gemm, rows / (2000 * 256)


def bench_against_scipy(benchmark, problems):
    """The same problems by a loop over `scipy.optimize.fixed_point`, and by the matrix products alone."""
    reading, A, gains, rate = problems
    swept = ours(A, gains)
    some = sample(A, gains, swept, 720, 1)

    def scipy_loop():
        return [
            fixed_point(lambda E, W=W: 8.0 + W @ rate(E), s, xtol=TOL, maxiter=10_000, method="iteration")
            for W, s, *_ in some
        ]

    for E, (_, _, end, distinct) in zip(scipy_loop(), some, strict=True):
        if distinct == 1:
            np.testing.assert_allclose(E, end, atol=1e-6)
    settled = sum(int((result.status == 0).sum()) for result in swept)
    value = ratio(lambda: ours(A, gains), scipy_loop, rounds=3, label=f"one sample of {len(some)} against all")
    value *= settled / len(some)
    gemm, times = products(swept)
    limit = 1 / ratio(lambda: ours(A, gains), gemm, rounds=3, label="a part of the products") / times
    print(f"{reading}: SciPy's loop over the {settled:,} runs that settle / sweep: {value:.1f}")
    print(f"{reading}: sweep / the matrix products of its steps alone: {limit:.2f}")
    assert value > (40 if reading == "total" else 20)
    benchmark.pedantic(ours, args=(A, gains), rounds=1)


def bench_threads(problems):
    """CPU and wall time with default settings: alone, beside a busy core, and on a pool of two processes."""
    reading, A, gains, _ = problems
    A = np.concatenate([A[:10], A[-10:]])
    ours(A[:2], gains)
    print(f"\n{reading}, {len(A)} networks, {os.cpu_count()} cores:")
    for name, busy, pool in (("alone", 0, 0), ("beside a busy core", 1, 0), ("two processes", 0, 2)):
        with Busy(busy):
            if pool:
                with ProcessPoolExecutor(pool) as executor:
                    list(executor.map(time.sleep, [0.2] * pool))  # the workers are there
                    cpu, wall = both(lambda executor=executor: ours(A, gains, executor))
            else:
                cpu, wall = both(lambda: ours(A, gains))
        print(f"  {name}: {cpu:.2f} s of CPU, {wall:.2f} s of wall time")


def bench_against_nnmt(benchmark, problems):
    """The same problems by NNMT's solver."""
    peers.peers_or_skip("nnmt")
    reading, A, gains, rate = problems
    swept = ours(A, gains)
    some = sample(A, gains, swept, 60, 2)
    x = np.linspace(rate.E_min, rate.E_max, 20_001 if reading == "total" else 400_001)
    inputs = {
        "W": np.array([W for W, *_ in some]),
        "E0": 8.0,
        "x": x,
        "r": rate(x),
        "slope": rate.slope(x),
        "starts": rate(np.array([s for _, s, *_ in some])),
        "eps": 1e-12,  # of the rates, 1/ms; NNMT's default, 1e-7, is of rates in Hz
    }
    with peers.Peer(NNMT, **inputs) as peer:
        theirs = peer.result()["rates"]
        for r, (_, _, end, distinct) in zip(theirs, some, strict=True):
            if distinct == 1:
                np.testing.assert_allclose(r, rate(end), atol=1e-6)
        value = ratio(lambda: ours(A, gains), peer, rounds=3, label=f"one sample of {len(some)} against all")
    settled = sum(int((result.status == 0).sum()) for result in swept)
    value *= settled / len(some)
    print(f"{reading}: NNMT's rate integration / sweep: {value:.0f} (the same table)")
    assert value > 100
    benchmark.pedantic(ours, args=(A, gains), rounds=1)


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
