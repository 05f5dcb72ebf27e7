"""The self-consistent mean and variance against closed forms, published numbers, NNMT, and simulated neurons."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import (
    LIF,
    DiffusionRates,
    RateNetwork,
    RateTable,
    connection_matrix,
    dale_signs,
    diffusion_rates,
    erdos_renyi,
    firing_rate,
    iterate,
    newton,
    simulate_network,
)
from netmod.lif import lanes
from netmod.spiking import diffusion
from tests import peers

A = erdos_renyi(100, 0.2, rng=1)
RNG = np.random.default_rng(1)
VARIED = LIF(sigma=RNG.uniform(3, 4, 100), tau=RNG.uniform(10, 30, 100), tau_ref=RNG.uniform(1, 3, 100))


def mixed(g):
    return connection_matrix(A, g, dale_signs(100, ratio=4.0))


# --- the equations


@pytest.mark.parametrize("neuron", [LIF(), LIF(sigma=0.0), VARIED])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_a_solution_solves_what_the_docstring_says(neuron, kind):
    W = mixed(15.0)
    found = diffusion_rates(RateNetwork(kind(W), np.linspace(9, 13, 100), neuron), sigma_syn=2.0)
    assert found.converged
    assert found.residual < 1e-10
    sigma = np.sqrt(neuron.sigma**2 + 4.0 + W**2 @ found.rate / neuron.tau)
    np.testing.assert_allclose(found.E, np.linspace(9, 13, 100) + W @ found.rate, rtol=1e-11)
    np.testing.assert_allclose(found.sigma, sigma, rtol=1e-11)
    every = {name: np.broadcast_to(value, 100) for name, value in vars(neuron).items()} | {"sigma": sigma}
    for i in range(100):  # each with a neuron of its own
        one = LIF(**{name: float(value[i]) for name, value in every.items()})
        assert found.rate[i] == pytest.approx(firing_rate(found.E[i], one), rel=1e-9)


def test_without_connections_it_is_the_rate():
    found = diffusion_rates(RateNetwork(np.zeros((2, 2)), [8.0, 12.0]), tau_syn=5.0)
    np.testing.assert_array_equal(found.rate, firing_rate([8.0, 12.0]))
    assert found.iterations == 1
    assert found.residual == 0


def test_noise_of_spikes_in_one_neuron_by_hand():
    # a neuron that excites itself through 100 synapses: mean and variance of 100 trains of a hundredth of W
    found = diffusion_rates(RateNetwork([[40.0]], 8.0), synapses=100)
    r = found.rate[0]
    assert found.sigma[0] ** 2 == pytest.approx(12 + 100 * 0.4**2 * r / 20, rel=1e-12)
    assert r == pytest.approx(firing_rate(8.0 + 40 * r, LIF(sigma=found.sigma[0])), rel=1e-12)


def test_many_synapses_make_no_noise():
    net = RateNetwork(mixed(10.0), 8.0)
    found = diffusion_rates(net, synapses=1e12)
    np.testing.assert_allclose(found.rate, newton(net).rate, rtol=1e-9)


def test_synapses_count_where_there_are_some():
    W = mixed(20.0)
    K = np.where(W != 0, 4.0, 0.0)
    few, dense = (diffusion_rates(RateNetwork(M, 8.0), synapses=K) for M in (sp.csr_array(W), W))
    np.testing.assert_array_equal(few.rate, dense.rate)
    # four weaker neurons in the place of each, all with the same inputs
    four = diffusion_rates(RateNetwork(np.kron(W, np.ones((4, 4))) / 4, 8.0))
    np.testing.assert_allclose(four.rate, np.repeat(few.rate, 4), rtol=1e-9)


def test_a_table_stands_for_the_exact_rate():
    net = RateNetwork(mixed(10.0), 8.0)
    table = RateNetwork(mixed(10.0), 8.0, LIF(sigma=9.0), RateTable(LIF(), -50.0, 60.0))
    np.testing.assert_array_equal(diffusion_rates(net).rate, diffusion_rates(table).rate)


# --- colour


def milne(rho, modes):
    """Return c(rho) from the boundary layer's equations, without what the module makes of them."""
    n = np.arange(modes)
    couple = np.diag(np.sqrt(n[1:] / 2), -1) + np.diag(np.sqrt(n[1:] / 2), 1)
    half = (1 - rho) / 2  # (half l^2 + sqrt(rho) l couple - n) u = 0 for solutions u exp(-l x), l = rate
    below = np.hstack([np.diag(n) / half, -np.sqrt(rho) * couple / half])
    rate, u = np.linalg.eig(np.vstack([np.hstack([0 * couple, np.eye(modes)]), below]))
    falling = rate.real > 1e-6
    at_0 = np.hstack([np.eye(modes)[:, :1], u[:modes, falling]])
    return np.linalg.solve(at_0, np.sqrt(rho / 2) * (n == 1))[0].real


