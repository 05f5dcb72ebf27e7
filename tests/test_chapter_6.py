"""What chapter 6 says holds for other networks and starts than those of its page.

Seeds here are none of the page's. Each docstring says how often a sound package would miss the bound.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from netmod import (
    LIF,
    RateNetwork,
    connection_matrix,
    dale_signs,
    erdos_renyi,
    extremal_fixed_points,
    firing_rate,
    firing_rate_slope,
    in_degrees,
    linear_fit,
    linear_response,
    newton,
    sonet,
    sweep,
    trace_branch,
)
from netmod_check.chapter06 import MEDIANS

N, P, E0 = 100, 0.2, 8.0
SYNAPSES = (N - 1) * P
G = np.arange(4, 81, 4.0)
SIGNS = dale_signs(N)


def first_loss(result):
    lost = result.converged < 1
    return np.where(lost.any(axis=1), result.strengths[lost.argmax(axis=1)], np.inf)


@pytest.fixture(scope="module")
def sixteen():
    return erdos_renyi(N, P, size=16, rng=66)


@pytest.fixture(scope="module")
def shifted(sixteen):
    """Connections of γ = 4 with their mean moved, and where the networks are lost."""
    everywhere = P * (1 - np.eye(N))
    W = {shift: sixteen * SIGNS + shift * everywhere for shift in (-0.8, 0.0, 0.8)}
    return {shift: (w, sweep(w, G, E0=E0, starts=2, max_iter=1000, rng=3)) for shift, w in W.items()}


def test_failures_have_no_peak_at_the_balance(shifted):
    """Of 92, 100 and 64 networks at −0.8, 0 and 0.8 there were lost 90, 78 and 2 %.

    By the binomial law, of sixteen the first bound is missed once in 1,400, the others less than once in 10,000.
    """
    lost = {shift: int(np.isfinite(first_loss(result)).sum()) for shift, (_, result) in shifted.items()}
    assert lost[-0.8] >= lost[0.0] - 4
    assert lost[0.0] >= 6
    assert lost[0.8] <= 4
    E = [np.nanmean(result.E[:, 4]) for _, result in shifted.values()]
    assert sorted(E) == E  # what moves is the mean


def leaders(W, result):
    """Return the radius of the disc and the eigenvalue of largest modulus, at the last strength before each loss."""
    for w, E, loss in zip(W, result.E, first_loss(result), strict=True):
        last = result.strengths.searchsorted(loss) - 1
        if np.isfinite(loss) and last >= 0:
            slopes, g = firing_rate_slope(E[last]), result.strengths[last]
            values = np.linalg.eigvals(g * w * slopes)
            disc = g * np.sqrt(P * (1 - P) * ((SIGNS * slopes) ** 2).sum())
            yield disc, values[np.abs(values).argmax()]


def test_the_disc_locates_the_loss_of_balanced_networks(shifted):
    """0.97 with a standard deviation of 0.12 over 87 networks; the mean of a dozen stays within 0.17: 5 errors."""
    assert np.mean([disc for disc, _ in leaders(*shifted[0.0])]) == pytest.approx(0.97, abs=0.17)


def test_a_negative_mean_loses_networks_through_its_outlier(shifted):
    """The leader was real and negative in 76 % of 38 networks at −0.8 and in 17 % of 35 at 0.

    Of a dozen each, no difference or the other sign comes once in 1,000.
    """
    share = {}
    for shift in (-0.8, 0.0):
        leader = [value for _, value in leaders(*shifted[shift])]
        share[shift] = np.mean([value.real < 0 and value.imag == 0 for value in leader])
    assert share[-0.8] > share[0.0]


def test_networks_move_apart_in_how_they_are_lost(sixteen):
    """Of 127 lost networks 47 % had a point that repels: all of a dozen alike, once in 1,000."""
    result = sweep(sixteen, G, E0=E0, signs=SIGNS, starts=8, max_iter=1000, rng=4)
    repels = []
    for i, loss in enumerate(first_loss(result)):
        if np.isfinite(loss):
            at = int(result.strengths.searchsorted(loss))
            net = RateNetwork(sixteen[i] * SIGNS * loss, E0)
            point = newton(net, result.E[i, at - 1])
            if point.converged:  # else the point may be gone, at a fold
                repels.append(net.spectral_radius(point.E) > 1)
    assert len(repels) >= 8
    assert 0 < sum(repels) < len(repels)
    assert result.count("wandering").sum() > result.count("periodic").sum()
    assert result.count("diverged").sum() == 0


def test_of_the_balanced_networks_those_with_a_fifth_of_inhibition_are_lost_first(sixteen, shifted):
    """Seven sets of 16 or 20 gave medians of 40 to 56 mV ms for f = 0.2 and of 78 to 92 for f = 0.5."""
    half = sweep(
        sixteen, np.arange(6, 121, 6.0), E0=E0, signs=dale_signs(N, 0.5, 1.0), starts=2, max_iter=1000, rng=3
    )
    assert np.median(first_loss(shifted[0.0][1])) < np.median(first_loss(half))


def test_the_checker_compares_with_what_the_page_finds():
    printed = (Path(__file__).parent / "outputs" / "06-results.json").read_text(encoding="utf-8")
    assert tuple(map(float, re.findall(r"half lost by ([\d.]+) mV ms", printed))) == MEDIANS


@pytest.mark.parametrize("family", ["ER", "SONET"])
def test_straight_lines_and_where_they_are_not(family):
    """Medians over 1,000 neurons; three seeds agreed to 0.002 per synapse and to 0.01 with total strength."""
    A = erdos_renyi(N, P, size=10, rng=67)
    if family == "SONET":
        A = sonet(N, P, conv=0.3, div=0.1, chain=0.1, size=10, rng=67)
    for top, expected, tolerance in ((200.0, 0.9997, 0.0025), (190 / SYNAPSES, 0.86, 0.03)):
        g = top * np.arange(1, 41) / 40
        result = sweep(A, g, E0=E0, starts=2, rng=5)
        assert (result.converged == 1).all()
        assert result.distinct.max() == 1
        found = np.nanmedian(linear_fit(g, result.E.swapaxes(1, 2)).r_squared)
        assert found == pytest.approx(expected, abs=tolerance)
        bound = E0 + g[:, None] * in_degrees(A)[:, None] * firing_rate(E0)
        assert (bound - 1e-9 <= result.E).all()


def test_one_steady_state_at_8_mV_and_two_without_input():
    """The sandwich, no statistics; the silent state folded between 659 and 693 mV ms in nine networks."""
    for a in erdos_renyi(N, P, size=4, rng=68):
        for g in (1.0, 4.0, 10.0, 50.0, 200.0):
            least, greatest = extremal_fixed_points(RateNetwork(connection_matrix(a, g), E0))
            np.testing.assert_allclose(least.E, greatest.E, atol=1e-6)
        net = RateNetwork(connection_matrix(a), E0=0.0)
        slopes = []
        for g in (5, 20, 50, 200, 400):
            least, greatest = extremal_fixed_points(net.scaled(g))
            slopes.append(least.E.mean() / g)
            assert (greatest.E.mean() > 1e4 * least.E.mean()) == (g >= 20)
        assert slopes[0] == pytest.approx(SYNAPSES * firing_rate(0.0), rel=0.1)
        assert slopes == sorted(slopes)
        assert slopes[-1] < 1.5 * slopes[0]  # in proportion, and then a little more
    events = trace_branch(net, [0, 800]).events
    assert 550 < events[0].strength < 800
    assert events[0].kind == "fold"


def test_the_slope_of_a_saturated_network_is_its_size():
    """Ten networks: 5 % per synapse, where three sizes were off by 3 % at most; with total strength no size shows."""
    total = []
    for n in (50, 150):
        A, k = erdos_renyi(n, P, size=10, rng=69), (n - 1) * P
        g = np.arange(20, 201, 20.0)
        E = sweep(A, g, E0=E0, starts=1, rng=6).E.mean(axis=-1)
        assert linear_fit(g, E).slope.mean() == pytest.approx(k / LIF().tau_ref, rel=0.06)
        g = np.arange(19, 191, 19.0)
        total.append(linear_fit(g, sweep(A, g / k, E0=E0, starts=1, rng=6).E.mean(axis=-1)).slope.mean())
    assert total[0] == pytest.approx(total[1], rel=0.15)


@pytest.mark.parametrize(("total", "missed"), [(10, 0.02), (100, 0.37), (150, 0.50), (190, 0.36)])
def test_how_far_a_tangent_reaches(total, missed):
    """Sixteen networks; three seeds gave 0.501 to 0.502 at 150 mV ms."""
    A, g = erdos_renyi(N, P, size=16, rng=70), np.array([1.0, 1.5]) * total / SYNAPSES
    E = sweep(A, g, E0=E0, starts=1, rng=7).E
    true = E[:, 1] - E[:, 0]
    step = linear_response(A, g[0], E[:, 0]) * (g[1] - g[0])
    assert np.abs(step - true).mean() / np.abs(true).mean() == pytest.approx(missed, abs=0.03)
