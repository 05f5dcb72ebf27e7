"""Turn MyST into plain Markdown that reads well where MyST is not known: Jupyter, Colab, VS Code, GitHub.

A reference becomes what it says on the page ("Figure 3.2"), a box a block quote, a dropdown a fold; maths stays.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import yaml
from pybtex.database import parse_file

from book._ext import myst

_EXPLICIT = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
_BOXES = {"admonition", "note", "tip", "hint", "important", "warning", "caution", "danger", "attention", "seealso"}
_SILENT = {"bibliography", "contents", "tableofcontents", "toctree", "exercise-end", "solution-end", "index"}
_SILENT |= {"explorable"}  # it works on the page alone; the static figure stands beside it
_PLAIN = {"tab-set", "grid", "div", "container", "table", "list-table", "only"}
_CODE_ROLES = {"py", "func", "class", "meth", "mod", "attr", "data", "code", "file", "command", "program"}
EQUATION_1 = "eq-map"
"""The poster's Equation 1, which keeps its number in the whole book and is not counted in its chapter."""
_CODE = {"code-block", "code", "sourcecode", "literalinclude", "eval-rst", "ipython"}


class Labels:
    """What the labels of the book stand for: numbers, titles and citations, counted as Sphinx counts them."""

    def __init__(self, root: Path):
        self.chapters: dict[str, int] = {}
        self.numbers: dict[str, tuple[str, str]] = {}  # by label: kind, number
        self.titles: dict[str, str] = {}  # of a label above a heading, and of a page by its name
        self.heads: dict[str, int] = {}  # labels of chapters
        self.works = parse_file(str(root / "book" / "references.bib")).entries
        toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
        pages = [(toc["root"], False)]
        pages += [(entry["file"], part.get("numbered")) for part in toc["parts"] for entry in part["chapters"]]
        loose: Counter[str] = Counter()  # pages that are no chapters are counted through
        for name, numbered in pages:
            page = myst.read(root / f"{name}.md")
            chapter = len(self.chapters) + 1 if numbered else 0
            if chapter:
                self.chapters[page.path.stem] = chapter
            self._count(page, chapter, Counter() if chapter else loose)
            self._name(page, chapter)

    def _count(self, page: myst.Page, chapter: int, counts: Counter[str]) -> None:
        """Number what is numbered on `page`."""
        found = [(line, "equation", label) for label, line in page.equations]
        found += [(c.line, "figure", c.figure["name"]) for c in page.cells if c.figure.get("name")]
        for directive in page.directives:
            kind = directive.name.removeprefix("prf:").removesuffix("-start")
            stated = directive.name.startswith("prf:") and kind != "proof"
            if (stated or kind in ("exercise", "figure", "table")) and "nonumber" not in directive.options:
                found.append((directive.line, kind, directive.label))
        for _, kind, label in sorted(found):
            if label == EQUATION_1:
                self.numbers[label] = (kind, "1")
                continue
            counts[kind] += 1
            self.numbers[label] = (kind, f"{chapter}.{counts[kind]}" if chapter else str(counts[kind]))

    def _name(self, page: myst.Page, chapter: int) -> None:
        """Keep the titles of `page` and of its sections."""
        headings = [text for text in page.texts if text.kind == "heading"]
        if headings:
            self.titles[page.path.stem] = headings[0].source
        for label, line in page.targets:
            under = next((text for text in headings if text.line > line), None)
            if under and not "".join(page.lines[line : under.line - 1]).strip():
                self.titles[label] = under.source
                if under is headings[0] and chapter:
                    self.heads[label] = chapter

    def number(self, label: str) -> str:
        """Return the number that `label` carries ("4.2"), or ""."""
        return self.numbers.get(label, ("", ""))[1]

    def title(self, label: str) -> str:
        """Return how to call the section or object that `label` marks."""
        if label in self.numbers:
            kind, number = self.numbers[label]
            return f"({number})" if kind == "equation" else f"{kind.capitalize()} {number}"
        if label in self.heads:
            return f"chapter {self.heads[label]}, *{self.titles[label]}*"
        return f"*{self.titles[label]}*" if label in self.titles else label

    def citation(self, key: str, textual: bool) -> str:
        """Return "Siegert (1951)" or "Siegert, 1951" for a key of the bibliography."""
        entry = self.works.get(key)
        if entry is None:
            return key
        people = [" ".join([*p.prelast_names, *p.last_names]) for p in entry.persons.get("author", [])]
        people = [re.sub(r"[{}]|\\.", "", name) for name in people] or [key]
        who = people[0] if len(people) == 1 else " and ".join(people) if len(people) == 2 else f"{people[0]} et al."
        year = entry.fields.get("year", "")
        return f"{who} ({year})" if textual else f"{who}, {year}"


