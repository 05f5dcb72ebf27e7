"""The parts of the search for self-consistent rates: its Newton step, how far it goes, and the two ways round."""

from itertools import chain, repeat

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import LIF, RateNetwork, diffusion_rates, firing_rate
from netmod.spiking import diffusion

W = np.array([[0.0, 60.0, -20.0], [-80.0, 10.0, 0.0], [30.0, 0.0, 15.0]])
NEURON = LIF(tau=np.array([20.0, 10.0, 15.0]), sigma=np.array([3.0, 0.0, 1.0]))


def problem(form=np.asarray, *, tau_syn=2.0, sigma_syn=1.5, synapses=3.0, tol=1e-10, left=1000):
    found = diffusion._Problem(RateNetwork(form(W), [9.0, 12.0, 10.0], NEURON), tau_syn, sigma_syn, synapses, tol)
    found.left = left
    return found


def test_the_inputs_and_what_stands_for_them():
    p, r, g = problem(), np.array([0.01, 0.03, 0.02]), 0.6
    E, s = p.inputs(r, g)
    np.testing.assert_allclose(E, [9, 12, 10] + g * W @ r)
    np.testing.assert_allclose(s, 1.5**2 + g**2 * W**2 @ r / 3 / NEURON.tau)
    total = NEURON.sigma**2 + s
    shift = diffusion._colour(s / total) * np.sqrt(total) * np.sqrt(2 / NEURON.tau)
    expected = firing_rate(E - shift, LIF(tau=NEURON.tau, sigma=np.sqrt(total)))
    np.testing.assert_allclose(p.rates(E, s), expected)
    plain = problem(tau_syn=0.0)
    np.testing.assert_allclose(plain.rates(E, s), firing_rate(E, LIF(tau=NEURON.tau, sigma=np.sqrt(total))))


def test_a_look_counts_and_its_residual_is_the_larger_change():
    p, r, g = problem(left=7), np.array([0.01, 0.03, 0.02]), 0.6
    E, sigma, rate, residual = p.look(r, g)
    assert p.left == 6
    np.testing.assert_allclose(E, p.inputs(r, g)[0])
    np.testing.assert_allclose(sigma, np.sqrt(NEURON.sigma**2 + p.inputs(r, g)[1]))
    E2, s2 = p.inputs(rate, g)
    by_mean, by_sd = np.abs(E2 - E).max(), np.abs(np.sqrt(NEURON.sigma**2 + s2) - sigma).max()
    assert residual == pytest.approx(max(by_mean, by_sd))
    noisy = diffusion._Problem(RateNetwork([[1.0]], 12.0), 0.0, 0.0, 1e-6, 1e-10)  # one synapse of many: all noise
    r = np.array([0.0])
    _, sigma, rate, residual = noisy.look(r)
    assert residual == pytest.approx(float(np.sqrt(12 + 1e6 * rate[0] / 20) - sigma[0]))
    for bad in (np.nan, np.inf):
        with np.errstate(invalid="ignore"):
            assert np.isnan(p.look(np.array([bad, 0.0, 0.0]))[2]).all()


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("g", [1.0, 0.6])
def test_the_newton_step_is_that_of_the_differences(monkeypatch, form, dense, g):
    monkeypatch.setattr(diffusion, "_DENSE", 3 if dense else 2)
    p, r = problem(form), np.array([0.01, 0.03, 0.02])
    assert p.krylov == (form is sp.csr_array and not dense)
    defect = np.array([1e-3, -2e-3, 5e-4])
    h = 1e-7
    J = np.array([(p.look(r + h * e, g)[2] - p.look(r - h * e, g)[2]) / (2 * h) for e in np.eye(3)]).T
    np.testing.assert_allclose(p.step(r, defect, g), np.linalg.solve(np.eye(3) - J, defect), rtol=2e-5)


