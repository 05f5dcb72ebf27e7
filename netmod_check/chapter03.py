"""Checkers for chapter 3, Networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from netmod import connection_matrix, dale_signs, erdos_renyi, firing_rate
from netmod.graphs.sonets import joint_probability, latent_correlation
from netmod_check._core import Hint, array, close, function, number, numbers


def exercise_1(answer: Any) -> None:
    """One step of Equation 1 for three neurons."""
    found = array(answer, (3,), "E_next, one current for each neuron")
    W = np.zeros((3, 3))
    W[1, 0], W[2, 1], W[0, 2], W[1, 2] = 40, 60, -30, -30
    E = np.array([8.0, 10.0, 12.0])
    message = W @ firing_rate(E)

    def is_(other: Any) -> bool:
        return np.allclose(found, other, rtol=0, atol=0.01)

    if is_(8 + message):
        return
    if is_(8 + W.T @ firing_rate(E)):
        raise Hint("That is the transpose: a row of W collects what its neuron receives, so W[target, source].")
    if is_(8 + np.abs(W) @ firing_rate(E)):
        raise Hint("Neuron 2 inhibits: its connections are negative.")
    if is_(message):
        raise Hint("This is what the neurons send one another. What comes from outside is missing.")
    if is_(E + message):
        raise Hint("Equation 1 adds the message to the current from outside, not to the present current.")
    if is_(8 + 1000 * message):
        raise Hint("Rates per second times mV ms give no mV: count them per ms.")
    if is_(8 + W @ E):
        raise Hint("A neuron sends its rate, not its current: W multiplies r(E).")
    wrong = ", ".join(str(i) for i in range(3) if abs(found[i] - 8 - message[i]) > 0.01)
    raise Hint(f"Look again at what reaches neuron {wrong}: which connections end there, and at which rates?")


def exercise_2(answer: Any) -> None:
    """Expected numbers of pairs in an Erdős-Rényi network."""
    found = numbers(answer, ("reciprocal pairs", "convergent pairs", "chains"))
    n, p = 50, 0.1
    places = (n * (n - 1) / 2, n * (n - 1) * (n - 2) / 2, n * (n - 1) * (n - 2))
    names = ("reciprocal pairs", "convergent pairs", "chains")
    for value, place, name in zip(found, places, names, strict=True):
        if close(value, p * p * place):
            continue
        if close(value, p * place):
            raise Hint(f"For {name}, both connections have to be there: one factor is missing.")
        if close(value, place):
            raise Hint(f"You have counted the places for {name}. With which probability are both connections there?")
        if close(value, 2 * p * p * place):
            raise Hint(f"You count each of the {name} twice: which of its neurons can be exchanged?")
        if close(value, p * p * place / 2):
            raise Hint(
                f"You count only half of the {name}: its ends are not alike, so exchanging them gives another."
            )
        if close(value, p * p * place, rtol=0.1):
            raise Hint(f"The number of {name} is nearly right: may one neuron be chosen twice?")
        raise Hint(f"Count again the ways to choose the neurons of {name}, then multiply by a probability.")


def exercise_3(answer: Any) -> None:
    """The ratio γ that balances a fraction f of inhibitory neurons."""
    balance = function(answer, "balance(f)")
    for f in (0.1, 0.125, 0.25, 0.5):
        value, right = number(balance(f), "a function that returns one number"), (1 - f) / f
        if close(value, right):
            continue
        if close(value, 1 / right):
            raise Hint("Upside down: the fewer inhibitory neurons there are, the stronger each has to be.")
        if close(value, -right):
            raise Hint("The ratio says how many times as strong inhibition is: the sign stands in the signs already.")
        if close(value, 1 / f):
            raise Hint("This balances as if all neurons were excitatory. How many are?")
        if close(value, np.sqrt(right)):
            raise Hint(
                "That is by how much the standard deviation grows. The ratio makes the *sum* of the signs zero."
            )
        raise Hint(f"With f = {f:g} and your ratio the signs do not sum to zero.")


def exercise_4(answer: Any) -> None:
    """Variance of the in-degrees of a SONET."""
    variance = function(answer, "in_degree_variance(n, p, conv)")
    for n, p, conv in ((100, 0.2, 0.3), (30, 0.1, 1.0), (50, 0.5, 0.0), (40, 0.3, -0.01)):
        value = number(variance(n, p, conv), "a function that returns one number")
        coins, pairs = (n - 1) * p * (1 - p), (n - 1) * (n - 2) * p**2
        if close(value, coins + pairs * conv):
            continue
        if close(value, coins):
            raise Hint("These are the coins alone. Two connections into one neuron have a covariance.")
        if close(value, pairs * conv):
            raise Hint("These are the covariances alone. Each coin has a variance of its own.")
        if close(value, coins + pairs * conv / 2):
            raise Hint("In the variance of a sum each pair of coins stands twice, once in either order.")
        if close(value, coins + pairs * (1 + conv)):
            raise Hint("A covariance is the probability of both less the product of the two probabilities.")
        if close(value, np.sqrt(max(coins + pairs * conv, 0))):
            raise Hint("That is the standard deviation: the exercise asks for the variance.")
        if close(value, coins + pairs * conv, rtol=0.1):
            raise Hint("Nearly: among n - 1 places, how many *others* are there for a second connection?")
        raise Hint(f"Draw networks with n = {n}, p = {p:g}, conv = {conv:g} and compare: it does not fit there.")


def exercise_5(answer: Any) -> None:
    """How far the generator of SONETs reaches."""
    p, conv, div = 0.2, 0.3, 0.1
    c_conv, c_div = latent_correlation(conv, p), latent_correlation(div, p)

    def alpha(c: float) -> float:
        return joint_probability(p, c) / p**2 - 1

    chain, recip = numbers(answer, ("the largest alpha_chain", "alpha_recip with independent e"))
    if not close(chain, alpha(np.sqrt(c_conv * c_div))):
        if close(chain, np.sqrt(conv * div)):
            raise Hint("The bound holds for the correlations c of the normal numbers, not for the α themselves.")
        if close(chain, np.sqrt(c_conv * c_div)):
            raise Hint("That is the largest correlation c. Which α belongs to it?")
        if close(chain, alpha(c_conv * c_div)):
            raise Hint("The bound is on the square of c_chain.")
        raise Hint(
            "For α_chain, take the bound on c_chain in the conditions for the generator, and go back from c to α."
        )
    if not close(recip, alpha(2 * c_div)):
        if close(recip, 2 * div):
            raise Hint("Twice holds for the correlations c, not for the α: go from α to c, double, and go back.")
        if close(recip, 2 * c_div):
            raise Hint("The second number is a correlation c. Which α belongs to it?")
        if close(recip, 0, atol=1e-6):
            raise Hint("Independent e do not make reciprocal pairs independent: they still share both neurons.")
        raise Hint("For α_recip, read off the list under the generator what is left when Cov(e_ij, e_ji) is zero.")


def exercise_6(answer: Any) -> None:
    """Rows that sum to zero, with zeros and signs kept."""
    balance_rows = function(answer, "balance_rows(W)")
    W = connection_matrix(erdos_renyi(60, 0.6, rng=8), 1.0, dale_signs(60, 0.2, 4.0))
    given = W.copy()
    found = array(balance_rows(given), W.shape, "a function that returns a matrix like W")
    if not np.array_equal(given, W):
        raise Hint("Your function changes the matrix that it is given: work on a copy.")
    if not np.allclose(found.sum(axis=1), 0, atol=1e-9):
        if np.allclose(found.sum(axis=0), 0, atol=1e-9):
            raise Hint("The columns sum to zero now. The input of a neuron is a row.")
        if abs(found.sum()) < 1e-6:
            raise Hint("The whole sums to zero, the single rows do not.")
        raise Hint("Not every row sums to zero.")
    if (found[W == 0] != 0).any():
        raise Hint("There are connections now where there were none: change only what is there.")
    if not found.any():
        raise Hint("Nothing is left of the network.")
    if (found * W)[W != 0].min() <= 0:
        raise Hint("Some connections have changed their sign, or are gone: that breaks Dale's law.")
