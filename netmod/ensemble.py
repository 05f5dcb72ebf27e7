"""Many networks, many strengths, many starts: the poster's programme as one call.

A sweep iterates Equation 1, ``E ← E0 + g (A·signs) r(E)``, for every network of a stack, every strength g and
several dozen random starts, and keeps what each run did. One network is one task: its strengths and starts
form the columns of a matrix product (see `netmod.fixed_points.iteration`), and its random numbers come from a stream
of its own, so that the result does not depend on who runs the tasks, in which order or how many at a time.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, fields
from functools import lru_cache, partial
from io import BytesIO
from itertools import chain, repeat
from os import PathLike
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks, _journal, _matrix
from netmod.dynamics import RateNetwork
from netmod.fixed_points.iteration import STATUS, iterate_columns
from netmod.fixed_points.starts import random_starts
from netmod.graphs import connection_matrix
from netmod.lif import LIF
from netmod.lif.neuron import kinds
from netmod.rate import RateTable
from netmod.rate.known import KnownRate, NeuronRate, what_is_known

__all__ = ["Sweep", "sweep"]

Rate = Callable[[Any], Any]

BATCH_BYTES = 2**25
"""A network's strengths and starts are iterated in batches of about this size, which bounds the memory of a task."""

SAME = 1e-6
"""Two states are the same fixed point if no component differs by more, mV."""

TABLE_REACH, SHORTEST_REACH = 4000.0, 40.0
"""How far from threshold, mV, the default rate table goes; beyond it the exact formula is used. Neurons that differ
have a table for each kind, all in the memory of four: if these would not even reach 40 mV, there is none."""


