"""The second derivative of the rate, and where it is largest: an oracle for the bounds, by scanning."""

import numpy as np

from netmod import LIF
from netmod.rate.siegert import evaluate


def curvature(E, neuron=None):
    """Return r''(E)."""
    return evaluate(E, neuron or LIF(), 2)


def most_curved(neuron):
    """Return (E, |r''|) at the most curved point: a scan of the line, and finer ones about the best place so far."""
    y = np.concatenate([np.arange(-40.0, 10.0, 0.01), np.geomspace(10.0, 1e8, 800)])
    for _ in range(8):
        E = neuron.v_th - neuron.E_L + neuron.sigma * y
        size = np.abs(curvature(E, neuron))
        k = int(size.argmax())
        y = np.linspace(y[max(k - 1, 0)], y[min(k + 1, len(y) - 1)], 101)
    return float(E[k]), float(size[k])
