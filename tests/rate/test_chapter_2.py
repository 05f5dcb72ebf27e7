"""What chapter 2 says: why noise speeds the climb, the CV without overflow, counts with other seeds, NNMT's slope."""

from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from scipy import integrate, special, stats

from book._ext import chapters
from netmod import LIF, firing_rate, firing_rate_slope, max_slope, sample_rate
from netmod_check import chapter02
from tests import peers

NEURON = LIF()
CHAPTER = chapters.BOOK / "02-rate.md"


@pytest.fixture(scope="module")
def page():
    """The functions that the chapter defines, from its own cells."""
    names: dict = {"np": np, "integrate": integrate, "special": special, "firing_rate": firing_rate, "neuron": NEURON}
    for cell in chapters.code_cells(chapters.read(CHAPTER)):
        if any(f"def {name}(" in cell.source for name in ("limits", "interval_cv", "stable", "H")):
            exec(cell.source, names)
    return names


def cv_as_written(E):
    """Return the CV by the formula as a textbook has it, where that does not overflow."""
    a, b = (NEURON.v_r - NEURON.E_L - E) / NEURON.sigma, (NEURON.v_th - NEURON.E_L - E) / NEURON.sigma

    def inner(u):
        area, _ = integrate.quad(
            lambda w: np.exp(w * w) * special.erfc(-w) ** 2, -9, u, epsabs=0, epsrel=1e-11, limit=200
        )
        return np.exp(u * u) * area

    area, _ = integrate.quad(inner, a, b, epsabs=0, epsrel=1e-10)
    return np.sqrt(2 * np.pi * area) * firing_rate(E) * NEURON.tau


@pytest.mark.parametrize("E", [2.0, 8.0, 13.0])
def test_interval_cv_is_right(page, E):
    assert page["interval_cv"](E) == pytest.approx(cv_as_written(E), rel=1e-8)


@pytest.mark.filterwarnings("error")
def test_interval_cv_answers_everywhere_without_a_warning(page):
    E = np.concatenate([np.arange(-80.0, 200, 5), [1e3, 1e4]])
    found = np.array([page["interval_cv"](e) for e in E])
    assert np.isfinite(found).all()
    assert (np.diff(found[E >= 0]) < 0).all()  # the stronger the drive, the more regular
    assert (found < 1 + 3e-6).all()  # with the resting level just below the reset, early spikes put it above 1
    assert found[E <= -20] == pytest.approx(1, abs=1e-9)
    # far above threshold noise adds σ² climb / τ to the variance of v; divided by the drift, a spread in time
    r, e = firing_rate(1e4), 1e4
    climb = NEURON.tau * np.log1p(10 / (e - 10))
    assert found[-1] == pytest.approx(np.sqrt(NEURON.sigma**2 / NEURON.tau * climb) / (e / NEURON.tau) * r, rel=0.01)


def test_the_checker_knows_the_coefficients_of_variation(page):
    for E, value in chapter02.CV.items():
        assert page["interval_cv"](E) == pytest.approx(value, rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_the_starred_forms_are_the_rate(page):
    for E in (-80.0, -60.0, 0.0, 8.0, 30.0, 1000.0):
        assert page["stable"](E) == pytest.approx(firing_rate(E), rel=1e-11)
    y, H = np.array([0.0, 0.3, 2.0, 7.0, 30.0]), page["H"]
    slope = (H(y + 1e-4) - H(y - 1e-4)) / 2e-4
    np.testing.assert_allclose(slope, [float(mp.exp(mp.mpf(x) ** 2) * mp.erfc(x)) for x in y], rtol=1e-6)


def climb(E, neuron):
    return 1 / firing_rate(E, neuron) - neuron.tau_ref


@pytest.mark.parametrize("E", [11.0, 14.0, 20.0, 40.0])
def test_noise_shortens_the_climb_because_of_the_leak(E):
    """The leak alone is weakened, push and noise kept: the gain by noise goes, as one over the square."""
    gain = []
    for weaker in (1, 10, 100, 1000):
        noisy = LIF(tau=20 * weaker, sigma=np.sqrt(12 * weaker))
        gain.append(1 - climb(E * weaker, noisy) / climb(E * weaker, replace(noisy, sigma=0)))
    assert (np.array(gain) > 0).all()
    assert (np.diff(gain) < 0).all()
    assert gain[3] < 1e-4
    assert gain[2] / gain[3] == pytest.approx(10, rel=0.05)


def test_weak_noise_shortens_the_climb_as_a_concave_time_to_go_predicts():
    """The time to go c(v) has c'' < 0, and t1 = c + (σ²/2τ) ∫ c'' over the drift, to first order in σ²."""
    E, sigma = 20.0, 0.3
    first = -(sigma**2) * NEURON.tau / 4 * (1 / (E - 10) ** 2 - 1 / E**2)
    changed = climb(E, LIF(sigma=sigma)) - climb(E, LIF(sigma=0))
    assert first < 0
    assert changed == pytest.approx(first, rel=0.01)


def test_where_the_rate_is_steepest_depends_on_the_noise():
    found = [max_slope(LIF(sigma=s)).E for s in (1.0, 2.0, 12**0.5, 6.0)]
    assert found == pytest.approx([9.16, 9.13, 10.378, 12.81], abs=0.005)
    bounds = [1 / max_slope(LIF(sigma=s)).slope for s in (0.5, 1.0, 2.0, 12**0.5, 6.0, 10.0)]
    assert (np.diff(bounds) > 0).all()


def test_counts_agree_with_the_formula_at_every_current_of_the_figure(page):
    """42 currents, 200 s, ten other seeds: χ² with 420 degrees of freedom; a false alarm once in 1,000 each way."""
    E = np.arange(0.0, 42)
    r, error = firing_rate(E), [page["interval_cv"](e) * np.sqrt(firing_rate(e) / 200_000) for e in E]
    z = [(sample_rate(NEURON, E, duration=200_000, dt=0.2, rng=seed).rate - r) / error for seed in range(100, 110)]
    low, high = stats.chi2.ppf([1e-3, 1 - 1e-3], 420)
    assert low < np.square(z).sum() < high


def test_nnmts_slope_loses_its_digits_from_21_mV_on():
    peers.peers_or_skip("nnmt")

    def work(E):
        import warnings

        from nnmt.lif.delta import _derivative_of_firing_rates_wrt_mean_input as slope

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {"slope": slope(E, np.full(E.shape, 12**0.5), 0.0, 10.0, 20.0, 2.0)}

    E = np.arange(0.0, 60)
    off = np.abs(peers.run(work, E=E)["slope"] / firing_rate_slope(E) - 1)
    assert np.flatnonzero(off > 0.5)[0] == 21
    assert off[:20].max() < 0.01
