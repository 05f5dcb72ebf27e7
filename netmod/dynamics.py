"""Equation 1 as an object: the map on mean input currents that a network of noisy neurons defines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse.linalg as spla
from numpy.typing import ArrayLike, NDArray

from netmod import _checks, _matrix
from netmod.lif import LIF
from netmod.rate.known import KnownRate, NeuronRate, what_is_known

__all__ = ["RateNetwork"]

# Below this size LAPACK on the dense matrix is as fast as ARPACK on the sparse one, and never fails to converge.
_DENSE_EIG = 300
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False, repr=False)
class RateNetwork:
    """The map F(E) = E0 + W r(E) on the mean input currents of n neurons.

    Parameters
    ----------
    W : array_like or scipy.sparse array, shape (n, n)
        Connection strengths, mV·ms; ``W[i, j]`` is the connection from neuron j to neuron i.
    E0 : float or array_like, shape (n,)
        Input current from outside the network, mV.
    neuron : LIF, optional
        The neuron whose firing rate is r, or n of them that differ. Not used if `rate` is given.
    rate : callable, optional
        Another firing-rate function: mV in, 1/ms out, elementwise over arrays. A method ``rate.slope`` gives its
        derivative; without one that works, the derivative is a central difference, good to about ten digits. None
        means `firing_rate`, the exact one, and a `RateTable` stands for it. Of any other function only values and
        slopes are known, and nothing is proved that rests on more; a `KnownRate` says more of it.

    Attributes
    ----------
    W : ndarray or scipy.sparse.csr_array
        A read-only copy, float64.
    E0 : ndarray, shape (n,)
        A read-only copy, float64; a scalar is repeated.

    Raises
    ------
    TypeError, ValueError
        If `W` is not a square matrix of finite real numbers, `E0` does not fit it, `neuron` is no `LIF` or `rate`
        cannot be called.

    Notes
    -----
    The poster's Equation 1, after Trousdale, Hu, Shea-Brown and Josić (2012). `net(E)` costs one evaluation of r per
    neuron and one matrix product, for one state or for a stack of them.

    Examples
    --------
    >>> net = RateNetwork([[0, 50], [0, 0]], E0=8.0)
    >>> net.n
    2
    >>> net([8.0, 8.0]).round(4)
    array([8.7176, 8.    ])
    """

    W: Any
    E0: Any
    neuron: LIF = field(default_factory=LIF)
    rate: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        W = _own(_checks.square("W", self.W, stack=False))
        E0 = _checks.per_neuron("E0", self.E0, W.shape[0])
        E0.flags.writeable = False
        if _checks.instance("neuron", self.neuron, LIF).shape not in ((), E0.shape):
            raise ValueError(f"neuron must describe {len(E0)} neurons to fit W, got {self.neuron.shape[0]}")
        known = what_is_known(self.rate, self.neuron)
        object.__setattr__(self, "W", W)
        object.__setattr__(self, "E0", E0)
        object.__setattr__(self, "_known", known)

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that a copy sent to another process is read-only as well.
        return RateNetwork, (self.W, self.E0, self.neuron, self.rate)

    def __repr__(self) -> str:
        E0 = np.unique(self.E0)
        drive = f"{E0[0]:g}" if E0.size == 1 else "…"
        kind = "sparse" if self.is_sparse else "dense"
        rate = "" if self.rate is None else f", rate={type(self.rate).__name__}"
        return f"RateNetwork(n={self.n}, {kind} W, E0={drive}{rate})"

    @property
    def n(self) -> int:
        """Number of neurons."""
        return int(self.W.shape[0])

    @property
    def is_sparse(self) -> bool:
        """Whether `W` is stored as a sparse matrix."""
        return _matrix.is_sparse(self.W)

    @property
    def known(self) -> KnownRate | NeuronRate:
        """What is known of the rate: values, slope, range, whether it is increasing, whose it is."""
        known: KnownRate | NeuronRate = self.__dict__["_known"]
        return known

    @property
    def increasing(self) -> bool:
        """Whether the rate is known never to decrease."""
        return bool(self.known.increasing)

    def rates(self, E: ArrayLike) -> NDArray[np.float64]:
        """Return r(E), 1/ms, in the shape of `E` (mV)."""
        x = _checks.array("E", E, finite=False)
        return _values("rate", self.known(x), x)

    def slopes(self, E: ArrayLike) -> NDArray[np.float64]:
        """Return r'(E), 1/(ms mV), in the shape of `E` (mV)."""
        x = _checks.array("E", E, finite=False)
        return _values("rate.slope", self.known.slope(x), x)

    def rate_range(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return bounds on the rates, (low, high), 1/ms, shape (n,): infinite where none is known.

        Examples
        --------
        >>> RateNetwork([[0, 50], [0, 0]], E0=8.0).rate_range()
        (array([0., 0.]), array([0.5, 0.5]))
        """
        return np.full(self.n, self.known.low, dtype=float), np.full(self.n, self.known.high, dtype=float)

    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the ends, mV, shape (n,), of a box that holds every value of F, and with it every fixed point.

        It follows from `rate_range` and is rounded outward; infinite where the range is.

        Examples
        --------
        >>> low, high = RateNetwork([[0, 50], [-10, 0]], E0=8.0).box()
        >>> low.round(6), high.round(6)
        (array([8., 3.]), array([33.,  8.]))
        """
        low, high = self.rate_range()
        down, up = self.input_range(low, high)
        size_down, size_up = np.abs(self.input_range(-np.abs(low), np.abs(high)))
        unit = 2 * (self.n + 8) * _EPS
        heard = self._row_sums > 0
        with np.errstate(invalid="ignore"):
            low = self.E0 + down - unit * np.where(heard, np.abs(self.E0) + size_down, 0.0)
            high = self.E0 + up + unit * np.where(heard, np.abs(self.E0) + size_up, 0.0)
        return low, high

    def input_range(self, low: ArrayLike, high: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least and the greatest of Σ_j W_ij r_j, mV, shape (n,), for rates between `low` and `high`."""
        low, high = np.broadcast_to(low, self.n), np.broadcast_to(high, self.n)
        if self.n and (low == low[0]).all() and (high == high[0]).all():  # row sums are all that is needed
            total = _matrix.row_sums(self.W)
            plus, minus = (self._row_sums + total) / 2, (self._row_sums - total) / 2
            return _times(plus, low) - _times(minus, high), _times(plus, high) - _times(minus, low)
        plus, minus = ((abs(self.W) + s * self.W) / 2 for s in (1, -1))
        return _weighted(plus, low) - _weighted(minus, high), _weighted(plus, high) - _weighted(minus, low)

    def rounding(self, E: ArrayLike, r: ArrayLike) -> NDArray[np.float64]:
        """Return the residual, mV, that is nothing but rounding, at states `E` (..., n) with rates `r`."""
        size = self._row_sums.max(initial=0.0) * np.abs(r).max(axis=-1, initial=0.0)
        return np.asarray(4 * _EPS * (size + np.abs(E).max(axis=-1, initial=0.0)))

    def __call__(self, E: ArrayLike) -> NDArray[np.float64]:
        """Return one step of Equation 1.

        Parameters
        ----------
        E : array_like, shape (..., n)
            States, mV.

        Returns
        -------
        ndarray, shape (..., n)
            E0 + W r(E), mV. A state with a NaN in it gives NaN; the other states of a stack are not touched.

        Examples
        --------
        >>> net = RateNetwork([[0, 50], [50, 0]], E0=8.0)
        >>> E = np.full(2, 8.0)
        >>> for _ in range(50):
        ...     E = net(E)
        >>> E.round(6)
        array([8.913157, 8.913157])
        """
        r = self.rates(_checks.states("E", E, self.n))
        return np.asarray(self.E0 + _matrix.product(self.W, r))

    def jacobian(self, E: ArrayLike) -> Any:
        """Return the Jacobian matrix, DF_ij = W_ij r'(E_j).

        Parameters
        ----------
        E : array_like, shape (..., n)
            States, mV. One state only, shape (n,), if `W` is sparse.

        Returns
        -------
        ndarray, shape (..., n, n), or scipy.sparse.csr_array
            Dimensionless (mV per mV); sparse if `W` is.

        Examples
        --------
        >>> RateNetwork([[0, 50], [0, 0]], E0=8.0).jacobian([8.0, 8.0]).round(4)
        array([[0.    , 0.2094],
               [0.    , 0.    ]])
        """
        x = _checks.states("E", E, self.n)
        if self.is_sparse and x.ndim != 1:
            raise ValueError(f"E must be one state of shape ({self.n},) because W is sparse, got shape {x.shape}")
        return _matrix.scale_columns(self.W, self.slopes(x))

    def spectral_radius(self, E: ArrayLike) -> Any:
        """Return the spectral radius of the Jacobian: the largest modulus of its eigenvalues.

        Below 1 at a fixed point, the iteration converges to it from near by, each step shrinking the error by about
        this factor; above 1, it is repelled.

        Parameters
        ----------
        E : array_like, shape (..., n)
            States, mV.

        Returns
        -------
        float, or ndarray of shape (...)
            One value per state; NaN where the state has a NaN.

        Notes
        -----
        Dense matrices and small sparse ones by LAPACK; large sparse ones by ARPACK from a fixed start vector, and if
        that does not converge by LAPACK.

        Examples
        --------
        >>> round(RateNetwork([[0, 50], [50, 0]], E0=8.0).spectral_radius([8.0, 8.0]), 4)
        0.2094
        """
        x = _checks.states("E", E, self.n)
        flat = x.reshape(math.prod(x.shape[:-1]), self.n)
        out = np.array([self._radius(state) for state in flat]).reshape(x.shape[:-1])
        return float(out) if out.ndim == 0 else out

    def scaled(self, g: float) -> RateNetwork:
        """Return the same network with every connection multiplied by `g`.

        Examples
        --------
        >>> RateNetwork([[0, 1], [1, 0]], E0=8.0).scaled(50).W
        array([[ 0., 50.],
               [50.,  0.]])
        """
        return RateNetwork(self.W * _checks.number("g", g), self.E0, self.neuron, self.rate)

    @cached_property
    def _row_sums(self) -> NDArray[np.float64]:
        """Σ_j |W_ij|."""
        return _matrix.row_sums(abs(self.W))

    def _radius(self, state: NDArray[np.float64]) -> float:
        if self.n == 0:
            return 0.0
        J = self.jacobian(state)
        if not np.isfinite(_matrix.entries(J)).all():
            return float("nan")
        if self.is_sparse and self.n > _DENSE_EIG:
            if not J.count_nonzero():
                return 0.0
            start = np.random.default_rng(0).standard_normal(self.n)
            try:
                return float(np.abs(spla.eigs(J, k=4, v0=start, return_eigenvectors=False)).max())
            except spla.ArpackError:  # no convergence, or a nilpotent matrix
                pass
        return float(np.abs(np.linalg.eigvals(_matrix.dense(J))).max())


def _times(weights: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the products, with 0 times infinity 0: a connection that is not there carries nothing."""
    return np.multiply(weights, rates, where=weights != 0, out=np.zeros(len(weights)))


def _weighted(W: Any, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return W r for W >= 0, with 0 times infinity 0."""
    endless = np.isinf(rates)
    out = np.asarray(W @ np.where(endless, 0.0, rates), dtype=float)
    for infinity in (np.inf, -np.inf):
        out[W @ (rates == infinity).astype(float) > 0] = infinity
    return out


def _own(W: Any) -> Any:
    """Return a read-only float64 copy of a checked matrix."""
    sparse = _matrix.is_sparse(W)
    out: Any = W.astype(np.float64) if sparse else np.array(W, dtype=np.float64, order="C")
    for buffer in (out.data, out.indices, out.indptr) if sparse else (out,):
        buffer.flags.writeable = False
    return out


def _values(name: str, value: Any, E: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a rate or its slope returned, if it is real numbers in the shape of `E`."""
    out = _checks.array(f"{name}(E)", value, finite=False)
    if out.shape != E.shape:
        raise ValueError(f"{name} must return an array of the shape of E, {E.shape}, got shape {out.shape}")
    return out
