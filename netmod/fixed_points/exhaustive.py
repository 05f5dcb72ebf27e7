"""Every fixed point of a small network, with the proof that there is no other: a search through all of space.

All fixed points lie in one box. A box is thrown out, made smaller or cut in two, until nothing is left of it:

- *Propagation.* What F makes of a box holds every fixed point of the box.
- *Krawczyk's test* (Krawczyk 1969; Moore 1977). With f(E) = E - F(E), m the middle of the box X, C near the inverse
  of f' there and T a bound on |I - C f'| over X, every zero of f in X lies within T rad(X) of m - C f(m). If no part
  of X does, there is none; if all that does lies inside X, there is exactly one.

Bounds on r and r' over intervals, rounding included, come from `netmod.contraction.intervals`. A box is tested with a
margin around it, so that no fixed point gets lost on a common face. Where two fixed points (nearly) merge, at a fold
or a cusp, f' is (nearly) singular and the boxes around that place stay undecided, however small: they are returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netmod._matrix import dense
from netmod.contraction.intervals import Certain
from netmod.contraction.norms import gamma
from netmod.contraction.proofs import box, image
from netmod.dynamics import RateNetwork

Floats = NDArray[np.float64]

LARGEST = 64
"""Neurons. The number of boxes may grow exponentially with them, but one box is enough where F hardly bends."""

_BOXES, _ENTRIES = 30_000, 2_000_000  # boxes, and entries of their Jacobians, looked at before the search gives up
_MARGIN = 0.1  # of its size, around every box
_POLISH = 100  # most Krawczyk steps on a box that is known to hold one fixed point


@dataclass(frozen=True)
class Exhaustive:
    """What the search found.

    Attributes
    ----------
    points, radius : (m, n), mV
        Each box ``points ± radius`` holds exactly one fixed point, and no two hold the same.
    complete : bool
        There is no other.
    reason
        If that is not proved, why.
    boxes
        How many were looked at.
    """

    points: Floats
    radius: Floats
    complete: bool
    reason: str
    boxes: int


def exhaustive(net: RateNetwork, *, most: int | None = None) -> Exhaustive:
    """Return every fixed point of a network of a few neurons, and whether that is proved to be all of them.

    `most` is the number of boxes that are looked at, 30,000 for up to eight neurons and fewer for more.
    """
    certain, n = Certain(net), net.n
    most = min(_BOXES, _ENTRIES // max(1, n) ** 2) if most is None else most
    none = np.empty((0, n))
    if n == 0:
        return Exhaustive(np.empty((1, 0)), np.empty((1, 0)), True, "", 0)
    low, high = box(net, certain)
    doubt = certain.doubt
    if not (doubt or np.isfinite(certain.curvature)):
        doubt = "no bound on the curvature of the rate is known"
    if not (doubt or np.isfinite([low, high]).all()):
        doubt = "no bounds on the rates are known"
    if doubt:
        return Exhaustive(none, none, False, doubt, 0)
    low, high, looked = low[None], high[None], 0
    proved: list[tuple[Floats, ...]] = []
    undecided = 0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        while len(low):
            looked += len(low)
            if looked > most:
                reason = f"{len(low)} boxes were left after {looked}"
                break
            low, high = _propagate(net, certain, low, high)
            test = _krawczyk(net, certain, low, high)
            one = (np.abs(test.centre - test.middle) + test.radius < test.reach).all(axis=1)
            proved += list(zip(*(ends[one] for ends in test.ends()), strict=True))
            new_low, new_high = test.cut(low, high)
            go = ~one & (new_low <= new_high).all(axis=1)
            before, low, high = (high - low)[go], new_low[go], new_high[go]
            small = ((high - low) <= 8 * test.slack[go]).all(axis=1)
            undecided += int(small.sum())
            cut = test.worth[go][~small]
            before, low, high = before[~small], low[~small], high[~small]
            low, high = _halve(low, high, before, cut)
        else:
            reason = f"a fold or a cusp is too near: {undecided} tiny boxes could not be decided" if undecided else ""
    points, radius, merged = _polish(net, certain, proved)
    return Exhaustive(points, radius, not (reason or merged), reason or merged, looked)


@dataclass(frozen=True)
class _Test:
    """Krawczyk's test of boxes ``middle ± reach``: every fixed point in one lies in ``centre ± radius``."""

    middle: Floats
    reach: Floats
    centre: Floats
    radius: Floats
    slack: Floats  # the part of `radius` that is rounding
    worth: Floats  # how much of `radius` would go with a cut across each axis

    def ends(self) -> tuple[Floats, ...]:
        """Return the ends of the boxes, and those of the smaller boxes that hold what they hold."""
        outer, inner = (self.middle - self.reach, self.middle + self.reach), (self.centre, self.radius)
        return *outer, inner[0] - inner[1], inner[0] + inner[1]

    def cut(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return what is left of the boxes when all is cut off where there is no fixed point."""
        return np.maximum(low, self.centre - self.radius), np.minimum(high, self.centre + self.radius)


def _propagate(net: RateNetwork, certain: Certain, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return what is left of boxes when they are cut with their images, twice; empty ones are dropped."""
    for _ in range(2):
        image_low, image_high = image(net, *certain.rates(low, high))
        low, high = np.maximum(low, image_low), np.minimum(high, image_high)
        full = (low <= high).all(axis=1)
        low, high = low[full], high[full]
    return low, high


def _krawczyk(net: RateNetwork, certain: Certain, low: Floats, high: Floats, margin: float = _MARGIN) -> _Test:
    """Return Krawczyk's test of boxes with a margin around each."""
    W, n = dense(net.W), net.n
    g, one = gamma(n), np.eye(n)
    middle = low + (high - low) / 2
    half = np.maximum(high - middle, middle - low)
    least, most = certain.slopes(low, high)
    slope = (least + most) / 2
    M = one - W * slope[:, None, :]
    C = _inverse(M)
    aC, CW = np.abs(C), np.abs(C @ W) + g * (np.abs(C) @ np.abs(W))
    r, dr, _, _ = certain.at(middle)
    f = middle - net.E0 - r @ W.T
    error = dr @ np.abs(W).T + g * (np.abs(middle) + np.abs(net.E0) + np.abs(r) @ np.abs(W).T)
    shift = (C @ f[..., None])[..., 0]
    slack = (aC @ (error + g * np.abs(f))[..., None])[..., 0] * (1 + 4 * g) + 1e-15 * np.abs(middle)
    reach = half * (1 + margin) + 4 * slack + 1e-14 * (1 + np.abs(middle))
    least, most = certain.slopes(middle - reach, middle + reach)
    spread = np.maximum(most - slope, slope - least)
    rest = np.abs(C @ M - one) + g * (aC @ np.abs(M)) + g * one
    worth = (CW * (spread * reach)[:, None, :]).max(axis=1)
    radius = ((CW * spread[:, None, :] + rest) @ reach[..., None])[..., 0] * (1 + 4 * g) + slack
    return _Test(middle, reach, middle - shift, radius, slack, worth)


def _inverse(M: Floats) -> Floats:
    """Return the inverses of a stack of matrices; of a singular one, that of one near by: any matrix makes a test."""
    try:
        C = np.linalg.inv(M)
    except np.linalg.LinAlgError:
        size = np.maximum(1.0, np.abs(M).max(axis=(1, 2), keepdims=True))
        C = np.linalg.inv(M + 1e-9 * size * np.random.default_rng(0).standard_normal(M.shape[1:]))
    return np.asarray(C, dtype=float)


def _halve(low: Floats, high: Floats, before: Floats, worth: Floats) -> tuple[Floats, Floats]:
    """Return the boxes, those that have not shrunk enough cut in two where that is worth most.

    Not in the middle, where symmetric networks have their fixed points.
    """
    rows, axis = np.arange(len(low)), worth.argmax(axis=1)
    cut = (high - low)[rows, axis] > 0.5 * before[rows, axis]
    rows, axis = rows[cut], axis[cut]
    at = low[rows, axis] + 0.4871 * (high - low)[rows, axis]
    upper, lower = low[rows].copy(), high.copy()
    upper[np.arange(len(rows)), axis] = at
    lower[rows, axis] = at
    return np.concatenate([low, upper]), np.concatenate([lower, high[rows]])


def _polish(net: RateNetwork, certain: Certain, proved: list[tuple[Floats, ...]]) -> tuple[Floats, Floats, str]:
    """Return the fixed points of boxes that hold one each, how exact they are, and why that is in doubt (or nothing).

    Boxes overlap by their margins: a fixed point that two of them hold is counted once.
    """
    if not proved:
        return np.empty((0, net.n)), np.empty((0, net.n)), ""
    outer_low, outer_high, low, high = (np.array(ends) for ends in zip(*proved, strict=True))
    for _ in range(_POLISH):
        test = _krawczyk(net, certain, low, high, margin=0.0)
        new_low, new_high = test.cut(low, high)
        if ((new_high - new_low) > 0.99 * (high - low)).all():
            break
        low, high = new_low, new_high
    kept: list[int] = []
    doubt = ""
    for k in range(len(low)):
        for j in kept:
            if ((low[k] <= high[j]) & (low[j] <= high[k])).all():  # may be the same
                inside = ((outer_low[j] <= low[k]) & (high[k] <= outer_high[j])).all()
                inside |= ((outer_low[k] <= low[j]) & (high[j] <= outer_high[k])).all()
                doubt = doubt if inside else "two fixed points are too close to be told apart"
                break
        else:
            kept.append(k)
    middle = (low + high)[kept] / 2
    return middle, (high - low)[kept] / 2, doubt
