"""The build does what it promises, on a tiny book in a folder with spaces in its name, through the real Makefile."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

import netmod
from book._ext import build, netmod_book
from book._ext.plain import plain
from tests.notebooks import HEADER, ROOT

CHAPTER = (
    HEADER
    + r"""
(ch-tiny)=
# A tiny chapter

See {numref}`fig-line`, {eq}`eq-rate`, {prf:ref}`thm-one` and {cite:t}`Siegert1951`; also {cite}`Siegert1951`.

$$
r = 1
$$ (eq-rate)

```{admonition} Think
:class: think
What is $r$?
```

```{prf:theorem} One
:label: thm-one
There is one $r$.
```

```{code-cell} ipython3
# NBVAL_CHECK_OUTPUT
import os
from pathlib import Path

import netmod
from netmod_check import check

with Path(os.environ["RUNS"]).open("a") as runs:
    runs.write("run\n")
print(f"rate {netmod.RATE:.1f} Hz")
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line going up.
  figure:
    name: fig-line
    caption: |
      **A line.** It goes up, see {eq}`eq-rate`.
---
import matplotlib.pyplot as plt

plt.plot([1, 2]);
```

```{exercise-start} First
:label: ex-tiny
```
Compute $r$.
```{exercise-end}
```

```{solution-start} ex-tiny
:class: dropdown
```
It is one.

```{code-cell} ipython3
answer = 1
check("1.1", answer)
```

```{solution-end}
```
"""
)
BIBLIOGRAPHY = """
@article{Siegert1951,
  author = {Siegert, Arnold J. F.},
  title = {On the first passage time probability problem},
  journal = {Physical Review},
  year = {1951},
}
"""
CHECKER = '''"""Tiny."""

from netmod_check import Hint


def exercise_1(answer):
    """One."""
    if answer != 1:
        raise Hint("Count again.")
'''
TOC = """
format: jb-book
root: book/index
parts:
  - caption: The chapters
    numbered: true
    chapters:
      - file: book/01-tiny
      - file: book/02-next
"""
NEXT = (
    HEADER
    + """
(ch-next)=
# Another chapter

