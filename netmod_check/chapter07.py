"""In-degrees: the checkers of chapter 7."""

from __future__ import annotations

from typing import Any

import numpy as np

from netmod import erdos_renyi, firing_rate, in_degrees, sweep
from netmod_check._core import Hint, close, function, number, numbers


def exercise_1(answer: Any) -> None:
    """Two readings of a strength, and a saturated current."""
    g, total, current = numbers(answer, ("the strength of one synapse", "the total", "the current"))
    inputs = 49 * 0.2
    if close(g, 190 / (50 * 0.2)) or close(total, 190 * 50 * 0.2):
        raise Hint("How many other neurons can a neuron have inputs from? None from itself.")
    if close(g, 190 * inputs) or close(total, 190 / inputs):
        raise Hint("The total is larger than one synapse: for which of the two do you divide?")
    if not close(g, 190 / inputs):
        raise Hint("g: the total is shared by the inputs of an average neuron. How many are they?")
    if not close(total, 190 * inputs):
        raise Hint("The total: add up one strength for each input of an average neuron.")
    rise = 190 * 15 / 2
    if close(current, rise):
        raise Hint("The current: what comes from the network is right; something else comes from outside.")
    if close(current, 8 + 190 * 15 * 2) or close(current, 8 + 190 * 15 * 500):
        raise Hint("The current: in mV ms times 1/ms. Is the ceiling a time or a rate, and in which unit?")
    if not close(current, 8 + rise):
        raise Hint("The current: outside, and for each input the strength times the rate at which it fires.")


def exercise_2(answer: Any) -> None:
    """The std of the currents of a network, from two scalars."""
    std = number(answer, "a std of currents in mV")
    r = 0.0
    for _ in range(100):
        r = float(firing_rate(8.0 + 100 * r))
    g, k = 100 / 29.9, np.sqrt(299 * 0.1 * 0.9)
    right = g * r * k
    if close(std, right, rtol=0.01):
        return
    if close(std, 100 * r * k, rtol=0.01):
        raise Hint("Each input has the strength of one synapse, not the total.")
    if close(std, 1000 * right, rtol=0.01):
        raise Hint("Strengths are in mV ms: which unit must the rate have?")
    if close(std, g * float(firing_rate(8.0)) * k, rtol=0.01):
        raise Hint("That is the rate of neurons that hear nothing. Solve the equation for the mean rate.")
    if close(std, g * r * 29.9 * 0.9, rtol=0.01):
        raise Hint("That is a variance of the in-degree where its std is needed.")
    if close(std, g * r * np.sqrt(299 * 0.1), rtol=0.01):
        raise Hint("The variance of a binomial number is not its mean: a factor is missing.")
    raise Hint("Three factors: the strength of a synapse, the mean rate in 1/ms, the std of the in-degree.")


def exercise_3(answer: Any) -> None:
    """A function of the in-degrees that predicts the spread of saturated rates."""
    predict = function(answer, "which takes in-degrees, one row a network")
    A = erdos_renyi(100, 0.2, size=60, rng=73)
    k = in_degrees(A)
    found = np.asarray(predict(k))
    if found.shape != (len(k),) or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise Hint("The function must return one finite number for each row of in-degrees.")
    if np.ptp(found) == 0:
        raise Hint("The function returns the same for all networks: it can predict no difference.")
    rate = sweep(A, [190.0], E0=8.0, starts=1, rng=1).rate[:, 0]
    r = np.corrcoef(found, rate.std(axis=1))[0, 1]
    if r > 0.95:
        return
    if r < -0.5:
        raise Hint("It falls where the spread of rates rises.")
    if r > 0.75:
        raise Hint("Better than std k. But a tangent is still a straight line: what is the whole curve?")
    raise Hint("Near the ceiling, is the rate a straight line in k? Which function of k is it?")


def exercise_4(answer: Any) -> None:
    """The correlation of in-degree and current where rates are linear in the current."""
    inside = function(answer, "which takes g, slope, n and p")
    for g, slope, n, p in (
        (0.0, 1, 9, 0.1),
        (20.0, 0.006, 100, 0.2),
        (40.0, 0.003, 400, 0.1),
        (60.0, 0.004, 50, 0.5),
    ):
        found = number(inside(g, slope, n, p), "a function that returns a number")
        a2 = (g * slope) ** 2 * (n - 1) * p * (1 - p)
        if close(found, np.sqrt(1 - a2), rtol=1e-3):
            continue
        if close(found, 1 - a2, rtol=1e-9):
            raise Hint("The fraction of the variance is right. A correlation is its root.")
        if close(found, 1 / np.sqrt(1 + a2), rtol=1e-9):
            raise Hint("The variance of the rates follows that of the whole current, not that of its kept part.")
        if close(found, np.sqrt(1 - a2 / (1 - p)), rtol=1e-9):
            raise Hint("A connection is there or not: the variance of such a number has two factors.")
        raise Hint("Write Var E as the sum of a kept part and a rest that is itself in proportion to Var E.")


def exercise_5(answer: Any) -> None:
    """What a plain in-degree knows of a signed one."""
    knows = function(answer, "which takes f and gamma")
    for f, gamma in ((0.2, 1.0), (0.2, 0.5), (0.3, 2.5), (0.5, 1.0), (0.2, 4.0), (0.0, 4.0)):
        found = number(knows(f, gamma), "a function that returns a number")
        mean, square = 1 - f - f * gamma, 1 - f + f * gamma**2
        right = mean**2 / square
        if close(found, right, rtol=1e-6, atol=1e-9):
            continue
        if close(found, mean / np.sqrt(square), rtol=1e-6):
            raise Hint("That is the correlation between neurons. The exercise asks for its square.")
        if close(found, (1 - f + f * gamma) ** 2 / square, rtol=1e-6):
            raise Hint("An inhibitory connection has a negative sign in the sum.")
        if close(found, mean**2 / (1 - f + f * gamma), rtol=1e-6):
            raise Hint("The sum in the denominator is over the squares of the signs.")
        raise Hint("Count the neurons with each sign, then write the two sums per neuron.")


def exercise_6(answer: Any) -> None:
    """Random networks whose neurons all have the same number of inputs."""
    alike = function(answer, "which takes n, k and rng")
    outs = []
    for n, k, seed in ((30, 6, 1), (30, 6, 2), (12, 11, 3), (40, 10, 4)):
        A = np.asarray(alike(n, k, np.random.default_rng(seed)))
        if A.shape != (n, n) or not np.isin(A, (0, 1)).all():
            raise Hint("The function must return a square matrix of zeros and ones, one row a neuron.")
        if A.trace():
            raise Hint("A neuron is connected to itself.")
        if (A.sum(axis=0) == k).all() and (A.sum(axis=1) != k).any():
            raise Hint("All neurons have the same number of outputs. Which of row and column are the inputs?")
        if (A.sum(axis=1) != k).any():
            raise Hint("Some neuron has not k inputs.")
        outs.append(A)
    if (outs[0] == outs[1]).all() or np.ptp(outs[3].sum(axis=0)) == 0:
        raise Hint("Who is an input must be drawn at random, with the generator that is passed.")
