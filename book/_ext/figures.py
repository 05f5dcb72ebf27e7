"""Write every numbered figure of the book and the arrays behind it: ``python -m book._ext.figures [01 ...]``.

A chapter is run once, from a clean kernel. Each cell that has a figure name in its metadata leaves
``_build/figures/<name>.svg`` (``.png`` where the chapter asked for PNG) and ``<name>.npz``: what each panel's
artists hold, in data coordinates, under names such as ``A.theory.x``. Panel letters are the book's own; panels
without one are numbered from 1; an artist without a label is called by its kind and number, as in ``1.line2.y``.
"""

from __future__ import annotations

import argparse
import re
import string
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# `chapters` is imported where it is needed: kernels import this module too, and should not pay for it.

OUT = Path(__file__).resolve().parents[2] / "_build" / "figures"


def figure_name(cell: Any) -> str | None:
    """Return the name of the figure that `cell` draws, None if it draws none."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name")


def draw(path: Path, out: Path = OUT) -> list[Path]:
    """Run the chapter at `path` and return the files written to `out`, a picture and its arrays for each figure."""
    from book._ext import chapters

    notebook = chapters.read(path)
    out.mkdir(parents=True, exist_ok=True)
    names = []
    for cell in chapters.code_cells(notebook):
        name = figure_name(cell)
        if name:
            if not re.fullmatch(r"[\w-]+", name) or name in names:
                raise ValueError(f"{path.name}: figure name {name!r} is taken, or cannot be a file's name")
            names.append(name)
            cell.source += f"\n\n_netmod_figures.save({name!r}, {str(out.resolve())!r}, globals())"
    first = chapters.code_cells(notebook)[0]
    first.source = f"from book._ext import figures as _netmod_figures\n{first.source}"
    for name in names:
        for old in out.glob(f"{name}.*"):
            old.unlink()
    chapters.execute(notebook, path.parent)
    return [file for name in names for file in sorted(out.glob(f"{name}.*"), key=lambda file: file.suffix == ".npz")]


def save(name: str, out: str, names: dict[str, Any]) -> None:
    """Write the figure a cell has just drawn, and its arrays. Runs in the chapter's kernel; `names`: its globals."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    numbers = plt.get_fignums()
    figure = plt.figure(numbers[-1]) if numbers else names.get("fig")
    if len(numbers) > 1 or not isinstance(figure, Figure):
        raise RuntimeError(f"the cell of {name} must draw one matplotlib figure, it left {len(numbers)}")
    kind = _format()
    options = {"metadata": {"Date": None}} if kind == "svg" else {}
    figure.savefig(Path(out) / f"{name}.{kind}", bbox_inches="tight", **options)
    np.savez_compressed(Path(out) / f"{name}.npz", **arrays(figure))


def _format() -> str:
    """Return the format the notebook shows figures in: svg, or png once heavy figures were asked for."""
    from IPython.core.getipython import get_ipython
    from matplotlib.figure import Figure

    shell = get_ipython()
    return "svg" if shell is None or Figure in shell.display_formatter.formatters["image/svg+xml"] else "png"


def arrays(figure: Any) -> dict[str, np.ndarray]:
    """Return the data in the artists of `figure`, by panel, artist and coordinate."""
    found: dict[str, np.ndarray] = {}
    panels = list(_panels(figure.axes))
    for number, ax in enumerate(panels, 1):
        letter = ax.get_title(loc="left").strip()
        panel = letter if letter in string.ascii_letters and len(letter) == 1 else str(number)
        if any(key.startswith(f"{panel}.") for key in found):
            panel = str(number)
        for text in ("xlabel", "ylabel", "title"):
            value = getattr(ax, f"get_{text}")()
            if value:
                found[f"{panel}.{text}"] = np.array(value)
        counts: dict[str, int] = {}
        taken: set[str] = set()
        for kind, artist, data in _artists(ax):
            counts[kind] = counts.get(kind, 0) + 1
            name = _slug(artist.get_label()) or f"{kind}{counts[kind]}"
            if name in taken:
                name = f"{name}-{kind}{counts[kind]}"
            taken.add(name)
            for coordinate, values in data.items():
                found[f"{panel}.{name}.{coordinate}"] = _plain(values)
    return found


def _panels(axes: Any) -> Iterator[Any]:
    """Yield axes and the ones inset in them, colour bars left out."""
    for ax in axes:
        if ax.get_label() != "<colorbar>":
            yield ax
            yield from _panels(ax.child_axes)


