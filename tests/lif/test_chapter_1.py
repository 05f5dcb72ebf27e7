"""What chapter 1 says: the square-root law and its factor, the causes of the rest, the bridge, each computed anew."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from netmod import LIF, firing_rate, sample_rate

NEURON = LIF()
BETA = -special.zeta(0.5) / np.sqrt(2 * np.pi)


def chain(E, dt, decay, variance, *, lowered_by=0.0, crossed=None, neuron=NEURON, n=600):
    """Return the rate of the neuron that is watched at its steps, from the mean number of steps to the threshold."""
    kick, level, top = np.sqrt(variance * (1 - decay**2)), neuron.E_L + E, neuron.v_th - lowered_by
    bottom = min(level, neuron.v_r) - 9 * np.sqrt(variance)
    x, weight = np.polynomial.legendre.leggauss(n)
    w, weight = bottom + (x + 1) / 2 * (top - bottom), weight / 2 * (top - bottom)

    def kernel(v):
        q = weight * stats.norm.pdf(w, level + decay * (v - level), kick)
        return q if crossed is None else q * (1 - crossed(v, w))

    N = np.linalg.solve(np.eye(n) - kernel(w[:, None]), np.ones(n))
    return 1 / (neuron.tau_ref + dt * (1 + kernel(neuron.v_r) @ N))


def rules(dt, neuron=NEURON):
    """Return decay and variance of the exact rule and of Euler-Maruyama."""
    h = dt / neuron.tau
    return (np.exp(-h), neuron.sigma**2 / 2), (1 - h, neuron.sigma**2 / (2 - h))


def law(E, neuron=NEURON):
    """Return the predicted relative error over the root of the step, per sqrt(ms)."""
    d = 1e-4
    up, down = (np.log(firing_rate(E, replace(neuron, v_th=neuron.v_th + x))) for x in (d, -d))
    return (up - down) / (2 * d) * BETA * neuron.sigma / np.sqrt(neuron.tau)


def error(rate, E):
    return rate / firing_rate(E) - 1


@pytest.mark.parametrize("dt", [0.5, 0.1])
def test_the_chain_is_the_counted_rate(dt):
    """The chain agrees with three other seeds of `sample_rate`; a false alarm once in 15,000."""
    plain = {"method": "euler", "lower_threshold": False}
    samples = [sample_rate(NEURON, 8.0, duration=4e6, dt=dt, rng=seed, **plain) for seed in (21, 22, 23)]
    bar = np.sqrt(np.mean([s.stderr**2 for s in samples]) / 3)
    assert abs(np.mean([s.rate for s in samples]) - chain(8.0, dt, *rules(dt)[1])) < 4 * bar


def test_the_law_at_8_mV_is_minus_14_67_per_cent():
    assert 100 * law(8.0) == pytest.approx(-14.67, abs=0.005)


@pytest.mark.parametrize("E", [4.0, 6.0, 8.0, 12.0, 20.0])
@pytest.mark.parametrize("changed", [{}, {"tau": 10.0}, {"sigma": 5.0}])
def test_the_law_is_where_the_errors_go_as_the_step_shrinks(E, changed):
    neuron = replace(NEURON, **changed)
    steps = np.array([0.4, 0.1, 0.025])
    found = [
        (chain(E, dt, *rules(dt, neuron)[1], neuron=neuron, n=1000) / firing_rate(E, neuron) - 1) / np.sqrt(dt)
        for dt in steps
    ]
    share = np.array(found) / law(E, neuron)
    assert (np.diff(share) > 0).all()
    assert share[-1] > 0.9
    # what is missing shrinks like the root of the step: Richardson's limit is the law itself
    assert 2 * share[2] - share[1] == pytest.approx(1, abs=0.02)


def test_the_mean_overshoot_of_a_normal_walk_is_beta():
    """4,000 walks to a level of 10, another seed than the chapter's; a false alarm once in 15,000."""
    rng = np.random.default_rng(77)
    x, landed = np.zeros(10_000), []
    for _ in range(2500):
        x += rng.standard_normal(x.size)
        landed.append(x[x >= 10] - 10)
        x[x >= 10] = 0
    landed = np.concatenate(landed)
    assert landed.size > 20_000
    assert abs(landed.mean() - BETA) < 4 * landed.std() / np.sqrt(landed.size)


