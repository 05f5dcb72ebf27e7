"""What those see who come from outside: descriptions, a card for links, a sitemap, the root page, a page not found.

What needs an address is made where one is set: ``html_baseurl`` in ``_config.yml``.
"""

from __future__ import annotations

import io
import re
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

TITLE = "Heterogeneous firing rates"
CARD_ALT = "A hundred identical neurons in one random network, as bars: their rates range from 42 to 93 Hz."
RELEASE = re.compile(r"^## (?P<version>[\w.]+) \((?P<date>\d{4}-\d\d-\d\d)\)$", re.M)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{title}</title>
{head}<style>
:root {{ color-scheme: light dark; }}
html {{ background: light-dark(#fff, #121212); color: light-dark(#222, #e6e6e6); }}
a {{ color: light-dark(#0b57d0, #8ab4f8); }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1.2rem; }}
</style>
</head>
<body>
<main>
<h1>{heading}</h1>
{text}
</main>
</body>
</html>
"""


class Release(NamedTuple):
    """An edition of the book."""

    version: str
    date: date


def last_change(changelog: str) -> Release:
    """Return the newest entry of the changelog, which is its first."""
    found = RELEASE.search(changelog)
    if found is None:
        raise ExtensionError("changelog.md needs a heading like '## 0.1.0 (2026-11-25)'")
    return Release(found["version"], date.fromisoformat(found["date"]))


def describe(doctree: nodes.document, length: int = 200) -> str:
    """Return the first paragraph of a page that reads as text, cut between words."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section) and not any(paragraph.findall(nodes.math)):
            text = re.sub(r"\s+", " ", paragraph.astext()).strip()
            if len(text) > 40:
                return text if len(text) <= length else text[:length].rpartition(" ")[0].rstrip(",;:") + " …"
    return ""


def add_descriptions(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page what the head of its template needs."""
    if doctree is not None:
        context["book_description"] = describe(app.env.get_doctree(page))
    address = app.config.html_baseurl
    context["book_address"] = address.rstrip("/") + "/" if address else ""
    context["book_card_alt"] = CARD_ALT
    context["book_release"] = app.config.book_release


def read_release(app: Sphinx, config: Any) -> None:
    """Read the newest entry of the changelog: every page ends with it."""
    release = last_change((Path(app.srcdir) / "book" / "changelog.md").read_text(encoding="utf-8"))
    config.book_release = f"Last changed {release.date.day} {release.date:%B %Y}, version {release.version}"


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Write what stands beside the pages."""
    if error is not None or app.builder.name != "html":
        return
    out, address = Path(app.outdir), app.config.html_baseurl.rstrip("/") + "/" if app.config.html_baseurl else ""
    first = f"{app.config.root_doc}.html"
    title, description = app.config.html_title, describe(app.env.get_doctree(app.config.root_doc))
    head = f'<meta http-equiv="refresh" content="0; url={first}"/>\n'
    head += f'<meta name="description" content="{escape(description)}"/>\n'
    head += f'<meta property="og:title" content="{escape(title)}"/>\n'
    head += f'<meta property="og:description" content="{escape(description)}"/>\n'
    if address:
        head += f'<link rel="canonical" href="{address}{first}"/>\n'
        head += f'<meta property="og:image" content="{address}_static/card.png"/>\n'
    text = f'<p><a href="{first}">Go to the book</a></p>'
    (out / "index.html").write_text(PAGE.format(title=title, head=head, heading=TITLE, text=text), encoding="utf-8")
    text = f'<p><a href="{address or "/"}">Go to the start of the book</a>, which has a search.</p>'
    lost = PAGE.format(title=f"No such page: {TITLE}", head="", heading="This page is not here", text=text)
    (out / "404.html").write_text(lost, encoding="utf-8")
    sitemap = out / "sitemap.xml"
    sitemap.unlink(missing_ok=True)
    if address:
        pages = "".join(f"<url><loc>{address}{quote(name)}.html</loc></url>\n" for name in sorted(app.env.found_docs))
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        sitemap.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{space}">\n{pages}</urlset>\n')
    card = out / "_static" / "card.png"
    if not card.is_file():
        card.write_bytes(draw_card())


def draw_card() -> bytes:
    """Return the picture that a link to the book shows, 1200 by 630: the first page's network, its rates as bars."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    from netmod import RateNetwork, connection_matrix, erdos_renyi, iterate
    from netmod.plot.style import COLORS, DARK

    rate = 1000 * iterate(RateNetwork(connection_matrix(erdos_renyi(100, 0.2, rng=17), 190 / (99 * 0.2)), 8.0)).rate
    ground, ink = DARK["#FFFFFF"], DARK[COLORS["theory"]]
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor=ground)
    ax = figure.add_axes((0.06, 0.1, 0.88, 0.42), facecolor=ground)
    ax.bar(np.arange(rate.size), rate, width=0.7, color=DARK[COLORS["excitatory"]])
    ax.set_axis_off()
    figure.text(0.06, 0.83, TITLE, color=ink, fontsize=46, fontweight="bold")
    figure.text(0.06, 0.72, "Why do identical neurons in one network fire so differently?", color=ink, fontsize=24)
    figure.text(0.06, 0.62, "A book of runnable chapters", color=DARK[COLORS["threshold"]], fontsize=22)
    png = io.BytesIO()
    FigureCanvasAgg(figure).print_png(png)
    small = io.BytesIO()
    Image.open(png).convert("RGB").quantize(64).save(small, "PNG", optimize=True)
    return small.getvalue()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it; the root page is written before an extension of Jupyter Book's finds it missing."""
    app.add_config_value("book_release", "", "html")
    app.connect("config-inited", read_release)
    app.connect("html-page-context", add_descriptions)
    app.connect("build-finished", write_files, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
