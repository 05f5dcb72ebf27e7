"""Answers to the exercises of chapter 2: right ones, and wrong ones of the kinds that students give."""

from dataclasses import replace

import numpy as np
from scipy.special import erf

from netmod import LIF, firing_rate, firing_rate_slope
from netmod_check.chapter02 import CV

NEURON = LIF()
CLIMB = 20 * np.log(2)


def seconds_needed(E, precision):
    return (CV[E] / precision) ** 2 / firing_rate(E) / 1000


def as_published(E):
    b = (10 - E) / NEURON.sigma
    a = -E / NEURON.sigma
    g = (np.exp(u**2) * (1 + erf(u)) for u in (b, a))
    return 20 * np.sqrt(np.pi) / NEURON.sigma * firing_rate(E) ** 2 * (next(g) - next(g))


def theory(E, tau_s, threshold=1.0, reset=1.0, factor=1.03):
    up = factor * NEURON.sigma * np.sqrt(tau_s / 20)
    return firing_rate(E, replace(NEURON, v_th=-50 + threshold * up, v_r=-60 + reset * up))


REFERENCE = {
    "2.1": 1 / (2 + CLIMB),
    "2.2": seconds_needed,
    "2.3": firing_rate_slope,
    "2.4": 30.0886,
    "2.5": 2.4832,
    "2.6": theory,
}

MISCONCEPTIONS = {
    "2.1": [
        (1000 / (2 + CLIMB), "right in Hz"),
        (2 + CLIMB, "the interval"),
        (1 / CLIMB, "the climb alone"),
        (firing_rate(20.0), "the rate with noise"),
    ],
    "2.2": [
        (lambda E, p: 1000 * seconds_needed(E, p), "milliseconds"),
        (lambda E, p: (CV[E] / p) ** 2, "how many spikes"),
        (lambda E, p: 1 / p**2 / firing_rate(E) / 1000, "Poisson process"),
        (lambda E, p: CV[E] / p / firing_rate(E) / 1000, "look at the square"),
    ],
    "2.3": [
        (as_published, "a sum of 1 and an erf"),
        (lambda E: -firing_rate_slope(E), "The sign"),
        (lambda E: 1000 * firing_rate_slope(E), "in Hz per mV"),
        (lambda E: (firing_rate(E + 1e-4) - firing_rate(E)) / 1e-4, "digits are missing"),
    ],
    "2.4": [
        (100.0, "too fast"),
        (10 / (1 - np.exp(-8 / 20)), "without noise"),
        (1e6, "close to its ceiling"),
        (29.5, "somewhat too slowly"),
    ],
    "2.5": [
        (12**0.5, "too flat"),
        (1.0, "too steep"),
        (2.5, "a hundredth"),
        (200.0, "a few millivolts"),
    ],
    "2.6": [
        (lambda E, tau_s: 1000 * theory(E, tau_s), "right in Hz"),
        (lambda E, tau_s: theory(E, tau_s, reset=0.0), "both rise"),
        (lambda E, tau_s: theory(E, tau_s, -1.0, -1.0), "They rise"),
        (lambda E, tau_s: firing_rate(E), "white noise"),
        (lambda E, tau_s: theory(E, tau_s, factor=0.5), "Mind the root"),
    ],
}
