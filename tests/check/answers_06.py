"""Answers to the exercises of chapter 6, right and wrong."""

import numpy as np

from netmod import erdos_renyi, linear_response, sweep
from netmod_check.chapter06 import MEDIANS, SYNAPSES, _step

A = erdos_renyi(100, 0.2, size=100, rng=100)[0]
g, h = 100 / SYNAPSES, 50 / SYNAPSES
START = sweep(A, [g], E0=8.0, starts=1, rng=1).E[0, 0]
MIDDLE = START + h / 2 * linear_response(A, g, START)
MIDPOINT = START + h * linear_response(A, g + h / 2, MIDDLE)

REFERENCE = {"6.1": 299 * 0.1 / 4.0, "6.3": MEDIANS, "6.4": MIDPOINT}
MISCONCEPTIONS = {
    "6.1": [(14.95, "own neuron"), (75.0, "connection probability"), (7475.0, "in Hz")],
    "6.3": [
        (MEDIANS[::-1], "another order"),
        ((48.0, 48.0, 48.0), "same for all"),
        ((-3.0, 48.0, 60.0), "among the strengths"),
        ((87.0, 46.5, 91.5), "Look at the first"),  # of 20 other networks
    ],
    "6.4": [
        (START, "before the step"),
        (_step()[2], "tangent"),
        (MIDDLE, "half a step"),
        (np.zeros(100), "Too much"),
    ],
}
