"""The notebooks: plain, no solution where there must be none, running with the wheel alone, graded as they say.

No chapter's page has to be built for them. The students' notebooks are run in an environment that has the wheel, its
dependencies and a kernel, and nothing else; the graded ones by nbgrader itself (``make grader``).
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from book._ext import chapters, editions, myst
from book._ext.plain import plain
from tests.notebooks import HEADER, ROOT

BOOK = editions.Book(ROOT)
PAGES = BOOK.pages()
GRADER = ROOT / ".venv-grader" / "bin" / "python"
MYST = re.compile(
    r"\{[a-z][\w:-]*\}`|^[ >]*(`{3,}|:{3,})\{|^[ >]*:[a-z-]+:( |$)|^\([\w:-]+\)=$|\]\(#|NBVAL|mystnb|jupytext", re.M
)

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of all editions."""
    out = tmp_path_factory.mktemp("all notebooks")
    editions.write(BOOK, out)
    return out


def source(path: Path) -> str:
    return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


# What they hold


@each_page
@pytest.mark.parametrize("edition", ["student", "solutions"])
def test_a_notebook_is_valid_plain_and_without_outputs(made, edition, path):
    notebook = nbformat.read(made / edition / f"{path.stem}.ipynb", as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not MYST.search(cell.source), f"{MYST.search(cell.source)[0]!r} in {cell.source[:300]}"
        assert not cell.get("outputs")
        assert set(cell.metadata) <= {"jupyter", "tags"}
    assert "%pip install" in notebook.cells[1].source


def solution_lines(path: Path) -> set[str]:
    """Return the lines of all solutions of a page, as they stand in it and as plain Markdown has them."""
    page = myst.read(path)
    lines: list[str] = []
    ends = [d.line for d in page.directives if d.name == "solution-end"]
    for start in (d for d in page.directives if d.name == "solution-start"):
        inside = page.lines[start.last : min(end for end in ends if end > start.line) - 1]
        lines += inside
        lines += plain("\n".join(inside), BOOK.labels).split("\n")
    lines += [line for d in page.directives if d.name == "solution" for line in d.content.split("\n")]
    return {line.strip(" >") for line in lines}


@each_page
def test_no_line_of_a_solution_is_in_the_students_notebook(made, path):
    lines = solution_lines(path)
    open_text = "\n".join(part.source for part in editions.parts(path) if not part.solution)
    told = {line.strip(" >") for line in [*open_text.split("\n"), *plain(open_text, BOOK.labels).split("\n")]}
    told |= {f'check("{number}", answer)' for number in BOOK.checked}  # which every answer cell ends with
    told |= set(editions.install_cell(BOOK).source.split("\n"))  # and the first cell imports what calls it
    student = json.dumps(nbformat.read(made / "student" / f"{path.stem}.ipynb", as_version=4), ensure_ascii=False)
    leaked = [
        line
        for line in lines
        if len(re.sub(r"\W", "", line)) > 5
        and line not in told
        and json.dumps(line, ensure_ascii=False)[1:-1] in student
    ]
    # a short line can be part of a longer one that stands in the open
    leaked = [line for line in leaked if not any(line in other for other in told)]
    assert leaked == []
    solutions = source(made / "solutions" / f"{path.stem}.ipynb")
    code = [part.source for part in editions.parts(path) if part.solution and part.kind == "code"]
    assert all(editions.unmarked(text) in solutions for text in code)


@each_page
def test_every_exercise_has_a_place_for_its_answer_and_its_checker(made, path):
    student = nbformat.read(made / "student" / f"{path.stem}.ipynb", as_version=4)
    answers = [cell.source for cell in student.cells if cell.source.startswith("# Your answer to exercise ")]
    asked = [d.label for d in myst.read(path).directives if d.name in ("exercise", "exercise-start")]
    assert len(answers) == len(asked)
    for answer, label in zip(answers, asked, strict=True):
        number = BOOK.labels.number(label)
        assert answer.startswith(f"# Your answer to exercise {number}\nanswer = ...")
        assert (f'check("{number}", answer)' in answer) is (number in BOOK.checked)


SMALL = (
    HEADER
    + """\
# Small

```{code-cell} ipython3
x = 1
```

```{exercise-start}
:label: ex-a
```
First text.

```{code-cell} ipython3
given = 2
```
Second text.
```{exercise-end}
```

```{solution-start} ex-a
:class: dropdown
```
Secret words.

```{code-cell} ipython3
# NBVAL_CHECK_OUTPUT
secret = 3
check("1.1", secret + x)
```
```{solution-end}
```

```{exercise} Title
:label: ex-b
Third text.
```

````{solution} ex-b
More secret words.
````

The end.
"""
)


def test_a_page_is_taken_apart_at_its_exercises_and_solutions(tmp_path):
    path = tmp_path / "01-small.md"
    path.write_text(SMALL, encoding="utf-8")
    found = [(p.kind, p.exercise, p.solution) for p in editions.parts(path)]
    assert found == [
        ("text", "", False),
        ("code", "", False),
        ("text", "ex-a", False),
        ("code", "ex-a", False),
        ("text", "ex-a", False),
        ("answer", "ex-a", False),
        ("text", "ex-a", True),
        ("code", "ex-a", True),
        ("text", "ex-a", True),
        ("text", "ex-b", False),
        ("answer", "ex-b", False),
        ("text", "ex-b", True),
        ("text", "", False),
    ]
    assert editions.reference(editions.parts(path), "ex-a", "1.1") == "secret = 3\nanswer = secret + x"
    assert editions.reference(editions.parts(path), "ex-b", "1.2") == ""


@pytest.mark.parametrize(
    ("code", "used", "defined"),
    [
        ("import numpy as np\ny = np.exp(x)", {"x"}, {"np", "y"}),
        ("for t in times:\n    print(t, other)", {"times", "other"}, {"t"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("x += 1", {"x"}, {"x"}),
        ("def f(a):\n    return a + b\n\nc = f(1)", {"b"}, {"c", "f"}),
        ("z = [q * w for q in range(3)]", {"w"}, {"z"}),
        ("a, b = 1, 2\nprint(a + b)", set(), {"a", "b"}),
    ],
)
def test_what_a_cell_takes_and_gives(code, used, defined):
    assert editions.names(code) == (used, defined)


def test_the_first_cell_installs_the_wheel_beside_it_and_else_says_where_it_is(tmp_path, monkeypatch):
    made = []

    def run(find, cell, platform="linux"):
        text = cell.source.replace('%pip install -q "{netmod_source}"', "pip(netmod_source)")
        text = text.replace("%pip install -q netmod", "pip('netmod, from the site')")
        for line in ("import sys", "from importlib.util import find_spec", "from netmod_check import check"):
            assert line in text
            text = text.replace(line, "")
        exec(text, {"find_spec": find, "pip": made.append, "sys": SimpleNamespace(platform=platform)})

    monkeypatch.chdir(tmp_path)
    there, missing = (lambda name: name), (lambda name: None)
    run(there, editions.install_cell(BOOK))
    assert made == []
    monkeypatch.setattr(BOOK, "repository", "")
    with pytest.raises(SystemExit, match=r"Put netmod-0.1.0-py3-none-any.whl .* beside this notebook"):
        run(missing, editions.install_cell(BOOK))
    monkeypatch.setattr(BOOK, "repository", "https://example.org/netmod")
    run(missing, editions.install_cell(BOOK))
    assert made == ["netmod @ git+https://example.org/netmod"]
    (tmp_path / BOOK.wheel).touch()
    run(missing, editions.install_cell(BOOK))
    assert made[1] == BOOK.wheel
    run(missing, editions.install_cell(BOOK), "emscripten")
    assert made[2] == "netmod, from the site"


def test_copies_of_ones_own_are_never_written_over(made, tmp_path):
    own = editions.keep(made / "student", tmp_path / "own")
    first = own / f"{PAGES[0].stem}.ipynb"
    first.write_text("my answers", encoding="utf-8")
    (own / BOOK.wheel).unlink()
    editions.keep(made / "student", own)
    assert first.read_text(encoding="utf-8") == "my answers"
    assert (own / BOOK.wheel).exists()


# The students' notebooks, with the wheel alone


@pytest.fixture(scope="module")
def alone(made, tmp_path_factory):
    """The name of a kernel that has the wheel, its dependencies and nothing else, and where kernels are found."""
    root = tmp_path_factory.mktemp("alone")
    python = root / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = [sys.executable, "-m", "uv"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    wheel, lock = made / "student" / BOOK.wheel, ROOT / "requirements" / "lab.txt"
    commands = (
        [*uv, "venv", "-q", "--python", sys.executable, root / "venv"],
        [*uv, "pip", "install", "-q", "--python", python, wheel, "ipykernel", "-c", lock],
    )
    for command in commands:
        done = subprocess.run(list(map(str, command)), env=environment, text=True, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no environment with the wheel alone can be made here: {done.stderr.strip()[-300:]}")
    spec = root / "kernels" / "alone"
    spec.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "alone", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    return root


@pytest.mark.slow
@each_page
def test_a_students_notebook_runs_to_its_end_with_the_wheel_alone(made, alone, path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(alone))
    chapters.prepare_environment()
    notebook = nbformat.read(made / "student" / f"{path.stem}.ipynb", as_version=4)
    where = 'import netmod, sys\nprint(netmod.__file__, "playwright" in sys.modules)'
    notebook.cells.append(nbformat.v4.new_code_cell(where))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    client = NotebookClient(
        notebook,
        timeout=chapters.CELL_TIMEOUT,
        kernel_name="alone",
        resources={"metadata": {"path": str(made / "student")}},
    )
    client.execute(env=environment)
    printed = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert str(alone / "venv") in printed
    assert "Correct" not in printed
    calls = "".join(cell.source for cell in notebook.cells).count('\ncheck("')
    assert printed.count("Put your answer in place of the three dots.") == calls


# The graded ones, by nbgrader itself

ASSIGNMENTS = [path for path in PAGES if path.stem in BOOK.labels.chapters and editions.graded(path, BOOK)]


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_an_assignment_has_every_exercise_that_a_checker_marks(path):
    notebook = editions.graded(path, BOOK)
    chapter = BOOK.labels.chapters[path.stem]
    wanted = {number for number in BOOK.checked if number.split(".")[0] == str(chapter)}
    kinds = {kind: [c for c in notebook.cells if c.metadata.nbgrader[kind]] for kind in ("solution", "grade")}
    for kind, name in (("solution", "answer"), ("grade", "test")):
        found = {cell.metadata.nbgrader.grade_id for cell in kinds[kind]}
        assert found == {f"{name}-{number.replace('.', '-')}" for number in wanted}
    assert all(cell.metadata.nbgrader.locked for cell in notebook.cells if not cell.metadata.nbgrader.solution)
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def inside(cell):
    """Return the code between the marks of a solution."""
    return re.search(r"### BEGIN SOLUTION\n(.*?)\n### END SOLUTION", cell.source, re.S)[1]


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_an_assignment_needs_nothing_that_it_does_not_hold(path):
    defined: set[str] = set()
    for cell in editions.graded(path, BOOK).cells:
        if cell.cell_type == "code":
            source = re.sub(r"^ *%.*", "", cell.source.replace("    %pip", "    pass  #"), flags=re.M)
            used, new = editions.names(source)
            assert used <= defined, f"{sorted(used - defined)} in {cell.metadata.nbgrader.grade_id}"
            defined |= new


# Half a minute a chapter: two of them are enough to see that the format is right. NETMOD_GRADE_ALL=1 tries all.
GRADED = ASSIGNMENTS if os.environ.get("NETMOD_GRADE_ALL") else ASSIGNMENTS[:1] + ASSIGNMENTS[1:][-1:]


@pytest.mark.slow
@pytest.mark.parametrize("path", GRADED, ids=lambda path: path.stem)
def test_nbgrader_gives_the_solutions_full_marks_the_empty_set_none_and_takes_each_planted_fault(
    path, made, tmp_path
):
    if not GRADER.exists():
        pytest.skip("nbgrader's environment is not set up: make grader")
    name = f"ch{BOOK.labels.chapters[path.stem]:02d}"
    course = tmp_path / "course"
    shutil.copytree(made / "graded", course)
    for other in (course / "source").iterdir():
        if other.name != name:
            shutil.rmtree(other)
    package = tmp_path / "package"
    shutil.unpack_archive(made / "graded" / BOOK.wheel, package, "zip")

    environment = {**os.environ, "PYTHONPATH": str(package), "MPLBACKEND": "Agg", "JUPYTER_PREFER_ENV_PATH": "1"}
    environment["PATH"] = os.pathsep.join([str(GRADER.parent), os.environ["PATH"]])  # it calls its own alembic

    def nbgrader(*arguments):
        done = subprocess.run(
            [str(GRADER), "-m", "nbgrader", *arguments],
            cwd=course,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

    nbgrader("generate_assignment", name, "--create")
    original = nbformat.read(course / "source" / name / f"{path.stem}.ipynb", as_version=4)
    released = course / "release" / name / f"{path.stem}.ipynb"
    text = source(released)
    assert "BEGIN" not in text
    assert "HIDDEN" not in text
    assert "message(" not in text
    for cell in original.cells:
        if cell.metadata.nbgrader.solution:
            assert max(inside(cell).split("\n"), key=len) not in text
    asked = [c.metadata.nbgrader.grade_id for c in original.cells if c.metadata.nbgrader.solution]
    planted = asked[:3]
    for student in ("reference", "empty", "wrong"):
        notebook = nbformat.read(released, as_version=4)
        for cell, full in zip(notebook.cells, original.cells, strict=True):
            if full.metadata.nbgrader.solution and student != "empty":
                wrong = student == "wrong" and full.metadata.nbgrader.grade_id in planted
                cell.source = inside(full) + ("\nanswer = -12345.678" if wrong else "")
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{path.stem}.ipynb")
    nbgrader("autograde", name, "--create")
    nbgrader("export")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    scores = {student: float(row["raw_score"]) for student, row in rows.items()}
    most = float(rows["reference"]["max_score"])
    assert most == editions.POINTS * len(asked)
    assert scores == {"reference": most, "empty": 0.0, "wrong": most - editions.POINTS * len(planted)}