```{code-cell} ipython3
print("next")
```
"""
)
INDEX = "# A tiny book\n\nStart with {ref}`ch-tiny`.\n\n```{bibliography}\n```\n"

pytestmark = pytest.mark.slow
ALONE = {"MAKEFLAGS": "", "MAKELEVEL": "0"}  # a make that does not know that another one started it


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book of one chapter with a package of its own, and ways to build it, count its runs and read its page."""
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    root = tmp_path_factory.mktemp("tiny") / "a book"
    shutil.copytree(ROOT / "netmod", root / "netmod", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "Makefile", "pyproject.toml", "LICENSE", "requirements/book.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for name in ("_ext", "_static"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".venv").symlink_to(sys.prefix)
    (root / "README.md").write_text("# A tiny book\n")
    (root / "_toc.yml").write_text(TOC)
    (root / "book" / "index.md").write_text(INDEX)
    (root / "book" / "references.bib").write_text(BIBLIOGRAPHY)
    (root / "book" / "01-tiny.md").write_text(CHAPTER)
    (root / "book" / "02-next.md").write_text(NEXT)
    (root / "book" / "changelog.md").write_text("# Changes\n\n## 0.1.0 (2026-11-25)\n\nThe first edition.\n")
    with (root / "netmod" / "__init__.py").open("a") as package:
        package.write("\nRATE = 14.0\n")
    shutil.copytree(ROOT / "netmod_check", root / "netmod_check", ignore=shutil.ignore_patterns("chapter*", "__py*"))
    (root / "netmod_check" / "chapter01.py").write_text(CHECKER)
    runs = root / "runs.txt"
    runs.write_text("")
    environment = {**os.environ, "PYTHONPATH": str(root), "RUNS": str(runs)} | ALONE

    def build() -> subprocess.CompletedProcess[str]:
        # -o: the environment is the one that this test runs in, whatever the age of its stamp
        command = ["make", "-o", ".venv/.stamp", "-o", "setup", "book"]
        return subprocess.run(command, cwd=root, env=environment, text=True, capture_output=True, timeout=300)

    first = build()
    assert first.returncode == 0, first.stdout + first.stderr
    return SimpleNamespace(
        root=root,
        build=build,
        first=first,
        environment=environment,
        page=lambda: (root / "_build" / "html" / "book" / "01-tiny.html").read_text(encoding="utf-8"),
        runs=lambda: len(runs.read_text().splitlines()),
    )


def test_the_last_line_names_the_page_to_open(book):
    last = book.first.stdout.strip().splitlines()[-1]
    assert last == f"Open this page: {book.root / '_build' / 'html' / 'index.html'}"
    assert (book.root / "_build" / "html" / "index.html").exists()


def test_chapters_are_run_side_by_side_and_each_once(book):
    said = book.first.stdout
    assert "ran 01-tiny.md" in said
    assert "ran 02-next.md" in said
    assert "could not run" not in said
    assert book.runs() == 1


def test_a_page_has_numbers_references_and_no_marker(book):
    page = book.page()
    text = re.sub(r"<[^>]+>", "", page)
    assert "rate 14.0 Hz" in text
    for wanted in ("Figure 1.1", "(1.1)", "Theorem 1.1", "Siegert (1951)", "(Siegert, 1951)", "Exercise 1.1"):
        assert wanted in text, wanted
    assert "NBVAL" not in page
    assert 'class="cell checked' in page or re.search(r'class="[^"]*\bchecked\b', page)
    assert 'alt="A line going up."' in page


def test_nothing_on_a_page_is_loaded_from_another_host(book):
    loads = re.compile(
        r"""<(?:script|img|iframe|source)[^>]*\bsrc=["'](?:https?:)?//|<link[^>]*\bhref=["'](?:https?:)?//"""
    )
    pages = sorted((book.root / "_build" / "html").rglob("*.html"))
    assert len(pages) > 3
    assert not [page.name for page in pages if loads.search(page.read_text(encoding="utf-8"))]
    assert "unpkg" not in book.page()


def test_notebooks_and_package_are_offered_in_words_and_download(book):
    site = book.root / "_build" / "html"
    menu = re.findall(r'<a href="([^"]+)" download="([^"]+)".*?btn__text-container">([^<]+)<', book.page(), re.S)
    assert [(name, words) for _, name, words in menu] == [
        ("01-tiny.ipynb", "Notebook"),
        ("01-tiny-solutions.ipynb", "Notebook with solutions"),
        ("netmod-0.1.0-py3-none-any.whl", "Package"),
        ("01-tiny.md", "Text"),
    ]
    for link, *_ in menu:
        assert (site / "book" / link).resolve().is_file(), link


def test_a_downloaded_notebook_is_plain_and_runs_with_the_wheel_alone(book, tmp_path, monkeypatch):
    folder = book.root / "_build" / "html" / "_downloads"
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:  # a kernel that finds the package as the wheel has it
        archive.extractall(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs.txt"))
    for edition, solved in (("student", False), ("solutions", True)):
        notebook = nbformat.read(folder / edition / "01-tiny.ipynb", as_version=4)
        nbformat.validate(notebook)
        text = "\n".join(cell.source for cell in notebook.cells)
        for wanted in (
            "Figure 1.1",
            "\\tag{1.1}",
            "Theorem 1.1 (One)",
            "Siegert (1951)",
            "(Siegert, 1951)",
            "Exercise 1.1",
        ):
            assert wanted in text, wanted
        assert ("It is one" in text) is solved
        assert ('answer = ...\n\ncheck("1.1", answer)' in text) is not solved
        assert all(not cell.get("outputs") for cell in notebook.cells)
        notebook.cells.append(nbformat.v4.new_code_cell("print(netmod.__file__)"))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        printed = str([cell.get("outputs") for cell in notebook.cells])
        assert "rate 14.0 Hz" in printed
        assert ("Correct." in printed) is solved
        assert str(tmp_path / "installed") in notebook.cells[-1].outputs[0].text


def test_an_unchanged_book_is_not_run_again(book):
    before = book.runs()
    assert before >= 1
    assert book.build().returncode == 0
    assert book.runs() == before


def test_new_prose_is_read_and_nothing_is_run(book):
    before, chapter = book.runs(), book.root / "book" / "01-tiny.md"
    chapter.write_text(CHAPTER.replace("What is $r$?", "What may $r$ be?"))
    assert book.build().returncode == 0
    assert "What may" in book.page()
    assert book.runs() == before


def test_a_changed_constant_in_the_package_changes_the_page(book):
    before, module = book.runs(), book.root / "netmod" / "__init__.py"
    module.write_text(module.read_text().replace("RATE = 14.0", "RATE = 15.5"))
    assert book.build().returncode == 0
    assert "rate 15.5 Hz" in book.page()
    assert "rate 14.0 Hz" not in book.page()
    assert book.runs() == before + 1


def test_links_to_the_repository_are_there_if_it_is_named_and_only_then(book):
    config = book.root / "_config.yml"
    before = config.read_text()
    assert "edit/main" not in book.page()
    config.write_text(before.replace('  url: ""', "  url: https://github.com/owner/name"))
    try:
        assert book.build().returncode == 0
        assert "https://github.com/owner/name/edit/main/book/01-tiny.md" in book.page()
        student = (book.root / "_build" / "notebooks" / "student" / "01-tiny.ipynb").read_text()
        assert "netmod @ git+https://github.com/owner/name" in student
    finally:
        config.write_text(before)
    assert book.build().returncode == 0
    assert "github.com/owner" not in book.page()


def test_what_is_wrong_fails_the_build_and_fails_it_again(book):
    faults = (
        "See {ref}`nowhere` and {cite}`Nobody1900`.\n\n"
        "```{code-cell} ipython3\nimport warnings\nwarnings.warn('careful')\n```\n\n"
        "```{code-cell} ipython3\n1 / 0\n```\n"
    )
    (book.root / "book" / "01-tiny.md").write_text(CHAPTER + faults)
    for _ in range(2):
        done = book.build()
        assert done.returncode != 0
        for complaint in ("01-tiny.md", "nowhere", "Nobody1900", "stderr", "Executing notebook failed"):
            assert complaint in done.stderr, complaint
        assert "ZeroDivisionError" in done.stdout


def cache_of(book):
    """The execution cache of the tiny book, with its one chapter in it."""
    (book.root / "book" / "01-tiny.md").write_text(CHAPTER)
    assert book.build().returncode == 0
    (cache,) = (path for path in (book.root / "_build" / ".jupyter_cache").iterdir() if path.is_dir())
    return cache


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "cut notebook": lambda cache: [cut(path) for path in cache.rglob("base.ipynb")],
    "missing notebook": lambda cache: [path.unlink() for path in cache.rglob("base.ipynb")],
    "cut database": lambda cache: cut(cache / "global.db"),
    "empty database": lambda cache: (cache / "global.db").write_bytes(b""),
}


def test_every_kind_of_damage_to_the_cache_is_seen(book, tmp_path):
    cache = cache_of(book)
    assert not netmod_book.damage_in(cache)
    for kind, damage in DAMAGES.items():
        damage(shutil.copytree(cache, tmp_path / kind))
        assert netmod_book.damage_in(tmp_path / kind), kind


def test_a_damaged_cache_is_dropped_and_the_build_goes_on(book):
    cache, before = cache_of(book), book.runs()
    DAMAGES["cut notebook"](cache)
    (book.root / "book" / "01-tiny.md").write_text(CHAPTER.replace("What is $r$?", "Which is $r$?"))
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "what earlier builds ran cannot be used" in done.stdout
    assert "Which is" in book.page()
    assert book.runs() == before + 1


def test_a_build_that_was_killed_is_made_good_by_the_next(book):
    (book.root / "book" / "01-tiny.md").write_text(CHAPTER.replace("import os\n", "import os\nimport time\n", 1))
    command = [sys.executable, "-m", "book._ext.build"]
    process = subprocess.Popen(command, cwd=book.root, env=book.environment, start_new_session=True)
    time.sleep(6)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (book.root / "book" / "01-tiny.md").write_text(CHAPTER)
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rate " in book.page()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a place that nobody can write to")
@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        (
            "/sys/kernel",
            "The book's folder cannot be written to: copy it to a folder of your own, and run the command",
        ),
        ("/dev/full", "The disk is full: free some space, and run the command again."),
    ],
)
def test_a_place_that_cannot_be_written_to_gets_one_sentence(book, tmp_path, place, remedy):
    root = tmp_path / "book"
    shutil.copytree(book.root, root, ignore=shutil.ignore_patterns("_build", ".venv"))
    if place == "/dev/full":  # the build's own lock is the first thing it writes
        (root / "_build").mkdir()
        site = root / "sitecustomize.py"
        site.write_text(
            "import os, pathlib\nopened = pathlib.Path.open\n"
            "def full(path, *a, **k):\n"
            "    if path.name == '.lock': raise OSError(28, os.strerror(28), str(path))\n"
            "    return opened(path, *a, **k)\n"
            "pathlib.Path.open = full\n"
        )
    else:
        (root / "_build").symlink_to(place)
    done = subprocess.run(
        [sys.executable, "-m", "book._ext.build"],
        cwd=root,
        env={**book.environment, "PYTHONPATH": str(root)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().startswith(remedy)
    assert "Traceback" not in done.stderr


# ---- Parts that need no build ----


class FakeLabels:
    """Labels without a book."""

    def number(self, label):
        return {"eq-one": "3.1", "fig-one": "3.2", "ex-one": "3.4", "thm-one": "3.5"}.get(label, "")

    def title(self, label):
        return {"fig-one": "Figure 3.2", "thm-one": "Theorem 3.5", "ch-one": "chapter 3, *One*"}.get(label, label)

    def citation(self, key, textual):
        return f"{key[:-4]} ({key[-4:]})" if textual else f"{key[:-4]}, {key[-4:]}"


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("Plain *text* with `code` and $x$.", "Plain *text* with `code` and $x$."),
        ("(ch-one)=\n# One", "# One"),
        ("see {numref}`fig-one`", "see Figure 3.2"),
        ("see {numref}`panel %s <fig-one>`", "see panel 3.2"),
        ("see {eq}`eq-one`", "see (3.1)"),
        ("see {ref}`ch-one` or {ref}`this <ch-one>`", "see chapter 3, *One* or this"),
        ("{prf:ref}`thm-one`", "Theorem 3.5"),
        ("{cite:t}`Roxin2011`", "Roxin (2011)"),
        ("{cite}`Roxin2011,Hu2013`", "(Roxin, 2011; Hu, 2013)"),
        ("{math}`x^2`", "$x^2$"),
        ("{func}`~netmod.sweep`", "`netmod.sweep`"),
        ("a {term}`firing rate` or {term}`rates <firing rate>`", "a firing rate or rates"),
        ("$$\nx = 1\n$$ (eq-one)", "$$\nx = 1 \\tag{3.1}\n$$"),
        ("```{math}\n:label: eq-one\nx = 1\n```", "$$\nx = 1 \\tag{3.1}\n$$"),
        ("```{note}\nMind.\n```", "> **Note**\n>\n> Mind."),
        (":::{admonition} Think\n:class: think\nWhy {eq}`eq-one`?\n:::", "> **Think**\n>\n> Why (3.1)?"),
        ("```{prf:theorem} Banach\n:label: thm-one\nOne.\n```", "> **Theorem 3.5 (Banach)**\n>\n> One."),
        ("```{prf:proof}\nSo.\n```", "*Proof.* So. ∎"),
        (
            "```{exercise-start} Easy\n:label: ex-one\n```\nDo.\n```{exercise-end}\n```",
            "**Exercise 3.4 (Easy).**\n\nDo.",
        ),
        (
            "````{dropdown} Why\nFirst.\n\n```{note}\nInner.\n```\n````",
            "<details>\n<summary><b>Why</b></summary>\n\nFirst.\n\n> **Note**\n>\n> Inner.\n\n</details>",
        ),
        ("```python\n{ref}`kept` (x)=\n```", "```python\n{ref}`kept` (x)=\n```"),
        ("```{code-block} python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```{bibliography}\n```", ""),
        ("```{unheard-of} Title\nBody.\n```", "> **Title**\n>\n> Body."),
    ],
)
def test_myst_becomes_plain_markdown(myst, markdown):
    assert plain(myst, FakeLabels()) == markdown


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("a.md:1: WARNING: undefined label\nfine", "these were given:\na.md:1: WARNING: undefined label"),
        ("reading\nOSError: [Errno 28] No space left on device", "The disk is full"),
        (
            "Traceback:\n  File x\nsqlite3.DatabaseError: malformed",
            "make clean first.\nsqlite3.DatabaseError: malformed",
        ),
        ("all quiet\nthe last line", "make clean first.\nthe last line"),
        ("", "If it does so again"),
    ],
)
def test_a_failed_build_says_why(said, reason):
    assert reason in build.reasons(said)


