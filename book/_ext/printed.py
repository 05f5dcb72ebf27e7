"""Print the single-page book to a tagged PDF with an outline, by headless Chromium: ``make pdf``.

The page is first made into a book: a title page, the licence and a table of contents in front, solutions taken from
their exercises to the end, and everything that only works on a screen left out: folded code, buttons, links to files.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import yaml
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
    '<span class="pageNumber"></span></div>'
)
# On the single page a chapter's title is a second-level heading: give each level the size it has on the site.
STYLE = """
span[id^="document-"] + section, #print-solutions { break-before: page; }
span[id^="document-"] + section > h2, #print-solutions > h2 { font-size: 20pt; margin-top: 0 !important; }
h2 { border-top: none !important; }
h3 { font-size: 15pt !important; }
h4 { font-size: 12pt !important; }
#print-title { height: 225mm; display: flex; flex-direction: column; justify-content: center; text-align: center; }
#print-title h1 { font-size: 28pt !important; display: block !important; margin-bottom: 1em; }
#print-licence { break-before: page; font-size: 8.5pt; line-height: 1.3; }
#print-licence p { margin-bottom: 0.6em; }
#print-contents { break-before: page; break-after: page; }
#print-contents > h2 { font-size: 20pt; }
#print-contents a { display: flex; color: #000; text-decoration: none; }
#print-contents a.section { padding-left: 1.6em; font-size: 9.5pt; }
#print-contents a.chapter { font-weight: bold; margin-top: 0.5em; break-after: avoid; }
#print-contents a span.dots { flex: 1; border-bottom: 1px dotted #888; margin: 0 0.5em 0.3em; }
.admonition, pre, .cell_output, blockquote { break-inside: auto !important; }
figure, figure img, tr, div.math, .cell_input, .cell_input pre, .chapter-cards li { break-inside: avoid !important; }
"""
BOOK = r"""
async ({title, author, licence}) => {
  const book = document.querySelector('article');
  // Pictures of the chapters' cards are in the site; those for a dark screen stay there.
  document.querySelectorAll('.chapter-picture img').forEach(each => {
    if (each.classList.contains('in-dark')) each.remove(); else each.src = '../html/' + each.getAttribute('src');
  });
  const images = [...document.querySelectorAll('img')];
  images.forEach(each => { each.loading = 'eager' });
  await Promise.all(images.map(each => each.decode().catch(() => each.closest('.chapter-picture')?.remove())));

  // Code that the site folds is left out, its output kept.
  document.querySelectorAll('.cell').forEach(cell => {
    const folded = cell.querySelector(':scope > details.hide');
    if (folded && folded.querySelector('.cell_input')) {
      if (folded.querySelector('.cell_output')) folded.querySelector('.cell_input').remove(); else folded.remove();
    }
  });
  document.querySelectorAll('details').forEach(each => { each.open = true });
  const onScreenOnly =
    '.start-reading, .cell summary, details.hide > summary, button, .copybtn, .headerlink, .explorable, input';
  document.querySelectorAll(onScreenOnly).forEach(each => each.remove());

  const chapters = [...document.querySelectorAll('span[id^="document-"]')]
    .map(mark => mark.nextElementSibling).filter(Boolean);
  const own = heading => {
    const copy = heading.cloneNode(true);
    copy.querySelectorAll('mjx-container').forEach(each => {
      each.replaceWith(each.querySelector('mjx-assistive-mml')?.textContent ?? '');
    });
    return copy.textContent.trim();
  };

  // Solutions go to the end, under the title of their chapter.
  const end = document.createElement('section');
  end.id = 'print-solutions';
  end.innerHTML = '<h2>Solutions</h2>';
  chapters.forEach(chapter => {
    const found = [...chapter.querySelectorAll('.solution')];
    if (!found.length) return;
    const title = document.createElement('h3');
    title.textContent = own(chapter.querySelector('h2, h1'));
    end.append(title);
    found.forEach((solution, i) => {
      solution.id = solution.id || `print-solution-${end.children.length}-${i}`;
      const there = document.createElement('p');
      there.innerHTML = `<em><a href="#${solution.id}">Solution: at the end of the book.</a></em>`;
      solution.replaceWith(there);
      end.append(solution);
    });
  });

  if (end.children.length > 1) book.append(end);

  // Links to files and to pages are of no use on paper, and would tell where the book was built.
  document.querySelectorAll('a[href]').forEach(link => {
    const address = link.getAttribute('href');
    if (/^(https?:|mailto:)/.test(address)) return;
    const anchor = address.includes('#') ? address.slice(address.indexOf('#') + 1) : '';
    if (anchor && document.getElementById(decodeURIComponent(anchor))) link.setAttribute('href', '#' + anchor);
    else link.replaceWith(...link.childNodes);
  });

  const front = document.createElement('div');
  front.innerHTML = `<section id="print-title"><h1></h1><p></p></section>
    <section id="print-licence"></section><section id="print-contents"><h2>Contents</h2></section>`;
  front.querySelector('h1').textContent = title;
  front.querySelector('p').textContent = author;
  front.querySelector('#print-licence').innerHTML = licence;
  const contents = front.querySelector('#print-contents');
  let number = 0;
  const add = (heading, level) => {
    if (!heading) return;
    if (!heading.id) heading.id = `print-heading-${number}`;
    number += 1;
    const line = document.createElement('a');
    line.className = level;
    line.href = '#' + heading.id;
    line.innerHTML = '<span class="words"></span><span class="dots"></span><span class="page">000</span>';
    line.querySelector('.words').textContent = own(heading);
    contents.append(line);
  };
  add(book.querySelector('h1'), 'chapter');
  chapters.forEach(chapter => {
    add(chapter.querySelector('h2, h1'), 'chapter');
    chapter.querySelectorAll('h3').forEach(each => add(each, 'section'));
  });
  if (end.children.length > 1) add(end.querySelector('h2'), 'chapter');
  book.prepend(front);
  return [...contents.querySelectorAll('a')].map(line => line.querySelector('.words').textContent);
}
"""
NUMBERS = """
pages => document.querySelectorAll('#print-contents .page')
  .forEach((each, i) => { each.textContent = pages[i] ?? '' })
