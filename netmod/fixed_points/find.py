"""Finding the steady states of a network: by iteration, as the poster does, and by what finds the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod._checks import array, generator, integer, number
from netmod._matrix import dense
from netmod.contraction import certify
from netmod.contraction.intervals import Certain
from netmod.contraction.proofs import banach
from netmod.dynamics import RateNetwork
from netmod.fixed_points.branch import Branch, Event, trace_branch
from netmod.fixed_points.exhaustive import LARGEST, exhaustive
from netmod.fixed_points.extremal import extremal_fixed_points, not_monotone
from netmod.fixed_points.iteration import STATUS, iterate_columns
from netmod.fixed_points.newton import newton
from netmod.fixed_points.search import TRACED, Notebook, other_starts
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
        "iteration" (from random starts, as in the poster), "corners" (from the other starts), "newton", "extremal",
        "exhaustive", "continuation".
    unique : True
        Proved to be the only one. False: there are several. None: one was found, and nothing is proved.
    complete : bool
        Proved that there are no others than these.
    proof : What proves that
        The method of `certify` ("Banach", say), "extremal pair" or "exhaustive search"; None if nothing does.
    skipped : tuple of str
        The searches that were not made, or not finished, each with the reason; none where there is a proof.
    spectral_radius : (m,)
        Of the Jacobian; the iteration converges to the point from near by if it is below 1.
    growth : (m,)
        Max Re λ of the Jacobian; the flow in time does if it is below 1. NaN for large sparse networks.
    index : (m,)
        Sign of det(I − DF), 0 where it is not known. Over all fixed points of a network with bounded rates (none of
        them at a fold) they add up to 1.
    missing : bool
        The rates are known to be bounded, and these do not: so an odd number of points is missing. If False, none is
        missing or an even number: a pair of indices +1 and −1 leaves no trace.
    residual : (m,), mV
        Max |F(E) − E|.
    runs
        What became of each random start under the plain iteration: none is dropped.
    """

    points: Floats
    rates: Floats
    found_by: tuple[tuple[str, ...], ...]
    proof: str | None
    skipped: tuple[str, ...]
    spectral_radius: Floats
    growth: Floats
    index: NDArray[np.int64]
    missing: bool
    residual: Floats
    runs: FixedPoint

    @property
    def complete(self) -> bool:
        """Whether it is proved that there are no others."""
        return self.proof is not None

    @property
    def unique(self) -> bool | None:
        """True: proved to be the only one. False: there are several. None: not proved either way."""
        return False if len(self) > 1 else self.complete or None

    @property
    def stable(self) -> NDArray[np.bool_]:
        """(m,) bool: whether the plain iteration converges to the point from near by."""
        return self.spectral_radius < 1

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        unique = {True: "unique", False: "not unique", None: "uniqueness not proved"}[self.unique]
        proof = f"complete ({self.proof})" if self.complete else "completeness not proved"
        how = "; ".join("+".join(f) for f in self.found_by) or "nothing"
        if len(self) > 7:
            methods = [m for f in self.found_by for m in f]
            how = ", ".join(f"{m} ({methods.count(m)})" for m in dict.fromkeys(methods))
        missing = ", at least one is missing" if self.missing else ""
        skipped = f"; not done: {'; '.join(self.skipped)}" if self.skipped else ""
        return f"FixedPointSet({len(self)} points, {unique}, {proof}, found by {how}{missing}{skipped})"