def plain(text: str, labels: Labels) -> str:
    """Return MyST `text` as plain Markdown."""

    def replace(piece: myst.Piece) -> str | None:
        if piece.kind == "directive":
            return f"\n{plain_directive(piece, labels)}\n"
        if piece.kind == "equation":
            return equation(piece.content, piece.label, labels)
        if piece.kind == "role":
            return plain_role(piece.name, piece.content, labels)
        if piece.kind == "link":
            return piece.content or labels.title(piece.label)
        return ""

    return re.sub(r"\n{3,}", "\n\n", myst.edit(text, replace)).strip("\n")


def plain_role(role: str, body: str, labels: Labels) -> str:
    """Return the plain Markdown for one role."""
    explicit = _EXPLICIT.match(body)
    text, target = (explicit["text"], explicit["target"]) if explicit else ("", body)
    if role == "math":
        return f"${body}$"
    if role == "eq":
        return f"({labels.number(target) or target})"
    if role.startswith("cite"):
        textual = role.endswith((":t", ":ct"))
        cited = [labels.citation(key.strip(), textual) for key in body.split(",")]
        return ", ".join(cited) if textual else f"({'; '.join(cited)})"
    if role == "numref":
        number = labels.number(target)
        kind = labels.title(target).split(" ")[0] if number else ""
        if not text:
            return f"{kind or 'Figure'} {number or target}"
        return text.replace("%s", number).replace("{number}", number)
    if role == "doc":
        return text or labels.title(target.strip("/").rpartition("/")[2])
    if role in ("ref", "prf:ref", "term", "abbr", "download", "exercise", "any"):
        return text or (body if role in ("term", "abbr", "download") else labels.title(target))
    if role.split(":")[0] in _CODE_ROLES:
        return f"`{target.lstrip('~')}`"
    if role == "sub":
        return f"<sub>{body}</sub>"
    if role == "sup":
        return f"<sup>{body}</sup>"
    return text or body


def plain_directive(piece: myst.Piece, labels: Labels) -> str:
    """Return the plain Markdown for one directive."""
    name, argument, options, content = piece.name, piece.argument, piece.options, piece.content
    label = str(options.get("label", ""))
    if name in _SILENT:
        return ""
    if name in _CODE:
        return f"```{argument}\n{content}\n```"
    if name == "math":
        return equation(f"{argument}\n{content}".strip(), label, labels)
    body = plain(content, labels)
    title = plain(argument, labels)
    if name in _PLAIN:
        return f"**{title}**\n\n{body}" if title else body
    if name in ("exercise", "exercise-start"):
        return f"**Exercise {labels.number(label)}{f' ({title})' if title else ''}.** {body}".rstrip()
    if name in ("solution", "solution-start"):
        heading = f"Solution to exercise {labels.number(argument) or argument}"
        return folded(heading, body) if name == "solution" else f"**{heading}.** {body}".rstrip()
    if name == "prf:proof":
        end = "\n\n∎" if body.endswith("$$") else " ∎"
        return f"*Proof.* {' '.join([title, body]).strip()}{end}"
    if name.startswith("prf:"):
        kind = name.removeprefix("prf:").capitalize()
        return quoted(f"{kind} {labels.number(label)}".rstrip() + (f" ({title})" if title else ""), body)
    if name == "dropdown":
        return folded(title or "More", body)
    if name in ("figure", "image"):
        return f"![{options.get('alt', '')}]({argument})\n\n{body}".rstrip()
    if name in _BOXES:
        shown = title if name == "admonition" else name.capitalize()
        return quoted(shown, body if name == "admonition" else "\n\n".join(filter(None, [title, body])))
    return quoted(title, body)


def equation(body: str, label: str, labels: Labels) -> str:
    """Return a displayed equation with the number it has in the book."""
    number = labels.number(label) if label else ""
    return f"$$\n{body}" + (f" \\tag{{{number}}}" if number else "") + "\n$$"


def quoted(title: str, body: str) -> str:
    """Return a Markdown block quote with a bold title."""
    lines = [f"**{title}**", "", *body.strip().splitlines()] if title else body.strip().splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def folded(title: str, body: str) -> str:
    """Return a block that opens on a click in Jupyter and on GitHub."""
    return f"<details>\n<summary><b>{title}</b></summary>\n\n{body.strip()}\n\n</details>"
