"""Drawing for chapter 7: one point a neuron or a network, and the line through them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS


def against_identity(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation", **kwargs: Any) -> Any:
    """Scatter `y` against `x` over the line y = x; return the points."""
    x, y = np.ravel(x), np.ravel(y)
    ends = [np.nanmin([x, y]), np.nanmax([x, y])]
    ax.plot(ends, ends, color=COLORS["threshold"], lw=1, zorder=0)
    return ax.scatter(x, y, **{"s": 14, "color": COLORS.get(color, color), "linewidths": 0, **kwargs})


def points(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation", **kwargs: Any) -> Any:
    """Scatter `y` against `x`, one point a neuron or network; return the points."""
    return ax.scatter(x, y, **{"s": 14, "color": COLORS.get(color, color), "linewidths": 0, "alpha": 0.8, **kwargs})


def scatter_with_fit(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation") -> Any:
    """Scatter `y` against `x` with the least-squares line and the correlation in the corner; return the points."""
    x, y = np.ravel(x), np.ravel(y)
    points = ax.scatter(x, y, s=14, color=COLORS.get(color, color), linewidths=0)
    slope, intercept = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, intercept + slope * ends, color=COLORS["theory"], lw=1.2)
    r = np.corrcoef(x, y)[0, 1]
    ax.text(0.04, 0.96, f"correlation {r:.2f}", transform=ax.transAxes, va="top", fontsize=10)
    return points
