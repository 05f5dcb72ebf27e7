"""Answers to the exercises of chapter 4, right and wrong."""

import numpy as np

from netmod import firing_rate_slope, max_slope

K = max_slope().slope
W = np.array([[0, 0, -40.0], [100, 0, -80], [0, 60, 0]])
SIZES = np.array([120, 180, np.linalg.norm(W, 2), np.linalg.norm(W)])
HUB = 10 * K

REFERENCE = {
    "4.1": K * SIZES,
    "4.2": (104, 25),
    "4.3": (40 * HUB, HUB, HUB, 40 * HUB),
    "4.4": (245.5, 296.1),
    "4.5": 312.8,
    "4.6": lambda n, p: (n - 1) * p + 1 - p,
}

MISCONCEPTIONS = {
    "4.1": [
        (SIZES, "steepest slope is missing"),
        (1000 * K * SIZES, "per ms"),
        (K * SIZES[[1, 0, 2, 3]], "exchanged"),
        (K * np.array([120, 100, *SIZES[2:]]), "largest entry"),
        (K * np.array([120, 60, *SIZES[2:]]), "counts with its size"),
        (K * np.array([280, 180, *SIZES[2:]]), "added all entries"),
        (K * np.array([120, 180, SIZES[3], SIZES[3]]), "2-norm is not right"),
    ],
    "4.2": [
        ((25, 104), "First what the bound promises"),
        ((103.6, 25), "whole numbers"),
        ((92, 25), "all later steps"),
        ((98, 25), "the first step is missing"),
        ((103, 25), "promised number is off by one"),
        ((50, 25), "solve k^m"),
        ((104, 24), "needed number is off by one"),
        ((104, 10), "first entry of `error`"),
    ],
    "4.3": [
        ((HUB, 40 * HUB, 40 * HUB, HUB), "Exchanged"),
        ((400, 10, 10, 400), "sizes of W"),
        ((4 * HUB, HUB / 10, HUB / 10, 4 * HUB), "it is not 1 mV ms"),
        ((41 * HUB, HUB, HUB, 41 * HUB), "no connection to itself"),
        ((40 * HUB, HUB, 40 * HUB, HUB), "column norm, hub hears"),
    ],
    "4.4": [
        ((296.1, 245.5), "lower gain comes first"),
        ((225.66, 296.1), "cusp lies at another"),
        ((245.5, 400.0), "once on each side"),
        ((0.2455, 0.2961), "mV ms"),
        ((100, 200), "look for the two currents"),
    ],
    "4.5": [
        (-312.8, "G itself is positive"),
        (1 / K, "That is the promise"),
        (float(1 / firing_rate_slope(8.0)), "slope at the outside current"),
        (500.0, "Both G and the fixed point move"),
    ],
    "4.6": [
        (lambda n, p: n * p, "the mean alone"),
        (lambda n, p: n * p + np.sqrt(n * p * (1 - p)), "right angles"),
        (lambda n, p: np.sqrt(((n - 1) * p) ** 2 + (n - 1) * p * (1 - p)), "stretched most"),
        (lambda n, p: n * np.sqrt(p), "Frobenius"),
        (lambda n, p: n, "does not fit"),
    ],
}
