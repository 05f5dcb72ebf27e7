"""Recognising runs of the iteration that repeat, and runs that never settle, long before the last step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CONVERGED, PERIODIC, WANDERING = 0, 1, 2  # codes of `netmod.fixed_points.iteration.STATUS`

_STILL = 1e-4  # a window's largest residual or closest return that is not smaller by this part has not improved
_GROWING = 0.1  # a largest residual that is larger by this part is growing
_TURNED = 0.3  # way from start to end of a window over the length of the path: more is a drift
_CLOSE = 0.1  # closest return over largest residual: less may be a cycle in the making
_PERIOD_GAP = 1e4  # steps of a cycle exceed its return distance at least by this factor


class Watch:
    """Looks, row by row, for cycles and for runs that never settle."""

    def __init__(self, shape: tuple[int, ...], window: int, tol: float) -> None:
        m = shape[0]
        self.window, self.tol = window, tol
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
        """Write how a run ended into `status`, if it did; return the periods."""
        m, L = len(residual), self.window
        lag = np.where(age > 0, (age - 1) % L + 1, 0)  # 1 … L: at L the window ends, with this state
        away = np.abs(X[:m] - self.ref[:m]).max(axis=1)
        top, back = self.top[:m], self.back[:m]
        period = np.zeros(m, np.int64)
        returned = (lag >= 2) & (away <= np.maximum(self.tol, floor)) & (residual > _PERIOD_GAP * away)
        returned &= (residual > _PERIOD_GAP * floor) & (status < 0)
        period[returned], status[returned] = lag[returned], PERIODIC
        np.copyto(back, np.minimum(back, away), where=lag >= 2)
        ends = np.flatnonzero(lag == L)
        if len(ends):
            low, before = back[ends], self.back_before[ends]
            # A residual that shrinks from window to window, however slowly, may be on its way to a fixed point; a
            # close return that still improves, on its way to a cycle; one that grows has not found its orbit yet.
            ratio = top[ends] / self.top_before[ends]
            steady = (ratio >= 1 - _STILL) & (ratio <= 1 + _GROWING)
            turning = away[ends] < _TURNED * self.path[ends]
            closing = (low < (1 - _STILL) * before) & (low < _CLOSE * top[ends])
            lost = ends[steady & turning & ~closing & (status[ends] < 0)]
            # Below tol there is nothing left to wander in but rounding.
            status[lost] = np.where(top[lost] <= self.tol, CONVERGED, WANDERING)
            self.top_before[ends], self.back_before[ends] = top[ends], low
            self.ref[ends] = X[ends]
            top[ends], back[ends], self.path[ends] = 0.0, np.inf, 0.0
        np.maximum(top, residual, out=top)
        self.path[:m] += residual
        return period