"""


def chromium() -> str | None:
    """Return the path of the browser: what ``CHROMIUM`` names, Debian's Chromium, or Chrome; or None."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, filter(None, names))), None)


def licence(root: Path) -> str:
    """Return the page behind the title: whose it is, what may be done with it, and how to cite it."""
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    poster = citation["references"][0]
    names = ", ".join(f"{a['given-names']} {a['family-names']}" for a in poster["authors"])
    text, code = ((root / name).read_text(encoding="utf-8") for name in ("LICENSE-text", "LICENSE"))
    return (
        f"<h3>Licence</h3><p>Version {citation['version']}, {citation['date-released']}. Text and figures: Creative "
        "Commons Attribution 4.0 International (CC BY 4.0). Code: MIT. Both in full below.</p>"
        f"<p>The book takes a poster apart and puts it together again: {names}, <em>{poster['title']}</em>, "
        "University of Washington. The poster is the work of its authors.</p>"
        "<p>Code that the site folds is left out here; solutions stand at the end.</p>"
        + "".join(f"<p style='white-space: pre-line'>{html.escape(each.strip())}</p>" for each in (text, code))
    )


def page_objects(objects: dict[bytes, bytes], pdf: bytes) -> list[bytes]:
    """Return the numbers of the objects of a PDF that are its pages, in order."""
    pages: list[bytes] = []

    def walk(number: bytes) -> None:
        kids = re.search(rb"/Kids \[(.*?)\]", objects[number], re.S)
        if kids:
            for kid in re.findall(rb"(\d+) 0 R", kids[1]):
                walk(kid)
        else:
            pages.append(number)

    if tree := re.search(rb"/Pages (\d+) 0 R", pdf):
        walk(tree[1])
    return pages


