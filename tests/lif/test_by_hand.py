"""Simulations of one neuron against plain loops over neurons and steps, fed with the same random numbers."""

import numpy as np
import pytest

from netmod import LIF, sample_intervals, sample_rate, simulate
from netmod.lif import lanes
from netmod.lif.neuron import BETA, currents, fit, kinds, one_step

NEURON = LIF(tau=12.0, E_L=-63.0, sigma=4.0, v_th=-52.0, v_r=-61.0, tau_ref=1.23)


# --- one step


def test_what_a_step_does():
    h, dt = 0.3 / 12, 0.3
    lag = BETA * 4 * np.sqrt(h)
    assert one_step(NEURON, dt, "euler", False) == pytest.approx((1 - h, 4 * np.sqrt(h), -52.0, 0.0), rel=1e-14)
    assert one_step(NEURON, dt, "euler", True) == pytest.approx((1 - h, 4 * np.sqrt(h), -52 - lag, 0.0), rel=1e-14)
    sd = 4 * np.sqrt((1 - np.exp(-2 * h)) / 2)
    assert one_step(NEURON, dt, "exact", False) == pytest.approx((np.exp(-h), sd, -52.0, 0.0), rel=1e-13)
    assert one_step(NEURON, dt, "exact", True) == pytest.approx((np.exp(-h), sd, -52 - lag, dt / 4), rel=1e-13)
    quiet = one_step(LIF(sigma=0.0), dt, "exact", True)
    assert quiet == pytest.approx((np.exp(-dt / 20), 0.0, -50.0, dt / 2))
    both = one_step(LIF(sigma=np.array([0.0, 2.0])), dt, "exact", True)
    np.testing.assert_allclose(both[3], [dt / 2, dt / 4])


def test_steps_at_their_limits():
    for dt, good in ((20.0, False), (19.999, True)):
        if good:
            one_step(LIF(), dt, "euler", False)
        else:
            with pytest.raises(ValueError, match=r"^dt must be below tau = 20 ms, got 20.0"):
                one_step(LIF(), dt, "euler", False)
    with pytest.raises(ValueError, match=r"^method must be 'euler' or 'exact', got 'Euler'"):
        one_step(LIF(), 0.1, "Euler", False)
    assert one_step(LIF(v_th=-60 + 1e-9), 0.1, "euler", False)[2] > -60
    lag = BETA * 2.0 * np.sqrt(0.1 / 20)
    touching = LIF(sigma=2.0, E_L=0.0, v_th=lag, v_r=0.0)  # lowered, the threshold is at reset
    with pytest.raises(ValueError, match=r"^dt must be small enough for a lowered threshold above v_r, got 0\.1"):
        one_step(touching, 0.1, "euler", True)
    for sigma, noisy in ((0.99e-15, False), (1.01e-15, True)):  # noise below the rounding of v itself is none
        step = one_step(LIF(sigma=sigma / np.sqrt(0.1 / 20)), 0.1, "euler", False)[1]
        assert (step > 0) == noisy


def test_currents_and_neurons_that_fit():
    given = np.array([1.0, np.nan])
    own = currents(given)
    own[0] = 5
    assert given[0] == 1
    for value in (np.inf, -np.inf):
        with pytest.raises(ValueError, match=r"^E must be finite or NaN, got an infinite value"):
            currents([1.0, value])
    assert currents(np.ones(3), 1).shape == (3,)
    with pytest.raises(ValueError, match=r"^E must have at most 1 dimension, got shape \(1, 3\)"):
        currents(np.ones((1, 3)), 1)
    neuron = LIF(tau=np.array([1.0, 2.0, 3.0]))
    assert fit(np.ones((4, 3)), neuron).shape == (4, 3)
    assert fit(np.ones((4, 1)), neuron).shape == (4, 3)
    assert fit(np.ones(()), neuron).shape == (3,)


