"""Answers to the exercises of chapter 7, right and wrong."""

import numpy as np

from netmod import erdos_renyi, firing_rate


def _rate(total=100.0, E0=8.0):
    r = 0.0
    for _ in range(200):
        r = float(firing_rate(E0 + total * r))
    return r


_STD_K = np.sqrt(299 * 0.1 * 0.9)


def _alike(n, k, rng):
    A = np.zeros((n, n), dtype=int)
    for i in range(n):
        A[i, rng.choice(np.delete(np.arange(n), i), size=k, replace=False)] = 1
    return A


def _a2(g, slope, n, p):
    return (g * slope) ** 2 * (n - 1) * p * (1 - p)


REFERENCE = {
    "7.1": (190 / 9.8, 190 * 9.8, 8 + 190 * 15 / 2),
    "7.2": 100 / 29.9 * _rate() * _STD_K,
    "7.3": lambda k: (1 / k).std(axis=1),
    "7.4": lambda g, slope, n, p: np.sqrt(1 - _a2(g, slope, n, p)),
    "7.5": lambda f, gamma: (1 - f - f * gamma) ** 2 / (1 - f + f * gamma**2),
    "7.6": _alike,
}
MISCONCEPTIONS = {
    "7.1": [
        ((19.0, 1900.0, 1433.0), "None from itself"),
        ((190 * 9.8, 190 / 9.8, 1433.0), "for which of the two do you divide"),
        ((190 / 9.8, 190 * 9.8, 1425.0), "something else comes from outside"),
        ((190 / 9.8, 190 * 9.8, 8 + 190 * 15 * 2), "a time or a rate"),
    ],
    "7.2": [
        (100 * _rate() * _STD_K, "not the total"),
        (1000 * 100 / 29.9 * _rate() * _STD_K, "which unit"),
        (100 / 29.9 * float(firing_rate(8.0)) * _STD_K, "hear nothing"),
        (100 / 29.9 * _rate() * np.sqrt(29.9), "a factor is missing"),
        (100 / 29.9 * _rate() * 29.9 * 0.9, "a variance"),
    ],
    "7.3": [
        (lambda k: k.std(axis=1), "a straight line in k"),
        (lambda k: k.std(axis=1) / k.mean(axis=1) ** 2, "a tangent is still"),
        (lambda k: -(1 / k).std(axis=1), "falls where"),
        (lambda k: (1 / k).std(axis=0), "one finite number for each row"),
    ],
    "7.4": [
        (lambda *x: 1 - _a2(*x), "its root"),
        (lambda *x: 1 / np.sqrt(1 + _a2(*x)), "the whole current"),
        (lambda g, slope, n, p: np.sqrt(1 - (g * slope) ** 2 * (n - 1) * p), "two factors"),
        (lambda *x: np.sqrt(_a2(*x)), "kept part and a rest"),
    ],
    "7.5": [
        (lambda f, gamma: (1 - f - f * gamma) / np.sqrt(1 - f + f * gamma**2), "asks for its square"),
        (lambda f, gamma: (1 - f + f * gamma) ** 2 / (1 - f + f * gamma**2), "negative sign"),
        (lambda f, gamma: (1 - f - f * gamma) ** 2 / (1 - f + f * gamma), "squares of the signs"),
    ],
    "7.6": [
        (lambda n, k, rng: erdos_renyi(n, k / (n - 1), rng=rng) & (n > 12), "has not k inputs"),
        (lambda n, k, rng: _alike(n, k, rng).T, "Which of row and column"),
        (lambda n, k, rng: _alike(n, k, np.random.default_rng(0)), "drawn at random"),
        (lambda n, k, rng: np.arange(n) < k * np.ones((n, 1)), "connected to itself"),
    ],
}
