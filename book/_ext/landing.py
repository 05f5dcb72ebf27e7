"""The cards of the chapters on the first page: number, name, question and picture.

``{chapter-cards}`` has one line a chapter: ``01-neuron | The neuron | What does one noisy neuron do?``. The number is
the chapter's own; the picture is the largest panel of its first figure, which the kernel drew small when the chapter
was run (`figure_themes.py`).
"""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri


class chapter_cards(nodes.General, nodes.Element):
    """Where the cards stand."""


class ChapterCards(SphinxDirective):
    """The directive."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        cards = [tuple(part.strip() for part in line.split("|")) for line in self.content if line.strip()]
        if not all(len(card) == 3 for card in cards):
            raise self.error("a line of chapter-cards is: page | name | question")
        return [chapter_cards("", cards=cards)]


def place_cards(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Write the cards into the page."""
    for place in list(doctree.findall(chapter_cards)):
        cards = []
        for file, title, question in place["cards"]:
            name = f"{Path(page).parent.as_posix()}/{file}"
            number = app.env.toc_secnumbers.get(name, {}).get("", ("",))[0]
            pictures = ""
            for theme in app.env.metadata.get(name, {}).get("thumbnail", ()):
                source = relative_uri(app.builder.get_target_uri(page), f"_static/chapters/{file}-{theme}.png")
                pictures += f'<img class="in-{theme} dark-light" src="{source}" alt="" loading="lazy"/>'
            cards.append(
                f'<li><a href="{app.builder.get_relative_uri(page, name)}">'
                f'<span class="chapter-picture">{pictures}</span>'
                f'<span class="chapter-title"><span class="chapter-number">{number}</span> {escape(title)}</span>'
                f'<span class="chapter-question">{escape(question)}</span></a></li>'
            )
        place.replace_self(nodes.raw("", f'<ol class="chapter-cards">{"".join(cards)}</ol>', format="html"))


def write_thumbnails(app: Sphinx, error: Exception | None) -> None:
    """Put the pictures of the cards into the site."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir) / "_static" / "chapters"
    folder.mkdir(parents=True, exist_ok=True)
    for name, metadata in app.env.metadata.items():
        for theme, png in metadata.get("thumbnail", {}).items():
            (folder / f"{Path(name).name}-{theme}.png").write_bytes(base64.b64decode(png))


def renew_cards(app: Sphinx, env: Any) -> list[str]:
    """Have the first page written again whenever a chapter is."""
    return [app.config.root_doc]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.add_node(chapter_cards)
    app.add_directive("chapter-cards", ChapterCards)
    app.connect("env-updated", renew_cards)
    app.connect("doctree-resolved", place_cards)
    app.connect("build-finished", write_thumbnails)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
