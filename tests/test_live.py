"""Live cells, in headless Chromium against a local Pyodide (`make pyodide`): nothing before the button, then all.

By default two quick chapters are run to their end; ``NETMOD_LIVE=all`` runs every chapter (about ten minutes).
"""

import functools
import http.server
import json
import os
import re
import threading
from html import escape, unescape

import pytest

from book._ext import build, chapters, printed
from tests.notebooks import ROOT

pytestmark = pytest.mark.slow
SITE = ROOT / "_build" / "html"
PYODIDE = ROOT / "_build" / "pyodide"
QUICK = ("03-networks", "10-claims")
RUN = [c.stem for c in chapters.select()] if os.environ.get("NETMOD_LIVE") == "all" else list(QUICK)
MINUTES = 60_000  # ms
TOLERANT = re.compile(r"(?<![\w.])[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")


class Files(http.server.SimpleHTTPRequestHandler):
    """The site, with Pyodide put into it."""

    def translate_path(self, path):
        """Find Pyodide's files beside the site."""
        _, _, name = path.partition("/_static/pyodide/")
        return str(PYODIDE / name) if name else super().translate_path(path)

    def do_GET(self):
        """Serve a page with Pyodide's address changed to the local one."""
        if not re.fullmatch(r"/book/\d\d-[\w-]+\.html", self.path):
            return super().do_GET()
        text = (SITE / self.path[1:]).read_text(encoding="utf-8")
        found = re.search(r'name="netmod-live" content="([^"]*)"', text)
        settings = json.loads(unescape(found[1])) | {"pyodide": "../_static/pyodide/"}
        body = text.replace(found[1], escape(json.dumps(settings))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def address():
    if not (PYODIDE / "pyodide-lock.json").exists():
        pytest.skip("no Pyodide here: make pyodide fetches it (110 MB)")
    status, said = build.build(ROOT)
    assert status == 0, "\n".join(said.splitlines()[-40:])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser(address):
    path = printed.chromium()
    if path is None:
        pytest.skip("no Chromium here: live cells are not tried")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=printed.ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    made = browser.new_page(viewport={"width": 1300, "height": 900})
    made.set_default_timeout(5 * MINUTES)
    made.asked = []
    made.on("request", lambda request: made.asked.append(request.url))
    yield made
    made.close()


def start(page, address, chapter):
    page.goto(f"{address}/book/{chapter}.html")
    page.click(".live-start")
    page.wait_for_selector(".live-tool")


def said(page):
    return page.inner_text(".live-status")


def test_nothing_is_fetched_before_the_button_is_pressed(page, address):
    page.goto(f"{address}/book/{QUICK[0]}.html", wait_until="networkidle")
    assert not [url for url in page.asked if "pyodide" in url or url.endswith(".whl") or "worker" in url]
    assert page.locator(".live-start").is_enabled()
    assert page.locator("textarea").count() == 0


def test_a_page_from_a_file_says_what_live_cells_need(page, address):
    page.goto((SITE / "book" / f"{QUICK[0]}.html").as_uri())
    assert page.locator(".live-start").is_disabled()
    assert "make serve" in said(page)


def test_a_failed_download_leaves_the_page_whole(page, address):
    page.route("**/pyodide.asm.wasm", lambda route: route.abort())
    page.goto(f"{address}/book/{QUICK[0]}.html")
    before = page.inner_text("article")
    page.click(".live-start")
    page.wait_for_function("document.querySelector('.live-status').textContent.includes('could not be fetched')")
    assert page.locator(".live-start").is_enabled()
    assert page.inner_text("article").splitlines()[5:] == before.splitlines()[5:]


def test_errors_endless_loops_answers_and_reset(page, address):
    start(page, address, QUICK[0])
    first = page.locator(".live-edit textarea").first
    first.fill("print('hello')\n1 / 0")
    first.press("Shift+Enter")
    page.wait_for_selector(".live-error")
    assert "ZeroDivisionError" in page.inner_text(".live-error")
    assert "line 2" in page.inner_text(".live-error")
    first.fill("while True:\n    pass")
    first.press("Shift+Enter")
    page.wait_for_function("document.querySelector('.live-status').textContent.startsWith('Running')")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function(
        "document.querySelector('.live-status').textContent.startsWith('Stopped. Python was started')"
    )
    first.fill("import numpy as np\nnp.arange(3)")
    page.get_by_role("button", name="Run cell 1", exact=True).click()
    page.wait_for_function("document.querySelector('.live-out pre').textContent.includes('array([0, 1, 2])')")
    answer = page.locator(".live-answer").filter(has=page.get_by_role("button", name="Check your answer")).first
    answer.locator("textarea").fill("answer = None")
    answer.get_by_role("button").click()
    answer.locator("pre:not([hidden])").wait_for()
    assert answer.locator("pre").inner_text().startswith("Not yet.")
    page.get_by_role("button", name="Reset").click()
    assert page.locator("textarea").count() == 0
    assert page.locator(".live-start").is_enabled()
    assert page.locator(".cell_input").first.evaluate("e => e.hidden") is False


@pytest.mark.parametrize("chapter", RUN)
def test_a_chapter_runs_to_its_end_with_the_same_outputs(page, address, chapter):
    start(page, address, chapter)
    page.set_default_timeout(20 * MINUTES)
    page.evaluate("() => { window.over = false; netmodLive.runAll().then(() => { window.over = true; }); }")
    page.wait_for_function("window.over")
    assert said(page).startswith("Done"), said(page)
    cells = page.evaluate(
        """() => netmodLive.cells.filter((c) => c.box.classList.contains("checked")).map((c) => [c.name,
             c.shown.map((n) => n.textContent).join(""), c.out.textContent])"""
    )
    assert cells, "no checked outputs"
    different = [(name, there, here) for name, there, here in cells if not same(there, here)]
    assert not different, f"{len(different)} of {len(cells)}: {different[:3]}"
    assert page.evaluate("document.querySelectorAll('article img:not([alt]), article img[alt=\"\"]').length") == 0
    assert not [url for url in page.asked if not url.startswith((address, "data:", "blob:"))]


def same(there: str, here: str) -> bool:
    """Say whether two outputs are the same words, and the same numbers up to one unit of their last digit."""
    if there.split() == here.split():
        return True
    a, b = TOLERANT.findall(there), TOLERANT.findall(here)
    if TOLERANT.sub("#", there).split() != TOLERANT.sub("#", here).split() or len(a) != len(b):
        return False
    for x, y in zip(a, b, strict=True):
        x, y = x.replace("−", "-").replace(",", ""), y.replace("−", "-").replace(",", "")
        unit = 10.0 ** -len(x.partition(".")[2]) if "e" not in x else abs(float(x))
        if abs(float(x) - float(y)) > 1.01 * unit:
            return False
    return True
