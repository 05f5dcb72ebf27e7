"""Drawing for chapter 8: the three motifs, regression coefficients with their intervals, orders of paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from netmod.plot.networks import network_graph
from netmod.plot.style import COLORS

_MOTIFS = {
    "chain": ([(1, 0), (2, 1)], [(0, 0.2), (0.5, 0.7), (1, 0.2)]),
    "convergent": ([(2, 0), (2, 1)], [(0, 0.7), (1, 0.7), (0.5, 0.1)]),
    "divergent": ([(1, 0), (2, 0)], [(0.5, 0.7), (0, 0.1), (1, 0.1)]),
}
"""Of each motif its connections (target, source), and where its neurons are drawn."""


def three_motifs(axes: Sequence[Axes]) -> list[NDArray[np.int64]]:
    """Draw chain, convergent and divergent motif, one on each of `axes`; return their matrices."""
    drawn = []
    for ax, (name, (connections, places)) in zip(axes, _MOTIFS.items(), strict=True):
        A = np.zeros((3, 3), dtype=np.int64)
        for target, source in connections:
            A[target, source] = 1
        network_graph(ax, A, places, labels=True, size=260)
        ax.set(title=name, xlim=(-0.25, 1.25), ylim=(-0.15, 0.95))
        drawn.append(A)
    return drawn


def coefficients(
    ax: Axes,
    names: Sequence[str],
    values: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    *,
    shift: float = 0.0,
    color: str = "simulation",
    marker: str = "o",
    joined: int = 0,
) -> ErrorbarContainer:
    """Draw one coefficient at each of `names`, with its interval from `low` to `high`; return points and bars.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    names : sequence of str
        What stands below, from left to right.
    values : (k,) array
        The coefficients.
    low, high : (k,) arrays, optional
        Ends of the intervals.
    shift : float, optional
        Sideways shift, so that several sets stand beside each other.
    color : str, optional
        Key of `COLORS`, or any matplotlib colour.
    marker : str, optional
        Shape of the points.
    joined : int, optional
        How many of the points, from the left, a line joins.
    """
    y = np.asarray(values, dtype=float)
    ends = None if low is None or high is None else np.abs([y - np.asarray(low), np.asarray(high) - y])
    shade = COLORS.get(color, color)
    x = np.arange(len(y)) + shift
    if not ax.lines:
        ax.axhline(0.0, color=COLORS["threshold"], lw=0.8, zorder=0)
    drawn = ax.errorbar(x, y, yerr=ends, fmt=marker, color=shade, capsize=2, ms=5, elinewidth=1.2)
    if joined:
        ax.plot(x[:joined], y[:joined], color=shade, lw=0.9)
    ax.set_xticks(range(len(y)), names)
    ax.set_ylabel("coefficient")
    return drawn


def by_order(ax: Axes, correlations: ArrayLike, *, color: str = "theory", **kwargs: Any) -> Line2D:
    """Draw a correlation for paths of one, two, three … connections, with a ring at the highest; return the line."""
    y = np.asarray(correlations, dtype=float)
    shade = COLORS.get(color, color)
    orders = np.arange(1, len(y) + 1)
    (line,) = ax.plot(orders, y, **{"marker": "o", "color": shade, **kwargs})
    best = int(y.argmax())
    ax.plot(orders[best], y[best], "o", ms=11, mfc="none", mec=shade)
    ax.set_xticks(orders)
    return line
