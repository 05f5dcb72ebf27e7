"""The built site, opened from its files in headless Chromium: every page complete, typeset, linked and local.

The site is built first (seconds, when nothing has changed since the last ``make book``), so that a build with
warnings fails here. Without Chromium the checks in a browser are skipped, with the reason printed; those of the
files run all the same.
"""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from book._ext import build, printed
from tests.notebooks import ROOT

pytestmark = pytest.mark.slow
SITE = ROOT / "_build" / "html"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
TIMEOUT = 60_000  # ms, for a page on a busy machine
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@pytest.fixture(scope="module")
def site():
    """The folder of the site, just built."""
    status, said = build.build(ROOT)
    assert status == 0, "the book does not build:\n" + "\n".join(said.splitlines()[-60:])
    return SITE


@pytest.fixture(scope="module")
def pages(site):
    """The pages that a reader can get to by the table of contents."""
    found = sorted((site / "book").glob("*.html"))
    assert site / "book" / "index.html" in found
    return found


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    path = printed.chromium()
    if path is None:
        pytest.skip("no Chromium here (Debian, Ubuntu: apt install chromium): the site is not looked at")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=printed.ARGUMENTS)
        yield chromium
        chromium.close()


class Page(HTMLParser):
    """What a page links to, what can be linked to on it, and what its figures and outputs hold."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.ids: Counter[str] = Counter()
        self.pictures: list[dict[str, str | None]] = []
        self.outputs: list[str] = []
        self._stack: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Take note of links, ids and pictures."""
        attrs = dict(attributes)
        if attrs.get("id"):
            self.ids[attrs["id"]] += 1
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"] or "")
        if tag == "img":
            self.pictures.append(attrs)
        if tag not in VOID:
            self._stack.append(attrs.get("class") or "")

    def handle_endtag(self, tag):
        """Leave an element."""
        if tag not in VOID and self._stack:
            self._stack.pop()

    def handle_data(self, data):
        """Keep the text of the outputs of cells."""
        if any("cell_output" in classes for classes in self._stack):
            self.outputs.append(data)


