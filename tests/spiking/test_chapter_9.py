"""What chapter 9 says of spiking networks holds for other wirings and other seeds than the chapter's own.

Each test has fixed seeds and states how often a correct implementation would fail with others.
"""

import numpy as np
import pytest

import netmod
from book._ext import chapters
from netmod import (
    LIF,
    RateNetwork,
    connection_matrix,
    dale_signs,
    diffusion_rates,
    erdos_renyi,
    iterate,
    newton,
    simulate_network,
)


def page(*functions):
    """Return what the cells of the chapter define that define `functions`, and what these need."""
    names = {"np": np, "neuron": LIF(), **{name: getattr(netmod, name) for name in netmod.__all__}}
    for cell in chapters.code_cells(chapters.read(chapters.BOOK / "09-spiking.md")):
        for name in functions:
            if f"def {name}(" in cell.source:
                exec(cell.source.partition("\nfor name, ")[0], names)
    return names


def mixed(g, wiring):
    return connection_matrix(erdos_renyi(100, 0.2, rng=wiring), g, dale_signs(100))


def typical_error(run, rate):
    return 1000 * np.sqrt(max(0.0, ((run.rate - rate) ** 2 - run.stderr**2).mean()))


@pytest.mark.parametrize("wiring", [21, 22, 23])
def test_equation_1_is_right_to_one_percent_in_excitatory_networks_with_slow_synapses(wiring):
    W = connection_matrix(erdos_renyi(100, 0.2, rng=wiring), 190 / 19.8)
    run = simulate_network(W, LIF(), 8.0, duration=1000, copies=20, rng=wiring)
    # error of the mean 0.2 %, seen offset 0.3 to 0.7 %: beyond 1.3 % once in a thousand
    assert run.mean_rate == pytest.approx(iterate(RateNetwork(W, 8.0)).rate.mean(), rel=0.013)


def test_pulses_make_avalanches_whose_synchrony_grows_as_the_step_shrinks_while_the_rate_stays():
    W = connection_matrix(erdos_renyi(100, 0.2, rng=24), 190 / 19.8)
    options = {"duration": 600, "copies": 8, "rng": 2, "tau_syn": 0.0, "currents": True, "bin_width": 1.0}
    coarse, fine = (simulate_network(W, LIF(), 8.0, dt=dt, **options) for dt in (0.1, 0.02))
    assert fine.synchrony > 1.25 * coarse.synchrony  # seen 1.5; its error is 5 %: once in a thousand
    assert fine.mean_rate == pytest.approx(coarse.mean_rate, rel=0.06)
    lost = fine.lost_input.sum() / (fine.mean_input - 8.0).sum()
    assert 0.33 < lost < 0.45
    assert lost > 3 * 2.0 * fine.mean_rate  # far more than the share of time


def test_mean_and_variance_explain_the_delayed_excitatory_network():
    W = connection_matrix(erdos_renyi(100, 0.2, rng=25), 190 / 19.8)
    net = RateNetwork(W, 8.0)
    run = simulate_network(W, LIF(), 8.0, duration=2000, copies=20, tau_syn=0.0, delay=2.0, rng=3)
    plain, both = iterate(net).rate.mean(), diffusion_rates(net).rate.mean()
    # predicted 3.5 % apart, the simulation 0.2 % certain
    assert abs(run.mean_rate / both - 1) < 0.017
    assert run.mean_rate > 1.01 * plain


def test_mean_and_variance_beat_the_mean_in_weakly_coupled_mixed_networks():
    for g, gain in ((5.0, 0.6), (10.0, 0.75)):
        errors = []
        for wiring in range(31, 37):
            net = RateNetwork(mixed(g, wiring), 8.0)
            run = simulate_network(net.W, LIF(), 8.0, duration=1000, copies=10, tau_syn=0.0, delay=2.0, rng=wiring)
            errors.append([typical_error(run, r) for r in (newton(net).rate, diffusion_rates(net).rate)])
        plain, both = np.mean(errors, axis=0)
        assert both < gain * plain  # seen 0.1 to 0.2 and 0.43


def test_at_20_mV_ms_both_theories_miss_by_far_and_on_different_sides():
    for wiring in range(41, 45):
        net = RateNetwork(mixed(20.0, wiring), 8.0)
        run = simulate_network(net.W, LIF(), 8.0, duration=1000, copies=10, tau_syn=0.0, delay=2.0, rng=wiring)
        assert newton(net).rate.mean() < 0.85 * run.mean_rate
        assert diffusion_rates(net).rate.mean() > 1.1 * run.mean_rate


def test_late_inhibition_oscillates_with_a_period_of_some_milliseconds():
    W = connection_matrix(erdos_renyi(200, 0.5, rng=5), -600 / 99.5)
    options = {"duration": 2000, "copies": 15, "tau_syn": 0.0, "delay": 2.0, "bin_width": 0.5, "rng": 2}
    run = simulate_network(W, LIF(), 25.0, **options)
    power = (np.abs(np.fft.rfft(run.population - run.mean_rate)) ** 2).mean(axis=0)
    period = 1 / np.fft.rfftfreq(run.population.shape[1], 0.5)[power.argmax()]
    assert 5 < period < 7.5


@pytest.mark.slow
def test_which_assumption_costs_most_is_told_by_dropping_one_at_a_time():
    """Steps of the mean rate, Hz, in three other wirings; over thirteen they vary by 0.3 at most (sd).

    Of the mean of three the sd is 0.17, and jumps and regularity differ by 0.6: a false alarm once in some hundred.
    """
    peel = page("mixed", "peel")["peel"]

    def steps(tau_syn, delay):
        return np.diff(np.mean([peel(wiring, tau_syn, delay)[:5] for wiring in (51, 52, 53)], axis=0))

    gaussian, jumps, regular, rest = steps(0.0, 2.0)
    assert abs(gaussian) < 0.3
    assert jumps == pytest.approx(-1.8, abs=0.5)
    assert regular == pytest.approx(-1.2, abs=0.6)
    assert jumps < regular < -0.5
    assert abs(rest) < 0.7
    colour, jumps, regular, rest = steps(5.0, 0.0)
    assert colour == pytest.approx(-3.3, abs=0.6)
    assert abs(jumps) < 0.7
    assert colour < regular < -0.5
    assert abs(rest) < 0.9


def test_what_the_reset_throws_away_costs_more_than_the_gap_without_refractoriness():
    """Over six wirings 2 to 5 % below Equation 1 and 2 to 3 % above it, each certain to 0.3 %: once in a thousand."""
    names = page("without_refractoriness")
    names["W"] = W = connection_matrix(erdos_renyi(100, 0.2, rng=24), 190 / 19.8)
    expected = 1000 * iterate(RateNetwork(0.9 * W, 8.0, LIF(tau_ref=0.0))).rate.mean()
    thrown, given = (names["without_refractoriness"](back, seed=3) for back in (False, True))
    assert thrown < 0.99 * expected
    assert given > 1.008 * expected
