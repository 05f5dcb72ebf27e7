"""The rate function of chapter 2: how often a neuron fires on average, given its mean input current."""

from netmod.rate.functions import (
    MaxCurvature,
    MaxSlope,
    firing_rate,
    firing_rate_curvature,
    firing_rate_slope,
    max_curvature,
    max_slope,
)
from netmod.rate.known import KnownRate
from netmod.rate.table import RateTable

__all__ = [
    "KnownRate",
    "MaxCurvature",
    "MaxSlope",
    "RateTable",
    "firing_rate",
    "firing_rate_curvature",
    "firing_rate_slope",
    "max_curvature",
    "max_slope",
]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.rate`
    globals()[_name].__module__ = __name__
