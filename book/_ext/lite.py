"""The students' notebooks in the reader's browser: JupyterLite, in the folder ``lite`` of the site.

It is built where its environment is (`make lite` makes .venv-lite), and again whenever a notebook or the package has
changed; elsewhere "Run in the browser" leads to the page that says what there is to run. Python comes from
`pyodide_url` in _config.yml, or from the site itself where a folder was given (`make lite PYODIDE=folder`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from book._ext import chapters
from book._ext.wheel import wheel_name

FOLDER = "lite"
PYODIDE = "_static/pyodide"
"""Where the site has Python, if it has it."""
WITHOUT = "run.html#run-none"
"""The page that a link leads to where there is no JupyterLite."""
APPS = ("notebooks", "tree", "lab")
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
BUILT = {"no_sourcemaps": True, "no_unused_shared_packages": True, "no_libarchive": True, "apps": APPS}

logger = logging.getLogger(__name__)


def tool(root: Path) -> Path | None:
    """Return the command that builds JupyterLite; None where its environment has not been made."""
    environment = root / ".venv-lite"
    for folder in ("bin", "Scripts"):
        for path in sorted((environment / folder).glob("jupyter-lite*")):
            if (environment / ".stamp").exists():
                return path
    return None


def build(command: Path, student: Path, out: Path, pyodide: str, title: str) -> None:
    """Build JupyterLite into `out` with the notebooks and the package that are in `student`.

    `pyodide` is the folder that Python comes from: an address, or a path from `out`.
    """
    kernel = {"pyodideUrl": f"{pyodide.rstrip('/')}/pyodide.mjs"}
    site = {"appName": title, "litePluginSettings": {KERNEL: kernel}}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "contents").mkdir()
        for notebook in student.glob("*.ipynb"):
            shutil.copy(notebook, work / "contents")
        wheels = [str(wheel.resolve()) for wheel in student.glob("*.whl")]
        settings = {**BUILT, "contents": ["contents"], "output_dir": "out"}
        config = {"LiteBuildConfig": settings, "PipliteAddon": {"piplite_urls": wheels}}
        (work / "jupyter_lite_config.json").write_text(json.dumps(config), encoding="utf-8")
        made = {"jupyter-lite-schema-version": 0, "jupyter-config-data": site}
        (work / "jupyter-lite.json").write_text(json.dumps(made), encoding="utf-8")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "JUPYTER"))}
        done = subprocess.run(
            [str(command), "build"], cwd=work, env=environment, text=True, capture_output=True, check=False
        )
        if done.returncode or not (work / "out" / APPS[0] / "index.html").exists():
            raise RuntimeError(f"JupyterLite cannot be built:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(work / "out", out)


def address(stem: str) -> str:
    """Return where, in the folder of JupyterLite, a notebook opens."""
    return f"{APPS[0]}/index.html?path={stem}.ipynb"


def state(student: Path, pyodide: str) -> str:
    """Return a hash of all that JupyterLite is built from."""
    digest = hashlib.sha256(f"{pyodide}\0".encode())
    for path in [Path(__file__), *sorted(student.iterdir())]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


# In the site


def see_what_there_is(app: Sphinx, config: Config) -> None:
    """Put a given folder of Python into the site, and say what pages can link to: a change has them written again."""
    target = Path(app.outdir) / PYODIDE
    if (given := os.environ.get("NETMOD_PYODIDE")) and target.parents[1].name == "html":
        source = Path(app.srcdir, given).resolve()
        if not (source / "pyodide.mjs").exists():
            raise RuntimeError(f"there is no pyodide.mjs in {given}: make pyodide puts one into _build/pyodide")
        if source != target.resolve():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
    config.pyodide_here = (target / "pyodide.mjs").exists()
    config.lite = tool(Path(app.srcdir)) is not None


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Link to the notebook in the browser: in the menu of downloads, and, where it is there, at the page's head."""
    path = Path(app.env.doc2path(page))
    buttons = context.get("header_buttons", [])
    menus = [each for each in buttons if each.get("label") == "download-buttons"]
    if doctree is None or app.builder.name != "html" or not chapters.is_chapter(path) or not menus:
        return
    there = f"{context['pathto'](FOLDER, 1)}/{address(path.stem)}" if app.config.lite else WITHOUT
    link = {"type": "link", "text": "Run in the browser", "label": "lite", "url": there}
    if app.config.lite:
        link["tooltip"] = "This page as a notebook, with nothing to install"
        buttons.insert(0, {**link, "icon": "fas fa-play"})
    else:
        link["tooltip"] = "What it takes to run this page"
    entries = menus[0]["buttons"]
    menus[0]["buttons"] = [*entries[:2], link, *entries[2:]]


def write(app: Sphinx, error: Exception | None) -> None:
    """Build JupyterLite from the notebooks that have just been made, unless nothing has changed."""
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir) / FOLDER
    command = tool(Path(app.srcdir))
    if command is None:
        shutil.rmtree(out, ignore_errors=True)  # nothing links there, and it would grow old
        return
    student = Path(app.outdir).parent / "notebooks" / "student"
    pyodide = f"../{PYODIDE}" if app.config.pyodide_here else str(app.config.pyodide_url)
    stamp, now = out / ".state", state(student, pyodide)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != now:
        logger.info("building JupyterLite with %s", wheel_name(Path(app.srcdir)))
        build(command, student, out, pyodide, "netmod")
        stamp.write_text(now, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it, after the notebooks have been made and the menu has been."""
    app.add_config_value("lite", False, "html")
    app.add_config_value("pyodide_here", False, "html")
    app.connect("config-inited", see_what_there_is)
    app.connect("html-page-context", offer, priority=650)
    app.connect("build-finished", write, priority=550)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
