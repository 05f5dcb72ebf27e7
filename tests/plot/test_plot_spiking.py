"""The drawings of chapter 9 hold the data they were given."""

import numpy as np

import netmod.plot as plot
from netmod.plot import COLORS


def test_agreement_is_in_hz_with_two_standard_errors(ax):
    predicted, simulated, stderr = np.array([0.01, 0.03]), np.array([0.012, 0.029]), np.array([0.001, 0.002])
    points = plot.spiking.agreement(ax, predicted, simulated, stderr)
    np.testing.assert_allclose(points.lines[0].get_xydata(), [[10, 12], [30, 29]])
    segments = points.lines[2][0].get_segments()
    np.testing.assert_allclose([np.ptp(s[:, 1]) for s in segments], [4, 8])
    assert points.lines[0].get_color() == COLORS["simulation"]
    plot.spiking.agreement(ax, predicted, simulated, color="#123456")
    assert [line.get_gid() for line in ax.lines].count("equality") == 1
    assert "Hz" in ax.get_xlabel()
    assert "Hz" in ax.get_ylabel()


def test_raster_has_a_tick_a_spike(ax):
    line = plot.spiking.raster(ax, [1.0, 2.5, 2.5], [0, 3, 1], color="inhibitory")
    np.testing.assert_array_equal(line.get_xydata(), [[1.0, 0], [2.5, 3], [2.5, 1]])
    assert line.get_linestyle() == "None"
    assert line.get_color() == COLORS["inhibitory"]


def test_population_rate_has_its_bins(ax):
    patch = plot.spiking.population_rate(ax, [0.01, 0.0, 0.5], 2.0)
    np.testing.assert_allclose(patch.get_data().values, [10, 0, 500])
    np.testing.assert_allclose(patch.get_data().edges, [0, 2, 4, 6])
