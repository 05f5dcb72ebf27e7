"""Checkers of chapter 2, the firing-rate function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from netmod import LIF, firing_rate, firing_rate_slope, max_slope
from netmod_check._core import Hint, close, function, number

NEURON = LIF()
CV = {4.0: 0.9305935, 8.0: 0.6267072, 30.0: 0.1773922}
"""Coefficients of variation of the intervals; a test computes them again."""


def exercise_1(answer: Any) -> None:
    """Rate without noise."""
    r = number(answer, "a rate in 1/ms")
    climb = NEURON.tau * np.log(2)
    right = 1 / (NEURON.tau_ref + climb)
    if close(r, 1000 * right):
        raise Hint("The number is right in Hz. In which unit does code keep rates?")
    if close(r, NEURON.tau_ref + climb):
        raise Hint("That is the interval between two spikes. How does the rate follow from it?")
    if close(r, 1 / climb):
        raise Hint("That is one over the climb alone. What else passes between two spikes?")
    if close(r, float(firing_rate(20.0))):
        raise Hint("That is the rate with noise. Switch the noise off, or use the closed form.")
    if not close(r, right):
        raise Hint("How long does the membrane climb from reset to threshold, and how long does it rest?")


def exercise_2(answer: Any) -> None:
    """How long to count."""
    seconds = function(answer, "seconds_needed(E, precision)")
    for e, precision in ((8.0, 0.05), (4.0, 0.01), (30.0, 0.002)):
        found = number(seconds(e, precision), "a number of seconds from your function")
        spikes = (CV[e] / precision) ** 2
        right = spikes / float(firing_rate(e)) / 1000
        if close(found, 1000 * right, rtol=0.01):
            raise Hint("These are milliseconds.")
        if close(found, spikes, rtol=0.01):
            raise Hint("That is how many spikes are needed. How long does it take to see so many?")
        if close(found, right / CV[e] ** 2, rtol=0.01):
            raise Hint("That would be right for a Poisson process. How regular are these spikes?")
        if close(found, right * precision, rtol=0.01) or close(found, right * precision / CV[e], rtol=0.01):
            raise Hint("Half the error takes four times the time: look at the square.")
        if not close(found, right, rtol=0.01):
            raise Hint(f"Not for E = {e:g} mV. How many spikes make CV over their root that small?")


def exercise_3(answer: Any) -> None:
    """A slope without loss of digits."""
    slope = function(answer, "slope(E), in 1/(ms mV)")
    for e in (0.0, 8.0, 10.0, 40.0, 100.0):
        found = number(slope(e), "a number from your function")
        right = float(firing_rate_slope(e))
        if close(found, -right, rtol=1e-6):
            raise Hint("The sign: which of the two limits does threshold belong to?")
        if close(found, 1000 * right, rtol=1e-6):
            raise Hint("This is in Hz per mV. The formula gives 1/(ms mV).")
        if not close(found, right, rtol=1e-2):
            where = "at weak input" if e < 20 else "at strong input: is there still a sum of 1 and an erf in it?"
            raise Hint(f"The slope is not right {where}")
        if not close(found, right, rtol=1e-9):
            raise Hint("Near, but digits are missing. A difference quotient loses some; is yours one?")


def exercise_4(answer: Any) -> None:
    """The current for 100 Hz."""
    E = number(answer, "a mean input in mV")
    wanted = 0.1
    E_still = (NEURON.v_th - NEURON.E_L) / -np.expm1(-(1 / wanted - NEURON.tau_ref) / NEURON.tau)
    if close(E, float(E_still), rtol=1e-4):
        raise Hint("That is right for a neuron without noise.")
    if float(firing_rate(E)) > 0.45:
        raise Hint("There the neuron fires close to its ceiling. Mind the unit: 100 Hz in 1/ms?")
    miss = (float(firing_rate(E)) - wanted) / float(firing_rate_slope(E)) if E > 0 else -np.inf
    if abs(miss) > 1e-3:
        far = "somewhat" if abs(miss) < 1 else "much"
        raise Hint(f"There the neuron fires {far} too {'fast' if miss > 0 else 'slowly'}.")


def exercise_5(answer: Any) -> None:
    """The noise that lowers 1/max r' to a given value."""
    sigma = number(answer, "a noise amplitude in mV")
    if not 0.01 < sigma < 100:
        raise Hint("A noise amplitude of a few millivolts is asked for.")

    def bound(x: float) -> float:
        return 1 / max_slope(replace(NEURON, sigma=x)).slope

    if bound(sigma + 0.01) < 200:
        raise Hint("There the curve is too steep: the bound is lower than asked for.")
    if bound(sigma - 0.01) > 200:
        weak = "Near, but a hundredth of a millivolt is asked for." if bound(sigma) < 202 else "There it is too flat."
        raise Hint(f"{weak} Which way does noise move the steepest slope?")


def exercise_6(answer: Any) -> None:
    """First-order theory of filtered noise."""
    theory = function(answer, "theory(E, tau_s), in 1/ms")

    def shifted(e: float, up_th: float, up_r: float) -> float:
        return float(firing_rate(e, replace(NEURON, v_th=NEURON.v_th + up_th, v_r=NEURON.v_r + up_r)))

    for e, tau_s in ((8.0, 0.5), (6.0, 1.0), (12.0, 2.0)):
        up = 1.03 * NEURON.sigma * np.sqrt(tau_s / NEURON.tau)
        found = number(theory(e, tau_s), "a rate from your function")
        right = shifted(e, up, up)
        if close(found, 1000 * right, rtol=3e-3):
            raise Hint("The number is right in Hz. The function is to give 1/ms.")
        if close(found, shifted(e, up, 0.0), rtol=3e-3):
            raise Hint("Threshold and reset both rise.")
        if close(found, shifted(e, -up, -up), rtol=3e-3):
            raise Hint("They rise. Slow noise makes a neuron below threshold fire less.")
        if close(found, float(firing_rate(e)), rtol=1e-6):
            raise Hint("That is the rate with white noise: τ_s does nothing in it yet.")
        if not close(found, right, rtol=3e-3):
            raise Hint("By how much do threshold and reset rise? Mind the root, and that σ belongs to it.")
