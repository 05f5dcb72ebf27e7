"""Measure what the page `book/performance.md` shows, and write the page: ``make performance``.

Each workload is the public function a reader calls, on a stated input. Beside it, in the same run and interleaved
with it, the same work is done by others' software (where it is installed: `make peers`) and a **limit** is measured:
the cost of the one part that no implementation of this kind can do without. Of each side the least CPU time of some
rounds counts, because the other users of a machine only ever add to it. BLAS has one thread (set by the Makefile),
except where threads are the question.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import networkx as nx
import numpy as np
import scipy
from scipy.optimize import fixed_point

from netmod import (
    LIF,
    RateNetwork,
    connection_matrix,
    dale_signs,
    diffusion_rates,
    erdos_renyi,
    firing_rate,
    from_networkx,
    in_degrees,
    iterate,
    motif_counts,
    newton,
    sample_rate,
    simulate_network,
    sonet,
    to_networkx,
)
from tests import peers
from tests.benchmarks import bench_fixed_points as fixed
from tests.benchmarks import bench_graphs, bench_lif, bench_rate, bench_spiking, page
from tests.benchmarks._ratio import Busy, both, cpu

ROUNDS = 3
SIZES = (1000, 3000, 10_000, 30_000, 100_000)
IN_DEGREE = 100
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def least(sides: dict[str, Any], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the least CPU seconds of each side over interleaved rounds, after one round that does not count."""
    times = {name: [cpu(side) for _ in range(2)][1:] for name, side in sides.items()}
    for _ in range(rounds - 1):
        for name, side in sides.items():
            times[name].append(cpu(side))
    return {name: min(seconds) for name, seconds in times.items()}


def workload(name: str, what: str, ours: Callable[[], Any], limit: tuple[str, Any, float], others: dict[str, Any]):
    """Return a row of the table: `others` holds for each peer (side, how often its work makes all of ours)."""
    sides = {"netmod": ours, "limit": limit[1]} | {peer: side for peer, (side, _) in others.items()}
    seconds = least(sides)
    mine = seconds["netmod"]
    row = {
        "name": name,
        "what": what,
        "seconds": mine,
        "limit": {"what": limit[0], "fraction": seconds["limit"] * limit[2] / mine},
        "peers": {peer: seconds[peer] * times / mine for peer, (_, times) in others.items()},
    }
    print(json.dumps(row), flush=True)
    return row


def with_peer(module: str, source: str, inputs: dict[str, Any], name: str, times: float = 1.0) -> dict[str, Any]:
    """Return {name: (a peer that has done its work once, times)}, or nothing if it is not installed."""
    if peers.missing(module):
        print(f"without {name}: {peers.missing(module)}")
        return {}
    peer = peers.Peer(source, **inputs)
    peer.result()
    return {name: (peer, times)}


def rate() -> dict[str, Any]:
    E, out = bench_rate.E, np.empty(len(bench_rate.E))
    source = bench_rate.NNMT.format(name="_firing_rates_for_given_input")
    return workload(
        "firing_rate",
        "100,000 inputs, −10 to 60 mV",
        lambda: [firing_rate(E) for _ in range(5)],
        ("ten exponentials for each input", lambda: [np.exp(-0.01 * E, out=out) for _ in range(50)], 1.0),
        with_peer("nnmt", source, {"E": E}, "NNMT", 5),
    )


def neurons() -> dict[str, Any]:
    E, rng = np.linspace(6.0, 20.0, 1000), np.random.default_rng(1)
    return workload(
        "sample_rate",
        "1,000 neurons for 1,000 ms in steps of 0.1 ms",
        lambda: sample_rate(LIF(), E, duration=1000.0, dt=0.1, rng=1),
        ("a normal number a step", lambda: rng.standard_normal((10_000, 1000)), 1.0),
        with_peer("brian2", bench_lif.BRIAN2, {"E": E, "duration": 1000.0, "dt": 0.1}, "Brian2"),
    )


def spiking() -> dict[str, Any]:
    n, rng = 4000, np.random.default_rng(1)
    W = (rng.random((n, n)) < 20 / n) * (190.0 / 20)
    return workload(
        "simulate_network",
        "4,000 neurons, dense W, 300 ms in steps of 0.1 ms, set-up counted (Brian2's is not)",
        lambda: simulate_network(W, LIF(), 8.0, duration=300.0, burn_in=0, lower_threshold=False, rng=1),
        ("a normal number a step", lambda: rng.standard_normal((3000, n)), 1.0),
        with_peer("brian2", bench_spiking.BRIAN, {"W": W, "copies": 1, "E0": 8.0, "duration": 300.0}, "Brian2"),
    )


