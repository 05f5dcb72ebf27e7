"""Checkers for chapter 4, When must the iteration converge?"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from scipy import optimize

from netmod import (
    MaxSlope,
    RateNetwork,
    a_priori_error,
    connection_matrix,
    erdos_renyi,
    firing_rate,
    firing_rate_slope,
    iterate,
    lipschitz_constants,
    max_slope,
)
from netmod_check._core import Hint, close, function, number, numbers


@functools.cache
def _steepest() -> MaxSlope:
    return max_slope()


def exercise_1(answer: Any) -> None:
    """Contraction constants of three neurons in the norms 1, ∞, 2 and Frobenius."""
    names = ("the norm 1", "the norm ∞", "the 2-norm", "the Frobenius norm")
    found = numbers(answer, names)
    W = np.zeros((3, 3))
    W[1, 0], W[2, 1], W[0, 2], W[1, 2] = 100, 60, -40, -80
    k = _steepest().slope
    column, row = np.abs(W).sum(axis=0).max(), np.abs(W).sum(axis=1).max()
    sizes = [float(size) for size in (column, row, np.linalg.norm(W, 2), np.linalg.norm(W))]
    signed = (W.sum(axis=0).max(), W.sum(axis=1).max())
    if all(close(value, size) for value, size in zip(found, sizes, strict=True)):
        raise Hint("These are the sizes of W. A constant multiplies distances: the steepest slope is missing.")
    if all(close(value, 1000 * k * size) for value, size in zip(found, sizes, strict=True)):
        raise Hint("Count rates per ms: a constant is a pure number.")
    if all(close(value, k * sizes[i]) for value, i in zip(found[:2], (1, 0), strict=True)):
        raise Hint("The norms 1 and ∞ are exchanged, or W is transposed: sources are columns, and 1 goes down them.")
    for i, (value, size, name) in enumerate(zip(found, sizes, names, strict=True)):
        if close(value, k * size):
            continue
        if i < 2 and close(value, k * signed[i]):
            raise Hint(f"For {name} a negative connection counts with its size.")
        if close(value, k * np.abs(W).max()):
            raise Hint(f"For {name} the largest entry does not do: entries add up.")
        if close(value, k * np.abs(W).sum()):
            raise Hint(f"For {name} you have added all entries: which of them meet in one sum?")
        raise Hint(f"The constant in {name} is not right: which size of W belongs to it?")


def exercise_2(answer: Any) -> None:
    """Steps that the a priori bound asks for, and steps needed."""
    promised, needed = numbers(answer, ("steps promised", "steps needed"))
    net = RateNetwork(connection_matrix(erdos_renyi(100, 0.2, size=20, rng=4)[0], 6.0), E0=8.0)
    k, states = lipschitz_constants(net)["inf"], [np.full(100, 8.0)]
    for _ in range(60):
        states.append(net(states[-1]))
    first = np.abs(states[1] - states[0]).max()
    error = np.abs(np.array(states[1:]) - iterate(net, tol=1e-13).E).max(axis=1)
    m = np.arange(1, 1000)
    right = m[a_priori_error(k, first, m) < 1e-6][0], m[:60][error < 1e-6][0]
    if (promised, needed) == right:
        return
    if (promised, needed) == right[::-1]:
        raise Hint("First what the bound promises, then what the iteration needs.")
    if promised % 1 or needed % 1:
        raise Hint("Steps are whole numbers: round up.")
    if promised == m[k**m * first < 1e-6][0]:
        raise Hint("In the bound, one over (1 - k) is missing: all later steps add up.")
    if promised == m[k**m / (1 - k) < 1e-6][0]:
        raise Hint("In the bound, the length of the first step is missing.")
    if promised in (right[0] - 1, right[0] + 1):
        raise Hint("The promised number is off by one: the *first* m at which the bound is small enough.")
    if promised != right[0]:
        raise Hint(
            "For the promise, solve k^m / (1 - k) times the first step < 10^-6 mV, with k for the largest row sum."
        )
    if needed in (right[1] - 1, right[1] + 1):
        raise Hint("The needed number is off by one: error[0] is what is left after the first step.")
    raise Hint("For what is needed, look for the first entry of `error` that is small enough.")


def exercise_3(answer: Any) -> None:
    """Constants of a hub that sends to forty, and that hears forty."""
    names = ("column norm, hub sends", "row norm, hub sends", "column norm, hub hears", "row norm, hub hears")
    found = numbers(answer, names)
    k = 10 * _steepest().slope
    right = (40 * k, k, k, 40 * k)

    def are_(others: tuple[float, ...]) -> bool:
        return all(close(value, other) for value, other in zip(found, others, strict=True))

    if are_(right):
        return
    if are_((k, 40 * k, 40 * k, k)):
        raise Hint("Exchanged: the first norm adds down a column, and a column is what one neuron sends.")
    if are_(tuple(10 * x / k for x in right)):
        raise Hint("These are sizes of W: the steepest slope of the rate is missing.")
    if are_(tuple(x / 10 for x in right)):
        raise Hint("Each connection has a strength, and it is not 1 mV ms.")
    if are_((41 * k, k, k, 41 * k)):
        raise Hint("The hub has no connection to itself.")
    for value, other, name in zip(found, right, names, strict=True):
        if not close(value, other):
            raise Hint(f"Look again at the {name}: how many connections meet in its largest sum?")


def exercise_4(answer: Any) -> None:
    """The two gains between which there are three fixed points at 4 mV."""
    low, high = numbers(answer, ("the lower gain", "the upper gain"))
    steepest = _steepest()

    def fold(E: float) -> float:
        return float(E - firing_rate(E) / firing_rate_slope(E)) - 4.0

    places = optimize.brentq(fold, 4.6, steepest.E), optimize.brentq(fold, steepest.E, 60.0)
    lower, upper = sorted(1 / float(firing_rate_slope(E)) for E in places)
    if close(low, lower) and close(high, upper):
        return
    if close(low, upper) and close(high, lower):
        raise Hint("The lower gain comes first.")
    if all(min(abs(value - E) for E in places) < 0.05 for value in (low, high)):
        raise Hint("These are the currents at which the folds happen. Which gains belong to them?")
    if close(low, 1 / steepest.slope) or close(high, 1 / steepest.slope):
        raise Hint("One of them is the cusp's gain, and the cusp lies at another outside current.")
    if close(low, lower) or close(high, upper):
        raise Hint("One of the two is right: the fold curve passes 4 mV once on each side of the cusp.")
    if low > 0 and close(low, lower / 1000, rtol=0.01):
        raise Hint("Rates are per ms here, so gains are in mV ms.")
    raise Hint("On the fold curve, look for the two currents at which its outside current is 4 mV.")


def exercise_5(answer: Any) -> None:
    """The strength at which self-inhibition makes the iteration fail at 8 mV."""
    G = number(answer, "a number, in mV ms")

    def beyond(E: float) -> float:  # slope of the map at the fixed point E, less than -1 when this is above 0
        return float((8 - E) / firing_rate(E) * firing_rate_slope(E)) - 1

    E = optimize.brentq(beyond, 3.0, 8.0)
    right = float((8 - E) / firing_rate(E))
    if close(G, right):
        return
    if close(G, -right):
        raise Hint("The exercise calls the strength -G, so G itself is positive.")
    if close(G, 1 / _steepest().slope):
        raise Hint("That is the promise. Where is the fixed point, and how steep is the rate *there*?")
    if close(G, 1 / float(firing_rate_slope(8.0))):
        raise Hint("That takes the slope at the outside current. Inhibition pulls the fixed point below it.")
    if close(G, E, atol=0.05):
        raise Hint("That is the current at the fixed point. Which G puts it there?")
    raise Hint("At your G, is the slope of the map at its fixed point -1? Both G and the fixed point move.")


def exercise_6(answer: Any) -> None:
    """The 2-norm of an Erdős-Rényi matrix."""
    two_norm = function(answer, "two_norm(n, p)")
    for n, p in ((100, 0.2), (50, 0.1), (400, 0.025)):
        value, d = number(two_norm(n, p), "a function that returns one number"), (n - 1) * p
        if close(value, d + 1 - p, rtol=0.012):
            continue
        if close(value, d) or close(value, n * p):
            raise Hint("That is the mean alone, the spectral radius. Singular values feel that degrees vary.")
        if close(value, n * p + np.sqrt(n * p * (1 - p)), rtol=0.012):
            raise Hint(
                "The noise does not add its whole size: it is nearly at right angles to the mean. Draw and compare."
            )
        if close(value, np.sqrt(d * d + d * (1 - p)), rtol=0.002):
            raise Hint(
                "That is how far (1, …, 1) is stretched. The vector that is stretched most knows the out-degrees."
            )
        if close(value, n * np.sqrt(p), rtol=0.012):
            raise Hint("That is the Frobenius norm.")
        raise Hint(f"Draw networks with n = {n}, p = {p:g} and compare: it does not fit there.")