@pytest.fixture(scope="module")
def parsed(site):
    """Every page of the site, by its path."""
    return {path.resolve(): Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def test_every_internal_link_and_anchor_is_alive(parsed):
    dead = []
    for path, page in parsed.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("mailto:"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                dead.append(f"{path.name} → {link}: no such file")
            elif parts.fragment and target in parsed and unquote(parts.fragment) not in parsed[target].ids:
                dead.append(f"{path.name} → {link}: no such place")
    assert not dead, "\n".join(sorted(set(dead)))


def test_no_identifier_stands_twice_on_a_page(parsed):
    twice = [f"{path.name}: {name}" for path, page in parsed.items() for name, count in page.ids.items() if count > 1]
    assert not twice, "\n".join(twice)


def test_every_figure_has_words_for_those_who_do_not_see_it(pages, parsed):
    wanting = [
        f"{path.name}: {picture.get('src')}"
        for path in pages
        for picture in parsed[path.resolve()].pictures
        if len((picture.get("alt") or "").split()) < 3
    ]
    assert not wanting, "\n".join(wanting)


def test_no_page_shows_a_traceback_or_a_warning(pages, parsed):
    trouble = re.compile(r"Traceback \(most recent|\w*(?:Error|Warning): |\w+Warning\b")
    for path in pages:
        output = "".join(parsed[path.resolve()].outputs)
        assert not trouble.search(output), f"{path.name}: {trouble.search(output)[0]}"
        html = path.read_text(encoding="utf-8")
        assert "output stderr" not in html, path.name
        assert "output traceback" not in html, path.name
        assert "system-message" not in html, path.name


LOOK = """
async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  document.querySelectorAll('img[loading=lazy]').forEach(each => { each.loading = 'eager' });
  await Promise.all([...document.images].map(each => each.decode().catch(() => null)));
  const article = document.querySelector('article') || document.body;
  const raw = [];
  const markup = /\\\\[()[\\]]|\\$\\$|\\$[^$\\d\\s][^$]*\\$|\\{(ref|eq|numref|cite|prf|term|doc)[}:]|:label:|\\]\\(#/;
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent;
    if (walker.currentNode.parentElement.closest('code, pre, script, style, mjx-container, .tooltip')) continue;
    if (markup.test(text)) raw.push(text.trim().slice(0, 60));
  }
  const spans = [...article.querySelectorAll('span.math, div.math')];
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: article.querySelectorAll('h1').length,
    raw: raw,
    equations: spans.length,
    bare: spans.filter(each => !each.querySelector('mjx-container')).map(each => each.textContent.slice(0, 60)),
    faulty: [...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map(each => each.textContent.slice(0, 60)),
    unloaded: [...article.querySelectorAll('img')].filter(each => !each.naturalWidth).map(each => each.src),
    main: Boolean(document.querySelector('main, [role=main]')),
    skip: Boolean(document.querySelector('a[href="#main-content"]') && document.getElementById('main-content')),
  };
}
"""
OVERFLOW = """
() => {
  const width = document.documentElement.clientWidth, frames = [];
  const text = document.querySelector('article') || document.body;
  for (let frame = text; frame; frame = frame.parentElement) frames.push(frame); // none of these may scroll sideways
  const wide = frames.filter(each => each.scrollWidth > each.clientWidth + 1);
  const cut = [...text.querySelectorAll('*')].filter(
    each => ['hidden', 'clip'].includes(getComputedStyle(each).overflowX) && each.clientWidth > 1
      && each.scrollWidth > each.clientWidth + 2 && !each.closest('mjx-container, .visually-hidden, .sr-only'));
  if (cut.length) return cut.slice(0, 5).map(each => `cut off: ${each.tagName} ${each.className}`.slice(0, 80));
  if (!wide.length) return [];
  const scrolls = each => getComputedStyle(each).overflowX !== 'visible';
  const inside = each => {
    let up = each.parentElement;
    while (up && !frames.includes(up) && !scrolls(up)) up = up.parentElement;
    return !frames.includes(up);
  };
  const culprits = [...text.querySelectorAll('*')].filter(
    each => each.getBoundingClientRect().right > width + 1 && !inside(each));
  const named = culprits.slice(0, 5).map(each => `${each.tagName} ${each.className}`.slice(0, 80));
  return [`${wide[0].scrollWidth} px`, ...named];
}
"""


@pytest.fixture(scope="module")
def visits(browser, site, pages):
    """What was seen on each page, at the width of a desk and of a phone."""
    seen = {}
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT)
    for path in [*pages, site / "index.html", site / "genindex.html", site / "search.html"]:
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message, said=said: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("requestfailed", lambda request, said=said: said.append(f"failed: {request.url}"))
        page.goto(path.as_uri(), wait_until="load")
        if path.name == "index.html" and path.parent == site:
            page.wait_for_url("**/book/index.html")
        look = page.evaluate(LOOK)
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(50)
        look["overflow"] = page.evaluate(OVERFLOW)
        seen[path] = {**look, "said": said, "asked": asked}
        page.close()
    context.close()
    return seen


def gather(visits, key, only=None):
    """Return "page: finding" for every finding under `key`."""
    return [
        f"{path.name}: {each}" for path, seen in visits.items() if only is None or path in only for each in seen[key]
    ]


def test_the_console_is_silent_and_every_request_succeeds(visits):
    assert gather(visits, "said") == []


def test_nothing_is_asked_of_another_host(visits):
    assert [each for each in gather(visits, "asked") if not re.search(r": (file|data|blob):", each)] == []


def test_every_equation_is_typeset_without_error(visits, pages):
    assert sum(visits[path]["equations"] for path in pages) > 20
    assert gather(visits, "bare") == []
    assert gather(visits, "faulty") == []


def test_no_markup_is_left_raw_in_the_text(visits, pages):
    assert gather(visits, "raw", pages) == []


def test_every_figure_is_loaded(visits):
    assert gather(visits, "unloaded") == []


def test_no_page_is_wider_than_a_phone(visits):
    assert gather(visits, "overflow") == []


def test_every_page_has_one_heading_a_language_a_title_and_a_way_past_the_menus(visits, pages):
    for path in pages:
        seen = visits[path]
        assert seen["headings"] == 1, path.name
        assert seen["lang"] == "en", path.name
        assert seen["title"].strip(), path.name
        assert seen["main"], path.name
        assert seen["skip"], path.name


def test_search_works_without_a_server(browser, site):
    page = browser.new_page()
    page.goto((site / "search.html").as_uri() + "?q=notation", wait_until="load")
    page.wait_for_selector("#search-results li a", timeout=TIMEOUT)
    found = page.eval_on_selector_all("#search-results li a", "all => all.map(each => each.href)")
    assert any("book/notation.html" in link for link in found), found
    page.close()


def test_the_reader_can_choose_dark_and_figures_keep_a_light_plate(browser, pages, parsed):
    illustrated = [path for path in pages if parsed[path.resolve()].pictures]
    if not illustrated:
        pytest.skip("no page with a figure yet")
    page = browser.new_page(color_scheme="dark")
    page.goto(illustrated[-1].as_uri(), wait_until="load")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'", timeout=TIMEOUT)
    brightness = "each => (getComputedStyle(each).backgroundColor.match(/[\\d.]+/g) || []).slice(0, 3).map(Number)"
    assert max(page.eval_on_selector("body", brightness)) < 60
    assert min(page.eval_on_selector("article figure img, article .cell_output img", brightness)) > 200
    page.close()


def test_the_keyboard_is_followed_by_a_visible_mark_and_skips_the_menus_first(browser, pages):
    page = browser.new_page()
    page.goto(pages[0].as_uri(), wait_until="load")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
    for _ in range(3):
        style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [s.outlineStyle, parseFloat(s.outlineWidth)] })()"
        )
        assert style[0] != "none"
        assert style[1] >= 2
        page.keyboard.press("Tab")
    page.close()


def test_on_paper_there_are_no_menus_and_nothing_stays_folded(browser, pages):
    page = browser.new_page()
    page.emulate_media(media="print")
    for path in pages:
        page.goto(path.as_uri(), wait_until="load")
        hidden = page.evaluate(
            "[...document.querySelectorAll('.bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article')]"
            ".filter(each => getComputedStyle(each).display !== 'none').length"
        )
        assert hidden == 0, path.name
        folded = page.evaluate(
            "[...document.querySelectorAll('div.solution section, details > *:not(summary)')]"
            ".filter(each => each.textContent.trim() && !each.checkVisibility()).length"
        )
        assert folded == 0, path.name
    page.close()
