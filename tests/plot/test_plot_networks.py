"""What is drawn is what was given."""

import matplotlib as mpl
import networkx as nx
import numpy as np
import pytest

import netmod.plot as plot
from netmod import connection_matrix, dale_signs, erdos_renyi, to_networkx
from netmod.plot import COLORS


def test_graph_has_an_arrow_from_j_to_i(ax):
    W = np.array([[0.0, 0.0, -4.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    places = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    nodes, arrows = plot.networks.network_graph(ax, W, places, labels=True)
    np.testing.assert_array_equal(nodes.get_offsets(), places)
    ends = {tuple(map(tuple, arrow._posA_posB)): mpl.colors.to_hex(arrow.get_edgecolor()) for arrow in arrows}
    assert ends == {
        ((0.0, 0.0), (1.0, 0.0)): COLORS["excitatory"].lower(),
        ((0.0, 1.0), (0.0, 0.0)): COLORS["inhibitory"].lower(),
    }
    colors = [mpl.colors.to_hex(c) for c in nodes.get_facecolors()]
    assert colors == [COLORS[k].lower() for k in ("excitatory", "muted", "inhibitory")]
    assert [t.get_text() for t in ax.texts] == ["0", "1", "2"]


def test_graph_takes_a_layout_of_networkx(ax):
    W = connection_matrix(erdos_renyi(12, 0.2, rng=1), 1.0, dale_signs(12))
    layout = nx.circular_layout(to_networkx(W))
    nodes, arrows = plot.networks.network_graph(ax, W, layout)
    np.testing.assert_allclose(nodes.get_offsets(), [layout[i] for i in range(12)])
    assert len(arrows) == np.count_nonzero(W)


def test_matrix_image_shows_the_matrix_and_the_page_where_there_is_nothing(ax):
    W = np.array([[0.0, -4.0], [1.0, 0.0]])
    image = plot.networks.matrix_image(ax, W)
    np.testing.assert_array_equal(image.get_array(), W)
    assert image.cmap(image.norm(0.0))[3] == pytest.approx(0, abs=0.01)
    assert image.cmap(image.norm(-4.0))[3] == 1
    assert image.cmap(image.norm(-4.0))[2] > image.cmap(image.norm(-4.0))[0]  # blue is inhibitory
    assert ax.get_xlabel() == "from neuron j"
    assert ax.get_ylabel() == "to neuron i"
    plot.networks.matrix_image(ax, np.zeros((2, 2)))


def test_degree_histogram_is_normalised(ax):
    bars, line = plot.networks.degree_histogram(ax, [[0, 1, 1], [3, 1, 0]], [0.5, 0.25, 0.25])
    np.testing.assert_allclose([b.get_height() for b in bars], [2 / 6, 3 / 6, 0, 1 / 6])
    np.testing.assert_array_equal([b.get_x() + b.get_width() / 2 for b in bars], [0, 1, 2, 3])
    np.testing.assert_array_equal(line.get_xydata(), [[0, 0.5], [1, 0.25], [2, 0.25]])
    assert plot.networks.degree_histogram(ax, [1, 2])[1] is None


def test_across_networks_writes_the_correlation(ax):
    points = plot.networks.across_networks(ax, [1, 2, 3], [3, 2, 1])
    np.testing.assert_array_equal(points.get_offsets(), [[1, 3], [2, 2], [3, 1]])
    assert ax.get_title() == "correlation −1.00"


def test_alpha_by_size_has_two_standard_errors(ax):
    bars, line = plot.networks.alpha_by_size(ax, [50, 100], [0.4, 0.3], [0.01, 0.02], theory=[0.35, 0.3])
    np.testing.assert_array_equal(bars.lines[0].get_xydata(), [[50, 0.4], [100, 0.3]])
    segments = bars.lines[2][0].get_segments()
    np.testing.assert_allclose([s[:, 1] for s in segments], [[0.38, 0.42], [0.26, 0.34]])
    np.testing.assert_array_equal(line.get_ydata(), [0.35, 0.3])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["50", "100"]


def test_spectrum_shows_points_disc_and_outlier(ax):
    z = np.array([3.0, 1 + 1j, 1 - 1j])
    points, disc, cross = plot.networks.spectrum(ax, z, radius=1.5, outlier=2.9)
    np.testing.assert_array_equal(points.get_offsets(), [[3, 0], [1, 1], [1, -1]])
    assert disc.get_radius() == 1.5
    np.testing.assert_array_equal(cross.get_xydata(), [[2.9, 0]])
    assert plot.networks.spectrum(ax, z)[1:] == (None, None)
