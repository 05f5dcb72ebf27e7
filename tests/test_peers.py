"""The peers' environment: work goes over and comes back, failures are told, each peer answers a question."""

import numpy as np
import pytest

from tests import peers
from tests.benchmarks._ratio import ratio


def test_a_missing_peer_skips_with_a_reason(monkeypatch, tmp_path):
    peers.missing.cache_clear()
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "none")
    with pytest.raises(pytest.skip.Exception, match="make peers"):
        peers.peers_or_skip("nnmt")
    peers.missing.cache_clear()


def test_a_missing_module_skips_with_its_name():
    peers.peers_or_skip("numpy")
    with pytest.raises(pytest.skip.Exception, match="no_such_module is not installed"):
        peers.peers_or_skip("numpy", "no_such_module")


def test_work_goes_over_and_comes_back():
    peers.peers_or_skip("numpy")

    def work(a, factor, words):
        print("noise on standard output")
        return {"a": factor * a, "count": len(words), "numpy": np.__version__, "bools": a > 1}

    a = np.arange(6.0).reshape(2, 3)
    got = peers.run(work, a=a, factor=2.5, words=["x", "y"])
    np.testing.assert_array_equal(got["a"], 2.5 * a)
    np.testing.assert_array_equal(got["bools"], a > 1)
    assert got["count"] == 2
    assert got["numpy"].startswith("1.")


def test_failures_show_the_peers_traceback():
    peers.peers_or_skip("numpy")
    with pytest.raises(peers.PeerError, match="ZeroDivisionError"):
        peers.run("def work():\n    return 1 / 0")
    with pytest.raises(peers.PeerError, match="SyntaxError"):
        peers.run("def work(:\n    pass")
    with pytest.raises(peers.PeerError, match="ended with 3"):
        peers.run("import os\ndef work():\n    os._exit(3)")


def test_a_peer_stays_alive_and_times_only_its_work():
    peers.peers_or_skip("numpy")
    text = """
    import time
    def busy(seconds):
        start = time.process_time()
        while time.process_time() < start + seconds:
            pass
    busy(0.5)
    calls = 0
    def work():
        global calls
        calls += 1
        busy(0.05)
        return calls
    """
    with peers.Peer(text) as peer:
        assert peer.cpu() == pytest.approx(0.05, abs=0.04)
        assert peer.result() == {"result": 2}
        assert ratio(lambda: sum(range(100_000)), peer, rounds=3, label="a peer") > 1
        assert peer.result() == {"result": 7}


def test_nnmt_gives_the_siegert_rate(golden):
    peers.peers_or_skip("nnmt")

    def work(E):
        from nnmt.lif.delta import _firing_rates_for_given_input as siegert

        return {"rate": siegert(E, np.full(E.shape, 12**0.5), 0.0, 10.0, 20.0, 2.0)}

    known = [x for x in golden["siegert"] if x.get("note") == "default set" and 0 <= x["E"] <= 40]
    rate = peers.run(work, E=np.array([x["E"] for x in known]))["rate"]
    assert len(known) >= 3
    np.testing.assert_allclose(rate, [float(x["rate"]) for x in known], rtol=1e-6)


@pytest.mark.parametrize("target", ["numpy", "cython"])
def test_brian2_runs(target):
    peers.peers_or_skip("brian2")

    def work(target):
        import brian2 as b

        b.prefs.codegen.target = target
        b.seed(1)
        model = "dv/dt = (30 - v) / (20*ms) : 1 (unless refractory)"
        group = b.NeuronGroup(5, model, threshold="v > 10", reset="v = 0", refractory=2 * b.ms, method="exact")
        spikes = b.SpikeMonitor(group)
        b.Network(group, spikes).run(100 * b.ms)
        return {"spikes": spikes.num_spikes}

    period = 2 + 20 * np.log(30 / 20)
    assert abs(peers.run(work, target=target)["spikes"] - 5 * (100 // period)) <= 5


def test_igraph_counts_motifs():
    peers.peers_or_skip("igraph")

    def work(A):
        import igraph

        census = igraph.Graph.Adjacency(A.astype(int).tolist()).triad_census()
        return {"triangles": census["300"], "cycles": census["030C"]}

    cycle = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert peers.run(work, A=cycle) == {"triangles": 0, "cycles": 1}


def test_quantecon_iterates_to_a_fixed_point():
    peers.peers_or_skip("quantecon")

    def work(start):
        import quantecon

        point = quantecon.compute_fixed_point(np.cos, start, error_tol=1e-12, max_iter=500, verbose=0)
        return {"point": point}

    assert peers.run(work, start=np.array([0.5]))["point"] == pytest.approx(0.7390851332151607, abs=1e-10)


def test_nest_counts_spikes():
    peers.peers_or_skip("nest")

    def work():
        import nest

        neuron = nest.Create("iaf_psc_delta", 10, {"I_e": 600.0})
        recorder = nest.Create("spike_recorder")
        nest.Connect(neuron, recorder)
        nest.Simulate(200.0)
        return {"spikes": recorder.n_events}

    assert peers.run(work)["spikes"] > 0
