"""Answers to the exercises of chapter 10, right and wrong."""

import numpy as np

RIGHT = {"a": "theorem", "b": "method", "c": "observation", "d": "explanation", "e": "definition"}


def interval(r, errors):
    ends = np.tanh(np.arctanh(r) + np.array([-errors, errors]) / np.sqrt(97))
    return (r, float(ends[0]), float(ends[1]))


REFERENCE = {"10.1": RIGHT, "10.2": 5.0, "10.3": 5, "10.4": interval(0.8, 1.96)}
MISCONCEPTIONS = {
    "10.1": [
        ({**RIGHT, "d": "observation"}, "(d)"),
        ({**RIGHT, "e": "method"}, "(e)"),
        ({**RIGHT, "a": "truth"}, "not among"),
    ],
    "10.2": [(19.9, "fixed p"), (5000.0, "in Hz"), (1.02, "ratio of two")],
    "10.3": [(6, "by the same amount"), (3, "shape"), (4, "too many")],
    "10.4": [
        ((0.8, 0.7, 0.9), "symmetric"),
        (interval(0.8, 1.0), "one standard error"),
        ((0.8, 0.9, 0.7), "low end first"),
        (interval(0.1, 1.96), "row sums"),
    ],
}