def test_without_any_noise_the_slope_in_the_variance_is_one_sided():
    p = diffusion._Problem(RateNetwork([[50.0]], 15.0, LIF(sigma=0.0)), 0.0, 0.0, None, 1e-10)
    p.left = 10
    r = np.array([0.0])
    step = p.step(r, np.array([1e-3]), 1.0)
    by_E = 50 * float(p.look(r)[2][0]) ** 2 * 20 * (1 / 5 - 1 / 15)
    # from no noise to a variance of 1e-12, over that variance; no variance below 0 is asked for
    by_s = (
        125
        * float(p.rates(np.array([15.0]), np.array([1e-12]))[0] - p.rates(np.array([15.0]), np.zeros(1))[0])
        / 1e-12
    )
    assert step[0] == pytest.approx(1e-3 / (1 - by_E - by_s), rel=1e-3)


def scripted(monkeypatch, looks, *, steps=None, left=1000, tol=1e-3):
    """A problem of one rate whose looks are (rate, residual) as a function of the trial rate."""
    p = diffusion._Problem(RateNetwork([[1.0]], 8.0), 0.0, 0.0, None, tol)
    p.left, p.most, tried = left, np.array([0.5]), []

    def look(r, g=1.0):
        p.left -= 1
        tried.append(float(r[0]))
        rate, residual = looks(float(r[0]))
        return np.array([8.0]), np.array([1.0]), np.array([rate]), residual

    monkeypatch.setattr(p, "look", look)
    monkeypatch.setattr(p, "step", lambda r, defect, g: np.array([0.1 if steps is None else steps(float(r[0]))]))
    monkeypatch.setattr(p, "small", lambda residual, E, r: residual <= tol)
    return p, tried


@pytest.mark.parametrize(("left", "trials"), [(0.99985, [0.1]), (0.99993, [0.1, 0.05])])
def test_a_step_is_taken_if_the_defect_shrinks_by_a_ten_thousandth_of_it(monkeypatch, left, trials):
    """The defect rate − r is 0.2 at first and a part of that everywhere else."""
    looks = 1 + len(trials)
    p, tried = scripted(monkeypatch, lambda r: (r + 0.2 * (left if r else 1.0), 1.0), left=looks)
    r, status = p.newton(np.zeros(1), 1.0)
    assert tried == pytest.approx([0.0, *trials])
    assert (r[0], status) == (pytest.approx(trials[-1]), "max_iter")


def test_a_step_is_cut_at_the_ends_of_what_a_rate_can_be(monkeypatch):
    p, tried = scripted(monkeypatch, lambda r: (r / 2 + 0.1, 1.0 if r != 0.5 else 0.0), steps=lambda r: 7.0)
    r, status = p.newton(np.zeros(1), 1.0)
    assert (r[0], status, tried) == (0.5, "converged", [0.0, 0.5])
    p, tried = scripted(monkeypatch, lambda r: (0.4 - r / 2, 1.0 if r != 0.0 else 0.0), steps=lambda r: -7.0)
    assert p.newton(np.array([0.3]), 1.0)[1] == "converged"
    assert tried == [0.3, 0.0]


def test_how_newtons_method_ends(monkeypatch):
    never = scripted(monkeypatch, lambda r: (r + (0.1 if r == 0 else 5.0), 1.0))[0]
    assert never.newton(np.zeros(1), 1.0)[1] == "stalled"
    assert 1000 - never.left == 1 + 13  # 1, 1/2, …, 2^-12
    singular = scripted(monkeypatch, lambda r: (r + 0.1, 1.0), steps=lambda r: np.nan)[0]
    assert singular.newton(np.zeros(1), 1.0)[1] == "stalled"
    nowhere = scripted(monkeypatch, lambda r: (np.nan, np.nan))[0]
    assert nowhere.newton(np.zeros(1), 1.0)[1] == "diverged"
    short = scripted(monkeypatch, lambda r: (r + 0.1 / (1 + r), 1.0), left=3)[0]
    assert short.newton(np.zeros(1), 1.0)[1] == "max_iter"
    assert short.left == 0
    rounding = scripted(monkeypatch, lambda r: (r + 0.1, 1.0 if r == 0 else 1e-4))[0]  # a defect that cannot shrink
    assert rounding.newton(np.zeros(1), 1.0)[1] == "converged"


def test_small_is_within_the_tolerance_or_rounding():
    p = problem(tol=1e-3)
    E, r = np.array([9.0, 12.0, 10.0]), np.array([0.01, 0.03, 0.02])
    assert p.small(1e-3, E, r)
    assert not p.small(1.001e-3, E, r)
    fine = problem(tol=1e-30)
    level = float(fine.net.rounding(E, r))
    assert fine.small(level, E, r)
    assert not fine.small(1.01 * level, E, r)


