"""The engine under `sample_rate` and `sample_intervals`: many independent neurons, stepped side by side.

A **lane** is one neuron. Lanes are stepped in banks small enough to stay in the processor's second-level cache, each
bank with a random stream of its own, so that a result depends on the seed alone.

The normal variates, which otherwise take four fifths of the time, come from a table: 65,536 equally likely values,
the midpoint quantiles of the normal distribution, scaled to unit variance and read with 16 random bits each. Their
distribution function is within 1/131,072 of the normal one and their kurtosis is 2.9992; the membrane sums some
τ/Δt of them, after which nothing of the table is left to see (`tests/test_lif.py` compares with exact normals).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

BANK = 8192
"""Lanes in a bank: few enough for the cache, enough for the cost of a NumPy call not to count."""
CHUNK = 8
"""Steps whose noise is drawn at once."""
NEVER = np.empty(0, np.intp)


def _table() -> NDArray[np.float64]:
    z = ndtri((np.arange(2**16) + 0.5) / 2**16)
    return z / np.sqrt(np.mean(z * z))


_NORMAL = _table()


def streams(rng: np.random.Generator) -> Iterator[np.random.SFC64]:
    """Yield independent bit generators, all settled by the state of `rng`, which moves on by one draw."""
    root = np.random.SeedSequence([int(word) for word in rng.integers(2**32, size=4)])
    while True:
        yield np.random.SFC64(root.spawn(1)[0])


def normals(bits: np.random.SFC64, steps: int, lanes: int) -> NDArray[np.float64]:
    """Return (steps, lanes) variates of zero mean and unit variance, normal to 16 bits.

    Every step uses up whole words of `bits`, so that steps may be drawn in portions of any size.
    """
    words = -(-lanes // 4)
    sixteen = bits.random_raw(steps * words).view(np.uint16).reshape(steps, 4 * words)
    return np.take(_NORMAL, sixteen[:, :lanes], mode="clip")


def spikes(
    u: NDArray[np.float64],
    threshold: NDArray[np.float64],
    reset: NDArray[np.float64],
    decay: float,
    hold: int,
    steps: int,
    bits: np.random.SFC64 | None,
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Step u ← decay · u + noise, and yield (step, lanes that spiked in it) for every step that had a spike.

    Parameters
    ----------
    u : (lanes,)
        Distance of v from its asymptote E_L + E in units of one step's noise. Changed in place.
    threshold, reset : (lanes,)
        In the same unit. A lane with ``u >= threshold`` after a step spikes; it starts again from `reset` after
        `hold` further steps.
    decay : float
        Factor by which u shrinks in one step.
    hold : int
        Refractory steps.
    steps : int
        How many steps to make; they are counted from 1.
    bits : SFC64 or None
        Source of the noise; None for no noise.
    """
    hit = np.empty(u.shape, bool)
    resting = deque([NEVER] * hold)
    for first in range(0, steps, CHUNK):
        portion = min(CHUNK, steps - first)
        noise = None if bits is None else normals(bits, portion, u.size)
        for k in range(portion):
            np.multiply(u, decay, out=u)
            if noise is not None:
                np.add(u, noise[k], out=u)
            np.greater_equal(u, threshold, out=hit)
            fired = hit.nonzero()[0]
            if hold:
                u[fired] = -np.inf  # stays there, whatever is added, until it is released
                resting.append(fired)
                back = resting.popleft()
                u[back] = reset[back]
            elif fired.size:
                u[fired] = reset[fired]
            if fired.size:
                yield first + k + 1, fired


def on_the_cycle(neuron: Any, m: NDArray[np.float64], phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the potential, mV, of a neuron that has done a fraction `phase` of its noise-free cycle.

    A neuron in its refractory time starts as far below v_r as brings it there when that time is over. Where noise
    and not the mean current makes it fire, five time constants stand for the cycle.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.where(m > neuron.v_th, np.log((m - neuron.v_r) / (m - neuron.v_th)), np.inf)
    rise = np.where(np.isfinite(rise) if neuron.sigma == 0 else rise < 5, rise, 5.0)
    rest = neuron.tau_ref / neuron.tau
    return m + (neuron.v_r - m) * np.exp(rest - phase * (rest + rise))


def count(run: Any, warm: int, tally: NDArray[np.float64], *, intervals: bool) -> None:
    """Add the spikes after step `warm` to row 0 of `tally`, and their intervals' moments to the other rows."""
    last = np.full(tally.shape[1], np.nan)
    while portion := list(islice(run, 512)):
        lane = np.concatenate([fired for _, fired in portion])
        when = np.repeat([float(k) for k, _ in portion], [fired.size for _, fired in portion])
        tally[0] += np.bincount(lane[when > warm], minlength=last.size)
        if intervals:
            order = np.argsort(lane, kind="stable")
            lane, when = lane[order], when[order]
            new = np.r_[True, lane[1:] != lane[:-1]]
            before = np.where(new, last[lane], np.r_[0.0, when[:-1]])
            last[lane[np.r_[new[1:], True]]] = when[np.r_[new[1:], True]]
            gap = np.where((when > warm) & ~np.isnan(before), when - before, 0.0)
            for row, values in zip(tally[1:], (gap > 0, gap, gap * gap), strict=True):
                row += np.bincount(lane, weights=values, minlength=last.size)


def dispersion(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance over the mean of the counts of each current's stretches."""
    return n.var(axis=1, ddof=1) / np.maximum(n.mean(axis=1), 1 / n.shape[1])


def renewal(tally: NDArray[np.float64], spikes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return var/mean of the count in a stretch with `spikes` spikes, from the moments of the intervals."""
    _, k, s1, s2 = tally
    mean = s1 / np.maximum(k, 1)
    cv2 = np.where(k > 1, (s2 / np.maximum(k, 1) - mean**2) / np.maximum(mean, 1.0) ** 2, 1.0)
    F = cv2 + np.maximum(1 - cv2, 0) / (6 * np.maximum(spikes, 1.0))  # Cox 1962, Renewal Theory, for the second term
    prior = 4 * np.minimum(1.0, 8 / np.maximum(spikes, 1.0))  # a Poisson process with as many spikes: few, then none
    return (spikes * np.maximum(F, 0.0) + prior) / (spikes + prior)
