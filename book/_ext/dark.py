"""Put the two drawings of a figure, made by `figure_themes.py` in the kernel, into one figure with one number."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import myst_nb.core.render
from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.config import Config

from book._ext import figure_themes

TYPES = {"svg": "image/svg+xml", "png": "image/png"}

# What a kernel reads when it starts. It must not import matplotlib before the kernel has chosen the backend.
PROFILE = """
import importlib.util, sys, types

def load_ipython_extension(shell):
    spec = importlib.util.spec_from_file_location("netmod_figure_themes", {path!r})
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])
    sys.modules[spec.name].load_ipython_extension(shell)

sys.modules["netmod_figures"] = types.ModuleType("netmod_figures")
sys.modules["netmod_figures"].load_ipython_extension = load_ipython_extension
get_config().IPKernelApp.log_level = 40  # the kernel's notes are of no use to the build
get_config().IPKernelApp.extensions = ["netmod_figures"]
"""


class FigurePair:
    """Render both drawings; the style sheet shows the one that suits the page."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = [("*", figure_themes.MIME, 1)]

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Return the two images, or None if `data` is not such a pair."""
        if inline or data.mime_type != figure_themes.MIME:
            return None
        pair: Any = data.content
        mime = TYPES[pair["format"]]
        size = {mime: {"width": pair["width"], "height": pair["height"]}}
        if "thumbnail" in pair:
            env = renderer.renderer.sphinx_env
            env.metadata[env.docname]["thumbnail"] = pair["thumbnail"]
        both = []
        for theme in ("light", "dark"):
            one = dataclasses.replace(data, mime_type=mime, content=pair[theme], output_metadata=size)
            (image,) = renderer.render_image(one)
            image["classes"] += [f"in-{theme}", "dark-light"]  # the latter keeps the theme from a white plate
            both.append(image)
        return both


def load_in_kernels(app: Sphinx, config: Config) -> None:
    """Keep the reader's own IPython profile out of the chapters' kernels, and load what draws each figure twice."""
    profile = Path(app.outdir).parent / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(PROFILE.format(path=figure_themes.__file__))
    os.environ["IPYTHONDIR"] = str(profile.parent)


def setup(app: Sphinx) -> dict[str, Any]:
    """Have myst-nb render the pairs: a plug-in of the book's own, without an entry point in the package."""
    myst_nb.core.render.load_mime_renders = lambda: [FigurePair]
    app.connect("config-inited", load_in_kernels)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
