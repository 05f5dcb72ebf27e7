"""Finish each page: what the theme and its extensions leave to be wished for, in one pass over the page's HTML.

Each step takes the page's body as a tree and changes it in place. No step adds what only a script could show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from sphinx.application import Sphinx

from book._ext.tests_pages import Tests

SVG_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)(pt|px)?"[^>]*?\bheight="([\d.]+)(pt|px)?"', re.S)
BOXES = "div.proof[id], div.exercise[id]"


def size_images(soup: BeautifulSoup, sizes: dict[str, tuple[float, float]]) -> None:
    """Say every image's size, so that the page does not jump, and load it when it comes near the window."""
    for image in soup.find_all("img"):
        style = dict(re.findall(r"(width|height): ([\d.]+)px", image.get("style", "")))
        size = (style.get("width"), style.get("height")) if len(style) == 2 else sizes.get(Path(image["src"]).name)
        if size is not None:
            image["width"], image["height"] = (str(round(float(each))) for each in size)
            image.attrs.pop("style", None)
        image["loading"], image["decoding"] = "lazy", "async"


def plain_code(soup: BeautifulSoup) -> None:
    """Take the marks off words of code that look like any other: a third of a page was made of them."""
    for word in soup.select("pre > span.n, pre > span.p, pre > span.w, pre > span.nn, pre > span.pm"):
        word.unwrap()


def wrap_pictures(soup: BeautifulSoup) -> None:
    """Put the images of a figure into a box of their own: on a phone it scrolls, and the caption stays."""
    for figure in soup.select("figure"):
        images = figure.find_all("img", recursive=False)
        if images:
            box = soup.new_tag("div", attrs={"class": "picture", "data-name": _number(figure) or "figure"})
            if images[0].get("width"):
                box["style"] = f"--wide: {images[0]['width']}px"
            images[0].insert_before(box)
            for image in images:
                box.append(image.extract())


def fold_boxes(soup: BeautifulSoup) -> None:
    """Fold solutions and derivations by the browser's own means, under names that differ."""
    for box in soup.select("div.admonition.dropdown"):
        title = box.find(class_="admonition-title", recursive=False)
        if title is None:
            continue
        box.name, title.name = "details", "summary"
        box["class"] = [each for each in box["class"] if each not in ("dropdown", "toggle")]
        for link in title.find_all("a"):
            link.unwrap()


def name_toggles(soup: BeautifulSoup) -> None:
    """Say of each folded cell whose code it is."""
    for details in soup.select("details.hide"):
        summary = details.find("summary")
        assert summary is not None
        del summary["aria-label"]
        figure = details.parent.find("figure") if details.parent else None
        number = figure and _number(figure)
        for span, verb in (("collapsed", "Show"), ("expanded", "Hide")):
            word = summary.find("span", class_=span)
            if word is not None:
                what = "code and output" if details.select_one(".cell_output") else "code"
                word.string = f"{verb} the {what} of {number}" if number else f"{verb} the {what}"


def _number(figure: Tag) -> str:
    """Return "Figure 4.1", or "" if it has no number."""
    number = figure.select_one(".caption-number")
    return number.get_text().strip() if number else ""


def give_permalinks(soup: BeautifulSoup) -> None:
    """Give theorems, definitions and exercises the link that headings and figures have."""
    for box in soup.select(BOXES):
        title = box.find(class_="admonition-title", recursive=False)
        if title is not None and title.find("a", class_="headerlink") is None:
            title.append(_permalink(soup, box["id"], title.get_text().split("(")[0].strip()))


def link_claims(soup: BeautifulSoup) -> None:
    """Give each claim that has a verdict an identifier made of its words, and a link to it."""
    taken = {tag["id"] for tag in soup.find_all(id=True)}
    for term in soup.select("dl.myst > dt"):
        verdict = term.find_next_sibling("dd")
        if term.get("id") or verdict is None or verdict.select_one(".sd-badge") is None:
            continue
        words = re.findall(r"[a-z0-9]+", re.sub(r"\\[a-zA-Z]+", " ", term.get_text()).lower())
        name = "-".join(["claim", *words[:6]])
        while name in taken:
            name += "-again"
        taken.add(name)
        term["id"] = name
        term.append(_permalink(soup, name, "this claim"))


def _permalink(soup: BeautifulSoup, target: str, what: str) -> Tag:
    link = soup.new_tag("a", href=f"#{target}", attrs={"class": "headerlink", "title": f"Link to {what}"})
    link.string = "#"
    return link


def link_tests(soup: BeautifulSoup, tests: Tests, here: str) -> None:
    """Link the name of a test to its code, and let long names break between words only."""
    for code in soup.select("code.literal"):
        place = tests.find(code.get_text())
        if place is None:
            continue
        pieces = re.split(r"(?<=_)|(?<=::)|(?<=/)", code.get_text())
        code.clear()
        for piece in pieces:
            code.append(piece)
            code.append(soup.new_tag("wbr"))
        if code.find_parent("a") is None:
            code.wrap(soup.new_tag("a", href="../" * here.count("/") + place, attrs={"class": "test"}))


def mend_roles(soup: BeautifulSoup) -> None:
    """Take out roles that are deprecated, and headings of tables without words."""
    for entry in soup.select("[role^=doc-]"):
        if entry["role"] in ("doc-biblioentry", "doc-endnote"):
            entry["role"] = "listitem"
        else:
            del entry["role"]
    for heading in soup.select("th"):
        if not heading.get_text(strip=True) and not heading.find("img"):
            heading.name = "td"


def plain_text(soup: BeautifulSoup) -> Iterator[str]:
    """Yield the paragraphs of a page, for its description."""
    for paragraph in soup.select("section > p, p"):
        text = re.sub(r"\s+", " ", paragraph.get_text()).strip()
        if len(text) > 60 and "\\" not in text:
            yield text


def finish(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Run every step over the page."""
    if app.builder.format != "html" or doctree is None or "body" not in context:
        return
    soup = BeautifulSoup(context["body"], "html.parser")
    size_images(soup, _sizes(app))
    plain_code(soup)
    name_toggles(soup)
    wrap_pictures(soup)
    fold_boxes(soup)
    give_permalinks(soup)
    link_claims(soup)
    if app.builder.name == "html":
        link_tests(soup, Tests.of(app), page)
    mend_roles(soup)
    context["body"] = str(soup)


def _sizes(app: Sphinx) -> dict[str, tuple[float, float]]:
    """Return the sizes of the images that are files of the sources, by the names they have in the site."""
    from PIL import Image

    sizes = {}
    for source, name in app.builder.images.items():
        path = Path(app.srcdir) / unquote(source)
        if path.suffix == ".svg":
            found = SVG_SIZE.search(path.read_text(encoding="utf-8")[:2000])
            if found:
                scale = 4 / 3 if found[2] == "pt" else 1
                sizes[name] = (float(found[1]) * scale, float(found[3]) * scale)
        elif path.is_file():
            with Image.open(path) as image:
                sizes[name] = image.size
    return sizes


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it, before the theme makes its menus and the previews are collected."""
    app.connect("html-page-context", finish, priority=450)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
