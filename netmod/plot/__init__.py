"""Axes-level drawing for the book: data in, artists out, one style and one meaning per colour.

Every function draws on the `ax` it is given (or the current one) and returns the artists it made. Nothing
here computes a result; everything takes arrays. This is the only part of `netmod` that imports matplotlib.
"""

from netmod.plot.claims import verdict_marks
from netmod.plot.contraction import (
    bistable_region,
    certified_strengths,
    cobweb,
    error_bounds,
    orbits_in_plane,
    shrinking_images,
)
from netmod.plot.networks import (
    across_networks,
    alpha_by_size,
    degree_histogram,
    matrix_image,
    network_graph,
    spectrum,
)
from netmod.plot.neuron import (
    level,
    membranes,
    noise,
    noise_sum,
    seen_at_steps,
    step_bias,
    voltage_histogram,
    voltage_trace,
)
from netmod.plot.rate import (
    ceiling,
    counted,
    failures,
    interval_histogram,
    rate_curve,
    regularity_curve,
    slope_curve,
)
from netmod.plot.results import against_identity, coefficients, curves, points, scatter_with_fit, steps, tangents
from netmod.plot.spiking import agreement, population_rate, raster
from netmod.plot.steady_states import (
    convergence,
    event_line,
    fixed_points,
    orbit_plane,
    scores,
    shades,
    stability_branch,
    unit_circle_spectrum,
)
from netmod.plot.style import COLORS, figure, label_line, panel_letters, use_style

__all__ = [
    "COLORS",
    "across_networks",
    "against_identity",
    "agreement",
    "alpha_by_size",
    "bistable_region",
    "ceiling",
    "certified_strengths",
    "cobweb",
    "coefficients",
    "convergence",
    "counted",
    "curves",
    "degree_histogram",
    "error_bounds",
    "event_line",
    "failures",
    "figure",
    "fixed_points",
    "interval_histogram",
    "label_line",
    "level",
    "matrix_image",
    "membranes",
    "network_graph",
    "noise",
    "noise_sum",
    "orbit_plane",
    "orbits_in_plane",
    "panel_letters",
    "points",
    "population_rate",
    "raster",
    "rate_curve",
    "regularity_curve",
    "scatter_with_fit",
    "scores",
    "seen_at_steps",
    "shades",
    "shrinking_images",
    "slope_curve",
    "spectrum",
    "stability_branch",
    "step_bias",
    "steps",
    "tangents",
    "unit_circle_spectrum",
    "use_style",
    "verdict_marks",
    "voltage_histogram",
    "voltage_trace",
]
