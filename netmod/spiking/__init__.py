"""The spiking networks of chapter 9: what Equation 1 stands for, simulated."""

from netmod.spiking.diffusion import DiffusionRates, diffusion_rates
from netmod.spiking.network import SpikingRun, simulate_network

__all__ = ["DiffusionRates", "SpikingRun", "diffusion_rates", "simulate_network"]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.spiking`
    globals()[_name].__module__ = __name__
