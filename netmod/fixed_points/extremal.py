"""The least and the greatest fixed point of an excitatory network: a sandwich that holds all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from netmod._checks import integer, number
from netmod._matrix import dense, entries, is_sparse
from netmod.dynamics import RateNetwork
from netmod.fixed_points.solution import FixedPoint, Floats, check_net

_PLAIN = 20  # steps of the plain iteration between two accelerated ones
_DENSE = 1500
_TERMS = 60  # of the Neumann series, for large sparse networks


def extremal_fixed_points(
    net: RateNetwork, *, tol: float = 1e-10, max_iter: int = 10_000
) -> tuple[FixedPoint, FixedPoint]:
    """Return the least and the greatest fixed point of a network without inhibition.

    With W ≥ 0 and a rate that never decreases, F keeps the order of states: E ≤ E' gives F(E) ≤ F(E'). The iteration
    from below everything, E₀ + W r(−∞), then rises to the least fixed point; the one from above everything,
    E₀ + W r(∞), falls to the greatest (Kleene, Tarski). Every fixed point lies between them, component by component;
    if they are equal, there is only one, and the iteration converges to it from everywhere.

    Parameters
    ----------
    net : RateNetwork
        The network; no entry of `W` negative, the rate known never to decrease, and bounded (tau_ref > 0). Of a rate
        of your own that is known only if a `KnownRate` says so.
    tol : float, optional
        Accepted error, mV (estimated).
    max_iter : int, optional
        Most steps from each side.

    Returns
    -------
    least, greatest : FixedPoint
        Each with its status, residual and `error`: the length of Newton's step from the returned state. At a fold,
        where two fixed points merge, it shrinks only like the root of the residual.

    Raises
    ------
    ValueError
        If W has a negative entry, or the rate is not known to be bounded and never to decrease.

    Notes
    -----
    Near a fold the plain iteration needs thousands of steps. With the neuron's own rate, every twentieth step is an
    accelerated one that cannot overshoot: from E below the least fixed point p ≤ b, replace the slope of r in
    Newton's step by the smaller of r'(E) and the slope of the secant from E to b. For a sigmoid r the line through
    (E, r(E)) with that slope lies below r on all of [E, b], so that p − E ≥ F(E) − E + W S (p − E), and the step
    (I − W S)⁻¹ (F(E) − E) stays below p − E. From above, likewise. b is the other side's latest state.

    Examples
    --------
    >>> net = RateNetwork([[500.0]], E0=0.0)
    >>> least, greatest = extremal_fixed_points(net)
    >>> least.E.round(4), greatest.E.round(4)
    (array([0.0092]), array([146.4532]))
    """
    net = check_net(net)
    tol, max_iter = number("tol", tol, low=0.0, open_low=True), integer("max_iter", max_iter)
    doubt = not_monotone(net)
    if doubt:
        raise ValueError(f"net must be monotone and bounded: {doubt}")
    low, high = net.rate_range()
    below, above = (_Side(net, net.E0 + net.W @ r, tol) for r in (low, high))
    sigmoid = net.known.neuron is not None
    for k in range(max_iter + 1):
        jump = sigmoid and k % _PLAIN == _PLAIN - 1
        for side, other in ((below, above), (above, below)):
            if not side.done:
                side.step(other.E, jump)
        if below.done and above.done:
            break
    return below.result(), above.result()


def not_monotone(net: RateNetwork) -> str:
    """Return why `net` need not have a least and a greatest fixed point, or nothing if it has."""
    if (entries(net.W) < 0).any():
        i, j = (int(k[0]) for k in (net.W < 0).nonzero())
        return f"there is inhibition, W[{i}, {j}] = {net.W[i, j]:g}"
    if not net.increasing:
        return "the rate is not known never to decrease (a KnownRate says so)"
    if not np.isfinite(net.rate_range()).all():
        if net.known.neuron is None:
            return "no bounds on the rates are known (a KnownRate says what they are)"
        return "with tau_ref = 0 the rates have no upper limit"
    return ""


class _Side:
    """One of the two sequences."""

    def __init__(self, net: RateNetwork, E: Floats, tol: float) -> None:
        self.net, self.E, self.tol = net, E, tol
        self.iterations, self.done = 0, net.n == 0
        self.residual, self.error, self.last = 0.0, np.inf, np.inf

    def step(self, bound: Floats, jump: bool) -> None:
        """Go one step on, unless this state is good enough."""
        r = self.net.rates(self.E)
        gap = self.net.E0 + self.net.W @ r - self.E
        self.residual = float(np.abs(gap).max())
        floor = float(self.net.rounding(self.E, r))
        q = self.residual / self.last if self.last > 0 else 0.0
        self.last = self.residual
        if np.isnan(self.residual):
            E = self.E[np.isnan(r)][0]
            raise ValueError(f"net must have a rate that returns numbers, got NaN at E = {E:g} mV")
        near = self.residual <= max(self.tol, floor)
        if near:
            newton = _resolvent(self.net.W, self.net.slopes(self.E), gap)
            plain = self.residual / (1 - q) if q < 1 else np.inf
            self.error = plain if newton is None else float(np.abs(newton).max())
            if self.error <= self.tol or self.residual <= floor:
                self.done = True
                return
        d = self.accelerated(r, gap, bound) if jump or near else None
        self.E = self.E + (gap if d is None else d)
        self.iterations += 1

    def accelerated(self, r: Floats, gap: Floats, bound: Floats) -> Floats | None:
        """Return the step that cannot overshoot, or None if there is none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = (self.net.rates(bound) - r) / (bound - self.E)
        # Rounding in a short secant must not make it steeper than the rate is anywhere between.
        slope = self.net.slopes(self.E)
        slope = np.where(np.abs(bound - self.E) > 1e-6, np.minimum(slope, np.maximum(secant, 0.0)), slope)
        if not np.isfinite(slope).all():
            return None
        return _resolvent(self.net.W, slope, gap)

    def result(self) -> FixedPoint:
        """Return where this side ended."""
        return FixedPoint(
            E=self.E,
            rate=self.net.rates(self.E),
            status="converged" if self.done else "max_iter",
            iterations=self.iterations,
            residual=self.residual,
            error=self.error if self.net.n else 0.0,
            period=int(self.done),
        )


def _resolvent(W: Any, slope: Floats, gap: Floats) -> Floats | None:
    """Return (I − W S)⁻¹ gap, or a partial sum of its series, which lies between that and gap."""
    if len(gap) > _DENSE and is_sparse(W):
        total, term = gap.copy(), gap
        for _ in range(_TERMS):
            term = W @ (slope * term)
            total += term
        return total
    M = np.eye(len(gap)) - dense(W) * slope
    try:
        d: Floats = np.linalg.solve(M, gap).astype(float, copy=False)
    except np.linalg.LinAlgError:
        return None
    # The exact step has the sign of `gap` everywhere: anything else is rounding at a singular matrix.
    ok = np.isfinite(d).all() and (np.abs(d) >= 0.5 * np.abs(gap)).all() and (d * gap >= 0).all()
    return d if ok else None