def test_the_execution_key_follows_what_cells_depend_on_and_nothing_else(tmp_path):
    (tmp_path / "netmod" / "plot").mkdir(parents=True)
    module, lock = tmp_path / "netmod" / "plot" / "style.py", tmp_path / "requirements" / "book.txt"
    lock.parent.mkdir()
    module.write_text("a = 1")
    lock.write_text("numpy==2")
    keys = {netmod_book.execution_key(tmp_path)}
    (tmp_path / "README.md").write_text("unrelated")
    assert netmod_book.execution_key(tmp_path) in keys
    for path, text in ((module, "a = 2"), (lock, "numpy==3"), (tmp_path / "netmod" / "new.py", "")):
        path.write_text(text)
        keys.add(netmod_book.execution_key(tmp_path))
    module.rename(module.with_name("moved.py"))
    keys.add(netmod_book.execution_key(tmp_path))
    assert len(keys) == 5


def test_equation_1_is_number_1_and_its_chapter_counts_on_without_it():
    def numbered(**numbers):
        return {f"equation-eq-{name}": number for name, number in numbers.items()}

    env = SimpleNamespace(
        toc_fignumbers={"two": {"displaymath": numbered(z=(2, 1))}, "one": {"figure": {"a": (3, 1)}}}
    )
    netmod_book.number_equation_1(None, env)
    env.toc_fignumbers["three"] = {"displaymath": numbered(a=(3, 1), map=(3, 2), b=(3, 3))}
    assert netmod_book.number_equation_1(None, env) == []
    assert env.toc_fignumbers["three"]["displaymath"] == numbered(a=(3, 1), map=(1,), b=(3, 2))
    assert env.toc_fignumbers["two"]["displaymath"] == numbered(z=(2, 1))


