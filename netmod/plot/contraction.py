"""Drawings for chapter 4: cobwebs, orbits in the plane, shrinking images, certified strengths, the cusp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS, label_line


def cobweb(
    ax: Axes,
    E: ArrayLike,
    F: ArrayLike,
    orbits: Sequence[ArrayLike],
    *,
    colors: Sequence[str] = ("simulation",),
    log: bool = False,
) -> list[Line2D]:
    """Draw a scalar map, the diagonal, and the staircase of each orbit; return the lines in that order.

    Where the map crosses the diagonal there is a ring; where an orbit starts, a dot.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    E, F : array_like, shape (m,)
        The map F at points E, mV.
    orbits : sequence of array_like
        The iterates of each orbit, mV: one step up (or down) to the curve, one across to the diagonal.
    colors : sequence of str, optional
        Keys of `COLORS`, used in turn for the orbits.
    log : bool, optional
        Logarithmic axes, on which crossings at very different currents can all be seen.
    """
    E, F = np.asarray(E, dtype=float), np.asarray(F, dtype=float)
    lines = ax.plot(E, E, color=COLORS["muted"], lw=1)
    lines += ax.plot(E, F, color=COLORS["theory"])
    for i, orbit in enumerate(orbits):
        x = np.repeat(np.asarray(orbit, dtype=float), 2)
        color = COLORS[colors[i % len(colors)]]
        lines += ax.plot(x[:-1], x[1:], color=color, lw=1)
        ax.plot(x[0], x[0], "o", color=color, ms=4)
    here = np.flatnonzero(np.diff(np.sign(F - E)))
    ax.plot(E[here], E[here], "o", mfc="none", mec=COLORS["theory"], ms=8, mew=1.2)
    ax.set(xlabel="current $E$ (mV)", ylabel="next current $F(E)$ (mV)", xlim=(E.min(), E.max()))
    ax.set_ylim(E.min(), E.max())
    if log:
        ax.set(xscale="log", yscale="log")
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        if log:
            _plain_log(axis, (1, 2, 5))
        else:
            axis.set_major_locator(MaxNLocator(4, integer=True))
    return lines


def orbits_in_plane(ax: Axes, orbits: Sequence[ArrayLike], fixed_point: ArrayLike | None = None) -> list[Line2D]:
    """Draw orbits of a two-neuron map as dotted paths, and a fixed point as a ring; return the orbits' lines.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    orbits : sequence of array_like, shape (steps, 2)
        The iterates of each orbit, mV.
    fixed_point : array_like, shape (2,), optional
        Where to put the ring, mV.
    """
    lines = []
    for orbit in orbits:
        x, y = np.asarray(orbit, dtype=float).T
        lines += ax.plot(x, y, "-", color=COLORS["simulation"], marker="o", ms=3, lw=1)
        ax.plot(x[0], y[0], "s", color=COLORS["simulation"], ms=6)
    if fixed_point is not None:
        x, y = np.asarray(fixed_point, dtype=float)
        ax.plot(x, y, "o", mfc="none", mec=COLORS["highlight"], ms=11, mew=2)
    ax.set(xlabel="current of neuron 0 (mV)", ylabel="current of neuron 1 (mV)")
    ax.set_aspect("equal", adjustable="datalim")
    return lines


def shrinking_images(ax: Axes, curves: Sequence[ArrayLike]) -> list[Polygon]:
    """Fill closed curves in the plane, each darker than the one before; return the patches.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    curves : sequence of array_like, shape (m, 2)
        The first region's edge and its images under the map, one after another, mV.
    """
    patches = []
    for i, curve in enumerate(curves):
        patch = Polygon(
            np.asarray(curve, dtype=float),
            closed=True,
            facecolor=COLORS["inhibitory"],
            edgecolor=COLORS["theory"],
            alpha=0.15 + 0.5 * i / max(len(curves) - 1, 1),
            lw=0.8,
        )
        ax.add_patch(patch)
        patches.append(patch)
    ax.autoscale_view()
    ax.set(xlabel="current of neuron 0 (mV)", ylabel="current of neuron 1 (mV)")
    ax.set_aspect("equal", adjustable="datalim")
    return patches


def error_bounds(
    ax: Axes, steps: ArrayLike, error: ArrayLike, a_priori: ArrayLike, a_posteriori: ArrayLike
) -> list[Line2D]:
    """Draw the error of an iteration and its two bounds against the step, on a logarithmic scale; return the lines.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    steps : array_like, shape (m,)
        Number of steps.
    error, a_priori, a_posteriori : array_like, shape (m,)
        Distance to the fixed point and bounds on it, mV.
    """
    steps = np.asarray(steps)
    lines = []
    styles = (
        (error, "simulation", "o", "true error"),
        (a_posteriori, "theory", "-", "bound, last step"),
        (a_priori, "theory", "--", "bound, first step"),
    )
    for values, color, style, label in styles:
        values = np.asarray(values, dtype=float)
        lines += ax.semilogy(steps, values, style, color=COLORS[color], label=label)
    ax.legend()
    ax.set(xlabel="steps", ylabel="distance to the fixed point (mV)")
    return lines


def certified_strengths(
    ax: Axes, strengths: Mapping[str, ArrayLike], *, lost: ArrayLike | None = None, color: str = "excitatory"
) -> list[PathCollection]:
    """Draw, for each norm, the strengths up to which single networks are certified; return the dots per row.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    strengths : mapping of str to array_like
        Row labels, top to bottom, and the strengths of single networks, mV·ms per synapse.
    lost : array_like, optional
        Strengths at which the iteration is lost: one more row, in the colour of simulations. Infinite ones are left
        out, and "never" is written if there are no others.
    color : str, optional
        A key of `COLORS`.
    """
    rows = {label: (np.asarray(v, dtype=float), color) for label, v in strengths.items()}
    if lost is not None:
        rows["iteration lost"] = (np.asarray(lost, dtype=float), "simulation")
    dots = []
    for i, (values, shade) in enumerate(rows.values()):
        shown = values[np.isfinite(values)]
        dots.append(ax.scatter(shown, np.full(shown.size, i), s=14, alpha=0.6, color=COLORS[shade], lw=0))
        median = np.median(values) if values.size else np.inf
        if np.isfinite(median):
            ax.plot(median, i, "|", color=COLORS["theory"], ms=14, mew=2)
        elif not shown.size:
            ax.text(
                0.97, i, "never", transform=ax.get_yaxis_transform(), ha="right", va="center", color=COLORS[shade]
            )
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xscale("log")
    _plain_log(ax.xaxis, (1, 2, 5))
    ax.set_xlabel("strength per synapse (mV·ms)")
    return dots


def bistable_region(ax: Axes, gain: ArrayLike, E0: ArrayLike, *, certified: float, cusp: tuple[float, float]) -> Any:
    """Shade the gains and outside currents with three fixed points, and those certified; return the shaded region.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    gain, E0 : array_like, shape (m,)
        The fold curve, mV·ms and mV.
    certified : float
        The contraction bound: below this gain there is one fixed point, mV·ms.
    cusp : (float, float)
        Gain and outside current of the cusp.
    """
    region = ax.fill(np.asarray(gain), np.asarray(E0), color=COLORS["unstable"], alpha=0.35, lw=0)[0]
    ax.plot(np.asarray(gain), np.asarray(E0), color=COLORS["unstable"])
    ax.axvspan(0, certified, color=COLORS["simulation"], alpha=0.12, lw=0)
    ax.axvline(certified, color=COLORS["simulation"])
    ax.plot(*cusp, "o", color=COLORS["highlight"], ms=7)
    label_line(ax, certified, cusp[1] + 0.45, " cusp", color="highlight")
    label_line(ax, certified, cusp[1] - 1.6, "certified:\none fixed point ", color="simulation", ha="right")
    label_line(ax, 1.4 * certified, cusp[1] - 1.9, "three fixed points", color="theory")
    label_line(ax, 1.4 * certified, cusp[1] + 0.45, "one fixed point, no promise", color="theory")
    ax.set(xlabel="gain of the network (mV·ms)", ylabel="outside current $E_0$ (mV)")
    return region


def _plain_log(axis: Axis, subs: Sequence[float]) -> None:
    """Label a logarithmic axis with plain numbers."""
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.set_minor_locator(NullLocator())
