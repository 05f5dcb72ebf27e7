"""A network simulation against a plain loop over neurons, in mV and ms, fed with the same random numbers."""

import numpy as np
import pytest

from netmod import LIF, simulate_network
from netmod.lif import lanes
from netmod.lif.neuron import BETA
from netmod.spiking import network

N, COPIES = 3, 2
W = np.array([[0.0, 30.0, -12.0], [25.0, 0.0, 0.0], [-8.0, 40.0, 5.0]])
E0 = np.array([16.0, 13.0, 18.0])
SAME = LIF(tau=12.0, E_L=-63.0, sigma=4.0, v_th=-52.0, v_r=-61.0, tau_ref=1.3)
VARIED = LIF(
    tau=np.array([12.0, 20.0, 8.0]),
    E_L=-63.0,
    sigma=np.array([4.0, 0.0, 3.0]),
    v_th=np.array([-52.0, -56.0, -53.0]),
    v_r=np.array([-61.0, -62.0, -64.0]),
    tau_ref=np.array([1.3, 0.0, 3.0]),
)


def by_hand(neuron, *, dt, duration, burn_in, tau_syn, delay, lower_threshold, start, seed):
    """Spikes (step, copy, neuron) of the recorded time, and the charges that reached and missed each neuron."""
    p = {name: np.broadcast_to(value, N) for name, value in vars(neuron).items()}
    steps, burn = round(duration / dt), round(burn_in / dt)
    hold, lag = np.rint(p["tau_ref"] / dt).astype(int), np.rint(np.broadcast_to(delay, N) / dt).astype(int)
    sd = p["sigma"] * np.sqrt((1 - np.exp(-2 * dt / p["tau"])) / 2)
    theta = p["v_th"] - (BETA * p["sigma"] * np.sqrt(dt / p["tau"]) if lower_threshold else 0.0)
    normal = lanes.normals(next(lanes.streams(np.random.default_rng(seed))), burn + steps, N * COPIES)
    normal = normal.reshape(-1, COPIES, N)
    found, charge, lost = [], np.zeros(N), np.zeros(N)
    for c in range(COPIES):
        v, current, until, due = start.astype(float).copy(), np.zeros(N), np.full(N, -1), {}
        for k in range(burn + steps):
            resting = until >= k
            if tau_syn and k >= burn:
                sent = current * tau_syn * (1 - np.exp(-dt / tau_syn))
                charge += sent
                lost += np.where(resting, sent, 0)
            for i in range(N):
                tau, m = p["tau"][i], p["E_L"][i] + E0[i]
                v[i] = m + (v[i] - m) * np.exp(-dt / tau) + sd[i] * normal[k, c, i]
                if tau_syn == tau:
                    v[i] += current[i] * dt / tau * np.exp(-dt / tau)
                elif tau_syn:
                    fade = (np.exp(-dt / tau_syn) - np.exp(-dt / tau)) / (1 / tau - 1 / tau_syn)
                    v[i] += current[i] / tau * fade
            if tau_syn:
                current *= np.exp(-dt / tau_syn)
            fired = np.flatnonzero((v >= theta) & ~resting)
            until[fired] = k + hold[fired]
            if k >= burn:
                found += [(k - burn, c, int(i)) for i in fired]
            for i in range(N):
                if until[i] == k:  # released: at reset, and with noise a quarter of a step on its way
                    v[i] = p["v_r"][i]
                    if lower_threshold and sd[i] > 0:
                        v[i] += 0.25 * dt / p["tau"][i] * (p["E_L"][i] + E0[i] - v[i] + current[i])
            for i in fired:
                due.setdefault(k + lag[i], []).append(i)
            for j in due.pop(k, []):
                if tau_syn:
                    current += W[:, j] / tau_syn
                else:
                    away = until > k
                    if k >= burn:
                        charge += W[:, j]
                        lost += np.where(away, W[:, j], 0)
                    v += np.where(away, 0, W[:, j] / p["tau"])
    return found, charge, lost


