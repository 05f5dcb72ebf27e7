"""Checkers of chapter 5: finding the steady states."""

from __future__ import annotations

from functools import cache

import numpy as np

from netmod import LIF as _LIF
from netmod import RateNetwork, RateTable, dale_signs, erdos_renyi, iterate, newton, trace_branch
from netmod_check._core import Hint, close, function, number, numbers


@cache
def _table() -> RateTable:
    return RateTable(_LIF(), -1000, 2500)


@cache
def _speed() -> float:
    """Return the spectral radius of the first mixed network at strength 70."""
    W = 70 * erdos_renyi(50, 0.2, rng=0) * dale_signs(50)
    net = RateNetwork(W, 8.0, rate=_table())
    return float(net.spectral_radius(newton(net).E))


def exercise_1(answer: object) -> None:
    """Steps that shrink a small error a million times."""
    steps, rho = number(answer, "a number of steps"), _speed()
    right = np.log(1e-6) / np.log(rho)
    if steps <= 0:
        raise Hint("A number of steps is positive: mind the signs of the two logarithms.")
    if close(steps, np.log10(1e-6) / np.log(rho), rtol=0.05) or close(steps, np.log(1e-6) / np.log10(rho), rtol=0.05):
        raise Hint("Take both logarithms to the same base.")
    if close(steps, 1e6 ** (1 - rho), rtol=0.05) or close(steps, 1e-6 / rho, rtol=0.05):
        raise Hint("The error is multiplied in each step. What power of the factor do you need?")
    if close(steps, right / 2, rtol=0.1) or close(steps, 2 * right, rtol=0.1):
        raise Hint("You are off by a factor of two. Did you use the spectral radius, and not its square or root?")
    if not close(steps, right, rtol=0.15):
        raise Hint("Find the spectral radius at the fixed point at that strength, and solve rho**k = one millionth.")


def exercise_2(answer: object) -> None:
    """A function that returns the largest damping that brings eigenvalues into the closed disc."""
    largest = function(answer, "largest_damping")

    def of(*eigenvalues: complex) -> float:
        return number(largest(np.array(eigenvalues)), "a function that returns a number")

    if not close(of(0.5), 1.0, rtol=1e-9):
        raise Hint("A real eigenvalue inside the disc needs no damping, and d is at most its largest allowed value.")
    if not close(of(-3.0), 0.5, rtol=1e-6):
        raise Hint("Try one real eigenvalue far left of the disc. Where on the circle should damping put it?")
    if close(of(0.0 + 2.0j, 0.0 - 2.0j), 1 / np.sqrt(5), rtol=1e-6):
        raise Hint("For complex eigenvalues the modulus of 1 − d + dλ is what counts: square it before you solve.")
    rng = np.random.default_rng(5)
    for _ in range(20):
        cloud = rng.normal(-1, 1.5, 6) + 1j * rng.normal(0, 2, 6)
        cloud = cloud[cloud.real < 0.9]
        cloud = np.concatenate([cloud, cloud.conj()])
        if not cloud.size:
            continue
        d = number(largest(cloud), "a function that returns a number")
        moduli = np.abs(1 - d + d * cloud)
        if moduli.max() > 1 + 1e-9:
            raise Hint("With your d some eigenvalue of a cloud is still outside. Which one asks for the smallest?")
        if d < 1 and moduli.max() < 1 - 1e-9:
            raise Hint("Your d is safe, but it is not the largest: none of the eigenvalues is on the circle yet.")


@cache
def _bistable() -> RateNetwork:
    return RateNetwork(270 * erdos_renyi(100, 0.2, rng=5) / (99 * 0.2), 4.0, rate=_table())


def exercise_3(answer: object) -> None:
    """A function that draws starts with different levels."""
    spread, net = function(answer, "spread_starts"), _bistable()
    starts = np.asarray(spread(net, 36, np.random.default_rng(3)))
    if starts.shape != (36, net.n) or starts.dtype.kind != "f":
        raise Hint("Return one start a row: an array of shape (m, net.n).")
    low, high = net.box()
    if (starts < low - 1e-9).any() or (starts > high + 1e-9).any():
        raise Hint("Some starts lie outside the box. No fixed point does.")
    if np.ptp(starts, axis=0).max() < 1e-9:
        raise Hint("All your starts are the same.")
    # Chance may deny 36 starts the small valley of the quiet point: three times 36 are let off with one success.
    more = [np.asarray(spread(net, 36, np.random.default_rng(seed)), float) for seed in (4, 5)]
    run = iterate(net, np.concatenate([starts, *more]))
    if len(np.unique(run.E.mean(axis=1).round(2))) < 2:
        raise Hint("They still end at one point. Do the means of your starts differ from start to start?")


def exercise_4(answer: object) -> None:
    """The folds of one neuron at E0 = 3 mV."""
    lower, upper = numbers(answer, ("the lower fold", "the upper fold"))
    right = sorted(e.strength for e in trace_branch(RateNetwork([[1.0]], 3.0), [100, 1500]).events)
    if lower > upper:
        raise Hint("Give the lower fold first.")
    if close(lower, 245.5, rtol=2e-3):
        raise Hint("Those belong to another outside current: look at E0.")
    if min(lower, upper) < 100 and max(lower, upper) < 100:
        raise Hint("These look like currents at the folds. The exercise asks for the strengths there.")
    if not (close(lower, right[0], rtol=1e-3) and close(upper, right[1], rtol=1e-3)):
        raise Hint("Eliminate the strength: (E − E0) r′(E) = r(E) has two roots. What is the strength there?")
