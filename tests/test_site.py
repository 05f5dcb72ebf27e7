"""The built site, opened from its files in headless Chromium: every page complete, typeset, linked and local.

The site is built first (seconds, when nothing has changed since the last ``make book``), so that a build with
warnings fails here. Without Chromium the checks in a browser are skipped, with the reason printed; those of the
files run all the same.
"""

import functools
import importlib.util
import re
import subprocess
import threading
import zipfile
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from book._ext import build, chapters, printed, sharing
from netmod import plot
from netmod.plot.style import DARK
from tests.notebooks import ROOT

pytestmark = pytest.mark.slow
SITE = ROOT / "_build" / "html"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1300, "height": 900}
SMALLEST = {"width": 320, "height": 640}
TIMEOUT = 300_000  # ms, for a page on a busy machine
VERDICTS = ["sets out", "reproduced", "only when", "corrected", "unspecified", "not reproducible"]
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
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=printed.ARGUMENTS,
            ignore_default_args=["--hide-scrollbars"],  # which readers see, and which take room
        )
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
    aside = {"_static", "lite"}  # what is not of this book: the theme's own pages, and JupyterLite
    return {
        path.resolve(): Page(path) for path in site.rglob("*.html") if not aside & set(path.relative_to(site).parts)
    }


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
        if len((picture.get("alt") or "").split()) < 3 and "_static/chapters/" not in (picture.get("src") or "")
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
  const shown = (each) => each.checkVisibility();
  const reachable = each => each.tabIndex >= 0 && !each.disabled && shown(each);
  const stops = [...document.querySelectorAll('a[href], button, input, summary, [tabindex]')].filter(reachable);
  const solutions = [...article.querySelectorAll('details.solution > summary')].map(each => each.textContent.trim());
  const drawings = [...article.querySelectorAll('figure')].map(
    figure => [...figure.querySelectorAll('img')].filter(shown).length);
  const spans = [...article.querySelectorAll('span.math, div.math')];
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: article.querySelectorAll('h1').length,
    raw: raw,
    equations: spans.length,
    bars: [...document.querySelectorAll('mjx-container')].filter(each => each.offsetHeight - each.clientHeight > 4)
      .map(each => each.textContent.slice(0, 40)),
    stops: stops.length,
    equationStops: stops.filter(each => each.matches('mjx-container, mjx-container *') && !each.matches('.scrolls'))
      .map(each => each.textContent.slice(0, 40)),
    solutions: solutions,
    unlinked: [...article.querySelectorAll('div.proof[id], div.exercise[id]')]
      .filter(each => !each.querySelector(`:scope > .admonition-title > a.headerlink[href="#${each.id}"]`))
      .map(each => each.id),
    drawings: drawings,
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


