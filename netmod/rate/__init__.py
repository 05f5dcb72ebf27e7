"""The rate function of chapter 2: how often a neuron fires on average, given its mean input current."""

from netmod.rate.functions import MaxSlope, firing_rate, firing_rate_slope, max_slope
from netmod.rate.known import KnownRate
from netmod.rate.table import RateTable

__all__ = ["KnownRate", "MaxSlope", "RateTable", "firing_rate", "firing_rate_slope", "max_slope"]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.rate`
    globals()[_name].__module__ = __name__