def graphs() -> list[dict[str, Any]]:
    n, rng = 1000, np.random.default_rng(1)
    alphas = {"recip": 0.2, "conv": 0.3, "div": 0.1, "chain": 0.1}
    G = to_networkx(erdos_renyi(500, 0.2, rng=1).astype(float))
    A = erdos_renyi(300, 0.2, rng=1)
    H, dense = to_networkx(A), A.astype(float)
    edges = np.argwhere(A)[:, ::-1].copy()
    return [
        workload(
            "erdos_renyi",
            "20 networks of 1,000 neurons, p = 0.2, dense",
            lambda: erdos_renyi(n, 0.2, size=20, rng=rng),
            ("a uniform number a place", lambda: rng.random((20, n, n)), 1.0),
            {"networkx": (lambda: nx.to_numpy_array(nx.gnp_random_graph(n, 0.2, directed=True)), 20)},
        ),
        workload(
            "sonet",
            "100 networks of 100 neurons, all four α",
            lambda: sonet(100, 0.2, **alphas, size=100, rng=rng),
            ("a normal number a place", lambda: rng.standard_normal((100, 100, 100)), 1.0),
            {},
        ),
        workload(
            "from_networkx",
            "500 nodes, 50,000 edges, to a dense matrix",
            lambda: from_networkx(G),
            ("reading each edge's weight once", lambda: [data["weight"] for *_, data in G.edges(data=True)], 1.0),
            {"networkx": (lambda: nx.to_numpy_array(G).T, 1)},
        ),
        workload(
            "motif_counts",
            "300 neurons, p = 0.2",
            lambda: [motif_counts(A) for _ in range(100)],
            ("reading the matrix twice", lambda: [dense.sum(axis=k) for k in (0, 1) for _ in range(100)], 1.0),
            {"networkx": (lambda: nx.triadic_census(H), 100)}
            | with_peer("igraph", bench_graphs.IGRAPH, {"n": 300, "edges": edges}, "igraph", 100),
        ),
    ]


def sweeps(networks: int) -> list[dict[str, Any]]:
    rows = []
    for reading, gains in fixed.READINGS.items():
        A = erdos_renyi(fixed.N, 0.2, size=networks, rng=0)
        gain = {"excitatory": gains, "mixed": gains * (80 / 190 if reading == "per synapse" else 1.0)}
        swept, table = fixed.ours(A, gain), fixed.table(reading)
        settled = sum(int((s.status == 0).sum()) for s in swept)
        some, few = fixed.sample(A, gain, swept, 360, 1), fixed.sample(A, gain, swept, 40, 2)

        def scipy_loop(some: Any = some, table: Any = table) -> None:
            for W, start, *_ in some:
                fixed_point(
                    lambda E, W=W: 8.0 + W @ table(E), start, xtol=fixed.TOL, maxiter=10_000, method="iteration"
                )

        x = np.linspace(table.E_min, table.E_max, 20_001 if reading == "total" else 400_001)
        nnmt = {"W": np.array([W for W, *_ in few]), "E0": 8.0, "x": x, "r": table(x), "slope": table.slope(x)}
        nnmt |= {"starts": table(np.array([start for _, start, *_ in few])), "eps": 1e-12}
        gemm, times = fixed.products(swept)
        rows.append(
            workload(
                f"sweep, {reading}",
                f"{networks} networks of 100 neurons × 40 strengths × 36 starts, half of them mixed; "
                f"{settled / (networks * 40 * 36):.0%} of the runs settle",
                lambda A=A, gain=gain: fixed.ours(A, gain),
                ("the matrix products of every step, in double precision", gemm, times),
                {"SciPy": (scipy_loop, settled / len(some))}
                | with_peer("nnmt", fixed.NNMT, nnmt, "NNMT", settled / len(few)),
            )
        )
    return rows


