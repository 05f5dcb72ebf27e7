"""Answers to the exercises of chapter 1: right ones, and wrong ones of the kinds that students give."""

import numpy as np
from scipy import stats

SD = np.sqrt(6)


def exact_rule(dt):
    decay = np.exp(-dt / 20)
    return decay, np.sqrt(6 * (1 - decay**2))


def euler(dt):
    return 1 - dt / 20, np.sqrt(12 * dt / 20)


def crossed(v1, v2, dt, factor=2.0):
    below = np.maximum(0, (-50 - v1) * (-50 - v2))
    return np.exp(-factor * below / (12 * dt / 20))


REFERENCE = {
    "1.1": stats.norm.sf(2 / SD),
    "1.2": 10 / (1 - np.exp(-18 / 20)),
    "1.3": exact_rule,
    "1.4": (np.sqrt(12), 0.683),
    "1.5": (-7.1, 0.00198),
    "1.6": crossed,
}

MISCONCEPTIONS = {
    "1.1": [
        (stats.norm.sf(2 / np.sqrt(12)), "You used σ as the standard deviation"),
        (stats.norm.sf(2 / 6), "You used the variance"),
        (stats.norm.cdf(2 / SD), "below the threshold"),
        (20.7, "looks like per cent"),
        (0.4, "How many standard deviations"),
    ],
    "1.2": [
        (10 / (1 - np.exp(-1)), "did you subtract the refractory time"),
        (10 / (1 - np.exp(-22 / 20)), "You added the refractory time"),
        (8.0, "never brings the membrane"),
        (50.0, "too fast"),
        (12.0, "too slowly"),
    ],
    "1.3": [
        (euler, "Euler-Maruyama rule"),
        (lambda dt: (np.exp(-dt / 20), 6 * (1 - np.exp(-dt / 10))), "is a variance"),
        (lambda dt: (np.exp(-dt / 20), np.sqrt(12 * (1 - np.exp(-dt / 10)))), "keeps the variance at σ²"),
        (lambda dt: (np.exp(-dt / 20), np.sqrt(12 * dt / 20)), "must come out of a step"),
        (lambda dt: (np.exp(-dt / 10), 1.0), "its time constant"),
        (lambda dt: (1 - dt / 20, 1.0), "Two half steps must shrink"),
    ],
    "1.4": [
        ((np.sqrt(6), 1.0), "That is σ_v"),
        ((12.0, 0.68), "solve for σ"),
        ((np.sqrt(12), 1 / 0.683), "the other way round"),
        ((np.sqrt(12), 0.5), "The sigma is right"),
    ],
    "1.5": [
        ((7.1, 0.00198), "Which sign"),
        ((-0.071, 0.00198), "not as a fraction"),
        ((-4.64, 0.00465), "That is the error at 8 mV"),
        ((-22.5, 0.00198), "one whole ms"),
        ((-7.1, 0.0141), "the square of that factor"),
        ((-7.1, 0.1), "By which factor must it shrink"),
        ((-11.0, 0.002), "Shift the threshold a little"),
    ],
    "1.6": [
        (lambda v1, v2, dt: crossed(v1, v2, dt, factor=1.0), "a factor is missing"),
        (lambda v1, v2, dt: crossed(v1, v2, 20.0), "leaves less room"),
        (lambda v1, v2, dt: 1 / crossed(v1, v2, dt), "between 0 and 1"),
        (lambda v1, v2, dt: crossed(v1, min(v2, -50.1), dt), "at or above the threshold"),
        (lambda v1, v2, dt: crossed(v1, v2, dt, factor=3.0), "not the probability"),
    ],
}
