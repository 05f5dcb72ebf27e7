"""Figures one can hold: a directive that puts an interactive figure where a static one stands, under its number.

``{explorable} cobweb`` with ``:figure: fig-contraction-cobweb`` makes the page load `_static/explorables/cobweb.js`,
which puts a button under that figure and, once it is pressed, draws in its place. What it draws with is computed here
by netmod when the page is built. Without scripts, and in print, the static figure stays. The body of the directive is
a question to answer before a slider is moved. Without ``:figure:`` the interactive figure
stands where the directive does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import netmod
from netmod.rate.siegert import Q_CHEBYSHEV

SERIES = [float(f"{c:.10g}") for c in Q_CHEBYSHEV if abs(c) > 1e-11]
E0, P = 8.0, 0.2


def neuron() -> dict[str, Any]:
    """Return what the trace of chapter 1 needs: the series of the rate alone."""
    return {"series": SERIES}


def rate() -> dict[str, Any]:
    """Return what the curves of chapter 2 need."""
    return {"series": SERIES}


def cobweb() -> dict[str, Any]:
    """Return what the cobweb of chapter 4 needs."""
    return {"series": SERIES, "max_slope": netmod.max_slope().slope}


def network() -> dict[str, Any]:
    """Return two networks of chapter 5 with their steady states and eigenvalues at 25 strengths."""
    n = 50
    made = {}
    for kind, signs, top, seed in (("IE", netmod.dale_signs(n), 96.0, 17), ("E", np.ones(n), 192.0, 1)):
        A = netmod.erdos_renyi(n, P, rng=seed)
        strengths = np.linspace(0.0, top, 25)
        branch = netmod.trace_branch(netmod.RateNetwork(A * signs, E0), strengths)
        where = [int(np.flatnonzero(branch.strength == g)[0]) for g in strengths]
        E, eigenvalues = branch.E[where], branch.eigenvalues[where]
        # of a pair of conjugates one, and no zeros: the shorter lists are filled up with those
        upper = [values[(values.imag > -1e-12) & (np.abs(values) > 1e-12)] for values in eigenvalues]
        m = max(map(len, upper))
        padded = np.array([np.pad(values, (0, m - len(values))) for values in upper])
        unit_E, unit = np.abs(E).max(axis=1) / 127, max(np.abs(padded).max(), 1e-9) / 127
        made[kind] = {
            "n": n,
            "A": base64.b64encode(np.packbits(A).tobytes()).decode(),
            "signs": signs.astype(int).tolist(),
            "strengths": strengths.tolist(),
            "E": _packed(E, unit_E[:, None]),  # where Newton's method starts in the page
            "E_unit": [float(f"{u:.5g}") for u in unit_E],
            "re": _packed(padded.real, unit),  # to be drawn; what the words say of them is in rho and growth
            "im": _packed(np.maximum(padded.imag, 0), unit),
            "unit": unit,
            "rho": branch.spectral_radius[where].round(6).tolist(),
            "growth": branch.growth[where].round(6).tolist(),
        }
    return {"series": SERIES, "networks": made}


def fast() -> dict[str, Any]:
    """Return in-degrees, currents and rates of the neurons of one network, excitatory and mixed, in both readings."""
    n = 100
    A = netmod.erdos_renyi(n, P, rng=100)
    signs = netmod.dale_signs(n, ratio=1.0)
    cases = {}
    for key, title, s, g in (
        ("total", "all excite, total 190 mV ms", np.ones(n), 190 / ((n - 1) * P)),
        ("synapse", "all excite, 190 mV ms per connection", np.ones(n), 190.0),
        ("mixed", "mixed (γ = 1), 5 mV ms per connection", signs, 5.0),
    ):
        point = netmod.iterate(netmod.RateNetwork(g * A * s, E0))
        signed = (A * s).sum(axis=1)
        cases[key] = {
            "title": title,
            "g": g,
            "k": A.sum(axis=1).tolist(),
            "E": point.E.round(3).tolist(),
            "rate": (1000 * point.rate).round(3).tolist(),
            "heard": float(netmod.annealed_rate(signed, g, E0=E0)),
        }
        if key == "mixed":
            cases[key]["signed"] = signed.tolist()
    return {"series": SERIES, "E0": E0, "cases": cases}


def rewire() -> dict[str, Any]:
    """Return, on a grid of two α, degrees, the spread of the rates, and what a regression on motifs forecasts."""
    n, networks, g = 100, 10, 190 / (99 * P)
    conv, chain = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [-0.2, -0.1, 0.0, 0.1, 0.2]
    div = 0.2
    rng = np.random.default_rng(8)

    def spread(A: np.ndarray) -> np.ndarray:
        return 1000 * netmod.sweep(A, [g], E0=E0, starts=1, rng=1).rate[:, 0].std(axis=-1)

    def motifs(A: np.ndarray) -> dict[str, np.ndarray]:
        k_in, k_out = netmod.in_degrees(A) / n, netmod.out_degrees(A) / n
        p = k_in.mean(axis=-1)
        return {"p": p, "convergent": k_in.var(axis=-1), "chain": (k_in * k_out).mean(axis=-1) - p**2}

    design = []
    while len(design) < 200:
        try:
            design.append(
                netmod.sonet(n, P, conv=rng.uniform(0, 0.5), div=div, chain=rng.uniform(-0.2, 0.2), rng=rng)
            )
        except ValueError:  # no such network from this generator
            continue
    learned = np.array(design)
    target = spread(learned)
    fit = netmod.regress(motifs(learned), target, resamples=10, rng=1)
    middle = {name: values.mean() for name, values in motifs(learned).items()}
    bins = np.arange(0, 52, 2)
    binomial = np.bincount(rng.binomial(n - 1, P, 400_000), minlength=n)[:51] / 4000
    cells: list[list[dict[str, Any] | None]] = []
    for a in conv:
        row: list[dict[str, Any] | None] = []
        for c in chain:
            try:
                A = netmod.sonet(n, P, conv=a, div=div, chain=c, size=networks, rng=rng)
            except ValueError:
                row.append(None)
                continue
            found, k = spread(A), netmod.in_degrees(A)
            shift = sum(
                s * (motifs(A)[name].mean() - middle[name]) for name, s in zip(fit.names, fit.slopes, strict=True)
            )
            row.append(
                {
                    "degrees": (np.histogram(k, bins)[0] / networks).round(2).tolist(),
                    "std_k": round(float(k.std(axis=-1).mean()), 3),
                    "spread": round(float(found.mean()), 3),
                    "sd": round(float(found.std(ddof=1)), 3),
                    "forecast": round(float(target.mean() + shift), 3),
                }
            )
        cells.append(row)
    pairs = [float(binomial[a : a + 2].sum()) for a in bins[:-1]]
    return {
        "conv": conv,
        "chain": chain,
        "cells": cells,
        "bins": bins.tolist(),
        "binomial": [round(x, 2) for x in pairs],
        "std_er": float(np.sqrt((n - 1) * P * (1 - P))),
        "networks": networks,
    }


MAKERS: dict[str, Callable[[], dict[str, Any]]] = {
    maker.__name__: maker for maker in (neuron, rate, cobweb, network, fast, rewire)
}


@cache
def data(name: str) -> str:
    """Return the data of an explorable as JSON, computed once a build."""
    return json.dumps(MAKERS[name](), separators=(",", ":"))


class Explorable(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True
    option_spec = {"figure": directives.unchanged_required, "title": directives.unchanged_required}  # noqa: RUF012 - docutils' own form

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in MAKERS:
            raise self.error(f"explorable must be one of {', '.join(MAKERS)}, got {name}")
        used = self.env.metadata[self.env.docname].setdefault("explorables", "")
        self.env.metadata[self.env.docname]["explorables"] = f"{used} {name}".strip()
        script = data(name).replace("</", "<\\/")
        html = (
            f'<div class="explorable" data-name="{name}" data-figure="{self.options.get("figure", "")}" '
            f'data-title="{self.options.get("title", name)}">'
            f'<script type="application/json">{script}</script></div>'
        )
        out: list[nodes.Node] = [nodes.raw("", html, format="html")]
        if self.content:
            box = nodes.admonition("\n".join(self.content), classes=["think"])
            box += nodes.title("", "Think")
            self.state.nested_parse(self.content, self.content_offset, box)
            out.insert(0, box)
        return out


def add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load on a page the scripts that it uses, and no others."""
    used = app.env.metadata.get(page, {}).get("explorables", "").split()
    if used:
        app.add_css_file("explorables/explorables.css")
        for name in ["core", *used]:
            app.add_js_file(f"explorables/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("explorable", Explorable)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _packed(values: np.ndarray, unit: float | np.ndarray) -> str:
    return base64.b64encode(np.round(values / unit).astype("i1").tobytes()).decode()
