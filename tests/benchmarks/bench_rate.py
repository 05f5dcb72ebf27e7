"""The rate, its slope and its table against NNMT's array functions: 1e5 evaluations, one run, one thread.

Also against the textbook's way, one adaptive quadrature per input (SciPy), on fewer inputs.
"""

import numpy as np
import pytest
from scipy import integrate, special

from netmod import (
    LIF,
    RateNetwork,
    RateTable,
    connection_matrix,
    dale_signs,
    erdos_renyi,
    find_fixed_points,
    firing_rate,
    firing_rate_slope,
    iterate,
    max_slope,
    newton,
    sweep,
)
from tests import peers
from tests.benchmarks._ratio import ratio

NNMT = """
import numpy as np
from nnmt.lif import delta
function = getattr(delta, {name!r})
def work(E):
    # relative to rest, and in the consistent units mV, ms, 1/ms
    return {{"value": function(E, np.full(E.shape, 12**0.5), 0.0, 10.0, 20.0, 2.0)}}
"""
E = E_MANY = np.random.default_rng(1).uniform(-10.0, 60.0, 100_000)
# NNMT's slope loses its digits above threshold and is 0 from about 35 mV on: compared where it is right
E_SLOPE = np.random.default_rng(2).uniform(-10.0, 12.0, 100_000)
CASES = {
    "firing_rate": (firing_rate, "_firing_rates_for_given_input", 3),
    "firing_rate_slope": (firing_rate_slope, "_derivative_of_firing_rates_wrt_mean_input", 2),
    "RateTable": (RateTable(LIF(), -20.0, 70.0), "_firing_rates_for_given_input", 15),
    "RateTable, 2,000 mV wide": (RateTable(LIF(), -100.0, 1900.0), "_firing_rates_for_given_input", 15),
}


@pytest.mark.parametrize("name", CASES)
def bench_against_nnmt(benchmark, name):
    peers.peers_or_skip("nnmt")
    ours, theirs, least = CASES[name]
    x = E_SLOPE if name == "firing_rate_slope" else E
    with peers.Peer(NNMT.format(name=theirs), E=x) as peer:
        np.testing.assert_allclose(ours(x), peer.result()["value"], rtol=1e-6, atol=2e-10)
        assert ratio(lambda: ours(x), peer, label=f"{name} against NNMT") > least
    benchmark(ours, x)


def bench_against_quadrature(benchmark):
    few = E[:2000]

    def quadrature():
        a, b = -few / 12**0.5, (10 - few) / 12**0.5
        return [
            1 / (2 + 20 * np.sqrt(np.pi) * integrate.quad(lambda u: special.erfcx(-u), *ends, epsrel=1e-12)[0])
            for ends in zip(a, b, strict=True)
        ]

    np.testing.assert_allclose(firing_rate(few), quadrature(), rtol=1e-9)
    assert ratio(lambda: firing_rate(few), quadrature, label="firing_rate against scipy.integrate.quad") > 20
    benchmark(firing_rate, E)


def bench_interp(benchmark):
    grid = np.linspace(-20.0, 70.0, 2000)
    values, table = firing_rate(grid), CASES["RateTable"][0]
    assert ratio(lambda: table(E), lambda: np.interp(E, grid, values), label="RateTable against np.interp") > 3
    benchmark(table, E)


def bench_max_slope(benchmark):
    benchmark(max_slope)


@pytest.mark.parametrize("task", ["rate", "slope", "iterate", "newton", "find", "sweep"])
def bench_neurons_that_differ(benchmark, task):
    """What n neurons that differ cost beside n that are alike: at most half as much again."""
    rng, n = np.random.default_rng(1), 100
    ranges = {"tau": (18, 22), "E_L": (-61, -59), "sigma": (3, 4), "v_th": (-51, -49), "v_r": (-61, -59)}
    differ = LIF(**{name: rng.uniform(*ends, n) for name, ends in ranges.items()}, tau_ref=rng.uniform(1.5, 2.5, n))
    A = erdos_renyi(n, 0.2, rng=1)
    E, W, starts = E_MANY.reshape(-1, n), connection_matrix(A, 5.0, dale_signs(n)), np.zeros((200, n))

    def work(neuron):
        if task in ("rate", "slope"):
            return (firing_rate if task == "rate" else firing_rate_slope)(E, neuron)
        if task == "sweep":
            return sweep(A, np.linspace(0, 10, 20), E0=8.0, neuron=neuron, rng=1)
        net = RateNetwork(W, 8.0, neuron)
        if task == "find":
            return find_fixed_points(net, rng=1)
        return (iterate if task == "iterate" else newton)(net, starts)

    assert ratio(lambda: work(differ), lambda: work(LIF()), label=f"{task}: alike against different") > 1 / 1.5
    benchmark(work, differ)
