"""Inside a network simulation: how spikes are sent, and the sums that are kept of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netmod.lif.lanes import NEVER

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_BATCHES = 30


@dataclass
class Tally:
    """Running sums over the recorded time: all that is kept of a simulation."""

    n: int
    copies: int
    steps: int
    bin_steps: int
    raster_steps: int
    intervals: bool
    keep_currents: bool
    raster: list[tuple[int, Indices]] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = self.n * self.copies
        self.batches = min(-(-_BATCHES // self.copies), self.steps)
        self.edges = np.arange(self.batches + 1) * self.steps // self.batches
        self.batch = 0
        self.counts = np.zeros((self.batches, size))
        if self.intervals:
            self.last = np.full(size, -1)
            self.sums = np.zeros((3, size))
        if self.keep_currents:
            self.total, self.lost = np.zeros(size), np.zeros(size)
        if self.bin_steps:
            self.population = np.zeros((self.copies, self.steps // self.bin_steps))

    def spikes(self, k: int, fired: Indices) -> None:
        """Take note of the spikes of step k, counted from the start of the recording."""
        while k >= self.edges[self.batch + 1]:
            self.batch += 1
        self.counts[self.batch, fired] += 1.0
        if self.intervals:
            again = fired[self.last[fired] >= 0]
            interval = k - self.last[again]
            self.sums[:, again] += (np.ones(interval.size), interval, interval * interval)
            self.last[fired] = k
        if self.bin_steps and k // self.bin_steps < self.population.shape[1]:
            self.population[:, k // self.bin_steps] += np.bincount(fired // self.n, minlength=self.copies)
        if k < self.raster_steps:
            self.raster.append((k, fired[: fired.searchsorted(self.n)]))

    def currents(self, x: Floats, v: Floats) -> None:
        """Take note of the currents `x`; the ones that meet a refractory neuron (v = -inf) are lost."""
        self.total += x
        np.add(self.lost, x, out=self.lost, where=np.isneginf(v))

    def results(self, E0: Floats, dt: float, to_charge: float) -> dict[str, Any]:
        """Return the fields of a `SpikingRun`."""
        n, copies = self.n, self.copies
        time = self.steps * dt
        counts = self.counts.reshape(self.batches * copies, n)
        windows = np.repeat(np.diff(self.edges) * dt, copies)[:, None]
        found: dict[str, Any] = {
            "rate": counts.sum(axis=0) / (time * copies),
            "batch_rates": counts / windows,
            "duration": time,
        }
        missing = np.isnan(E0)
        found["rate"][missing] = np.nan
        found["batch_rates"][:, missing] = np.nan
        found["stderr"] = standard_error(found["batch_rates"])
        if self.intervals:
            number, total, squares = self.sums.reshape(3, copies, n).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(number > 1, total / number, np.nan)
                found["cv"] = np.sqrt(np.maximum(squares / number - mean * mean, 0.0)) / mean
        if self.keep_currents:
            per_copy = to_charge / (time * copies)
            found["mean_input"] = E0 + per_copy * self.total.reshape(copies, n).sum(axis=0)
            found["lost_input"] = per_copy * self.lost.reshape(copies, n).sum(axis=0)
        if self.bin_steps:
            found["bin_width"] = self.bin_steps * dt
            found["population"] = self.population / (max(n, 1) * self.bin_steps * dt)
        if self.raster_steps:
            times = [np.full(who.size, k * dt) for k, who in self.raster]
            neurons = [who for _, who in self.raster]
            found["spikes"] = (
                np.concatenate([np.empty(0), *times]),
                np.concatenate([np.empty(0, np.intp), *neurons]),
            )
        return found


class Later:
    """Neurons whose turn comes some steps after they are put in: the same number for all, or one for each."""

    def __init__(self, steps: Any, size: int) -> None:
        steps = np.asarray(steps)
        same = steps.ndim == 0 or (steps == steps[:1]).all()
        self.steps: Any = int(steps.max(initial=0)) if same else steps
        self.length = int(steps.max(initial=0)) + 1
        self.who = [NEVER] * self.length if same else []
        self.marks = np.zeros((0 if same else self.length, size), bool)

    def put(self, k: int, who: Indices) -> None:
        """Put in `who` at step `k`, once a step."""
        if self.who:
            self.who[(k + self.steps) % self.length] = who
        else:
            self.marks[(k + self.steps[who]) % self.length, who] = True

    def due(self, k: int) -> Indices:
        """Take out those whose turn is at step `k`."""
        slot = k % self.length
        if self.who:
            found, self.who[slot] = self.who[slot], NEVER
            return found
        row = self.marks[slot]
        found = row.nonzero()[0]
        row[:] = False
        return found


def sender(W: Any, scale: Any, copies: int) -> Callable[[Indices, Floats], None]:
    """Return ``send(fired, target)``, which adds to `target` (copies * n) what the `fired` neurons send.

    A connection sends its entry of W times `scale`, a number or one for each target.

    The targets of a neuron are a row of a table, padded with zero weights. One gather and one scatter for all spikes
    of a step beat, at every density and size tried, sums of columns, matrix products and compressed columns.
    """
    columns = sp.csc_array(W)
    degrees = np.diff(columns.indptr)
    used = np.arange(degrees.max(initial=0)) < degrees[:, None]
    rows, weights = np.zeros(used.shape, np.intp), np.zeros(used.shape)
    rows[used] = columns.indices
    weights[used] = columns.data * (scale[columns.indices] if np.ndim(scale) else scale)
    n = len(degrees)

    def send(fired: Indices, target: Floats) -> None:
        source = fired % n if copies > 1 else fired
        where = rows.take(source, axis=0)
        if copies > 1:
            where += (fired - source)[:, None]
        np.add.at(target, where.ravel(), weights.take(source, axis=0).ravel())

    return send


def standard_error(batch_rates: Floats) -> Floats:
    """Return the standard error of the mean over the first axis; NaN for a single batch."""
    batches = len(batch_rates)
    if batches < 2:
        return np.full(batch_rates.shape[1:], np.nan)
    return batch_rates.std(axis=0, ddof=1) / np.sqrt(batches)
