"""The book's colours: words in them can be read on a light and on a dark page, and they stay apart for everyone."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from netmod.plot import COLORS, networks
from netmod.plot.style import DARK, figure, use_style

# How the colour-vision deficiencies change linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
SEEN = {
    "by most": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
GREYS = {"theory", "stable", "threshold", "muted"}


def linear(color):
    """Return linear RGB of an sRGB colour."""
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """Return the contrast of WCAG 2."""
    dim, bright = sorted(0.05 + linear(color) @ [0.2126, 0.7152, 0.0722] for color in (a, b))
    return bright / dim


def oklab(rgb):
    """Return linear RGB in Oklab (Ottosson, 2020), where distance is about what the eye sees."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    mixed = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return mixed @ np.cbrt(cones @ np.clip(rgb, 0, 1))


def test_the_measure_is_that_of_wcag():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", COLORS)
def test_a_word_in_any_colour_can_be_read_on_a_light_and_on_a_dark_page(name):
    assert contrast(COLORS[name], "white") >= 4.5
    assert contrast(DARK[COLORS[name]], DARK["#FFFFFF"]) >= 4.5


def test_every_colour_has_a_dark_mate_of_its_own():
    assert set(DARK) == {"#FFFFFF", *COLORS.values()}
    assert len(set(DARK.values())) == len(DARK)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("dark", [False, True])
def test_colours_stay_apart_for_everyone(seen, dark):
    shown = {name: oklab(SEEN[seen] @ linear(DARK[c] if dark else c)) for name, c in COLORS.items()}
    del shown["stable"]  # drawn like theory
    for a, b in combinations(shown, 2):
        apart = 0.02 if {a, b} <= GREYS else 0.04 if {a, b} & GREYS else 0.05  # 0.02 is about what can just be seen
        assert np.linalg.norm(shown[a] - shown[b]) >= apart, (a, b)


def test_hue_is_kept_so_that_a_caption_may_name_it():
    for name in COLORS.keys() - GREYS:
        light, dark = oklab(linear(COLORS[name])), oklab(linear(DARK[COLORS[name]]))
        turn = np.degrees(np.angle(complex(*light[1:]) / complex(*dark[1:])))
        assert abs(turn) < 25, name


def test_nothing_is_drawn_in_a_colour_that_was_not_said():
    with plt.rc_context():
        use_style()
        fig, ax = figure()
        texts = [ax.set_xlabel("x"), ax.set_title("t"), ax.text(0, 0, "a"), *ax.get_xticklabels()]
        assert {text.get_color() for text in texts} == {COLORS["theory"]}
        assert ax.spines["left"].get_edgecolor() == pytest.approx((*to_rgb(COLORS["theory"]), 1))
        plt.close(fig)


def test_no_connection_shows_the_page():
    fig, ax = plt.subplots()
    image = networks.matrix_image(ax, [[0.0, 2.0], [-2.0, 1.0]])
    drawn = image.to_rgba(image.get_array())
    plt.close(fig)
    assert drawn[..., 3] == pytest.approx(np.array([[0, 1], [1, 0.5]]), abs=0.01)
    assert drawn[0, 1, :3] == pytest.approx(to_rgb(COLORS["excitatory"]), abs=0.01)
    assert drawn[1, 0, :3] == pytest.approx(to_rgb(COLORS["inhibitory"]), abs=0.01)
