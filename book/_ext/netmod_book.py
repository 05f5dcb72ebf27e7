"""What this book adds to Jupyter Book: a cache that knows the package, notebooks to download, an all-local site."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jupyter_cache
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

from book._ext import chapters, editions, plain, repository
from book._ext.wheel import wheel_name

EQUATION_1 = f"equation-{plain.EQUATION_1}"
REPEATED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}

logger = logging.getLogger(__name__)

# Whatever a chapter's cells read, besides the chapter itself.
DEPENDS = ("netmod/**/*.py", "netmod_check/**/*.py", "requirements/book.txt", "book/_ext/figure_themes.py")

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
    if damage := damage_in(caches / config.execution_key):
        logger.info("what earlier builds ran cannot be used (%s): every chapter runs again", damage)
        shutil.rmtree(caches / config.execution_key)


def damage_in(cache: Path) -> str:
    """Return what is wrong with an execution cache ("" if nothing): a full disk or a crash may have cut it short."""
    if not cache.exists():
        return ""
    try:
        known = jupyter_cache.get_cache(cache)
        for record in known.list_cache_records():
            nbformat.validate(known.get_cache_bundle(record.pk).nb)
    except Exception as error:  # whatever it is, the cache is no use
        return f"{type(error).__name__}: {error}".split("\n")[0]
    return ""


def name_the_wheel(app: Sphinx, config: Config) -> None:
    """Tell live cells what the package's file is called."""
    config.live_wheel = wheel_name(Path(app.srcdir))


def fill_in_repository(app: Sphinx, config: Config) -> None:
    """Let the one setting of the project's address fill in what hangs on it; without it, nothing points anywhere."""
    root = Path(app.srcdir)
    where = repository.of(root)
    names = [path.stem for path in chapters.select(book=root / "book") if re.match(r"\d\d-", path.name)]
    config.myst_substitutions = {**config.myst_substitutions, **where.texts(names)}
    options = {"repository_url": where.url, "repository_branch": where.branch} if where.url else {}
    buttons = dict.fromkeys(("use_repository_button", "use_edit_page_button"), bool(where.url))
    config.html_theme_options = {**config.html_theme_options, **options, **buttons}


class Silent:
    """A logger for the early runs: whatever fails there is run again, and reported, when its page is read."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def run_early(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Run the chapters that are about to be read side by side, into the cache, from which reading then takes them."""

    def run(path: Path) -> str:
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, path.read_text(encoding="utf-8"))
        if reader is not None:
            notebook = reader.read(path.read_text(encoding="utf-8"))
            try:
                NotebookClientCache(
                    notebook, path, env.mystnb_config, Silent(), read_fmt=reader.read_fmt
                ).start_client()
            except Exception as error:
                return f"could not run {path.name}, and will try again ({type(error).__name__})"
        return f"ran {path.name}"

    paths = [path for path in (Path(env.doc2path(name)) for name in docnames) if chapters.is_chapter(path)]
    workers = min(os.cpu_count() or 1, len(paths), 4)
    if workers > 1 and env.mystnb_config.execution_mode == "cache":
        # the cache makes its tables when it is first asked: once, before two threads would
        jupyter_cache.get_cache(env.mystnb_config.execution_cache_path).list_cache_records()
        with ThreadPoolExecutor(workers) as pool:
            for said in pool.map(run, paths):
                logger.info(said)


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
            if first.strip() == editions.CHECK_MARKER:
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


def offer_downloads(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Say in the page's download menu, in words, what can be had: notebooks, the package, the page itself."""
    groups = [g for g in context.get("header_buttons", []) if g.get("label") == "download-buttons"]
    if doctree is None or not groups:
        return
    source = Path(app.env.doc2path(page))
    folder = context["pathto"]("_downloads", 1)

    def button(text: str, tooltip: str, url: str, name: str) -> dict[str, str]:
        # The theme's template writes the address as it stands; this adds the attribute that makes a link download.
        return {
            "type": "link",
            "url": f'{url}" download="{name}',
            "text": text,
            "tooltip": tooltip,
            "label": "download",
        }

    buttons = []
    if chapters.is_chapter(source):
        stem, wheel = source.stem, wheel_name(Path(app.srcdir))
        buttons = [
            button("Notebook", "This page as a notebook", f"{folder}/student/{stem}.ipynb", f"{stem}.ipynb"),
            button(
                "Notebook with solutions",
                "This page as a notebook, solutions included",
                f"{folder}/solutions/{stem}.ipynb",
                f"{stem}-solutions.ipynb",
            ),
            button("Package", "The package netmod, which the notebooks need", f"{folder}/{wheel}", wheel),
        ]
    text = f"{context['pathto']('_sources', 1)}/{context['sourcename']}"
    buttons.append(button("Text", "The source of this page, in Markdown", text, source.name))
    printed = {"type": "javascript", "javascript": "window.print()", "text": "Print", "label": "download-pdf-button"}
    groups[0]["buttons"] = [*buttons, {**printed, "tooltip": "Print this page, or save it as PDF"}]


def compare_numbers(env: BuildEnvironment, labels: plain.Labels) -> None:
    """Warn, and so fail the build, where the notebooks would number something otherwise than the pages do."""
    known = env.get_domain("std").anonlabels
    by_id = {
        name: ".".join(map(str, number))
        for kinds in env.toc_fignumbers.values()
        for ids in kinds.values()
        for name, number in ids.items()
    }
    for label, (_, number) in labels.numbers.items():
        places = (known.get(label.lower(), ("", label))[1], label, f"equation-{label}")
        here = next((by_id[place] for place in places if place in by_id), None)
        if here != number:
            logger.warning("%s is %s on the page and %s in the notebooks", label, here, number)


def write_notebooks(app: Sphinx, error: Exception | None) -> None:
    """Make the notebooks and the package, and put them into the site."""
    if error is not None or app.builder.name != "html":
        return
    made = Path(app.outdir).parent / "notebooks"
    book = editions.Book(Path(app.srcdir))
    compare_numbers(app.env, book.labels)
    editions.write(book, made)
    target = Path(app.outdir) / "_downloads"
    for edition in ("student", "solutions"):
        shutil.rmtree(target / edition, ignore_errors=True)
        shutil.copytree(made / edition, target / edition, ignore=shutil.ignore_patterns("*.whl"))
    shutil.copy(made / "student" / book.wheel, target)


def drop_stale_pages(app: Sphinx, error: Exception | None) -> None:
    """Remove pages from an earlier build whose source has gone."""
    for page in (Path(app.outdir) / "book").glob("*.html") if app.builder.name == "html" else ():
        if f"book/{page.stem}" not in app.env.found_docs:
            page.unlink()


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
    app.connect("config-inited", fill_in_repository)
    app.connect("config-inited", name_the_wheel)
    app.connect("env-before-read-docs", run_early)
    app.connect("builder-inited", share_visitors)
    app.connect("doctree-read", mark_checked_cells)
    app.connect("env-get-updated", number_equation_1, priority=600)  # after Sphinx has counted
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("autodoc-process-docstring", keep_bars, priority=600)  # after napoleon
    app.connect("html-page-context", offer_downloads, priority=600)  # after the theme has made its menu
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", write_notebooks)
    app.connect("build-finished", drop_stale_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
