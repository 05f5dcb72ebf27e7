"""Show every figure twice, drawn for a light page and for a dark one.

This half runs in a chapter's kernel, as an IPython extension that the build loads: beside what a notebook shows
anyway, each matplotlib figure gives a bundle of the two drawings, on a transparent ground. `dark.py` puts both into
one figure of the page. A drawing is SVG where that is light, and PNG at twice the resolution where it is not.
"""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from functools import lru_cache
from typing import Any

import numpy as np
from IPython.core.formatters import BaseFormatter, catch_format_error
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_hex, to_rgb, to_rgba_array
from matplotlib.figure import Figure
from traitlets import ObjectName, Unicode

MIME = "application/vnd.netmod.figure+json"
HEAVY = 40_000
"""Bytes of SVG beyond which a figure is sent as PNG."""

_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@lru_cache(maxsize=4096)
def on_dark(color: str) -> str:
    """Return what `color` becomes on a dark page: its mate in the book's palette, else the lightness turned round."""
    from netmod.plot.style import DARK

    wanted = to_hex(color).upper()
    return DARK.get(wanted) or _turn(wanted, DARK["#FFFFFF"], DARK["#1A1A1A"])


def _turn(color: str, ground: str, ink: str) -> str:
    """Return `color` with its hue (Oklab's) and its lightness on the scale from `ground`, for white, to `ink`."""
    lightness, a, b = _to_oklab(color)
    low, high = _to_oklab(ground)[0], _to_oklab(ink)[0]
    turned = low + (1 - lightness) * (high - low)
    for chroma in np.linspace(1, 0, 41):  # as vivid as the screen can show it
        rgb = np.linalg.inv(_CONES) @ (np.linalg.inv(_OKLAB) @ [turned, chroma * a, chroma * b]) ** 3
        if rgb.min() >= -1e-3 and rgb.max() <= 1 + 1e-3:
            break
    rgb = np.clip(rgb, 0, 1)
    return to_hex(np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)).upper()


def _to_oklab(color: str) -> np.ndarray:
    c = np.array(to_rgb(color))
    return _OKLAB @ np.cbrt(_CONES @ np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


def _recoloured(colors: Any) -> Any:
    """Return the colours of an artist for a dark page, with their opacity."""
    if colors is None or len(colors) == 0:
        return colors
    if np.ndim(colors) == 1:
        return (*to_rgb(on_dark(to_hex(colors[:3]))), *colors[3:])
    rgba = to_rgba_array(colors)
    rgba[:, :3] = [to_rgb(on_dark(to_hex(row[:3]))) for row in rgba]
    return rgba


class DarkRenderer(RendererAgg):
    """Draw in the colours of a dark page. Images keep theirs: they are data."""

    def _dark(self, gc: Any) -> Any:
        new = self.new_gc()
        new.copy_properties(gc)
        new._rgb = _recoloured(gc._rgb)
        new._hatch_color = _recoloured(gc._hatch_color)
        return new

    def _update_methods(self) -> None:
        super()._update_methods()
        raw = self._renderer

        def draw_markers(gc: Any, path: Any, place: Any, where: Any, transform: Any, rgbFace: Any = None) -> None:
            raw.draw_markers(self._dark(gc), path, place, where, transform, _recoloured(rgbFace))

        def draw_path_collection(gc: Any, *args: Any, hatchcolors: Any = None, **kwargs: Any) -> None:
            args_ = list(args)
            args_[5], args_[6] = _recoloured(args[5]), _recoloured(args[6])  # faces and edges
            if hatchcolors is not None:
                kwargs["hatchcolors"] = _recoloured(hatchcolors)
            raw.draw_path_collection(self._dark(gc), *args_, **kwargs)

        self.draw_markers, self.draw_path_collection = draw_markers, draw_path_collection

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Draw a path, its line and its face recoloured."""
        super().draw_path(self._dark(gc), path, transform, _recoloured(rgbFace))

    def draw_text(self, gc: Any, *args: Any, **kwargs: Any) -> None:
        """Draw a word, recoloured."""
        super().draw_text(self._dark(gc), *args, **kwargs)


class FigureCanvas(FigureCanvasAgg):
    """What matplotlib calls when a figure is saved with this module as its backend."""

    def get_renderer(self) -> RendererAgg:
        """Return the renderer in the colours of a dark page."""
        width, height = self.figure.bbox.size
        key = (width, height, self.figure.dpi)
        if getattr(self, "_key", None) != key:
            self.renderer, self._key = DarkRenderer(width, height, self.figure.dpi), key
        return self.renderer


def dark_svg(svg: str) -> str:
    """Return a drawing of matplotlib's with every colour replaced; what is black by default is ink."""
    pattern = re.compile(r"((?:fill|stroke|stop-color): ?|(?:fill|stroke)=\")(#[0-9a-fA-F]{6})")
    ink = on_dark("#1A1A1A")
    turned = pattern.sub(lambda found: found[1] + on_dark(found[2]), svg)
    return re.sub(r"<svg ", f'<svg fill="{ink}" ', turned, count=1)


def slim(svg: str) -> str:
    """Return a drawing without what a browser does not need: metadata, names, spaces, more than two decimals."""
    for space, name in (("", "http://www.w3.org/2000/svg"), ("xlink", "http://www.w3.org/1999/xlink")):
        ET.register_namespace(space, name)
    root = ET.fromstring(svg)
    used = set(re.findall(r"#([\w-]+)", svg))
    for element in list(root.iter()):
        for child in list(element):
            if child.tag.endswith("}metadata"):
                element.remove(child)
        if not element.tag.endswith("}style"):
            element.text = (element.text or "").strip()
        element.tail = ""
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        for name in {"d", "points", "x", "y", "transform"} & element.attrib.keys():
            element.set(name, _short(element.attrib[name]))
        if "style" in element.attrib:
            element.set("style", re.sub(r"\s*([:;])\s*", r"\1", element.attrib["style"]))
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        styles = {child.get("style", "") for child in group}
        if len(group) > 1 and len(styles) == 1 and "style" not in group.attrib:
            (style,) = styles
            if style and "opacity" not in style:  # what all of a group have is said once
                group.set("style", style)
                for child in group:
                    child.attrib.pop("style", None)
    return ET.tostring(root, encoding="unicode")


def _short(numbers: str) -> str:
    """Return numbers with at most two decimals; but a scale of glyphs keeps all it has."""
    if "scale" in numbers:
        return numbers
    short = re.sub(r"-?\d+\.\d+(?:e-?\d+)?", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), numbers)
    return re.sub(r"\s+", " ", re.sub(r"\s*([A-Za-z])\s*", r"\1", short) if short[:1] == "M" else short).strip()


