"""Finding the steady states of a network: by iteration, as the poster does, and by what finds the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod._checks import array, generator, integer, number
from netmod._matrix import dense, entries
from netmod.contraction import certify
from netmod.dynamics import RateNetwork
from netmod.fixed_points.branch import Branch, Event, trace_branch
from netmod.fixed_points.extremal import extremal_fixed_points
from netmod.fixed_points.iteration import STATUS, iterate_columns
from netmod.fixed_points.newton import newton
from netmod.fixed_points.search import TRACED, Notebook
from netmod.fixed_points.solution import FixedPoint, Floats, as_result, check_net, states
from netmod.fixed_points.starts import random_starts

__all__ = [
    "Branch",
    "Event",
    "FixedPoint",
    "FixedPointSet",
    "extremal_fixed_points",
    "find_fixed_points",
    "iterate",
    "newton",
    "trace_branch",
]

_NAMES = np.array(STATUS)


def iterate(
    net: RateNetwork,
    start: ArrayLike | None = None,
    *,
    damping: float = 1.0,
    tol: float = 1e-10,
    max_iter: int = 10_000,
    strength: ArrayLike = 1.0,
    patience: int | None = 64,
    spectral_radius: bool = False,
) -> FixedPoint:
    """Return where the iteration E ← (1 − d) E + d F(E) goes from `start`: the poster's method if d = 1.

    Parameters
    ----------
    net : RateNetwork
        The network.
    start : array_like, shape (..., n), optional
        Starting states, mV; `net.E0` if None. Not changed.
    damping : float, optional
        d in (0, 1]. With d < 1 each step goes only part of the way.
    tol : float, optional
        Accepted error, mV: the residual divided by 1 − (the factor by which it shrank per step). Rounding in large
        sums can make that unreachable; then its level counts.
    max_iter : int, optional
        Most steps.
    strength : array_like, shape (...), optional
        Factors on W, broadcast against the leading axes of `start`: many strengths in one call.
    patience : int or None, optional
        How soon a run that does not settle is recognised, in steps: see `status`. None never gives up early.
    spectral_radius : bool, optional
        Also compute the spectral radius of the Jacobian at each state.

    Returns
    -------
    FixedPoint
        Fields have the broadcast leading shape. `status` is "converged"; "periodic" (the run repeats; see `period`);
        "wandering" (bounded, it neither settles nor repeats: quasi-periodic or chaotic, at least for three times
        `patience` steps); "max_iter"; or "diverged" (not finite, as is a start with a NaN). States that did not
        converge are returned all the same.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range.

    Notes
    -----
    Equation 1 of the poster. All starts and strengths step together, one matrix product for each block of them.

    Examples
    --------
    >>> iterate(RateNetwork([[190.0]], E0=8.0)).E.round(6)
    array([21.041191])
    >>> run = iterate(RateNetwork([[-400.0]], E0=8.0))
    >>> run.status, run.period
    ('periodic', 2)
    >>> iterate(RateNetwork([[-400.0]], E0=8.0), damping=0.5).status
    'converged'
    """
    net = check_net(net)
    x = states("start", start, net)
    damping = number("damping", damping, low=0.0, high=1.0, open_low=True)
    tol, max_iter = number("tol", tol, low=0.0, open_low=True), integer("max_iter", max_iter)
    if patience is not None:
        integer("patience", patience, low=4)
    g = array("strength", strength)
    try:
        shape = np.broadcast_shapes(x.shape[:-1], g.shape)
    except ValueError:
        raise ValueError(
            f"strength must fit the leading axes of start, {x.shape[:-1]}, got shape {g.shape}"
        ) from None
    columns = iterate_columns(
        net,
        np.broadcast_to(g, shape).reshape(-1),
        np.broadcast_to(x, (*shape, net.n)).reshape(int(np.prod(shape)), net.n),
        damping=damping,
        tol=tol,
        max_iter=max_iter,
        patience=patience,
    )
    E = columns.E.reshape(*shape, net.n)
    rho = None
    if spectral_radius:
        scale = np.broadcast_to(g, shape).reshape(-1)
        rho = np.array([net.scaled(s).spectral_radius(e) for s, e in zip(scale, columns.E, strict=True)])
        rho = as_result(rho, shape)
    return FixedPoint(
        E=E,
        rate=net.rates(E),
        status=as_result(_NAMES[columns.status], shape),
        iterations=as_result(columns.iterations, shape),
        residual=as_result(columns.residual, shape),
        error=as_result(columns.error, shape),
        period=as_result(columns.period, shape),
        spectral_radius=rho,
    )


@dataclass(frozen=True, eq=False)
class FixedPointSet:
    """The fixed points that were found, how, and whether there can be others.

    Attributes
    ----------
    points : (m, n), mV
        Distinct fixed points, lowest mean first.
    rates : (m, n), 1/ms
        Their firing rates.
    found_by : For each point the methods that found it
        "iteration", "newton", "extremal", "continuation".
    unique : True
        Proved to be the only one. False: there are several. None: one was found, and nothing is proved.
    proof : What proves that there is only one
        "extremal pair", or the method of `certify` ("Banach", say).
    spectral_radius : (m,)
        Of the Jacobian; the iteration converges to the point from near by if it is below 1.
    growth : (m,)
        Max Re λ of the Jacobian; the flow in time does if it is below 1. NaN for large sparse networks.
    index : (m,)
        Sign of det(I − DF), 0 where it is not known. Over all fixed points of a network (that are not at a
        fold) they add up to 1: if these do not, at least one is missing.
    residual : (m,), mV
        Max |F(E) − E|.
    runs
        What became of each random start under the plain iteration: none is dropped.
    """

    points: Floats
    rates: Floats
    found_by: tuple[tuple[str, ...], ...]
    unique: bool | None
    proof: str | None
    spectral_radius: Floats
    growth: Floats
    index: NDArray[np.int64]
    residual: Floats
    runs: FixedPoint

    @property
    def stable(self) -> NDArray[np.bool_]:
        """(m,) bool: whether the plain iteration converges to the point from near by."""
        return self.spectral_radius < 1

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        unique = {True: f"unique ({self.proof})", False: "not unique", None: "uniqueness not proved"}[self.unique]
        how = "; ".join("+".join(f) for f in self.found_by)
        missing = "" if self.index.sum() == 1 or (self.index == 0).any() else ", at least one is missing"
        return f"FixedPointSet({len(self)} points, {unique}, found by {how or 'nothing'}{missing})"


def find_fixed_points(
    net: RateNetwork, *, starts: int = 36, rng: Any = None, tol: float = 1e-10, atol: float = 1e-6
) -> FixedPointSet:
    """Return every fixed point that five methods find, and whether there can be others.

    The plain iteration from random starts, as in the poster; Newton's method from the same starts and from where the
    iteration left off; for networks without inhibition the least and the greatest fixed point; the branch that comes
    from strength 0, and the branches of other points, which must turn before strength 0 and come back as another
    point; and Newton's method driven away from the points already known.

    Parameters
    ----------
    net : RateNetwork
        The network.
    starts : int, optional
        Random starts, uniform in the box that holds every fixed point.
    rng : None, int or numpy.random.Generator, optional
        What `numpy.random.default_rng` takes. Same seed, same result.
    tol : float, optional
        Accepted error of the iteration, mV.
    atol : float, optional
        Points whose components differ by no more than this, mV (or this part of their size), are one.

    Returns
    -------
    FixedPointSet
        `points` (m, n), `found_by`, `unique` (True only with a `proof`) and more. If the list has one point and no
        proof, there may be others: no method finds all of them for sure.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or range.

    Notes
    -----
    At least one fixed point exists, since the rate is bounded and continuous (Brouwer), and the signs of det(I − DF)
    over all of them add up to 1 (the degree of the map). Uniqueness is proved by `certify` or by a least and a
    greatest fixed point that agree. The last three methods are for networks of up to 300 neurons.

    Examples
    --------
    >>> found = find_fixed_points(RateNetwork([[500.0]], E0=0.0), rng=1)
    >>> [f"{E:.4f}" for E in found.points[:, 0]]
    ['0.0092', '8.7268', '146.4532']
    >>> found.found_by[1], found.unique
    (('newton', 'continuation'), False)
    """
    net = check_net(net)
    starts = integer("starts", starts)
    tol, atol = number("tol", tol, low=0.0, open_low=True), number("atol", atol, low=0.0, open_low=True)
    begin = random_starts(net, 1.0, starts, generator("rng", rng))
    runs = iterate(net, begin, tol=tol)
    book = Notebook(net, atol)
    book.add("iteration", runs)
    book.add("newton", newton(net, begin))
    lost = np.asarray(runs.status) != "converged"
    book.add("newton", newton(net, runs.E[lost & np.isfinite(runs.E).all(axis=-1)]))
    proof = None
    excitatory = not (entries(net.W) < 0).any()
    bounded = bool(np.isfinite(net.rate_range()).all())
    if excitatory and bounded and net.increasing:
        least, greatest = extremal_fixed_points(net, tol=tol)
        book.add("extremal", least)
        book.add("extremal", greatest)
        if least.converged and greatest.converged and book.same(least.E, greatest.E):
            proof = "extremal pair"
    if proof is None and len(book.points) == 1:
        certificate = certify(net, book.points[0])
        proof = certificate.method if certificate.unique else None
    if net.n <= TRACED and (bounded or net.rate is not None) and proof is None:
        book.follow()
        book.deflate(begin)
        book.follow()
    return _summary(book, runs, proof)


def _summary(book: Notebook, runs: FixedPoint, proof: str | None) -> FixedPointSet:
    """Return what is in the book, in order of the mean."""
    net = book.net
    n = net.n
    points = np.array(book.points).reshape(len(book.points), n)
    order = np.argsort(points.mean(axis=-1) if n else np.zeros(len(points)), kind="stable")
    points = points[order]
    polished = newton(net, points, max_iter=5)
    better = polished.converged & (np.abs(polished.E - points).max(axis=-1, initial=0.0) <= book.atol)
    points[better] = polished.E[better]
    rho, growth = np.empty(len(points)), np.full(len(points), np.nan)
    index = np.zeros(len(points), np.int64)
    for i, E in enumerate(points):
        rho[i] = net.spectral_radius(E)
        if n and not (net.is_sparse and n > TRACED):
            growth[i] = np.linalg.eigvals(dense(net.jacobian(E))).real.max()
            index[i] = book.index(E)
    return FixedPointSet(
        points=points,
        rates=net.rates(points),
        found_by=tuple(tuple(book.found_by[i]) for i in order),
        unique=True if proof else (False if len(points) > 1 else None),
        proof=proof,
        spectral_radius=rho,
        growth=growth,
        index=index,
        residual=np.abs(net(points) - points).max(axis=-1, initial=0.0),
        runs=runs,
    )
