"""Motifs: the checkers of chapter 8."""

from __future__ import annotations

from typing import Any

import numpy as np

from netmod import dale_signs, erdos_renyi, in_degrees, motif_counts, out_degrees, sonet
from netmod_check._core import Hint, array, close, function, number, numbers


def exercise_1(answer: Any) -> None:
    """Motifs of a network whose degrees are known."""
    names = ("the convergent pairs", "the divergent pairs", "the chains", "q_ch")
    convergent, divergent, chains, q = numbers(answer, names)
    if close(convergent, 2 + 1 + 1) or close(convergent, 4 + 1 + 1):
        raise Hint("Convergent: a neuron with one input has no pair of inputs. In how many ways can two be chosen?")
    if not close(convergent, 1):
        raise Hint("Convergent: go through the in-degrees, and count the pairs of inputs of each neuron.")
    if not close(divergent, 1):
        raise Hint("Divergent: go through the out-degrees, and count the pairs of outputs of each neuron.")
    if not close(chains, 2):
        raise Hint("Chains: each input of a neuron goes on along each of its outputs.")
    if close(q, 2 / 4):
        raise Hint("q_ch: that is the mean product of the degrees. What is subtracted from it, and divided by what?")
    if close(q, -2 / 4):
        raise Hint("q_ch: that is the covariance. The theorem divides it by something.")
    if close(q, -2 / 3 / 16) or close(q, -2 / 3):
        raise Hint("q_ch: means over the neurons, divided by n and not by n - 1.")
    if not close(q, -1 / 32):
        raise Hint("q_ch: from the covariance of the two degrees, by the theorem.")


def exercise_2(answer: Any) -> None:
    """What a row of a table says in Hz."""
    difference, low, high = numbers(answer, ("the difference", "the low end", "the high end"))
    scale = 8 / 0.1 * 0.3
    if close(difference, 0.5 * 0.3) or close(difference, 0.5 * 0.3 * 8):
        raise Hint("The coefficient counts alpha in its standard deviations. How many of them are the two apart?")
    if close(difference, 0.5 * 3):
        raise Hint("That is in standard deviations of the std of rates. How many Hz is one?")
    if close(difference, 0.5 * 8):
        raise Hint("That is for networks which are one standard deviation of alpha apart.")
    if not close(difference, 0.5 * scale):
        raise Hint(
            "First the distance of the two networks in standard deviations of alpha, then the coefficient, then Hz."
        )
    if close(low, 0.4) and close(high, 0.6):
        raise Hint("The interval is in the unit of the coefficient: take it through the same steps.")
    if not (close(low, 0.4 * scale) and close(high, 0.6 * scale)):
        raise Hint("Take both ends of the interval through the steps that the coefficient went.")


def exercise_3(answer: Any) -> None:
    """The mean in-degree over connections."""
    heard = function(answer, "which takes a connection matrix")
    for seed, both, chain in ((1, 0.4, 0.3), (2, 0.3, -0.25)):
        A = sonet(60, 0.2, conv=both, div=both, chain=chain, rng=seed)
        found = number(heard(A), "a function that returns a number")
        k_in, k_out = in_degrees(A), out_degrees(A)
        right = (k_in * k_out).sum() / A.sum()
        if close(found, right, rtol=1e-9):
            continue
        if close(found, k_in.mean(), rtol=1e-9):
            raise Hint("That is the mean over neurons. A neuron that is heard often counts often.")
        if close(found, (k_in**2).sum() / A.sum(), rtol=1e-9):
            raise Hint("Each connection was counted with the in-degree of its target.")
        if close(found, (k_out**2).sum() / A.sum(), rtol=1e-9):
            raise Hint("Each connection was counted with an out-degree.")
        if close(found, (k_in * k_out).mean(), rtol=1e-9):
            raise Hint("That is a mean of products. A mean over connections is divided by their number.")
        raise Hint("Add up, over all connections, the in-degree of the source, and divide by their number.")


def exercise_4(answer: Any) -> None:
    """The variance of signed in-degrees in a balanced SONET."""
    variance = function(answer, "which takes p, conv, div and s")
    s = dale_signs(100)
    for p, conv, div in ((0.2, 0.0, 0.0), (0.2, 0.5, 0.0), (0.2, 0.0, 0.4), (0.3, 0.2, 0.1)):
        found = number(variance(p, conv, div, s), "a function that returns a number")
        single, square = p * (1 - p), (s**2).sum()
        if close(found, (single - p**2 * (conv + div)) * square, rtol=1e-9):
            continue
        if close(found, (single + p**2 * (conv + div)) * square, rtol=1e-9):
            raise Hint("The signs sum to zero: what is then the sum of s_j s_l over pairs of different neurons?")
        if close(found, (single - p**2 * conv) * square, rtol=1e-9):
            raise Hint(
                "Neurons that share an input are alike in it. What does that do to the variance within a network?"
            )
        if close(found, (single - p**2 * (conv + div)) * len(s), rtol=1e-9):
            raise Hint("Each connection counts with the square of its sign.")
        if not (conv or div):
            raise Hint(
                "Begin without motifs: independent connections, each with the variance of a coin and its sign."
            )
        raise Hint(
            "Three parts: single connections, pairs into one neuron, and what different neurons have in common."
        )


def exercise_5(answer: Any) -> None:
    """Rewiring that changes reciprocal pairs and no degree."""
    swap = function(answer, "which takes A, tries and rng")
    A = erdos_renyi(30, 0.2, rng=8)
    kept = A.copy()
    B = array(swap(A, 600, np.random.default_rng(1)), A.shape, "a function that returns a matrix")
    if (kept != A).any():
        raise Hint("The matrix that was passed has changed: work on a copy.")
    if not np.isin(B, (0, 1)).all() or B.trace():
        raise Hint("The result must hold zeros and ones, with no neuron connected to itself.")
    B = B.astype(bool)
    if B.sum() != A.sum():
        raise Hint("The number of connections has changed. Are the two new places empty before each swap?")
    if (in_degrees(B) != in_degrees(A)).any():
        raise Hint("Some in-degree has changed.")
    if (out_degrees(B) != out_degrees(A)).any():
        raise Hint("Some out-degree has changed.")
    if (B == A).all():
        raise Hint("Nothing has changed: among so many tries many swaps are possible.")
    if motif_counts(B).reciprocal <= motif_counts(A).reciprocal:
        raise Hint("All degrees are kept, but the reciprocal pairs have not become more. Which swaps are refused?")
