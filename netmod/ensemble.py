"""Many networks, many strengths, many starts: the poster's programme as one call.

A sweep iterates Equation 1, ``E ← E0 + g (A·signs) r(E)``, for every network of a stack, every strength g and
several dozen random starts, and keeps what each run did. One network is one task: its strengths and starts
form the columns of a matrix product (see `netmod.fixed_points.iteration`), and its random numbers come from a stream
of its own, so that the result does not depend on who runs the tasks, in which order or how many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks
from netmod.dynamics import RateNetwork
from netmod.fixed_points.iteration import STATUS, iterate_columns
from netmod.fixed_points.starts import random_starts
from netmod.lif import LIF
from netmod.rate import RateTable
from netmod.rate.known import what_is_known

Rate = Callable[[Any], Any]

BATCH_BYTES = 2**25
"""A network's strengths and starts are iterated in batches of about this size, which bounds the memory of a task."""

TABLE_REACH = 4000.0
"""How far from threshold, mV, the default rate table goes; beyond it the exact formula is used."""


_DEFAULT = LIF()


@dataclass(frozen=True, repr=False)
class Sweep:
    """Steady states of a stack of networks over strengths, and what became of every start.

    Attributes
    ----------
    strengths : (S,) array
        Strengths g, mV·ms per synapse.
    E : (N, S, n) array
        The fixed point that most starts reached, mV; NaN where no start converged.
    rate : (N, S, n) array
        Firing rates there, 1/ms.
    E_low, E_high : (N, S, n) arrays
        The reached fixed points of least and greatest mean current, mV: equal to `E` where only one was found.
    distinct : (N, S) int array
        How many different fixed points the starts reached (0: none converged).
    status : (N, S, starts) int8 array
        What each run did, as an index into `STATUS`; -1 in a network that failed.
    residual : (N, S, starts) array
        Largest component of the difference F(E) - E at the end of each run, mV.
    iterations : (N, S, starts) int array
        Steps that each run took.
    failures : dict
        Index of each network that could not be computed → the error's text. Its entries are NaN, 0 and -1.
    """

    strengths: NDArray[np.float64]
    E: NDArray[np.float64]
    rate: NDArray[np.float64]
    E_low: NDArray[np.float64]
    E_high: NDArray[np.float64]
    distinct: NDArray[np.int64]
    status: NDArray[np.int8]
    residual: NDArray[np.float64]
    iterations: NDArray[np.int64]
    failures: Mapping[int, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        networks, strengths, n = self.E.shape
        runs = f"{networks} networks × {strengths} strengths × {self.status.shape[2]} starts, n={n}"
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"Sweep({runs}, {self.converged.mean():.1%} of runs converged{failed})"

    @property
    def converged(self) -> NDArray[np.float64]:
        """Fraction of the starts that converged, shape (N, S)."""
        return (self.status == STATUS.index("converged")).mean(axis=-1)

    def count(self, status: str) -> NDArray[np.int64]:
        """Return how many starts ended with the named `status`, shape (N, S)."""
        if status not in STATUS:
            raise ValueError(f"status must be one of {STATUS}, got {status!r}")
        return (self.status == STATUS.index(status)).sum(axis=-1)

    def table(self) -> dict[str, NDArray[Any]]:
        """Return a tidy table, one row a network, strength and neuron, as a dict of columns.

        ``pandas.DataFrame(sweep.table())`` makes a data frame of it; nothing here needs pandas.
        """
        network, strength, neuron = np.indices(self.E.shape).reshape(3, -1)
        return {
            "network": network,
            "strength": self.strengths[strength],
            "neuron": neuron,
            "E": self.E.ravel(),
            "rate": self.rate.ravel(),
            "distinct": self.distinct[network, strength],
            "converged": self.converged[network, strength],
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the sweep to `path` as a compressed NumPy ``.npz`` file."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        where = np.array(sorted(self.failures), dtype=np.int64)
        what = np.array([self.failures[int(i)] for i in where], dtype=np.str_)
        with open(path, "wb") as file:  # a file object, so that NumPy adds no suffix to the name
            np.savez_compressed(file, **arrays, failed=where, errors=what)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Sweep:
        """Return the sweep that `save` wrote to `path`."""
        with np.load(path, allow_pickle=False) as data:
            failures = dict(zip(data["failed"].tolist(), data["errors"].tolist(), strict=True))
            return cls(**{name: data[name] for name in _ARRAYS}, failures=failures)


_ARRAYS = tuple(name for name in Sweep.__dataclass_fields__ if name != "failures")


def sweep(
    A: ArrayLike,
    strengths: ArrayLike,
    *,
    E0: ArrayLike,
    signs: ArrayLike | None = None,
    neuron: LIF = _DEFAULT,
    starts: int = 36,
    rng: Any = None,
    executor: Executor | None = None,
    progress: bool = False,
    rate: Rate | None = None,
    tol: float = 1e-10,
    max_iter: int = 10_000,
    resume: Sweep | None = None,
) -> Sweep:
    """Return the steady states of every network at every strength, from many random starts.

    Parameters
    ----------
    A : (N, n, n) or (n, n) array
        Connections, ``A[..., i, j]`` from j to i; booleans or weights.
    strengths : (S,) array
        Strengths g, mV·ms per synapse, in any order.
    E0 : float or (n,) array
        Mean current from outside, mV.
    signs : (n,) array, optional
        Sign (and relative size) of each neuron's outgoing connections; see `dale_signs`.
    neuron : LIF, optional
        The neuron, by default ``LIF()``.
    starts : int, optional
        Random starts for each network and strength.
    rng : optional
        Anything `numpy.random.default_rng` takes. Network i has stream i of it, whoever computes it.
    executor : concurrent.futures.Executor, optional
        Where to run: one task a network. A pool of processes, or a cluster's executor.
    progress : bool, optional
        Show a progress bar (needs tqdm).
    rate : callable, optional
        Rate function, 1/ms of mV; by default a `RateTable` over all currents that can occur, with error 1e-12.
    tol : float, optional
        A run has converged when the residual and the error it implies are below `tol`, mV.
    max_iter : int, optional
        Longest run.
    resume : Sweep, optional
        An earlier result of the same call: only the networks in its `failures` are computed again.

    Returns
    -------
    Sweep
        Every run is kept and labelled, settled or not. A network whose task raises, or whose worker dies, is
        in `failures`, and the others are kept.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it. Nothing has been computed then.

    Examples
    --------
    >>> import numpy as np
    >>> from netmod import erdos_renyi, sweep
    >>> A = erdos_renyi(20, 0.2, size=3, rng=1)
    >>> s = sweep(A, [5.0, 10.0], E0=8.0, starts=4, rng=2)
    >>> s
    Sweep(3 networks × 2 strengths × 4 starts, n=20, 100.0% of runs converged)
    >>> bool((s.distinct == 1).all())
    True
    """
    if not isinstance(neuron, LIF):
        raise TypeError(f"neuron must be a LIF, got {neuron!r}")
    stack, gains, outside = _check(A, strengths, E0, signs)
    starts = _checks.integer("starts", starts, low=1)
    tol = _checks.number("tol", tol, low=0.0, open_low=True)
    max_iter = _checks.integer("max_iter", max_iter, low=1)
    what_is_known(rate, neuron)
    span = _table_span(stack, gains, outside, neuron) if rate is None else None
    streams = np.random.default_rng(rng).spawn(len(stack))
    shape = (len(stack), len(gains), starts, stack.shape[-1])
    todo = range(len(stack)) if resume is None else sorted(_check_resume(resume, gains, shape).failures)
    jobs = [(i, (stack[i], gains, outside, neuron, starts, streams[i], rate, span, tol, max_iter)) for i in todo]

    if resume is None:
        out = {"strengths": gains} | _empty(shape[:2], starts, shape[-1])
    else:
        out = {name: getattr(resume, name).copy() for name in _ARRAYS}
    failures: dict[int, str] = {}
    for i, result in _progress(_run(jobs, executor), len(jobs), progress):
        if isinstance(result, BaseException):
            failures[i] = f"{type(result).__name__}: {result}"
        else:
            for name, value in result.items():
                out[name][i] = value
    return Sweep(**out, failures=dict(sorted(failures.items())))


def _check(
    A: ArrayLike, strengths: ArrayLike, E0: ArrayLike, signs: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the signed stack (N, n, n), the strengths (S,) and E0, or raise naming the argument."""
    stack = np.array(A, dtype=np.float64, ndmin=3)
    if stack.ndim != 3 or stack.shape[-1] != stack.shape[-2] or stack.shape[-1] == 0:
        raise ValueError(f"A must have shape (n, n) or (networks, n, n) with n > 0, got {np.shape(A)}")
    bad = np.flatnonzero(~np.isfinite(stack).all(axis=(1, 2)))
    if bad.size:
        raise ValueError(f"A must be finite, but network {bad[0]} has NaN or infinite entries")
    n = stack.shape[-1]
    gains = np.array(strengths, dtype=np.float64, ndmin=1)
    if gains.ndim != 1 or not np.isfinite(gains).all():
        raise ValueError(f"strengths must be a finite number or 1-d array, got {strengths!r}")
    outside = np.array(E0, dtype=np.float64)
    if outside.shape not in {(), (n,)} or not np.isfinite(outside).all():
        raise ValueError(f"E0 must be a finite number or an array of shape ({n},), got {E0!r}")
    if signs is not None:
        factors = np.asarray(signs, dtype=np.float64)
        if factors.shape != (n,) or not np.isfinite(factors).all():
            raise ValueError(f"signs must be a finite array of shape ({n},), got {signs!r}")
        stack *= factors
    return stack, gains, outside


def _check_resume(resume: Sweep, gains: NDArray[np.float64], shape: tuple[int, ...]) -> Sweep:
    networks, strengths, starts, n = shape
    if resume.E.shape != (networks, strengths, n) or resume.status.shape[2] != starts:
        raise ValueError(f"resume must come from the same call, got {resume!r}")
    if not np.array_equal(resume.strengths, gains):
        raise ValueError("resume must have the same strengths")
    return resume


def _run(
    jobs: list[tuple[int, tuple[Any, ...]]], executor: Executor | None
) -> Iterator[tuple[int, dict[str, NDArray[Any]] | Exception]]:
    """Yield (network, result or the exception it raised) as they come."""
    if executor is None:
        for i, job in jobs:
            try:
                yield i, _solve(*job)
            except Exception as error:  # reported by index: one bad network must not lose the others
                yield i, error
        return
    futures = {}
    for i, job in jobs:
        try:
            futures[executor.submit(_solve, *job)] = i
        except RuntimeError as error:  # the pool broke while tasks were still being handed out
            yield i, error
    for future in as_completed(futures):
        broken = CancelledError("cancelled") if future.cancelled() else future.exception()
        yield futures[future], (future.result() if broken is None else _as_exception(broken))


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")


def _progress(results: Iterator[Any], total: int, show: bool) -> Iterator[Any]:
    if not show:
        return results
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error
    return iter(tqdm(results, total=total, unit="network"))


def _solve(
    A: NDArray[np.float64],
    gains: NDArray[np.float64],
    E0: NDArray[np.float64],
    neuron: LIF,
    starts: int,
    rng: np.random.Generator,
    rate: Rate | None,
    span: tuple[float, float] | None,
    tol: float,
    max_iter: int,
) -> dict[str, NDArray[Any]]:
    """Return the entries of a `Sweep` for one signed network `A` (n, n) at every strength in `gains` (S,).

    With a `span` (see `_table_span`), the iteration looks the rate up in a table.
    """
    n = len(A)
    net = RateNetwork(A, E0, neuron, rate)
    function = net.known.function if span is None else _table(neuron, span)
    out = _empty((len(gains),), starts, n)
    batch = max(1, BATCH_BYTES // (8 * n * starts))
    for first in range(0, len(gains), batch):
        part = slice(first, first + batch)
        begin = random_starts(net, gains[part], starts, rng)
        runs = iterate_columns(A, np.repeat(gains[part], starts), E0, begin, function, tol=tol, max_iter=max_iter)
        for name in ("status", "residual", "iterations"):
            out[name][part] = getattr(runs, name).reshape(-1, starts)
        settled = out["status"][part] == STATUS.index("converged")
        for s, (points, ok) in enumerate(zip(runs.E.reshape(-1, starts, n), settled, strict=True), start=first):
            if ok.any():
                distinct, counts = _distinct_points(points[ok])
                level = distinct.mean(axis=-1)
                out["distinct"][s] = len(distinct)
                out["E"][s] = distinct[counts.argmax()]
                out["E_low"][s], out["E_high"][s] = distinct[level.argmin()], distinct[level.argmax()]
    out["rate"] = net.rates(out["E"])
    return out


def _empty(shape: tuple[int, ...], starts: int, n: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `Sweep` before anything is known; `shape` is (S,) or (N, S)."""
    out: dict[str, NDArray[Any]] = {name: np.full((*shape, n), np.nan) for name in ("E", "rate", "E_low", "E_high")}
    return out | {
        "distinct": np.zeros(shape, dtype=np.int64),
        "status": np.full((*shape, starts), -1, dtype=np.int8),
        "residual": np.full((*shape, starts), np.nan),
        "iterations": np.zeros((*shape, starts), dtype=np.int64),
    }


def _distinct_points(
    points: NDArray[np.float64], *, atol: float = 1e-6
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different rows of `points` (m, n), in order of appearance, and how often each occurs.

    Two rows are the same if no component differs by more than `atol` (mV).
    """
    distinct, counts = [], []
    left = points
    while len(left):
        same = np.abs(left - left[0]).max(axis=-1, initial=0.0) <= atol
        distinct.append(left[0])
        counts.append(int(same.sum()))
        left = left[~same]
    return np.array(distinct).reshape(-1, points.shape[-1]), np.array(counts, dtype=np.int64)


def _table_span(
    stack: NDArray[np.float64], gains: NDArray[np.float64], E0: NDArray[np.float64], neuron: LIF
) -> tuple[float, float] | None:
    """Return the currents that a table of the rate should cover (it is exact outside), or None for no table."""
    if neuron.tau_ref == 0 or neuron.sigma == 0 or stack.size == 0 or gains.size == 0:
        return None
    reach = np.abs(gains).max() * np.abs(stack).sum(axis=-1).max() / neuron.tau_ref
    threshold = neuron.v_th - neuron.E_L
    low = max(float(E0.min() - reach), threshold - TABLE_REACH)
    high = min(float(E0.max() + reach), threshold + TABLE_REACH)
    return low, max(high, low + neuron.sigma)


@lru_cache(maxsize=4)
def _table(neuron: LIF, span: tuple[float, float]) -> RateTable:
    """Return the table of a task; a worker makes it once and keeps it for its next networks."""
    return RateTable(neuron, *span, tol=1e-12)