@pytest.mark.parametrize("neuron", [SAME, VARIED], ids=["same", "varied"])
@pytest.mark.parametrize("tau_syn", [0.0, 3.0, 12.0])
@pytest.mark.parametrize("delay", [0.0, 0.8, [0.4, 0.0, 1.6]], ids=["at once", "later", "each later"])
@pytest.mark.parametrize("lower_threshold", [True, False])
@pytest.mark.parametrize("block", [7, 16_384])
def test_a_network_step_by_step(monkeypatch, neuron, tau_syn, delay, lower_threshold, block):
    monkeypatch.setattr(network, "_BLOCK", block)
    options = {"dt": 0.2, "duration": 60.0, "burn_in": 5.0, "tau_syn": tau_syn, "delay": delay}
    options["lower_threshold"] = lower_threshold
    start = np.array([-60.0, -57.0, -54.0])
    run = simulate_network(
        W, neuron, E0, rng=5, copies=COPIES, start=start, currents=True, raster=60.0, intervals=True, **options
    )
    spikes, charge, lost = by_hand(neuron, start=start, seed=5, **options)
    assert len(spikes) > 20
    first = sorted((k, i) for k, c, i in spikes if c == 0)
    np.testing.assert_allclose(run.spikes[0], [0.2 * k for k, _ in first], atol=1e-9)
    np.testing.assert_array_equal(run.spikes[1], [i for _, i in first])
    counts = np.bincount([i for _, _, i in spikes], minlength=N)
    np.testing.assert_allclose(run.rate, counts / (60.0 * COPIES))
    np.testing.assert_allclose(run.mean_input, E0 + charge / (60.0 * COPIES), rtol=1e-9)
    np.testing.assert_allclose(run.lost_input, lost / (60.0 * COPIES), rtol=1e-9, atol=1e-12)


def test_starts_are_uniform_between_reset_and_threshold():
    rng = np.random.default_rng(3)
    expected = rng.uniform([-61.0] * 3, [-52.0] * 3, (2, 3)).reshape(-1) + 63
    np.testing.assert_allclose(network._start(None, SAME, 3, 2, np.random.default_rng(3)), expected)
    np.testing.assert_array_equal(network._start([1.0, 2.0, 3.0], SAME, 3, 2, rng), [64, 65, 66] * 2)


def test_times_are_whole_steps():
    assert network._steps("duration", 1.04, 0.1) == 10
    assert network._steps("duration", 1.06, 0.1) == 11
    assert network._steps("burn_in", 0.0, 0.1) == 0
    with pytest.raises(ValueError, match=r"^duration must be at least one time step of 0\.1 ms, got 0\.04"):
        network._steps("duration", 0.04, 0.1, low=1)
    assert network._steps("duration", 0.06, 0.1, low=1) == 1
    np.testing.assert_array_equal(network._delays([0.0, 0.26, 1.0], 3, 0.1), [0, 3, 10])
    for bad in (-0.1, np.nan):
        with pytest.raises(ValueError, match=r"^delay must not be negative or NaN"):
            network._delays(bad, 3, 0.1)


def test_a_step_may_be_as_long_as_the_membrane_but_no_longer():
    quiet = LIF(sigma=0.0, tau=2.0)
    simulate_network(W, quiet, E0, duration=10.0, dt=2.0, burn_in=0.0)
    with pytest.raises(ValueError, match=r"^dt must be in \(0, 2\], got 2\.01"):
        simulate_network(W, quiet, E0, duration=10.0, dt=2.01, burn_in=0.0)
    lag = BETA * 2.0 * np.sqrt(0.1 / 20)
    touching = LIF(sigma=2.0, E_L=0.0, v_th=lag, v_r=0.0)
    with pytest.raises(ValueError, match=r"^dt must be smaller: at 0\.1 ms the lowered threshold falls below"):
        simulate_network(W, touching, E0, duration=1.0, burn_in=0.0)