MODES = {1e-6: 8, 0.01: 8, 0.2: 12, 0.5: 16, 0.8: 24, 0.95: 50, 0.995: 170}


@pytest.mark.parametrize(("rho", "modes"), MODES.items())
def test_the_shift_in_a_mixture_is_that_of_its_boundary_layer(rho, modes):
    assert diffusion._colour(np.array(rho)) == pytest.approx(milne(rho, modes), rel=2e-4)


def test_the_ends_of_the_mixture():
    half = -1.4603545088095868  # Riemann's zeta at 1/2
    assert pytest.approx(-half / np.sqrt(2), rel=1e-12) == diffusion.COLOURED
    assert diffusion._colour(np.array(1.0)) == diffusion.COLOURED
    assert diffusion._colour(np.array(0.0)) == 0
    assert diffusion._colour(np.array(1e-9)) == pytest.approx(1e-9 / np.sqrt(2), rel=2e-4)


def coloured(E, sigma, coloured, tau_syn, *, trials=2000, duration=800, dt=0.05):
    """Return the simulated rate, and its error, of a default neuron with white and coloured noise, 1/ms."""
    tau, hold = 20.0, 40
    rng = np.random.default_rng(1)
    bits = next(lanes.streams(rng))
    keep, fade = np.exp(-dt / tau), np.exp(-dt / tau_syn)
    v, z = rng.uniform(0, 10, trials), rng.standard_normal(trials) / np.sqrt(2 * tau_syn)
    free, count, threshold = np.zeros(trials), np.zeros(trials), 10 - 0.5826 * sigma * np.sqrt(dt / tau)
    for k in range(-3000, round(duration / dt)):
        noise, kick = lanes.normals(bits, 2, trials)
        new = fade * z + noise * np.sqrt((1 - fade**2) / (2 * tau_syn))
        v = keep * v + (1 - keep) * (E + coloured * np.sqrt(tau) * (z + new) / 2)
        v += sigma * np.sqrt((1 - keep**2) / 2) * kick
        z = new
        v[k < free] = 0
        fired = v >= threshold
        v[fired], free[fired] = 0, k + hold + 1
        count += fired * (k >= 0)
    return count.mean() / duration, count.std() / np.sqrt(trials) / duration


@pytest.mark.parametrize(
    ("E", "sigma", "slow", "tau_syn", "low", "high"),
    [
        (8.0, 12**0.5, 20**0.5, 0.5, -0.01, 0.025),  # white noise alone would be 10 % too high
        (8.0, 0.0, 5.0, 2.0, -0.01, 0.02),  # 43 %
        (4.0, 12**0.5, 5.0, 2.0, -0.01, 0.025),  # 37 %
        (8.0, 12**0.5, 20**0.5, 5.0, -0.045, -0.02),  # 26 %: the shift is of first order, and starts to fail
    ],
)
def test_the_domain_of_the_shift(E, sigma, slow, tau_syn, low, high):
    rate, error = coloured(E, sigma, slow, tau_syn)  # the error is 0.4 % to 0.9 %
    found = diffusion_rates(RateNetwork([[0.0]], E, LIF(sigma=sigma)), tau_syn=tau_syn, sigma_syn=slow)
    assert rate * (1 + low) - 2 * error < found.rate[0] < rate * (1 + high) + 2 * error


