"""Drawings of networks: graphs, matrices, degrees, second-order statistics, spectra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch
from numpy.typing import ArrayLike

from netmod.plot.style import COLORS

# No connection shows the page, whatever its colour.
_ENDS = [to_rgba(COLORS[kind]) for kind in ("inhibitory", "excitatory")]
_SIGNS = LinearSegmentedColormap.from_list(
    "signs", [(0.0, _ENDS[0]), (0.5, (*_ENDS[0][:3], 0.0)), (0.5, (*_ENDS[1][:3], 0.0)), (1.0, _ENDS[1])]
)


def network_graph(
    ax: Axes,
    W: ArrayLike,
    positions: Mapping[int, ArrayLike] | ArrayLike,
    *,
    labels: bool = False,
    size: float = 90.0,
) -> tuple[PathCollection, list[FancyArrowPatch]]:
    """Draw neurons and an arrow from j to i for every ``W[i, j]`` that is not 0; return both.

    Arrows have the colour of their sign. A neuron has the colour of what it sends out, or grey if it sends nothing.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    W : (n, n) array
        Connections, from column to row.
    positions : (n, 2) array or mapping
        Place of each neuron, as the layouts of networkx return it.
    labels : bool, optional
        Write each neuron's number on it.
    size : float, optional
        Area of a neuron, points².
    """
    matrix = np.asarray(W, dtype=float)
    n = len(matrix)
    xy = np.array([positions[i] for i in range(n)] if isinstance(positions, Mapping) else positions, dtype=float)
    arrows = []
    thin = n > 8
    for i, j in np.argwhere(matrix):
        if i == j:
            continue
        arrow = FancyArrowPatch(
            tuple(xy[j]),
            tuple(xy[i]),
            arrowstyle="-|>",
            mutation_scale=7 if thin else 13,
            connectionstyle="arc3,rad=0.12",
            shrinkA=np.sqrt(size) / 2,
            shrinkB=np.sqrt(size) / 2 + 1,
            linewidth=0.6 if thin else 1.4,
            alpha=0.65 if thin else 1.0,
            color=_color(matrix[i, j]),
        )
        ax.add_patch(arrow)
        arrows.append(arrow)
    nodes = ax.scatter(
        xy[:, 0], xy[:, 1], s=size, c=[_color(s) for s in matrix.sum(axis=0)], edgecolors="white", zorder=3
    )
    if labels:
        for i, place in enumerate(xy):
            ax.annotate(str(i), tuple(place), color="white", ha="center", va="center", fontsize=10, zorder=4)
    ax.margins(0.12)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return nodes, arrows


def _color(value: float) -> str:
    return COLORS["muted" if value == 0 else "excitatory" if value > 0 else "inhibitory"]


def matrix_image(ax: Axes, W: ArrayLike) -> AxesImage:
    """Draw a connection matrix, one square a connection, in the colour of its sign; return the image."""
    matrix = np.asarray(W, dtype=float)
    reach = max(float(np.abs(matrix).max(initial=0.0)), 1e-300)
    image = ax.imshow(matrix, cmap=_SIGNS, vmin=-reach, vmax=reach, interpolation="nearest")
    ax.set(xlabel="from neuron j", ylabel="to neuron i")
    for spine in ax.spines.values():
        spine.set_visible(True)
    return image


def degree_histogram(
    ax: Axes, degrees: ArrayLike, law: ArrayLike | None = None, *, color: str = "simulation"
) -> tuple[BarContainer, Line2D | None]:
    """Draw which fraction of neurons has which degree, and the expected fractions over it; return bars and line.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    degrees : int array
        Degrees, of any shape.
    law : (m,) array, optional
        Expected fraction of neurons of degree 0, 1, …, m - 1.
    color : str, optional
        Key of `COLORS` for the bars.
    """
    counts = np.bincount(np.ravel(degrees))
    bars = ax.bar(
        np.arange(counts.size), counts / max(counts.sum(), 1), width=1.0, color=COLORS[color], alpha=0.6, linewidth=0
    )
    line = None
    if law is not None:
        expected = np.asarray(law, dtype=float)
        (line,) = ax.plot(np.arange(expected.size), expected, "o-", ms=3, lw=1, color=COLORS["theory"])
    ax.set(xlabel="connections into a neuron", ylabel="fraction of neurons")
    return bars, line


def across_networks(ax: Axes, x: ArrayLike, y: ArrayLike, *, color: str = "simulation") -> PathCollection:
    """Draw one point for each network, with the correlation written beside them; return the points."""
    a, b = np.ravel(x), np.ravel(y)
    points = ax.scatter(a, b, s=14, color=COLORS[color], alpha=0.75, linewidths=0)
    r = np.corrcoef(a, b)[0, 1]
    ax.set_title(f"correlation {r:.2f}".replace("-", "−"), fontsize=11)
    return points


def alpha_by_size(
    ax: Axes,
    sizes: ArrayLike,
    alpha: ArrayLike,
    stderr: ArrayLike,
    *,
    theory: ArrayLike | None = None,
    color: str = "simulation",
) -> tuple[ErrorbarContainer, Line2D | None]:
    """Draw estimates of α with two standard errors against network size, and theory through them; return both."""
    n = np.asarray(sizes, dtype=float)
    bars = ax.errorbar(
        n, np.asarray(alpha), yerr=2 * np.asarray(stderr), fmt="o", color=COLORS.get(color, color), capsize=3
    )
    line = None
    if theory is not None:
        (line,) = ax.plot(n, np.asarray(theory), color=COLORS["theory"], lw=1)
    ax.set_xscale("log")
    ax.set_xticks(n, [f"{int(k)}" for k in n])
    ax.minorticks_off()
    ax.set(xlabel="network size n (neurons)", ylabel="α of convergent pairs")
    return bars, line


def spectrum(
    ax: Axes,
    eigenvalues: ArrayLike,
    *,
    radius: float | None = None,
    outlier: float | None = None,
    color: str = "simulation",
) -> tuple[PathCollection, Circle | None, Line2D | None]:
    """Draw eigenvalues in the complex plane, the predicted disc and the predicted outlier; return all three.

    Eigenvalues outside the disc are drawn larger.
    """
    z = np.ravel(np.asarray(eigenvalues, dtype=complex))
    size = np.where(np.abs(z) > 1.08 * (np.inf if radius is None else radius), 18.0, 7.0)
    points = ax.scatter(z.real, z.imag, s=size, color=COLORS[color], alpha=0.8, linewidths=0, zorder=3)
    disc: Any = None
    if radius is not None:
        disc = ax.add_patch(Circle((0.0, 0.0), radius, fill=False, color=COLORS["theory"], lw=1.2))
    cross: Any = None
    if outlier is not None:
        (cross,) = ax.plot([outlier], [0.0], "+", ms=13, mew=1.4, color=COLORS["theory"])
    ax.set_aspect("equal")
    ax.margins(0.08)
    ax.set(xlabel="real part", ylabel="imaginary part")
    return points, disc, cross
