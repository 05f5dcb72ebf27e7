"""One network of a sweep: the task that `netmod.ensemble.sweep` hands to whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netmod._iteration import STATUS, iterate_columns, random_starts
from netmod.lif import LIF
from netmod.rate import RateTable, firing_rate

Rate = Callable[[Any], Any]

BATCH_BYTES = 2**25
"""A network's strengths and starts are iterated in batches of about this size, which bounds the memory of a task."""

TABLE_REACH = 4000.0
"""How far from threshold, mV, the default rate table goes; beyond it the exact formula is used."""


def solve(
    A: NDArray[np.float64],
    gains: NDArray[np.float64],
    E0: NDArray[np.float64],
    neuron: LIF,
    starts: int,
    rng: np.random.Generator,
    rate: Rate | tuple[float, float] | None,
    tol: float,
    max_iter: int,
) -> dict[str, NDArray[Any]]:
    """Return the entries of a `Sweep` for one signed network `A` (n, n) at every strength in `gains` (S,).

    `rate` is a function, or what `table_span` returned.
    """
    n = len(A)
    function = rate if callable(rate) else rate_function(neuron, rate)
    out = empty((len(gains),), starts, n)
    batch = max(1, BATCH_BYTES // (8 * n * starts))
    for first in range(0, len(gains), batch):
        part = slice(first, first + batch)
        begin = random_starts(A, gains[part], E0, starts, neuron, rng)
        runs = iterate_columns(A, np.repeat(gains[part], starts), E0, begin, function, tol=tol, max_iter=max_iter)
        for name in ("status", "residual", "iterations"):
            out[name][part] = getattr(runs, name).reshape(-1, starts)
        settled = out["status"][part] == STATUS.index("converged")
        for s, (points, ok) in enumerate(zip(runs.E.reshape(-1, starts, n), settled, strict=True), start=first):
            if ok.any():
                distinct, counts = distinct_points(points[ok])
                level = distinct.mean(axis=-1)
                out["distinct"][s] = len(distinct)
                out["E"][s] = distinct[counts.argmax()]
                out["E_low"][s], out["E_high"][s] = distinct[level.argmin()], distinct[level.argmax()]
    out["rate"] = np.asarray(firing_rate(out["E"], neuron))
    return out


def empty(shape: tuple[int, ...], starts: int, n: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `Sweep` before anything is known; `shape` is (S,) or (N, S)."""
    out: dict[str, NDArray[Any]] = {name: np.full((*shape, n), np.nan) for name in ("E", "rate", "E_low", "E_high")}
    return out | {
        "distinct": np.zeros(shape, dtype=np.int64),
        "status": np.full((*shape, starts), -1, dtype=np.int8),
        "residual": np.full((*shape, starts), np.nan),
        "iterations": np.zeros((*shape, starts), dtype=np.int64),
    }


def distinct_points(
    points: NDArray[np.float64], *, atol: float = 1e-6
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different rows of `points` (m, n), in order of appearance, and how often each occurs.

    Two rows are the same if no component differs by more than `atol` (mV).
    """
    distinct, counts = [], []
    left = points
    while len(left):
        same = np.abs(left - left[0]).max(axis=-1, initial=0.0) <= atol
        distinct.append(left[0])
        counts.append(int(same.sum()))
        left = left[~same]
    return np.array(distinct).reshape(-1, points.shape[-1]), np.array(counts, dtype=np.int64)


def table_span(
    stack: NDArray[np.float64], gains: NDArray[np.float64], E0: NDArray[np.float64], neuron: LIF
) -> tuple[float, float] | None:
    """Return the currents that a table of the rate should cover (it is exact outside), or None for no table."""
    if neuron.tau_ref == 0 or neuron.sigma == 0 or stack.size == 0 or gains.size == 0:
        return None
    reach = np.abs(gains).max() * np.abs(stack).sum(axis=-1).max() / neuron.tau_ref
    threshold = neuron.v_th - neuron.E_L
    low = max(float(E0.min() - reach), threshold - TABLE_REACH)
    high = min(float(E0.max() + reach), threshold + TABLE_REACH)
    return low, max(high, low + neuron.sigma)


@lru_cache(maxsize=4)
def rate_function(neuron: LIF, span: tuple[float, float] | None) -> Rate:
    """Return the rate function of a task; a worker makes the table once and keeps it for its next networks."""
    if span is None:
        return partial(firing_rate, neuron=neuron)
    return RateTable(neuron, *span, tol=1e-12)
