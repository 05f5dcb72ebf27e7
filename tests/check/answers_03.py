"""Answers to the exercises of chapter 3, right and wrong."""

import numpy as np

from netmod import firing_rate

W = np.zeros((3, 3))
W[1, 0], W[2, 1], W[0, 2], W[1, 2] = 40, 60, -30, -30
E = np.array([8.0, 10.0, 12.0])
R = firing_rate(E)


def in_degree_variance(n, p, conv):
    return (n - 1) * p * (1 - p) + (n - 1) * (n - 2) * p**2 * conv


def balance_rows(W):
    excitation = np.where(W > 0, W, 0).sum(axis=1)
    inhibition = np.where(W < 0, -W, 0).sum(axis=1)
    return np.where(W < 0, W * (excitation / inhibition)[:, None], W)


def balance_in_place(W):
    W[:] = balance_rows(W)
    return W


def on_one_connection(W):
    found, first = W.copy(), (W != 0).argmax(axis=1)
    found[np.arange(len(W)), first] -= W.sum(axis=1)
    return found


REFERENCE = {
    "3.1": 8 + W @ R,
    "3.2": (12.25, 588, 1176),
    "3.3": lambda f: (1 - f) / f,
    "3.4": in_degree_variance,
    "3.5": (0.17246, 0.20354),
    "3.6": balance_rows,
}

MISCONCEPTIONS = {
    "3.1": [
        (8 + W.T @ R, "transpose"),
        (8 + np.abs(W) @ R, "inhibits"),
        (W @ R, "from outside is missing"),
        (E + W @ R, "not to the present current"),
        (8 + 1000 * W @ R, "per ms"),
        (8 + W @ E, "not its current"),
        (8 + W @ R + [0, 1, 0], "reaches neuron 1"),
    ],
    "3.2": [
        ((24.5, 588, 1176), "each of the reciprocal pairs twice"),
        ((12.25, 1176, 1176), "each of the convergent pairs twice"),
        ((12.25, 588, 588), "only half of the chains"),
        ((122.5, 588, 1176), "one factor is missing"),
        ((1225, 588, 1176), "counted the places"),
        ((12.25, 588, 1250), "chosen twice"),
        ((12.25, 588, 5), "Count again the ways"),
    ],
    "3.3": [
        (lambda f: f / (1 - f), "Upside down"),
        (lambda f: 1 - 1 / f, "sign stands in the signs"),
        (lambda f: 1 / f, "How many are?"),
        (lambda f: np.sqrt((1 - f) / f), "standard deviation grows"),
        (lambda f: 4.0, "do not sum to zero"),
    ],
    "3.4": [
        (lambda n, p, conv: (n - 1) * p * (1 - p), "coins alone"),
        (lambda n, p, conv: (n - 1) * (n - 2) * p**2 * conv, "covariances alone"),
        (lambda n, p, conv: (n - 1) * p * (1 - p) + (n - 1) * (n - 2) * p**2 * conv / 2, "in either order"),
        (lambda n, p, conv: (n - 1) * p * (1 - p) + (n - 1) * (n - 2) * p**2 * (1 + conv), "less the product"),
        (lambda n, p, conv: np.sqrt(in_degree_variance(n, p, conv)), "standard deviation"),
        (lambda n, p, conv: (n - 1) * p * (1 - p) + (n - 1) ** 2 * p**2 * conv, "how many *others*"),
        (lambda n, p, conv: n, "does not fit"),
    ],
    "3.5": [
        ((0.03**0.5, 0.20354), "not for the α themselves"),
        ((0.08541, 0.20354), "the largest correlation c"),
        ((0.17246, 0.2), "Twice holds for"),
        ((0.17246, 0.10028), "second number is a correlation"),
        ((0.17246, 0.0), "share both neurons"),
        ((0.3, 0.2), "take the bound"),
    ],
    "3.6": [
        (lambda W: W - W.mean(axis=1, keepdims=True), "where there were none"),
        (lambda W: W - W.mean(axis=0), "columns sum to zero"),
        (lambda W: W - (W != 0) * W.sum() / (W != 0).sum(), "single rows do not"),
        (lambda W: W, "Not every row"),
        (balance_in_place, "work on a copy"),
        (lambda W: 0 * W, "Nothing is left"),
        (on_one_connection, "changed their sign"),
    ],
}