def test_kinds_are_the_different_neurons():
    neuron = LIF(tau=np.array([10.0, 20.0, 10.0, 10.0]), sigma=np.array([1.0, 1.0, 1.0, 2.0]))
    different, kind = kinds(neuron)
    assert different.shape == (3,)
    np.testing.assert_array_equal(different.tau[kind], neuron.tau)
    np.testing.assert_array_equal(different.sigma[kind], neuron.sigma)
    assert kinds(NEURON) == (NEURON, None)


# --- the trace


@pytest.mark.parametrize("neuron", [NEURON, LIF(sigma=0.0, tau_ref=0.0)])
@pytest.mark.parametrize("options", [{}, {"method": "exact", "lower_threshold": True, "v0": -70.0, "dt": 0.25}])
def test_a_trace_step_by_step(neuron, options):
    E, duration = np.array([16.0, np.nan, 4.0, 30.0]), 80.0
    trace = simulate(neuron, E, duration, rng=3, **options)
    dt = options.get("dt", 0.1)
    steps, hold = round(duration / dt), round(neuron.tau_ref / dt)
    decay, sd, theta, _ = one_step(neuron, dt, options.get("method", "euler"), options.get("lower_threshold", False))
    noise = np.random.default_rng(3).standard_normal((steps, 4)) * sd
    for i, m in enumerate(neuron.E_L + E):
        v, rest, spikes, path = options.get("v0", neuron.v_r), 0, [], []
        path.append(v if m == m else m)
        for k in range(steps):
            v = v * decay + (1 - decay) * m + noise[k, i]
            if rest:
                v, rest = neuron.v_r, rest - 1
            elif v >= theta:
                v, rest = neuron.v_r, hold
                spikes.append((k + 1) * dt)
            path.append(v)
        np.testing.assert_allclose(trace.v[:, i], path, rtol=1e-12)
        np.testing.assert_allclose(trace.spike_times[i], spikes)
    np.testing.assert_allclose(trace.t, dt * np.arange(steps + 1))
    assert simulate(neuron, 8.0, 0.01).v.shape == (2,)  # at least one step


# --- the rate


def lanes_by_hand(m, start, neuron, decay, sd, theta, hold, steps, bits):
    """The steps at which each lane spikes, by a plain loop."""
    unit = sd or 1.0
    noise = lanes.normals(bits, steps, len(m)) if sd else np.zeros((steps, len(m)))
    found = []
    for i in range(len(m)):
        u, rest, when = (start[i] - m[i]) / unit, 0, []
        for k in range(steps):
            u = u * decay + noise[k, i]
            if rest:
                rest -= 1
                u = (neuron.v_r - m[i]) / unit
            elif u >= (theta - m[i]) / unit:
                when.append(k + 1)
                rest = hold
                u = (neuron.v_r - m[i]) / unit
        found.append(np.array(when, dtype=float))
    return found


