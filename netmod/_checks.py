"""Argument checks shared by the modules: one wording for one kind of mistake."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp


def number(name: str, value: Any, *, low: float = -np.inf, high: float = np.inf, open_low: bool = False) -> float:
    """Return `value` as a float if it is a finite real number in [low, high] (or (low, high]).

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If it is not finite or out of range.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {value!r}")
    x = float(value)
    if not np.isfinite(x) or x > high or x < low or (open_low and x == low):
        raise ValueError(f"{name} must be {_interval(low, high, open_low)}, got {value!r}")
    return x


def integer(name: str, value: Any, *, low: int = 0) -> int:
    """Return `value` as an int if it is a whole number of at least `low`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < low:
        raise ValueError(f"{name} must be at least {low}, got {value!r}")
    return int(value)


def is_sparse(A: Any) -> bool:
    """Return whether `A` is a scipy.sparse array or matrix (and leave its type to be checked as it was)."""
    return bool(sp.issparse(A))


def square(name: str, A: Any) -> Any:
    """Return `A` as an array (or sparse, as it is) if it is a finite square matrix or a stack of them."""
    matrix: Any = A if is_sparse(A) else np.asarray(A)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"{name} must be square, (n, n) or a stack (..., n, n), got shape {matrix.shape}")
    if matrix.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold booleans or real numbers, got dtype {matrix.dtype}")
    if matrix.dtype.kind == "f" and not np.isfinite(matrix.data if is_sparse(matrix) else matrix).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite weights")
    return matrix


def _interval(low: float, high: float, open_low: bool) -> str:
    if np.isinf(low) and np.isinf(high):
        return "finite"
    if np.isinf(high):
        return f"finite and {'above' if open_low else 'at least'} {low:g}"
    return f"in {'(' if open_low else '['}{low:g}, {high:g}]"
