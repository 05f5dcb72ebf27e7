"""What is certain of a network's rates, at a state and over boxes of states, with rounding taken into account."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from netmod.dynamics import RateNetwork
from netmod.rate.bounds import RELATIVE, enclosures, slope_over, slopes_over
from netmod.rate.known import difference

Array = NDArray[np.float64]

_U = float(np.finfo(float).eps)
_PIECES = 32  # into which a box is cut where a rate may rise and fall
_TINY = 1e-290


class Certain:
    """Bounds on the rates of `net`, from what is known of its rate: all proofs rest on these and on nothing else.

    Of the exact rate (a `RateTable` stands for it), what `netmod.rate.bounds` proves; of a `KnownRate`, what its
    maker answers for, and its values to ten digits; of any other function, nothing.

    Attributes
    ----------
    slope, curvature : float
        |r'| and |r''| are nowhere larger, 1/(ms mV) and 1/(ms mV²); infinite where nothing is known.
    """

    def __init__(self, net: RateNetwork) -> None:
        self.net, self.known, self.neuron = net, net.known, net.known.neuron
        self.slope, self.curvature = net.known.max_slope, net.known.max_curvature
        self.low, self.high = net.rate_range()

    @property
    def doubt(self) -> str:
        """Why nothing can be proved, or nothing if something can."""
        if np.isfinite(self.slope):
            return ""
        if self.neuron is None:
            return "no bound on the slope of the rate is known (a KnownRate says what is)"
        if self.neuron.shape:
            return "no bound on the slope of the rate is known where neurons differ"
        return "no bound on the slope of the rate is known for this neuron"

    def at(self, E: Array) -> tuple[Array, Array, Array, Array]:
        """Return r, a bound on its error, r' and a bound on its error, at the exact values of `E`."""
        if self.neuron is not None:
            return enclosures(E, self.neuron)
        r, s = self.net.rates(E), self.net.slopes(E)
        dr = RELATIVE * np.abs(r) + _TINY
        if isinstance(self.known.slope, partial) and self.known.slope.func is difference:
            h = 6e-6 * np.maximum(1.0, np.abs(E))
            return r, dr, s, self.curvature * h + 2 * dr / h
        return r, dr, s, RELATIVE * np.abs(s) + _TINY

    def rates(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return the least and the greatest rate of each neuron for inputs between `low` and `high` (..., n)."""
        if self.net.increasing:
            r, dr, _, _ = self.at(np.stack([low, high]))
            least, greatest = r[0] - dr[0], r[1] + dr[1]
        elif np.isfinite(self.slope):
            half = (high - low) / (2 * _PIECES)
            middle = low + half * np.arange(1, 2 * _PIECES, 2).reshape(-1, *[1] * low.ndim)
            r, dr, _, _ = self.at(middle)
            reach = dr + self.slope * (half + 4 * _U * np.maximum(np.abs(low), np.abs(high)))
            least, greatest = (r - reach).min(axis=0), (r + reach).max(axis=0)
        else:
            least, greatest = np.full_like(low, -np.inf), np.full_like(high, np.inf)
        return np.maximum(least, self.low), np.minimum(greatest, self.high + np.abs(self.high) * 1e-15)

    def slopes(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return a lower and an upper bound on r' over boxes (..., n)."""
        if self.neuron is not None:
            return slopes_over(low, high, self.neuron)
        least = np.full_like(low, 0.0 if self.net.increasing else -self.slope)
        most = np.full_like(low, self.slope)
        if np.isfinite(self.curvature):
            _, _, s, ds = self.at(np.stack([low, high]))
            middle, error = (s[0] + s[1]) / 2, (ds[0] + ds[1]) / 2 + self.curvature * (high - low) / 2 * (1 + 4 * _U)
            error = error + 4 * _U * self.slope
            least, most = np.maximum(least, middle - error), np.minimum(most, middle + error)
        return least, most

    def steepest(self, low: Array, high: Array) -> Array:
        """Return a bound on |r'| over a box (n,), as small as is worth some work."""
        if self.neuron is not None:
            return slope_over(low, high, self.neuron)
        edges = low + (high - low) * np.linspace(0, 1, _PIECES + 1)[:, None]
        edges[0], edges[-1] = low, high
        least, most = self.slopes(edges[:-1], edges[1:])
        return np.maximum(np.abs(least), np.abs(most)).max(axis=0)