@pytest.mark.parametrize("neuron", [NEURON, LIF(sigma=0.0, tau_ref=1.0)], ids=["noise", "no noise"])
@pytest.mark.parametrize(
    ("duration", "trials", "burn_in", "pieces"),
    [
        (300.0, 1, None, 1),
        (1250.0, 2, None, 2),
        (1250.0, 1, 0.0, 2),
        (700.0, 1, 30.0, 1),
        (1250.0, 1, 110.0, 1),
        (20_000.0, 1, None, 33),
    ],
)
def test_a_rate_is_counted_lane_by_lane(neuron, duration, trials, burn_in, pieces):
    """Stretches of at least 10 burn-ins and 50 time constants; counts, variances and delays as the docstring says."""
    if neuron.sigma == 0 and duration > 2000:
        duration = 33_000.0
    E, dt = np.array([13.0, 25.0]), 0.2
    sample = sample_rate(neuron, E, duration=duration, trials=trials, dt=dt, rng=7, burn_in=burn_in)
    burn = 5 * neuron.tau if burn_in is None else burn_in
    cut = max(1, int(duration // max(10 * burn, 50 * neuron.tau)))
    if neuron is NEURON:
        assert cut == pieces
    reps, steps, warm = trials * cut, round(duration / cut / dt), round(burn / dt)
    decay, sd, theta, late = one_step(neuron, dt, "exact", True)
    hold = round(neuron.tau_ref / dt)
    rng = np.random.default_rng(7)
    phase = (rng.random((2, 1)) + np.arange(reps) / reps) % 1.0
    m = np.repeat(neuron.E_L + E, reps)
    start = lanes.on_the_cycle(neuron, m, phase.ravel())
    bits = next(lanes.streams(rng))
    when = lanes_by_hand(m, start, neuron, decay, sd, theta, hold, warm + steps, bits)
    for j in range(2):
        mine = when[j * reps : (j + 1) * reps]
        counts = np.array([(w > warm).sum() for w in mine], dtype=float)
        gaps = np.concatenate([np.diff(w)[w[1:] > warm] for w in mine])
        n, total = counts.sum(), reps * steps * dt
        if reps >= 32:
            F = counts.var(ddof=1) / counts.mean()
        else:  # Cox's variance of a count, drawn to a Poisson process by four spikes or fewer
            each = n / reps
            cv2 = gaps.var() / gaps.mean() ** 2
            prior = 4 * min(1.0, 8 / max(each, 1.0))
            F = (each * (cv2 + max(1 - cv2, 0) / (6 * max(each, 1.0))) + prior) / (each + prior)
        factor = 1 / (1 + n / total * (neuron.tau_ref - hold * dt - late))
        assert sample.rate[j] == pytest.approx(n / total * factor, rel=1e-12)
        assert sample.stderr[j] == pytest.approx(np.sqrt(F * n) / total * factor**2, rel=1e-9)


def test_where_lanes_begin():
    """At phases of the noise-free cycle; five time constants stand for one that noise makes, or that is as long."""
    m = np.array([-40.0, -51.0, -50.0 + 1e-3])
    for neuron, rises in (
        (LIF(), [np.log(2), 5.0, 5.0]),
        (LIF(sigma=0.0), [np.log(2), 5.0, np.log(10.001 / 1e-3)]),
    ):
        for phase in (0.0, 0.3, 1.0):
            expected = m + (-60 - m) * np.exp(0.1 - phase * (0.1 + np.array(rises)))
            np.testing.assert_allclose(lanes.on_the_cycle(neuron, m, np.full(3, phase)), expected, rtol=1e-12)
    slow = np.array(
        [-50 + 10 / (np.exp(5) - 1) * 0.999, -50 + 10 / (np.exp(5) - 1) * 1.001]
    )  # five, just not and just
    found = lanes.on_the_cycle(LIF(), slow, np.ones(2))
    np.testing.assert_allclose(found[1], -50, atol=1e-9)
    assert found[0] < -50


# --- intervals


@pytest.mark.parametrize("neuron", [NEURON, LIF(sigma=0.0)], ids=["noise", "no noise"])
@pytest.mark.parametrize("longest", [10.0, 100.0])
def test_intervals_lane_by_lane(neuron, longest):
    E, dt, count = np.array([13.0, 40.0, 5.0]), 0.2, 6
    T = sample_intervals(neuron, E, count, dt=dt, rng=9, longest=longest)
    decay, sd, theta, late = one_step(neuron, dt, "exact", True)
    rng = np.random.default_rng(9)
    m = np.repeat(neuron.E_L + E, count)
    bits, unit = next(lanes.streams(rng)), sd or 1.0
    u, crossing, alive, done = (neuron.v_r - m) / unit, np.full(18, np.inf), np.arange(18), 0
    steps = int(longest / dt)
    while done < steps and alive.size:  # those that have crossed are put away every 64 steps
        portion = min(64, steps - done)
        noise = lanes.normals(bits, portion, alive.size) if sd else np.zeros((portion, alive.size))
        for k in range(portion):
            u[alive] = u[alive] * decay + noise[k]
            fresh = alive[(u[alive] >= (theta - m[alive]) / unit) & np.isinf(crossing[alive])]
            crossing[fresh] = done + k + 1
        alive, done = alive[np.isinf(crossing[alive])], done + portion
    np.testing.assert_allclose(T.ravel(), neuron.tau_ref + crossing * dt - late, rtol=1e-12)
    assert np.isinf(T).any()
    assert np.isfinite(T).any()