def find_fixed_points(
    net: RateNetwork, *, starts: int = 36, rng: Any = None, tol: float = 1e-10, atol: float = 1e-6
) -> FixedPointSet:
    """Return every fixed point that six methods find, and whether it is proved that there is no other.

    The plain iteration, from random starts as in the poster, from E0, from both ends of the box that holds every
    fixed point, from its corners with one neuron apart, and from random states of different means; Newton's method
    from the same starts and from where the iteration left off; for networks without inhibition the least and the
    greatest fixed point. For few neurons, an exhaustive search with interval bounds on the rate. And if none of
    these proves that there are no others: the branch that comes from strength 0, and those of other points, which
    must turn before strength 0 and come back as another point; and Newton's method driven away from the points
    already known, until a round finds nothing new.

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
        Points whose components differ by no more than this, mV (or this part of their size), are one. So are points
        between which rounding hides all difference, as at a cusp.

    Returns
    -------
    FixedPointSet
        `points` (m, n), `found_by`, `complete` (True only with a `proof`), `unique` and more. Without a proof there
        may be others: then it is a search's finding, and `skipped` names the searches that were not made.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or range, or the rate returns NaN wherever it is asked.

    Notes
    -----
    At least one fixed point exists if the rate is bounded and continuous (Brouwer). Proofs rest on what is known of
    the rate, and of a function of your own only a `KnownRate` says anything. That there is only one is proved by
    `certify`, or by a least and a greatest fixed point that agree; how many there are, by the exhaustive search. It
    is tried for up to 64 neurons; up to six it nearly always ends, short of a fold or a cusp, and above eight mostly
    where there is one point only. Branches are followed and points deflated for up to 300 neurons.

    Examples
    --------
    >>> found = find_fixed_points(RateNetwork([[500.0]], E0=0.0), rng=1)
    >>> [f"{E:.4f}" for E in found.points[:, 0]]
    ['0.0092', '8.7268', '146.4532']
    >>> found.found_by[1], found.unique, found.complete, found.proof
    (('newton', 'exhaustive'), False, True, 'exhaustive search')
    """
    net = check_net(net)
    starts = integer("starts", starts)
    tol, atol = number("tol", tol, low=0.0, open_low=True), number("atol", atol, low=0.0, open_low=True)
    rng = generator("rng", rng)
    begin = random_starts(net, 1.0, starts, rng)
    more = other_starts(net, begin, rng)
    if np.isnan(net.rates(np.concatenate([begin, more]))).all(axis=0).any():
        raise ValueError(
            f"net must have a rate that returns numbers, got NaN at every start, E = {net.E0[0]:g} mV say"
        )
    start = np.concatenate([begin, more])
    run = iterate(net, start, tol=tol)
    runs, others = run.part(slice(0, starts)), run.part(slice(starts, None))
    book = Notebook(net, atol)
    book.add("iteration", runs)
    book.add("corners", others)
    book.add("newton", newton(net, start))
    lost = ~run.converged & np.isfinite(run.E).all(axis=-1)
    book.add("newton", newton(net, run.E[lost]))
    proof = _extremal_pair(book, tol) or _certificate(book) or _exhaustive_search(book)
    if proof is None:
        if net.n <= TRACED:
            book.follow()
            book.deflate(np.concatenate([more[:19], begin[:8]]), rng)
            book.follow()
        else:
            book.skipped.append(f"continuation and deflation: more than {TRACED} neurons")
    return _summary(book, runs, proof)


def _extremal_pair(book: Notebook, tol: float) -> str | None:
    """Add the least and the greatest fixed point, if there must be such; return whether they prove that it is one."""
    net = book.net
    doubt = not_monotone(net)
    if doubt:
        if not doubt.startswith("there is inhibition"):
            book.skipped.append(f"extremal pair: {doubt}")
        return None
    least, greatest = extremal_fixed_points(net, tol=tol)
    book.add("extremal", least)
    book.add("extremal", greatest)
    if not (least.converged and greatest.converged and book.close(least.E, greatest.E)):
        return None
    # All fixed points lie between the two. Within `atol` there may still be several, unless F contracts.
    certain, margin = Certain(net), np.full(net.n, book.atol)
    if certain.doubt or banach(net, certain.steepest(least.E - margin, greatest.E + margin), None)[0] < 1:
        return "extremal pair"
    return None


def _certificate(book: Notebook) -> str | None:
    """Return the method by which the one point that was found is proved to be the only one, if it is."""
    if len(book.points) != 1:
        return None
    certificate = certify(book.net, book.points[0])
    return certificate.method if certificate.unique else None


def _exhaustive_search(book: Notebook) -> str | None:
    """Add the points that an exhaustive search finds; return whether it proves that there are no others."""
    net = book.net
    if net.n > LARGEST:
        book.skipped.append(f"exhaustive search: more than {LARGEST} neurons")
        return None
    result = exhaustive(net)
    found = newton(net, result.points)
    reason = result.reason
    book.add("exhaustive", found)
    if result.complete and (len(result.points) != len(book.points) or not np.all(found.converged)):
        reason = f"it has {len(result.points)} points where all searches have {len(book.points)}"
    if reason:
        book.skipped.append(f"exhaustive search: {reason}")
    return None if reason else "exhaustive search"


def _summary(book: Notebook, runs: FixedPoint, proof: str | None) -> FixedPointSet:
    """Return what is in the book, in order of the mean."""
    net = book.net
    n = net.n
    points = np.array(book.points).reshape(len(book.points), n)
    order = np.argsort(points.mean(axis=-1) if n else np.zeros(len(points)), kind="stable")
    points = points[order]
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
        proof=proof,
        skipped=() if proof else tuple(book.skipped),
        spectral_radius=rho,
        growth=growth,
        index=index,
        missing=bool(index.all() and index.sum() != 1 and np.isfinite(net.rate_range()).all()),
        residual=np.abs(net(points) - points).max(axis=-1, initial=0.0),
        runs=runs,
    )
