"""Many networks, many strengths, many starts: the poster's programme as one call.

A sweep iterates Equation 1, ``E ← E0 + g (A·signs) r(E)``, for every network of a stack, every strength g and
several dozen random starts, and keeps what each run did. One network is one task: its strengths and starts
form the columns of a matrix product (see `netmod._iteration`), and its random numbers come from a stream of
its own, so that the result does not depend on who runs the tasks, in which order or how many at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Executor, as_completed
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks
from netmod._iteration import STATUS
from netmod._sweep import Rate, empty, solve, table_span
from netmod.lif import LIF

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
    function = table_span(stack, gains, outside, neuron) if rate is None else rate
    streams = np.random.default_rng(rng).spawn(len(stack))
    shape = (len(stack), len(gains), starts, stack.shape[-1])
    todo = range(len(stack)) if resume is None else sorted(_check_resume(resume, gains, shape).failures)
    jobs = [(i, (stack[i], gains, outside, neuron, starts, streams[i], function, tol, max_iter)) for i in todo]

    if resume is None:
        out = {"strengths": gains} | empty(shape[:2], starts, shape[-1])
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
                yield i, solve(*job)
            except Exception as error:  # reported by index: one bad network must not lose the others
                yield i, error
        return
    futures = {}
    for i, job in jobs:
        try:
            futures[executor.submit(solve, *job)] = i
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
