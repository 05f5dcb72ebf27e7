"""Answers to the exercises of chapter 8, right and wrong."""

import numpy as np

from netmod import erdos_renyi


def _swap(A, tries, rng, *, choosy=True, out=True):
    A = A.copy()
    for _ in range(tries):
        (i, j), (h, l) = rng.permutation(np.argwhere(A))[:2]  # noqa: E741 - the book's names
        if len({i, j, h, l}) < 4 or A[i, l] or A[h, j]:
            continue
        more = int(A[l, i]) + int(A[j, h]) - int(A[j, i]) - int(A[l, h])
        if (more >= 0) if choosy else (more <= 0):
            A[i, j] = A[h, l] = False
            A[i, l] = A[h, j] = True
    return A


def _in_place(A, tries, rng):
    A[:] = _swap(A, tries, rng)
    return A


def _heard(A):
    return (A.sum(axis=1) * A.sum(axis=0)).sum() / A.sum()


def _variance(p, conv, div, s):
    return (p * (1 - p) - p**2 * (conv + div)) * (s**2).sum()


REFERENCE = {
    "8.1": (1, 1, 2, -1 / 32),
    "8.2": (12.0, 9.6, 14.4),
    "8.3": _heard,
    "8.4": _variance,
    "8.5": _swap,
}
MISCONCEPTIONS = {
    "8.1": [
        ((6, 1, 2, -1 / 32), "In how many ways"),
        ((1, 6, 2, -1 / 32), "pairs of outputs"),
        ((1, 1, 4, -1 / 32), "goes on along"),
        ((1, 1, 2, 0.5), "What is subtracted"),
        ((1, 1, 2, -0.5), "divides it by something"),
    ],
    "8.2": [
        ((0.15, 0.12, 0.18), "in its standard deviations"),
        ((1.5, 1.2, 1.8), "How many Hz"),
        ((4.0, 3.2, 4.8), "one standard deviation of alpha apart"),
        ((12.0, 0.4, 0.6), "the same steps"),
    ],
    "8.3": [
        (lambda A: A.sum(axis=1).mean(), "mean over neurons"),
        (lambda A: (A.sum(axis=1) ** 2).sum() / A.sum(), "of its target"),
        (lambda A: (A.sum(axis=0) ** 2).sum() / A.sum(), "with an out-degree"),
        (lambda A: (A.sum(axis=1) * A.sum(axis=0)).mean(), "divided by their number"),
    ],
    "8.4": [
        (lambda p, conv, div, s: (p * (1 - p) + p**2 * (conv + div)) * (s**2).sum(), "pairs of different neurons"),
        (lambda p, conv, div, s: (p * (1 - p) - p**2 * conv) * (s**2).sum(), "alike in it"),
        (lambda p, conv, div, s: (p * (1 - p) - p**2 * (conv + div)) * len(s), "square of its sign"),
        (lambda p, conv, div, s: p * (s**2).sum(), "Begin without motifs"),
    ],
    "8.5": [
        (lambda A, tries, rng: A.copy(), "Nothing has changed"),
        (lambda A, tries, rng: _swap(A, tries, rng, choosy=False), "have not become more"),
        (lambda A, tries, rng: A[rng.permutation(len(A))], "connected to itself"),
        (lambda A, tries, rng: A | A.T, "number of connections"),
        (lambda A, tries, rng: A.T, "in-degree has changed"),
        (_in_place, "work on a copy"),
        (lambda A, tries, rng: erdos_renyi(len(A) + 1, 0.2, rng=rng), "of shape"),
    ],
}
