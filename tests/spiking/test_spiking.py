"""simulate_network: uncoupled and by hand, charge and delays to the last digit, other simulators, honest errors."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import chi2

from netmod.lif import LIF, sample_intervals
from netmod.rate import firing_rate
from netmod.spiking import simulate_network
from tests import peers

QUIET = LIF(sigma=0.0)
FALSE_ALARMS = 1e-4  # of each statistical test below, had it been run with a fresh seed


def random_network(n, p, g, *, ratio=None, seed=0):
    """An Erdős-Rényi matrix; with `ratio`, the last fifth of the columns is inhibitory."""
    rng = np.random.default_rng(seed)
    A = (rng.random((n, n)) < p).astype(float)
    np.fill_diagonal(A, 0.0)
    if ratio is not None:
        A[:, n - n // 5 :] *= -ratio
    return g * A


def assert_within_errors(difference, stderr):
    """Fail if the differences, all together, are larger than their standard errors allow."""
    z = np.asarray(difference) / np.asarray(stderr)
    assert (z**2).sum() < chi2.ppf(1 - FALSE_ALARMS, z.size), f"z scores {np.round(z, 1)}"


# --- neurons that differ

VARIED = LIF(
    tau=np.array([20.0, 10.0, 30.0, 20.0]),
    E_L=np.array([-60.0, -65.0, -60.0, -60.0]),
    sigma=np.array([0.0, 3.0, 4.0, 5.0]),
    v_th=np.array([-50.0, -55.0, -52.0, -50.0]),
    v_r=np.array([-60.0, -66.0, -58.0, -61.0]),
    tau_ref=np.array([2.0, 0.0, 5.0, 1.0]),
)


A_RING = np.roll(np.eye(4), 1, axis=0)


def alone(neuron, i):
    """Return neuron i of several that differ."""
    return LIF(**{name: value[i] for name, value in vars(neuron).items()})


@pytest.mark.parametrize("options", [{}, {"lower_threshold": False}, {"start": [-60.0, -60.0, -58.0, -59.0]}])
def test_neurons_that_differ_are_each_as_if_alone(options):
    E0 = np.array([15.0, 12.0, 9.0, 8.0])
    run = simulate_network(np.zeros((4, 4)), VARIED, E0, duration=300, copies=3, rng=1, **options)
    for i in range(4):
        one = simulate_network(np.zeros((4, 4)), alone(VARIED, i), E0, duration=300, copies=3, rng=1, **options)
        np.testing.assert_array_equal(run.batch_rates[:, i], one.batch_rates[:, i])
    assert (run.rate > 0).all()


@pytest.mark.parametrize("tau_syn", [0.0, 5.0, 10.0])  # 10 ms is the membrane's own time constant in neuron 1
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_a_spike_carries_its_charge_to_neurons_that_differ(tau_syn, kind):
    # neuron 0 drives the rest, which are refractory now and then: what they hear is what is sent
    W, E0 = np.zeros((4, 4)), np.array([15.0, 5.0, 4.0, 3.0])
    W[1:, 0] = 60.0, -50.0, 40.0
    run = simulate_network(kind(W), VARIED, E0, duration=4000, copies=2, tau_syn=tau_syn, currents=True, rng=1)
    np.testing.assert_allclose(run.mean_input, E0 + W @ run.rate, atol=0.02)
    assert run.lost_input[1] == 0  # no refractory period
    assert (run.lost_input[2:] != 0).any()
    # and the membrane follows: without a threshold within reach, noise-free, all end at E_L + E
    free = LIF(tau=np.array([20.0, 10.0, 30.0, 20.0]), v_th=np.array([-50.0, 1e6, 1e6, 1e6]), sigma=0.0)
    jump = simulate_network(kind(W), free, E0, duration=100, tau_syn=tau_syn, rng=1)
    assert (jump.rate[1:] == 0).all()
    assert jump.rate[0] > 0


def test_neurons_must_be_as_many_as_the_network_has():
    with pytest.raises(ValueError, match=r"^neuron must describe 3 neurons to fit W, got 4"):
        simulate_network(np.zeros((3, 3)), VARIED, 8.0, duration=1)


def test_arrays_of_one_value_are_that_value():
    W, E0 = 20.0 * A_RING, np.full(4, 9.0)
    same = LIF(**{name: np.full(4, value) for name, value in vars(LIF()).items()})
    for tau_syn in (0.0, 5.0):
        ours = simulate_network(W, same, E0, duration=300, tau_syn=tau_syn, currents=True, rng=1)
        plain = simulate_network(W, LIF(), E0, duration=300, tau_syn=tau_syn, currents=True, rng=1)
        np.testing.assert_array_equal(ours.batch_rates, plain.batch_rates)
        np.testing.assert_allclose(ours.mean_input, plain.mean_input, rtol=1e-12)


# --- noise on -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("neuron", [LIF(), LIF(tau=10, E_L=-70, v_r=-65, v_th=-52, sigma=5, tau_ref=0)])
def test_uncoupled_neurons_fire_at_the_siegert_rate(neuron):
    E = np.array([6.0, 8.0, 12.0, 18.0, 25.0, 40.0]) + (neuron.v_th - neuron.E_L - 10.0)
    run = simulate_network(np.zeros((6, 6)), neuron, E, duration=1000, copies=200, rng=1)
    assert_within_errors(run.rate - firing_rate(E, neuron), run.stderr)
    assert (run.stderr < 0.05 * run.rate).all()


def test_the_plain_threshold_test_misses_crossings():
    run = simulate_network(np.zeros((2, 2)), LIF(), 8.0, duration=1000, copies=500, lower_threshold=False, rng=1)
    bias = run.rate / firing_rate(8.0) - 1
    assert (bias < -0.02).all()
    assert (bias > -0.07).all()


@pytest.mark.parametrize("options", [{"tau_syn": 5.0}, {"tau_syn": 0.0}, {"tau_syn": 0.0, "delay": 3.0}])
def test_two_coupled_neurons_have_the_mean_computed_by_hand(options):
    W = np.array([[0.0, -8.0], [12.0, 0.0]])
    E0 = np.array([20.0, 9.0])
    run = simulate_network(W, LIF(), E0, duration=2000, copies=300, currents=True, rng=2, **options)
    by_hand = [20.0 - 8.0 * run.rate[1], 9.0 + 12.0 * run.rate[0]]
    np.testing.assert_allclose(run.mean_input, by_hand, atol=1e-3)
    assert_within_errors(run.rate - firing_rate(by_hand), run.stderr + 1e-3 * run.rate)
    assert run.rate[1] > 1.1 * firing_rate(9.0)


def test_connections_run_from_column_to_row():
    run = simulate_network([[0, 0], [150, 0]], LIF(), 8.0, duration=1000, copies=100, rng=3)
    assert abs(run.rate[0] - firing_rate(8.0)) < 4 * run.stderr[0]
    assert run.rate[1] > 1.2 * run.rate[0]


@pytest.mark.slow
@pytest.mark.parametrize(("g", "tau_syn"), [(0.0, 5.0), (10.0, 5.0), (10.0, 0.0)])
@pytest.mark.parametrize("copies", [1, 10])
def test_standard_errors_are_honest(g, tau_syn, copies):
    """The spread of 120 networks that know nothing of one another is what each said, for neurons and for means."""
    networks, n = 120, 10
    W = sp.block_diag([random_network(n, 0.5, 3.0 * g)] * networks)
    run = simulate_network(W, LIF(), 9.0, duration=6000 / copies, copies=copies, tau_syn=tau_syn, burn_in=100, rng=8)
    batches = run.batch_rates.reshape(len(run.batch_rates), networks, n)
    spread = batches.mean(axis=0).var(axis=0, ddof=1).mean()
    # Neurons of a synchronous network are as good as one: count networks only. Counts in windows of 200 ms spread
    # about a tenth more, in variance, than longer ones would, so what is said is on the safe side.
    low, high = chi2.ppf([FALSE_ALARMS / 2, 1 - FALSE_ALARMS / 2], networks - 1) / (networks - 1) * [0.9, 1.0]
    assert low < spread / np.mean(run.stderr**2) < high
    means = batches.mean(axis=2)
    said = (means.std(axis=0, ddof=1) ** 2 / len(means)).mean()
    assert low < means.mean(axis=0).var(ddof=1) / said < high
    alone = simulate_network(W, LIF(), 9.0, duration=200, copies=copies, tau_syn=tau_syn, rng=8)
    expected = alone.batch_rates.mean(axis=1).std(ddof=1) / len(alone.batch_rates) ** 0.5
    assert alone.mean_rate_stderr == pytest.approx(expected)


def test_a_cv_takes_two_intervals():
    # 25 mV, no noise: a spike every 2 + 20 ln(25/15) = 12.2 ms from reset; windows with 2 and with 3 spikes
    options = {"burn_in": 0.0, "start": -60.0, "intervals": True}
    one = simulate_network([[0.0]], QUIET, 25.0, duration=30, **options)
    two = simulate_network([[0.0]], QUIET, 25.0, duration=42, **options)
    assert round(one.rate[0] * 30) == 2
    assert np.isnan(one.cv[0])
    assert round(two.rate[0] * 42) == 3
    assert two.cv[0] == 0
    noisy = simulate_network([[0.0]], LIF(), 12.0, duration=3000, raster=3000, intervals=True, rng=3)
    gaps = np.diff(noisy.spikes[0])
    assert noisy.cv[0] == pytest.approx(gaps.std() / gaps.mean(), rel=1e-9)


@pytest.mark.slow
def test_copies_are_worth_their_time():
    W = random_network(20, 0.3, 15.0)
    one = simulate_network(W, LIF(), 9.0, duration=20_000, rng=1)
    many = simulate_network(W, LIF(), 9.0, duration=1000, copies=20, rng=2)
    assert_within_errors(one.rate - many.rate, np.hypot(one.stderr, many.stderr))
    assert 0.8 < np.mean(one.stderr) / np.mean(many.stderr) < 1.25


def test_intervals_vary_as_those_of_one_neuron():
    E = np.array([8.0, 14.0, 25.0])
    run = simulate_network(np.zeros((3, 3)), LIF(), E, duration=10_000, copies=10, intervals=True, rng=1)
    T = sample_intervals(LIF(), E, 20_000, rng=1)
    np.testing.assert_allclose(run.cv, T.std(axis=1) / T.mean(axis=1), rtol=0.05)


# --- noise off: exact -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau_syn", [0.0, 0.01, 1.0, 5.0, 20.0, 20.0 + 1e-9, 60.0])
@pytest.mark.parametrize("delay", [0.0, 7.0])
@pytest.mark.parametrize("W", [130.0, -40.0])
def test_a_spike_carries_the_charge_W(tau_syn, delay, W):
    """Neuron 0 starts above threshold, spikes once, and never again."""
    run = simulate_network(
        [[0, 0], [W, 0]],
        QUIET,
        0.0,
        duration=3000,
        tau_syn=tau_syn,
        delay=delay,
        start=[-40, -60],
        currents=True,
        burn_in=0,
    )
    assert run.rate[0] * run.duration == pytest.approx(1)
    assert run.mean_input[1] * run.duration == pytest.approx(W, rel=1e-9)
    assert run.mean_input[0] == 0


@pytest.mark.parametrize("tau_syn", [0.0, 0.1, 5.0, 20.0, 60.0])
def test_the_peak_it_makes_is_the_textbook_one(tau_syn):
    """W just too weak to take the next neuron to threshold does not; just strong enough, it does."""
    tau = QUIET.tau
    ratio = tau_syn / tau
    if tau_syn == 0:
        peak = 1 / tau
    elif tau_syn == tau:
        peak = np.exp(-1) / tau
    else:
        peak = ratio ** (ratio / (1 - ratio)) / tau
    fired = []
    for W in np.array([1 - 2e-3, 1 + 2e-3]) * (QUIET.v_th - QUIET.E_L) / peak:
        dt = min(0.1, tau_syn / 20) if tau_syn else 1e-3
        run = simulate_network(
            [[0, 0], [W, 0]], QUIET, 0, duration=60, tau_syn=tau_syn, start=[-40, -60], dt=dt, burn_in=0
        )
        fired.append(round(run.rate[1] * run.duration))
    assert fired == [0, 1]


@pytest.mark.parametrize("tau_syn", [0.0, 1.0])
def test_delays_are_kept(tau_syn):
    W = np.zeros((4, 4))
    W[1, 0] = W[2, 1] = W[3, 2] = 5000.0
    E0 = np.zeros(4)
    delay = np.array([0.0, 3.0, 12.5, 1.0])
    options = {"start": [-40, -60, -60, -60], "burn_in": 0, "duration": 60, "raster": 60, "tau_syn": tau_syn}
    bare = simulate_network(W, QUIET, E0, **options)
    times, who = bare.spikes
    np.testing.assert_array_equal(who[:4], [0, 1, 2, 3])
    step = np.diff(times[:4])
    if tau_syn == 0:
        np.testing.assert_allclose(step, 0.1)
    times, who = simulate_network(W, QUIET, E0, delay=delay, **options).spikes
    first = [times[who == i][0] for i in range(4)]
    np.testing.assert_allclose(np.diff(first), step + delay[:3])
    times, who = simulate_network(W, QUIET, E0, delay=3.0, **options).spikes
    assert [times[who == i][0] for i in range(4)] == pytest.approx(np.cumsum([0.0, *(step + 3.0)]))


@pytest.mark.parametrize("tau_ref", [0.0, 0.1, 2.0, 5.0])
def test_refractory_time_is_in_the_interval(tau_ref):
    neuron = LIF(sigma=0, tau_ref=tau_ref)
    times, _ = simulate_network([[0]], neuron, 20.0, duration=500, raster=500, burn_in=0, start=-60).spikes
    rise = np.ceil(20 * np.log(2) / 0.1) * 0.1  # the first grid point at or above threshold
    np.testing.assert_allclose(np.diff(times), tau_ref + rise)
    assert times[0] == pytest.approx(rise - 0.1)  # the step that ends at time 0.1 has number 0


@pytest.mark.parametrize(("delay", "lost"), [(0.0, True), (1.0, True), (1.9, True), (2.0, False), (5.0, False)])
def test_pulses_during_refractoriness_are_lost(delay, lost):
    run = simulate_network(
        [[0, 150], [150, 0]],
        QUIET,
        0.0,
        duration=100,
        tau_syn=0,
        delay=delay,
        start=-40,
        burn_in=0,
        currents=True,
    )
    np.testing.assert_allclose(run.mean_input * 100, 150)
    np.testing.assert_allclose(run.lost_input * 100, 150 if lost else 0)


def test_a_pulse_after_refractoriness_counts_in_full():
    """At delay tau_ref the pulse finds v_r: with 200 mV·ms it just reaches threshold, and the pair echoes on."""
    options = {"duration": 100, "tau_syn": 0, "start": -40, "burn_in": 0, "dt": 1e-2}
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert simulate_network(199 * W, QUIET, 0, delay=2.0, **options).rate[0] * 100 == pytest.approx(1)
    assert simulate_network(201 * W, QUIET, 0, delay=2.0, **options).rate[0] * 100 > 40
    assert simulate_network(2010 * W, QUIET, 0, delay=1.9, **options).rate[0] * 100 == pytest.approx(1)


def test_exponential_current_is_lost_only_while_refractory():
    run = simulate_network(
        [[0, 100], [100, 0]],
        QUIET,
        0,
        duration=300,
        tau_syn=5.0,
        start=-40,
        burn_in=0,
        currents=True,
    )
    np.testing.assert_allclose(run.lost_input / run.mean_input, 1 - np.exp(-2 / 5), rtol=1e-12)


# --- bookkeeping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("tau_syn", [5.0, 0.0])
def test_sparse_and_dense_are_the_same_network(copies, tau_syn):
    W = random_network(40, 0.1, 30.0, ratio=4)
    options = {"duration": 500, "copies": copies, "tau_syn": tau_syn, "rng": 5, "currents": True}
    dense = simulate_network(W, LIF(), 12.0, **options)
    for kind in (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix):
        sparse = simulate_network(kind(W), LIF(), 12.0, **options)
        np.testing.assert_array_equal(dense.batch_rates, sparse.batch_rates)
        np.testing.assert_array_equal(dense.mean_input, sparse.mean_input)


def test_asking_for_more_changes_nothing():
    W = random_network(20, 0.3, 20.0)
    for tau_syn in (0.0, 5.0):
        options = {"duration": 500, "copies": 2, "rng": 5, "tau_syn": tau_syn}
        bare = simulate_network(W, LIF(), 9.0, **options)
        full = simulate_network(
            W, LIF(), 9.0, intervals=True, currents=True, bin_width=5.0, raster=100, delay=np.zeros(20), **options
        )
        np.testing.assert_array_equal(bare.batch_rates, full.batch_rates)
        assert bare.cv is bare.mean_input is bare.lost_input is bare.population is bare.spikes is None


def test_the_extras_add_up():
    W = random_network(30, 0.3, 20.0)
    run = simulate_network(W, LIF(), 10.0, duration=2400, bin_width=4.0, raster=2400, intervals=True, rng=1)
    times, who = run.spikes
    np.testing.assert_allclose(np.bincount(who, minlength=30) / 2400, run.rate)
    np.testing.assert_allclose(run.population.mean(), run.mean_rate)
    assert run.population.shape == (1, 600)
    counts = np.bincount(np.floor(times / 4.0 + 1e-9).astype(int), minlength=600)
    np.testing.assert_allclose(run.population[0] * 4.0 * 30, counts)
    assert run.synchrony == pytest.approx(counts.var() / counts.mean())
    gaps = [np.diff(times[who == i]) for i in range(30)]
    np.testing.assert_allclose(run.cv, [gap.std() / gap.mean() for gap in gaps])
    assert (np.diff(times) >= 0).all()
    assert times.max() < 2400
    np.testing.assert_allclose(run.batch_rates.mean(axis=0), run.rate)
    assert run.batch_rates.shape == (30, 30)
    np.testing.assert_allclose(run.stderr, run.batch_rates.std(axis=0, ddof=1) / 30**0.5)


def test_the_population_rate_is_kept_copy_by_copy():
    run = simulate_network(np.zeros((4, 4)), LIF(), 12.0, duration=1000, copies=3, bin_width=10.0, rng=1)
    by_copy = run.batch_rates.reshape(10, 3, 4).mean(axis=(0, 2))
    np.testing.assert_allclose(run.population.mean(axis=1), by_copy)
    assert len(set(by_copy)) == 3


def test_shot_noise_example(golden):
    """The formula of chapter 9, for inputs whose means cancel."""
    example = golden["shot_noise_example"]
    parts = [example[kind] for kind in ("exc", "inh")]
    mean = example["E0"] + sum(x["K"] * x["W"] * x["r"] for x in parts)
    sigma = np.sqrt(12 + sum(x["K"] * x["W"] ** 2 * x["r"] for x in parts) / 20)
    assert mean == pytest.approx(example["E"])
    assert sigma == pytest.approx(example["sigma_eff"])
    assert firing_rate(mean, LIF(sigma=sigma)) == pytest.approx(float(example["rate"]), rel=1e-12)


def test_synchrony_has_its_limits():
    alone = simulate_network(np.zeros((50, 50)), LIF(), 6.0, duration=5000, bin_width=2.0, rng=1)
    assert alone.synchrony == pytest.approx(1, abs=0.1)
    together = simulate_network(np.zeros((50, 50)), QUIET, 20.0, duration=5000, bin_width=0.1, start=-60, rng=1)
    assert together.synchrony > 0.95 * 50
    with pytest.raises(ValueError, match="bin_width"):
        _ = simulate_network(np.zeros((2, 2)), LIF(), 6.0, duration=10).synchrony


def test_raster_shows_the_first_copy():
    W = np.zeros((3, 3))
    run = simulate_network(W, LIF(), 20.0, duration=400, copies=5, raster=150, rng=1)
    assert run.spikes[0].max() < 150
    assert set(run.spikes[1]) == {0, 1, 2}
    assert len(run.spikes[0]) < 2 * 3 * 150 * firing_rate(20.0)


def test_seeds():
    W = random_network(10, 0.3, 20.0)
    first, same, other = (simulate_network(W, LIF(), 9.0, duration=500, rng=s).batch_rates for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(first, simulate_network(W, LIF(), 9.0, duration=500, rng=generator).batch_rates)
    assert (first != simulate_network(W, LIF(), 9.0, duration=500, rng=generator).batch_rates).any()


def test_inputs_are_left_alone():
    W, E0, start, delay = random_network(5, 0.5, 20.0), np.full(5, 9.0), np.full(5, -55.0), np.full(5, 1.0)
    before = [x.copy() for x in (W, E0, start, delay)]
    simulate_network(W, LIF(), E0, start=start, delay=delay, duration=50, rng=1)
    for old, new in zip(before, (W, E0, start, delay), strict=True):
        np.testing.assert_array_equal(old, new)
    for x in (W, E0, start, delay):
        x.flags.writeable = False
    simulate_network(W, LIF(), E0, start=start, delay=delay, duration=50, rng=1)


def test_nan_stays_where_it_is():
    W = random_network(6, 0.5, 20.0)
    run = simulate_network(W, LIF(), [9, 9, np.nan, 9, 9, 9], duration=500, rng=1, currents=True, intervals=True)
    np.testing.assert_array_equal(np.isnan(run.rate), np.arange(6) == 2)
    np.testing.assert_array_equal(np.isnan(run.stderr), np.arange(6) == 2)
    np.testing.assert_array_equal(np.isnan(run.mean_input), np.arange(6) == 2)


@pytest.mark.parametrize("W", [np.zeros((0, 0)), sp.csr_array((0, 0)), np.zeros((1, 1), int), [[False]]])
def test_tiny_networks(W):
    run = simulate_network(
        W, LIF(), 20.0, duration=200, bin_width=10, raster=50, intervals=True, currents=True, rng=1
    )
    n = np.shape(W)[0]
    assert run.rate.shape == run.stderr.shape == run.mean_input.shape == run.cv.shape == (n,)
    assert run.rate.dtype == float
    assert np.isnan(run.mean_rate) == (n == 0)


def test_short_runs_have_an_unknown_error_not_a_wrong_one():
    assert np.isnan(simulate_network([[0]], LIF(), 20.0, duration=0.1).stderr).all()
    assert simulate_network([[0]], LIF(), 20.0, duration=0.2, rng=1).batch_rates.shape == (2, 1)


def test_the_repr_is_short():
    run = simulate_network(np.zeros((3, 3)), QUIET, 20.0, duration=1000, rng=1)
    assert repr(run).startswith("SpikingRun(3 neurons, mean rate 6")
    assert len(repr(run)) < 80


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"W": np.zeros((2, 3))}, ValueError, "W must be square"),
        ({"W": np.zeros(4)}, ValueError, "W must be square"),
        ({"W": np.full((2, 2), np.nan)}, ValueError, "W must be finite"),
        ({"W": sp.csr_array(np.full((2, 2), np.inf))}, ValueError, "W must be finite"),
        ({"W": np.zeros((2, 2), complex)}, TypeError, "W must be real"),
        ({"W": "ab"}, TypeError, "W must be real"),
        ({"neuron": 20.0}, TypeError, "neuron"),
        ({"E0": [1.0, 2.0, 3.0]}, ValueError, "E0"),
        ({"E0": np.inf}, ValueError, "E0"),
        ({"E0": "8"}, TypeError, "E0"),
        ({"duration": 0}, ValueError, "duration"),
        ({"duration": -5}, ValueError, "duration"),
        ({"duration": None}, TypeError, "duration"),
        ({"dt": 0}, ValueError, "dt"),
        ({"dt": 25.0}, ValueError, "dt"),
        ({"dt": 19.0, "neuron": LIF(sigma=20)}, ValueError, "dt must be smaller"),
        ({"tau_syn": -1}, ValueError, "tau_syn"),
        ({"delay": -1}, ValueError, "delay"),
        ({"delay": [1.0, np.nan]}, ValueError, "delay"),
        ({"delay": [1.0]}, ValueError, "delay"),
        ({"copies": 0}, ValueError, "copies"),
        ({"copies": 1.5}, TypeError, "copies"),
        ({"burn_in": -1}, ValueError, "burn_in"),
        ({"bin_width": 0}, ValueError, "bin_width"),
        ({"raster": -1}, ValueError, "raster"),
        ({"start": [0.0, 1.0, 2.0]}, ValueError, "start"),
        ({"rng": "seed"}, TypeError, None),
    ],
)
def test_bad_input(change, error, word):
    good = {"W": np.zeros((2, 2)), "neuron": LIF(), "E0": 8.0, "duration": 10.0}
    with pytest.raises(error, match=word):
        simulate_network(**{**good, **change})


# --- other simulators -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("g", "ratio"), [(12.0, None), (15.0, 4.0)])
def test_brian2_agrees(g, ratio):
    """Independent simulations, both with the plain threshold test at the same time step."""
    peers.peers_or_skip("brian2")
    n, copies, duration = 40, 20, 800.0

    def work(W, E0, copies, duration):
        import brian2 as b

        b.prefs.codegen.target = "numpy"
        b.seed(11)
        b.defaultclock.dt = 0.1 * b.ms
        n = len(W)
        # Brian2 counts the step of the spike itself as part of the refractory time: one more here.
        group = b.NeuronGroup(
            n * copies,
            """dv/dt = (E0 + s - v) / (20*ms) + 12**0.5 * (20*ms)**-0.5 * xi : 1 (unless refractory)
            ds/dt = -s / (5*ms) : 1""",
            threshold="v >= 10",
            reset="v = 0",
            refractory=2.1 * b.ms,
            method="euler",
            namespace={"E0": E0},
        )
        group.v = "10 * rand()"
        target, source = np.nonzero(W)
        offset = n * np.repeat(np.arange(copies), len(source))
        synapses = b.Synapses(group, group, "w : 1", on_pre="s_post += w")
        synapses.connect(i=np.tile(source, copies) + offset, j=np.tile(target, copies) + offset)
        synapses.w = np.tile(W[target, source] / 5.0, copies)
        net = b.Network(group, synapses)
        net.run(200 * b.ms)
        spikes = b.SpikeMonitor(group, record=False)
        net.add(spikes)
        net.run(duration * b.ms)
        return {"rates": np.array(spikes.count).reshape(copies, n) / duration}

    W = random_network(n, 0.2, g, ratio=ratio, seed=4)
    theirs = peers.run(work, W=W, E0=9.0, copies=copies, duration=duration)["rates"]
    ours = simulate_network(W, LIF(), 9.0, duration=duration, copies=4 * copies, lower_threshold=False, rng=1)
    stderr = np.hypot(ours.mean_rate_stderr, theirs.mean(axis=1).std(ddof=1) / copies**0.5)
    assert stderr < 0.01 * ours.mean_rate
    assert abs(theirs.mean() - ours.mean_rate) < 4 * stderr
    difference = theirs.mean(axis=0) - ours.rate
    assert_within_errors(difference, np.hypot(ours.stderr, theirs.std(axis=0, ddof=1) / copies**0.5))
    assert np.corrcoef(theirs.mean(axis=0), ours.rate)[0, 1] > 0.9


@pytest.mark.parametrize("tau_syn", [5.0, 1.0])
def test_nest_fires_the_same_spikes(tau_syn):
    """Without noise the two simulators solve the same equations exactly: every spike falls on the same step."""
    peers.peers_or_skip("nest")

    def work(W, E0, start, tau_syn, delay):
        import nest

        nest.ResetKernel()
        nest.resolution = 0.1
        n = len(W)
        # C_m = tau makes 1 pA worth 1 mV.
        cells = nest.Create(
            "iaf_psc_exp",
            n,
            {
                "tau_m": 20.0,
                "C_m": 20.0,
                "E_L": -60.0,
                "V_th": -50.0,
                "V_reset": -60.0,
                "t_ref": 2.0,
                "tau_syn_ex": tau_syn,
                "tau_syn_in": tau_syn,
            },
        )
        cells.I_e = list(E0)
        cells.V_m = list(start)
        for j in range(n):
            targets = np.flatnonzero(W[:, j])
            if len(targets):
                nest.Connect(
                    cells[j],
                    cells[[int(i) for i in targets]],
                    {"rule": "all_to_all"},
                    {"weight": W[targets, j][:, None] / tau_syn, "delay": delay},
                )
        recorder = nest.Create("spike_recorder")
        nest.Connect(cells, recorder)
        nest.Simulate(300.0)
        return {"times": recorder.events["times"], "who": recorder.events["senders"] - 1}

    rng = np.random.default_rng(3)
    n = 50
    W = random_network(n, 0.2, 20.0, ratio=4.0, seed=5)
    E0, start = rng.uniform(10.5, 16.0, n), rng.uniform(-60, -50, n)
    theirs = peers.run(work, W=W, E0=E0, start=start, tau_syn=tau_syn, delay=0.7)
    order = np.lexsort((theirs["who"], np.round(theirs["times"], 1)))
    times, who = simulate_network(
        W, QUIET, E0, start=start, delay=0.7, tau_syn=tau_syn, duration=300, raster=300, burn_in=0
    ).spikes
    assert len(times) > 500
    np.testing.assert_array_equal(who, theirs["who"][order])
    np.testing.assert_allclose(times + 0.1, theirs["times"][order], atol=1e-6)  # NEST dates a step by its end
