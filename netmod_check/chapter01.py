"""Checkers of chapter 1, the noisy neuron."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from netmod import LIF, firing_rate
from netmod_check._core import Hint, close, function, number, numbers

NEURON = LIF()
BETA = 0.5826


def exercise_1(answer: Any) -> None:
    """Fraction of time above threshold."""
    x = number(answer, "a fraction between 0 and 1")
    level = NEURON.E_L + 8
    sd = NEURON.sigma / np.sqrt(2)
    if 1 < x <= 100:
        raise Hint("A fraction lies between 0 and 1; this looks like per cent.")
    if not 0 < x < 1:
        raise Hint("A fraction of the time lies between 0 and 1.")
    if close(x, stats.norm.sf(NEURON.v_th, level, NEURON.sigma), atol=1e-3):
        raise Hint("You used σ as the standard deviation. What is the variance of the free membrane?")
    if close(x, stats.norm.sf(NEURON.v_th, level, sd**2), atol=1e-3):
        raise Hint("You used the variance where the standard deviation belongs.")
    if close(x, stats.norm.cdf(NEURON.v_th, level, sd), atol=1e-3):
        raise Hint("That is the fraction of the time below the threshold.")
    if not close(x, stats.norm.sf(NEURON.v_th, level, sd), atol=1e-3):
        raise Hint("How many standard deviations is the threshold above the mean of the free membrane?")


def exercise_2(answer: Any) -> None:
    """Input for 50 Hz without noise."""
    E = number(answer, "a mean input in mV")
    reach = NEURON.v_th - NEURON.E_L

    def drive(climb: float) -> float:
        return float(reach / -np.expm1(-climb / NEURON.tau))

    if E < 0:
        raise Hint("A neuron with a negative input is pulled away from the threshold.")
    if reach >= E:
        raise Hint("Without noise, so weak an input never brings the membrane to the threshold.")
    if close(E, drive(20.0)):
        raise Hint("Part of the interval is no climb: did you subtract the refractory time?")
    if close(E, drive(20.0 + NEURON.tau_ref)):
        raise Hint("You added the refractory time to the interval. Which part of the interval is it?")
    if not close(E, drive(20.0 - NEURON.tau_ref), rtol=2e-3):
        rate = 1000 / (NEURON.tau_ref + NEURON.tau * np.log(E / (E - reach)))
        raise Hint(f"With this input the neuron fires too {'fast' if rate > 50 else 'slowly'}.")


def exercise_3(answer: Any) -> None:
    """The exact one-step rule."""
    rule = function(answer, "exact_rule(dt), that returns (decay, kick)")
    variance = NEURON.sigma**2 / 2
    for dt in (0.1, 3.0, 20.0):
        decay, kick = numbers(rule(dt), ("decay", "kick"))
        half, part = numbers(rule(dt / 2), ("decay", "kick"))
        h = dt / NEURON.tau
        if close(decay, 1 - h, rtol=1e-9) and close(kick, NEURON.sigma * np.sqrt(h), rtol=1e-9):
            raise Hint("This is the Euler-Maruyama rule. Over a long step the leak does not stay what it was.")
        if not close(half * half, decay, rtol=1e-9):
            raise Hint("Two half steps must shrink v − v∞ as much as one whole step.")
        if not close(decay, np.exp(-h), rtol=1e-9):
            raise Hint("How does v − v∞ relax without noise? Look at its time constant.")
        if close(decay**2 * variance + kick, variance, rtol=1e-9):
            raise Hint("This kick is a variance. A standard deviation is asked for.")
        if close(decay**2 * 2 * variance + kick**2, 2 * variance, rtol=1e-9):
            raise Hint("This rule keeps the variance at σ². What is the free membrane's?")
        if not close(decay**2 * variance + kick**2, variance, rtol=1e-9):
            raise Hint("A variance of σ²/2 must come out of a step as σ²/2 again.")
        if not close(part**2 * (1 + half**2), kick**2, rtol=1e-9):
            raise Hint("Two half steps must add as much noise as one whole step.")


def exercise_4(answer: Any) -> None:
    """The other way to write the noise."""
    sigma, factor = numbers(answer, ("sigma in mV", "the factor of the rate"))
    right = float(firing_rate(8.0, LIF(sigma=6**0.5)) / firing_rate(8.0))
    if close(sigma, 6**0.5, rtol=1e-2):
        raise Hint("That is σ_v. The two noise terms must be equal: compare what stands before ξ.")
    if not close(sigma, NEURON.sigma, rtol=2e-3):
        raise Hint("Set what stands before ξ in the two equations equal, and solve for σ.")
    if close(factor, 1 / right, rtol=0.03):
        raise Hint("Divide the other way round: the wrong rate over the right one.")
    if not close(factor, right, rtol=0.03):
        raise Hint("The sigma is right. Divide the rate with the overlooked noise by the rate with the right noise.")


def exercise_5(answer: Any) -> None:
    """The time step for one per cent."""
    error, step = numbers(answer, ("the error in per cent", "the step in ms"))
    exact = firing_rate(6.0)
    per_mV = np.log(firing_rate(6.0, replace(NEURON, v_th=NEURON.v_th + 1e-4)) / exact) / 1e-4
    law = float(100 * per_mV * BETA * NEURON.sigma / np.sqrt(NEURON.tau))
    size = law * np.sqrt(0.1)
    if close(abs(error), abs(size) / 100, rtol=0.12):
        raise Hint("Give the error in per cent, not as a fraction.")
    if close(error, -size, rtol=0.12):
        raise Hint("Which sign? Does the neuron lose spikes or gain some?")
    if close(error, -14.67 * np.sqrt(0.1), rtol=0.02):
        raise Hint("That is the error at 8 mV. How strongly does the rate depend on the threshold at 6 mV?")
    if close(error, law, rtol=0.05):
        raise Hint("That is the error at a step of one whole ms: it still wants the root of the step.")
    if not close(error, size, rtol=0.12):
        raise Hint("Shift the threshold a little: by what share does the rate at 6 mV change? Then use the law.")
    if close(step, 0.1 / abs(size), rtol=0.1):
        raise Hint("The error is right. A factor in the error is the square of that factor in the step.")
    if not close(step, 1 / law**2, rtol=0.2):
        raise Hint("The error is right. By which factor must it shrink, and what does that ask of the step, in ms?")


def exercise_6(answer: Any) -> None:
    """The probability that a Brownian bridge crosses."""
    crossed = function(answer, "crossed(v1, v2, dt), that returns a probability")
    v1, v2 = np.array([-51.0, -50.2, -53.0]), np.array([-50.5, -50.4, -50.1])
    for dt in (0.1, 0.5):
        variance = NEURON.sigma**2 * dt / NEURON.tau
        product = (NEURON.v_th - v1) * (NEURON.v_th - v2)
        found = np.array([float(crossed(a, b, dt)) for a, b in zip(v1, v2, strict=True)])
        if not ((found >= 0) & (found <= 1)).all():
            raise Hint("A probability lies between 0 and 1. Is the exponent negative below the threshold?")
        if np.allclose(found, np.exp(-product / variance), rtol=1e-6, atol=0):
            raise Hint("Compare your exponent with the formula once more: a factor is missing.")
        if np.allclose(found, np.exp(-2 * product / NEURON.sigma**2), rtol=1e-6, atol=0):
            raise Hint("How much noise does one step bring? A shorter step leaves less room for a crossing.")
        if not np.allclose(found, np.exp(-2 * product / variance), rtol=0.02, atol=1e-12):
            raise Hint("For two potentials below the threshold this is not the probability of the formula.")
        if not all(close(float(crossed(-51.0, v, dt)), 1.0, atol=1e-9) for v in (NEURON.v_th, -49.0)):
            raise Hint("And if v2 is at or above the threshold? Then the path has surely crossed.")