_DEFAULT = LIF()


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Steady states of a stack of networks over strengths, and what became of every start.

    Attributes
    ----------
    strengths : (S,) array
        Strengths g, mV·ms per synapse.
    E : (N, S, n) array
        The fixed point that most starts reached, mV; NaN where no start converged.
    rate : (N, S, n) array
        Firing rates there, 1/ms: E = E₀ + g (A·signs) rate, whatever the rate function.
    distinct : (N, S) int array
        How many different fixed points the starts reached (0: none converged).
    status : (N, S, starts) int8 array
        What each run did, as an index into `STATUS`; -1 in a network that failed.
    residual : (N, S, starts) array
        Largest component of the difference F(E) - E at the end of each run, mV; good to some parts in a thousand for
        runs that end where another of their strength has ended.
    iterations : (N, S, starts) int array
        Steps that each run took; a count may be off by one, and more where a run takes hundreds of steps to settle.
    failures : dict
        Index of each network that could not be computed → the error's text. Its entries are NaN, 0 and -1.
    problem : dict
        Argument → a fingerprint of it, by which `sweep` knows a result of the same call when it is to resume one.
    """

    strengths: NDArray[np.float64]
    E: NDArray[np.float64]
    rate: NDArray[np.float64]
    distinct: NDArray[np.int64]
    status: NDArray[np.int8]
    residual: NDArray[np.float64]
    iterations: NDArray[np.int64]
    failures: Mapping[int, str] = field(default_factory=dict)
    problem: Mapping[str, str] = field(default_factory=dict)

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

    def save(self, path: str | PathLike[str]) -> None:
        """Write the sweep to `path` as a compressed NumPy ``.npz`` file: to be read, or resumed, another day."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        for name in ("failures", "problem"):
            arrays[name] = np.array(list(getattr(self, name).items()), dtype=np.str_)
        buffer = BytesIO()
        np.savez_compressed(buffer, **arrays)
        _journal.replace_file(path, buffer.getvalue())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Sweep:
        """Return the sweep that `save` wrote to `path`, or as much as there is of one with ``checkpoint=path``."""
        with open(path, "rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                return cls._unfinished(_journal.read(file, chain([3], repeat(len(_ARRAYS)))))
        with np.load(path, allow_pickle=False) as data:
            failures, problem = (dict(data[name].reshape(-1, 2).tolist()) for name in ("failures", "problem"))
            arrays = {name: data[name] for name in _ARRAYS}
        return cls(**arrays, failures={int(i): text for i, text in failures.items()}, problem=problem)

    def _records(self) -> Iterator[list[NDArray[Any]]]:
        """Yield what a checkpoint holds of this sweep: the head, and the networks that are finished."""
        sizes = (len(self.E), self.status.shape[2], self.E.shape[2])
        yield [np.array(list(self.problem.items()), dtype=np.str_), np.array(sizes), self.strengths]
        for i in set(range(len(self.E))) - set(self.failures):
            yield [np.array(i), *(getattr(self, name)[i] for name in _ARRAYS[1:])]

    @classmethod
    def _unfinished(cls, records: Sequence[Sequence[NDArray[Any]]]) -> Sweep:
        """Return the sweep of which `_records` and what was added to them remain."""
        if not records:
            raise ValueError("the file holds no sweep, or not even the beginning of one")
        (problem, sizes, strengths), *finished = records
        networks, starts, n = sizes.tolist()
        out = _empty((networks, len(strengths)), starts, n)
        failures = dict.fromkeys(range(networks), "not computed before the sweep was cut short")
        for i, *entries in finished:
            for name, value in zip(_ARRAYS[1:], entries, strict=True):
                out[name][i] = value
            failures.pop(int(i), None)
        return cls(strengths, **out, failures=failures, problem=dict(problem.tolist()))


_ARRAYS = ("strengths", "E", "rate", "distinct", "status", "residual", "iterations")


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
    checkpoint: str | PathLike[str] | None = None,
) -> Sweep:
    """Return the steady states of every network at every strength, from many random starts.

    Parameters
    ----------
    A : (N, n, n) or (n, n) array, sparse (n, n), or a list of sparse ones
        Connections, ``A[..., i, j]`` from j to i; booleans or weights.
    strengths : (S,) array
        Strengths g, mV·ms per synapse, in any order.
    E0 : float or (n,) array
        Mean current from outside, mV.
    signs : (n,) array, optional
        Sign (and relative size) of each neuron's outgoing connections; see `dale_signs`.
    neuron : LIF, optional
        The neuron, by default ``LIF()``, or n of them that differ.
    starts : int, optional
        Random starts for each network and strength, uniform in a box that holds every fixed point. Where the range of
        a `rate` is not known there is no such box, and the rates seen within 10, 100, 1000 and 10,000 mV of `E0` take
        its place, in turn.
    rng : optional
        Anything `numpy.random.default_rng` takes. Network i has stream i of it, whoever computes it.
    executor : concurrent.futures.Executor, optional
        Where to run: one task a network. A pool of processes, or a cluster's executor.
    progress : bool, optional
        Show a progress bar (needs tqdm).
    rate : callable, optional
        Another rate function, as for `RateNetwork`. None is the exact one of `neuron`, which the iteration looks up
        in a `RateTable` with error 1e-12.
    tol : float, optional
        A run has converged when the residual and the error it implies are below `tol`, mV.
    max_iter : int, optional
        Longest run.
    resume : Sweep, optional
        An earlier result of the same call, as `Sweep.load` brings it back: only the networks in its `failures` are
        computed again. The answer is the one that an undisturbed run would have given (if `rng` is not None).
    checkpoint : path, optional
        A file that gets each network as it is finished, and the whole sweep in the end. If it is there already, the
        same call goes on from it (and `resume` is not looked at): so a sweep survives the death of its process.

    Returns
    -------
    Sweep
        Every run is kept and labelled, settled or not. A network whose task raises, or whose worker dies, is
        in `failures`, and the others are kept. If you interrupt it, the `KeyboardInterrupt` has an attribute `sweep`
        with what was done by then (in a notebook, ``sys.last_value.sweep``), which can be resumed. So has the
        `OSError` of a checkpoint that cannot be written.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or `resume` or `checkpoint` comes from another call; the message names it. Nothing
        has been computed then.

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

    A long sweep that a machine cuts short is finished by the same call, once more, another day:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "sweep.npz")
    >>> s.save(path)
    >>> sweep(A, [5.0, 10.0], E0=8.0, starts=4, rng=2, resume=Sweep.load(path)).failures
    {}

    With ``checkpoint=path`` it writes that file itself, and the same line, run again, goes on from there:

    >>> sweep(A, [5.0, 10.0], E0=8.0, starts=4, rng=2, checkpoint=path).failures
    {}
    """
    stack, n = _stack(A)
    gains = np.atleast_1d(_checks.array("strengths", strengths))
    if gains.ndim != 1:
        raise ValueError(f"strengths must be a number or have shape (S,), got shape {gains.shape}")
    call: dict[str, Any] = {
        "strengths": gains,
        "E0": _checks.per_neuron("E0", E0, n),
        "signs": np.ones(n) if signs is None else _checks.vector("signs", signs, n),
        "neuron": _checks.instance("neuron", neuron, LIF),
        "rate": rate,
        "starts": _checks.integer("starts", starts, low=1),
        "tol": _checks.number("tol", tol, low=0.0, open_low=True),
        "max_iter": _checks.integer("max_iter", max_iter, low=1),
    }
    if neuron.shape not in ((), (n,)):
        raise ValueError(f"neuron must describe {n} neurons to fit A, got {neuron.shape[0]}")
    known = what_is_known(rate, neuron)
    streams = _checks.generator("rng", rng).spawn(len(stack))
    problem = _fingerprints(call | {"A": stack, "rng": [] if rng is None else streams}, known)
    out = {"strengths": gains} | _empty((len(stack), len(gains)), starts, n)
    failures = dict.fromkeys(range(len(stack)), "not computed")
    earlier, origin = _earlier(resume, checkpoint)
    if earlier is not None:
        other = [name for name in problem if problem[name] != earlier.problem.get(name)]
        if other:
            raise ValueError(
                f"{origin} must come from the same call, but that had other values of {', '.join(other)}"
            )
        out, failures = {name: getattr(earlier, name).copy() for name in _ARRAYS}, dict(earlier.failures)
    span = _table_span(stack, call, known)
    call["process"] = os.getpid()  # another one has another BLAS
    jobs = [(i, partial(_solve, stack[i], streams[i], span, call)) for i in sorted(failures)]
    futures: dict[Future[Any], int] = {}

    def keep(i: int, result: Any) -> None:
        if isinstance(result, BaseException):
            failures[i] = f"{type(result).__name__}: {result}"
            return
        for name, value in result.items():
            out[name][i] = value
        failures.pop(i, None)

    so_far = Sweep(**out, failures=failures, problem=problem)  # keep() changes what it holds
    try:
        if checkpoint is not None:
            _journal.begin(checkpoint, so_far._records())
        with _one_thread():
            for i, result in _progress(_run(jobs, executor, futures), len(jobs), progress):
                keep(i, result)
                if checkpoint is not None and i not in failures:
                    _journal.append(checkpoint, [np.array(i), *(result[name] for name in _ARRAYS[1:])])
        if checkpoint is not None:
            so_far.save(checkpoint)
    except BaseException as stop:  # an interruption, or a disk that is full: nothing that is finished is lost
        for future, i in futures.items():
            if not future.cancel() and future.done() and future.exception() is None:
                keep(i, future.result())
        stop.sweep = so_far  # type: ignore[attr-defined]
        if checkpoint is not None:
            with suppress(OSError):
                _journal.begin(checkpoint, so_far._records())
        raise
    return so_far


