"""Why the neurons of one network differ: linear response, theory from in-degrees, and regression over networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks
from netmod.lif import LIF
from netmod.rate import firing_rate, firing_rate_slope

_DEFAULT = LIF()


def linear_response(A: ArrayLike, strength: ArrayLike, E: ArrayLike, neuron: LIF = _DEFAULT) -> NDArray[np.float64]:
    r"""Return dE/dg, how fast the steady state moves as all connections grow together.

    Differentiating ``E = E0 + g A r(E)`` gives :math:`dE/dg = (I - g A D)^{-1} A r(E)` with
    :math:`D = \mathrm{diag}\, r'(E)`.

    Parameters
    ----------
    A : (..., n, n) array
        Connections with their signs, without the strength.
    strength : float or (...) array
        Strength g, mV·ms per synapse.
    E : (..., n) array
        Fixed point at that strength, mV. Where it is NaN, so is the result.
    neuron : LIF, optional
        The neuron, by default ``LIF()``.

    Returns
    -------
    (..., n) array
        dE/dg, 1/ms (mV per mV·ms).

    Raises
    ------
    ValueError
        If `A` is not square or does not fit `E`.
    numpy.linalg.LinAlgError
        If I − gAD is singular: the point is a fold, where the steady state has no slope.

    Examples
    --------
    >>> import numpy as np
    >>> from netmod import linear_response
    >>> linear_response([[0, 1], [1, 0]], 0.0, [8.0, 8.0]).round(6)  # at g = 0 it is A r(E0)
    array([0.014352, 0.014352])
    """
    matrix, state = np.asarray(A, dtype=np.float64), np.asarray(E, dtype=np.float64)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or state.shape[-1:] != matrix.shape[-1:]:
        raise ValueError(f"A must be (..., n, n) and E (..., n), got {matrix.shape} and {state.shape}")
    g = np.asarray(strength, dtype=np.float64)[..., None, None]
    system = np.eye(state.shape[-1]) - g * matrix * np.asarray(firing_rate_slope(state, neuron))[..., None, :]
    drive = matrix @ np.asarray(firing_rate(state, neuron))[..., None]
    bad = np.asarray(np.isnan(state).any(axis=-1))[..., None, None]
    out = np.linalg.solve(np.where(bad, np.eye(state.shape[-1]), system), drive)
    return np.where(bad, np.nan, out)[..., 0]


def annealed_rate(
    k_in: ArrayLike,
    strength: ArrayLike,
    *,
    E0: float,
    weights: ArrayLike | None = None,
    neuron: LIF = _DEFAULT,
    tol: float = 1e-12,
    max_iter: int = 10_000,
) -> NDArray[np.float64]:
    r"""Return the mean rate r̃ that a network would have if each in-degree met an average neuron.

    The annealed theory replaces the sum over a neuron's inputs by in-degree times mean rate,
    :math:`E_i \approx E_0 + g k_i \tilde r` with
    :math:`\tilde r = \sum_i w_i\, r(E_0 + g k_i \tilde r) / \sum_i w_i`. With equal weights r̃ is the mean over
    neurons; with out-degrees as weights it is the mean over connections, the rate that a connection carries. The
    equation is solved from below, so where it has several solutions this is the least.

    Parameters
    ----------
    k_in : (..., n) array
        In-degrees (signed for networks with inhibition: the sum of signs over a neuron's inputs).
    strength : float or (...) array
        Strength g, mV·ms per synapse.
    E0 : float
        Mean current from outside, mV.
    weights : (..., n) array, optional
        How often each neuron is heard, such as its out-degree; not negative. Equal for all by default.
    neuron : LIF, optional
        The neuron, by default ``LIF()``.
    tol : float, optional
        Largest step of the last iteration relative to 1/ms.
    max_iter : int, optional
        Most iterations.

    Returns
    -------
    (...) array
        r̃, 1/ms; NaN where the iteration did not settle within `max_iter` steps.

    Raises
    ------
    ValueError
        If `weights` has not as many neurons as `k_in`, is negative or not finite, or is 0 for all.

    Examples
    --------
    >>> r = annealed_rate([20, 20, 20], 0.0, E0=8.0)  # no coupling: r(E0)
    >>> print(f"{1000 * r:.4f} Hz")
    14.3524 Hz
    >>> heard = annealed_rate([0, 40], 5.0, E0=8.0, weights=[1, 3])  # the neuron that hears more is heard more
    >>> bool(heard > annealed_rate([0, 40], 5.0, E0=8.0))
    True
    """
    E0 = _checks.number("E0", E0)
    degrees = np.asarray(k_in, dtype=np.float64)
    share = _shares(weights, degrees)
    push = np.asarray(strength, dtype=np.float64)[..., None] * degrees
    r = np.zeros(np.broadcast_shapes(push.shape, share.shape)[:-1])
    for _ in range(max_iter):
        new = (share * np.asarray(firing_rate(E0 + push * r[..., None], neuron))).sum(axis=-1)
        step, r = np.abs(new - r), new
        if not (step > tol).any():
            break
    return np.where(step > tol, np.nan, r)


def _shares(weights: ArrayLike | None, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of the neurons, made to sum to 1."""
    w = np.ones(degrees.shape[-1:]) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape[-1:] != degrees.shape[-1:]:
        raise ValueError(f"weights must have one value for each of {degrees.shape[-1]} neurons, got shape {w.shape}")
    total = w.sum(axis=-1, keepdims=True)
    if not np.isfinite(w).all() or (w < 0).any() or not (total > 0).all():
        raise ValueError("weights must be finite, not negative, and not all 0")
    return w / total


@dataclass(frozen=True)
class LinearFit:
    """Least-squares straight lines ``y ≈ intercept + slope x``: `slope`, `intercept` and `r_squared` of each."""

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    r_squared: NDArray[np.float64]


def linear_fit(x: ArrayLike, y: ArrayLike) -> LinearFit:
    """Return the least-squares line through each row of `y` against `x`.

    Parameters
    ----------
    x : (m,) array
        Where: at least two different values.
    y : (..., m) array
        What, one line for each row. A row with a NaN gives NaN; a constant row has slope 0 and R² NaN.

    Returns
    -------
    LinearFit
        `slope`, `intercept` and `r_squared`, each of shape (...).

    Raises
    ------
    ValueError
        If the shapes do not fit or all `x` are equal.

    Examples
    --------
    >>> fit = linear_fit([0, 1, 2], [[1, 3, 5], [0, 0, 1]])
    >>> fit.slope.tolist(), fit.r_squared.round(2).tolist()
    ([2.0, 0.5], [1.0, 0.75])
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or y.shape[-1:] != x.shape or len(x) < 2 or np.ptp(x) == 0:
        raise ValueError(f"x must be (m,) with two different values and y (..., m), got {x.shape} and {y.shape}")
    dx, dy = x - x.mean(), y - y.mean(axis=-1, keepdims=True)
    slope = dy @ dx / (dx @ dx)
    total = (dy**2).sum(axis=-1)
    rest = ((dy - slope[..., None] * dx) ** 2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r_squared = np.where(total > 0, 1 - rest / total, np.nan)
    return LinearFit(slope, y.mean(axis=-1) - slope * x.mean(), r_squared)


@dataclass(frozen=True)
class Regression:
    """A multiple linear regression in standardised variables, and how sure it is.

    Attributes
    ----------
    names : tuple of str
        The predictors.
    coefficients : (k,) array
        Change of y, in its standard deviations, for one standard deviation of each predictor.
    low, high : (k,) arrays
        Ends of the 95 % bootstrap interval of each coefficient (percentiles over resampled networks).
    r_squared : float
        Explained fraction of the variance of y.
    r_squared_out : float
        The same for networks that the fit has not seen (leave one out).
    slopes : (k,) array
        Change of y, in its own unit, for a change of each predictor by 1: what `coefficients` are before they are
        standardised, free of how widely the predictors happen to vary.
    """

    names: tuple[str, ...]
    coefficients: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    r_squared: float
    r_squared_out: float
    slopes: NDArray[np.float64]

    def __str__(self) -> str:
        width = max(map(len, self.names))
        rows = zip(self.names, self.coefficients, self.low, self.high, strict=True)
        lines = [f"{name:{width}}  {b:z6.2f}  [{lo:z5.2f}, {hi:z5.2f}]" for name, b, lo, hi in rows]
        return "\n".join([*lines, f"R² = {self.r_squared:.2f}, out of sample {self.r_squared_out:.2f}"])


def regress(predictors: dict[str, ArrayLike], y: ArrayLike, *, resamples: int = 2000, rng: Any = None) -> Regression:
    """Return the regression of `y` on `predictors`, all standardised, with bootstrap intervals.

    Parameters
    ----------
    predictors : dict of str to (m,) array
        One value for each of m networks.
    y : (m,) array
        What is to be explained.
    resamples : int, optional
        Bootstrap resamples of the networks, with replacement (Efron 1979).
    rng : optional
        Anything `numpy.random.default_rng` takes.

    Returns
    -------
    Regression
        The out-of-sample R² is 1 − PRESS / total sum of squares, exact leave-one-out by the hat matrix
        (Allen 1974).

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, a variable is constant, or there are too few networks.

    Examples
    --------
    >>> import numpy as np
    >>> a, b, noise = np.random.default_rng(0).normal(size=(3, 50))
    >>> fit = regress({"a": a, "b": b}, 3 * a + b + noise, rng=1)
    >>> fit.names, bool((fit.low < fit.coefficients).all()), fit.r_squared > fit.r_squared_out > 0.8
    (('a', 'b'), True, True)
    """
    names = tuple(predictors)
    columns = [_column(name, value) for name, value in [*predictors.items(), ("y", y)]]
    if len({len(c) for c in columns}) != 1:
        raise ValueError(f"predictors and y must have one length, got {[len(c) for c in columns]}")
    data = np.stack(columns, axis=1)
    m, k = len(data), len(names)
    if m < k + 2:
        raise ValueError(f"predictors must have more networks than coefficients, got {m} networks for {k} predictors")
    scale = data.std(axis=0)
    data = (data - data.mean(axis=0)) / scale
    X, target = data[:, :-1], data[:, -1]
    coefficients = np.linalg.lstsq(X, target, rcond=None)[0]
    error = target - X @ coefficients
    leverage = 1 / m + np.einsum("ij,ji->i", X, np.linalg.pinv(X))
    draws = data[np.random.default_rng(rng).integers(m, size=(_checks.integer("resamples", resamples, low=1), m))]
    draws = draws - draws.mean(axis=1, keepdims=True)
    gram = draws.swapaxes(1, 2) @ draws
    boot = np.linalg.solve(gram[:, :-1, :-1], gram[:, :-1, -1:])[..., 0]
    # Each resample is standardised by its own spread, as the estimate itself is.
    spread = np.sqrt(np.einsum("bii->bi", gram))
    low, high = np.percentile(boot * spread[:, :-1] / spread[:, -1:], [2.5, 97.5], axis=0)
    return Regression(
        names,
        coefficients,
        low,
        high,
        1 - float(error @ error) / m,
        1 - float(((error / (1 - leverage)) ** 2).sum()) / m,
        coefficients * scale[-1] / scale[:-1],
    )


def _column(name: str, value: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(value, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError(f"{name} must be a finite 1-d array, got shape {x.shape}")
    if len(x) and np.ptp(x) == 0:
        raise ValueError(f"{name} is constant over the networks: it can explain nothing")
    return x