def test_bars_in_docstrings_are_bars():
    lines = ["The size |x| of ``a|b``, and \\|y|.", ">>> 1 | 2", "| a | line block"]
    netmod_book.keep_bars(None, "function", "f", None, None, lines)
    assert lines == ["The size \\|x\\| of ``a|b``, and \\|y\\|.", ">>> 1 | 2", "| a | line block"]


@pytest.mark.parametrize(
    ("trick", "message"),
    [
        ("import sys; sys.version_info = (3, 10); sys.version = '3.10.2 (main)'", "needs Python 3.11 or newer"),
        ("import sys; sys.modules['venv'] = None", "no venv module"),
    ],
)
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_setup_says_what_is_wrong_with_the_python_it_got(tmp_path, trick, message):
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "book.txt").touch()
    stub = tmp_path / "python stub"
    stub.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{trick}; exec(sys.argv[1])" "$2"\n')
    stub.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", "PYTHON=./python\\ stub"],
        cwd=tmp_path,
        env={**os.environ} | ALONE,
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_table_of_contents_has_every_page_once_and_the_chapters_in_order():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [parts["root"], *(entry["file"] for part in parts["parts"] for entry in part["chapters"])]
    assert sorted(listed) == sorted(f"book/{path.stem}" for path in (ROOT / "book").glob("*.md"))
    chapters = [name for name in listed if re.match(r"book/\d\d-", name)]
    assert chapters == sorted(chapters)


def test_the_reference_has_every_public_name():
    page = (ROOT / "book" / "api.md").read_text()
    documented = set()
    for name in re.findall(r"automodule:: (netmod[\w.]*)", page):
        module = __import__(name, fromlist=["_"])
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == name]
        documented |= set(getattr(module, "__all__", own))
    assert documented >= set(netmod.__all__)


def test_every_make_target_has_a_line_of_help_and_at_most_three_of_recipe():
    rules = re.findall(r"^([a-z]+):.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.M)
    said = subprocess.run(["make", "help"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert {
        "book",
        "test",
        "serve",
        "bench",
        "bless",
        "figures",
        "peers",
        "grader",
        "lite",
        "quick",
        "pdf",
        "notebooks",
        "lab",
        "lock",
        "clean",
    } <= dict(rules).keys()
    for name, recipe in rules:
        assert re.search(rf"^ +make {name} +\S", said, re.M), name
        assert recipe.count("\n") <= 3, name
