"""Answers to the exercises of chapter 9, right and wrong."""

import numpy as np

POWER = (20 * 9.5**2 + 5 * 38.0**2) * 0.02

REFERENCE = {"9.1": 551.6, "9.2": 0.32, "9.3": 3.1, "9.4": 238.0}
MISCONCEPTIONS = {
    "9.1": [
        (14.35 / 0.1**2, "Poisson"),
        (0.62 * 14.35 / 0.1**2, "square"),
        (0.5516, "another unit"),
        (0.62**2 * 14.35 / 0.1, "root of the time"),
    ],
    "9.2": [(29.0, "between 0 and 1"), (0.11, "independently"), (0.5, "E0 is not a pulse")],
    "9.3": [
        (6 + POWER / 50, "its root"),
        (np.sqrt(6 + POWER / 40), "pulses"),
        (np.sqrt(12 + POWER / 50), "half of σ²"),
        (np.sqrt(POWER / 50), "of its own"),
    ],
    "9.4": [(-250.0, "without its sign"), (225.66, "Banach"), (600.0, "fails already"), (100.0, "still converges")],
}
