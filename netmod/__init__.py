"""Noisy neurons, random networks and their steady states.

One module a chapter, imports running one way: `lif` → `rate` → `graphs`, `motifs` → `dynamics` →
`contraction` → `fixed_points` → `ensemble` → `spiking`; `plot` draws what they return. Units are ms, mV
and 1/ms, and ``W[i, j]`` is the connection from neuron j to neuron i.
"""

from netmod.contraction import Certificate, a_posteriori_error, a_priori_error, certify, lipschitz_constants
from netmod.dynamics import RateNetwork
from netmod.lif import LIF, RateSample, Trace, intervals, sample_intervals, sample_rate, simulate
from netmod.rate import (
    MaxCurvature,
    MaxSlope,
    RateTable,
    firing_rate,
    firing_rate_curvature,
    firing_rate_slope,
    max_curvature,
    max_slope,
)

__all__ = [
    "LIF",
    "Certificate",
    "MaxCurvature",
    "MaxSlope",
    "RateNetwork",
    "RateSample",
    "RateTable",
    "Trace",
    "a_posteriori_error",
    "a_priori_error",
    "certify",
    "firing_rate",
    "firing_rate_curvature",
    "firing_rate_slope",
    "intervals",
    "lipschitz_constants",
    "max_curvature",
    "max_slope",
    "sample_intervals",
    "sample_rate",
    "simulate",
]
