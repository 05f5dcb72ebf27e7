"""Solvers with every kind of rate: its values are honoured, and nothing is proved of what is not known of it."""

import numpy as np
import pytest

from netmod import (
    LIF,
    KnownRate,
    RateNetwork,
    RateTable,
    certify,
    dale_signs,
    erdos_renyi,
    find_fixed_points,
    iterate,
    newton,
    trace_branch,
)


class Broken:
    """A plain function whose optional helper does not work."""

    def __call__(self, E):
        return 0.1 * (1 + np.tanh((np.asarray(E) - 10) / 5))

    def slope(self, E):
        raise RuntimeError("no slope today")


class Bump(RateTable):
    """A table in name only: it rises and falls."""

    def __call__(self, E, out=None):
        r = 0.5 * np.exp(-((np.asarray(E) - 20.0) ** 2) / 8)
        if out is None:
            return r
        out[...] = r
        return out

    def slope(self, E, out=None):
        return -(np.asarray(E) - 20.0) / 4 * self(E)


RATES = {
    "exact": (None, 5.0),
    "neurons that differ": (None, 5.0),
    "table of another neuron": (RateTable(LIF(tau=10.0), -100.0, 300.0), 5.0),
    "plain function": (lambda E: 0.1 * (1 + np.tanh((np.asarray(E) - 10) / 5)), 5.0),
    "broken slope": (Broken(), 5.0),
    "threshold-linear": (lambda E: 0.01 * np.maximum(E, 0.0), 10.0),
    "power law": (lambda E: 1e-4 * np.maximum(E, 0.0) ** 2, 2.0),
    "decreasing": (lambda E: 0.1 * (1 - np.tanh((np.asarray(E) - 8) / 8)), 4.0),
    "bump": (Bump(LIF(), -20.0, 60.0), 4.0),
    "saturating at 5/ms": (lambda E: 2.5 * (1 + np.tanh((np.asarray(E) - 20) / 4)), 5.0),
    "negative": (lambda E: 0.1 * np.tanh(np.asarray(E) / 5), 5.0),
    "known": (KnownRate(lambda E: 0.1 * np.tanh(np.asarray(E) / 5), low=-0.1, high=0.1, increasing=True), 5.0),
}
UNKNOWN = set(RATES) - {"exact", "neurons that differ", "table of another neuron", "known"}


def network(kind, sign):
    rate, g = RATES[kind]
    signs = {"excitatory": 1.0, "inhibitory": -1.0, "mixed": dale_signs(20)}[sign]
    neuron = LIF(v_th=np.linspace(-52.0, -48.0, 20)) if kind == "neurons that differ" else LIF()
    return RateNetwork(g * erdos_renyi(20, 0.2, rng=3) * signs, 8.0, neuron, rate)


@pytest.mark.slow
@pytest.mark.parametrize("sign", ["excitatory", "inhibitory", "mixed"])
@pytest.mark.parametrize("kind", RATES)
def test_fixed_points_are_those_of_the_rate_that_was_given(kind, sign):
    net = network(kind, sign)
    found = find_fixed_points(net, starts=8, rng=1)
    assert len(found) >= 1
    np.testing.assert_allclose(net.E0 + found.rates @ net.W.T, found.points, atol=1e-8)
    truth = net.rate(found.points) if net.rate is not None else net.rates(found.points)
    np.testing.assert_array_equal(found.rates, truth)
    assert found.unique is not True or len(found) == 1
    if kind in UNKNOWN:
        assert found.unique is not True
        assert certify(net, found.points[0]).method == "none"
    one = newton(net, found.points[0])
    assert one.converged
    branch = trace_branch(net, [0.5, 1.0])
    for g, E in zip(branch.strength, branch.E, strict=True):
        np.testing.assert_allclose(net.scaled(g)(E), E, atol=1e-6)


@pytest.mark.parametrize(
    ("W", "E0", "rate"),
    [
        (60.0, 0.0, lambda E: 0.5 * np.exp(-(((np.asarray(E) - 12) / 3) ** 2))),
        (100.0, 0.0, lambda E: 0.5 * np.exp(-((np.asarray(E) - 20.0) ** 2) / 8)),
        (100.0, 0.0, Bump(LIF(), -20.0, 60.0)),
    ],
)
def test_a_rate_that_rises_and_falls_proves_nothing_and_has_three_points(W, E0, rate):
    found = find_fixed_points(RateNetwork([[W]], E0, rate=rate), rng=1)
    assert len(found) == 3
    assert found.unique is False


def test_the_far_points_of_a_rate_that_saturates_high_are_found():
    """At 8, 582 and 2008 mV; in a box of the neuron's own rates there is one."""
    net = RateNetwork([[1000.0]], 8.0, rate=lambda E: 1 + np.tanh((np.asarray(E) - 600) / 40))
    np.testing.assert_allclose(find_fixed_points(net, rng=1).points[:, 0], [8, 581.8, 2008], atol=0.2)


def test_a_rate_that_is_not_a_number_is_not_called_unbounded():
    net = RateNetwork([[1.0]], 8.0, rate=lambda E: np.full(np.shape(E), np.nan))
    with pytest.raises(ValueError, match="rate that returns numbers, got NaN"):
        find_fixed_points(net, rng=1)
    assert iterate(net).status == "diverged"
