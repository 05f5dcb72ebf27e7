"""Show the tests that the book names, as pages of the site, so that a reader of a claim is a click from its proof."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

NAME = re.compile(r"(?:tests/)?(?:[\w/]*?(?P<file>test_\w+)\.py)?(?:::)?(?P<test>test_\w+)?")


class Tests:
    """The tests of the repository, by file and name."""

    def __init__(self, root: Path):
        self.root = root
        self.files = {path.stem: path for path in sorted((root / "tests").rglob("test_*.py"))}
        self.lines: dict[str, dict[str, int]] = {}
        for stem, path in self.files.items():
            tree = ast.parse(path.read_text(encoding="utf-8"))
            self.lines[stem] = {
                node.name: min([node.lineno, *(each.lineno for each in node.decorator_list)])
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            }

    @classmethod
    def of(cls, app: Sphinx) -> Tests:
        """Return the tests of the book that `app` builds, read once."""
        if not hasattr(app, "netmod_tests"):
            app.netmod_tests = cls(Path(app.srcdir))  # type: ignore[attr-defined]
        return app.netmod_tests

    def find(self, text: str) -> str | None:
        """Return the address in the site of a test, or of a file of tests, that is written as pytest writes it."""
        found = NAME.fullmatch(text.strip())
        if found is None or not (found["file"] or found["test"]):
            return None
        stem, test = found["file"], found["test"]
        if stem is None:
            stem = next((each for each, names in self.lines.items() if test in names), None)
        if stem not in self.files or (test and test not in self.lines[stem]):
            return None
        return f"{self.page(stem)}.html" + (f"#{test}" if test else "")

    def page(self, stem: str) -> str:
        """Return the name of the page that shows a file."""
        return self.files[stem].relative_to(self.root).with_suffix("").as_posix()

    def named_in(self, text: str) -> set[str]:
        """Return the files of which `text` names a test, in a code span."""
        places = (self.find(span) for span in re.findall(r"`([^`\n]+)`", text))
        return {Path(place.partition(".html")[0]).name for place in places if place}


def write_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page for each file of tests that a page of the book names."""
    if app.builder.name != "html":
        return
    tests = Tests.of(app)
    named: set[str] = set()
    for name in app.env.found_docs:
        named |= tests.named_in(Path(app.env.doc2path(name)).read_text(encoding="utf-8"))
    for stem in sorted(named):
        path = tests.files[stem]
        shown = app.builder.highlighter.highlight_block(path.read_text(encoding="utf-8"), "python", force=True)
        starts = {line: name for name, line in tests.lines[stem].items()}
        head, mark, code = shown.partition("<pre>")
        lines = code.split("\n")
        for number, name in starts.items():
            first = "<span></span>" if lines[number - 1].startswith("<span></span>") else ""
            lines[number - 1] = f'{first}<span id="{name}"></span>{lines[number - 1].removeprefix(first)}'
        title = path.relative_to(tests.root).as_posix()
        yield (
            tests.page(stem),
            {
                "title": title,
                "body": f"<section><h1>{escape(title)}</h1>{head}{mark}" + "\n".join(lines) + "</section>",
                "parents": [],
                "meta": {"html_theme.sidebar_secondary.remove": True},
            },
            "page.html",
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.connect("html-collect-pages", write_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