def test_continuation_in_strength_doubles_its_steps_and_quarters_them(monkeypatch):
    p, asked = problem(), []
    outcomes = chain(["converged", "stalled", "stalled"], repeat("converged"))

    def newton(r, g):
        asked.append(g)
        return r + 1, next(outcomes)

    monkeypatch.setattr(p, "newton", newton)
    r, status = p.continuation()
    # a quarter; half of the strength more, an eighth, a 32nd; from there twice as much each time, and to the end
    assert asked == pytest.approx([0.25, 0.75, 0.375, 0.28125, 0.34375, 0.46875, 0.71875, 1.0])
    assert status == "converged"
    np.testing.assert_allclose(r, p.rates(p.net.E0, p.outside) + 6)  # what did not converge is not kept


def test_continuation_ends_at_full_strength_or_says_that_it_is_stuck(monkeypatch):
    p, asked = problem(), []
    monkeypatch.setattr(p, "newton", lambda r, g: (asked.append(g), (r, "converged"))[1])
    assert p.continuation()[1] == "converged"
    assert asked == [0.25, 0.75, 1.0]
    start = p.rates(p.net.E0, p.outside)
    asked.clear()
    monkeypatch.setattr(p, "newton", lambda r, g: (asked.append(g), (r + 1, "stalled"))[1])
    r, status = p.continuation()
    assert status == "stalled"
    np.testing.assert_array_equal(r, start)  # where it was when it got stuck
    assert asked == [0.25 / 4**k for k in range(6)]  # down to 2^-12
    monkeypatch.setattr(p, "newton", lambda r, g: (r, "max_iter"))
    assert p.continuation()[1] == "max_iter"


def test_damping_goes_a_tenth_of_the_way_two_hundred_times(monkeypatch):
    p = problem()
    r = p.rates(p.net.E0, p.outside)
    for _ in range(200):
        r = r + 0.1 * (problem().look(r)[2] - r)
    monkeypatch.setattr(p, "newton", lambda r, g: (r, f"newton at {g:g}"))
    found, status = p.damped()
    np.testing.assert_allclose(found, r, rtol=1e-12)
    assert status == "newton at 1"
    assert p.left == 800
    p.left = 3
    p.damped()
    assert p.left == 0


def test_the_ways_are_tried_in_turn_until_one_arrives(monkeypatch):
    net, calls = RateNetwork(W, [9.0, 12.0, 10.0], NEURON), []

    def way(name, status):
        return lambda self, *args: (calls.append(name), (np.full(3, 0.01), status))[1]

    for first, second, expected in (
        ("converged", "stalled", ["newton"]),
        ("max_iter", "stalled", ["newton"]),
        ("stalled", "converged", ["newton", "continuation"]),
        ("stalled", "stalled", ["newton", "continuation", "damped"]),
    ):
        calls.clear()
        monkeypatch.setattr(diffusion._Problem, "newton", way("newton", first))
        monkeypatch.setattr(diffusion._Problem, "continuation", way("continuation", second))
        monkeypatch.setattr(diffusion._Problem, "damped", way("damped", "stalled"))
        found = diffusion_rates(net)
        assert calls == expected
        assert found.iterations == 0
        assert found.status == (first if len(calls) == 1 else second)


def test_variances_are_of_the_entries_that_are_there():
    K = np.where(W != 0, 2.0, np.nan)
    for form in (np.asarray, sp.csr_array):
        found = diffusion._variances(form(W), K, NEURON.tau)
        np.testing.assert_allclose(found.toarray(), W**2 / 2 / NEURON.tau[:, None])
    np.testing.assert_allclose(diffusion._variances(W, None, 20.0).toarray(), W**2 / 20)
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="synapses must be positive wherever W is not 0"):
            diffusion._variances(W, np.where(W != 0, bad, 1.0), 20.0)
    with pytest.raises(
        ValueError, match=r"synapses must be a number or have the shape \(3, 3\) of W, got shape \(2,\)"
    ):
        diffusion._variances(W, [1.0, 2.0], 20.0)
