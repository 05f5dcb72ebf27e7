"""The neuron of chapter 1: its parameters, its voltage step by step, its spikes counted."""

from netmod.lif.neuron import LIF
from netmod.lif.simulation import RateSample, Trace, intervals, sample_intervals, sample_rate, simulate

__all__ = [
    "LIF",
    "RateSample",
    "Trace",
    "intervals",
    "sample_intervals",
    "sample_rate",
    "simulate",
]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.lif`
    globals()[_name].__module__ = __name__