# --- published numbers


@pytest.mark.parametrize(("g", "outside", "rate"), [(6.0, 4.0, 55.8), (5.0, 2.0, 38.0), (4.5, 0.9, 6.5)])
def test_the_network_of_brunel_2000(g, outside, rate):
    # Model A: 1,000 excitatory and 250 inhibitory synapses of 0.1 and g * 0.1 mV; theory's rates, Hz, in its Table 1
    J, tau = 0.1, 20.0
    trains = 1000 * outside * 20 / (1000 * J * tau)  # `outside` times the rate that brings the mean to threshold
    W = np.array([[1000 * J * tau, -250 * g * J * tau]] * 2)
    neuron = LIF(tau=tau, E_L=0, sigma=np.sqrt(trains * J**2 * tau), v_th=20, v_r=10, tau_ref=2)
    found = diffusion_rates(RateNetwork(W, trains * J * tau, neuron), synapses=np.array([[1000, 250]] * 2))
    np.testing.assert_allclose(1000 * found.rate, rate, atol=0.06)


# in-degrees K, and those from outside, of the eight populations of Potjans and Diesmann (2014)
MICROCIRCUIT = np.array(
    [
        [2199.86486, 1079.32007, 979.241261, 467.578108, 159.240826, 0.0, 109.819852, 0.0],
        [2990.00583, 860.261056, 703.691807, 289.693864, 380.735859, 0.0, 60.5863901, 0.0],
        [159.875428, 34.5225188, 1117.17312, 794.596213, 32.6043349, 0.319552818, 667.325211, 0.0],
        [1480.97354, 16.9432378, 1813.02026, 953.325789, 16.0313926, 0.0, 1608.12283, 0.0],
        [2188.36598, 374.651134, 1135.62969, 31.3195876, 420.770722, 496.471959, 296.694639, 0.0],
        [1165.66761, 159.083568, 570.579343, 12.0666667, 300.095775, 404.17277, 124.332394, 0.0],
        [325.197985, 38.632025, 467.354637, 91.7147621, 285.670372, 21.1899271, 581.635915, 752.183189],
        [766.90502, 5.83683853, 74.6380597, 2.74016282, 136.240841, 8.55427408, 979.791723, 459.402985],
    ]
)
OUTSIDE = np.array([1600.0, 1500, 2100, 1900, 2000, 1900, 2900, 2100])


def microcircuit(tau_syn):
    tau, J = 10.0, 87.8 * 0.5 / 250 * np.ones((8, 8))  # mV: 87.8 pA for 0.5 ms into 250 pF
    J[:, 1::2] *= -4
    J[0, 2] *= 2
    drive, noise = OUTSIDE * 0.1756 * tau * 8e-3, np.sqrt(OUTSIDE * 0.1756**2 * tau * 8e-3)
    net = RateNetwork(tau * MICROCIRCUIT * J, drive, LIF(tau=tau, E_L=-65, sigma=0, v_th=-50, v_r=-65))
    return diffusion_rates(net, tau_syn=tau_syn, sigma_syn=noise, synapses=MICROCIRCUIT, tol=1e-12)


def test_the_microcircuit_of_potjans_and_diesmann():
    # what NNMT 1.3 gives, Hz; below they are computed again where it is installed
    expected = [0.75419, 2.79371, 4.44022, 5.82293, 7.15359, 8.46982, 1.15974, 7.75572]
    found = microcircuit(0.5)
    assert found.converged
    np.testing.assert_allclose(1000 * found.rate, expected, atol=6e-6)