def _earlier(resume: Sweep | None, checkpoint: str | PathLike[str] | None) -> tuple[Sweep | None, str]:
    """Return the sweep to go on from, if there is one, and the argument it comes from."""
    if resume is not None:
        _checks.instance("resume", resume, Sweep)
    if checkpoint is not None:
        if not isinstance(checkpoint, str | PathLike):
            raise TypeError(f"checkpoint must be a path, got {_checks.show(checkpoint)}")
        if os.path.exists(checkpoint):
            try:
                return Sweep.load(checkpoint), "checkpoint"
            except (BadZipFile, EOFError, KeyError, ValueError) as error:
                text = f"checkpoint {checkpoint} is not a file of sweep's ({error}): remove it to begin anew"
                raise ValueError(text) from error
    return resume, "resume"


def _stack(A: Any) -> tuple[list[Any], int]:
    """Return the networks one by one, checked, and their number of neurons."""
    matrix = _checks.square("A", A)
    if isinstance(matrix, list):
        return matrix, matrix[0].shape[0]
    if matrix.ndim > 3 or matrix.shape[-1] == 0:
        raise ValueError(f"A must have shape (n, n) or (networks, n, n) with n > 0, got shape {matrix.shape}")
    return [matrix] if matrix.ndim == 2 else list(matrix), matrix.shape[-1]


