"""The one place that knows dense from sparse: what is asked of a connection matrix, whichever way it is stored."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def is_sparse(W: Any) -> bool:
    """Return whether `W` is a scipy.sparse array or matrix (and leave its type to be checked as it was)."""
    return bool(sp.issparse(W))


def csr(W: Any) -> Any:
    """Return a sparse or dense matrix as a CSR array of its own, bool or float64, with duplicates summed."""
    dtype = np.bool_ if W.dtype == np.bool_ else np.float64
    out = sp.csr_array(W.astype(dtype))  # a copy, and before anything is summed: an int8 would overflow
    out.sum_duplicates()
    return out


def dense(W: Any) -> Any:
    """Return `W` as a dense array."""
    return W.toarray() if is_sparse(W) else W


def entries(W: Any) -> Any:
    """Return the stored entries of `W`: all of a dense one, those that are not 0 of a sparse one."""
    return W.data if is_sparse(W) else W


def product(W: Any, r: Any) -> Any:
    """Return W r for each state of a stack (..., n)."""
    if not is_sparse(W):
        return r @ W.T
    return (W @ r.reshape(math.prod(r.shape[:-1]), r.shape[-1]).T).T.reshape(r.shape)


def scale_columns(W: Any, factors: Any) -> Any:
    """Return W diag(factors), stored as `W` is; a stack of them for a stack of factors and a dense `W`."""
    if is_sparse(W):
        return (W @ sp.diags_array(factors)).tocsr()
    return W * factors[..., None, :]


def row_sums(W: Any) -> Floats:
    """Return Σ_j W_ij."""
    return np.asarray(W.sum(axis=1), dtype=float).reshape(-1)
