"""Checkers of chapter 10: claims and how to check them."""

from __future__ import annotations

import numpy as np

from netmod import erdos_renyi, sweep
from netmod_check._core import Hint, close, number, numbers

KINDS = {"a": "theorem", "b": "method", "c": "observation", "d": "explanation", "e": "definition"}
QUESTIONS = {
    "definition": "Somebody decided it: could it have been decided otherwise?",
    "method": "Somebody did it: could a stranger do the same?",
    "theorem": "Does it follow from something, whatever the data?",
    "observation": "Was it seen, and could it be seen again?",
    "explanation": "Does it name a cause?",
}


def exercise_1(answer: object) -> None:
    """Kinds of sentences."""
    if not isinstance(answer, dict) or set(answer) != set(KINDS):
        raise Hint("Give a dictionary with one kind for each of the letters a, b, c, d and e.")
    strange = [kind for kind in answer.values() if kind not in QUESTIONS]
    if strange:
        raise Hint(f"These are not among the five kinds: {strange}.")
    for letter, kind in answer.items():
        if kind != KINDS[letter]:
            raise Hint(f"Look at ({letter}) again. You call it a {kind}. {QUESTIONS[kind]}")


def exercise_2(answer: object) -> None:
    """The slope at 200 neurons with a fixed mean in-degree."""
    slope = number(answer, "a slope in 1/ms")
    g = np.array([100.0, 200.0])
    nets = erdos_renyi(200, 10 / 199, size=5, rng=7)
    E = sweep(nets, g, E0=8.0, starts=1, rng=1).E.mean(axis=(0, 2))
    right = (E[1] - E[0]) / 100
    if close(slope, right * 199 * 0.2 / 10, rtol=0.05):
        raise Hint("That is the slope at a fixed p. Here p must shrink as n grows, so that the mean in-degree stays.")
    if close(slope, 1000 * right, rtol=0.05):
        raise Hint("That is a slope in Hz. The exercise asks for it in 1/ms.")
    if close(slope, 1.0, atol=0.1):
        raise Hint("That looks like a ratio of two slopes. Give one of them.")
    if not close(slope, right, rtol=0.03):
        raise Hint("Keep (n − 1) p the same for both sizes, and fit a line through the mean currents over strength.")


def exercise_3(answer: object) -> None:
    """How many numbers fix the rate function."""
    count = number(answer, "a count")
    if count == 6:
        raise Hint("Move E_L, v_th and v_r by the same amount: what happens to the rate?")
    if count == 3:
        raise Hint("So many fix its shape, once units of voltage and of time are chosen. Here the units are given.")
    if count == 4:
        raise Hint("You took one away too many. Does the reset matter beside the rest and the threshold?")
    if count != 5:
        raise Hint("List the neuron's parameters and ask of each, and of groups of them, whether moving it matters.")


def exercise_4(answer: object) -> None:
    """A correlation and its 95 % interval."""
    r, low, high = numbers(answer, ("r", "low", "high"))
    if not all(-1 < x < 1 for x in (r, low, high)):
        raise Hint("A correlation, and each end of its interval, lies between −1 and 1.")
    if not low < r < high:
        raise Hint("The interval should hold the correlation, its low end first.")
    if not 0.6 < r < 0.95:
        raise Hint("Rows of W are targets: in-degrees are row sums. Take their standard deviation in each network.")
    z = np.arctanh([low, r, high])
    if np.allclose(np.diff([low, r, high]), np.diff([low, r, high])[0], atol=1e-3):
        raise Hint("Your interval is symmetric about r. It is so on the scale of artanh, and not on that of r.")
    if np.allclose(np.diff(z), 1 / np.sqrt(97), atol=0.01):
        raise Hint("That is one standard error each way. How many hold 95 % of a normal distribution?")
    if not np.allclose(np.diff(z), 1.96 / np.sqrt(97), atol=0.01):
        raise Hint("Go to artanh r, add and take away the wanted number of standard errors, and come back by tanh.")
