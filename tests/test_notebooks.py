"""What runs the chapters catches what it should: a changed constant, a missing reference, a warning, an error."""

import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from book._ext import chapters
from tests import notebooks
from tests.notebooks import HEADER, ROOT

pytestmark = pytest.mark.slow
START = (
    HEADER
    + """\
# A small chapter

"""
)


def chapter(*cells: str) -> str:
    return START + "\n\n".join(f"```{{code-cell}} ipython3\n{cell}\n```" for cell in cells) + "\n"


GOOD = chapter(
    "import numpy as np\nfrom netmod.lif import LIF",
    "# NBVAL_CHECK_OUTPUT\nneuron = LIF()\nE = np.array([12.0, 20.0])\n"
    "print(neuron.tau_ref + neuron.tau * np.log(E / (E - 10)))",
    "# NBVAL_CHECK_OUTPUT\nneuron.v_th - neuron.v_r",
    "print(np.random.default_rng().random())",
    "# NBVAL_CHECK_OUTPUT\nneuron.v_th - neuron.v_r",
)
SOLUTION = """
```{solution-start} ex-small
:class: dropdown
```

```{code-cell} ipython3
# NBVAL_CHECK_OUTPUT
print("in a solution", LIF().tau)
```

```{solution-end}
```
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the package and of what runs chapters, with chapters of its own, at a path with a space."""
    root = tmp_path_factory.mktemp("a project")
    shutil.copytree(ROOT / "netmod", root / "netmod", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tests/__init__.py", "tests/notebooks.py", "tests/bless.py", "book/conftest.py"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "book" / "_ext").mkdir()
    for name in ("__init__.py", "chapters.py", "myst.py"):
        shutil.copy(ROOT / "book" / "_ext" / name, root / "book" / "_ext")
    (root / "book" / "01-good.md").write_text(GOOD + SOLUTION, encoding="utf-8")
    (root / "book" / "index.md").write_text("# Not a chapter\n", encoding="utf-8")

    def python(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    code, said = python("tests.bless", "01")
    assert code == 0, said
    return SimpleNamespace(root=root, python=python, blessed=said, neuron=root / "netmod" / "lif" / "neuron.py")


def run(project, *names):
    return project.python(
        "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "--continue-on-collection-errors", *names
    )


def test_an_unchanged_chapter_passes_and_a_changed_constant_is_caught(project):
    code, said = run(project, "book")
    assert code == 0, said
    assert "6 passed" in said
    original = project.neuron.read_text(encoding="utf-8")
    assert original.count("tau: Parameter = 20.0") == 1
    project.neuron.write_text(original.replace("tau: Parameter = 20.0", "tau: Parameter = 21.0"), encoding="utf-8")
    try:
        code, said = run(project, "book/01-good.md")
    finally:
        project.neuron.write_text(original, encoding="utf-8")
    assert code == 1, said
    assert "'[37.83518938 15.86294361]' == '[39.62694885 16.55609079]'" in said
    assert "'in a solution 20.0' == 'in a solution 21.0'" in said
    assert "2 failed, 4 passed" in said


def test_bad_chapters_fail_and_say_why(project):
    book = project.root / "book"
    bad = {
        "02-new.md": chapter("# NBVAL_CHECK_OUTPUT\nprint('never', 'blessed')"),
        "03-warns.md": chapter("import warnings\nwarnings.warn('too large')"),
        "04-raises.md": chapter("x = 1", "raise ValueError('no such thing')"),
        "06-bare.md": chapter("import matplotlib.pyplot as plt\nplt.plot([1])"),
        "05-nested.md": START + "````{note}\n```{code-cell}\n1 + 1\n```\n````\n",
    }
    for name, text in bad.items():
        (book / name).write_text(text, encoding="utf-8")
    try:
        code, said = run(project, *(f"book/{name}" for name in bad))
        blessed, refusal = project.python("tests.bless", "04")
    finally:
        for name in bad:
            (book / name).unlink()
    assert blessed == 1
    assert "04-raises: not blessed, a cell failed" in refusal
    assert not (project.root / "tests" / "outputs" / "04-raises.json").exists()
    assert code != 0
    assert "02-new.md:14: no reference output for this cell" in said
    assert "make bless CHAPTER=02" in said
    assert "never blessed" in said
    assert "03-warns.md:14: the cell warns" in said
    assert "too large" in said
    assert "ValueError" in said
    assert "no such thing" in said
    assert "06-bare.md:14: the cell shows a figure without a name" in said
    assert "05-nested.md: 1 code-cell fences but 0 cells" in said


def test_bless_shows_what_it_wrote_and_then_that_nothing_changed(project):
    assert '+   "[37.83518938 15.86294361]"' in project.blessed
    stored = json.loads((project.root / "tests" / "outputs" / "01-good.json").read_text(encoding="utf-8"))
    assert [entry["output"] for entry in stored][1:] == [["10.0"], ["10.0"], ["in a solution 20.0"]]
    assert stored[2]["cell"] == f"{stored[1]['cell']}-2"
    code, said = project.python("tests.bless")
    assert code == 0
    assert "01-good: unchanged" in said


def test_a_reference_belongs_to_the_source_of_its_cell():
    assert notebooks.key("a = 1\nb = 2") == notebooks.key("\na = 1  \nb = 2\n")
    assert notebooks.key("a = 1") != notebooks.key("a = 2")


def test_only_text_is_compared():
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "one\n"},
        {"output_type": "stream", "name": "stderr", "text": "noise\n"},
        {
            "output_type": "display_data",
            "data": {"text/plain": "<Figure>", "image/svg+xml": "<svg/>"},
            "metadata": {},
        },
        {"output_type": "execute_result", "data": {"text/plain": "2.5"}, "metadata": {}},
    ]
    assert notebooks.text_of([notebooks.NotebookNode(o) for o in outputs]) == "one\n2.5"


def test_chapters_are_chosen_by_number_name_or_path(tmp_path):
    for name in ("02-b.md", "01-a.md", "index.md", "notes.md"):
        (tmp_path / name).write_text("" if name == "notes.md" else GOOD, encoding="utf-8")
    assert [p.name for p in chapters.select((), tmp_path)] == ["01-a.md", "02-b.md", "index.md"]
    for name in ("02", "02-b", "book/02-b.md"):
        assert [p.name for p in chapters.select([name], tmp_path)] == ["02-b.md"]
    with pytest.raises(SystemExit, match="no chapter '03'"):
        chapters.select(["03"], tmp_path)


@pytest.mark.parametrize("path", sorted(notebooks.OUTPUTS.glob("*.json")), ids=lambda path: path.stem)
def test_no_reference_is_left_over(path):
    source = chapters.BOOK / f"{path.stem}.md"
    assert source.exists(), f"{path.name} belongs to no chapter: make bless"
    marked = [cell for cell in chapters.code_cells(chapters.read(source)) if notebooks.is_marked(cell)]
    stale = set(notebooks.load(source)) - set(notebooks.keys(marked))
    assert not stale, f"references of cells that are gone or were edited: make bless CHAPTER={notebooks.number(path)}"
