"""A recurrent network against Brian2 (compiled): the same neurons, connections, time step and number of steps."""

import numpy as np
import pytest

from netmod.lif import LIF
from netmod.spiking import simulate_network
from tests import peers
from tests.benchmarks._ratio import ratio

BRIAN = """
import numpy as np
import brian2 as b

b.prefs.codegen.target = "cython"
b.defaultclock.dt = 0.1 * b.ms
net = spikes = group = None

def build(W, copies, E0):
    global net, spikes, group
    n = len(W)
    group = b.NeuronGroup(
        n * copies,
        '''dv/dt = (E0 + s - v) / (20*ms) + 12**0.5 * (20*ms)**-0.5 * xi : 1 (unless refractory)
        ds/dt = -s / (5*ms) : 1''',
        threshold="v >= 10", reset="v = 0", refractory=2.1 * b.ms, method="euler", namespace={"E0": E0},
    )
    group.v = "10 * rand()"
    target, source = np.nonzero(W)
    offset = n * np.repeat(np.arange(copies), len(source))
    synapses = b.Synapses(group, group, "w : 1", on_pre="s_post += w")
    synapses.connect(i=np.tile(source, copies) + offset, j=np.tile(target, copies) + offset)
    synapses.w = np.tile(W[target, source] / 5.0, copies)
    spikes = b.SpikeMonitor(group, record=False)
    net = b.Network(group, synapses, spikes)
    net.run(200 * b.ms)                       # compiles, and burns in

def work(W, copies, E0, duration):
    if net is None:
        build(W, copies, E0)
    before = np.array(spikes.count)
    net.run(duration * b.ms)
    return {"rate": (np.array(spikes.count) - before).mean() / duration}
"""


@pytest.mark.parametrize(("n", "copies", "duration"), [(100, 20, 500.0), (1000, 1, 1000.0), (4000, 1, 300.0)])
def bench_network(benchmark, n, copies, duration):
    """A network of the book's kind, total strength 190 mV·ms; in copies, or large."""
    peers.peers_or_skip("brian2")
    W = (np.random.default_rng(1).random((n, n)) < 20 / n) * (190.0 / 20)

    def ours():
        # Our set-up from the dense matrix is counted, theirs is not. Brian2 has burnt in before it is timed, so
        # nothing is spent on that here.
        return simulate_network(
            W, LIF(), 8.0, duration=duration, copies=copies, burn_in=0, lower_threshold=False, rng=1
        )

    with peers.Peer(BRIAN, W=W, copies=copies, E0=8.0, duration=duration) as peer:
        mean = simulate_network(W, LIF(), 8.0, duration=duration, copies=copies, lower_threshold=False, rng=1)
        assert abs(mean.mean_rate - peer.result()["rate"]) < 0.03 * mean.mean_rate  # the same work first
        assert ratio(ours, peer, label=f"{copies} x {n} neurons against Brian2 (cython)") > 1
    benchmark(ours)