def _fingerprints(call: dict[str, Any], known: KnownRate | NeuronRate) -> dict[str, str]:
    """Return for each argument a short text that is the same for the same value, in another session too.

    A rate is known by the range it claims and by what it returns at E0 and a little above.
    """
    neuron, E0 = call["neuron"], call["E0"]
    call = call | {"neuron": [np.asarray(getattr(neuron, f.name)) for f in fields(neuron)]}
    if call["rate"] is not None:
        with np.errstate(all="ignore"):
            try:
                seen = np.asarray(known(E0 + np.linspace(0.0, 10.0, 11)[:, None]), dtype=float)
            except Exception:  # it will fail in the networks' own tasks, and be reported there
                seen = np.zeros(0)
        call["rate"] = [np.asarray(known.low), np.asarray(known.high), np.round(seen, 9)]
    return {name: _fingerprint(value) for name, value in call.items()}


def _fingerprint(value: Any) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for x in value if isinstance(value, list) else [value]:
        if isinstance(x, np.random.Generator):
            digest.update(repr(x.bit_generator.state).encode())
            continue
        for part in (x.indptr, x.indices, x.data) if _matrix.is_sparse(x) else (x,):
            if isinstance(part, np.ndarray):
                digest.update(repr(part.shape).encode())
                digest.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
            else:
                digest.update(repr(part).encode())
    return digest.hexdigest()


def _run(
    jobs: Sequence[tuple[int, Callable[[], Any]]], executor: Executor | None, futures: dict[Future[Any], int]
) -> Iterator[tuple[int, dict[str, NDArray[Any]] | BaseException]]:
    """Yield (network, result or the exception it raised) as they come; `futures` gets what has been handed out."""
    if executor is None:
        for i, job in jobs:
            try:
                yield i, job()
            except Exception as error:  # reported by index: one bad network must not lose the others
                yield i, error
        return
    for i, job in jobs:
        try:
            futures[executor.submit(job)] = i
        except RuntimeError as error:  # the pool broke while tasks were still being handed out
            yield i, error
    for future in as_completed(futures):
        broken = CancelledError("cancelled") if future.cancelled() else future.exception()
        yield futures[future], (future.result() if broken is None else broken)


def _progress(results: Iterator[Any], total: int, show: bool) -> Iterator[Any]:
    if not show:
        return results
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error
    return iter(tqdm(results, total=total, unit="network"))


def _one_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS keeps to one thread, if threadpoolctl is installed.

    The matrices of a sweep are small. BLAS would share each product among all cores, which gains nothing there, burns
    their time in waiting, and takes them from the other tasks of a pool.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1, user_api="blas")


def _solve(
    A: Any, rng: np.random.Generator, span: tuple[float, float] | None, call: Mapping[str, Any]
) -> dict[str, NDArray[Any]]:
    """Return the entries of a `Sweep` for one network at every strength (S,).

    With a `span` (see `_table_span`), the iteration looks the rate up in a table.
    """
    with nullcontext() if os.getpid() == call["process"] else _one_thread():
        return _steady_states(A, rng, span, call)


