"""The one reader of the book's MyST: pages taken apart for tests, and pieces replaced for notebooks.

`read` returns a `Page`: what is read on it, what runs, what is labelled, what is referred to, each with its line.
`edit` returns a text with chosen pieces of MyST (directives, roles, labels, numbered equations) replaced, and
everything between them untouched.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

EXTENSIONS = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "substitution", "tasklist"}

# Directives whose content is not prose, and those whose argument is a title.
NOT_PROSE = {"math", "eval-rst", "bibliography", "tableofcontents", "raw", "code", "code-block", "toctree", "mermaid"}
NOT_PROSE |= {"chapter-cards"}
NOT_PROSE |= {
    "autofunction",
    "autoclass",
    "automodule",
    "autosummary",
    "currentmodule",
    "index",
    "include",
    "literalinclude",
}
TITLED = re.compile(r"admonition|dropdown|card|tab-item|table|list-table|prf:\w+|exercise|topic|sidebar")
FRAMES = {"blockquote": "quote", "heading": "heading", "dt": "term", "dd": "definition", "th": "cell", "td": "cell"}
"""Tokens, and the kind of text that stands in them."""
GAP = " \x00 "
"""What stands in `Text.words` for a piece that is not read as words, so that its neighbours do not run together."""

_DIRECTIVE = re.compile(r"^\{([\w:.+-]+)\}\s*(.*)$", re.S)
_TARGET = re.compile(r"<([^<>]+)>\s*$")


@dataclass(frozen=True)
class Text:
    """A stretch of text a reader reads: its words, the lines it comes from (1-based), and its source."""

    words: str
    line: int
    last: int
    kind: str = "prose"  # or "heading", "quote", "caption", "alt", "term", "definition", "cell" (of a table)
    source: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, up to the next heading of its level or above."""

    level: int
    title: str
    line: int
    last: int


@dataclass
class Cell:
    """A code cell: where it is, its metadata and its source."""

    line: int
    source: str
    metadata: dict[str, Any]

    @property
    def figure(self) -> dict[str, Any]:
        """Name and caption."""
        found: dict[str, Any] = self.metadata.get("mystnb", {}).get("figure", {})
        return found

    @property
    def alt(self) -> str:
        """What it shows, in words."""
        return str(self.metadata.get("mystnb", {}).get("image", {}).get("alt", ""))


@dataclass
class Directive:
    """A directive that is not a code cell."""

    name: str
    argument: str
    options: dict[str, Any]
    line: int
    content: str
    last: int

    @property
    def label(self) -> str:
        """What it is referred to by."""
        return str(self.options.get("label", self.options.get("name", "")))


@dataclass
class Page:
    """A page taken apart."""

    path: Path
    lines: list[str] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    roles: list[tuple[str, str, int]] = field(default_factory=list)  # name, content, line
    bold: list[Text] = field(default_factory=list)
    equations: list[tuple[str, int]] = field(default_factory=list)  # label, line
    targets: list[tuple[str, int]] = field(default_factory=list)  # label, line: (label)= above something
    rows: list[tuple[str, ...]] = field(default_factory=list)  # the source of each cell of a table's row
    _headings: list[tuple[int, str, int]] = field(default_factory=list)

    @property
    def is_chapter(self) -> bool:
        """Whether the rules for chapters hold."""
        return bool(re.fullmatch(r"\d\d-[\w-]+", self.path.stem))

    @functools.cached_property
    def sections(self) -> list[Section]:
        """The sections of the page, in order; those inside others follow them."""
        made = []
        for i, (level, title, line) in enumerate(self._headings):
            end = next((after for below, _, after in self._headings[i + 1 :] if below <= level), len(self.lines) + 1)
            made.append(Section(level, title, line, end - 1))
        return made

    def section(self, line: int, level: int = 2) -> Section | None:
        """Return the section of `level` that `line` stands in; None above the first."""
        return next((s for s in self.sections if s.level == level and s.line <= line <= s.last), None)

    @property
    def labels(self) -> set[str]:
        """Every label that the page defines."""
        found = {label for label, _ in [*self.targets, *self.equations]}
        found |= {cell.figure["name"] for cell in self.cells if cell.figure.get("name")}
        return found | {d.label for d in self.directives if d.label}


@functools.cache
def parser() -> MarkdownIt:
    """Return a parser of the book's MyST."""
    return create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)


