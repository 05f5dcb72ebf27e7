"""Drawing for fixed points: how they move with the strength, how iterations reach them, and where stability ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS


def fixed_points(ax: Axes, strength: ArrayLike, E: ArrayLike, **kwargs: Any) -> list[Line2D]:
    """Draw the current of every neuron, E (m, n), against the strength (m,) as the poster does; return the lines."""
    return ax.plot(np.asarray(strength), np.asarray(E), **{"linewidth": 0.8, **kwargs})


def shades(values: ArrayLike) -> list[tuple[float, float, float, float]]:
    """Return one colour per value, from light (least) to dark (greatest), readable on white and in grey."""
    v = np.asarray(values, float)
    span = np.ptp(v) or 1.0
    return [tuple(c) for c in mpl.colormaps["cividis_r"](0.15 + 0.85 * (v - v.min()) / span)]


def stability_branch(
    ax: Axes, strength: ArrayLike, E: ArrayLike, stable: ArrayLike, *, color: Any = "theory", **kwargs: Any
) -> list[LineCollection]:
    """Draw E (m,) or (m, n) against the strength, solid where stable and dashed where not; return both collections.

    `color` is a key of `COLORS`, any matplotlib colour, or one colour per neuron.
    """
    x, Y, ok = np.asarray(strength, float), np.asarray(E, float), np.asarray(stable, bool)
    Y = Y.reshape(len(x), -1)
    colors = COLORS.get(color, color) if isinstance(color, str) else color
    kwargs = {"linewidths": 0.9, **kwargs}
    both = ok[:-1] & ok[1:]
    out = []
    for style, part in (("-", both), ("--", ~both)):
        pieces = [
            np.column_stack([x[run], Y[run, j]]) for j in range(Y.shape[1]) for run in _runs(np.flatnonzero(part))
        ]
        owners = [j for j in range(Y.shape[1]) for _ in _runs(np.flatnonzero(part))]
        shade = colors if isinstance(colors, str) else [colors[j] for j in owners]
        lines = LineCollection(pieces, colors=shade, linestyles=style, **kwargs)
        ax.add_collection(lines)
        out.append(lines)
    ax.autoscale_view()
    return out


def event_line(ax: Axes, strength: float, text: str, *, color: str = "highlight", **kwargs: Any) -> Line2D:
    """Mark a strength with a thin vertical line and a word at its top; return the line."""
    line = ax.axvline(strength, color=COLORS.get(color, color), lw=1, ls=":")
    kwargs = {"ha": "right", "va": "top", "fontsize": 10, **kwargs}
    ax.text(strength, 0.98, f"{text} ", transform=ax.get_xaxis_transform(), color=COLORS.get(color, color), **kwargs)
    return line


def convergence(
    ax: Axes, errors: Sequence[ArrayLike], rates: Sequence[float], labels: Sequence[str], *, start: int = 0
) -> list[Line2D]:
    """Draw error against step on a logarithmic axis, each over a line that shrinks by its rate; return the errors.

    The line is fixed to the error at step `start`.
    """
    out = []
    for error, rate, label in zip(errors, rates, labels, strict=True):
        e = np.asarray(error, float)
        k = np.arange(len(e))
        ax.semilogy(k, e[start] * rate ** (k - float(start)), color=COLORS["theory"], lw=1)
        out += ax.semilogy(k, e, ".", color=COLORS["simulation"], ms=4, markevery=max(1, len(e) // 40))
        ax.annotate(
            label, (k[-1], e[-1]), xytext=(5, 0), textcoords="offset points", ha="left", va="center", fontsize=10
        )
    ax.set_xlim(right=1.3 * max(len(np.asarray(e)) for e in errors))  # room for the labels
    return out


def unit_circle_spectrum(ax: Axes, eigenvalues: ArrayLike, *, color: str = "theory", **kwargs: Any) -> Line2D:
    """Draw eigenvalues in the complex plane, with the unit circle and the line Re λ = 1; return the points."""
    lam = np.ravel(eigenvalues)
    angle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), color=COLORS["threshold"], lw=1, zorder=0)
    ax.axvline(1.0, color=COLORS["threshold"], lw=1, ls=":", zorder=0)
    (points,) = ax.plot(lam.real, lam.imag, "o", **{"color": COLORS.get(color, color), "ms": 4, "mew": 0, **kwargs})
    ax.set_aspect("equal")
    ax.set_xlabel("Re λ")
    ax.set_ylabel("Im λ")
    return points


def orbit_plane(ax: Axes, x: ArrayLike, y: ArrayLike, *, point: ArrayLike | None = None, **kwargs: Any) -> Line2D:
    """Draw the states of an orbit, seen in a plane, as dots, and the fixed point as a ring; return the dots."""
    (dots,) = ax.plot(x, y, ".", **{"color": COLORS["simulation"], "ms": 2.5, "mew": 0, **kwargs})
    if point is not None:
        ax.plot(*np.asarray(point, float), "o", mfc="none", mec=COLORS["unstable"], mew=1.5, ms=8)
    return dots


def scores(ax: Axes, names: Sequence[str], counts: ArrayLike, total: int, *, color: str = "simulation") -> Any:
    """Draw how often each of `names` succeeded, out of `total`, as horizontal bars; return the bars."""
    y = np.arange(len(names))[::-1]
    ax.barh(y, total, color=COLORS["muted"], alpha=0.3)
    bars = ax.barh(y, np.asarray(counts), color=COLORS.get(color, color))
    for place, count in zip(y, np.asarray(counts), strict=True):
        ax.text(count + 0.01 * total, place, f"{count}", va="center", ha="left", fontsize=10)
    ax.set_yticks(y, names)
    ax.set_xlim(0, 1.08 * total)
    return bars


def _runs(steps: np.ndarray) -> list[np.ndarray]:
    """Return the points of each unbroken run of steps: step i joins the points i and i + 1."""
    if not len(steps):
        return []
    parts = np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)
    return [np.append(p, p[-1] + 1) for p in parts]
