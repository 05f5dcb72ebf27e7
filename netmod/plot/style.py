"""The book's one style: colours with a fixed meaning, sizes that read on paper and on a phone."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

COLORS = {
    "excitatory": "#CC3F22",  # red
    "inhibitory": "#1467DE",  # blue
    "theory": "#1A1A1A",
    "simulation": "#007F47",  # green
    "threshold": "#6B6B6B",
    "stable": "#1A1A1A",
    "unstable": "#7A4A00",  # ochre
    "highlight": "#76196A",  # purple
    "muted": "#69737E",
}
"""One meaning per colour in the whole book; a word in any of them can be read on white (contrast at least 4.5:1)."""

DARK = {
    "#FFFFFF": "#121212",
    "#CC3F22": "#F0652B",
    "#1467DE": "#2E9BFF",
    "#1A1A1A": "#E8EAED",
    "#007F47": "#60D7AE",
    "#6B6B6B": "#9DA3AB",
    "#7A4A00": "#EEC02E",
    "#76196A": "#D276D0",
    "#69737E": "#929CA8",
}
"""What white and each colour of `COLORS` become on a dark page: the same hue, and a contrast of 4.5:1 again.

Both sets were chosen so that their members stay apart under the common colour-vision deficiencies; where red and
ochre, or green and grey, come close, the book's figures tell lines apart by dashes, marks or labels as well.
"""

WIDTH = 7.0
"""Width of a full-width figure, inches: at this size 10-point labels stay legible at 390 px."""

_STYLE: Any = {
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "savefig.facecolor": "white",
    # The ink is said everywhere, so that a dark page can replace it.
    "text.color": COLORS["theory"],
    "axes.labelcolor": COLORS["theory"],
    "axes.edgecolor": COLORS["theory"],
    "xtick.color": COLORS["theory"],
    "ytick.color": COLORS["theory"],
    "patch.edgecolor": COLORS["theory"],
    "hatch.color": COLORS["theory"],
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(
        color=[COLORS[k] for k in ("theory", "excitatory", "inhibitory", "simulation", "unstable", "highlight")]
    ),
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "image.cmap": "cividis",
    "svg.fonttype": "path",
    "svg.hashsalt": "netmod",
}


def use_style(*, heavy: bool = False) -> None:
    """Switch matplotlib to the book's style, and a notebook's figures to SVG.

    Parameters
    ----------
    heavy : bool, optional
        Write figures as PNG at twice the resolution instead: smaller where there are many thousands of marks.
    """
    mpl.rcParams.update(_STYLE)
    try:
        from IPython.core.getipython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if get_ipython() is not None:
        set_matplotlib_formats("retina" if heavy else "svg")


def figure(
    ncols: int = 1, nrows: int = 1, *, height: float = 2.8, width: float = WIDTH, **kwargs: Any
) -> tuple[Figure, Any]:
    """Return a figure of the book's width and its axes (one `Axes`, or an array of them).

    Parameters
    ----------
    ncols, nrows : int, optional
        Panels across and down.
    height : float, optional
        Height of one row, inches.
    width : float, optional
        Width of the figure, inches.
    **kwargs
        Passed to `matplotlib.pyplot.subplots`.
    """
    return plt.subplots(nrows, ncols, figsize=(width, height * nrows), **kwargs)


def panel_letters(axes: Any, letters: str = "ABCDEFGHIJ") -> list[Text]:
    """Put a bold letter at the upper left, outside each of `axes`; return the texts."""
    return [
        ax.set_title(letter, loc="left", fontweight="bold")
        for ax, letter in zip(np.ravel(axes), letters, strict=False)
    ]


def label_line(ax: Axes, x: float, y: float, text: str, *, color: str = "theory", **kwargs: Any) -> Text:
    """Write `text` beside a line, at data position (`x`, `y`), in the line's colour; return the text.

    `color` is a key of `COLORS` or any matplotlib colour. A direct label spares the reader a legend.
    """
    kwargs = {"ha": "left", "va": "center", "fontsize": 10, **kwargs}
    return ax.text(x, y, text, color=COLORS.get(color, color), **kwargs)
