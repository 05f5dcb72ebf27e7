"""What this book adds to Jupyter Book: a cache that knows the package, notebooks to download, an all-local site."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from myst_nb.core.execute.cache import NotebookClientCache
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from book._ext import chapters, downloads

EQUATION_1 = "equation-eq-map"
REPEATED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}

logger = logging.getLogger(__name__)

# Whatever a chapter's cells read, besides the chapter itself.
DEPENDS = ("netmod/**/*.py", "netmod_check/**/*.py", "requirements/book.txt")

# MathJax components that these pages can load; the rest of it (other outputs, speech) stays out of the site.
MATHJAX_PARTS = (
    "tex-chtml.js",
    "input/tex/extensions",
    "output/chtml/fonts",
    "ui",
    "a11y/assistive-mml.js",
)


def execution_key(root: Path) -> str:
    """Return a hash of everything below `root` that the output of a cell depends on, and of the Python in use."""
    return hash_files(root, DEPENDS)


def hash_files(root: Path, patterns: Iterable[str]) -> str:
    """Return a hash of the names and contents of all files below `root` that match, and of the Python in use."""
    digest = hashlib.sha256(platform.python_version().encode())
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def key_the_cache(app: Sphinx, config: Config) -> None:
    """Give each state of the package an execution cache of its own, and have pages re-read when the state changes.

    jupyter-cache matches a notebook by its cells alone, so a changed package would leave old numbers on the page.
    """
    config.execution_key = execution_key(Path(app.srcdir))
    config.extension_key = hash_files(Path(__file__).parent, ["*.py"])  # pages are re-read, not run again
    caches = Path(app.outdir).parent / ".jupyter_cache"
    config.nb_execution_cache_path = str(caches / config.execution_key)
    if caches.is_dir():
        for stale in caches.iterdir():
            if stale.name != config.execution_key:
                shutil.rmtree(stale, ignore_errors=True) if stale.is_dir() else stale.unlink()


def isolate_kernels(app: Sphinx, config: Config) -> None:
    """Keep the reader's own IPython profile out of the chapters' kernels, and the kernels' notes out of the build."""
    profile = Path(app.outdir).parent / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 40\n")
    os.environ["IPYTHONDIR"] = str(profile.parent)


def drop_thebe(app: Sphinx, config: Config) -> None:
    """Disconnect sphinx-thebe, which Jupyter Book always loads: it points at a CDN and declares its URL twice."""
    for listeners in app.events.listeners.values():
        listeners[:] = [
            listener for listener in listeners if not listener.handler.__module__.startswith("sphinx_thebe")
        ]
    app.registry.css_files[:] = [css for css in app.registry.css_files if css[0] != "sphinx-thebe.css"]


class Silent:
    """A logger for the early runs: whatever fails there is run again, and reported, when its page is read."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def run_early(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Run the chapters that are about to be read side by side, into the cache, from which reading then takes them."""

    def run(path: Path) -> None:
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, path.read_text(encoding="utf-8"))
        if reader is not None:
            notebook = reader.read(path.read_text(encoding="utf-8"))
            with contextlib.suppress(Exception):
                NotebookClientCache(
                    notebook, path, env.mystnb_config, Silent(), read_fmt=reader.read_fmt
                ).start_client()

    paths = [path for path in (Path(env.doc2path(name)) for name in docnames) if chapters.is_chapter(path)]
    workers = min(os.cpu_count() or 1, len(paths), 4)
    if workers > 1 and env.mystnb_config.execution_mode == "cache":
        with ThreadPoolExecutor(workers) as pool:
            for path, _ in zip(paths, pool.map(run, paths), strict=True):
                logger.info("ran %s", path.name)


class RoundReferenceStyle(AuthorYearReferenceStyle):
    """Citations as Siegert (1951) and (Siegert, 1951): square brackets are for intervals."""

    def __init__(self) -> None:
        round_ = BracketStyle("(", ")")
        super().__init__(bracket_textual=round_, bracket_parenthetical=round_, bracket_label=round_)


def mark_checked_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Take the test's marker off the page, and give the cell a class that the style sheet shows instead."""
    for cell in doctree.findall(lambda node: isinstance(node, nodes.container) and "cell" in node["classes"]):
        for block in cell.findall(nodes.literal_block):
            first, _, rest = block.rawsource.partition("\n")
            if first.strip() == downloads.CHECK_MARKER:
                block.rawsource = rest.lstrip("\n")
                block.children = [nodes.Text(block.rawsource)]
                cell["classes"].append("checked")


