"""The notebooks in the browser: built from the students' edition (`make lite`), and run in headless Chromium.

Running needs a local Pyodide too (`make pyodide`). By default one quick chapter is run to its end;
``NETMOD_LIVE=all`` runs every chapter, which takes about fifteen minutes. With ``-s`` the times are printed.
"""

import functools
import http.server
import json
import os
import threading
import time
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from book._ext import chapters, editions, lite, printed
from tests import notebooks
from tests.notebooks import ROOT
from tests.test_live import PYODIDE, same

BOOK = editions.Book(ROOT)
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]["pyodide_url"]
QUICK = ("03-networks",)
RUN = [c.stem for c in chapters.select()] if os.environ.get("NETMOD_LIVE") == "all" else list(QUICK)
LONGEST = 30 * 60  # s, for a chapter on a busy machine
CELLS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].filter((cell) => cell.type === "code")
  .map((cell) => ({ source: cell.sharedModel.getSource(), outputs: cell.outputs.toJSON() }))"""


# What a page links to


def head(there):
    """The menus of a page's head, as the extension leaves them, where JupyterLite is there or is not."""
    menu = {
        "label": "download-buttons",
        "buttons": [{"text": "Notebook"}, {"text": "Solutions"}, {"text": "Package"}],
    }
    context = {"header_buttons": [menu], "pathto": lambda name, _: f"../{name}"}
    app = SimpleNamespace(
        config=SimpleNamespace(lite=there),
        builder=SimpleNamespace(name="html"),
        env=SimpleNamespace(doc2path=lambda page: ROOT / f"{page}.md"),
    )
    lite.offer(app, "book/03-networks", "", context, object())
    return context["header_buttons"], menu["buttons"]


def test_a_chapter_links_to_its_notebook_in_the_browser_where_there_is_one_and_else_says_what_it_takes():
    buttons, entries = head(True)
    assert buttons[0]["url"] == "../lite/notebooks/index.html?path=03-networks.ipynb"
    assert [entry["text"] for entry in entries] == ["Notebook", "Solutions", "Run in the browser", "Package"]
    assert entries[2]["url"] == buttons[0]["url"]
    buttons, entries = head(False)
    assert len(buttons) == 1
    assert entries[2]["url"] == "run.html#run-none"
    assert "(run-none)=" in (ROOT / "book" / "run.md").read_text(encoding="utf-8")


def test_jupyterlite_is_built_again_when_a_notebook_or_the_address_of_python_has_changed(tmp_path):
    (tmp_path / "a.ipynb").write_text("1", encoding="utf-8")
    first = lite.state(tmp_path, "here")
    assert lite.state(tmp_path, "here") == first != lite.state(tmp_path, "there")
    (tmp_path / "a.ipynb").write_text("2", encoding="utf-8")
    assert lite.state(tmp_path, "here") != first


# What is built


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with JupyterLite in it, and the students' notebooks that it was made from."""
    command = lite.tool(ROOT)
    if command is None:
        pytest.skip("JupyterLite's environment is not set up: make lite")
    made = tmp_path_factory.mktemp("notebooks")
    editions.write(BOOK, made)
    site = tmp_path_factory.mktemp("site")
    lite.build(command, made / "student", site / "lite", ADDRESS, "netmod")
    return SimpleNamespace(site=site, lite=site / "lite", student=made / "student")


