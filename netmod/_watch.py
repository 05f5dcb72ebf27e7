"""Recognising runs of the iteration that repeat, and runs that never settle, long before the last step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERIODIC, WANDERING = 1, 2  # codes of `netmod._iteration.STATUS`

_STEADY = 0.9  # largest residuals of two windows within this ratio, either way, count as equal
_PERIOD_GAP = 1e4  # steps of a cycle exceed its return distance at least by this factor


class Watch:
    """Looks, row by row, for cycles and for runs that never settle."""

    def __init__(self, shape: tuple[int, ...], window: int, tol: float, max_iter: int) -> None:
        m = shape[0]
        self.window, self.tol, self.max_iter = window, tol, max_iter
        self.ref = np.zeros(shape)  # the state at the start of the window
        self.top, self.top_before = np.zeros(m), np.zeros(m)  # largest residual
        self.back, self.back_before = np.zeros(m), np.zeros(m)  # closest return to `ref`
        self.path = np.zeros(m)

    def reset(self, rows: NDArray[np.int64], X: NDArray[np.float64]) -> None:
        """Start afresh with the states that have just been seated."""
        self.ref[rows] = X[rows]
        for a in (self.top, self.path):
            a[rows] = 0.0
        for a in (self.back, self.top_before, self.back_before):
            a[rows] = np.inf

    def move(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        """Follow rows that change places."""
        for a in (self.ref, self.top, self.top_before, self.back, self.back_before, self.path):
            a[target] = a[source]

    def look(
        self,
        residual: NDArray[np.float64],
        floor: NDArray[np.float64],
        X: NDArray[np.float64],
        age: NDArray[np.int64],
        status: NDArray[np.int8],
    ) -> NDArray[np.int64]:
        """Write PERIODIC or WANDERING into `status`; return the periods."""
        m, L = len(residual), self.window
        lag = (age - 1) % L + 1  # 1 … L: at L the window ends, with this state
        away = np.abs(X[:m] - self.ref[:m]).max(axis=1)
        top, back = self.top[:m], self.back[:m]
        period = np.zeros(m, np.int64)
        returned = (lag >= 2) & (age > 0) & (away <= np.maximum(self.tol, floor)) & (residual > _PERIOD_GAP * away)
        returned &= (residual > _PERIOD_GAP * floor) & (status < 0)
        period[returned], status[returned] = lag[returned], PERIODIC
        np.copyto(back, np.minimum(back, away), where=lag >= 2)
        ends = np.flatnonzero((lag == L) & (age > 0))
        if len(ends):
            high, low = self.top_before[ends], back[ends]
            # The pace that would still bring the residual to tol within max_iter, if kept up.
            steps = np.maximum(self.max_iter - age[ends], 1)
            pace = np.maximum(_STEADY, (self.tol / np.maximum(top[ends], self.tol)) ** (L / steps))
            steady = (top[ends] >= pace * high) & (top[ends] * _STEADY <= high)
            turning = away[ends] < 0.3 * self.path[ends]
            closing = (low < 0.8 * self.back_before[ends]) & (low < 0.1 * top[ends])
            lost = ends[steady & turning & ~closing & (status[ends] < 0)]
            status[lost] = WANDERING
            self.top_before[ends], self.back_before[ends] = top[ends], low
            self.ref[ends] = X[ends]
            top[ends], back[ends], self.path[ends] = 0.0, np.inf, 0.0
        np.maximum(top, residual, out=top)
        self.path[:m] += residual
        return period