@pytest.mark.parametrize("tau_syn", [0.5, 0.0])
def test_the_microcircuit_is_that_of_nnmt(tau_syn):
    peers.peers_or_skip("nnmt")

    def work(K, outside, tau_syn):  # in V, s and Hz
        from nnmt.lif import delta, exp

        J = 0.1756e-3 * np.ones((8, 8))
        J[:, 1::2] *= -4
        J[0, 2] *= 2
        rest = [np.diag(np.full(8, 0.1756e-3)), np.diag(outside), np.full(8, 8.0)]
        if tau_syn:
            rate = exp._firing_rates(J, K, 0.0, 15e-3, 10e-3, 2e-3, 1e-3 * tau_syn, *rest, eps_tol=1e-12)
        else:
            rate = delta._firing_rates(J, K, 0.0, 15e-3, 10e-3, 2e-3, *rest, eps_tol=1e-12)
        return {"rate": rate}

    theirs = peers.run(work, K=MICROCIRCUIT, outside=OUTSIDE, tau_syn=tau_syn)["rate"]
    np.testing.assert_allclose(1000 * microcircuit(tau_syn).rate, theirs, rtol=1e-9)


# --- the spiking network itself


def test_delayed_pulses_in_an_excitatory_network():
    # Equation 1 says 68.8 Hz, and is 3 % low
    W = connection_matrix(A, 190 / (99 * 0.2))
    found = diffusion_rates(RateNetwork(W, 8.0))
    run = simulate_network(W, LIF(), 8.0, tau_syn=0.0, delay=2.0, duration=1000, copies=10, rng=1)
    assert 1000 * found.rate.mean() == pytest.approx(71.25, abs=0.01)
    assert abs(found.rate.mean() - run.mean_rate) < 0.01 * run.mean_rate + 2 * run.mean_rate_stderr


@pytest.mark.parametrize(
    ("g", "nearer", "low", "high"),
    [(5.0, 0.5, -0.01, 0.03), (10.0, 0.7, 0.03, 0.1), (20.0, 1.0, 0.15, 0.45)],  # the last is where it fails
)
def test_the_domain_in_mixed_networks(g, nearer, low, high):
    found, plain = diffusion_rates(RateNetwork(mixed(g), 8.0)), newton(RateNetwork(mixed(g), 8.0))
    run = simulate_network(mixed(g), LIF(), 8.0, tau_syn=0.0, delay=2.0, duration=1000, copies=10, rng=1)
    assert low < found.rate.mean() / run.mean_rate - 1 < high
    ours, theirs = (np.mean((x.rate - run.rate) ** 2 - run.stderr**2) for x in (found, plain))
    assert ours < nearer**2 * theirs  # squared distances per neuron


# --- the solver


@pytest.mark.parametrize("tau_syn", [0.0, 2.0])
@pytest.mark.parametrize("g", [40.0, 80.0, 120.0])
def test_strong_networks_are_solved_or_said_not_to_be(g, tau_syn):
    net = RateNetwork(mixed(g), 8.0)
    found = diffusion_rates(net, tau_syn=tau_syn)
    assert found.status in ("converged", "stalled", "max_iter")
    assert found.converged == (found.residual <= 1e-10)
    if g <= 80:
        assert found.converged


def test_continuation_alone_and_damping_alone_get_there():
    net = RateNetwork(mixed(20.0), 8.0)
    problem = diffusion._Problem(net, 2.0, 0.0, None, 1e-10)
    expected = diffusion_rates(net, tau_syn=2.0)
    for way in (problem.continuation, problem.damped):
        problem.left = 1000
        r, status = way()
        assert status == "converged"
        np.testing.assert_allclose(r, expected.rate, rtol=1e-8)


def test_a_search_cut_short_says_so():
    found = diffusion_rates(RateNetwork(mixed(20.0), 8.0), max_iter=2)
    assert found.status == "max_iter"
    assert not found.converged
    assert found.residual > 1e-3
    assert found.iterations <= 2


