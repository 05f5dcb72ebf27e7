"""The batch kernel behind `iterate` and `sweep`: Equation 1 iterated for many columns of one network at once.

A **column** is one problem: one strength g and one starting state of the same network. A
block of columns moves together, so that the sum over neurons is one matrix product; a column that has settled
leaves its place to the next one in the queue. Memory is the answer itself and a few blocks, whatever the number
of columns, and the same call gives the same answer on the same machine.

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
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod.dynamics import RateNetwork
from netmod.fixed_points.watch import Watch

__all__ = ["STATUS", "Columns", "iterate_columns"]

STATUS = ("converged", "periodic", "wandering", "max_iter", "diverged")
"""Names of the status codes 0-4 of `Columns.status`."""
CONVERGED, MAX_ITER, DIVERGED = 0, 3, 4

_SPRINT = 64  # most columns settle in fewer steps: until then nobody watches for cycles
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
    block = _Block(net, gains, rate or net.known.function, out, damping, tol, max_iter)
    everyone = np.arange(columns)
    with np.errstate(over="ignore", invalid="ignore"):
        if patience is None:
            block.run(everyone, 0, max_iter, None)
        else:
            slow = block.run(everyone, 0, min(_SPRINT, max_iter), None)
            block.run(slow, _SPRINT, max_iter, patience)
    return out


class _Block:
    """A block of rows that steps together, and the buffers it steps in."""

    def __init__(
        self,
        net: RateNetwork,
        gains: ArrayLike,
        rate: Callable[..., Any],
        out: Columns,
        damping: float,
        tol: float,
        max_iter: int,
    ) -> None:
        columns, n = out.E.shape
        self.net, self.out, self.damping, self.tol, self.max_iter = net, out, damping, tol, max_iter
        self.gains = np.broadcast_to(np.asarray(gains, float), (columns,))
        self.A = net.W if net.is_sparse else np.ascontiguousarray(net.W.T)
        self.rate, self.rate_out = rate, _takes_out(rate)
        # At most 512 rows, at least 64 so that a large matrix is read seldom, never more than 32 MB a buffer.
        self.width = max(1, min(columns, 512, max(64, _CELLS // n), 2**22 // n))
        padded = -8 * (-self.width // 8)
        self.X, self.F, self.R, self.D = (np.zeros((padded, n)) for _ in range(4))

    def step(self, m: int, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put F(X) into `F` for the first m rows and return their residuals."""
        X, F, R, D = self.X[:m], self.F[:m], self.R[:m], self.D[:m]
        if self.rate_out:
            self.rate(X, out=R)
        else:
            R[...] = self.rate(X)
        if self.net.is_sparse:
            F[...] = (self.A @ R[0]) if m == 1 else (self.A @ R.T).T
        else:  # whole eights of rows: the sum of a row is then, with most BLAS, the same in any company
            p = -8 * (-m // 8)
            np.matmul(self.R[:p], self.A, out=self.F[:p])
        np.multiply(F, g, out=F)
        np.add(F, self.net.E0, out=F)
        np.subtract(F, X, out=D)
        np.abs(D, out=D)
        return D.max(axis=1)

    def run(self, queue: NDArray[np.int64], k_first: int, k_last: int, window: int | None) -> NDArray[np.int64]:
        """Take the columns in `queue` from step `k_first` to at most `k_last`; return those that are not done.

        With a `window`, watch for cycles and for runs that never settle.
        """
        out, tol, unfinished = self.out, self.tol, [np.empty(0, np.int64)]
        col = np.zeros(self.width, np.int64)
        k = np.zeros(self.width, np.int64)
        g = np.zeros((self.width, 1))
        floor = np.zeros(self.width)
        recent = _Recent(self.width)
        watch = None if window is None else Watch(self.X.shape, window, tol)
        free = np.arange(min(self.width, len(queue)))  # rows to be taken by the next columns of the queue
        waiting, m = 0, len(free)
        while m:
            if len(free):
                new = queue[waiting : waiting + len(free)]
                waiting += len(new)
                col[free], k[free], g[free, 0] = new, k_first, self.gains[new]
                self.X[free] = out.E[new]
                if watch is not None:
                    watch.reset(free, self.X)
            residual, age = self.step(m, g[:m]), k[:m] - k_first
            if len(free):
                floor[free] = self.net.rounding(self.F[free], g[free] * self.R[free])
            recent.add(residual, age)
            status = np.full(m, -1, np.int8)
            near = np.flatnonzero(~(residual > np.maximum(tol, floor[:m])))
            if len(near):
                r = residual[near]
                sure = (r <= floor[near]) | ((r <= tol * (1.0 - recent.speed(near))) & (age[near] >= 2))
                status[near[sure]] = CONVERGED
            status[~np.isfinite(residual)] = DIVERGED
            period = None if watch is None else watch.look(residual, floor[:m], self.X, age, status)
            status[(status < 0) & (k[:m] >= k_last)] = MAX_ITER
            done = np.flatnonzero(status >= 0)
            if len(done):
                c = col[done]
                out.E[c], out.residual[c], out.iterations[c] = self.X[done], residual[done], k[done]
                out.status[c], out.error[c] = status[done], recent.error(done)
                out.period[c] = np.where(status[done] == CONVERGED, 1, 0 if period is None else period[done])
                if window is None and k_last < self.max_iter:
                    unfinished.append(c[status[done] == MAX_ITER])
            if self.damping == 1.0:
                self.X, self.F = self.F, self.X
            else:
                np.subtract(self.F[:m], self.X[:m], out=self.D[:m])
                self.X[:m] += self.damping * self.D[:m]
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

    def speed(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the factor per step at which the residual of `rows` shrank over the last (at most 15) steps."""
        lag, r = np.minimum(self.age[rows], _LAG), self.residual[rows]
        before = self.kept[(self.tick - lag) % (_LAG + 1), rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            q = (r / before) ** (1.0 / np.maximum(lag, 1))
        return np.where((lag > 0) & np.isfinite(q), q, np.where(r == 0.0, 0.0, np.inf))

    def error(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return residual / (1 − speed): the error if the residual goes on shrinking as it did."""
        q, r = self.speed(rows), self.residual[rows]
        return np.where(q < 1.0, r / np.where(q < 1.0, 1.0 - q, 1.0), np.where(r == 0.0, 0.0, np.inf))


def _takes_out(rate: Callable[..., Any]) -> bool:
    """Return whether `rate` can write into a given array."""
    if isinstance(rate, np.ufunc):
        return True
    try:
        return "out" in inspect.signature(rate).parameters
    except (TypeError, ValueError):
        return False
