"""The artists of chapter 1 hold the data they were given."""

import numpy as np
import pytest

import netmod.plot as plot
from netmod import LIF, simulate

T = np.linspace(0, 10, 11)
V = np.sin(T) - 55


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_voltage_trace(ax):
    trace = simulate(LIF(), 15.0, 200.0, rng=1)
    line, strokes = plot.neuron.voltage_trace(ax, trace, LIF(), peak=-10.0)
    np.testing.assert_array_equal(line.get_xydata(), np.c_[trace.t, trace.v])
    segments = np.array(strokes.get_segments())
    np.testing.assert_array_equal(segments[:, 0, 0], trace.spike_times)
    assert len(segments) == len(trace.spike_times) > 0
    assert {*segments[:, 0, 1]} == {-50.0}
    assert {*segments[:, 1, 1]} == {-10.0}
    assert texts(ax) == ["threshold", "reset"]
    assert {line.get_ydata()[0] for line in ax.lines[:2]} == {-50.0, -60.0}
    assert "ms" in ax.get_xlabel()
    assert "mV" in ax.get_ylabel()


def test_voltage_trace_without_spikes(ax):
    line, strokes = plot.neuron.voltage_trace(ax, simulate(LIF(), 0.0, 5.0, rng=1), LIF())
    assert len(strokes.get_segments()) == 0
    assert len(line.get_xdata()) == 51


def test_noise_and_its_sum(ax):
    line = plot.neuron.noise(ax, T, V[:-1], text="fine")
    np.testing.assert_array_equal(line.get_xdata(), T)
    np.testing.assert_array_equal(line.get_ydata()[:-1], V[:-1])
    assert line.get_drawstyle() == "steps-post"
    assert line.get_color() == plot.COLORS["simulation"]
    line = plot.neuron.noise_sum(ax, T, V)
    np.testing.assert_array_equal(line.get_xydata(), np.c_[T, V])
    assert texts(ax) == ["fine"]


def test_coarse_noise_is_told_apart_without_its_colour(ax):
    fine, coarse = (
        plot.neuron.noise(ax, T, V[:-1], text=t, coarse=c) for t, c in (("fine", False), ("coarse", True))
    )
    assert coarse.get_linewidth() > 2 * fine.get_linewidth()
    assert coarse.get_zorder() > fine.get_zorder()
    assert plot.neuron.noise_sum(ax, T, V, coarse=True).get_marker() == "o"
    assert texts(ax) == ["fine", "coarse"]


def test_membranes_under_theory(ax):
    lines = plot.neuron.membranes(ax, T, np.c_[V, V + 1], -52.0, np.full(11, 2.0))
    assert len(lines) == 5
    np.testing.assert_array_equal(lines[1].get_ydata(), V + 1)
    assert [line.get_ydata()[3] for line in lines[2:]] == [-52.0, -50.0, -54.0]


def test_voltage_histogram(ax):
    patches, line = plot.neuron.voltage_histogram(ax, V, T, V, bins=5)
    assert sum(p.get_height() * p.get_width() for p in patches) == pytest.approx(1)
    np.testing.assert_array_equal(line.get_xydata(), np.c_[T, V])


def test_seen_at_steps(ax):
    path, points = plot.neuron.seen_at_steps(ax, T, V, 5, -54.5)
    np.testing.assert_array_equal(path.get_ydata(), V)
    np.testing.assert_array_equal(points.get_xydata(), np.c_[T, V][::5])
    above = ax.lines[1].get_ydata()
    np.testing.assert_array_equal(above[V >= -54.5], V[V >= -54.5])
    assert np.isnan(above[V < -54.5]).all()
    assert texts(ax) == ["threshold"]


def test_step_bias_is_in_per_cent_over_the_root(ax):
    points, _, (bars,) = plot.neuron.step_bias(
        ax, [0.04, 0.25], [-0.02, -0.05], [0.001, 0.002], "plain", color="excitatory"
    )
    np.testing.assert_allclose(points.get_xydata(), [[0.2, -2.0], [0.5, -5.0]])
    np.testing.assert_allclose([np.ptp(s[:, 1]) for s in bars.get_segments()], [0.4, 0.8])
    assert texts(ax) == ["plain"]
    assert ax.texts[0].xy == pytest.approx((0.5, -5.0))
    assert points.get_color() == plot.COLORS["excitatory"]
    assert ax.get_xlim() == pytest.approx((0, 0.505))


def test_step_law_is_straight_over_the_root(ax):
    line = plot.neuron.step_law(ax, 0.25, -0.1467, "law")
    np.testing.assert_allclose(line.get_xydata(), [[0, 0], [0.5, -7.335]])
    assert line.get_linestyle() == "--"
    assert texts(ax) == ["law"]
