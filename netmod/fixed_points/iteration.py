"""The batch kernel behind `iterate` and `sweep`: Equation 1 iterated for many columns of one network at once.

A **column** is one problem: one strength g and one starting state of the same network. A
block of columns moves together, so that the sum over neurons is one matrix product; a column that has settled
leaves its place to the next one in the queue. Memory is the answer itself and a few blocks, whatever the number
of columns, and the same call gives the same answer on the same machine. Where many columns share a strength, all but
the first end the short way: see `netmod.fixed_points.near`.

How a run ends (`STATUS`)
-------------------------
converged
    The residual r_k = max |F(E_k) − E_k| and the speed q at which it shrank over the last 15 steps put the error
    r_k / (1 − q) below `tol`; or r_k has reached the rounding level of the sum, or, below `tol`, shrinks no more.
    The returned state is E_k itself, so `residual` is its own. A small step alone is never enough.
periodic
    The run came back to an earlier state within `tol`, while its single steps stay at least 10⁴ times larger.
wandering
    The run is bounded, neither settles nor repeats: quasi-periodic or chaotic. Recognised early, by three signs from
    one window of `patience` steps to the next: the largest residual does not shrink at all, the run turns around
    instead of drifting, and no close return improves. It is a judgement: a chaotic run can end at a fixed point much
    later (of 129 such runs of mixed networks of 50 neurons, none did within 10,000 steps), and a run that closes
    in by less than 10⁻⁴ per window is taken for one that does not.
max_iter
    None of these after `max_iter` steps.
diverged
    The state is no longer finite (or the start was not).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod.dynamics import RateNetwork
from netmod.fixed_points.near import Near
from netmod.fixed_points.watch import Watch
from netmod.rate.table import Lines, lines_of

__all__ = ["STATUS", "Columns", "iterate_columns"]

Floats = NDArray[np.float64]

STATUS = ("converged", "periodic", "wandering", "max_iter", "diverged")
"""Names of the status codes 0-4 of `Columns.status`."""
CONVERGED, MAX_ITER, DIVERGED = 0, 3, 4
_NEARBY = 5  # inside this module only: a run that goes on from the polynomial of F

_SPRINT = 64  # most columns settle in fewer steps: until then nobody watches for cycles
_CALM = 256  # where a leader takes longer, small differences may decide where a run ends: all are walked in full
NOBODY, NOTHING = np.empty(0, np.int64), np.empty(0)
_LAG = 15  # steps over which the speed of convergence is measured; a complex pair makes residuals wobble
_CELLS = 51_200  # numbers in a block: large enough to spread the cost of a call, small enough for the cache


@dataclass(frozen=True, eq=False)
class Columns:
    """What `iterate_columns` returns, one row or entry per column."""

    E: NDArray[np.float64]
    """(columns, n), mV: the last state."""
    residual: NDArray[np.float64]
    """(columns,), mV: max |F(E) − E| of that state."""
    error: NDArray[np.float64]
    """(columns,), mV: residual / (1 − observed speed), an estimate of the distance to the fixed point; inf where
    the residual does not shrink."""
    iterations: NDArray[np.int64]
    """(columns,): how many times F was applied to the start to get E."""
    status: NDArray[np.int8]
    """(columns,): index into `STATUS`."""
    period: NDArray[np.int64]
    """(columns,): the period of a periodic run, 1 for a converged one, 0 otherwise."""

    def __repr__(self) -> str:
        counts = np.bincount(self.status, minlength=len(STATUS))
        return f"Columns({', '.join(f'{c} {s}' for s, c in zip(STATUS, counts, strict=True) if c)})"


def iterate_columns(
    net: RateNetwork,
    gains: ArrayLike,
    starts: ArrayLike,
    *,
    rate: Callable[..., Any] | None = None,
    damping: float = 1.0,
    tol: float = 1e-10,
    max_iter: int = 10_000,
    patience: int | None = 64,
    family: int = 1,
) -> Columns:
    """Return where the iteration E ← (1 − d) E + d (E₀ + g W r(E)) takes each column.

    Arguments are not checked here beyond shapes; the public functions do that.

    Parameters
    ----------
    net : RateNetwork
        The network; its W is multiplied by the strength.
    gains : number or (columns,)
        Strength g of each column.
    starts : (columns, n)
        Starting states, mV. Not changed.
    rate : callable, optional
        The network's own rate by a quicker way, such as a table. Called as ``rate(E, out=R)`` if its signature has
        `out`.
    damping : float, optional
        d in (0, 1]; 1 is the plain iteration.
    tol : float, optional
        Accepted error, mV (estimated; see the module's text).
    max_iter : int, optional
        Most applications of F per column.
    patience : int or None, optional
        Length of the windows in which runs that never settle are recognised; None never gives up early.
    family : int, optional
        So many columns in a row have the same strength. The first of each family leads: those that come near the
        fixed point where it ended go on from a polynomial of F there (see `netmod.fixed_points.near`), which is the
        same iteration to about 10⁻⁵ of the distance that is left, at a third of the cost; and on their way there
        they step in single precision, unless the leader took more than 64 steps. Only for a dense network of noisy
        neurons, undamped, and only if all leaders settle within 256 steps: otherwise all columns are walked in full,
        as by the default, 1. Statuses come out the same, and so do counts of steps but for one in a thousand that is
        off by one (and more in long runs of mixed networks).

    Returns
    -------
    Columns
        `E`, `residual`, `error`, `iterations`, `status`, `period`, in the order of `starts`.

    Examples
    --------
    >>> import numpy as np
    >>> net = RateNetwork([[0.0, 1.0], [1.0, 0.0]], 1.0, rate=np.tanh)
    >>> iterate_columns(net, [0.5, 1.0, 1.5], np.zeros((3, 2)))
    Columns(3 converged)
    """
    E = np.array(starts, dtype=float, order="C")
    columns, n = E.shape
    out = Columns(
        E,
        np.full(columns, np.nan),
        np.full(columns, np.inf),
        np.zeros(columns, np.int64),
        np.full(columns, MAX_ITER, np.int8),
        np.zeros(columns, np.int64),
    )
    if columns == 0 or n == 0:
        out.residual[:], out.error[:], out.status[:], out.period[:] = 0.0, 0.0, CONVERGED, 1
        return out
    block = _Block(net, gains, rate or net.known.function, out, damping, tol, max_iter, patience)
    everyone = np.arange(columns)
    neuron = net.known.neuron
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if family <= 1 or damping != 1.0 or net.is_sparse or neuron is None or not np.all(neuron.sigma):
            block.walk(everyone)
        else:
            leaders = everyone[::family]
            begin = E[leaders]
            block.max_iter = min(max_iter, _CALM)
            block.walk(leaders)
            block.max_iter = max_iter
            if (out.status[leaders] == CONVERGED).all():
                block.follow(everyone[everyone % family > 0], family)
            else:
                E[leaders] = begin
                block.walk(everyone)
    return out


class _Block:
    """A block of rows that steps together, and the buffers it steps in."""

    def __init__(
        self,
        net: RateNetwork,
        gains: ArrayLike,
        rate: Any,
        out: Columns,
        damping: float,
        tol: float,
        max_iter: int,
        patience: int | None,
    ) -> None:
        columns, n = out.E.shape
        self.patience = patience
        self.near: Near | None = None
        self.single, self.whole = False, 8
        self.net, self.out, self.damping, self.tol, self.max_iter = net, out, damping, tol, max_iter
        self.gains = np.broadcast_to(np.asarray(gains, float), (columns,))
        self.A = net.W if net.is_sparse else np.ascontiguousarray(net.W.T)
        self.E0, self.rate, self.rate_out = net.E0, rate, _takes_out(rate)
        # At most 512 rows, at least 64 so that a large matrix is read seldom, never more than 32 MB a buffer.
        self.width = max(1, min(columns, 512, max(64, _CELLS // n), 2**22 // n))
        padded = -16 * (-self.width // 16)
        self.X, self.F, self.R = (np.zeros((padded, n)) for _ in range(3))

    def walk(self, queue: NDArray[np.int64]) -> None:
        """Take the columns in `queue` from their starts to their ends (or to where they are near a known point)."""
        if self.patience is None:
            self.run(queue, 0, self.max_iter, None)
        else:
            slow = self.run(queue, 0, min(_SPRINT, self.max_iter), None)
            self.run(slow, _SPRINT, self.max_iter, self.patience)

    def follow(self, queue: NDArray[np.int64], family: int) -> None:
        """Take the columns in `queue` to their ends, once the first of each family has got to its own."""
        out, gains = self.out, self.gains
        first = np.arange(0, len(gains), family)
        first = first[out.status[first] == CONVERGED]
        sigma = float(np.min(self.net.known.neuron.sigma))  # type: ignore[union-attr]  # asked for by the caller
        near = Near(self.net, self.rate, self.A, gains[first], out.E[first], sigma)
        leader = np.full(-(-len(gains) // family), -1)
        leader[first[near.good] // family] = np.flatnonzero(near.good)
        begin = out.E[queue]
        self.near, self.leader = near, np.repeat(leader, family)[: len(gains)]
        self.floor, self.before = np.zeros(len(gains)), np.zeros((len(gains), _LAG + 1))
        # Where a leader took long, small differences may have grown on its way: those are walked in double precision.
        lines = lines_of(self.rate)
        quick = out.iterations[queue // family * family] <= _SPRINT
        quick &= (self.leader[queue] >= 0) & (lines is not None)
        if quick.any():
            scout = copy(self)
            scout.into_single(lines)
            scout.run(queue[quick], 0, min(_SPRINT, self.max_iter), None)
        missed = queue[out.status[queue] != _NEARBY]
        out.E[missed] = begin[np.searchsorted(queue, missed)]
        self.walk(missed)
        self.near = None
        arrived = queue[out.status[queue] == _NEARBY]
        lost = [self.finish(near, arrived[i : i + self.width]) for i in range(0, len(arrived), self.width)]
        again = np.concatenate([NOBODY, *lost])
        out.E[again] = begin[np.searchsorted(queue, again)]
        self.walk(again)

    def into_single(self, lines: Lines | None) -> None:
        """Step in single precision from now on, which nothing but an arrival near a known point can end."""
        self.A, self.E0 = self.A.astype(np.float32), self.E0.astype(np.float32)
        self.rate, self.rate_out, self.single, self.whole = lines, True, True, 16
        self.X, self.F, self.R = (np.zeros(self.X.shape, np.float32) for _ in range(3))

    def arrive(
        self,
        near: Near,
        col: NDArray[np.int64],
        residual: NDArray[np.float64],
        floor: NDArray[np.float64],
        status: NDArray[np.int8],
        recent: _Recent,
    ) -> None:
        """Mark the rows that are near the point of their leader, and keep what their end depends on."""
        rows = ((residual <= near.reach) & (status < 0) & (self.leader[col] >= 0)).nonzero()[0]
        if not len(rows):
            return
        rows = rows[near.reached(self.leader[col[rows]], self.X[rows])]
        c = col[rows]
        self.floor[c], self.before[c], status[rows] = floor[rows], recent.before(rows), _NEARBY

    def finish(self, near: Near, col: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take columns that are near a known point to their ends; return those that went elsewhere."""
        out, lost = self.out, [NOBODY]
        block = near.block(self.leader[col], out.E[col])
        k, floor, recent = out.iterations[col], self.floor[col], _Recent(len(col))
        recent.kept[:], recent.tick = self.before[col].T[::-1], _LAG - 1  # the last of them is computed again
        bar = np.maximum(self.tol, floor)  # −1 for columns that are done
        late, last = _SPRINT if self.patience is not None else self.max_iter, int(k.max())
        while len(col):
            residual = block.step()
            recent.add(residual, np.where(k > late, k - late, k) if last > late else k)
            done, error = recent.settled(bar, floor, self.tol)
            ends = [(done, error, CONVERGED)]
            if last >= self.max_iter:
                bar[done] = -1.0
                done = ((k >= self.max_iter) & (bar >= 0)).nonzero()[0]
                ends.append((done, recent.error(done), MAX_ITER))
            for done, error, status in ends:
                if len(done):
                    c = col[done]
                    out.E[c], out.residual[c], out.iterations[c] = block.states(done), residual[done], k[done]
                    out.status[c], out.error[c], out.period[c] = status, error, status == CONVERGED
                    bar[done] = -1.0
            left = block.advance()
            if len(left):
                left = left[bar[left] >= 0]
                lost.append(col[left])
                bar[left] = -1.0
            k += 1
            last += 1
            stay = bar >= 0
            if 4 * np.count_nonzero(stay) <= 3 * len(stay):
                block.keep(stay)
                recent.kept = recent.kept[:, stay]
                col, k, floor, bar = col[stay], k[stay], floor[stay], bar[stay]
        return np.sort(np.concatenate(lost))

    def step(self, m: int, g: NDArray[np.float64], free: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Put F(X) into `F` for the first m rows; return their residuals, and the rounding levels of rows `free`."""
        X, F, R = self.X[:m], self.F[:m], self.R[:m]
        if self.rate_out:
            self.rate(X, out=R)
        else:
            R[...] = self.rate(X)
        if self.net.is_sparse:
            F[...] = (self.A @ R[0]) if m == 1 else (self.A @ R.T).T
        else:  # whole eights of rows: the sum of a row is then, with most BLAS, the same in any company
            p = -self.whole * (-m // self.whole)
            np.matmul(self.R[:p], self.A, out=self.F[:p])
        np.multiply(F, g, out=F)
        np.add(F, self.E0, out=F)
        floor = self.net.rounding(F[free], g[free] * R[free]) if len(free) else NOTHING
        np.subtract(F, X, out=R)
        np.abs(R, out=R)
        return R.max(axis=1), floor

    def run(self, queue: NDArray[np.int64], k_first: int, k_last: int, window: int | None) -> NDArray[np.int64]:
        """Take the columns in `queue` from step `k_first` to at most `k_last`; return those that are not done.

        With a `window`, watch for cycles and for runs that never settle.
        """
        out, tol, unfinished = self.out, self.tol, [NOBODY]
        col = np.zeros(self.width, np.int64)
        k = np.zeros(self.width, np.int64)
        g = np.zeros((self.width, 1), self.X.dtype)
        floor = np.zeros(self.width)
        recent = _Recent(self.width)
        watch = None if window is None else Watch(self.X.shape, window, tol)
        free = np.arange(min(self.width, len(queue)))  # rows to be taken by the next columns of the queue
        waiting, m = 0, len(free)
        level = tol if self.near is None else max(tol, self.near.reach)  # nothing happens while residuals are above
        while m:
            if len(free):
                new = queue[waiting : waiting + len(free)]
                waiting += len(new)
                col[free], k[free], g[free, 0] = new, k_first, self.gains[new]
                self.X[free] = out.E[new]
                if watch is not None:
                    watch.reset(free, self.X)
            residual, floor[free] = self.step(m, g[:m], free)
            if len(free):
                level = max(level, float(floor[free].max()))
            recent.add(residual, k[:m] - k_first)
            done = NOBODY
            if watch is not None or k[:m].max() >= k_last or not (residual.min() > level and residual.max() < np.inf):
                status = np.full(m, -1, np.int8)
                sure, error = recent.settled(np.maximum(tol, floor[:m]), floor[:m], tol)
                if self.single:
                    sure, error = NOBODY, NOTHING
                status[sure] = CONVERGED
                status[~np.isfinite(residual)] = DIVERGED
                if self.near is not None:
                    self.arrive(self.near, col[:m], residual, floor[:m], status, recent)
                period = None if watch is None else watch.look(residual, floor[:m], self.X, recent.age, status)
                status[(status < 0) & (k[:m] >= k_last)] = MAX_ITER
                done = (status >= 0).nonzero()[0]
            if len(done):
                c = col[done]
                out.E[c], out.residual[c], out.iterations[c] = self.X[done], residual[done], k[done]
                out.status[c] = status[done]
                out.error[col[sure]], out.period[col[sure]] = error, 1
                status[sure] = _NEARBY  # so that what is left is neither
                rest = done[status[done] != _NEARBY]
                if len(rest):
                    out.error[col[rest]] = recent.error(rest)
                    out.period[col[rest]] = np.where(
                        status[rest] == CONVERGED, 1, 0 if period is None else period[rest]
                    )
                if window is None and k_last < self.max_iter:
                    unfinished.append(c[status[done] == MAX_ITER])
            if self.damping == 1.0:
                self.X, self.F = self.F, self.X
            else:
                np.subtract(self.F[:m], self.X[:m], out=self.R[:m])
                self.X[:m] += self.damping * self.R[:m]
            k[:m] += 1
            free = done
            left = len(queue) - waiting
            if len(free) > left:  # no column left for some: close the gaps with the last rows
                gaps, keep = free[left:], np.ones(m, bool)
                free, keep[gaps] = free[:left], False
                stay = np.flatnonzero(keep)
                size = m - len(gaps)
                movers, holes = stay[stay >= size], gaps[gaps < size]
                for a in (col, k, g, floor, self.X):
                    a[holes] = a[movers]
                recent.kept[:, holes] = recent.kept[:, movers]
                if watch is not None:
                    watch.move(movers, holes)
                m = size  # the rows in `free` lie before all gaps, so that none of them was moved
        return np.sort(np.concatenate(unfinished))


class _Recent:
    """The residuals of each row over the last steps, and what they say of its convergence."""

    def __init__(self, width: int) -> None:
        self.kept, self.tick = np.zeros((_LAG + 1, width)), -1

    def add(self, residual: NDArray[np.float64], age: NDArray[np.int64]) -> None:
        """Take in the residuals of all rows, which have made `age` steps."""
        self.tick += 1
        self.kept[self.tick % (_LAG + 1), : len(residual)] = residual
        self.residual, self.age = residual, age

    def before(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the residuals of `rows`, the last ones first, shape (rows, 16)."""
        return self.kept[(self.tick - np.arange(_LAG + 1)) % (_LAG + 1)][:, rows].T

    def settled(self, bar: Floats, floor: Floats, tol: float) -> tuple[NDArray[np.int64], Floats]:
        """Return the rows that have converged (see the module's text) of those with a residual up to `bar`.

        Their errors come with them.
        """
        near = (self.residual <= bar).nonzero()[0]
        if not len(near):
            return NOBODY, NOTHING
        r, q = self.residual[near], self.speed(near)
        sure = (r <= floor[near]) | ((r <= tol * (1.0 - q)) & (self.age[near] >= 2))
        return near[sure], _left(r[sure], q[sure])

    def speed(self, rows: NDArray[np.int64]) -> Floats:
        """Return the factor per step at which the residual of `rows` shrank over the last (at most 15) steps."""
        age, r = self.age[rows], self.residual[rows]
        if len(age) and age.min() >= _LAG:
            q = (r / self.kept[(self.tick + 1) % (_LAG + 1), rows]) ** (1.0 / _LAG)
            if np.isfinite(q).all():
                return q
        lag = np.minimum(age, _LAG)
        before = self.kept[(self.tick - lag) % (_LAG + 1), rows]
        q = (r / before) ** (1.0 / np.maximum(lag, 1))
        return np.where((lag > 0) & np.isfinite(q), q, np.where(r == 0.0, 0.0, np.inf))

    def error(self, rows: NDArray[np.int64]) -> Floats:
        """Return residual / (1 − speed): the error if the residual goes on shrinking as it did."""
        return _left(self.residual[rows], self.speed(rows))


def _left(r: Floats, q: Floats) -> Floats:
    return np.where(q < 1.0, r / np.where(q < 1.0, 1.0 - q, 1.0), np.where(r == 0.0, 0.0, np.inf))


def _takes_out(rate: Callable[..., Any]) -> bool:
    """Return whether `rate` can write into a given array."""
    if isinstance(rate, np.ufunc):
        return True
    try:
        return "out" in inspect.signature(rate).parameters
    except (TypeError, ValueError):
        return False
