"""The locks: every package pinned by its hash, no address, each purpose covered, and wheels for every system."""

import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from book._ext import locks
from book._ext.wheel import make_wheel, wheel_name
from tests.notebooks import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = ("linux", "macos", "windows")


def pins(name):
    """Return the version of every package in a lock, by name; several where it depends on the system."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found = {}
    for package, version in re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", text, re.M):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", locks.names())
def test_a_lock_is_hashed_and_has_no_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.findall(r"^[a-z0-9._-]+==\S+.*\\$", text, re.M)
    assert len(entries) == len(re.findall(r"^[^\s#]", text, re.M)) > 20
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(entries)


@pytest.mark.parametrize(("name", "groups"), [("book", ["book"]), ("test", ["book", "test"]), ("lab", ["lab"])])
def test_a_lock_has_what_its_purpose_asks_for(name, groups):
    wanted = [*PROJECT["project"]["dependencies"], *(w for g in groups for w in PROJECT["dependency-groups"][g])]
    names = {re.match(r"[\w.-]+", want)[0].lower().replace("_", "-") for want in wanted}
    assert names <= set(pins(name))


def test_locks_of_one_environment_agree_and_the_book_needs_the_least():
    for package, version in pins("book").items():
        assert pins("test")[package] == version
    for name in ("test", "lab"):
        assert all(version == pins("test").get(package, version) for package, version in pins(name).items())
    assert len(pins("book")) < 116
    assert not {"playwright", "mypy", "pytest", "distributed", "jupyterlab"} & set(pins("book"))


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_has_wheels_everywhere(python, system, tmp_path):
    for name in locks.TOGETHER:
        code, said = locks.try_elsewhere(name, system, python, tmp_path)
        if re.search(r"error sending request|dns error|Failed to fetch|Could not connect", said):
            pytest.skip("no package registry can be reached from here: wheels for other systems are not looked for")
        assert code == 0, f"{name} on {system}, Python {python}:\n{said}"


@pytest.mark.slow
def test_one_wheel_has_the_package_and_the_checkers(tmp_path):
    wheel = make_wheel(ROOT, tmp_path)
    assert wheel.name == wheel_name(ROOT)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {p.relative_to(ROOT).as_posix() for d in ("netmod", "netmod_check") for p in (ROOT / d).rglob("*.py")}
    assert sources | {"netmod/py.typed", "netmod_check/py.typed"} == {n for n in names if ".dist-info" not in n}
    assert not list(ROOT.glob("build")), "what is built is built elsewhere"
    code = "import netmod, netmod_check; print(netmod.__file__, netmod_check.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(wheel)}, cwd=tmp_path, text=True, capture_output=True
    )
    assert done.stdout.count(wheel.name) == 2, done.stderr
