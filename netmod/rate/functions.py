"""The firing rate of a noisy leaky integrate-and-fire neuron as a function of its mean input, exact and fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from netmod.lif.neuron import LIF, check_neuron
from netmod.rate.siegert import FAR, LOW, evaluate, reduced

__all__ = ["MaxSlope", "firing_rate", "firing_rate_slope", "max_slope"]

Floats = NDArray[np.float64]

_DEFAULT = LIF()
_SQRT_PI = np.sqrt(np.pi)


def firing_rate(E: ArrayLike, neuron: LIF = _DEFAULT) -> Any:
    """Return the mean firing rate of a neuron that receives a constant mean input with white noise.

    The mean interval between spikes is the refractory period plus the mean first-passage time of the membrane from
    reset to threshold,

        1 / r = tau_ref + tau sqrt(pi) * integral of exp(u**2) (1 + erf u) du from a to b,

    with ``a = (v_r - E_L - E) / sigma`` and ``b = (v_th - E_L - E) / sigma`` (Siegert 1951; Ricciardi 1977; Brunel
    2000). Without noise it is ``tau_ref + tau ln((E + E_L - v_r) / (E + E_L - v_th))``, and r = 0 up to threshold.

    Parameters
    ----------
    E : array_like
        Mean input, mV, any shape. NaN gives NaN for that element alone; the limits hold at plus and minus infinity.
    neuron : LIF, optional
        The neuron's parameters. Where they are arrays (n,), `E` is broadcast with them.

    Returns
    -------
    array of the shape of `E` (a NumPy float for a number)
        Rate, 1/ms. Relative error about 1e-15, growing like ``2 b**2`` roundings far below threshold, where the rate
        falls like ``exp(-b**2)``; rates too small for a double are 0.

    Raises
    ------
    TypeError
        If `E` is not made of real numbers, or `neuron` is not a `LIF`.

    Examples
    --------
    >>> print(f"{1000 * firing_rate(8.0):.4f} Hz")
    14.3524 Hz
    """
    return evaluate(E, neuron, 0)


def firing_rate_slope(E: ArrayLike, neuron: LIF = _DEFAULT) -> Any:
    """Return the derivative of `firing_rate` with respect to the mean input.

    With a and b as in `firing_rate`, ``r' = tau sqrt(pi) r**2 / sigma * (erfcx(-b) - erfcx(-a))``, the derivative
    of Siegert's formula, computed in a scaled form that neither overflows nor cancels.

    Parameters
    ----------
    E : array_like
        Mean input, mV, any shape.
    neuron : LIF, optional
        The neuron's parameters. Where they are arrays (n,), `E` is broadcast with them.

    Returns
    -------
    array of the shape of `E` (a NumPy float for a number)
        Slope, 1/(ms mV); never negative. Without noise, 0 up to and including threshold, where it jumps to infinity.

    Raises
    ------
    TypeError
        If `E` is not made of real numbers, or `neuron` is not a `LIF`.

    Examples
    --------
    >>> print(f"{firing_rate_slope(8.0):.6f} per ms and mV")
    0.004189 per ms and mV
    """
    return evaluate(E, neuron, 1)


@dataclass(frozen=True)
class MaxSlope:
    """The steepest point of a rate function: the input `E` (mV) and the `slope` there, 1/(ms mV)."""

    E: float
    slope: float

    def __repr__(self) -> str:
        return f"MaxSlope(E={self.E:.6g}, slope={self.slope:.6g})"


def max_slope(neuron: LIF = _DEFAULT) -> MaxSlope:
    """Return the largest slope of `firing_rate` over all inputs, and where it is reached.

    The slope is scanned over the whole line on a grid finer than any of its features, in units of the noise; each
    local maximum near the top is then refined to the zero of the curvature that the grid brackets. No starting point
    and no assumption of a single peak is involved.

    Parameters
    ----------
    neuron : LIF, optional
        The neuron's parameters.

    Returns
    -------
    MaxSlope
        `E` (mV) and `slope` (1/(ms mV)). Without noise the slope is infinite, at threshold. Without a refractory
        period the least upper bound may be the limit ``1 / (tau (v_th - v_r))``, reached only as E grows; then `E`
        is infinite.

    Raises
    ------
    TypeError
        If `neuron` is not a `LIF` whose parameters are numbers.

    Examples
    --------
    >>> max_slope()
    MaxSlope(E=10.3784, slope=0.00443147)
    """
    return MaxSlope(*_steepest(check_neuron(neuron, numbers=True)))


def _steepest(neuron: LIF) -> tuple[float, float]:
    """Return where the slope is largest, and its value there."""
    theta, reach = neuron.v_th - neuron.E_L, neuron.v_th - neuron.v_r
    if neuron.sigma == 0:
        return theta, np.inf
    sigma = max(neuron.sigma, 1e-150 * reach)
    scale = neuron.tau * _SQRT_PI
    delta, rho = reach / sigma, neuron.tau_ref / scale
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        grid = np.concatenate([np.arange(LOW, 10.0, 0.01), np.geomspace(10.0, FAR, 800)])
        values = reduced(grid, delta, rho, 1)
        # the limit without a refractory period; rounding noise far out must not beat it
        limit = _SQRT_PI / delta if neuron.tau_ref == 0 else 0.0
        best_y, best = (np.inf, limit)
        inner = values[1:-1]
        peaks = 1 + np.flatnonzero(
            (inner >= values[:-2]) & (inner >= values[2:]) & (inner > max(0.9 * values.max(), limit * (1 + 1e-12)))
        )

        def curvature(y: float) -> float:
            return float(reduced(np.array([y]), delta, rho, 2)[0])

        for i in peaks:
            y, low, high = float(grid[i]), float(grid[i - 1]), float(grid[i + 1])
            if curvature(low) > 0 > curvature(high):  # else rounding hides the maximum between them
                y = float(optimize.brentq(curvature, low, high, xtol=1e-15, rtol=8.9e-16))
            value = float(reduced(np.array([y]), delta, rho, 1)[0])
            if value > best:
                best_y, best = y, value
    return theta + sigma * best_y, best / (scale * sigma)