# Elements that move while a page loads, added up as browsers do for "cumulative layout shift".
SHIFTS = """
window.netmodShift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.netmodShift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""
# Every rule, those in trial included; the inside of a typeset formula is MathJax's. The colours of words do not hang
# on the width of the window, and the other rules not on the colours, so that two looks see what four would; the
# colours of code are the same on every page, and are looked at on two.
AXE = """
async ([colours, code, within]) => (await axe.run({
  include: [within], exclude: ['mjx-container', ...(colours && !code ? ['pre', 'dt.sig'] : [])],
}, {
  resultTypes: ['violations'], preload: false,
  ...(colours ? {runOnly: {type: 'rule', values: ['color-contrast']}} : {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'experimental'],
    rules: {'color-contrast': {enabled: false}},
  }),
})).violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 150)}`))
"""
LOOKS = {("light", "desk"): [False, True], ("light", "phone"): [False], ("dark", "phone"): [True]}


def axe_core():
    """The script of axe-core, or None where the package that brings it is not installed."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        return None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def visits(browser, site, pages):
    """What was seen on each page, at the width of a desk and of a phone, in light and in dark."""
    seen, axe = {}, axe_core()
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce", color_scheme="light")
    context.set_default_timeout(TIMEOUT)
    context.add_init_script(SHIFTS)
    others = [site / name for name in ("index.html", "genindex.html", "search.html", "404.html")]
    tests = sorted((site / "tests").rglob("*.html"))
    for path in [*pages, *others, *tests[:1]]:
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message, said=said: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("requestfailed", lambda request, said=said: said.append(f"failed: {request.url}"))
        page.goto(path.as_uri(), wait_until="load")
        if path.name == "index.html" and path.parent == site:
            page.wait_for_url("**/book/index.html")
        page.evaluate("window.MathJax?.startup?.promise")
        shift = page.evaluate("netmodShift")
        look = {**page.evaluate(LOOK), "shift": shift, "axe": []}
        coded = path.name.startswith(("python", "01-"))
        for (scheme, name), colours in LOOKS.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(DESKTOP if name == "desk" else PHONE)
            page.wait_for_timeout(100)
            if (scheme, name) == ("light", "phone"):
                look["overflow"] = page.evaluate(OVERFLOW)
            if axe and (path in pages or path in others[1:]):
                page.evaluate("script => window.axe || eval(script)", axe)
                for kind in colours:
                    look["axe"] += [f"{scheme}, {name}, {each}" for each in page.evaluate(AXE, [kind, coded, "html"])]
        look["dark_drawings"] = page.evaluate(
            "[...document.querySelectorAll('article figure')].map(figure => [...figure.querySelectorAll('img')]"
            ".filter(each => each.checkVisibility()).map(each => [...each.classList].includes('in-light')))"
        )
        for toggle in page.query_selector_all(".ex-toggle"):  # the figures that can be moved, moving
            toggle.click()
            if axe:
                look["axe"] += page.evaluate(AXE, [True, False, ".ex-live"]) + page.evaluate(
                    AXE, [False, False, ".ex-live"]
                )
        page.set_viewport_size(SMALLEST)
        page.wait_for_timeout(100)
        look["squeezed"] = page.evaluate(OVERFLOW)
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
    assert gather(visits, "squeezed") == []


def test_no_formula_has_a_scroll_bar_under_it(visits):
    assert gather(visits, "bars") == []


def test_the_tab_key_does_not_stop_at_equations(visits, pages):
    assert gather(visits, "equationStops") == []
    (theorem,) = (path for path in pages if path.name.startswith("04-"))
    assert visits[theorem]["stops"] < 200  # links, buttons and code that scrolls; with the equations there were 314


def test_solutions_have_names_that_differ(visits, pages):
    found = 0
    for path in pages:
        names = visits[path]["solutions"]
        assert len(set(names)) == len(names), path.name
        assert all(re.fullmatch(r"Solution to Exercise \d+\.\d+( \(.+\))?", name) for name in names), (
            path.name,
            names,
        )
        found += len(names)
    assert found > 40


def test_theorems_and_exercises_can_be_linked_to(visits):
    assert gather(visits, "unlinked") == []


def test_each_figure_has_one_drawing_on_a_light_page_and_one_on_a_dark_one(visits, pages):
    drawn = 0
    for path in pages:
        light, dark = visits[path]["drawings"], visits[path]["dark_drawings"]
        assert set(light) <= {1}, path.name
        assert all(each == [False] for each in dark), path.name
        drawn += len(light)
    assert drawn > 40


def test_nothing_jumps_while_a_page_loads(visits):
    assert {path.name: seen["shift"] for path, seen in visits.items() if seen["shift"] >= 0.1} == {}


def test_axe_finds_no_violation(visits):
    if axe_core() is None:
        pytest.skip("axe-playwright-python is not installed: axe-core does not look at the pages")
    assert gather(visits, "axe") == []


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


def test_the_reader_can_choose_dark_and_figures_stand_on_the_page_itself(browser, pages, parsed):
    illustrated = next(path for path in pages if path.name.startswith("05-"))
    page = browser.new_page(color_scheme="dark")
    page.set_default_timeout(TIMEOUT)
    page.goto(illustrated.as_uri(), wait_until="commit")
    page.wait_for_selector("article", state="attached")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"  # before it is painted
    ground = "each => (getComputedStyle(each).backgroundColor.match(/[\\d.]+/g) || []).map(Number)"
    page.wait_for_load_state("load")
    assert page.eval_on_selector("body", ground)[:3] == [int(DARK["#FFFFFF"][i : i + 2], 16) for i in (1, 3, 5)]
    plates = page.eval_on_selector_all("article figure img.in-dark", f"all => all.map({ground})")
    assert plates
    assert all(plate[3] == 0 for plate in plates)
    page.close()


def test_the_colours_of_verdicts_on_the_page_are_those_of_the_figure(browser, pages):
    (claims,) = (path for path in pages if path.name.startswith("10-"))
    marks = plot.claims.verdict_marks(plot.figure()[1], {"": VERDICTS})
    page = browser.new_page(color_scheme="light")
    page.set_default_timeout(TIMEOUT)
    page.goto(claims.as_uri(), wait_until="load")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
        shown = dict(
            page.eval_on_selector_all(
                "dl.myst > dd .sd-badge",
                "all => all.map(each => [each.textContent.replace(' as stated', ''),"
                " getComputedStyle(each).backgroundColor])",
            )
        )
        for verdict, mark in marks.items():
            wanted = str(mark.get_color()) if scheme == "light" else DARK[str(mark.get_color())]
            assert shown[verdict] == f"rgb({', '.join(str(int(wanted[i : i + 2], 16)) for i in (1, 3, 5))})", verdict
    page.close()


def test_every_claim_can_be_linked_to_and_leads_to_its_test(pages):
    (path,) = (path for path in pages if path.name.startswith("10-"))
    html = path.read_text(encoding="utf-8")
    terms = re.findall(r"<dt([^>]*)>(.*?)</dt>\s*<dd>(.*?)</dd>", html, re.S)
    claims = [(attributes, term, verdict) for attributes, term, verdict in terms if "sd-badge" in verdict]
    assert len(claims) == html.count("sd-badge") - len(VERDICTS) >= 50  # the verdicts are explained once
    for attributes, term, _ in claims:
        name = re.search(r'id="([^"]+)"', attributes)
        assert name, term
        assert f'href="#{name[1]}"' in term
    named = re.findall(r"(<a [^>]*>)?<code[^>]*>((?:(?!</code>).)*test_(?:(?!</code>).)*)</code>", html, re.S)
    assert len(named) >= 55
    for link, code in named:
        assert 'class="test"' in link, code
        assert "_<wbr/>" in code, code  # a long name breaks between its words
    linked = set(re.findall(r'<a class="test" href="\.\./(tests/[^"#]+)#(test_\w+)"', html))
    for file, test in linked:
        assert f'id="{test}"' in (path.parents[1] / file).read_text(encoding="utf-8"), (file, test)


def test_there_is_no_index_of_theorems_without_their_words(site):
    assert not (site / "prf-prf.html").exists()


def weight(page):
    """Bytes that a page asks for before fonts and mathematics, by file; of each figure, one drawing."""
    html = page.read_text(encoding="utf-8")
    asked = set(re.findall(r'<script[^>]* src="([^"]+)"', html)) | set(
        re.findall(r'<link[^>]* href="([^"]+\.css[^"]*)"', html)
    )
    asked |= {
        src
        for tag in re.findall(r"<img[^>]*>", html)
        if "in-dark" not in tag
        for src in re.findall(r'src="([^"]+)"', tag)
    }
    files = {(page.parent / unquote(urlsplit(each).path)).resolve() for each in asked}
    return {path: path.stat().st_size for path in {page, *files} if "mathjax" not in path.parts}


def test_no_page_is_heavy(pages):
    heavy = {page.name: sum(weight(page).values()) // 1000 for page in pages if sum(weight(page).values()) > 600_000}
    assert heavy == {}, "kB"


def test_the_site_can_be_mailed(site, tmp_path):
    target = tmp_path / "site.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in site.rglob("*"):
            if path.is_file() and "lite" not in path.relative_to(site).parts:
                archive.write(path, path.relative_to(site))
    assert target.stat().st_size < 6_000_000


def test_pages_without_equations_load_no_mathjax_and_no_page_loads_a_megabyte_of_icons(site, pages):
    for page in (*pages, site / "genindex.html", site / "search.html"):
        html = page.read_text(encoding="utf-8")
        assert "fontawesome.js" not in html, page.name
        assert ("tex-chtml.js" in html) == bool(re.search(r'class="math', html)), page.name


def test_every_picture_says_its_size(pages, parsed):
    unsized = [
        f"{path.name}: {picture.get('src')}"
        for path in pages
        for picture in parsed[path.resolve()].pictures
        if not (picture.get("width") and picture.get("height"))
        and "_static/chapters/" not in (picture.get("src") or "")
    ]
    assert unsized == []


def test_pages_say_what_they_are_about(site, pages):
    said = set()
    for page in pages:
        html = page.read_text(encoding="utf-8")
        found = re.search(r'<meta name="description" content="([^"]+)"', html)
        if page.stem not in ("bibliography", "api"):
            assert found, page.name
            assert len(found[1]) > 40, page.name
            said.add(found[1])
        assert '<link rel="icon"' in html, page.name
    assert len(said) == len(pages) - 2
    root = (site / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in root
    assert "<title>Heterogeneous" in root
    assert 'property="og:description"' in root
    assert 'href="/"' in (site / "404.html").read_text(encoding="utf-8")
    assert not (site / "sitemap.xml").exists()  # no address is set


def test_the_card_for_links_has_the_size_that_is_asked_for(site):
    with Image.open(site / "_static" / "card.png") as card:
        assert card.size == (1200, 630)
    assert (site / "_static" / "card.png").stat().st_size < 100_000


def test_the_first_page_shows_every_chapter_and_the_way_in(site):
    html = (site / "book" / "index.html").read_text(encoding="utf-8")
    cards = re.findall(
        r'<li><a href="([\w-]+)\.html"><span class="chapter-picture">(.*?)</span><span class="chapter-title">'
        r'<span class="chapter-number">(\d+)</span>',
        html,
    )
    chosen = [path.stem for path in chapters.select() if path.stem[0].isdigit()]
    assert [card[0] for card in cards] == chosen
    assert [int(card[2]) for card in cards] == list(range(1, len(chosen) + 1))
    for name, pictures, _ in cards:
        assert sorted(re.findall(r'src="([^"]+)"', pictures)) == [
            f"../_static/chapters/{name}-{theme}.png" for theme in ("dark", "light")
        ]
        assert (site / "_static" / "chapters" / f"{name}-dark.png").is_file()
    assert 'href="01-neuron.html">Start reading' in html
    assert "Show the code" not in html


def test_the_last_change_is_that_of_the_changelog_and_the_changelog_is_kept(site, pages):
    release = sharing.last_change((ROOT / "book" / "changelog.md").read_text(encoding="utf-8"))
    assert f'version = "{release.version}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for page in pages:
        assert f"Last changed {release.date.day} {release.date:%B %Y}" in page.read_text(encoding="utf-8"), page.name
    command = ["git", "log", "-1", "--format=%cs", "--", "book", "netmod"]
    changed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    if changed:
        assert (date.fromisoformat(changed) - release.date).days <= 30, "the changelog is a month behind the book"


@pytest.fixture(scope="module")
def address(site):
    """The site, served from this machine: where pages can be fetched, search shows what it finds in them."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_search_finds_reads_as_text(browser, address):
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{address}/search.html?q=variance", wait_until="load")
    page.wait_for_function(  # the pages are fetched one after another, and formulas come with some of them
        "[...document.querySelectorAll('#search-results p.context')].some(each => /[σΣ]/.test(each.textContent))"
    )
    snippets = page.eval_on_selector_all("#search-results p.context", "all => all.map(each => each.textContent)")
    assert [snippet for snippet in snippets if re.search(r"\\[(\[a-z]", snippet)] == []
    page.close()


def test_links_show_what_they_lead_to(browser, pages):
    page = browser.new_page(viewport=DESKTOP)
    page.set_default_timeout(TIMEOUT)
    (theorem,) = (path for path in pages if path.name.startswith("04-"))
    page.goto(theorem.as_uri(), wait_until="load")
    page.evaluate("window.MathJax?.startup?.promise")
    kinds = {
        "figure": "a.internal[href*='#fig-']:has(.std-numref)",
        "equation": "a.internal[href*='#equation-']",
        "theorem": "a.internal[href*='#thm-'], a.internal[href*='#def-']",
        "term": "a.internal[href*='glossary.html#term-']",
        "source": "a.internal[href*='bibliography.html#']",
    }
    for kind, selector in kinds.items():
        link = page.locator(f"article :is({selector})").first
        link.scroll_into_view_if_needed()
        link.hover()
        box = page.locator(".preview")
        box.wait_for()
        assert len(box.inner_text().strip()) > 3, kind
        assert link.get_attribute("aria-describedby") == "preview", kind
        if kind == "figure":
            assert box.locator("img.in-light").evaluate("each => each.decode().then(() => each.naturalWidth)") > 0
        if kind == "equation":
            box.locator("mjx-container").first.wait_for()
        assert box.locator("[id], a, button").count() == 0, kind
        page.keyboard.press("Escape")
        assert box.count() == 0, kind
        page.mouse.move(0, 0)
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")  # arrived by the keyboard
    page.locator(".preview").wait_for()
    page.close()


def test_who_asks_for_contrast_gets_it(browser, pages):
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(pages[0].as_uri(), wait_until="load")
    quiet = "getComputedStyle(document.querySelector('figcaption')).color"
    usual = page.evaluate(quiet)
    page.emulate_media(contrast="more")
    assert page.evaluate(quiet) != usual
    assert page.evaluate("getComputedStyle(document.querySelector('figcaption')).color") == page.evaluate(
        "getComputedStyle(document.querySelector('article p')).color"
    )
    page.close()


def test_the_first_screen_of_a_chapter_holds_its_whole_picture_and_no_line_of_code_is_cut(browser, pages):
    page = browser.new_page(viewport=DESKTOP)
    page.set_default_timeout(TIMEOUT)
    low, wide = [], []
    for path in (path for path in pages if path.name[0].isdigit()):
        page.goto(path.as_uri(), wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        page.wait_for_timeout(100)
        end = page.evaluate(
            "[...document.querySelectorAll('article figure img')].find(each => each.checkVisibility())"
            ".getBoundingClientRect().bottom"
        )
        if end > DESKTOP["height"]:
            low.append(f"{path.name}: {end:.0f} px")
        wide += [
            f"{path.name}: {each}"
            for each in page.eval_on_selector_all(
                "article .cell_input pre",
                "all => all.filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)"
                ".map(each => each.textContent.split('\\n').sort((a, b) => b.length - a.length)[0])",
            )
        ]
    assert low == []
    assert wide == []
    page.close()


def test_on_a_phone_a_wide_figure_says_that_it_goes_on(browser, pages):
    page = browser.new_page(viewport=PHONE)
    page.set_default_timeout(TIMEOUT)
    wide = 0
    for path in pages:
        if not path.name[0].isdigit():
            continue
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(100)
        for name, hint, shade in page.eval_on_selector_all(
            ".picture",
            "all => all.filter(each => each.scrollWidth > each.clientWidth + 1)"
            ".map(each => [each.getAttribute('aria-label'), each.nextElementSibling.checkVisibility(),"
            " getComputedStyle(each).backgroundImage])",
        ):
            assert re.match(r"Figure \d+\.\d+, scrolls sideways", name), path.name
            assert hint, name
            assert "gradient" in shade, name
            wide += 1
    assert wide > 20
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
    page.emulate_media(media="print", color_scheme="dark")  # paper is white whatever the screen is
    for path in pages:
        page.goto(path.as_uri(), wait_until="load")
        hidden = page.evaluate(
            "[...document.querySelectorAll('.bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article')]"
            ".filter(each => getComputedStyle(each).display !== 'none').length"
        )
        assert hidden == 0, path.name
        folded = page.evaluate(
            "[...document.querySelectorAll('details > *:not(summary)')]"
            ".filter(each => each.textContent.trim() && !each.checkVisibility()).length"
        )
        assert folded == 0, path.name
        assert (
            page.evaluate(
                "[...document.querySelectorAll('article details.hide > summary')]"
                ".filter(each => each.checkVisibility()).length"
            )
            == 0
        ), path.name
        assert page.evaluate(
            "[...document.querySelectorAll('article figure')].every(figure => [...figure.querySelectorAll('img')]"
            ".filter(each => each.checkVisibility()).every(each => !each.classList.contains('in-dark')))"
        ), path.name
    page.close()
