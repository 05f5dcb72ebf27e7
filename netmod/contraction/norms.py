"""Upper bounds on matrix norms that hold with rounding taken into account."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from netmod._matrix import dense, entries, is_sparse, row_sums

Array = NDArray[np.float64]

_U = np.finfo(float).eps
_TINY = 1e-300
_DENSE = 2000  # beyond this size, no dense n × n factorisation of a sparse matrix


def gamma(n: int) -> float:
    """Return a bound on the relative error of a sum of n products, taken in any order (Higham 2002, section 3.1)."""
    return 2 * (n + 8) * _U


def one(W: Any) -> float:
    """Return a bound on the largest absolute column sum of `W`."""
    return _up(row_sums(abs(W).T), W.shape[0])


def inf(W: Any) -> float:
    """Return a bound on the largest absolute row sum of `W`."""
    return _up(row_sums(abs(W)), W.shape[0])


def frobenius(W: Any) -> float:
    """Return a bound on the Frobenius norm of `W`."""
    data = entries(W)
    top = float(np.abs(data).max(initial=0.0))
    if top == 0 or not np.isfinite(top):
        return top
    return top * float(np.sqrt(((data / top) ** 2).sum())) * (1 + gamma(data.size))


def two(W: Any) -> float:
    """Return a bound on the spectral norm of `W`.

    With V from a singular value decomposition, ‖W‖ <= ‖WV‖ ‖V⁻¹‖; ‖WV‖² is at most the largest absolute row sum of
    (WV)ᵀ(WV), which is almost diagonal, and ‖V⁻¹‖² <= 1/(1 - ‖VᵀV - I‖). The decomposition itself is not trusted.
    A large sparse matrix gets ‖ |W| ‖, which equals ‖W‖ if no entry is negative.
    """
    n = W.shape[0]
    if n == 0:
        return 0.0
    top = float(np.abs(entries(W)).max(initial=0.0))
    if top == 0:
        return 0.0
    if is_sparse(W) and n > _DENSE:
        B = abs(W)
        return float(np.sqrt(perron((B.T @ B).tocsr())[0]) * (1 + gamma(n)))
    M = dense(W) / top
    V = np.linalg.svd(M)[2].T
    g = gamma(n)
    B, aV = M @ V, np.abs(V)
    dB = g * (np.abs(M) @ aV)
    aB = np.abs(B) + dB
    ones = np.ones(n)
    square = np.abs(B.T @ B) @ ones + 2 * (aB.T @ (dB @ ones)) + dB.T @ (aB @ ones) + g * (aB.T @ (aB @ ones))
    skew = np.abs(V.T @ V - np.eye(n)) @ ones + g * (aV.T @ (aV @ ones))
    loss = float(skew.max()) * (1 + g)
    if not loss < 0.5:
        return frobenius(W)
    return top * float(np.sqrt(square.max() / (1 - loss))) * (1 + 4 * g)


def perron(A: Any) -> tuple[float, Array, NDArray[np.int64]]:
    """Return a bound on max_i (Av)_i / v_i for a weight v > 0 that makes it as small as the spectral radius.

    Parameters
    ----------
    A : ndarray or scipy.sparse array, shape (n, n)
        Not negative.

    Returns
    -------
    bound : float
        For every v > 0, max_i (Av)_i / v_i is the operator norm of A when the length of x is max_i |x_i| / v_i, and
        at least the spectral radius (Collatz 1942, Wielandt 1950).
    u, e : ndarray, shape (n,)
        The weight, v = u · 2^e: kept apart because it may not fit a double.

    Notes
    -----
    Where the graph falls into strongly connected parts, each gets its own Perron vector, and parts upstream get so
    much smaller weights that what they send adds nothing. A network without cycles gets a bound near 0.
    """
    A = sp.csr_array(A)
    n = A.shape[0]
    u, e = np.ones(n), np.zeros(n, dtype=np.int64)
    if n == 0 or not A.count_nonzero():
        return 0.0, u, e
    count, part = connected_components(A, directed=True, connection="strong")
    coo = A.tocoo()
    to, frm, w = coo.coords[0], coo.coords[1], np.abs(coo.data)
    for c in np.flatnonzero(np.bincount(part) > 1):
        members = np.flatnonzero(part == c)
        x = _perron_vector(A[members][:, members] if count > 1 else A)
        if np.isfinite(x).all() and (x > 1e-200).all():  # any positive weight gives a valid bound
            u[members] = x
    if count > 1:
        level = np.zeros(count, dtype=np.int64)
        cross = part[to] != part[frm]
        for _ in range(count):
            new = level.copy()
            np.maximum.at(new, part[to[cross]], level[part[frm[cross]]] + 1)
            if (new == level).all():
                break
            level = new
        inner = np.zeros(n)
        np.add.at(inner, to[~cross], w[~cross] * (u[frm[~cross]] / u[to[~cross]]))
        root = max(float(inner.max()), 1e-12 * float(w.max()))
        step = np.log2(n * w.max() / root / u.min()) + 50
        e = level[part] * int(np.ceil(step))
    ratio = w * (u[frm] / u[to]) * np.exp2(np.clip(e[frm] - e[to], -1000, 1000).astype(float))
    rows = np.zeros(n)
    np.add.at(rows, to, ratio)
    return _up(rows, n), u, e


def _perron_vector(A: Any) -> Array:
    """Return a positive approximation to the Perron vector of an irreducible matrix, largest entry 1.

    Power iteration on A + cI, then Noda's inverse iteration (1971) where the power method is slow and n allows it.
    """
    n = A.shape[0]
    x = np.ones(n)
    shift = float(A.sum()) / n / 4
    for _ in range(300):
        y = A @ x
        ratio = y / x
        if ratio.max() - ratio.min() <= 1e-13 * ratio.max():
            return x
        x = y + shift * x
        x /= x.max()
    if n > _DENSE:
        return x
    M = dense(A)
    for _ in range(20):
        ratio = (M @ x) / x
        top, spread = ratio.max(), ratio.max() - ratio.min()
        if spread <= 1e-13 * top:
            break
        try:
            y = np.linalg.solve(top * (1 + 1e-15) * np.eye(n) - M, x)
        except np.linalg.LinAlgError:
            break
        if not (np.isfinite(y).all() and (y > 0).all()):
            break
        y /= y.max()
        if not ((M @ y) / y).max() < top:
            break
        x = y
    return x


def _up(sums: Array, terms: int) -> float:
    """Return the largest of some sums of that many non-negative terms, rounded up."""
    return float(sums.max(initial=0.0)) * (1 + gamma(terms)) + (_TINY if sums.any() else 0.0)
