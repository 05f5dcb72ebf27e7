"""Drawing for whole ensembles: many curves at once, fractions that fail, scatter over networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
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


def against_identity(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation", **kwargs: Any) -> Any:
    """Scatter `y` against `x` over the line y = x; return the points."""
    x, y = np.ravel(x), np.ravel(y)
    ends = [np.nanmin([x, y]), np.nanmax([x, y])]
    ax.plot(ends, ends, color=COLORS["threshold"], lw=1, zorder=0)
    return ax.scatter(x, y, **{"s": 14, "color": COLORS.get(color, color), "linewidths": 0, **kwargs})


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


def points(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation", **kwargs: Any) -> Any:
    """Scatter `y` against `x`, one point a neuron or network; return the points."""
    return ax.scatter(x, y, **{"s": 14, "color": COLORS.get(color, color), "linewidths": 0, "alpha": 0.8, **kwargs})


def coefficients(
    ax: Axes,
    names: Sequence[str],
    values: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    *,
    shift: float = 0.0,
    color: str = "simulation",
    label: str | None = None,
    marker: str = "o",
) -> ErrorbarContainer:
    """Draw one point a predictor, with its interval from `low` to `high`; return points and bars.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    names : sequence of str
        The predictors, from left to right.
    values : (k,) array
        Their coefficients.
    low, high : (k,) arrays, optional
        Ends of the intervals.
    shift : float, optional
        Sideways shift, so that several sets stand beside each other.
    color : str, optional
        Key of `COLORS`, or any matplotlib colour.
    label : str, optional
        Name of the set, written beside its first point.
    marker : str, optional
        Shape of the points.
    """
    y = np.asarray(values, dtype=float)
    ends = None if low is None or high is None else np.abs([y - np.asarray(low), np.asarray(high) - y])
    shade = COLORS.get(color, color)
    x = np.arange(len(y)) + shift
    if not ax.lines:
        ax.axhline(0.0, color=COLORS["threshold"], lw=0.8, zorder=0)
    drawn = ax.errorbar(x, y, yerr=ends, fmt=marker, color=shade, capsize=2, ms=5, elinewidth=1.2)
    if label is not None:
        ax.annotate(
            label, (x[0], y[0]), xytext=(-6, 0), textcoords="offset points", ha="right", va="center",
            color=shade, fontsize=10,
        )  # fmt: skip
    ax.set_xticks(range(len(y)), names)
    ax.set_ylabel("coefficient")
    return drawn
