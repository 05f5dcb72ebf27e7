"""Make the notebooks of the book, in plain Markdown, from its pages: ``python -m book._ext.editions``.

`student` has an empty answer under each exercise and no solution, `solutions` has the solutions, `graded` has the
exercises that a checker can mark, as one nbgrader assignment a chapter. No chapter is run for it.
"""

from __future__ import annotations

import ast
import builtins
import re
import shutil
import symtable
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book._ext import chapters, myst, repository
from book._ext.plain import Labels, plain
from book._ext.wheel import make_wheel, wheel_name

ROOT = Path(__file__).resolve().parents[2]
CHECK_MARKER = "# NBVAL_CHECK_OUTPUT"
POINTS = 5
"""What an exercise of the graded edition counts."""


@dataclass
class Part:
    """A stretch of a chapter: text, a code cell, or the place for an answer, and the exercise it belongs to."""

    kind: str  # "text", "code" or "answer"
    source: str
    exercise: str = ""  # the label
    solution: bool = False
    cell: NotebookNode | None = None


class Book:
    """What all editions are made with: the root of the project, its labels, title, wheel and address."""

    def __init__(self, root: Path = ROOT):
        self.root = root
        self.labels = Labels(root)
        config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
        self.title = str(config["title"])
        self.repository = repository.of(root).url
        self.wheel = wheel_name(root)
        self.checked = set(checked_exercises(root))

    def pages(self) -> list[Path]:
        """Return the pages that have code, in order."""
        return chapters.select(book=self.root / "book")


