"""Live cells: what a chapter's page must know so that its cells can run in the reader's browser.

`_static/live/live.js` does it, when the reader presses a button. Pyodide comes from `pyodide_url` in _config.yml, or
from a folder `_static/pyodide` of the site where one was put (`make lite PYODIDE=folder`).
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from book._ext import chapters, lite
from netmod_check import exercises

FOLDER = f"{lite.PYODIDE}/"


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give a chapter its button, and tell it where Python, the package and the worker are."""
    runs = doctree is not None and page != app.config.root_doc and chapters.is_chapter(Path(app.env.doc2path(page)))
    if not runs or app.builder.name != "html":
        return
    settings = {
        "worker": context["pathto"]("_static/live/worker.js", 1),
        "pyodide": context["pathto"](FOLDER, 1) if app.config.pyodide_here else app.config.pyodide_url,
        "wheel": context["pathto"](f"_downloads/{app.config.live_wheel}", 1),
        "exercises": exercises(),
    }
    tag = f'<meta name="netmod-live" content="{escape(json.dumps(settings))}">'
    context["metatags"] = context.get("metatags", "") + tag
    app.add_css_file("live/live.css")
    app.add_js_file("live/live.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.add_config_value("pyodide_url", "", "html")
    app.add_config_value("live_wheel", "", "html")
    app.connect("html-page-context", offer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