def test_large_sparse_networks_need_no_dense_matrix(monkeypatch):
    net = RateNetwork(sp.csr_array(mixed(20.0)), 8.0)
    expected = diffusion_rates(net, tau_syn=1.0)
    monkeypatch.setattr(diffusion, "_DENSE", 10)
    monkeypatch.setattr(sp.csr_array, "toarray", None)
    found = diffusion_rates(net, tau_syn=1.0)
    assert found.converged
    np.testing.assert_allclose(found.rate, expected.rate, rtol=1e-8)


def test_results_go_in_again():
    net = RateNetwork(mixed(10.0), 8.0)
    first = diffusion_rates(net)
    again = diffusion_rates(net, start=first)
    assert again.iterations == 1
    np.testing.assert_allclose(again.rate, first.rate, rtol=1e-10)
    for start in (iterate(net), first.E, 8.0):
        np.testing.assert_allclose(diffusion_rates(net, start=start).rate, first.rate, rtol=1e-8)


def test_two_stable_states_depend_on_the_start():
    # one neuron that excites itself strongly through many synapses
    net = RateNetwork([[450.0]], 0.0)
    low, high = diffusion_rates(net, synapses=1000), diffusion_rates(net, synapses=1000, start=120.0)
    assert low.converged
    assert high.converged
    assert low.rate[0] < 0.02 < 0.1 < high.rate[0]


def test_silence_and_extremes():
    silent = diffusion_rates(RateNetwork([[0.0, 50.0], [50.0, 0.0]], 5.0, LIF(sigma=0.0)))
    assert silent.converged
    np.testing.assert_array_equal(silent.rate, 0)
    assert diffusion_rates(RateNetwork(np.zeros((0, 0)), 8.0)).converged
    free = diffusion_rates(RateNetwork([[0.0, 100.0], [100.0, 0.0]], 8.0, LIF(tau_ref=0.0)))
    assert free.converged


def test_result_is_a_record():
    found = diffusion_rates(RateNetwork([[0.0, 50.0], [50.0, 0.0]], 8.0))
    np.testing.assert_array_equal(np.asarray(found), found.E)
    copy = pickle.loads(pickle.dumps(found))
    assert isinstance(copy, DiffusionRates)
    np.testing.assert_array_equal(copy.rate, found.rate)
    assert repr(found).startswith("DiffusionRates('converged', n=2, mean rate=")
    assert repr(diffusion_rates(RateNetwork(np.zeros((0, 0)), 8.0))) == "DiffusionRates('converged', n=0)"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"net": np.eye(2)}, TypeError, "^net must be a RateNetwork"),
        ({"net": RateNetwork(np.eye(2), 8.0, rate=np.tanh)}, ValueError, "^net must have the rate of its neuron"),
        ({"tau_syn": -1.0}, ValueError, "^tau_syn must be"),
        ({"sigma_syn": -1.0}, ValueError, "^sigma_syn must not be negative"),
        ({"sigma_syn": [1.0, 2.0, 3.0]}, ValueError, r"^sigma_syn must be a number or have shape \(2,\)"),
        ({"sigma_syn": [1.0, np.nan]}, ValueError, "^sigma_syn must be finite"),
        ({"sigma_syn": "1"}, TypeError, "^sigma_syn must be real numbers"),
        ({"synapses": 0}, ValueError, "^synapses must be positive"),
        ({"synapses": np.ones(2)}, ValueError, "^synapses must be a number or have the shape"),
        ({"synapses": "many"}, TypeError, "^synapses must be real numbers"),
        ({"synapses": [[1, 1], [1, np.inf]]}, ValueError, "^synapses must be positive"),
        ({"start": [1.0]}, ValueError, "^start must be a number or have shape"),
        ({"start": np.inf}, ValueError, "^start must be finite"),
        ({"tol": 0}, ValueError, "^tol must be"),
        ({"max_iter": 0}, ValueError, "^max_iter must be at least 1"),
    ],
)
def test_bad_input_is_named(change, error, message):
    arguments = {"net": RateNetwork(np.eye(2), 8.0)} | change
    with pytest.raises(error, match=message):
        diffusion_rates(arguments.pop("net"), **arguments)