def outline(pdf: bytes) -> list[tuple[str, int]]:
    """Return the title and the page, from 1, of every entry of the outline of a PDF that Chromium wrote."""
    objects = dict(re.findall(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", pdf, re.S))
    place = {number: i for i, number in enumerate(page_objects(objects, pdf), 1)}
    found: list[tuple[str, int]] = []

    def read(number: bytes) -> None:
        body = objects[number]
        entry = re.search(rb"/Title (<[0-9A-Fa-f]*>|\((?:\\.|[^\\()])*\))", body, re.S)
        target = re.search(rb"/Dest \[\s*(\d+) 0 R", body)
        if entry and target and target[1] in place:
            found.append((_text(entry[1]), place[target[1]]))
        for way in (rb"/First (\d+) 0 R", rb"/Next (\d+) 0 R"):
            if onward := re.search(way, body):
                read(onward[1])

    if start := re.search(rb"/Outlines (\d+) 0 R", pdf):
        read(start[1])
    return found


def _text(string: bytes) -> str:
    """Return the text of a PDF string."""
    if string.startswith(b"<"):
        raw = bytes.fromhex(string[1:-1].decode())
    else:
        raw = re.sub(rb"\\([()\\])", rb"\1", string[1:-1])
    return raw[2:].decode("utf-16-be") if raw.startswith(b"\xfe\xff") else raw.decode("latin-1")


def blank_pages(pdf: bytes) -> list[int]:
    """Return the pages, from 1, of a PDF that Chromium wrote that have a number and nothing else on them."""
    objects = dict(re.findall(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", pdf, re.S))
    blank = []
    for position, number in enumerate(page_objects(objects, pdf), 1):
        content = re.search(rb"/Contents (\d+) 0 R", objects[number])
        stream = content and re.search(rb"stream\r?\n(.*?)\r?\nendstream", objects[content[1]], re.S)
        drawn = zlib.decompressobj().decompress(stream[1]) if stream else b""
        if len(re.findall(rb"T[jJ]\b", drawn)) + 5 * len(re.findall(rb"\bDo\b", drawn)) < 5:
            blank.append(position)
    return blank


def pages_of(headings: list[str], entries: list[tuple[str, int]]) -> list[int]:
    """Return the page of each heading; the entries of the outline have them in the same order."""

    def plain(text: str) -> str:
        return re.sub(r"\W", "", text)

    found, position = [], 0
    for heading in headings:
        for i in range(position, len(entries)):
            if plain(entries[i][0]).startswith(plain(heading)[:12]):
                position = i + 1
                break
        found.append(entries[position - 1][1] if position else 0)
    return found


def main(root: Path = ROOT) -> int:
    """Print the single page that the build left to ``_build/netmod-book.pdf``."""
    source, target = root / "_build" / "singlehtml" / "book" / "index.html", root / "_build" / "netmod-book.pdf"
    browser_path = chromium()
    if browser_path is None:
        print(
            "make pdf needs Chromium (Debian, Ubuntu: apt install chromium), or CHROMIUM=/path/to/it", file=sys.stderr
        )
        return 1
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    # Sphinx writes the page's links as if it stood at the top of its folder, so that is where it is printed from.
    page_path = source.parents[1] / "print.html"
    page_path.write_text(
        source.read_text(encoding="utf-8").replace('href="book/index.html#', 'href="#'), encoding="utf-8"
    )
    options: dict[str, Any] = {
        "format": "A4",
        "tagged": True,
        "outline": True,
        "print_background": True,
        "display_header_footer": True,
        "header_template": "<span></span>",
        "footer_template": FOOTER,
        "margin": {"top": "18mm", "bottom": "20mm", "left": "17mm", "right": "17mm"},
    }
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(600_000)  # ms: the whole book is one page with thousands of equations
        page.goto(page_path.as_uri(), wait_until="load")
        page.evaluate("window.MathJax && MathJax.startup && MathJax.startup.promise.then(() => true)")
        facts = {"title": config["title"], "author": config["author"], "licence": licence(root)}
        headings = page.evaluate(BOOK, facts)
        page.add_style_tag(content=STYLE)
        draft = Path(folder, "draft.pdf")
        page.pdf(path=draft, **options)
        page.evaluate(NUMBERS, pages_of(headings, outline(draft.read_bytes())))
        page.pdf(path=target, **options)
        browser.close()
    if blank := blank_pages(target.read_bytes()):
        print(f"These pages are blank: {', '.join(map(str, blank))}", file=sys.stderr)
    print(f"Open this file: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
