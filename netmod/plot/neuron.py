"""Drawing for chapter 1: voltages and their spikes, white noise, the free membrane, and what a time step costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS

_STROKE: Any = {
    False: {"color": COLORS["simulation"], "linewidth": 0.8, "zorder": 2},
    True: {"color": COLORS["theory"], "linewidth": 1.8, "zorder": 3},
}
"""How the fine and the coarse look at one path are drawn."""


def voltage_trace(ax: Axes, trace: Any, neuron: Any, *, peak: float = -20.0) -> tuple[Line2D, LineCollection]:
    """Draw a voltage (mV) over time (ms), its spikes as strokes up to `peak`, and the levels of the neuron.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    trace : object with `t`, `v`, `spike_times`
        What `simulate` returns for one neuron.
    neuron : object with `v_th` and `v_r`
        Its parameters, mV.
    peak : float, optional
        Height of the strokes, mV. The model has no such height: it only says when a spike occurs.

    Returns
    -------
    (Line2D, LineCollection)
        The voltage and the strokes.
    """
    for value, text in ((neuron.v_th, "threshold"), (neuron.v_r, "reset")):
        level(ax, value, text)
    spikes = np.asarray(trace.spike_times, float)
    strokes = ax.vlines(spikes, neuron.v_th, peak, color=COLORS["highlight"], linewidth=1.4)
    (line,) = ax.plot(trace.t, trace.v, color=COLORS["theory"], linewidth=1.0)
    ax.set(xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(trace.t[0], trace.t[-1]))
    return line, strokes


def level(ax: Axes, value: float, text: str) -> Line2D:
    """Draw a dashed grey line at `value` (mV), with `text` beside its right end; return the line."""
    line = ax.axhline(value, color=COLORS["threshold"], linestyle="--", linewidth=1.2, zorder=1)
    place: Any = ax.get_yaxis_transform()
    ax.annotate(
        text,
        (1.0, value),
        xycoords=place,
        xytext=(4, 0),
        textcoords="offset points",
        color=COLORS["threshold"],
        fontsize=10,
        va="center",
        annotation_clip=False,
    )
    return line


def noise(ax: Axes, t: ArrayLike, xi: ArrayLike, *, text: str = "", coarse: bool = False) -> Line2D:
    """Draw noise (1/sqrt(ms)) that is constant from each time of `t` (ms, one more than values) to the next.

    `text` is written beside the line, above the largest value of fine noise and in the middle of `coarse` noise,
    which is drawn thick and dark over the fine. Returns the line.
    """
    t, xi = np.asarray(t, float), np.asarray(xi, float)
    ax.set(xlabel="time (ms)", ylabel="noise ξ (ms$^{-1/2}$)", xlim=(t[0], t[-1]))
    (line,) = ax.plot(t, np.append(xi, xi[-1]), drawstyle="steps-post", **_STROKE[coarse])
    ax.margins(y=0.16)  # room for the texts above and below
    if text:
        fine: Any = {"xy": (0.98, 0.97), "va": "top"}
        thick: Any = {"xy": (0.98, 0.03), "va": "bottom", "fontweight": "bold"}
        place = thick if coarse else fine
        ax.annotate(text, xycoords="axes fraction", ha="right", color=line.get_color(), fontsize=10, **place)
    return line


def noise_sum(ax: Axes, t: ArrayLike, B: ArrayLike, *, coarse: bool = False) -> Line2D:
    """Draw the integral of noise (sqrt(ms)) over time (ms), with its points if it is `coarse`; return the line."""
    t = np.asarray(t, float)
    ax.set(xlabel="time (ms)", ylabel="integral of ξ (ms$^{1/2}$)", xlim=(t[0], t[-1]))
    return ax.plot(t, B, marker="o" if coarse else None, markersize=3.5, **_STROKE[coarse])[0]


def membranes(ax: Axes, t: ArrayLike, v: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> list[Line2D]:
    """Draw voltages (time along axis 0), and over them the mean and the mean ± 1 standard deviation of theory.

    Returns the lines of the voltages, then the three of theory.
    """
    lines = ax.plot(t, v, color=COLORS["simulation"], linewidth=0.5, alpha=0.55)
    mean, sd = np.broadcast_arrays(np.asarray(mean, float), np.asarray(sd, float))
    for shift, style in ((0, "-"), (1, "--"), (-1, "--")):
        lines += ax.plot(t, np.broadcast_to(mean + shift * sd, np.shape(t)), style, color=COLORS["theory"], zorder=3)
    ax.set(xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(np.min(t), np.max(t)))
    return lines


def voltage_histogram(ax: Axes, v: ArrayLike, x: ArrayLike, density: ArrayLike, bins: Any = 60) -> tuple[Any, Line2D]:
    """Draw the density (1/mV) of voltages as a histogram, and over it `density` at `x` (mV); return both."""
    patches = ax.hist(np.ravel(v), bins=bins, density=True, color=COLORS["simulation"], alpha=0.55)[2]
    (line,) = ax.plot(x, density, color=COLORS["theory"])
    ax.set(xlabel="membrane potential (mV)", ylabel="probability per mV")
    return patches, line


def seen_at_steps(ax: Axes, t: ArrayLike, v: ArrayLike, every: int, v_th: float) -> tuple[Line2D, Line2D]:
    """Draw a fine path, the points of it that a step `every` times as long sees, and the threshold.

    Returns the path and the points. What the path does above the threshold is drawn thick and in colour.
    """
    t, v = np.asarray(t, float), np.asarray(v, float)
    (path,) = ax.plot(t, v, color=COLORS["muted"], linewidth=1.0)
    ax.plot(t, np.where(v >= v_th, v, np.nan), color=COLORS["highlight"], linewidth=2.4)
    (points,) = ax.plot(t[::every], v[::every], "o-", color=COLORS["theory"], linewidth=1.0, zorder=3)
    level(ax, v_th, "threshold")
    ax.set(xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(t[0], t[-1]))
    return path, points


def step_bias(
    ax: Axes,
    dt: ArrayLike,
    bias: ArrayLike,
    stderr: ArrayLike,
    text: str,
    *,
    color: str = "simulation",
    **kwargs: Any,
) -> ErrorbarContainer:
    """Draw a relative error of a rate (a fraction) in per cent over the square root of the time step (ms).

    Bars are two standard errors each way; `text` is written beside the last point. Zero, in both directions, is
    shown. Returns the container.
    """
    root, percent = np.sqrt(np.asarray(dt, float)), 100 * np.asarray(bias, float)
    color = COLORS.get(color, color)
    kwargs = {"fmt": "o-", "color": color, "linewidth": 1.0, "capsize": 2, "zorder": 3, **kwargs}
    drawn = ax.errorbar(root, percent, yerr=200 * np.asarray(stderr, float), **kwargs)
    last = int(np.argmax(root))
    place: Any = {"xytext": (8, 0), "textcoords": "offset points", "va": "center", "annotation_clip": False}
    ax.annotate(text, (root[last], percent[last]), color=color, fontsize=10, **place)
    ax.axhline(0, color=COLORS["threshold"], linewidth=1.0, zorder=1)
    ax.set_xlim(0, 1.01 * ax.dataLim.x1)
    ax.set(xlabel="square root of the time step (ms$^{1/2}$)", ylabel="error of the rate (%)")
    return drawn


def step_law(ax: Axes, longest: float, factor: float, text: str) -> Line2D:
    """Draw, dashed, the prediction `factor` * sqrt(step) of a relative error, in per cent, up to the step `longest`.

    `factor` is a fraction per sqrt(ms); `text` is written beside the end. Returns the line, straight over the root.
    """
    root = float(np.sqrt(longest))
    (line,) = ax.plot([0, root], [0, 100 * factor * root], "--", color=COLORS["theory"], linewidth=1.2)
    place: Any = {"xytext": (8, 0), "textcoords": "offset points", "va": "center", "annotation_clip": False}
    ax.annotate(text, (root, 100 * factor * root), color=COLORS["theory"], fontsize=10, **place)
    return line