@pytest.mark.slow
def test_it_holds_the_students_notebooks_and_the_package_and_nothing_of_the_solutions(built):
    files = built.lite / "files"
    assert sorted(path.name for path in files.iterdir()) == sorted(p.name for p in built.student.glob("*.ipynb"))
    for path in files.iterdir():
        assert path.read_bytes() == (built.student / path.name).read_bytes()
    index = json.loads((built.lite / "pypi" / "all.json").read_text(encoding="utf-8"))
    (release,) = index["netmod"]["releases"].values()
    assert (built.lite / "pypi" / release[0]["filename"]).read_bytes() == (built.student / BOOK.wheel).read_bytes()
    settings = json.loads((built.lite / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    assert settings["litePluginSettings"][lite.KERNEL]["pyodideUrl"] == f"{ADDRESS}pyodide.mjs"
    for path in (p for p in built.student.glob("*.ipynb")):
        assert (built.lite / lite.address(path.stem).split("?")[0]).exists()


# Running it


class Files(http.server.SimpleHTTPRequestHandler):
    """The folder with JupyterLite, which takes Python from beside it and shows itself to the test."""

    def translate_path(self, path):
        """Find Pyodide's files."""
        _, _, name = path.partition(f"/{lite.PYODIDE}/")
        return str(PYODIDE / name) if name else super().translate_path(path)

    def do_GET(self):
        """Change the settings."""
        if self.path.split("?")[0] != "/lite/jupyter-lite.json":
            return super().do_GET()
        with open(self.translate_path("/lite/jupyter-lite.json"), encoding="utf-8") as file:
            made = json.load(file)
        settings = made["jupyter-config-data"]
        settings["exposeAppInBrowser"] = settings["enableMemoryStorage"] = True
        settings["litePluginSettings"][lite.KERNEL]["pyodideUrl"] = f"../{lite.PYODIDE}/pyodide.mjs"
        body = json.dumps(made).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(built):
    if not (PYODIDE / "pyodide-lock.json").exists():
        pytest.skip("no Pyodide here: make pyodide fetches it (110 MB)")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(built.site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser(address):
    path = printed.chromium()
    if path is None:
        pytest.skip("no Chromium here: notebooks in the browser are not tried")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=printed.ARGUMENTS)
        yield chromium
        chromium.close()


def expected(stem, student):
    """Return the outputs that marked cells of the student's notebook have where the book is built, by their source.

    Chapter 6 takes fewer networks in a browser, so there they are those of a run here with as many.
    """
    path = ROOT / "book" / f"{stem}.md"
    marked = [cell for cell in chapters.code_cells(chapters.read(path)) if notebooks.is_marked(cell)]
    known = notebooks.load(path)
    found = {editions.unmarked(c.source): known[k] for c, k in zip(marked, notebooks.keys(marked), strict=True)}
    notebook = nbformat.read(student / f"{stem}.ipynb", as_version=4)
    cells = {cell.source for cell in notebook.cells if cell.cell_type == "code"}
    if any('sys.platform == "emscripten"  #' in source for source in cells):
        for cell in notebook.cells:
            cell.source = cell.source.replace('in_browser = sys.platform == "emscripten"', "in_browser = True")
        NotebookClient(notebook, timeout=chapters.CELL_TIMEOUT, kernel_name="python3").execute()
        for cell in notebook.cells:
            if cell.source in found:
                found[cell.source] = notebooks.text_of(cell.outputs)
    return {source: text for source, text in found.items() if source in cells}


@pytest.mark.slow
@pytest.mark.parametrize("stem", RUN)
def test_a_notebook_runs_to_its_end_with_the_same_outputs(browser, address, built, stem, record_property):
    page = browser.new_page()
    page.set_default_timeout(1000 * LONGEST)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    start = time.monotonic()
    page.goto(f"{address}/lite/{lite.address(stem)}")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.isReady")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
    page.evaluate(
        """() => { window.over = false;
          jupyterapp.commands.execute("runmenu:run-all").then(() => { window.over = true; }); }"""
    )
    first = None
    while not page.evaluate("window.over"):
        time.sleep(0.5)
        if first is None and any(cell["outputs"] for cell in page.evaluate(CELLS)):
            first = time.monotonic() - start
        assert time.monotonic() - start < LONGEST
    end = time.monotonic() - start
    cells = page.evaluate(CELLS)
    page.context.close()
    first = end if first is None else first
    record_property("seconds", (round(first), round(end)))
    print(f"\n{stem} in the browser: first output after {first:.0f} s, the end after {end:.0f} s")

    wrong = [o for cell in cells for o in cell["outputs"] if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert not wrong, f"{wrong[0]}"[:2000]
    printed_ = "".join(json.dumps(cell["outputs"]) for cell in cells)
    assert "Correct" not in printed_
    wanted = expected(stem, built.student)
    compared = {cell["source"]: notebooks.text_of(list(map(nbformat.from_dict, cell["outputs"]))) for cell in cells}
    assert wanted
    # One unit of the last digit is let go: the compiler, and with it the order of some sums, is another one there.
    different = [(wanted[s], compared[s]) for s in wanted if not same(wanted[s], compared[s])]
    assert not different, f"{len(different)} of {len(wanted)}: {different[:3]}"
    outside = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not outside, outside
