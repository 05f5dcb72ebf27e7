"""Drawing for chapter 8: the coefficients of a regression, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS


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
