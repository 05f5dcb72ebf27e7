"""Newton's method for F(E) = E: fast near a fixed point, and just as fast where the iteration is repelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse.linalg as spla
from numpy.typing import ArrayLike, NDArray

from netmod._checks import integer, number
from netmod._matrix import dense, product
from netmod.dynamics import RateNetwork
from netmod.fixed_points.solution import FixedPoint, Floats, as_result, check_net, rows, states

_DENSE = 1500  # up to this size a sparse network is solved densely: random graphs fill in at once
_BYTES = 2**26  # Jacobians of a batch are solved in pieces of this size
_LAST = 1e-11  # part of the state: a residual and a step below it that shrink no more are rounding
_SHORTEST = 2.0**-20  # a step cut to less than this leads nowhere


def newton(
    net: RateNetwork,
    start: ArrayLike | None = None,
    *,
    tol: float = 1e-12,
    max_iter: int = 100,
    away_from: ArrayLike | None = None,
) -> FixedPoint:
    """Return the fixed point that Newton's method finds from `start`, stable or not.

    Each step solves (I − DF(E)) d = F(E) − E and goes to E + t d, with t halved from 1 until the residual has shrunk
    (Armijo's rule). Near a fixed point t is 1 and the number of correct digits doubles with each step, whether or not
    the plain iteration would converge there. Where that gets stuck at a residual that cannot shrink, the method
    starts again and follows the flow dE/ds = F(E) − E in implicit steps, ((1 + 1/δ) I − DF) d = F(E) − E, whose
    length δ grows as the residual shrinks, until they are Newton's (pseudo-transient continuation: Kelley and Keyes
    1998).

    Parameters
    ----------
    net : RateNetwork
        The network.
    start : array_like, shape (..., n), optional
        Starting states, mV; `net.E0` if None. A batch of them is solved together.
    tol : float, optional
        Accepted residual, mV. Where rounding in the sum over neurons, or in the rate, is larger than that, its level
        counts.
    max_iter : int, optional
        Most steps, of each kind.
    away_from : array_like, shape (m, n), optional
        Fixed points already known. The residual is multiplied by Π (1 + 1 / |E − Eᵢ|²), which has its poles there, so
        that the method is driven to other ones (deflation: Farrell, Birkisson and Funke 2015).

    Returns
    -------
    FixedPoint
        `status` is "converged", "stalled" (stuck both ways), "max_iter" or "diverged". `error` is the length of the
        last Newton step d, which is what the next step would correct.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range.

    Notes
    -----
    Dense Jacobians by LU. Networks with more than 1,500 neurons and a sparse W by GMRES, without forming a matrix.

    Examples
    --------
    >>> net = RateNetwork([[-3800.0]], E0=4.0)  # one neuron that inhibits itself
    >>> point = newton(net)
    >>> point.status, point.E.round(6)
    ('converged', array([2.381676]))
    >>> round(net.spectral_radius(point.E), 3)  # the iteration is repelled
    1.772
    """
    net = check_net(net)
    x = states("start", start, net)
    tol, max_iter = number("tol", tol, low=0.0, open_low=True), integer("max_iter", max_iter)
    known = None if away_from is None else rows(states("away_from", away_from, net))
    shape, flat = x.shape[:-1], rows(x)
    run = _Newton(net, flat.copy(), tol, known)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        run.solve(max_iter)
        stuck = np.flatnonzero(run.status == "stalled")
        if len(stuck) and known is None:
            run.flow(stuck, flat[stuck], max_iter)
    return FixedPoint(
        E=run.E.reshape(x.shape),
        rate=net.rates(run.E).reshape(x.shape),
        status=as_result(run.status, shape),
        iterations=as_result(run.iterations, shape),
        residual=as_result(run.residual, shape),
        error=as_result(run.error, shape),
        period=as_result((run.status == "converged").astype(np.int64), shape),
    )


class _Newton:
    """The states of a batch and how far each has come."""

    def __init__(self, net: RateNetwork, E: Floats, tol: float, known: Floats | None) -> None:
        m = len(E)
        self.net, self.E, self.tol = net, E, tol
        self.known = known if known is not None and len(known) else None
        self.krylov = net.is_sparse and net.n > _DENSE
        self.W = net.W if self.krylov else dense(net.W)
        self.status = np.full(m, "max_iter", dtype="<U9")
        self.iterations = np.zeros(m, np.int64)
        self.residual, self.error = np.full(m, np.nan), np.full(m, np.inf)

    def defect(self, E: Floats) -> tuple[Floats, Floats]:
        """Return F(E) − E and the residual that is rounding, for states (m, n)."""
        r = self.net.rates(E)
        return self.net.E0 + product(self.W, r) - E, self.net.rounding(E, r)

    def direction(self, E: Floats, G: Floats, shift: Floats | float = 0.0) -> Floats:
        """Return d with ((1 + shift) I − DF(E)) d = G for each state; NaN where the matrix is singular."""
        out = np.empty_like(E)
        shift = np.broadcast_to(shift, len(E))
        slope, G = self.net.slopes(E) / (1 + shift)[:, None], G / (1 + shift)[:, None]
        if self.krylov:
            for i, (s, b) in enumerate(zip(slope, G, strict=True)):
                out[i] = krylov_solve(self.W, s, b)
            return out
        piece = max(1, _BYTES // (8 * max(1, self.net.n) ** 2))
        for first in range(0, len(E), piece):
            part = slice(first, first + piece)
            M = np.eye(self.net.n) - self.W * slope[part, None, :]
            try:
                out[part] = np.linalg.solve(M, G[part, :, None])[..., 0]
            except np.linalg.LinAlgError:  # at least one is singular: find which
                for i, (one, b) in enumerate(zip(M, G[part], strict=True), start=first):
                    try:
                        out[i] = np.linalg.solve(one, b)
                    except np.linalg.LinAlgError:
                        out[i] = np.nan
        return out

    def pole(self, E: Floats, d: Floats) -> tuple[Floats, Floats]:
        """Return M = Π (1 + |E − Eᵢ|⁻²) and ∇M·d / M."""
        if self.known is None:
            return np.ones(len(E)), np.zeros(len(E))
        gap = E[:, None, :] - self.known
        square = np.einsum("mkn,mkn->mk", gap, gap)
        along = -2 * np.einsum("mkn,mn->mk", gap, d) / (square * (square + 1))
        return np.prod(1 + 1 / square, axis=1), along.sum(axis=1)

    def solve(self, max_iter: int) -> None:
        """Step until every member is done."""
        live = np.arange(len(self.E))
        G, floor = self.defect(self.E)
        for k in range(max_iter + 1):
            residual = np.abs(G).max(axis=-1, initial=0.0)
            self.residual[live], self.iterations[live] = residual, k
            good = np.isfinite(residual)
            self.status[live[~good]] = "diverged"
            live, G, floor, residual = live[good], G[good], floor[good], residual[good]
            if not len(live):
                return
            d = self.direction(self.E[live], G)
            length = np.abs(d).max(axis=-1, initial=0.0)
            near = residual <= np.maximum(self.tol, floor)
            self.error[live] = np.where(np.isfinite(length), length, np.inf)
            self.status[live[near]] = "converged"
            flat = ~near & ~np.isfinite(length)
            self.status[live[flat]] = "stalled"
            go = ~near & ~flat
            live, G, d = live[go], G[go], d[go]
            if not len(live) or k == max_iter:
                return
            moved, G, floor = self.search(live, G, d)
            stuck = live[~moved]
            # A rate that is rounded more coarsely than its sum (a table that begins far away) hides the last digits.
            size = _LAST * (1 + np.abs(self.E[stuck]).max(axis=-1, initial=0.0))
            there = (self.error[stuck] <= size) & (self.residual[stuck] <= size)
            self.status[stuck] = np.where(there, "converged", "stalled")
            live, G, floor = live[moved], G[moved], floor[moved]

    def flow(self, live: NDArray[np.int64], E: Floats, max_iter: int) -> None:
        """Take `live` from their starts `E` along the flow, in implicit steps that become Newton's."""
        G, floor = self.defect(E)
        size, delta = np.linalg.norm(G, axis=-1), np.ones(len(live))
        for _ in range(max_iter):
            E = E + self.direction(E, G, 1 / delta)
            G, floor = self.defect(E)
            self.iterations[live] += 1
            new = np.linalg.norm(G, axis=-1)
            residual = np.abs(G).max(axis=-1, initial=0.0)
            delta = np.clip(delta * np.clip(size / new, 0.5, 4.0), 1e-3, 1e12)
            near = residual <= np.maximum(self.tol, floor)
            if near.any():
                done = live[near]
                self.E[done], self.residual[done], self.status[done] = E[near], residual[near], "converged"
                self.error[done] = np.abs(self.direction(E[near], G[near])).max(axis=-1, initial=0.0)
            go = ~near & np.isfinite(new)
            live, E, G, size, delta = live[go], E[go], G[go], new[go], delta[go]
            if not len(live):
                return

    def search(self, live: NDArray[np.int64], G: Floats, d: Floats) -> tuple[NDArray[np.bool_], Floats, Floats]:
        """Move each member until its residual has shrunk; return who moved, the new defects and their rounding."""
        E = self.E[live]
        M, along = self.pole(E, d)
        d = d / (1 - along)[:, None]  # the step of the deflated problem is parallel to Newton's
        merit = M * np.linalg.norm(G, axis=-1)
        t, floor = np.ones(len(live)), np.zeros(len(live))
        todo, out = np.arange(len(live)), G.copy()
        while len(todo):
            trial = E[todo] + t[todo, None] * d[todo]
            H, level = self.defect(trial)
            size = self.pole(trial, d[todo])[0] * np.linalg.norm(H, axis=-1)
            # At rounding level the residual cannot shrink any more: the full step is as good as any.
            ok = (size <= (1 - 1e-4 * t[todo]) * merit[todo]) | (np.abs(H).max(axis=-1) <= level)
            fine = todo[ok]
            self.E[live[fine]], out[fine], floor[fine] = trial[ok], H[ok], level[ok]
            todo = todo[~ok]
            t[todo] /= 2
            todo = todo[t[todo] >= _SHORTEST]
        moved = t >= _SHORTEST
        return moved, out, floor


def krylov_solve(W: Any, slope: Floats, b: Floats, *, rtol: float = 1e-10) -> Floats:
    """Return d with (I − W diag(slope)) d = b by GMRES; NaN if it does not get there."""
    n = len(b)
    operator = spla.LinearOperator((n, n), matvec=lambda v: v - W @ (slope * v.reshape(-1)), dtype=float)
    d, info = spla.gmres(operator, b, rtol=rtol, atol=0.0, restart=60, maxiter=20)
    return d if info == 0 or np.linalg.norm(operator @ d - b) < 0.1 * np.linalg.norm(b) else np.full(n, np.nan)
