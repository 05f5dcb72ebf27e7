"""Drawing for chapter 2: rates, slopes and intervals, theory as lines and counts as points with error bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS

HZ = 1000.0
"""Rates come in 1/ms and are drawn in Hz."""


def rate_curve(ax: Axes, E: ArrayLike, rate: ArrayLike, *, color: str = "theory", **kwargs: Any) -> Line2D:
    """Draw a rate (1/ms) over the mean input (mV) as a line in Hz; return the line.

    `color` is a key of `COLORS` or any matplotlib colour.
    """
    ax.set(xlabel="mean input current E (mV)", ylabel="firing rate (Hz)")
    return ax.plot(E, HZ * np.asarray(rate), color=COLORS.get(color, color), **kwargs)[0]


def slope_curve(ax: Axes, E: ArrayLike, slope: ArrayLike, *, color: str = "theory", **kwargs: Any) -> Line2D:
    """Draw the slope of a rate (1/(ms mV)) over the mean input (mV) as a line in Hz per mV; return the line."""
    line = rate_curve(ax, E, slope, color=color, **kwargs)
    ax.set_ylabel("slope r′ (Hz per mV)")
    return line


def counted(
    ax: Axes, E: ArrayLike, value: ArrayLike, stderr: ArrayLike, *, scale: float = HZ, **kwargs: Any
) -> ErrorbarContainer:
    """Draw simulated values as points with bars of two standard errors each way; return the container.

    `value` and `stderr` are multiplied by `scale`, by default from 1/ms to Hz. Axis labels are left alone.
    """
    kwargs = {"fmt": "o", "color": COLORS["simulation"], "elinewidth": 1.2, "capsize": 2, "zorder": 3, **kwargs}
    return ax.errorbar(E, scale * np.asarray(value), yerr=2 * scale * np.asarray(stderr), **kwargs)


def ceiling(ax: Axes, value: float, text: str, *, x: float = 0.02) -> Line2D:
    """Draw a grey dashed horizontal line at `value` (Hz) with `text` under it, at fraction `x` of the width."""
    line = ax.axhline(value, color=COLORS["threshold"], linestyle="--", linewidth=1.2)
    place: Any = ax.get_yaxis_transform()
    ax.annotate(
        text,
        (x, value),
        xycoords=place,
        xytext=(0, -4),
        textcoords="offset points",
        color=COLORS["threshold"],
        fontsize=10,
        va="top",
    )
    return line


def failures(ax: Axes, E: ArrayLike, values: ArrayLike, exact: ArrayLike, **kwargs: Any) -> tuple[Line2D, Line2D]:
    """Draw a computed rate (1/ms) where it is a number, and crosses on the axis where it is not; return both.

    `exact` is drawn under it as the theory's line.
    """
    x, y = np.asarray(E), HZ * np.asarray(values)
    rate_curve(ax, x, exact)
    lost = ~np.isfinite(y)
    kwargs = {"color": COLORS["highlight"], "linewidth": 1.6, "linestyle": (0, (4, 2)), **kwargs}
    (line,) = ax.plot(x, y, **kwargs)
    (crosses,) = ax.plot(x[lost], np.zeros(lost.sum()), "x", color=kwargs["color"], clip_on=False, zorder=4)
    return line, crosses


def interval_histogram(
    ax: Axes,
    intervals: ArrayLike,
    bins: Any = 40,
    *,
    relative: bool = False,
    color: str = "simulation",
    outline: bool = False,
    **kwargs: Any,
) -> Any:
    """Draw the histogram of interspike intervals (ms) as a density per ms; return its outline and area.

    With `relative`, intervals are divided by their mean first, so that only their regularity shows. With `outline`
    the area is left empty, so that two histograms can be told apart without their colours.
    """
    T = np.ravel(np.asarray(intervals, dtype=float))
    if relative:
        T = T / T.mean()
        ax.set(xlabel="interval / mean interval", ylabel="probability density")
    else:
        ax.set(xlabel="interval between spikes (ms)", ylabel="probability per ms")
    look: Any = {"histtype": "step", "linewidth": 1.8} if outline else {"histtype": "stepfilled", "alpha": 0.45}
    kwargs = {"color": COLORS.get(color, color), "density": True, **look, **kwargs}
    return ax.hist(T, bins=bins, **kwargs)[2]


def regularity_curve(ax: Axes, E: ArrayLike, cv: ArrayLike, **kwargs: Any) -> Line2D:
    """Draw the coefficient of variation of the intervals over the mean input (mV); return the line."""
    ax.set(xlabel="mean input current E (mV)", ylabel="CV of the intervals", ylim=(0, 1.08))
    return ax.plot(E, cv, **{"color": COLORS["theory"], **kwargs})[0]
