"""The one door for arguments: one wording for one kind of mistake, and it names the argument."""

from __future__ import annotations

from dataclasses import fields
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from netmod._matrix import csr, entries, is_sparse

Floats = NDArray[np.float64]
T = TypeVar("T")

MOST = 2**53
"""The largest integer that is taken: beyond it, a float no longer holds all of them."""


def number(name: str, value: Any, *, low: float = -np.inf, high: float = np.inf, open_low: bool = False) -> float:
    """Return `value` as a float if it is a finite real number in [low, high] (or (low, high]).

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If it is not finite or out of range.
    """
    given = _scalar(value)
    if isinstance(given, bool | np.bool_) or not isinstance(given, Real | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {show(value)}")
    try:
        x = float(given)
    except OverflowError:
        x = np.inf
    if not np.isfinite(x) or x > high or x < low or (open_low and x == low):
        raise ValueError(f"{name} must be {_interval(low, high, open_low)}, got {show(value)}")
    return x


def integer(name: str, value: Any, *, low: int = 0) -> int:
    """Return `value` as an int if it is a whole number of at least `low`."""
    given = _scalar(value)
    if isinstance(given, bool | np.bool_) or not isinstance(given, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {show(value)}")
    if not low <= given <= MOST:
        raise ValueError(f"{name} must be {f'at least {low}' if given < low else 'at most 2**53'}, got {show(value)}")
    return int(given)


def array(name: str, value: Any, *, finite: bool = True) -> Floats:
    """Return `value` as a float64 array if it is made of real numbers; with `finite`, of finite ones."""
    x = _real(name, value).astype(np.float64, copy=False)
    if finite and not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return x


def vector(name: str, value: Any, n: int | None = None) -> Floats:
    """Return `value` as a 1-d array of finite numbers, n of them if that is given."""
    x = array(name, value)
    if x.ndim != 1 or n not in (None, len(x)):
        raise ValueError(f"{name} must have shape ({'m' if n is None else n},), got shape {x.shape}")
    return x


def per_neuron(name: str, value: Any, n: int, *, finite: bool = True) -> Floats:
    """Return `value`, one number or one for each of n neurons, as an array (n,) of its own."""
    x = array(name, value, finite=finite)
    if x.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or have shape ({n},), got shape {x.shape}")
    return np.array(np.broadcast_to(x, (n,)))


def states(name: str, value: Any, n: int) -> Floats:
    """Return `value` as an array (..., n), NaN and infinity included."""
    x = array(name, value, finite=False)
    if x.ndim == 0 or x.shape[-1] != n:
        raise ValueError(f"{name} must have shape (..., {n}), got shape {x.shape}")
    return x


def square(name: str, A: Any, *, stack: bool = True) -> Any:
    """Return a finite square matrix, or a stack of them, as an array or, if it is sparse, as a CSR array of its own.

    A list of sparse matrices is returned as a list of CSR arrays.
    """
    if stack and isinstance(A, list | tuple) and any(map(is_sparse, A)):
        networks = [square(f"{name}[{i}]", one, stack=False) for i, one in enumerate(A)]
        if not all(is_sparse(one) and one.shape == networks[0].shape for one in networks):
            raise ValueError(f"{name} must be a list of sparse matrices of one shape")
        return networks
    matrix = A if is_sparse(A) else _real(name, A)
    if matrix.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got dtype {matrix.dtype}")
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or (matrix.ndim > 2 and not stack):
        what = "(n, n) or a stack (..., n, n)" if stack else "one matrix (n, n)"
        raise ValueError(f"{name} must be square, {what}, got shape {matrix.shape}")
    if is_sparse(matrix):
        matrix = csr(matrix)
    elif matrix.dtype.itemsize > 8:
        matrix = matrix.astype(np.float64)
    if not np.isfinite(entries(matrix)).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return matrix


def together(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which the shapes of some arguments broadcast."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        got = ", ".join(map(str, shapes.values()))
        raise ValueError(f"{' and '.join(shapes)} must fit one another, got shapes {got}") from None


def instance(name: str, value: Any, kind: type[T]) -> T:
    """Return `value` if it is a `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, got {show(value)}")
    return value


def generator(name: str, rng: Any) -> np.random.Generator:
    """Return the random numbers that `numpy.random.default_rng` makes of `rng`."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} must be a seed or a generator, got {show(rng)}: {error}") from None


def equal(one: Any, other: Any) -> bool:
    """Return whether two results are equal field by field, be they numbers or arrays."""
    if type(other) is not type(one):
        return False
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def show(value: Any) -> str:
    """Return `value` for a message: in full if it is short, by its type if it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        text = ""
    return text if 0 < len(text) <= 60 and "\n" not in text else f"a value of type {type(value).__name__}"


def _scalar(value: Any) -> Any:
    """Return the NumPy scalar in a 0-d array; anything else as it is."""
    return value[()] if type(value) is np.ndarray and value.ndim == 0 else value


def _real(name: str, value: Any) -> NDArray[Any]:
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array, since masks are not heeded: fill it or leave values out")
    if is_sparse(value):
        raise TypeError(f"{name} must be dense, got {type(value).__name__}")
    try:
        x = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array, got rows of different lengths") from None
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got dtype {x.dtype}")
    return x


def _interval(low: float, high: float, open_low: bool) -> str:
    if np.isinf(low) and np.isinf(high):
        return "finite"
    if np.isinf(high):
        return f"finite and {'above' if open_low else 'at least'} {low:g}"
    return f"in {'(' if open_low else '['}{low:g}, {high:g}]"