def _steady_states(
    A: Any, rng: np.random.Generator, span: tuple[float, float] | None, call: Mapping[str, Any]
) -> dict[str, NDArray[Any]]:
    net = RateNetwork(connection_matrix(A, 1.0, call["signs"]), call["E0"], call["neuron"], call["rate"])
    n, strengths, starts = net.n, call["strengths"], call["starts"]
    table = None if span is None else _table(net.neuron, span)
    out = _empty((len(strengths),), starts, n)
    batch = max(1, BATCH_BYTES // (8 * n * starts))
    for first in range(0, len(strengths), batch):
        part = slice(first, first + batch)
        begin = random_starts(net, strengths[part], starts, rng)
        columns = np.repeat(strengths[part], starts)
        runs = iterate_columns(
            net,
            columns,
            begin,
            rate=table,
            tol=call["tol"],
            max_iter=call["max_iter"],
            family=1 if table is None else starts,
        )
        for name in ("status", "residual", "iterations"):
            out[name][part] = getattr(runs, name).reshape(-1, starts)
        settled = out["status"][part] == STATUS.index("converged")
        ends = runs.E.reshape(-1, starts, n)
        one = settled.all(axis=1)  # all at the point of the first: most often so, and quickly seen
        one[one] = np.ptp(ends[one], axis=1).max(axis=1, initial=0.0) <= SAME
        out["distinct"][part][one], out["E"][part][one] = 1, ends[one, 0]
        for s in np.flatnonzero(settled.any(axis=1) & ~one):
            distinct, counts = _distinct_points(ends[s, settled[s]])
            out["distinct"][first + s] = len(distinct)
            out["E"][first + s] = distinct[counts.argmax()]
    found = out["distinct"] > 0
    out["rate"][found] = net.rates(out["E"][found])
    return out


def _empty(shape: tuple[int, ...], starts: int, n: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `Sweep` before anything is known; `shape` is (S,) or (N, S)."""
    out: dict[str, NDArray[Any]] = {name: np.full((*shape, n), np.nan) for name in ("E", "rate")}
    return out | {
        "distinct": np.zeros(shape, dtype=np.int64),
        "status": np.full((*shape, starts), -1, dtype=np.int8),
        "residual": np.full((*shape, starts), np.nan),
        "iterations": np.zeros((*shape, starts), dtype=np.int64),
    }


def _distinct_points(
    points: NDArray[np.float64], *, atol: float = SAME
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
    stack: list[Any], call: Mapping[str, Any], known: KnownRate | NeuronRate
) -> tuple[float, float] | None:
    """Return the currents that a table of a neuron's rate should cover (it is exact outside), None for no table."""
    neuron, gains, E0, signs = known.neuron, call["strengths"], call["E0"], call["signs"]
    if call["rate"] is not None or neuron is None or not np.all(neuron.sigma) or not np.isfinite(known.high).all():
        return None
    widest = TABLE_REACH * min(1.0, 4 / max(1, math.prod(kinds(neuron)[0].shape)))
    if not stack or gains.size == 0 or widest < SHORTEST_REACH:
        return None
    reach = np.abs(gains).max() * max(_matrix.row_sums(abs(connection_matrix(A, 1.0, signs))).max() for A in stack)
    reach *= np.max(known.high)
    threshold = float(np.mean(neuron.v_th - neuron.E_L))
    low = max(float(E0.min() - reach), threshold - widest)
    high = min(float(E0.max() + reach), threshold + widest)
    return low, max(high, low + float(np.max(neuron.sigma)))


@lru_cache(maxsize=4)
def _table(neuron: LIF, span: tuple[float, float]) -> RateTable:
    """Return the table of a task; a worker makes it once and keeps it for its next networks."""
    return RateTable(neuron, *span, tol=1e-12)