def test_what_a_lowered_threshold_leaves_has_two_causes_that_add_up():
    """Changed one at a time: the relaxation alone +0.202 %, the variance alone +0.073 %, both +0.311 %."""
    dt = 0.1
    (e, exact), (d, euler) = rules(dt)
    shift = BETA * NEURON.sigma * np.sqrt(dt / NEURON.tau)
    neither, spreads, relaxes, both = (
        100 * error(chain(8.0, dt, decay, variance, lowered_by=shift), 8.0)
        for decay, variance in ((e, exact), (e, euler), (d, exact), (d, euler))
    )
    np.testing.assert_allclose([neither, spreads, relaxes, both], [-0.036, 0.073, 0.202, 0.311], atol=6e-4)
    assert relaxes - neither + spreads - neither == pytest.approx(both - neither, abs=2e-3)
    assert 0.6 < (relaxes - neither) / (both - neither) < 0.72  # about two thirds


def test_the_shares_depend_on_what_is_held_fixed():
    """With the noise of one step held instead of the variance, it and not the relaxation has the larger share."""
    dt = 0.1
    (e, exact), (d, euler) = rules(dt)
    shift = BETA * NEURON.sigma * np.sqrt(dt / NEURON.tau)
    small, large = exact * (1 - e**2), euler * (1 - d**2)  # variances of the noise of one step
    kicks, relaxes = (
        100 * error(chain(8.0, dt, decay, kick / (1 - decay**2), lowered_by=shift), 8.0)
        for decay, kick in ((e, large), (d, small))
    )
    assert kicks == pytest.approx(0.181, abs=1e-3)
    assert relaxes == pytest.approx(0.093, abs=1e-3)


@pytest.mark.parametrize("dt", [0.5, 0.1])
def test_the_exact_rule_is_late_by_a_quarter_of_a_step(dt):
    shift = BETA * NEURON.sigma * np.sqrt(dt / NEURON.tau)
    late = chain(8.0, dt, *rules(dt)[0], lowered_by=shift)
    assert abs(error(late, 8.0)) > 3e-4
    assert abs(error(1 / (1 / late - dt / 4), 8.0)) < 1e-5


def bridge(dt, variance):
    def crossed(v, w):
        return np.exp(-2 * (NEURON.v_th - v) * (NEURON.v_th - w) / variance)

    return crossed


def test_the_bridge_is_late_by_half_a_step_and_by_nothing_else():
    for E, dt, left in ((8.0, 0.5, -0.355), (8.0, 2.0, -1.387), (20.0, 2.0, -6.145)):
        late = chain(E, dt, *rules(dt)[0], crossed=bridge(dt, NEURON.sigma**2 * dt / NEURON.tau))
        assert 100 * error(late, E) == pytest.approx(left, abs=1e-3)
        assert abs(error(1 / (1 / late - dt / 2), E)) < 1e-3


def test_a_bridge_with_the_spread_of_the_exact_step_misses_more():
    """Its exponent needs sigma² dt / tau: the smaller variance of a whole step finds too few crossings."""
    dt = 0.5
    decay, variance = rules(dt)[0]
    late = chain(8.0, dt, decay, variance, crossed=bridge(dt, variance * (1 - decay**2)))
    assert 100 * error(late, 8.0) == pytest.approx(-0.537, abs=1e-3)


def test_which_cure_is_the_better_one_depends_on_the_input():
    def left(E, dt):
        rule = rules(dt)[0]
        shift = BETA * NEURON.sigma * np.sqrt(dt / NEURON.tau)
        lowered = 1 / (1 / chain(E, dt, *rule, lowered_by=shift) - dt / 4)
        bridged = 1 / (1 / chain(E, dt, *rule, crossed=bridge(dt, NEURON.sigma**2 * dt / NEURON.tau)) - dt / 2)
        return abs(error(lowered, E)), abs(error(bridged, E))

    lowered, bridged = left(8.0, 2.0)
    assert lowered < 1e-4 < bridged
    lowered, bridged = left(20.0, 2.0)
    assert bridged < 1e-3 < 5e-3 < lowered


def test_the_plain_exact_rule_misses_more_than_euler():
    exact, euler = (100 * error(chain(8.0, 0.5, *rule), 8.0) for rule in rules(0.5))
    assert exact == pytest.approx(-10.24, abs=0.01)
    assert euler == pytest.approx(-8.67, abs=0.01)
