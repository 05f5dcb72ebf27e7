"""The last steps of the iteration, near a fixed point that an earlier run has found: from Taylor's polynomial of F.

Of the runs that share a strength, most end at the same fixed point. The first of them (the **leader**) is walked to
its end E*. The others are walked only until they are within `reach` of it; from there on

    F(E* + e) = F(E*) + g W (r(E* + e) − r(E*)),    r(E* + e) − r(E*) = c₁ e + c₂ e² + c₃ e³ (each neuron its own c),

is good to 10⁻⁵ of e, so nothing has to be looked up any more, and since it is the small e that is kept, single
precision will do. It is the same iteration, with the same count of steps and the same rule for its end. Nothing is
assumed of where it leads: a run that leaves the ball in which the polynomial was checked is walked again from its
start, in full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netmod.dynamics import RateNetwork

REACH = 0.1
"""A run is near at this distance, in units of the smallest noise sigma: the rate varies on the scale of sigma."""

_ROOM = 2.0  # the polynomial is made for a ball this much larger
_GOOD = 1e-4  # relative error above which it is not used; about 1e-5 at the rim of the larger ball
_FAINT = 1e-10  # coefficients that add less than this part are dropped: they would only make subnormal numbers
_NODES = np.array([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
_TEST = 0.75

Floats = NDArray[np.float64]
Single = NDArray[np.float32]


class Near:
    """The fixed points that leaders have found, one a strength, and the polynomials of F around them.

    Parameters
    ----------
    net : RateNetwork
        The network, dense, with the rate of noisy neurons.
    rate : callable
        Its rate by a quicker way.
    A : (n, n)
        Its W, transposed and contiguous.
    gains, E : (leaders,), (leaders, n)
        Strengths, and the states in which the leaders ended.
    sigma : float
        The smallest noise of a neuron, mV.
    """

    def __init__(
        self, net: RateNetwork, rate: Callable[..., Any], A: Floats, gains: Floats, E: Floats, sigma: float
    ) -> None:
        self.reach = REACH * sigma
        room = _ROOM * self.reach
        self.E, self.A = E, A.astype(np.float32)
        here = np.asarray(rate(E))
        change = np.stack([np.asarray(rate(E + room * x)) - here for x in _NODES])
        # the polynomial of degree 6 through the nodes and 0, in units of the room, without its last two terms
        weights = np.linalg.inv(_NODES[:, None] ** np.arange(1, 7))[:4]
        c = np.stack([sum(w * x for w, x in zip(row, change, strict=True)) for row in weights])
        size = np.abs(c).max(axis=2, keepdims=True).max(axis=0) if E.size else np.ones((len(E), 1))
        t = _TEST
        wrong = np.abs(t * (c[0] + t * (c[1] + t * (c[2] + t * c[3]))) - (np.asarray(rate(E + room * t)) - here))
        self.good = (wrong.max(axis=1) <= _GOOD * t * size[:, 0]) & (size[:, 0] > 0)
        c[np.abs(c) < _FAINT * size] = 0.0
        scaled = [gains[:, None] * c[k] / room ** (k + 1) for k in range(4)]
        self.c = [x.astype(np.float32) for x in scaled]
        inputs = (_whole(here, 8) @ A)[: len(E)]
        self.offset = (net.E0 + gains[:, None] * inputs - E).astype(np.float32)  # F(E*) − E*

    def reached(self, leader: NDArray[np.int64], X: Floats) -> NDArray[np.bool_]:
        """Return which of the states `X` are near the point of their `leader`."""
        return np.abs(X - self.E[leader]).max(axis=1) <= self.reach

    def block(self, leader: NDArray[np.int64], X: Floats) -> NearBlock:
        """Return a block of rows that start at the states `X`, each near the point of its `leader`."""
        return NearBlock(self, leader, (X - self.E[leader]).astype(np.float32))


class NearBlock:
    """Rows that step together near their fixed points."""

    def __init__(self, near: Near, leader: NDArray[np.int64], e: Single) -> None:
        self.near, self.leader, self.e = near, leader, _whole(e, 16)
        self.c, self.offset = [c[leader] for c in near.c], near.offset[leader]
        self.f, self.r, self.room = _whole(e, 16), _whole(e, 16), _ROOM * near.reach
        self.path = np.abs(e).max(axis=1).astype(float)  # no farther away than this

    def step(self) -> Floats:
        """Put F(E* + e) − E* into `f`, and return the residuals."""
        m, c = len(self.leader), self.c
        e, f, r = self.e[:m], self.f[:m], self.r[:m]
        np.multiply(c[3], e, out=r)
        for k in (2, 1, 0):
            np.add(r, c[k], out=r)
            np.multiply(r, e, out=r)
        np.matmul(self.r, self.near.A, out=self.f)
        np.add(f, self.offset, out=f)
        np.subtract(f, e, out=r)
        np.abs(r, out=r)
        residual = r.max(axis=1).astype(float)
        self.path += residual
        return residual

    def advance(self) -> NDArray[np.int64]:
        """Go on to F; return the rows that have left the room in which the polynomials hold."""
        self.e, self.f = self.f, self.e
        far = (self.path > self.room).nonzero()[0]
        if len(far):
            self.path[far] = np.abs(self.e[far]).max(axis=1)
            far = far[self.path[far] > self.room]
        return far

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with these rows alone."""
        e = self.e[: len(rows)][rows]
        self.leader, self.offset, self.path = self.leader[rows], self.offset[rows], self.path[rows]
        self.c = [c[rows] for c in self.c]
        self.e, self.f, self.r = (_whole(e, 16) for _ in range(3))

    def states(self, rows: NDArray[np.int64]) -> Floats:
        """Return the states E* + e of `rows`."""
        return np.asarray(self.near.E[self.leader[rows]] + self.e[rows])


def _whole(x: Any, rows: int) -> Any:
    """Return a copy of `x` with rows of 0 up to a whole number of so many `rows`.

    A row of a matrix product is then, with most BLAS, the same in any company.
    """
    out = np.zeros((-rows * (-len(x) // rows), *x.shape[1:]), x.dtype)
    out[: len(x)] = x
    return out
