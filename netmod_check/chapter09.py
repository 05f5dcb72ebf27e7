"""Checkers of chapter 9: spiking networks."""

from __future__ import annotations

from functools import cache

import numpy as np

from netmod import LIF, RateNetwork, iterate, simulate_network
from netmod_check._core import Hint, close, number


def exercise_1(answer: object) -> None:
    """Seconds of simulation for a standard error of 0.1 Hz."""
    seconds, right = number(answer, "a number of seconds"), 0.62**2 * 14.35 / 0.1**2
    if close(seconds, right / 0.62**2, rtol=0.02):
        raise Hint("That is the time for Poisson trains. Trains with a smaller CV need less.")
    if close(seconds, right / 0.62, rtol=0.02):
        raise Hint("The CV enters the standard error itself. What becomes of it when you square?")
    if close(seconds, right / 1000, rtol=0.02) or close(seconds, 1000 * right, rtol=0.02):
        raise Hint("Your time has the right digits in another unit: take rates in Hz and the time in s.")
    if close(seconds, 0.62**2 * 14.35 / 0.1, rtol=0.02):
        raise Hint("The standard error falls with the root of the time, so it enters squared.")
    if not close(seconds, right, rtol=0.02):
        raise Hint("Set CV times the root of rate over time equal to the wanted error, and solve for the time.")


@cache
def _lost() -> tuple[float, float]:
    """Return the share of charge lost without delay, and the share of time spent refractory."""
    pair = np.array([[0.0, 50.0], [50.0, 0.0]])
    run = simulate_network(pair, LIF(), 15.0, duration=2000, copies=100, tau_syn=0.0, currents=True, rng=9)
    lost, mean = np.asarray(run.lost_input, dtype=float), np.asarray(run.mean_input, dtype=float)
    return float(lost.sum() / (mean - 15.0).sum()), float(2.0 * run.mean_rate)


def exercise_2(answer: object) -> None:
    """The share of pulses lost by a pair without delay."""
    share = number(answer, "a share between 0 and 1")
    right, refractory = _lost()
    if not 0 < share < 1:
        raise Hint("A share lies between 0 and 1: divide the charge that was lost by the charge that was sent.")
    if close(share, refractory, atol=0.015):
        raise Hint("That is the share if the two fired independently. Without delay they do not.")
    if close(share, 1 - right, atol=0.02):
        raise Hint("That is the share which arrives. The exercise asks for the other one.")
    if not close(share, right, atol=0.02):
        raise Hint("Divide the sum of lost_input by the sum of mean_input with E0 taken off: E0 is not a pulse.")


def exercise_3(answer: object) -> None:
    """The standard deviation of a free membrane behind slow synapses."""
    deviation, power = number(answer, "a number in mV"), (20 * 9.5**2 + 5 * 38.0**2) * 0.02
    right = np.sqrt(6 + power / 50)
    if close(deviation, right**2, rtol=2e-3):
        raise Hint("That is the variance, in mV². The exercise asks for its root.")
    if close(deviation, np.sqrt(6 + power / 40), rtol=2e-3):
        raise Hint("That holds for pulses. A slow synapse takes away part of the variance.")
    if close(deviation, np.sqrt(12 + power / 50), rtol=2e-3):
        raise Hint("The neuron's own noise gives a free membrane the variance of half of σ².")
    if close(deviation, np.sqrt(power / 50), rtol=2e-3):
        raise Hint("The neuron has noise of its own as well; independent variances add.")
    if not close(deviation, right, rtol=2e-3):
        raise Hint("Add σ²/2 and, for each train, its rate times the integral of the square of one spike's effect.")


def exercise_4(answer: object) -> None:
    """The smallest total inhibition at which the iteration fails."""
    total = number(answer, "a strength in mV ms")
    if total < 0:
        raise Hint("Give the size of the total inhibition, without its sign.")
    if close(total, 225.66, atol=0.6):
        raise Hint("That is 1 / max r′, where Banach's promise ends. The iteration may go on converging beyond.")

    def converges(strength: float) -> bool:
        return bool(iterate(RateNetwork([[-strength]], 25.0), max_iter=100_000).converged)

    if not converges(max(0.0, total - 2)):
        raise Hint("With 2 mV ms less the iteration fails already.")
    if converges(total + 2):
        raise Hint("With 2 mV ms more the iteration still converges.")
