"""Networks and their statistics against networkx, against igraph, and against the cost of the random numbers."""

import subprocess
import sys

import networkx as nx
import numpy as np

from netmod import erdos_renyi, from_networkx, motif_counts, sonet, to_networkx
from tests import peers
from tests.benchmarks._ratio import cpu, ratio
from tests.graphs.test_motifs import CENSUS


def bench_erdos_renyi_dense(benchmark):
    """n = 1000, to an array: 20 of ours a round against one of networkx, whose ratio is multiplied back."""
    n, p, many = 1000, 0.2, 20
    ours = erdos_renyi(n, p, size=many, rng=1)
    theirs = nx.to_numpy_array(nx.gnp_random_graph(n, p, seed=1, directed=True))
    for A in (ours[0], theirs):
        assert abs(A.sum() / (n * (n - 1)) - p) < 5 * np.sqrt(p * (1 - p) / (n * (n - 1)))

    def networkx():
        nx.to_numpy_array(nx.gnp_random_graph(n, p, directed=True))

    assert (
        many
        * ratio(
            lambda: erdos_renyi(n, p, size=many),
            networkx,
            rounds=5,
            label=f"ER dense × {many} against one of networkx (multiply by {many})",
        )
        > 50
    )
    benchmark(erdos_renyi, n, p, size=many, rng=1)


def bench_motif_counts(benchmark):
    """n = 300, against the triadic census of networkx, which finds the same counts and more."""
    A = erdos_renyi(300, 0.2, rng=1)
    G = to_networkx(A)
    counts, census = motif_counts(A), nx.triadic_census(G)
    assert counts.reciprocal * 2 == sum(G.has_edge(j, i) for i, j in G.edges)
    assert census["300"] <= counts.chain

    def ours():
        for _ in range(100):
            motif_counts(A)

    assert (
        100
        * ratio(
            ours,
            lambda: nx.triadic_census(G),
            rounds=3,
            label="motif counts × 100 against one census of networkx (multiply by 100)",
        )
        > 1000
    )
    benchmark(motif_counts, A)


IGRAPH = """
import igraph
import numpy as np


def work(n, edges):
    global G
    if "G" not in globals():
        G = igraph.Graph(n=n, edges=edges.tolist(), directed=True)
    return {"census": np.array(list(G.triad_census()), dtype=np.int64)}
"""


def bench_motif_counts_igraph(benchmark):
    """n = 300, against igraph's compiled census, whose classes give the same counts."""
    peers.peers_or_skip("igraph")
    A = erdos_renyi(300, 0.2, rng=1)
    counts = motif_counts(A)
    with peers.Peer(IGRAPH, n=300, edges=np.argwhere(A)[:, ::-1].copy()) as peer:
        census = peer.result()["census"]
        conv, div, chain = (
            sum(x * pairs[k] for x, pairs in zip(census, CENSUS.values(), strict=True)) for k in (1, 2, 3)
        )
        assert (counts.convergent, counts.divergent, counts.chain) == (conv, div, chain)
        label = "motif counts × 100 against one census of igraph (multiply by 100)"
        assert 100 * ratio(lambda: [motif_counts(A) for _ in range(100)], peer, rounds=3, label=label) > 100
    benchmark(motif_counts, A)


def bench_sonet(benchmark):
    """100 SONETs of n = 100 against drawing a normal number for each of their places: at most 1.3 times that."""
    alphas = {"recip": 0.2, "conv": 0.3, "div": 0.1, "chain": 0.1}
    rng = np.random.default_rng(1)
    value = ratio(
        lambda: sonet(100, 0.2, **alphas, size=100, rng=rng),
        lambda: rng.standard_normal((100, 100, 100)),
        rounds=31,
        label="SONETs against n² normals each",
    )
    assert value > 1 / 1.3
    benchmark(sonet, 100, 0.2, **alphas, size=100, rng=1)


SPARSE = """
import resource, sys, time
from netmod import erdos_renyi, motif_counts
start = time.process_time()
A = erdos_renyi(int(sys.argv[1]), float(sys.argv[2]), sparse=True, rng=1)
print(A.nnz, time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def bench_erdos_renyi_sparse(benchmark):
    """n = 100,000 with 1e7 connections: seconds, less than 1.5 GB, and cost that grows with the connections."""
    run = [sys.executable, "-c", SPARSE]
    result = subprocess.run([*run, "100000", "0.001"], capture_output=True, text=True, check=True)
    edges, seconds, memory = map(float, result.stdout.split())
    print(f"\n{edges:.4g} connections in {seconds:.2f} s of CPU, {memory / 1e9:.2f} GB at most (Python included)")
    assert abs(edges / 1e7 - 1) < 0.01
    assert seconds < 5
    assert memory < 1.5e9
    cost = {
        k: min(cpu(lambda k=k: erdos_renyi(100_000, k / 1e5, sparse=True)) for _ in range(3))
        for k in (10, 20, 50, 100)
    }
    per_edge = {k: seconds / (k * 1e5) for k, seconds in cost.items()}
    print("  ns a connection by mean in-degree:", {k: round(1e9 * value, 1) for k, value in per_edge.items()})
    assert max(per_edge.values()) < 3 * min(per_edge.values())
    n, p = 3000, 0.003
    theirs = lambda: nx.fast_gnp_random_graph(n, p, directed=True)  # noqa: E731 - a side of the comparison
    many = 20
    assert (
        many
        * ratio(
            lambda: [erdos_renyi(n, p, sparse=True) for _ in range(many)],
            theirs,
            rounds=5,
            label=f"ER sparse × {many} against one of fast_gnp (multiply by {many})",
        )
        > 10
    )
    benchmark(erdos_renyi, 100_000, 1e-4, sparse=True, rng=1)


def bench_networkx_round_trip(benchmark):
    """Conversion against networkx's own."""
    A = erdos_renyi(500, 0.2, rng=1).astype(float)
    G = to_networkx(A)
    assert (from_networkx(G) == nx.to_numpy_array(G).T).all()
    assert ratio(lambda: from_networkx(G), lambda: nx.to_numpy_array(G).T, label="from_networkx") > 1
    benchmark(from_networkx, G)