def options_of(content: str) -> tuple[dict[str, Any], str, int]:
    """Return a directive's options, what follows them, and how many lines they took."""
    lines = content.split("\n")
    if lines[0].strip() == "---":
        end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
        if end is not None:
            return yaml.safe_load("\n".join(lines[1:end])) or {}, "\n".join(lines[end + 1 :]), end + 1
    options: dict[str, Any] = {}
    end = 0
    while end < len(lines) and (match := re.match(r"^\s*:([\w-]+):\s*(.*)$", lines[end])):
        options[match[1]] = match[2]
        end += 1
    if isinstance(options.get("tags"), str):
        options["tags"] = re.findall(r"[\w-]+", options["tags"])
    return options, "\n".join(lines[end:]), end


def target(content: str) -> str:
    """Return the label a role refers to: "fig-a" for both `fig-a` and `Figure %s <fig-a>`."""
    match = _TARGET.search(content)
    return (match[1] if match else content).strip()


# A page for its tests


def read(path: Path) -> Page:
    """Take the page at `path` apart."""
    text = path.read_text(encoding="utf-8")
    page = Page(path, lines=text.splitlines())
    _walk(page, text, 0, "prose")
    return page


def _walk(page: Page, text: str, offset: int, kind: str) -> None:
    """Add what `text`, which starts `offset` lines down the page, holds."""
    around: list[str] = []  # kinds that the tokens opened so far give to what is in them
    row: list[str] = []
    level, first, last = 0, offset, offset
    for token in parser().parse(text):
        if token.map:
            first, last = (offset + line for line in token.map)
        name, _, end = token.type.rpartition("_")
        if name in FRAMES and end == "open":
            around.append(FRAMES[name])
            level = int(token.tag[1]) if name == "heading" else level
        elif name in FRAMES and end == "close":
            around.pop()
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            page.rows.append(tuple(row))
        inside = "quote" if "quote" in around else around[-1] if around else kind
        if token.type == "inline":
            _inline(page, token, first + 1, max(last, first + 1), inside)
            if inside == "heading":
                page._headings.append((level, page.texts[-1].words.strip(), first + 1))
            if inside == "cell":
                row.append(token.content)
        elif token.type in ("fence", "colon_fence"):
            _directive(page, token, first, inside)
        elif token.type == "math_block_label":
            page.equations.append((token.info, first + 1))
        elif token.type == "myst_target":
            page.targets.append((token.content, first + 1))


def _inline(page: Page, token: Token, line: int, last: int, kind: str) -> None:
    words: list[str] = []
    links, bold = 0, -1
    for child in token.children or []:
        links += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type == "link_open":
            page.roles.append(("any", str(child.attrs.get("href", "")).lstrip("#"), line))
        if child.type == "myst_role":
            page.roles.append((child.meta["name"], child.content, line))
        if child.type == "strong_open":
            bold = len(words)
        elif child.type == "strong_close":
            page.bold.append(Text(" ".join("".join(words[bold:]).split()), line, last, kind))
        if child.type in ("text", "image") and not links:
            words.append(child.content if child.type == "text" else f" {child.content} ")
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif not re.fullmatch(r"(strong|em|s)_(open|close)", child.type):
            words.append(GAP)
    page.texts.append(Text("".join(words), line, last, kind, token.content))


def _sentence(page: Page, text: str, line: int, last: int, kind: str) -> None:
    """Add a caption or title: Markdown without blocks of its own."""
    for token in parser().parse(str(text)):
        if token.type == "inline":
            _inline(page, token, line, last, kind)


def _directive(page: Page, token: Token, first: int, kind: str) -> None:
    found = _DIRECTIVE.match(token.info.strip())
    if not found:
        return  # code
    name, argument = found.groups()
    options, content, skipped = options_of(token.content)
    start, last = first + 1, first + 1 + token.content.count("\n")
    if name == "code-cell":
        cell = Cell(start, content.rstrip("\n"), options)
        page.cells.append(cell)
        head = start + skipped
        if cell.figure.get("caption"):
            _sentence(page, cell.figure["caption"], start, head, "caption")
        if cell.alt:
            page.texts.append(Text(cell.alt, start, head, "alt", cell.alt))
        return
    page.directives.append(Directive(name, argument, options, start, content, last + 1))
    for option in ("alt", "caption"):
        if option in options:
            _sentence(page, options[option], start, last, option)
    if name in NOT_PROSE:
        if name == "math" and "label" in options:
            page.equations.append((options["label"], start))
        return
    if name in ("epigraph", "pull-quote", "highlights"):
        kind = "quote"
    if argument and TITLED.fullmatch(name):
        _sentence(page, argument, start, start, kind)
    _walk(page, content, start + skipped, kind)