def checked_exercises(root: Path) -> list[str]:
    """Return the numbers of the exercises that have a checker in the project at `root`."""
    found = []
    for path in sorted((root / "netmod_check").glob("chapter[0-9][0-9].py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("exercise_"):
                found.append(f"{int(path.stem[-2:])}.{node.name.removeprefix('exercise_')}")
    return found


def parts(path: Path) -> list[Part]:
    """Take the chapter at `path` apart: what belongs to an exercise, to its solution, and to neither."""
    found: list[Part] = []
    exercise, solving = "", False
    for cell in chapters.read(path).cells:
        if cell.cell_type == "code":
            found.append(Part("code", cell.source, exercise, solving, cell))
            continue
        lines, position = cell.source.split("\n"), 0
        for first, last, piece in myst.blocks(cell.source):
            gate = piece.name if piece.kind == "directive" else ""
            if gate in ("exercise", "exercise-start", "solution", "solution-start"):
                found += text_part(lines[position:first], exercise, solving)
                solving = gate.startswith("solution")
                exercise = piece.argument if solving else str(piece.options.get("label", ""))
                position = first
            if gate in ("exercise", "exercise-end", "solution", "solution-end"):
                found += text_part(lines[position:last], exercise, solving)
                found += [] if solving else [Part("answer", "", exercise)]
                exercise, solving, position = "", False, last
        found += text_part(lines[position:], exercise, solving)
    return found


def text_part(lines: list[str], exercise: str, solution: bool) -> list[Part]:
    """Return a part of these lines; none if they are blank."""
    text = "\n".join(lines)
    return [Part("text", text, exercise, solution)] if text.strip() else []


# Student and solutions


def notebook(path: Path, book: Book, solutions: bool) -> NotebookNode:
    """Return the chapter at `path` as a notebook without outputs, with an empty answer or with solutions."""
    chapter = book.labels.chapters.get(path.stem)
    cells = [new_markdown_cell(introduction(chapter, book, solutions)), install_cell(book)]
    for part in parts(path):
        number = book.labels.number(part.exercise)
        if part.solution and not solutions:
            continue
        if part.kind == "text":
            cells += [new_markdown_cell(text)] if (text := plain(part.source, book.labels)) else []
        elif part.kind == "code":
            cells += code(part, book.labels)
        elif not solutions:
            cells.append(answer_cell(number, number in book.checked))
    return finish(cells)


def introduction(chapter: int | None, book: Book, solutions: bool) -> str:
    """Return the first cell: what this is, and how to run it."""
    what = f"Chapter {chapter}" if chapter else "A page"
    exercises = (
        "The solutions stand under the exercises."
        if solutions
        else "Under each exercise is a cell for your answer: put it in place of the three dots, and run the cell."
    )
    return (
        f"> **{what} of *{book.title}*, as a notebook{' with solutions' if solutions else ''}.**\n"
        "> Run the cells in order (Shift + Enter). The next cell installs the book's package, `netmod`, where it is "
        f"missing;\n> it needs Python 3.11 or newer. {exercises if chapter else ''}".rstrip()
    )


def install_cell(book: Book) -> NotebookNode:
    """Return a cell that installs what is missing, and says nothing where all is there."""
    elsewhere = f'"netmod @ git+{book.repository}"' if book.repository else "None"
    source = f"""\
        # Installs the book's package where it is missing; says nothing where it is there.
        import sys
        from importlib.util import find_spec
        from pathlib import Path

        if sys.platform == "emscripten":  # Python in the browser, where the site has the package
            %pip install -q netmod
        elif find_spec("netmod") is None or find_spec("netmod_check") is None:
            beside = sorted(map(str, Path().glob("netmod-*.whl")))
            netmod_source = beside[-1] if beside else {elsewhere}
            if netmod_source is None:
                raise SystemExit("Put {book.wheel} (“Package” in the menu of the page) beside this notebook.")
            %pip install -q "{{netmod_source}}"

        from netmod_check import check"""
    return new_code_cell(textwrap.dedent(source), metadata={"jupyter": {"source_hidden": True}})


def answer_cell(number: str, checked: bool) -> NotebookNode:
    """Return the place for an answer, with the call of its checker where there is one."""
    call = f'\n\ncheck("{number}", answer)' if checked else ""
    return new_code_cell(f"# Your answer to exercise {number}\nanswer = ...{call}")


def code(part: Part, labels: Labels) -> Iterator[NotebookNode]:
    """Yield a code cell without what only the book needs, and its caption."""
    assert part.cell is not None
    metadata = part.cell.metadata
    figure = metadata.get("mystnb", {}).get("figure", {})
    tags = set(metadata.get("tags", []))
    kept: dict[str, Any] = {"tags": ["raises-exception"]} if "raises-exception" in tags else {}
    if any(tag.startswith(("hide-", "remove-")) and tag.endswith(("-input", "-cell")) for tag in tags):
        kept["jupyter"] = {"source_hidden": True}
    yield new_code_cell(unmarked(part.source), metadata=kept)
    if figure.get("caption"):
        number = labels.number(figure.get("name", ""))
        yield new_markdown_cell(f"**Figure {number}.** {plain(figure['caption'].strip(), labels)}")


def unmarked(source: str) -> str:
    """Return the source of a cell without the marker of the tests."""
    return source.strip().removeprefix(CHECK_MARKER).lstrip("\n")


def finish(cells: list[NotebookNode], **metadata: Any) -> NotebookNode:
    """Return a valid notebook of `cells`, the same on every run."""
    for position, cell in enumerate(cells):
        cell["id"] = f"cell-{position}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}, **metadata})
    nbformat.validate(made)
    return made


# Graded

GRADER_CONFIG = '''\
"""Settings for nbgrader: run its commands in this folder. The assignments are the folders of source/."""

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "netmod"
c.ClearSolutions.code_stub = {"python": "answer = ..."}
c.ClearSolutions.enforce_metadata = True
c.ExecutePreprocessor.timeout = 600
'''
GRADER_README = """\
# Graded exercises

One assignment a chapter, in the format of nbgrader, which JupyterHub courses use. Every exercise with a number, an
array or a function as its answer counts {points} points; what students get has neither solutions nor tests.

    pip install nbgrader {wheel}
    nbgrader generate_assignment ch01     # release/ch01 goes to the students
    nbgrader autograde ch01               # after collecting into submitted/NAME/ch01
    nbgrader export                       # grades.csv

The students' machines need `{wheel}` too. What marks an answer is the checker that the student calls, `netmod_check`;
it computes the right answer and does not hold it.
"""


def graded(path: Path, book: Book) -> NotebookNode | None:
    """Return the exercises of the chapter at `path` that have a checker as an assignment; None if none has."""
    found = parts(path)
    numbers = {part.exercise: book.labels.number(part.exercise) for part in found if part.kind == "answer"}
    numbers = {label: number for label, number in numbers.items() if number in book.checked}
    solved = {label: reference(found, label, number) for label, number in numbers.items()}
    numbers = {label: number for label, number in numbers.items() if solved[label]}
    if not numbers:
        return None
    chapter = book.labels.chapters[path.stem]
    title = f"# Exercises of chapter {chapter}: {book.labels.titles[path.stem]}\n\nFrom *{book.title}*."
    cells = [locked(new_markdown_cell(title), "title"), locked(install_cell(book), "install")]
    before = context(found, [solved[label] for label in numbers])
    cells += [locked(new_code_cell(unmarked(part.source)), f"context-{i}") for i, part in enumerate(before)]
    for label, number in numbers.items():
        name = number.replace(".", "-")
        asked = [part for part in found if part.exercise == label and not part.solution]
        for i, part in enumerate(asked):
            if part.kind == "text":
                cells.append(locked(new_markdown_cell(plain(part.source, book.labels)), f"exercise-{name}-{i}"))
            elif part.kind == "code":
                cells.append(locked(new_code_cell(unmarked(part.source)), f"exercise-{name}-{i}"))
        solution = f"# Your answer to exercise {number}\n### BEGIN SOLUTION\n{solved[label]}\n### END SOLUTION"
        cells.append(nbgrader(new_code_cell(solution), f"answer-{name}", solution=True))
        test = (
            f'check("{number}", answer)\n### BEGIN HIDDEN TESTS\nfrom netmod_check import message\n\n'
            f'assert message("{number}", answer) == "Correct.", message("{number}", answer)\n### END HIDDEN TESTS'
        )
        cells.append(nbgrader(new_code_cell(test), f"test-{name}", grade=True, locked=True, points=POINTS))
    return finish(cells)


def nbgrader(cell: NotebookNode, grade_id: str, **kind: Any) -> NotebookNode:
    """Give `cell` the metadata that nbgrader reads."""
    plainly = {"schema_version": 3, "grade_id": grade_id, "grade": False, "solution": False, "locked": False}
    cell.metadata["nbgrader"] = {**plainly, "task": False, **kind}
    return cell


def locked(cell: NotebookNode, grade_id: str) -> NotebookNode:
    """Make `cell` one that nbgrader puts back if a student changes it."""
    cell.metadata.pop("jupyter", None)
    return nbgrader(cell, grade_id, locked=True)


def reference(found: list[Part], label: str, number: str) -> str:
    """Return the code of the solution of an exercise, with ``answer = …`` for the call of its checker; "" without."""
    own = [p for p in found if p.exercise == label and p.solution and p.kind == "code" and not is_figure(p)]
    blocks = []
    answered = False
    for part in own:
        lines = unmarked(part.source).split("\n")
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and checks(node.value, number):
                answered = True
                answer = f"{' ' * node.col_offset}answer = {ast.unparse(node.value.args[1])}"
                rest = ["\0"] * ((node.end_lineno or node.lineno) - node.lineno)
                lines[node.lineno - 1 : node.end_lineno] = [answer, *rest]
        blocks.append("\n".join(line for line in lines if line != "\0").strip())
    return "\n\n".join(blocks) if answered else ""


def checks(call: ast.Call, number: str) -> bool:
    """Return whether `call` is ``check("number", …)``."""
    return (
        isinstance(call.func, ast.Name)
        and call.func.id == "check"
        and len(call.args) == 2
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == number
    )


def is_figure(part: Part) -> bool:
    """Return whether a code cell draws a figure of the book."""
    return bool(part.cell and part.cell.metadata.get("mystnb", {}).get("figure"))


def context(found: list[Part], solutions: Iterable[str]) -> list[Part]:
    """Return the cells of a chapter, solutions apart, that define what the solutions use."""
    needed: set[str] = set().union(*(names(source)[0] for source in solutions))
    kept = []
    for part in reversed(found):
        if part.kind == "code" and not part.solution and not part.exercise:
            used, defined = names(unmarked(part.source))
            if defined & needed:
                kept.append(part)
                needed = (needed - defined) | used
    return kept[::-1]


def names(source: str) -> tuple[set[str], set[str]]:
    """Return the names that `source` takes from cells before it, and those it defines."""
    table = symtable.symtable(source, "cell", "exec")
    assigned = {s.get_name() for s in table.get_symbols() if s.is_assigned() and not s.is_imported()}
    defined = assigned | {s.get_name() for s in table.get_symbols() if s.is_imported()}
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()} | globals_in(table)
    taken = {name for name in assigned if takes_first(source, name)}
    return (used - defined - set(dir(builtins))) | taken, defined


def globals_in(table: symtable.SymbolTable) -> set[str]:
    """Return the names of the cell's own level that the functions and comprehensions inside it use."""
    found: set[str] = set()
    for child in table.get_children():
        found |= {s.get_name() for s in child.get_symbols() if s.is_global() and s.is_referenced()} | globals_in(
            child
        )
    return found


def takes_first(source: str, name: str) -> bool:
    """Return whether the first statement of `source` that has `name` needs its value: ``x = x + 1``, ``x += 1``."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return False
        found = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
        if found:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            inside = {id(n) for n in ast.walk(value)} if value else set()
            return isinstance(node, ast.AugAssign | ast.Expr) or any(id(n) in inside for n in found)
    return False


# All of them


def write(book: Book, out: Path) -> list[Path]:
    """Write all editions into `out`, replacing what an earlier run left there; return the files."""
    for edition in ("student", "solutions", "graded"):
        shutil.rmtree(out / edition, ignore_errors=True)
        (out / edition).mkdir(parents=True)
    written = []
    for path in book.pages():
        for edition in ("student", "solutions"):
            file = out / edition / f"{path.stem}.ipynb"
            nbformat.write(notebook(path, book, edition == "solutions"), file)
            written.append(file)
        assignment = graded(path, book) if path.stem in book.labels.chapters else None
        if assignment is not None:
            folder = out / "graded" / "source" / f"ch{book.labels.chapters[path.stem]:02d}"
            folder.mkdir(parents=True)
            nbformat.write(assignment, folder / f"{path.stem}.ipynb")
            written.append(folder / f"{path.stem}.ipynb")
    wheel = make_wheel(book.root, out / "student")
    for edition in ("solutions", "graded"):
        shutil.copy(wheel, out / edition)
    (out / "student" / "requirements.txt").write_text(f"./{wheel.name}\njupyterlab\n", encoding="utf-8")  # for Binder
    readme = GRADER_README.format(points=POINTS, wheel=wheel.name)
    (out / "graded" / "README.md").write_text(readme, encoding="utf-8")
    (out / "graded" / "nbgrader_config.py").write_text(GRADER_CONFIG, encoding="utf-8")
    return written


def keep(made: Path, own: Path) -> Path:
    """Copy the students' notebooks that `own` lacks into it, and return it: answers are never written over."""
    own.mkdir(exist_ok=True)
    for file in sorted(made.iterdir()):
        if not (own / file.name).exists():
            shutil.copy(file, own)
    return own


def main(*options: str) -> int:
    """Write all editions and say where they are; with ``--own``, put the students' into my-notebooks/ too."""
    out = ROOT / "_build" / "notebooks"
    written = write(Book(), out)
    if "--own" in options:
        print(f"Your own copies, which are never written over: {keep(out / 'student', ROOT / 'my-notebooks')}")
        return 0
    for edition in ("student", "solutions", "graded"):
        count = sum(re.match(edition, file.relative_to(out).as_posix()) is not None for file in written)
        print(f"{out / edition}: {count} notebooks, and the package")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
