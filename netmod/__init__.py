"""Noisy neurons, random networks and their steady states.

One wing a chapter, imports running one way: `lif` → `rate` → `graphs` → `dynamics` → `contraction` →
`fixed_points` → `ensemble` → `heterogeneity` → `spiking`; `plot` draws what they return. Units are ms, mV
and 1/ms, and ``W[i, j]`` is the connection from neuron j to neuron i.
"""

from netmod.contraction import Certificate, a_posteriori_error, a_priori_error, certify, lipschitz_constants
from netmod.dynamics import RateNetwork
from netmod.ensemble import Sweep, sweep
from netmod.fixed_points import (
    Branch,
    Event,
    FixedPoint,
    FixedPointSet,
    extremal_fixed_points,
    find_fixed_points,
    iterate,
    newton,
    trace_branch,
)
from netmod.graphs import (
    EdgeStatistics,
    MotifCounts,
    connection_matrix,
    dale_signs,
    edge_statistics,
    erdos_renyi,
    from_networkx,
    in_degrees,
    motif_counts,
    out_degrees,
    sonet,
    to_networkx,
)
from netmod.heterogeneity import LinearFit, Regression, annealed_rate, linear_fit, linear_response, regress
from netmod.lif import LIF, RateSample, Trace, intervals, sample_intervals, sample_rate, simulate
from netmod.rate import (
    KnownRate,
    MaxCurvature,
    MaxSlope,
    RateTable,
    firing_rate,
    firing_rate_curvature,
    firing_rate_slope,
    max_curvature,
    max_slope,
)
from netmod.spiking import DiffusionRates, SpikingRun, diffusion_rates, simulate_network

__all__ = [
    "LIF",
    "Branch",
    "Certificate",
    "DiffusionRates",
    "EdgeStatistics",
    "Event",
    "FixedPoint",
    "FixedPointSet",
    "KnownRate",
    "LinearFit",
    "MaxCurvature",
    "MaxSlope",
    "MotifCounts",
    "RateNetwork",
    "RateSample",
    "RateTable",
    "Regression",
    "SpikingRun",
    "Sweep",
    "Trace",
    "a_posteriori_error",
    "a_priori_error",
    "annealed_rate",
    "certify",
    "connection_matrix",
    "dale_signs",
    "diffusion_rates",
    "edge_statistics",
    "erdos_renyi",
    "extremal_fixed_points",
    "find_fixed_points",
    "firing_rate",
    "firing_rate_curvature",
    "firing_rate_slope",
    "from_networkx",
    "in_degrees",
    "intervals",
    "iterate",
    "linear_fit",
    "linear_response",
    "lipschitz_constants",
    "max_curvature",
    "max_slope",
    "motif_counts",
    "newton",
    "out_degrees",
    "regress",
    "sample_intervals",
    "sample_rate",
    "simulate",
    "simulate_network",
    "sonet",
    "sweep",
    "to_networkx",
    "trace_branch",
]
