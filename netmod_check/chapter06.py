"""Checkers of chapter 6: what happens as the connections grow."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from netmod import erdos_renyi, linear_response, sweep
from netmod_check._core import Hint, array, close, number, numbers

SYNAPSES = 99 * 0.2


def exercise_1(answer: object) -> None:
    """The slope of a saturated network."""
    slope, right = number(answer, "a slope in 1/ms"), 299 * 0.1 / 4.0
    if close(slope, 299 * 0.1 / 2.0, rtol=0.01):
        raise Hint("That would be the slope with the refractory time of the book's own neuron.")
    if close(slope, 299 / 4.0, rtol=0.01) or close(slope, 300 / 4.0, rtol=0.01):
        raise Hint("Not every other neuron is an input: think of the connection probability.")
    if close(slope, 1000 * right, rtol=0.02):
        raise Hint("That is a slope in Hz. The exercise asks for it in 1/ms.")
    if not close(slope, right, atol=0.2):
        raise Hint("How many inputs has a neuron, and how fast at most does each of them fire?")


MEDIANS = (67.5, 48.0, 81.0)
"""Of the 20 networks `twenty`, mV ms, for the three fractions; the same from 2 to 36 starts and for other starts."""


def exercise_3(answer: object) -> None:
    """The median strengths at which balanced networks are lost."""
    given = numbers(answer, ("the median for f = 0.1", "for f = 0.2", "for f = 0.5"))

    def right(values: tuple[float, ...]) -> bool:  # between two strengths that are tried, 3 mV ms apart
        return all(close(a, b, atol=3.1) for a, b in zip(values, MEDIANS, strict=True))

    if right(given):
        return
    if any(right(order) for order in permutations(given)):
        raise Hint("Those are the right medians in another order.")
    if max(given) - min(given) < 3:
        raise Hint("You find the same for all three. Did γ change with f, so that each network is balanced?")
    if min(given) <= 0 or max(given) > 120:
        raise Hint("A median lies among the strengths you tried.")
    for f, a, b in zip(("the first", "the second", "the third"), given, MEDIANS, strict=True):
        if not close(a, b, atol=3.1):
            raise Hint(
                f"Look at {f} again: are these the 20 networks `twenty`, up to the last strength that is asked for? "
                "Take the first strength at which a start fails, and the median."
            )


@cache
def _step() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the currents at totals of 100 and 150, and what one step of the tangent says."""
    A, g = erdos_renyi(100, 0.2, size=100, rng=100)[0], np.array([100, 150]) / SYNAPSES
    start, end = sweep(A, g, E0=8.0, starts=1, rng=1).E[0]
    return start, end, start + linear_response(A, g[0], start) * (g[1] - g[0])


def exercise_4(answer: object) -> None:
    """The currents after one midpoint step."""
    E = array(answer, (100,), "the currents of 100 neurons after the step")
    start, end, tangent = _step()
    size = np.abs(end - start).mean()
    if np.abs(E - start).mean() < 0.01 * size:
        raise Hint("Those are the currents before the step.")
    if np.abs(E - tangent).mean() < 0.02 * size:
        raise Hint("That is the tangent at the start. Take the slope half-way, and start the whole step anew.")
    if np.abs(E - (start + (tangent - start) / 2)).mean() < 0.02 * size:
        raise Hint("That is half a step. What is found there is the slope for a whole one.")
    if np.abs(E - end).mean() > 0.2 * size:
        raise Hint("Too much of the change is missed. Is the second slope taken at the midpoint, in g and in E?")
