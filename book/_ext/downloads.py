"""Turn a chapter's MyST into a notebook that reads well where MyST is not known, for the page's download menu."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.environment import BuildEnvironment

from book._ext import chapters, myst

CHECK_MARKER = "# NBVAL_CHECK_OUTPUT"
_EXPLICIT = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
_BOXES = {"admonition", "note", "tip", "hint", "important", "warning", "caution", "danger", "attention", "seealso"}
_SILENT = {"bibliography", "contents", "tableofcontents", "toctree", "exercise-end", "solution-end", "index"}
_PLAIN = {"tab-set", "grid", "div", "container", "table", "list-table", "only"}
_CODE_ROLES = {"py", "func", "class", "meth", "mod", "attr", "data", "code", "file", "command", "program"}


class Labels:
    """What a label of the book stands for: numbers, titles and citations, as the finished environment has them."""

    def __init__(self, env: BuildEnvironment):
        self.env = env
        self.standard = env.get_domain("std")
        self.numbers: dict[str, tuple[str, str]] = {}
        for kinds in env.toc_fignumbers.values():
            for kind, ids in kinds.items():
                for name, number in ids.items():
                    self.numbers[name] = (kind, ".".join(map(str, number)))

    def number(self, label: str) -> str:
        """Return the number that `label` carries ("4.2"), or ""."""
        target = self.standard.anonlabels.get(label.lower(), ("", label))[1]
        for name in (target, label, f"equation-{label}"):
            if name in self.numbers:
                return self.numbers[name][1]
        return ""

    def title(self, label: str) -> str:
        """Return how to call the section or object that `label` marks."""
        doc, target, title = self.standard.labels.get(label.lower(), ("", "", ""))
        kind, number = self.numbers.get(target, self.numbers.get(label, ("", "")))
        if kind and kind != "displaymath":
            return f"{kind.capitalize()} {number}"
        section = self.env.toc_secnumbers.get(doc, {}).get("" if not target else f"#{target}")
        if section is None and doc:
            section = self.env.toc_secnumbers.get(doc, {}).get("")
            if section and self.env.titles[doc].astext() == title:
                return f"chapter {section[0]}, *{title}*"
        return f"*{title}*" if title else label

    def citation(self, key: str, textual: bool) -> str:
        """Return "Siegert (1951)" or "Siegert, 1951" for a key of the bibliography."""
        entry = self.env.get_domain("cite").bibdata.data.entries.get(key)
        if entry is None:
            return key
        people = [" ".join([*p.prelast_names, *p.last_names]) for p in entry.persons.get("author", [])]
        people = [re.sub(r"[{}]|\\.", "", name) for name in people] or [key]
        who = people[0] if len(people) == 1 else " and ".join(people) if len(people) == 2 else f"{people[0]} et al."
        year = entry.fields.get("year", "")
        return f"{who} ({year})" if textual else f"{who}, {year}"


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
            return f"{kind or 'Figure'} {number or target}".replace("Code-block", "Listing")
        return text.replace("%s", number).replace("{number}", number)
    if role in ("ref", "prf:ref", "doc", "term", "abbr", "download", "exercise", "any"):
        return text or (body if role in ("term", "doc", "abbr", "download") else labels.title(target))
    if role.split(":")[0] in _CODE_ROLES:
        return f"`{target.lstrip('~')}`"
    if role == "sub":
        return f"<sub>{body}</sub>"
    if role == "sup":
        return f"<sup>{body}</sup>"
    return text or body


def quoted(title: str, body: str) -> str:
    """Return a Markdown block quote with a bold title."""
    lines = [f"**{title}**", "", *body.strip().splitlines()] if title else body.strip().splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def folded(title: str, body: str) -> str:
    """Return a block that opens on a click in Jupyter and on GitHub."""
    return f"<details>\n<summary><b>{title}</b></summary>\n\n{body.strip()}\n\n</details>"


def plain_directive(piece: myst.Piece, labels: Labels) -> str:
    """Return the plain Markdown for one directive."""
    name, argument, options, content = piece.name, piece.argument, piece.options, piece.content
    label = options.get("label", "")
    if name in ("code-block", "code", "sourcecode", "literalinclude", "eval-rst", "ipython"):
        return f"```{argument}\n{content}\n```"
    if name == "math":
        return equation(f"{argument}\n{content}".strip(), label, labels)
    body = plain(content, labels)
    title = plain(argument, labels)
    if name in _SILENT:
        return ""
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


def introduction(number: str, book: str, wheel: str) -> str:
    """Return the first cell: what this is, and how to run it."""
    place = f"Chapter {number}" if number else "A page"
    return textwrap.dedent(
        f"""\
        > **{place} of *{book}*, as a notebook.** It needs Python 3.11 or newer and the book's package, `netmod`.
        > The download menu that gave you this notebook also has the package, as a file. Install it once:
        >
        > ```
        > pip install {wheel} jupyterlab
        > ```
        >
        > or, in a copy of the book's folder, `pip install . jupyterlab`. Then run the cells in order."""
    )


def notebook(path: Any, env: BuildEnvironment, docname: str, wheel: str) -> NotebookNode:
    """Return the chapter at `path` as a notebook without outputs, all in plain Markdown."""
    labels = Labels(env)
    source = chapters.read(path)
    section = env.toc_secnumbers.get(docname, {}).get("") or ("",)
    cells = [new_markdown_cell(introduction(str(section[0]), env.config.html_title, wheel))]
    solving = False
    for cell in source.cells:
        if cell.cell_type == "markdown":
            starts, ends = cell.source.rfind("{solution-start}"), cell.source.rfind("{solution-end}")
            solving = starts > ends or (solving and ends < 0)
            text = plain(cell.source, labels)
            if text:
                cells.append(new_markdown_cell(text))
            continue
        figure = cell.metadata.pop("mystnb", {}).get("figure", {})
        cell.metadata.pop("line", None)
        tags = set(cell.metadata.get("tags", []))
        if solving or tags & {"hide-input", "hide-cell"}:
            cell.metadata["jupyter"] = {"source_hidden": True}
        cell.source = cell.source.removeprefix(CHECK_MARKER).lstrip("\n")
        cells.append(cell)
        if figure.get("caption"):
            number = labels.number(figure.get("name", ""))
            cells.append(new_markdown_cell(f"**Figure {number}.** {plain(figure['caption'].strip(), labels)}"))
    for position, cell in enumerate(cells):
        cell["id"] = f"cell-{position}"
    made = nbformat.v4.new_notebook(
        cells=cells,
        metadata={"kernelspec": source.metadata["kernelspec"], "language_info": {"name": "python"}},
    )
    nbformat.validate(made)
    return made
