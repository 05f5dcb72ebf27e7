"""Print the single-page book to a tagged PDF with an outline, by headless Chromium: ``make pdf``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
# No sandbox, so that it runs in a container; the rest keeps the browser from asking anything of any host.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FOOTER = (
    '<div style="font: 8pt sans-serif; width: 100%; text-align: center; color: #444">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)
# On the single page a chapter's title is a second-level heading: give each level the size it has on the site.
STYLE = """
span[id^="document-"] + section { break-before: page; }
span[id^="document-"] + section > h2 { font-size: 20pt; }
h3 { font-size: 15pt !important; }
h4 { font-size: 12pt !important; }
"""


def chromium() -> str | None:
    """Return the path of the browser: what ``CHROMIUM`` names, Debian's Chromium, or Chrome; or None."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, filter(None, names))), None)


def main(source: Path, target: Path) -> int:
    """Print the single page at `source`, which has the root page's path, to `target`."""
    browser_path = chromium()
    if browser_path is None:
        print(
            "make pdf needs Chromium (Debian, Ubuntu: apt install chromium), or CHROMIUM=/path/to/it", file=sys.stderr
        )
        return 1
    # Sphinx writes the page's links as if it stood at the top of its folder, so that is where it is printed from.
    page_path = source.parents[1] / "print.html"
    page_path.write_text(
        source.read_text(encoding="utf-8").replace('href="book/index.html#', 'href="#'), encoding="utf-8"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(600_000)  # ms: the whole book is one page with thousands of equations
        page.goto(page_path.as_uri(), wait_until="load")
        page.wait_for_function("!window.MathJax || (MathJax.startup && MathJax.startup.promise)")
        page.evaluate("window.MathJax && MathJax.startup.promise.then(() => true)")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        page.add_style_tag(content=STYLE)
        page.pdf(
            path=target,
            format="A4",
            tagged=True,
            outline=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            margin={"top": "18mm", "bottom": "20mm", "left": "17mm", "right": "17mm"},
        )
        browser.close()
    print(f"Open this file: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT / "_build" / "singlehtml" / "book" / "index.html", ROOT / "_build" / "netmod-book.pdf"))
