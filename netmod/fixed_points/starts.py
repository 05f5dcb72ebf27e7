"""Where the iteration starts: the poster's "random initial value", made precise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod.dynamics import RateNetwork

REACHES = (10.0, 100.0, 1000.0, 10_000.0)
"""How far from E0, mV, rates are looked at where their range is not known; every start takes the next one."""

_FARTHEST = 1e6  # mV from E0: a rate that explodes does not take the starts with it


def random_starts(net: RateNetwork, gains: ArrayLike, starts: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return random starting states, uniform in a box that holds every fixed point.

    With rates between low and high, every value of F, and with it every fixed point, has E_i between the least and
    the greatest of E₀ + g Σ_j W_ij r_j. Each component is drawn independently, which is the poster's "random initial
    value" made precise. The mean of many components hardly varies: in a large network all these starts have nearly
    the same mean rate, about half of the highest, and may all miss a point that has another.

    Where the range of the rate is not known there is no such box. Then the least and the greatest rate seen within
    10, 100, 1000 and 10,000 mV of E₀ take its place, in turn, one a start; and no start is farther from E₀ than 10⁶
    mV. (A rate that saturates within that reach has its true box among them; where a rate raises, it ends the reach.)

    Parameters
    ----------
    net : RateNetwork
        The network. Its W is multiplied by the strength.
    gains : number or (strengths,)
        Strengths g, factors on W.
    starts : int
        Starts per strength.
    rng : numpy.random.Generator
        The source of the numbers. It is used in the order of the rows, so that strengths may be cut into batches.

    Returns
    -------
    ndarray, shape (strengths * starts, n)
        States, mV: all starts of the first strength, then those of the second, and so on.

    Examples
    --------
    >>> net = RateNetwork([[0.0, 1.0], [-1.0, 0.0]], E0=8.0)
    >>> E = random_starts(net, 20.0, 1000, np.random.default_rng(0))
    >>> E.min(axis=0).round(), E.max(axis=0).round()
    (array([ 8., -2.]), array([18.,  8.]))
    """
    g = np.atleast_1d(np.asarray(gains, float))[:, None, None]
    ends = [net.input_range(*net.rate_range())]
    known = bool(np.isfinite(ends).all())
    if not known:
        ends = [net.input_range(*seen) for seen in _seen(net)]
    turn = np.arange(starts) % len(ends) if len(ends) > 1 else [0]
    down, up = (np.stack(end)[turn] for end in zip(*ends, strict=True))
    low, width = np.minimum(g * down, g * up), np.abs(g) * (up - down)
    if not known:
        high = np.minimum(low + width, _FARTHEST)
        low = np.maximum(low, -_FARTHEST)
        width = high - low
    out = rng.random((len(g), starts, net.n))
    out *= width
    out += net.E0 + low
    return out.reshape(len(g) * starts, net.n)


def _seen(net: RateNetwork) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the least and the greatest finite rate of every neuron within each reach, as far as the rate is one."""
    away = np.geomspace(REACHES[0] / 100, REACHES[-1], 24 * 5 + 1)
    away = np.concatenate([-away, [0.0], away])[:, None]
    ends: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for reach in REACHES:
        try:
            with np.errstate(all="ignore"):
                r = net.rates(net.E0 + away[np.abs(away[:, 0]) <= 1.0001 * reach])
        except Exception:
            if not ends:
                raise
            break  # a rate that refuses currents so far away: stay where it answers
        r = np.where(np.isfinite(r), r, np.nan)
        low, high = (np.nan_to_num(end.reduce(r)).clip(-1e9, 1e9) for end in (np.fmin, np.fmax))
        ends.append((low, high))
    return ends
