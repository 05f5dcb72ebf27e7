"""Keep the site light: no script, style or font that its pages do not use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# What Jupyter Book always loads and this book has no use for: cells sent to another host, a script that folds boxes
# (the browser does), comments. sphinx-thebe also points at another host, twice.
UNUSED = ("sphinx_thebe", "sphinx_togglebutton", "sphinx_comments")
UNUSED_STYLES = ("sphinx-thebe.css", "togglebutton.css")

# Files of the theme that no page asks for.
PRUNED = (
    "_static/**/*.map",
    "_static/scripts/fontawesome.js*",
    "_static/scripts/bootstrap.js*",
    "_static/design-tabs.js",
    "_static/togglebutton.*",
    "_static/sphinx-thebe.*",
    "_static/images/logo_*",
    "_static/vendor/fontawesome/webfonts/*.ttf",
    "_static/webpack-macros.html",
    "_static/sbt-webpack-macros.html",
)
PICTURE = re.compile(r"\b([0-9a-f]{20,})\.png\b")
NAME = re.compile(r"[A-Za-z_][\w-]*")
ATTRIBUTE = re.compile(r'\b(?:class|id)="([^"]*)"')
# Scripts that the theme loads on every page: one opens the one menu that pages have, which book.js does in ten lines.
UNUSED_SCRIPTS = re.compile(
    r'<script[^>]*src="[^"]*(?:scripts/bootstrap|design-tabs)\.js[^>]*></script>\n?'
    r'|<link[^>]*rel="preload"[^>]*scripts/bootstrap\.js[^>]*>\n?'
)
NEEDED = re.compile(r"[.#](-?[A-Za-z_](?:[\w-]|\\.)*)")


def drop_unused(app: Sphinx) -> None:
    """Disconnect the extensions that are not used, and their styles."""
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if not each.handler.__module__.startswith(UNUSED)]
    app.registry.css_files[:] = [css for css in app.registry.css_files if css[0] not in UNUSED_STYLES]


def rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before each block of a style sheet, and the block; a statement has an empty one."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    start = depth = 0
    head = quote = ""
    i = 0
    while i < len(css):
        c = css[i]
        if quote:
            i += c == "\\"
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c == "{":
            if not depth:
                head, start = css[start:i].strip(), i + 1
            depth += 1
        elif c == "}":
            depth -= 1
            if not depth:
                yield head, css[start:i]
                start = i + 1
        elif c == ";" and not depth:
            yield css[start : i + 1].strip(), ""
            start = i + 1
        i += 1


def selectors(head: str) -> list[str]:
    """Return the selectors of a list of them, parted at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for c in head:
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def purge(css: str, words: set[str]) -> str:
    """Return a style sheet without the rules whose classes and identifiers are none of `words`."""
    kept = []
    for head, block in rules(css):
        if not block:
            kept.append(head if head.startswith("@") else "")
        elif head.startswith(("@media", "@supports", "@layer", "@container")):
            inner = purge(block, words)
            kept.append(f"{head}{{{inner}}}" if inner else "")
        elif head.startswith("@"):
            kept.append(f"{head}{{{block}}}")
        else:
            alive = [each for each in selectors(head) if _may_match(each, words)]
            kept.append(f"{','.join(alive)}{{{block}}}" if alive else "")
    return "".join(kept)


def _may_match(selector: str, words: set[str]) -> bool:
    """Return whether all classes and identifiers that a selector asks for are among `words`."""
    plain, before = selector, ""
    while plain != before:  # what :not() and :is() hold is not asked for
        plain, before = re.sub(r"(:[\w-]+)?\([^()]*\)", "", plain), plain
    return all(re.sub(r"\\", "", name) in words for name in NEEDED.findall(plain))


def slim(app: Sphinx, error: Exception | None) -> None:
    """Take out of the finished site what no page uses."""
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    for pattern in PRUNED:
        for path in out.glob(pattern):
            path.unlink()
    for path in out.glob("_images/*.png"):
        shrink(path)
    small = {path.stem for path in out.glob("_images/*.webp")}
    for path in (*out.rglob("*.html"), *out.glob("_static/previews.js")):
        text = UNUSED_SCRIPTS.sub("", path.read_text(encoding="utf-8"))
        text = PICTURE.sub(lambda found: f"{found[1]}.{'webp' if found[1] in small else 'png'}", text)
        path.write_text(text, encoding="utf-8")
    words: set[str] = set()
    for path in out.rglob("*.html"):
        for value in ATTRIBUTE.findall(path.read_text(encoding="utf-8")):
            words.update(value.split())
    for path in out.glob("_static/**/*.js"):
        if "mathjax" not in path.parts and path.name not in ("searchindex.js", "previews.js"):
            words.update(NAME.findall(path.read_text(encoding="utf-8")))
    for path in out.glob("_static/**/*.css"):
        if "mathjax" not in path.parts:
            path.write_text(purge(path.read_text(encoding="utf-8"), words), encoding="utf-8")


def shrink(path: Path) -> None:
    """Make a picture a WebP, pixel for pixel the same in three quarters of the bytes."""
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGBA").save(path.with_suffix(".webp"), "WEBP", lossless=True, quality=100, method=4)
    path.unlink()


def clear(app: Sphinx) -> None:
    """Take away the style sheets that an earlier build has purged, so that they are copied whole again."""
    if app.builder.name == "html":
        for path in Path(app.outdir).glob("_static/**/*.css"):
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it; the site is slimmed after everything else has been written."""
    drop_unused(app)
    app.connect("config-inited", lambda app, config: drop_unused(app), priority=1)
    app.connect("builder-inited", clear)
    app.connect("build-finished", slim, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