def drop_repeated_ids(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take away the one identifier that sphinx-proof and sphinx-exercise give to every box of a kind."""
    for box in doctree.findall(lambda node: isinstance(node, nodes.section | nodes.admonition)):
        box["ids"] = [name for name in box["ids"] if name not in REPEATED_IDS]


def number_equation_1(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Let the poster's Equation 1 be number 1, not the first of its chapter; the chapter counts on without it."""
    for numbers in env.toc_fignumbers.values():
        equations = numbers.get("displaymath", {})
        if own := equations.get(EQUATION_1):
            later = {name: (*found[:-1], found[-1] - 1) for name, found in equations.items() if found > own}
            equations.update(later)
            equations[EQUATION_1] = (1,)
    return []


def keep_bars(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Let docstrings write ``|x|`` for an absolute value: to reStructuredText that is a substitution."""
    for position, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...", "|", "+")):
            parts = re.split(r"(``.*?``)", line)
            parts[::2] = [re.sub(r"(?<!\\)\|", r"\\|", part) for part in parts[::2]]
            lines[position] = "".join(parts)


def wheel_name(root: Path) -> str:
    """Return the file name of the package's wheel."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def make_wheel(root: Path, target: Path) -> Path:
    """Build the package's wheel into `target`, from a copy: setuptools leaves its own files where it builds."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, folder)
        for package in ("netmod", "netmod_check"):
            shutil.copytree(root / package, Path(folder, package), ignore=shutil.ignore_patterns("__pycache__"))
        build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", build, str(target)], cwd=folder, text=True, capture_output=True, check=False
        )
    if done.returncode:
        raise RuntimeError(f"the wheel cannot be built:\n{done.stdout}\n{done.stderr}")
    wheel = target / wheel_name(root)
    wheel.chmod(0o644)
    return wheel


def offer_notebook(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Write the page's chapter as a notebook, and say so to the theme, whose download menu then has it."""
    if doctree is None or app.builder.name != "html":
        return
    source = Path(app.env.doc2path(page))
    if not chapters.is_chapter(source):
        return
    made = downloads.notebook(source, app.env, page, wheel_name(Path(app.srcdir)))
    target = Path(app.outdir) / "_sources" / f"{page}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, target)
    context["ipynb_source"] = f"{page}.ipynb"


def offer_package(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Add the package's wheel to the download menu of a chapter: it is what the notebook needs."""
    if "ipynb_source" not in context:
        return
    name = wheel_name(Path(app.srcdir))
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].append(
                {
                    "type": "link",
                    "url": context["pathto"](f"_downloads/{name}", 1),
                    "text": ".whl",
                    "tooltip": "Download the package netmod, which the notebook needs",
                    "icon": "fas fa-box",
                    "label": "download-package-button",
                }
            )


def build_wheel(app: Sphinx, error: Exception | None) -> None:
    """Put the package into the site, so that a downloaded chapter can be run."""
    if error is not None or app.builder.name != "html":
        return
    target = Path(app.outdir) / "_downloads"
    target.mkdir(exist_ok=True)
    make_wheel(Path(app.srcdir), target)


def drop_stale_pages(app: Sphinx, error: Exception | None) -> None:
    """Remove pages from an earlier build whose source has gone."""
    for page in (Path(app.outdir) / "book").glob("*.html") if app.builder.name == "html" else ():
        if f"book/{page.stem}" not in app.env.found_docs:
            page.unlink()
            (Path(app.outdir) / "_sources" / "book" / f"{page.stem}.ipynb").unlink(missing_ok=True)


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
    app.add_config_value("extension_key", "", "env")
    register_plugin("sphinxcontrib.bibtex.style.referencing", "round", RoundReferenceStyle, force=True)
    app.connect("config-inited", key_the_cache)
    app.connect("config-inited", isolate_kernels)
    app.connect("config-inited", drop_thebe)
    app.connect("env-before-read-docs", run_early)
    app.connect("builder-inited", share_visitors)
    app.connect("doctree-read", mark_checked_cells)
    app.connect("env-get-updated", number_equation_1, priority=600)  # after Sphinx has counted
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("autodoc-process-docstring", keep_bars, priority=600)  # after napoleon
    app.connect("html-page-context", offer_notebook, priority=400)  # before the theme makes its download menu
    app.connect("html-page-context", offer_package, priority=600)  # after it
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", build_wheel)
    app.connect("build-finished", drop_stale_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
