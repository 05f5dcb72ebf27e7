"""The wheel of the package: its name, and how it is built without leaving anything where it is built from."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path


def wheel_name(root: Path) -> str:
    """Return the file name of the package's wheel."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def make_wheel(root: Path, target: Path) -> Path:
    """Build the package's wheel into `target`, from a copy: setuptools leaves its own files where it builds."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, folder)
        for package in ("netmod", "netmod_check"):
            shutil.copytree(root / package, Path(folder, package), ignore=shutil.ignore_patterns("__pycache__"))
        build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", build, str(target)], cwd=folder, text=True, capture_output=True, check=False
        )
    if done.returncode:
        raise RuntimeError(f"the wheel cannot be built:\n{done.stdout}\n{done.stderr}")
    wheel = target / wheel_name(root)
    wheel.chmod(0o644)
    return wheel
