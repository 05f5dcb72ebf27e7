"""What this book adds to Jupyter Book: a cache that knows the package, notebooks to download, a site that is all local."""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import shutil
from pathlib import Path

import chapters
from sphinx.application import Sphinx
from sphinx.config import Config

# Whatever a chapter's cells read, besides the chapter itself.
DEPENDS = ("netmod/**/*.py", "requirements.txt")

# MathJax components that these pages can load; the rest of the distribution (other outputs, speech) stays out of the site.
MATHJAX_PARTS = (
    "tex-chtml.js",
    "input/tex/extensions",
    "output/chtml/fonts",
    "ui",
    "a11y/assistive-mml.js",
)


def execution_key(root: Path) -> str:
    """Return a hash of everything below `root` that the output of a cell depends on, and of the Python in use."""
    digest = hashlib.sha256(platform.python_version().encode())
    for pattern in DEPENDS:
        for path in sorted(root.glob(pattern)):
            digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def key_the_cache(app: Sphinx, config: Config) -> None:
    """Give each state of the package an execution cache of its own, and have pages re-read when the state changes.

    jupyter-cache matches a notebook by its cells alone, so a changed package would leave old numbers on the page.
    """
    config.execution_key = execution_key(Path(app.srcdir))
    caches = Path(app.outdir).parent / ".jupyter_cache"
    config.nb_execution_cache_path = str(caches / config.execution_key)
    if caches.is_dir():
        for stale in caches.iterdir():
            if stale.name != config.execution_key:
                shutil.rmtree(stale, ignore_errors=True) if stale.is_dir() else stale.unlink()


def drop_thebe(app: Sphinx, config: Config) -> None:
    """Disconnect sphinx-thebe, which Jupyter Book always loads: it asks a CDN for its script and declares it twice."""
    for listeners in app.events.listeners.values():
        listeners[:] = [
            listener for listener in listeners if not listener.handler.__module__.startswith("sphinx_thebe")
        ]


def share_visitors(app: Sphinx) -> None:
    """Let the single-page builder see every extension's HTML visitors.

    sphinx-exercise registers some for ``singlehtml`` by name, and these replace the ``html`` ones of all others.
    """
    handlers = app.registry.translation_handlers
    if "singlehtml" in handlers:
        handlers["singlehtml"] = {**handlers.get("html", {}), **handlers["singlehtml"]}


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Put MathJax into the site, so that equations need no other host."""
    if error is not None or app.builder.format != "html":
        return
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("sphinx-mathjax-offline is not installed: the site would have no equations")
    source = Path(spec.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for part in MATHJAX_PARTS:
        if (target / part).exists():
            continue
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part)
        else:
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / part, target / part)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it all."""
    chapters.prepare_environment()
    app.add_config_value("execution_key", "", "env")
    app.connect("config-inited", key_the_cache)
    app.connect("config-inited", drop_thebe)
    app.connect("builder-inited", share_visitors)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
