"""Collect what links lead to, for a page to show it beside the link: figures, equations, theorems, terms, sources.

The previews of the whole book are one script, `_static/previews.js`, which a page fetches at the first link that is
pointed at or reached by the keyboard. `book.js` shows them.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from sphinx.application import Sphinx

KINDS = "figure[id], div.math[id], div.proof[id], div.exercise[id], dl.glossary dt[id], div.citation[id]"


def previews(soup: BeautifulSoup, page: str) -> dict[str, str]:
    """Return the HTML to show for each place of a page, by its identifier; ``@/`` in it is the site's root."""
    found = {}
    for place in soup.select(KINDS):
        shown = BeautifulSoup(str(place), "html.parser")
        if place.name == "dt":
            meaning = place.find_next_sibling("dd")
            shown = BeautifulSoup(f"<p><strong>{_inner(place)}</strong></p>{_inner(meaning)}", "html.parser")
        found[place["id"]] = _plain(shown, page)
    for anchor in soup.select("span[id]"):  # a second label of the same place
        below = anchor.find_next_sibling()
        if not anchor.get_text() and below is not None and below.get("id") in found:
            found[anchor["id"]] = found[below["id"]]
    return found


def _inner(tag: Tag | None) -> str:
    return tag.decode_contents() if tag is not None else ""


def _plain(shown: BeautifulSoup, page: str) -> str:
    """Return HTML without identifiers, links and what can be pressed, since a preview is only looked at."""
    for each in shown.select(".headerlink, .eqno, button, script, .label, details"):
        each.decompose()
    for link in shown.find_all("a"):
        link.unwrap()
    for each in shown.find_all(True):
        for name in ("id", "tabindex", "role", "loading"):
            each.attrs.pop(name, None)
        if each.name == "img":
            each["src"] = "@/" + posixpath.normpath(posixpath.join(posixpath.dirname(page), each["src"]))
            each["alt"] = ""
    return re.sub(r"\s*\n\s*", " ", str(shown)).strip()


def links(soup: BeautifulSoup, page: str) -> list[str]:
    """Return the places of the book that a page links to, as ``page#identifier``."""
    found = set()
    for link in soup.select("a[href*='#']"):
        path, _, target = link["href"].partition("#")
        if "://" not in path and "headerlink" not in link.get("class", []):
            other = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else f"{page}.html"
            found.add(f"{other.removesuffix('.html')}#{unquote(target)}")
    return sorted(found)


def collect(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Keep a page's places and links beside its doctree, for builds that do not write it again."""
    if app.builder.name != "html" or doctree is None or "body" not in context:
        return
    soup = BeautifulSoup(context["body"], "html.parser")
    kept = _kept(app, page)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"places": previews(soup, page), "links": links(soup, page)}), encoding="utf-8")


def _kept(app: Sphinx, page: str) -> Path:
    return Path(app.doctreedir) / "previews" / f"{page}.json"


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the script with all previews that some page needs."""
    if error is not None or app.builder.name != "html":
        return
    places, wanted = {}, set()
    for page in sorted(app.env.found_docs):
        if _kept(app, page).is_file():
            made = json.loads(_kept(app, page).read_text(encoding="utf-8"))
            places |= {f"{page}#{name}": html for name, html in made["places"].items()}
            wanted |= set(made["links"])
    shown = json.dumps({name: html for name, html in places.items() if name in wanted}, ensure_ascii=False, indent=0)
    target = Path(app.outdir) / "_static" / "previews.js"
    target.write_text(f"window.netmodPreviews = {shown};\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it, after the pages are finished."""
    app.connect("html-page-context", collect, priority=460)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
