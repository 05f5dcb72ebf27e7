"""Noisy neurons, random networks and their steady states.

One wing a chapter, imports running one way: `lif` → `rate` → `graphs` → `dynamics` → `contraction` →
`fixed_points` → `ensemble` → `heterogeneity` → `spiking`; `plot` draws what they return. Units are ms, mV
and 1/ms, and ``W[i, j]`` is the connection from neuron j to neuron i. The names of the package are those that its
wings offer.
"""

from netmod import contraction, dynamics, ensemble, fixed_points, graphs, heterogeneity, lif, rate, spiking
from netmod.contraction import *
from netmod.dynamics import *
from netmod.ensemble import *
from netmod.fixed_points import *
from netmod.graphs import *
from netmod.heterogeneity import *
from netmod.lif import *
from netmod.rate import *
from netmod.spiking import *

__all__ = []
__all__ += contraction.__all__
__all__ += dynamics.__all__
__all__ += ensemble.__all__
__all__ += fixed_points.__all__
__all__ += graphs.__all__
__all__ += heterogeneity.__all__
__all__ += lif.__all__
__all__ += rate.__all__
__all__ += spiking.__all__