# A text with some of its pieces replaced


@dataclass(frozen=True)
class Piece:
    """A piece of MyST in a text.

    `kind` is "directive" (with name, argument, options, content), "role" (name, content), "equation" (label,
    content), "link" within the book (label, content: its text), "target", "comment" or "break" (of a block).
    """

    kind: str
    name: str = ""
    argument: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    content: str = ""
    label: str = ""


def edit(text: str, replace: Callable[[Piece], str | None]) -> str:
    """Return `text` with each piece replaced by what `replace` returns for it; None leaves the piece as it is."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    edits: list[tuple[int, int, str]] = []
    cursor = 0
    for token in parser().parse(text):
        if not token.map:
            continue
        first, last = token.map[0], max(token.map[1], token.map[0] + 1)
        begin, end = starts[first], min(starts[last] - 1, len(text))
        if token.type == "inline":
            cursor = max(cursor, begin)
            for piece, match in _inline_pieces(token.children or [], text, cursor, end):
                cursor = match.end()
                new = replace(piece) if piece else None
                if new is not None:
                    edits.append((match.start(), match.end(), new))
        elif piece := _block_piece(token):
            new = replace(piece)
            if new is not None:
                indent = re.match(r"[ >]*", text[begin:end])[0]  # type: ignore[index]
                body = "\n".join(f"{indent}{line}".rstrip() for line in new.split("\n"))
                edits.append((begin, end, body if new else ""))
    for begin, end, new in reversed(edits):
        text = text[:begin] + new + text[end:]
    return text


def blocks(text: str) -> list[tuple[int, int, Piece]]:
    """Return the pieces that take whole lines of `text`: first line (from 0), line after the last, piece."""
    found = []
    for token in parser().parse(text):
        piece = _block_piece(token) if token.map else None
        if piece and token.map:
            found.append((token.map[0], max(token.map[1], token.map[0] + 1), piece))
    return found


def _block_piece(token: Token) -> Piece | None:
    if token.type in ("fence", "colon_fence"):
        found = _DIRECTIVE.match(token.info.strip())
        if not found:
            return None
        options, content, _ = options_of(token.content)
        return Piece("directive", found[1], found[2].strip(), options, content.strip("\n"))
    if token.type == "math_block_label":
        return Piece("equation", content=token.content.strip(), label=token.info)
    kinds = {"myst_target": "target", "myst_line_comment": "comment", "myst_block_break": "break"}
    return Piece(kinds[token.type], label=token.content) if token.type in kinds else None


def _inline_pieces(
    children: Iterable[Token], text: str, cursor: int, end: int
) -> Iterable[tuple[Piece | None, re.Match[str]]]:
    """Yield the pieces among `children` and where they stand; None for code and maths, which only move the cursor."""
    link: tuple[str, list[str]] | None = None
    for child in children:
        piece: Piece | None = None
        body = r"[\s>]+".join(map(re.escape, child.content.split()))
        if child.type == "link_open" and str(child.attrs.get("href", "")).startswith("#"):
            link = (str(child.attrs["href"]).removeprefix("#"), [])
            continue
        if child.type == "link_close" and link is not None:
            piece = Piece("link", content="".join(link[1]), label=link[0])
            pattern, link = rf"\[[^\]]*\]\(#{re.escape(link[0])}\)", None
        elif link is not None:
            link[1].append(child.content)
            continue
        elif child.type == "myst_role":
            piece = Piece("role", child.meta["name"], content=child.content)
            pattern = rf"\{{{re.escape(child.meta['name'])}\}}(`+)\s*{body}\s*\1"
        elif child.type in ("code_inline", "math_inline", "math_inline_double"):
            mark = re.escape(child.markup)
            pattern = rf"{mark}\s*{body}\s*{mark}"
        else:
            continue
        match = re.compile(pattern).search(text, cursor, end)
        if match:
            cursor = match.end()
            yield piece, match
