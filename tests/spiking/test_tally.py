"""The bookkeeping of a simulation, by hand: sums of spikes, intervals and currents, and who spikes when."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from netmod.spiking.tally import Later, Tally, sender, standard_error

N, COPIES, STEPS = 3, 2, 50


def history(seed=0, p=0.3):
    """Which of the lanes (copies × neurons) spikes in which step."""
    return np.random.default_rng(seed).random((STEPS, COPIES * N)) < p


def told(spikes, **options):
    """A tally that has been told a history."""
    settings = {"n": N, "copies": COPIES, "steps": STEPS, "bin_steps": 0, "raster_steps": 0}
    tally = Tally(**settings | {"intervals": False, "keep_currents": False} | options)
    for k in range(STEPS):
        if spikes[k].any():
            tally.spikes(k, spikes[k].nonzero()[0])
    return tally


def test_rates_and_their_batches():
    """Thirty batches of the recorded time, shared among the copies, as even as whole steps allow."""
    spikes = history()
    found = told(spikes).results(np.zeros(N), 0.1, 1.0)
    counts = spikes.reshape(STEPS, COPIES, N)
    assert found["duration"] == pytest.approx(5.0)
    np.testing.assert_allclose(found["rate"], counts.sum(axis=(0, 1)) / (2 * 5.0))
    edges = [k * STEPS // 15 for k in range(16)]
    rows = [counts[a:b, c].sum(axis=0) / ((b - a) * 0.1) for a, b in itertools.pairwise(edges) for c in range(COPIES)]
    np.testing.assert_allclose(found["batch_rates"], rows)
    np.testing.assert_allclose(found["stderr"], np.std(rows, axis=0, ddof=1) / np.sqrt(30))


@pytest.mark.parametrize(("copies", "steps", "batches"), [(1, 1000, 30), (7, 1000, 5), (30, 1000, 1), (1, 4, 4)])
def test_batches_are_thirty_in_all_and_never_empty(copies, steps, batches):
    tally = Tally(N, copies, steps, 0, 0, False, False)
    assert tally.batches == batches
    assert tally.edges[[0, -1]].tolist() == [0, steps]
    assert (np.diff(tally.edges) > 0).all()


def test_one_batch_has_no_error():
    assert np.isnan(standard_error(np.ones((1, 3)))).tolist() == [True] * 3
    np.testing.assert_allclose(standard_error(np.array([[1.0, 0.0], [3.0, 0.0]])), [1.0, 0.0])


def test_intervals_of_every_lane_are_pooled_by_neuron():
    spikes = history(1, 0.2)
    spikes[:, [2, 5]] = False
    spikes[[4, 9], 2] = True  # neuron 2 has one interval in all: no CV
    found = told(spikes, intervals=True).results(np.zeros(N), 0.1, 1.0)
    for i in range(2):
        gaps = np.concatenate([np.diff(spikes[:, i + N * c].nonzero()[0]) for c in range(COPIES)])
        assert found["cv"][i] == pytest.approx(gaps.std() / gaps.mean())
    assert np.isnan(found["cv"][2])
    spikes[[14, 19], 2] = True  # three equal ones: a CV of 0
    assert told(spikes, intervals=True).results(np.zeros(N), 0.1, 1.0)["cv"][2] == 0


def test_two_intervals_are_enough_for_a_cv():
    spikes = np.zeros((STEPS, COPIES * N), bool)
    spikes[[0, 10, 30], 0] = True  # from the first step on
    assert told(spikes, intervals=True).results(np.zeros(N), 0.1, 1.0)["cv"][0] == pytest.approx(5 / 15)


@pytest.mark.parametrize("width", [1, 7, 10, 50])
def test_the_population_is_counted_in_whole_bins(width):
    spikes = history(2)
    found = told(spikes, bin_steps=width).results(np.zeros(N), 0.1, 1.0)
    bins = STEPS // width
    whole = spikes[: bins * width].reshape(bins, width, COPIES, N).sum(axis=(1, 3)).T
    assert found["bin_width"] == pytest.approx(0.1 * width)
    np.testing.assert_allclose(found["population"], whole / (N * 0.1 * width))


def test_the_population_of_one_neuron_is_its_rate():
    tally = Tally(1, 1, 10, 5, 0, False, False)
    for k in (0, 3, 9):
        tally.spikes(k, np.array([0]))
    np.testing.assert_allclose(tally.results(np.zeros(1), 0.1, 1.0)["population"], [[2 / 0.5, 1 / 0.5]])


@pytest.mark.parametrize("width", [1, 20, 50])
def test_the_raster_is_of_the_first_copy_and_as_long_as_asked(width):
    spikes = history(3)
    found = told(spikes, raster_steps=width).results(np.zeros(N), 0.1, 1.0)
    when, who = spikes[:width, :N].nonzero()
    np.testing.assert_allclose(found["spikes"][0], 0.1 * when)
    np.testing.assert_array_equal(found["spikes"][1], who)


def test_currents_are_summed_and_those_that_meet_a_resting_neuron_are_lost():
    tally = Tally(N, COPIES, 4, 0, 0, False, True)
    rng = np.random.default_rng(0)
    x, v = rng.random((4, 6)), np.where(rng.random((4, 6)) < 0.4, -np.inf, 0.0)
    for k in range(4):
        tally.currents(x[k], v[k])
    found = tally.results(np.array([8.0, 9.0, 10.0]), 0.5, 3.0)
    per = 3.0 / (2.0 * COPIES)
    np.testing.assert_allclose(found["mean_input"], [8, 9, 10] + per * x.sum(axis=0).reshape(2, 3).sum(axis=0))
    lost = np.where(np.isinf(v), x, 0).sum(axis=0).reshape(2, 3).sum(axis=0)
    np.testing.assert_allclose(found["lost_input"], per * lost)


def test_what_was_not_asked_for_is_not_there_and_nan_is_kept():
    found = told(history()).results(np.array([0.0, np.nan, 0.0]), 0.1, 1.0)
    assert set(found) == {"rate", "batch_rates", "duration", "stderr"}
    for name in ("rate", "stderr"):
        assert np.isnan(found[name]).tolist() == [False, True, False]
    assert np.isnan(found["batch_rates"]).all(axis=0).tolist() == [False, True, False]


# --- those whose turn comes later


@pytest.mark.parametrize("steps", [0, 3, [2, 2, 2, 2], [0, 1, 3, 3], [5, 0, 0, 0]])
def test_each_has_its_turn_after_its_own_number_of_steps_once(steps):
    each = np.broadcast_to(steps, 4)
    later, rng = Later(steps if np.ndim(steps) else int(steps), 4), np.random.default_rng(0)
    expected = np.zeros((40, 4), bool)
    for k in range(30):
        who = np.flatnonzero(rng.random(4) < 0.5)
        expected[k + each[who], who] = True
        later.put(k, who)
        np.testing.assert_array_equal(np.sort(later.due(k)), expected[k].nonzero()[0])
    for k in range(30, 40):  # and no second time
        np.testing.assert_array_equal(np.sort(later.due(k)), expected[k].nonzero()[0])


def test_equal_delays_are_kept_as_one():
    assert Later(np.array([2, 2, 2]), 3).steps == 2
    assert Later(np.array([2, 2, 2]), 3).marks.shape == (0, 3)
    assert Later(np.array([2, 2, 3]), 3).marks.shape == (4, 3)
    assert Later(np.array([], dtype=int), 0).due(0).size == 0


# --- sending


@pytest.mark.parametrize("copies", [1, 2, 3])
@pytest.mark.parametrize("scale", [0.5, np.array([1.0, 2.0, 3.0, 4.0])])
@pytest.mark.parametrize("form", [np.array, sp.csr_array])
def test_what_is_sent_is_the_column_of_the_sender_in_its_own_copy(form, scale, copies):
    W = np.array([[0.0, 1.0, 0, 0], [2.0, 0, 0, 0], [3.0, 4.0, 0, 5.0], [0, 0, 0, 0]])
    send = sender(form(W), scale, copies)
    fired = np.array([1, 3, 4, 5, 9])[: {1: 2, 2: 4, 3: 5}[copies]]
    target = np.ones(4 * copies)
    send(fired, target)
    expected = np.ones((copies, 4))
    for lane in fired:
        expected[lane // 4] += W[:, lane % 4] * scale
    np.testing.assert_allclose(target.reshape(copies, 4), expected)


def test_nothing_is_sent_where_there_is_no_connection():
    target = np.ones(3)
    sender(np.zeros((3, 3)), 1.0, 1)(np.array([0, 2]), target)
    np.testing.assert_array_equal(target, np.ones(3))
