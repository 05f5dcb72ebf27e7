"""What a network is made of: degrees, pairs of connections that share a neuron, and their statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netmod import _checks


def in_degrees(A: Any) -> NDArray[np.int64]:
    """Return how many connections arrive at each neuron: the row sums of A.

    Parameters
    ----------
    A : (..., n, n) array, or sparse (n, n)
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
    return _sums(_connections(A), -1)


def out_degrees(A: Any) -> NDArray[np.int64]:
    """Return how many connections leave each neuron: the column sums of A.

    Parameters
    ----------
    A : (..., n, n) array, or sparse (n, n)
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
    return _sums(_connections(A), -2)


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        return _show(self, ("edges", "reciprocal", "convergent", "divergent", "chain"), "d")


@dataclass(frozen=True, repr=False)
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
    A : (..., n, n) array, or sparse (n, n)
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
    A = _connections(A)
    if (A.diagonal() if _checks.is_sparse(A) else np.diagonal(A, axis1=-2, axis2=-1)).any():
        raise ValueError("A must have no self-connections, got a diagonal that is not zero")
    k_in, k_out = _sums(A, -1), _sums(A, -2)
    both = _both_ways(A)
    return MotifCounts(
        edges=_plain(k_in.sum(axis=-1)),
        reciprocal=_plain(both // 2),
        convergent=_plain((k_in * (k_in - 1)).sum(axis=-1) // 2),
        divergent=_plain((k_out * (k_out - 1)).sum(axis=-1) // 2),
        chain=_plain((k_in * k_out).sum(axis=-1) - both),
    )


def edge_statistics(A: Any, *, pooled: bool = False) -> EdgeStatistics:
    r"""Return the connection probability and the four second-order α of networks.

    A pair of connections of one kind is there in a fraction :math:`p^2 (1 + \alpha)` of the places where it could be
    (Zhao et al. 2011). Both p and the fraction are taken from the network itself.

    Parameters
    ----------
    A : (..., n, n) array, or sparse (n, n)
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
    counts = motif_counts(A)
    n = np.shape(A)[-1]
    table = np.array([counts.edges, counts.reciprocal, counts.convergent, counts.divergent, counts.chain], float)
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


def _connections(A: Any) -> Any:
    """Return which connections are there: a boolean array, or sparse without stored zeros."""
    matrix = _checks.square("A", A)
    if not _checks.is_sparse(matrix):
        return matrix if matrix.dtype == bool else matrix != 0
    csr: Any = sp.csr_array(matrix)
    if not csr.has_canonical_format:
        csr = csr.copy()  # which shares its arrays with the caller's matrix otherwise
        csr.sum_duplicates()
    present = csr.data != 0
    if present.all():
        return sp.csr_array((present, csr.indices, csr.indptr), shape=csr.shape)
    out: Any = sp.csr_array((present, csr.indices, csr.indptr), shape=csr.shape, copy=True)
    out.eliminate_zeros()
    return out


def _sums(A: Any, axis: int) -> NDArray[np.int64]:
    if not _checks.is_sparse(A):
        return np.sum(A, axis=axis, dtype=np.int64)
    if axis == -1:
        return np.diff(A.indptr).astype(np.int64)
    return np.bincount(A.indices, minlength=A.shape[1]).astype(np.int64)


def _both_ways(A: Any) -> Any:
    """Return the number of ordered pairs (i, j) that are connected both ways."""
    if _checks.is_sparse(A):
        return np.int64(A.multiply(A.T.tocsr()).nnz)
    return np.sum(A & np.swapaxes(A, -1, -2), axis=(-2, -1), dtype=np.int64)


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
