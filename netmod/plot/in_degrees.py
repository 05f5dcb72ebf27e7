"""Drawing for chapter 7: one point a neuron or a network, and the line through them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import ErrorbarContainer
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS


def points(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation", **kwargs: Any) -> PathCollection:
    """Scatter `y` against `x`, one point a neuron or network; return the points."""
    return ax.scatter(x, y, **{"s": 14, "color": COLORS.get(color, color), "linewidths": 0, "alpha": 0.8, **kwargs})


def against_identity(
    ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation", **kwargs: Any
) -> PathCollection:
    """Scatter `y` against `x` over the line y = x; return the points."""
    x, y = np.ravel(x), np.ravel(y)
    ends = [np.nanmin([x, y]), np.nanmax([x, y])]
    ax.plot(ends, ends, color=COLORS["threshold"], lw=1, zorder=0)
    return points(ax, x, y, color=color, **{"alpha": 1.0, **kwargs})


def scatter_with_fit(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation") -> PathCollection:
    """Scatter `y` against `x` with the least-squares line and the correlation in the corner; return the points."""
    x, y = np.ravel(x), np.ravel(y)
    drawn = points(ax, x, y, color=color, alpha=1.0)
    slope, intercept = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, intercept + slope * ends, color=COLORS["theory"], lw=1.2)
    r = np.corrcoef(x, y)[0, 1]
    ax.text(0.04, 0.98, f"correlation {r:.3f}", transform=ax.transAxes, va="top", fontsize=10)
    return drawn


def figure_4b(axes: Any, k: ArrayLike, rate: ArrayLike, E: ArrayLike) -> list[PathCollection]:
    """Draw the four panels of the poster's Figure 4b, in its order; return the points of each.

    Parameters
    ----------
    axes : (2, 2) array of Axes
        Top: standard deviations. Bottom: variances. Left: rates. Right: currents.
    k, rate, E : (m, n) arrays
        In-degrees, rates (Hz) and currents (mV) of the neurons of m networks.
    """
    drawn, k = [], np.asarray(k, dtype=float)
    for row, spread, power, name in zip(axes, (np.std, np.var), ("", "²"), ("std", "variance"), strict=True):
        for ax, y, what in zip(row, (rate, E), (f"rate (Hz{power})", f"current (mV{power})"), strict=True):
            drawn.append(scatter_with_fit(ax, spread(k, axis=1), spread(np.asarray(y, dtype=float), axis=1)))
            ax.set(xlabel=f"{name} of in-degree", ylabel=f"{name} of {what}")
    return drawn


def with_theory(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    curve: tuple[ArrayLike, ArrayLike],
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    color: str = "simulation",
    marker: str = "o",
) -> ErrorbarContainer:
    """Draw points, with their intervals from `low` to `high`, over the theory's curve; return points and bars.

    Parameters
    ----------
    ax : Axes
        Where to draw. A curve that is there already is not drawn again.
    x, y : (m,) arrays
        The points.
    curve : pair of (k,) arrays
        Where the theory is evaluated, and what it says there.
    low, high : (m,) arrays, optional
        Ends of the intervals.
    color : str, optional
        Key of `COLORS`, or any matplotlib colour.
    marker : str, optional
        Shape of the points.
    """
    y = np.asarray(y, dtype=float)
    ends = None if low is None or high is None else np.array([y - np.asarray(low), np.asarray(high) - y])
    drawn_before = [line.get_gid() for line in ax.lines]
    if "theory" not in drawn_before:
        ax.plot(*curve, color=COLORS["theory"], lw=1.4, zorder=0, gid="theory")
    shade = COLORS.get(color, color)
    return ax.errorbar(x, y, yerr=ends, fmt=marker, color=shade, capsize=2, ms=6, elinewidth=1.2)
