"""Why the neurons of one network differ: linear response, theory from in-degrees, and regression over networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks, _matrix
from netmod.dynamics import RateNetwork
from netmod.fixed_points.newton import newton
from netmod.lif import LIF
from netmod.rate.known import what_is_known

__all__ = ["LinearFit", "Regression", "annealed_rate", "linear_fit", "linear_response", "regress"]

_DEFAULT = LIF()


def linear_response(
    net: Any,
    E: ArrayLike | None = None,
    state: ArrayLike | None = None,
    neuron: LIF | None = None,
    *,
    strength: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    r"""Return dE/dg, how fast the steady state moves as all connections grow together.

    Differentiating ``E = E0 + g W r(E)`` gives :math:`dE/dg = (I - g W D)^{-1} W r(E)` with
    :math:`D = \mathrm{diag}\, r'(E)`.

    Parameters
    ----------
    net : RateNetwork
        The network; its W is multiplied by the strength. (With signed 0/1 entries, g is the strength per synapse.)
    E : (..., n) array, optional
        Fixed point at that strength, mV. Where it is NaN, so is the result. None is the one to which Newton's method
        leads from E0.
    state, neuron
        For the older form ``linear_response(A, strength, E, neuron)``, in which `A` may be a stack of signed networks
        and the rate is the neuron's own.
    strength : float or (...) array, optional
        Strength g.

    Returns
    -------
    (..., n) array
        dE/dg, mV per unit of g: 1/ms if W has signed 0/1 entries, mV for the default strength of a whole network.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shape, or `E` is None and no fixed point is found.
    numpy.linalg.LinAlgError
        If I − gWD is singular: the point is a fold, where the steady state has no slope.

    Examples
    --------
    >>> from netmod import RateNetwork, linear_response
    >>> linear_response(RateNetwork([[0, 1], [1, 0]], E0=8.0), strength=0.0).round(6)  # at g = 0 it is W r(E0)
    array([0.014352, 0.014352])
    """
    if isinstance(net, RateNetwork):
        g = _checks.array("strength", strength)
        if E is None:
            point = newton(net.scaled(_checks.number("strength", strength)))
            if not point.converged:
                raise ValueError(f"E must be given: from E0 Newton's method {point.status}")
            E = point.E
        matrix, known = _matrix.dense(net.W), net.known
        E = _checks.states("E", E, net.n)
    else:
        matrix = _checks.square("A", net)
        matrix = np.stack([_matrix.dense(A) for A in matrix]) if isinstance(matrix, list) else _matrix.dense(matrix)
        g, E = _checks.array("strength", E), _checks.states("E", state, matrix.shape[-1])
        known = what_is_known(None, _checks.instance("neuron", LIF() if neuron is None else neuron, LIF))
    _checks.together(strength=g.shape, E=E.shape[:-1], A=matrix.shape[:-2])
    system = np.eye(E.shape[-1]) - g[..., None, None] * matrix * np.asarray(known.slope(E))[..., None, :]
    drive = matrix @ np.asarray(known(E))[..., None]
    bad = np.asarray(np.isnan(E).any(axis=-1))[..., None, None]
    out = np.linalg.solve(np.where(bad, np.eye(E.shape[-1]), system), drive)
    return np.where(bad, np.nan, out)[..., 0]


def annealed_rate(
    k_in: ArrayLike,
    strength: ArrayLike,
    *,
    E0: float,
    weights: ArrayLike | None = None,
    neuron: LIF = _DEFAULT,
    rate: Any = None,
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
    rate : callable, optional
        Another rate function, as for `RateNetwork`.
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
    TypeError, ValueError
        If an argument is of the wrong kind, not finite or does not fit `k_in`, or weights are negative or all 0.

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
    tol, max_iter = _checks.number("tol", tol, low=0.0, open_low=True), _checks.integer("max_iter", max_iter, low=1)
    known = what_is_known(rate, _checks.instance("neuron", neuron, LIF))
    degrees, g = _checks.array("k_in", k_in), _checks.array("strength", strength)
    if degrees.ndim == 0 or degrees.shape[-1] == 0:
        raise ValueError(f"k_in must have shape (..., n) with n > 0, got shape {degrees.shape}")
    w = np.ones(degrees.shape[-1:]) if weights is None else _checks.array("weights", weights)
    if w.shape[-1:] != degrees.shape[-1:]:
        raise ValueError(f"weights must have one value for each of {degrees.shape[-1]} neurons, got shape {w.shape}")
    total = w.sum(axis=-1, keepdims=True)
    if (w < 0).any() or not (total > 0).all():
        raise ValueError("weights must not be negative, nor 0 for all neurons")
    shape = _checks.together(strength=g.shape, k_in=degrees.shape[:-1], weights=w.shape[:-1])
    r, step = np.zeros(shape), np.full(shape, np.inf)
    push = g[..., None] * degrees
    for _ in range(max_iter):
        new = (w / total * np.asarray(known(E0 + push * r[..., None]))).sum(axis=-1)
        step, r = np.abs(new - r), new
        if not (step > tol).any():
            break
    return np.where(step > tol, np.nan, r)


@dataclass(frozen=True, eq=False)
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
    x, y = _checks.array("x", x), _checks.array("y", y, finite=False)
    if x.ndim != 1 or y.shape[-1:] != x.shape or len(x) < 2 or np.ptp(x) == 0:
        raise ValueError(f"x must be (m,) with two different values and y (..., m), got {x.shape} and {y.shape}")
    dx, dy = x - x.mean(), y - y.mean(axis=-1, keepdims=True)
    slope = dy @ dx / (dx @ dx)
    total = (dy**2).sum(axis=-1)
    rest = ((dy - slope[..., None] * dx) ** 2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r_squared = np.where(total > 0, 1 - rest / total, np.nan)
    return LinearFit(slope, y.mean(axis=-1) - slope * x.mean(), r_squared)


@dataclass(frozen=True, eq=False)
class Regression:
    """A multiple linear regression in standardised variables, and how sure it is.

    Attributes
    ----------
    names : tuple of str
        The predictors.
    coefficients : (k,) array
        Change of y, in its standard deviations, for one standard deviation of each predictor.
    low, high : (k,) arrays
        Ends of the 95 % bootstrap interval of each coefficient (percentiles over resampled networks that have one).
    r_squared : float
        Explained fraction of the variance of y.
    r_squared_out : float
        The same for networks that the fit has not seen (leave one out); NaN if one alone decides a coefficient.
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
        Bootstrap resamples of the networks, with replacement (Efron 1979). Of few networks, some resamples hold too
        few different ones to have coefficients; they are left out.
    rng : optional
        Anything `numpy.random.default_rng` takes.

    Returns
    -------
    Regression
        The out-of-sample R² is 1 − PRESS / total sum of squares, exact leave-one-out by the hat matrix
        (Allen 1974).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, lengths differ, a value is not finite, a variable is constant, predictors
        are linear combinations of one another, or there are fewer than two networks more than predictors.

    Examples
    --------
    >>> import numpy as np
    >>> a, b, noise = np.random.default_rng(0).normal(size=(3, 50))
    >>> fit = regress({"a": a, "b": b}, 3 * a + b + noise, rng=1)
    >>> fit.names, bool((fit.low < fit.coefficients).all()), fit.r_squared > fit.r_squared_out > 0.8
    (('a', 'b'), True, True)
    """
    names = tuple(_checks.instance("predictors", predictors, dict))
    columns = [_column(f"predictors[{name!r}]", value) for name, value in predictors.items()] + [_column("y", y)]
    if not names or len({len(c) for c in columns}) != 1:
        raise ValueError(f"predictors and y must have one length, got {[len(c) for c in columns]}")
    resamples, rng = _checks.integer("resamples", resamples, low=1), _checks.generator("rng", rng)
    data = np.stack(columns, axis=1)
    m, k = len(data), len(names)
    if m < k + 2:
        raise ValueError(f"predictors must have more networks than coefficients, got {m} networks for {k} predictors")
    scale = data.std(axis=0)
    data = (data - data.mean(axis=0)) / scale
    X, target = data[:, :-1], data[:, -1]
    coefficients, _, rank, _ = np.linalg.lstsq(X, target, rcond=None)
    if rank < k:
        raise ValueError("predictors must not be linear combinations of one another over these networks")
    error = target - X @ coefficients
    leverage = 1 / m + np.einsum("ij,ji->i", X, np.linalg.pinv(X))
    # Without a network of leverage 1 there is no fit, and nothing to predict it by.
    left_out = error / np.where(leverage < 1 - 1e-12, 1 - leverage, np.nan)
    draws = data[rng.integers(m, size=(resamples, m))]
    draws = draws - draws.mean(axis=1, keepdims=True)
    gram = draws.swapaxes(1, 2) @ draws
    # Each resample is standardised by its own spread, as the estimate itself is.
    spread = np.sqrt(np.einsum("bii->bi", gram))
    fits = (spread > 1e-9).all(axis=1)
    unit = gram[fits] / (spread[fits, :, None] * spread[fits, None, :])
    fits[fits] = np.linalg.eigvalsh(unit[:, :-1, :-1])[:, 0] > 1e-9
    low, high = np.full((2, k), np.nan)
    if fits.any():
        boot = np.linalg.solve(gram[fits, :-1, :-1], gram[fits, :-1, -1:])[..., 0]
        low, high = np.percentile(boot * spread[fits, :-1] / spread[fits, -1:], [2.5, 97.5], axis=0)
    return Regression(
        names,
        coefficients,
        low,
        high,
        1 - float(error @ error) / m,
        1 - float((left_out**2).sum()) / m,
        coefficients * scale[-1] / scale[:-1],
    )


def _column(name: str, value: ArrayLike) -> NDArray[np.float64]:
    x = _checks.vector(name, value)
    if len(x) and np.ptp(x) == 0:
        raise ValueError(f"{name} is constant over the networks: it can explain nothing")
    return x
