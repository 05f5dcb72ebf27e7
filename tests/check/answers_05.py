"""Answers to the exercises of chapter 5, right and wrong."""

import numpy as np

from netmod import RateNetwork, trace_branch
from netmod_check.chapter05 import _speed

STEPS = float(np.log(1e-6) / np.log(_speed()))
FOLDS = tuple(sorted(e.strength for e in trace_branch(RateNetwork([[1.0]], 3.0), [100, 1500]).events))


def largest_damping(eigenvalues):
    mu = 1 - eigenvalues
    return min(1.0, float((2 * mu.real / np.abs(mu) ** 2).min()))


def by_modulus(eigenvalues):
    return min(1.0, float((2 / np.abs(1 - eigenvalues)).min()))


def spread_starts(net, m, rng):
    low, high = net.box()
    return low + (high - low) * rng.random((m, 1)) * rng.random((m, net.n))


def posters(net, m, rng):
    low, high = net.box()
    return low + (high - low) * rng.random((m, net.n))


REFERENCE = {"5.1": STEPS, "5.2": largest_damping, "5.3": spread_starts, "5.4": FOLDS}
MISCONCEPTIONS = {
    "5.1": [(-STEPS, "positive"), (STEPS / np.log(10), "same base"), (2 * STEPS, "factor of two")],
    "5.2": [
        (lambda lam: 1.0, "far left"),
        (lambda lam: 0.1, "needs no damping"),
        (lambda lam: largest_damping(lam) if len(lam) == 1 else 0.5 * largest_damping(lam), "not the largest"),
    ],
    "5.3": [
        (posters, "still end at one point"),
        (lambda net, m, rng: 1000 * rng.random((m, net.n)), "outside the box"),
        (lambda net, m, rng: rng.random(m), "one start a row"),
    ],
    "5.4": [
        (FOLDS[::-1], "lower fold first"),
        ((245.5, 296.1), "another outside current"),
        ((7.0, 60.0), "currents"),
    ],
}
