"""Drawing of verdicts: which claims of a paper hold, at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from netmod.plot.style import COLORS

# Shape and filling tell the verdicts apart in grey as well; colour only helps.
_MARKS: dict[str, dict[str, Any]] = {
    "sets out": {"marker": ".", "color": COLORS["threshold"], "fillstyle": "full"},
    "reproduced": {"marker": "o", "color": COLORS["theory"], "fillstyle": "full"},
    "only when": {"marker": "o", "color": COLORS["unstable"], "fillstyle": "left"},
    "corrected": {"marker": "D", "color": COLORS["highlight"], "fillstyle": "full"},
    "unspecified": {"marker": "s", "color": COLORS["threshold"], "fillstyle": "none"},
    "not reproducible": {"marker": "X", "color": COLORS["excitatory"], "fillstyle": "full"},
}


def verdict_marks(ax: Axes, verdicts: Mapping[str, Sequence[str]]) -> dict[str, Line2D]:
    """Draw a mark for every claim, a row for every part of the text; return the marks by verdict.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    verdicts : mapping of str to sequence of str
        For each part, from the top down, the verdicts on its claims in the order in which they are made:
        "sets out", "reproduced", "only when", "corrected", "unspecified"
        or "not reproducible".
        The legend counts them.

    Raises
    ------
    ValueError
        If a verdict is none of these.
    """
    unknown = sorted({verdict for row in verdicts.values() for verdict in row} - set(_MARKS))
    if unknown:
        raise ValueError(f"verdicts must be among {', '.join(_MARKS)}, got {', '.join(unknown)}")
    marks = {}
    for verdict, style in _MARKS.items():
        places = [(x, y) for y, row in enumerate(verdicts.values()) for x, v in enumerate(row, 1) if v == verdict]
        x, y = np.array(places, dtype=float).reshape(-1, 2).T
        (marks[verdict],) = ax.plot(
            x, y, ls="", ms=9, mew=1.4, markerfacecoloralt="white", label=f"{verdict} ({len(x)})", **style
        )
    ax.set_yticks(range(len(verdicts)), list(verdicts))
    ax.set_xlim(0.3, max(map(len, verdicts.values()), default=1) + 0.7)
    ax.set_ylim(len(verdicts) - 0.5, -0.5)
    ax.xaxis.set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.3)
    return marks
