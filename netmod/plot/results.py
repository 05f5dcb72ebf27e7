"""Drawing for chapter 6: the curves of a whole ensemble at once, fractions that fail, linear approximations."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS


def curves(ax: Axes, x: ArrayLike, Y: ArrayLike, *, color: str = "theory", **kwargs: Any) -> LineCollection:
    """Draw every row of `Y` (m, len(x)) against `x` as a thin line; return them as one collection.

    NaN leaves a gap. `color` is a key of `COLORS` or any matplotlib colour.
    """
    x, Y = np.asarray(x, dtype=float), np.atleast_2d(np.asarray(Y, dtype=float))
    segments = np.stack(np.broadcast_arrays(x, Y), axis=-1)
    kwargs = {"linewidths": 0.7, "alpha": 0.5, **kwargs}
    lines = LineCollection(list(segments), colors=COLORS.get(color, color), **kwargs)
    ax.add_collection(lines)
    ax.autoscale_view()
    return lines


def steps(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "theory", **kwargs: Any) -> Line2D:
    """Draw `y` against `x` as points joined by a line, from 0 up; return the line."""
    (line,) = ax.plot(x, y, "o-", color=COLORS.get(color, color), **kwargs)
    ax.set_ylim(bottom=0)
    return line


def tangents(
    ax: Axes, x: float, y: ArrayLike, slope: ArrayLike, reach: float, *, color: str = "unstable"
) -> LineCollection:
    """Draw from each point (`x`, `y`) its tangent of the given `slope` out to `x + reach`; return the tangents."""
    y, slope = np.ravel(y), np.ravel(slope)
    ends = np.array([[(x, a), (x + reach, a + b * reach)] for a, b in zip(y, slope, strict=True)])
    lines = LineCollection(list(ends), colors=COLORS.get(color, color), linewidths=1.4, linestyles="--")
    ax.add_collection(lines)
    ax.scatter(np.full(len(y), x), y, s=14, color=COLORS.get(color, color), zorder=3)
    ax.autoscale_view()
    return lines
