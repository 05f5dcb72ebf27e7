"""Drawing for chapter 9: simulated against predicted rates, rasters, the population rate in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS

HZ = 1000.0
"""Rates come in 1/ms and are drawn in Hz."""


def agreement(
    ax: Axes,
    predicted: ArrayLike,
    simulated: ArrayLike,
    stderr: ArrayLike | None = None,
    *,
    color: str = "simulation",
    **kwargs: Any,
) -> ErrorbarContainer:
    """Draw simulated over predicted rates (1/ms) as points in Hz with bars of two standard errors; return them.

    The line of equality is drawn once per axes, over all that has been drawn. `color` is a key of `COLORS` or any
    matplotlib colour; other keywords go to `Axes.errorbar`.
    """
    kwargs = {"fmt": "o", "markersize": 3.5, "elinewidth": 0.8, "alpha": 0.85, "zorder": 3, **kwargs}
    bars = None if stderr is None else 2 * HZ * np.asarray(stderr)
    points = ax.errorbar(
        HZ * np.asarray(predicted),
        HZ * np.asarray(simulated),
        yerr=bars,
        color=COLORS.get(color, color),
        **kwargs,
    )
    if not any(line.get_gid() == "equality" for line in ax.lines):
        line = ax.axline((0, 0), slope=1, color=COLORS["theory"], linewidth=1.2, zorder=1)
        line.set_gid("equality")
    ax.set(xlabel="predicted rate (Hz)", ylabel="simulated rate (Hz)")
    return points


def raster(ax: Axes, times: ArrayLike, neurons: ArrayLike, *, color: str = "theory", **kwargs: Any) -> Line2D:
    """Draw one tick a spike, time (ms) across and neuron up; return the line that holds them."""
    kwargs = {"marker": "|", "markersize": 3, "markeredgewidth": 0.9, "linestyle": "none", **kwargs}
    ax.set(xlabel="time (ms)", ylabel="neuron")
    return ax.plot(times, neurons, color=COLORS.get(color, color), **kwargs)[0]


def population_rate(
    ax: Axes, rate: ArrayLike, bin_width: float, *, color: str = "simulation", **kwargs: Any
) -> StepPatch:
    """Draw the network's mean rate in consecutive bins (1/ms; ms) as a filled outline in Hz; return it."""
    kwargs = {"fill": True, "alpha": 0.9, **kwargs}
    values = HZ * np.asarray(rate)
    ax.set(xlabel="time (ms)", ylabel="population rate (Hz)")
    return ax.stairs(values, np.arange(values.size + 1) * bin_width, color=COLORS.get(color, color), **kwargs)


def strips(
    ax: Axes,
    labels: Sequence[str],
    values: ArrayLike,
    *,
    color: str = "simulation",
    marker: str = "o",
    shift: float = 0.0,
) -> list[Line2D]:
    """Draw each row of `values`, one mark a network, above its label, spread sideways so that none hides another.

    A dashed line marks 0. Returns one line of marks a row.
    """
    rows = np.atleast_2d(np.asarray(values, dtype=float))
    sideways = np.linspace(-0.08, 0.08, rows.shape[1])
    drawn = [
        ax.plot(i + shift + sideways, row, marker, color=COLORS.get(color, color), markersize=4)[0]
        for i, row in enumerate(rows)
    ]
    if not any(line.get_gid() == "zero" for line in ax.lines):
        ax.axhline(0, color=COLORS["theory"], linewidth=1, linestyle="--", zorder=1).set_gid("zero")
    ax.set_xticks(range(len(labels)), labels)
    return drawn


def stages(ax: Axes, labels: Sequence[str], rates: ArrayLike, *, color: str = "simulation") -> list[Line2D]:
    """Draw rates in Hz over named stages: a thin line for each row of `rates`, and a thick one for their mean."""
    rows = np.atleast_2d(np.asarray(rates, dtype=float))
    x = np.arange(len(labels))
    thin = [ax.plot(x, row, color=COLORS.get(color, color), linewidth=0.8)[0] for row in rows]
    thick = ax.plot(x, rows.mean(axis=0), "o-", color=COLORS["theory"])[0]
    ax.set_xticks(x, labels, rotation=30, ha="right")
    ax.set_ylabel("mean rate (Hz)")
    return [*thin, thick]