def drawings(figure: Figure) -> dict[str, Any]:
    """Return a figure's two drawings, SVG as text or PNG in Base64, with their format and size."""
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None}, bbox_inches="tight", transparent=True)
    light = slim(svg.getvalue())
    width, height = _size(light)
    pair = {"width": f"{width:.0f}", "height": f"{height:.0f}"}
    if len(light) <= HEAVY:
        return {**pair, "format": "svg", "light": light, "dark": dark_svg(light)}
    pair["format"] = "png"
    return {**pair, **_pngs(figure, dpi=200, bbox_inches="tight")}


def thumbnail(figure: Figure) -> dict[str, str]:
    """Return the largest panel of `figure`, 480 pixels wide; of a long panel, its left part."""
    panels = [ax for ax in figure.axes if ax.get_visible()]
    largest = max(panels, key=lambda ax: round(ax.bbox.width * ax.bbox.height))
    box = largest.get_tightbbox().transformed(figure.dpi_scale_trans.inverted()).padded(0.05)
    box.x1 = min(box.x1, box.x0 + 1.8 * box.height)
    return _pngs(figure, dpi=480 / box.width, bbox_inches=box)


def _pngs(figure: Figure, **options: Any) -> dict[str, str]:
    """Return `figure` as PNG, in Base64, for a light and a dark page."""
    pair = {}
    for theme, backend in (("light", "agg"), ("dark", f"module://{__name__}")):
        png = io.BytesIO()
        figure.savefig(png, format="png", backend=backend, transparent=True, **options)
        pair[theme] = base64.b64encode(_quantized(png.getvalue())).decode()
    return pair


def _size(svg: str) -> tuple[float, float]:
    """Return width and height of a drawing in pixels of the page, of which the book's figures have 100 an inch."""
    found = re.search(r'height="([\d.]+)pt".*?width="([\d.]+)pt"|width="([\d.]+)pt".*?height="([\d.]+)pt"', svg)
    if found is None:
        raise ValueError("a drawing of matplotlib's says its size in points")
    height, width = (found[1], found[2]) if found[1] else (found[4], found[3])
    return float(width) * 100 / 72, float(height) * 100 / 72


def _quantized(png: bytes) -> bytes:
    """Return a PNG with at most 256 colours, a third of the size and to the eye the same."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(png)).quantize(256, method=Image.Quantize.FASTOCTREE).save(out, "PNG", optimize=True)
    return out.getvalue()


class PairFormatter(BaseFormatter):
    """Give the two drawings of a figure, whatever format matplotlib is told to use."""

    format_type = Unicode(MIME)
    print_method = ObjectName("_repr_netmod_figure_")
    _return_type = dict
    first = True

    @catch_format_error
    def __call__(self, obj: Any) -> dict[str, Any] | None:
        """Return the drawings of a figure, the first one's with a thumbnail, and nothing for anything else."""
        if not isinstance(obj, Figure):
            return None
        made = drawings(obj)
        if self.first:
            made["thumbnail"], self.first = thumbnail(obj), False
        return made


def load_ipython_extension(shell: Any) -> None:
    """Have the kernel give every figure twice."""
    shell.display_formatter.formatters[MIME] = PairFormatter(parent=shell.display_formatter)