def large() -> dict[str, Any]:
    net = scaling_network(SIZES[-1])
    run = iterate(net)
    r = net.rates(run.E)
    return workload(
        "iterate, sparse",
        f"100,000 neurons, {net.W.nnz:,} connections, {run.iterations} steps",
        lambda: iterate(net),
        ("the sparse products alone", lambda: net.W @ r, run.iterations + 1),
        {},
    )


def threads() -> dict[str, Any]:
    """CPU and wall seconds of one sweep with default settings."""
    A = erdos_renyi(fixed.N, 0.2, size=20, rng=0)
    gain = dict.fromkeys(("excitatory", "mixed"), fixed.READINGS["total"])
    fixed.ours(A[:2], gain)
    found = {}
    for name, busy, pool in (("alone", 0, 0), ("beside a busy core", 1, 0), ("two processes", 0, 2)):
        with Busy(busy):
            if pool:
                with ProcessPoolExecutor(pool) as executor:
                    list(executor.map(time.sleep, [0.2] * pool))
                    runs = [both(lambda executor=executor: fixed.ours(A, gain, executor)) for _ in range(ROUNDS)]
            else:
                runs = [both(lambda: fixed.ours(A, gain)) for _ in range(ROUNDS)]
        found[name] = {"cpu": min(run[0] for run in runs), "wall": min(run[1] for run in runs)}
    print(json.dumps(found))
    return found


def scaling_network(n: int) -> RateNetwork:
    A = erdos_renyi(n, IN_DEGREE / (n - 1), sparse=True, rng=1)
    return RateNetwork(connection_matrix(A, 190.0 / IN_DEGREE, dale_signs(n)), 8.0)


STEPS: dict[str, Callable[[int, RateNetwork], Any]] = {
    "erdos_renyi": lambda n, _: erdos_renyi(n, IN_DEGREE / (n - 1), sparse=True, rng=2),
    "in_degrees": lambda _, net: in_degrees(net.W),
    "motif_counts": lambda _, net: motif_counts(net.W),
    "iterate": lambda _, net: iterate(net),
    "newton": lambda _, net: newton(net),
    "diffusion_rates": lambda _, net: diffusion_rates(net),
    "simulate_network, 100 ms": lambda _, net: simulate_network(
        net.W, LIF(), net.E0, duration=100.0, burn_in=0, rng=1
    ),
}


def quickest(work: Callable[[int, RateNetwork], Any], net: RateNetwork) -> float:
    return min(cpu(lambda: work(net.n, net)) for _ in range(3 if net.n < 1e5 else 2))


def scaling() -> dict[str, Any]:
    """CPU seconds for each size, the slope of their logarithms, and the most memory at the largest size."""
    found, most = {}, json.loads(child("memory"))
    nets = {n: scaling_network(n) for n in SIZES}
    for name, work in STEPS.items():
        seconds = [quickest(work, net) for net in nets.values()]
        slope = np.polyfit(np.log(SIZES[2:]), np.log(seconds[2:]), 1)[0]
        found[name] = {"seconds": seconds, "slope": float(slope), "bytes": most[name]}
        print(name, found[name], flush=True)
    return {"in_degree": IN_DEGREE, "sizes": SIZES, "edges": [net.W.nnz for net in nets.values()], "steps": found}


def child(name: str, **environment: str) -> str:
    """Return the last line that a fresh process prints when it does the part `name` of this module."""
    command = [sys.executable, "-m", "tests.benchmarks.performance", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return done.stdout.splitlines()[-1]


def memory() -> dict[str, int]:
    """Print for each function by how many bytes its arrays grow at most while it works at the largest size."""
    net, found = scaling_network(SIZES[-1]), {}
    for name, work in STEPS.items():
        tracemalloc.start()
        work(net.n, net)
        found[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    print(json.dumps(found))
    return found


def main() -> None:
    """Write the page's numbers."""
    versions = {"Python": platform.python_version(), "NumPy": np.__version__, "SciPy": scipy.__version__}
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "rounds": ROUNDS,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "versions": versions,
        "workloads": [rate(), neurons(), spiking(), *graphs(), *sweeps(20), large()],
        "threads": json.loads(child("threads", **dict.fromkeys(ONE_THREAD, ""))),  # as they are by default
        "scaling": scaling(),
    }
    page.write(found)


if __name__ == "__main__":
    part = sys.argv[1] if sys.argv[1:] else ""
    {"": main, "threads": threads, "memory": memory}[part]()
