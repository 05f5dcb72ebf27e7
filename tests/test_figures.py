"""The figures command: pictures under their names, and beside each the numbers it shows."""

import subprocess
import sys

import matplotlib

matplotlib.use("Agg", force=False)
import matplotlib.pyplot as plt
import numpy as np
import pytest

from book._ext import figures
from tests.notebooks import HEADER, ROOT

CHAPTER = (
    HEADER
    + """\
# Small

```{code-cell} ipython3
import numpy as np
import netmod.plot as plot
plot.use_style()
```

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-small-light
    caption: |
      **Squares.** They grow.
  image:
    alt: Squares.
---
fig, axes = plot.figure(2)
axes[0].plot([0, 1, 2], [0, 1, 4], label="squares")
axes[1].bar([1, 2], [3.5, 4.5])
plot.panel_letters(axes);
```

```{code-cell} ipython3
plot.use_style(heavy=True)
```

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-small-heavy
    caption: |
      **Points.** Many.
---
fig, ax = plot.figure()
ax.scatter(np.arange(3), np.arange(3) ** 2)
ax.set_xlabel("input (mV)");
```
"""
)


def run(chapter, out):
    return subprocess.run(
        [sys.executable, "-m", "book._ext.figures", "--out", out, *chapter],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_chapter_leaves_its_figures_and_their_arrays(tmp_path):
    path = tmp_path / "01-small.md"
    path.write_text(CHAPTER, encoding="utf-8")
    files = figures.draw(path, tmp_path / "figures")
    assert [f.name for f in files] == [
        "fig-small-light.svg",
        "fig-small-light.npz",
        "fig-small-heavy.png",
        "fig-small-heavy.npz",
    ]
    assert files[0].read_text(encoding="utf-8").count("<svg") == 1
    assert files[2].read_bytes().startswith(b"\x89PNG")
    light = np.load(files[1])
    np.testing.assert_array_equal(light["A.squares.y"], [0, 1, 4])
    np.testing.assert_array_equal(light["B.bars1.x_y_width_height"][:, 3], [3.5, 4.5])
    heavy = np.load(files[3])
    np.testing.assert_array_equal(heavy["1.points1.xy"], [[0, 0], [1, 1], [2, 4]])
    assert str(heavy["1.xlabel"]) == "input (mV)"


@pytest.mark.slow
def test_a_figure_cell_without_a_figure_fails(tmp_path):
    path = tmp_path / "01-small.md"
    text = CHAPTER.replace("fig, ax = plot.figure()\nax.scatter(np.arange(3), np.arange(3) ** 2)\n", "fig = None\n")
    path.write_text(text.replace('ax.set_xlabel("input (mV)");', ""), encoding="utf-8")
    with pytest.raises(Exception, match="fig-small-heavy must draw one matplotlib figure"):
        figures.draw(path, tmp_path / "figures")


def test_an_unknown_chapter_is_named(tmp_path):
    done = run(["99"], tmp_path)
    assert done.returncode == 1
    assert "no chapter '99'" in done.stderr


def test_arrays_hold_what_every_kind_of_artist_shows():
    fig, axes = plt.subplots(2, 3)
    rng = np.random.default_rng(1)
    x, y, z = np.arange(4.0), rng.random(4), rng.random((3, 4))
    axes[0, 0].errorbar(x, y, yerr=0.1, label="measured", capsize=2)
    axes[0, 0].errorbar(x, y, xerr=[[0.2] * 4, [0.3] * 4], yerr=0.1)
    axes[0, 1].fill_between(x, y, y + 1, label="band")
    axes[0, 1].eventplot([[1.0, 2.0], [3.0]])
    shown = axes[0, 2].imshow(z, extent=(0, 1, 0, 2), origin="lower")
    fig.colorbar(shown)
    axes[1, 0].pcolormesh(z)
    axes[1, 1].hist([1, 1, 2], bins=2)
    axes[1, 1].axvspan(1, 2)
    axes[1, 2].contour(z, levels=[0.5])
    axes[1, 2].scatter(x, np.ma.masked_less(y, 0.2), c=y)
    inset = axes[1, 2].inset_axes([0, 0, 1, 1])
    inset.plot(x, y, label="inside (mV)")
    got = figures.arrays(fig)
    np.testing.assert_array_equal(got["1.measured.y"], y)
    np.testing.assert_allclose(got["1.measured.ybars"], np.stack([y - 0.1, y + 0.1], -1))
    np.testing.assert_allclose(got["1.errorbar2.xbars"], np.stack([x - 0.2, x + 0.3], -1))
    np.testing.assert_allclose(got["1.errorbar2.ybars"], np.stack([y - 0.1, y + 0.1], -1))
    assert not [name for name in got if name.startswith(("1.line", "1.segments"))]
    assert got["2.band.points"].shape[-1] == 2
    np.testing.assert_array_equal(got["2.segments1.points"][:, 0, 0], [1, 2])
    np.testing.assert_array_equal(got["3.image1.values"], z)
    np.testing.assert_array_equal(got["3.image1.extent"], [0, 1, 0, 2])
    np.testing.assert_array_equal(np.ravel(got["4.mesh1.values"]), z.ravel())
    np.testing.assert_array_equal(got["5.bars1.x_y_width_height"][:, 3], [2, 1])
    assert got["5.patch1.points"][:, 0].max() == 2
    np.testing.assert_array_equal(got["6.contour1.levels"], [0.5])
    np.testing.assert_array_equal(got["6.points1.values"], np.where(y < 0.2, np.nan, y))
    np.testing.assert_array_equal(got["7.inside-mV.y"], y)
    plt.close(fig)