def _artists(ax: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the kind, the artist and its data for everything drawn on `ax` from data."""
    from matplotlib.collections import LineCollection, QuadMesh
    from matplotlib.container import BarContainer, ErrorbarContainer
    from matplotlib.contour import ContourSet

    measured = [container for container in ax.containers if isinstance(container, ErrorbarContainer)]
    shown = set()  # parts of error bars, which are not to be told twice
    for container in measured:
        points, caps, stems = container.lines
        shown |= {id(part) for part in (points, *caps, *stems)}
        data = {} if points is None else {"x": points.get_xdata(), "y": points.get_ydata()}
        directions = ["xbars"] * container.has_xerr + ["ybars"] * container.has_yerr
        for name, stem in zip(directions, stems, strict=False):
            data[name] = np.array(stem.get_segments(), dtype=float)[..., "xy".index(name[0])]
        yield "errorbar", container, data
    for line in ax.lines:
        if id(line) not in shown:
            yield "line", line, {"x": line.get_xdata(), "y": line.get_ydata()}
    for collection in ax.collections:
        if id(collection) in shown:
            continue
        if isinstance(collection, LineCollection):
            yield "segments", collection, _ragged("points", collection.get_segments())
        elif isinstance(collection, QuadMesh):
            yield "mesh", collection, {"values": collection.get_array(), "corners": collection.get_coordinates()}
        elif isinstance(collection, ContourSet):
            paths = [path.vertices for path in collection.get_paths()]
            yield "contour", collection, {"levels": collection.levels, **_ragged("points", paths)}
        elif np.ma.size(collection.get_offsets()) and collection.get_offset_transform().contains_branch(ax.transData):
            data = {"xy": collection.get_offsets()}
            if collection.get_array() is not None:
                data["values"] = collection.get_array()
            yield "points", collection, data
        else:
            yield "area", collection, _ragged("points", [path.vertices for path in collection.get_paths()])
    bars = [bar for bar in ax.containers if isinstance(bar, BarContainer)]
    for bar in bars:
        boxes = [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in bar.patches]
        yield "bars", bar, {"x_y_width_height": boxes}
    in_bars = {id(p) for bar in bars for p in bar.patches}
    for patch in ax.patches:
        if id(patch) not in in_bars:
            vertices = patch.get_patch_transform().transform(patch.get_path().vertices)
            yield "patch", patch, {"points": vertices}
    for image in ax.images:
        yield "image", image, {"values": image.get_array(), "extent": image.get_extent()}


def _ragged(name: str, pieces: list[Any]) -> dict[str, Any]:
    """Return pieces of different lengths as one array and the lengths, or stacked where they are alike."""
    if len({len(piece) for piece in pieces}) <= 1:
        return {name: np.array(pieces, dtype=float)}
    return {name: np.concatenate(pieces), "lengths": [len(piece) for piece in pieces]}


def _plain(values: Any) -> np.ndarray:
    """Return `values` as an array that loads without pickling; masked values become NaN."""
    if np.ma.isMaskedArray(values) and np.issubdtype(values.dtype, np.number):
        values = values.astype(float).filled(np.nan) if np.ma.getmaskarray(values).any() else values.data
    result = np.asarray(values)
    return result.astype(str) if result.dtype == object else result


def _slug(label: Any) -> str:
    """Return `label` as part of a name, "" for the labels matplotlib makes up."""
    text = str(label or "")
    return "" if text.startswith("_") else re.sub(r"[^\w-]+", "-", text).strip("-")


def main(arguments: list[str]) -> int:
    """Draw the figures of the chapters named, or of all; print what was written and how long it took."""
    from book._ext import chapters

    parser = argparse.ArgumentParser(description="Write the book's figures and the arrays behind them.")
    parser.add_argument("chapter", nargs="*", help="01, 01-neuron: the chapters to run (all)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to (_build/figures)")
    options = parser.parse_args(arguments)
    failed = 0
    for path in chapters.select(options.chapter):
        start = time.perf_counter()
        try:
            files = draw(path, options.out)
        except Exception as error:  # whatever stopped this chapter, say so and draw the others
            print(f"{path.stem}: {error}", file=sys.stderr)
            failed = 1
            continue
        print(f"{path.stem}: {len(files) // 2} figures in {time.perf_counter() - start:.1f} s")
        for file in files:
            print(f"  {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
