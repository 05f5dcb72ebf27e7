"""What a network is made of: degrees, pairs of connections that share a neuron, and their statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netmod import _checks, _matrix


def in_degrees(A: Any) -> NDArray[np.int64]:
    """Return how many connections arrive at each neuron: the row sums of A.

    Parameters
    ----------
    A : (..., n, n) array, sparse (n, n), or a list of sparse ones
        Connections, ``A[..., i, j]`` from j to i. Whatever is not 0 counts as one connection.

    Returns
    -------
    (..., n) int array
        In-degrees.

    Raises
    ------
    ValueError
        If `A` is not square, or holds NaN or infinity.

    Examples
    --------
    >>> in_degrees([[0, 1, 1], [0, 0, 0], [1, 0, 0]])
    array([2, 0, 1])
    """
    return _each(A, lambda one: _sums(one, -1))[0]


def out_degrees(A: Any) -> NDArray[np.int64]:
    """Return how many connections leave each neuron: the column sums of A.

    Parameters
    ----------
    A : (..., n, n) array, sparse (n, n), or a list of sparse ones
        Connections, ``A[..., i, j]`` from j to i. Whatever is not 0 counts as one connection.

    Returns
    -------
    (..., n) int array
        Out-degrees.

    Raises
    ------
    ValueError
        If `A` is not square, or holds NaN or infinity.

    Examples
    --------
    >>> out_degrees([[0, 1, 1], [0, 0, 0], [1, 0, 0]])
    array([1, 1, 1])
    """
    return _each(A, lambda one: _sums(one, -2))[0]


@dataclass(frozen=True, eq=False, repr=False)
class MotifCounts:
    """How many connections, and pairs of connections that share a neuron, each network has.

    Integers for one network, arrays of the stack's shape for several.

    Attributes
    ----------
    edges : int
        Connections.
    reciprocal : int
        Pairs of neurons connected both ways.
    convergent : int
        Pairs of connections into one neuron.
    divergent : int
        Pairs of connections out of one neuron.
    chain : int
        A connection into a neuron and one on from it to a third.
    """

    edges: Any
    reciprocal: Any
    convergent: Any
    divergent: Any
    chain: Any

    def __eq__(self, other: object) -> bool:
        return _checks.equal(self, other)

    def __repr__(self) -> str:
        return _show(self, ("edges", "reciprocal", "convergent", "divergent", "chain"), "d")


@dataclass(frozen=True, eq=False, repr=False)
class EdgeStatistics:
    """Second-order statistics of networks: the connection probability and the four α of Zhao et al. (2011).

    Numbers for one network or for a pool, arrays of the stack's shape for several.

    Attributes
    ----------
    p : float
        Fraction of possible connections that are there.
    recip, conv, div, chain : float
        Relative excess of reciprocal, convergent and divergent pairs and of chains over p².
    stderr : EdgeStatistics or None
        Standard errors, for a pool of networks.
    """

    p: Any
    recip: Any
    conv: Any
    div: Any
    chain: Any
    stderr: EdgeStatistics | None = None

    def __eq__(self, other: object) -> bool:
        return _checks.equal(self, other)

    def __repr__(self) -> str:
        return _show(self, ("p", "recip", "conv", "div", "chain"), ".4g")


def motif_counts(A: Any) -> MotifCounts:
    r"""Return the numbers of connections, reciprocal pairs, convergent and divergent pairs and chains.

    They need no search: with in-degrees :math:`k_i` and out-degrees :math:`l_i`, convergent pairs are
    :math:`\sum k_i (k_i - 1)/2`, divergent pairs :math:`\sum l_i (l_i - 1)/2`, and chains :math:`\sum k_i l_i` less
    the paths that return to where they started, two for each reciprocal pair. A pair of connections counts whether or
    not there are others between the same three neurons.

    Parameters
    ----------
    A : (..., n, n) array, sparse (n, n), or a list of sparse ones
        Connections, ``A[..., i, j]`` from j to i. Whatever is not 0 counts as one connection.

    Returns
    -------
    MotifCounts
        Exact integers, of the stack's shape.

    Raises
    ------
    ValueError
        If `A` is not square, is not finite, or has a neuron connected to itself.

    Examples
    --------
    >>> motif_counts([[0, 1, 1], [0, 0, 0], [1, 0, 0]])
    MotifCounts(edges=3, reciprocal=1, convergent=1, divergent=0, chain=1)
    """
    return MotifCounts(*map(_plain, _counts(A)[0]))


def edge_statistics(A: Any, *, pooled: bool = False) -> EdgeStatistics:
    r"""Return the connection probability and the four second-order α of networks.

    A pair of connections of one kind is there in a fraction :math:`p^2 (1 + \alpha)` of the places where it could be
    (Zhao et al. 2011). Both p and the fraction are taken from the network itself.

    Parameters
    ----------
    A : (..., n, n) array, sparse (n, n), or a list of sparse ones
        Connections, ``A[..., i, j]`` from j to i. Whatever is not 0 counts as one connection.
    pooled : bool, optional
        Take all networks of the stack as samples of one model: add up their counts, and estimate one α from the sums.

    Returns
    -------
    EdgeStatistics
        NaN where a network is too small, or too empty, to have the statistic. For a pool of at least two networks,
        `stderr` holds standard errors (jackknife over networks: Quenouille, Tukey).

    Raises
    ------
    ValueError
        If `A` is not square, is not finite, or has a neuron connected to itself.

    Notes
    -----
    To recover the α of a model, pool. Estimates from single networks are biased low, and their mean stays so
    however many there are: a network with many connections by chance has many pairs, but is compared with its own p².

    Examples
    --------
    >>> edge_statistics([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    EdgeStatistics(p=0.3333, recip=-1, conv=-1, div=-1, chain=0.5)
    """
    counts, n = _counts(A)
    table = counts.astype(float)
    if not pooled:
        return EdgeStatistics(*_plain_rows(_alphas(table, n)))
    table = table.reshape(5, -1)
    total = table.sum(axis=1)
    m = table.shape[1]
    stderr = None
    if m > 1:
        left_out = _alphas((total[:, None] - table) / (m - 1), n)
        stderr = EdgeStatistics(*_plain_rows(np.sqrt((m - 1) * left_out.var(axis=1))))
    return EdgeStatistics(*_plain_rows(_alphas(total / max(m, 1), n)), stderr=stderr)


def _alphas(counts: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return p and the four α, from counts in the order of `MotifCounts` along the first axis."""
    pairs, triples = n * (n - 1), n * (n - 1) * (n - 2)
    places = np.array([pairs, pairs / 2, triples / 2, triples / 2, triples]).reshape(5, *[1] * (counts.ndim - 1))
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 is NaN: nothing there to have a statistic
        found = counts / places
        found[1:] = found[1:] / found[0] ** 2 - 1
    return found


def _each(A: Any, count: Callable[[Any], Any]) -> tuple[NDArray[np.int64], int]:
    """Return what `count` finds in each network, and the number of neurons."""
    matrix = _checks.square("A", A)
    if isinstance(matrix, list):
        return np.stack([count(_connections(one)) for one in matrix]), matrix[0].shape[-1]
    return count(_connections(matrix)), matrix.shape[-1]


def _connections(matrix: Any) -> Any:
    """Return which connections are there: a boolean array, or sparse without stored zeros."""
    if not _matrix.is_sparse(matrix):
        return matrix if matrix.dtype == bool else matrix != 0
    present = matrix.astype(bool)
    present.eliminate_zeros()
    return present


def _counts(A: Any) -> tuple[NDArray[np.int64], int]:
    """Return the counts, in the order of `MotifCounts` along the first axis, and the number of neurons."""
    found, n = _each(A, _count)
    return np.moveaxis(found, -1, 0), n


def _count(A: Any) -> NDArray[np.int64]:
    """Return the five counts of checked networks (..., n, n) along the last axis."""
    sparse = _matrix.is_sparse(A)
    loops = A.diagonal() if sparse else np.diagonal(A, axis1=-2, axis2=-1)
    if loops.any():
        remedy = "A.tolil(copy=True); A.setdiag(0)" if sparse else "A.copy(); A[..., range(n), range(n)] = 0"
        raise ValueError(
            f"A must have no self-connections, got {loops.sum():.0f} on the diagonal; to leave them out: A = {remedy}"
        )
    k_in, k_out = _sums(A, -1), _sums(A, -2)
    # ordered pairs that are connected both ways
    both = (
        np.int64(A.multiply(A.T.tocsr()).nnz) if sparse else np.sum(A & A.swapaxes(-1, -2), axis=(-2, -1), dtype=int)
    )
    return np.stack(
        [
            k_in.sum(axis=-1),
            both // 2,
            (k_in * (k_in - 1)).sum(axis=-1) // 2,
            (k_out * (k_out - 1)).sum(axis=-1) // 2,
            (k_in * k_out).sum(axis=-1) - both,
        ],
        axis=-1,
    )


def _sums(A: Any, axis: int) -> NDArray[np.int64]:
    if not _matrix.is_sparse(A):
        return np.sum(A, axis=axis, dtype=np.int64)
    if axis == -1:
        return np.diff(A.indptr).astype(np.int64)
    return np.bincount(A.indices, minlength=A.shape[1]).astype(np.int64)


def _plain(x: Any) -> Any:
    """Return a Python number instead of a 0-d array."""
    return x.item() if np.ndim(x) == 0 else x


def _plain_rows(table: NDArray[np.float64]) -> tuple[Any, Any, Any, Any, Any]:
    p, recip, conv, div, chain = map(_plain, table)
    return p, recip, conv, div, chain


def _show(result: Any, names: tuple[str, ...], spec: str) -> str:
    parts = []
    for name in names:
        value = getattr(result, name)
        parts.append(f"{name}={value:{spec}}" if np.ndim(value) == 0 else f"{name}: array{np.shape(value)}")
    return f"{type(result).__name__}({', '.join(parts)})"
