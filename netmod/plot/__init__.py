"""Axes-level drawing for the book, one module a chapter: data in, artists out, one style and one meaning per colour.

`plot.neuron` draws for chapter 1, `plot.rate` for chapter 2, and so on; what all chapters share stands here. Every
function draws on the `ax` it is given and returns the artists it made. Nothing here computes a result; everything
takes arrays. This is the only part of `netmod` that imports matplotlib.
"""

from netmod.plot import (
    claims,
    contraction,
    fixed_points,
    in_degrees,
    motifs,
    networks,
    neuron,
    rate,
    results,
    spiking,
)
from netmod.plot.style import COLORS, figure, label_line, panel_letters, use_style

__all__ = [
    "COLORS",
    "claims",
    "contraction",
    "figure",
    "fixed_points",
    "in_degrees",
    "label_line",
    "motifs",
    "networks",
    "neuron",
    "panel_letters",
    "rate",
    "results",
    "spiking",
    "use_style",
]
