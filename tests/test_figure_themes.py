"""Every figure is drawn for a light and for a dark page: the same figure, in colours that suit each."""

import base64
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from book._ext import chapters, dark, figure_themes, myst
from netmod import plot
from netmod.plot.style import COLORS, DARK

# Words that are true on one of the two pages only. (White noise is a kind of noise.)
ONE_PAGE = re.compile(r"\b(black|white(?! noise)|(?:dark|light|pal)er|pale)\b", re.I)


@pytest.fixture
def drawn():
    """A figure with a mark of each kind in each colour of the book, and words."""
    with plt.rc_context():
        plot.use_style()
        fig, (left, right) = plot.figure(2)
        for i, name in enumerate(COLORS):
            left.plot([0, 1], [i, i], "o-", color=COLORS[name])
            left.bar([2], [0.8], bottom=i - 0.4, color=COLORS[name])
            left.scatter([3, 3.5], [i, i], color=COLORS[name])
            plot.label_line(left, 4, i, name, color=name)
        right.imshow(np.eye(3), cmap="cividis")
        right.set_xlabel("x (mV)")
        yield fig
        plt.close(fig)


def picture(png):
    """Return the pixels of a PNG in Base64, red to opacity."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"))


@pytest.mark.parametrize("color", DARK)
def test_each_colour_of_the_book_becomes_its_mate(color):
    assert figure_themes.on_dark(color) == DARK[color]
    assert figure_themes.on_dark(color.lower()) == DARK[color]


def test_any_other_colour_keeps_its_hue_and_turns_its_lightness_round():
    greys = [np.mean(to_rgb(figure_themes.on_dark(f"#{g:02x}{g:02x}{g:02x}"))) for g in range(0, 256, 5)]
    assert np.all(np.diff(greys) < 0)
    ramp = [
        figure_themes._to_oklab(figure_themes.on_dark(mpl.colors.to_hex(c)))[0] for c in mpl.cm.cividis(range(256))
    ]
    assert np.all(np.diff(ramp) < 0.005)
    red, _, blue = to_rgb(figure_themes.on_dark("#203080"))
    assert blue > red + 0.2


def test_the_two_drawings_differ_in_colour_alone(drawn):
    pair = figure_themes.drawings(drawn)
    assert pair["format"] == "svg"
    colour = re.compile(r"#[0-9a-fA-F]{6}")
    fill = f'<svg fill="{DARK["#1A1A1A"]}" '
    assert pair["dark"].startswith(fill)
    assert colour.sub("#", pair["light"]) == colour.sub("#", pair["dark"].replace(fill, "<svg "))
    light, dark_ = ({c.upper() for c in colour.findall(pair[theme])} for theme in ("light", "dark"))
    assert set(COLORS.values()) <= light
    assert dark_ == {figure_themes.on_dark(c) for c in light}
    assert not dark_ & set(COLORS.values())


def test_a_slim_drawing_is_the_same_drawing(drawn):
    full = io.StringIO()
    drawn.savefig(full, format="svg")
    slim = figure_themes.slim(full.getvalue())
    assert len(slim) < 0.8 * len(full.getvalue())
    assert len(re.findall(r"<(?:path|use)\b", slim)) == len(re.findall(r"<(?:path|use)\b", full.getvalue()))
    named = set(re.findall(r'\bid="([^"]+)"', slim))
    assert {name for name in re.findall(r"#([\w-]+)", slim) if not re.fullmatch(r"[0-9a-f]{6}", name)} <= named
    assert "style=" in slim


def test_a_heavy_figure_is_sent_as_pictures_in_the_same_colours(drawn, monkeypatch):
    monkeypatch.setattr(figure_themes, "HEAVY", 0)
    pair = figure_themes.drawings(drawn)
    assert pair["format"] == "png"
    light, dark_ = picture(pair["light"]), picture(pair["dark"])
    assert light.shape == dark_.shape
    assert light.shape[1] == pytest.approx(2 * int(pair["width"]), abs=3)
    assert light[2, 2, 3] == dark_[2, 2, 3] == 0  # the page is the ground
    for name, color in COLORS.items():
        for pixels, wanted in ((light, color), (dark_, DARK[color])):
            apart = np.abs(pixels[..., :3] - np.round(255 * np.array(to_rgb(wanted)))).max(axis=-1)
            assert (apart[pixels[..., 3] > 250] <= 6).sum() > 100, (name, wanted)
    yellow = np.round(255 * np.array(mpl.cm.cividis(255)[:3]))  # data keep their colours
    assert (np.abs(dark_[..., :3] - yellow).max(axis=-1) <= 6).sum() > 1000


def test_a_thumbnail_shows_the_largest_panel(drawn):
    pair = figure_themes.thumbnail(drawn)
    assert picture(pair["light"]).shape[1] == pytest.approx(480, abs=2)
    assert picture(pair["light"]).shape == picture(pair["dark"]).shape


def test_a_kernel_of_the_build_gives_every_figure_twice_and_the_first_with_a_thumbnail(tmp_path, monkeypatch):
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_kernel_config.py").write_text(dark.PROFILE.format(path=figure_themes.__file__))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    draw = "from netmod import plot\nplot.use_style({})\nfig, ax = plot.figure()\nax.plot([1, 2]);"
    cells = [nbformat.v4.new_code_cell(draw.format(options)) for options in ("", "heavy=True")]
    notebook = chapters.execute(nbformat.v4.new_notebook(cells=cells), tmp_path)
    first, second = (cell.outputs[0].data[figure_themes.MIME] for cell in notebook.cells)
    assert first["light"] == second["light"]
    assert "thumbnail" in first
    assert "thumbnail" not in second


@pytest.mark.parametrize("path", chapters.select(), ids=lambda path: path.stem)
def test_no_caption_says_a_colour_that_only_one_page_has(path):
    said = [
        f"line {cell.line}: {found[0]}"
        for cell in myst.read(path).cells
        for text in (str(cell.figure.get("caption", "")), cell.alt)
        for found in ONE_PAGE.finditer(text)
    ]
    assert not said, "on a dark page this is not so: " + "; ".join(said)
