"""What can be proved about the fixed points of a network: Lipschitz constants, error bounds, certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod._checks import array, instance, number, show, states
from netmod._matrix import entries
from netmod.contraction import norms as _norms
from netmod.contraction.intervals import Certain
from netmod.contraction.proofs import Certificate, banach, box, newton_kantorovich, nothing, residual
from netmod.dynamics import RateNetwork
from netmod.rate import max_slope

Array = NDArray[np.float64]

__all__ = ["Certificate", "a_posteriori_error", "a_priori_error", "certify", "lipschitz_constants"]


def lipschitz_constants(net: RateNetwork, *, steepest: float | None = None) -> dict[str, float]:
    """Return constants k with ‖F(x) - F(y)‖ <= k ‖x - y‖ for all states x and y, one per norm.

    Parameters
    ----------
    net : RateNetwork
        The network.
    steepest : float, optional
        An upper bound on the slope of the rate function, 1/(ms mV). Needed only if none is known of ``net.rate``: a
        `KnownRate` may have one, and otherwise it is that of the neuron, rounded up. A `RateTable` counts as the
        exact function it stands for.

    Returns
    -------
    dict
        - ``"1"``, ``"2"``, ``"inf"``: max r' times the operator norm of W, for states measured by the sum of absolute
          values, by Euclidean length, and by the largest absolute value. For a sparse matrix with n > 2000, ``"2"``
          is that of the matrix of absolute values, which may be larger.
        - ``"fro"``: max r' times the Frobenius norm of W, a bound for Euclidean length again.
        - ``"perron"``: max r' times the spectral radius of the matrix of absolute values, for states measured by
          max_i abs(x_i) / v_i, where v is its Perron vector. (Where the network is not strongly connected, v is a
          weight for which the constant comes as near to that as rounding lets us say.)
        - ``"poster"``: max r' times the largest absolute entry of W. It is no Lipschitz constant in any of these
          norms; it stands here to show how much it would prove.

        All but the last are bounds with rounding taken into account.

    Raises
    ------
    ValueError
        If ``net.rate`` is a function whose steepest slope is not known and `steepest` is not given.

    Notes
    -----
    The mean value inequality with DF = W diag(r') and 0 <= r' <= max r'. Without noise the slope has no bound, and
    the constants are infinite (0 if W is).

    Examples
    --------
    >>> net = RateNetwork([[0, 100], [100, 0]], E0=8.0)
    >>> {norm: round(k, 4) for norm, k in lipschitz_constants(net).items() if norm in ("2", "fro")}
    {'2': 0.4431, 'fro': 0.6267}
    """
    net = instance("net", net, RateNetwork)
    slope = _steepest(net) if steepest is None else number("steepest", steepest, low=0.0)
    W = net.W
    sizes = {
        "1": _norms.one(W),
        "2": _norms.two(W),
        "inf": _norms.inf(W),
        "fro": _norms.frobenius(W),
        "perron": _norms.perron(abs(W))[0],
        "poster": float(np.abs(entries(W)).max(initial=0.0)),
    }
    return {name: float(size * slope * (1 + 1e-15)) if size > 0 else 0.0 for name, size in sizes.items()}


def a_priori_error(k: ArrayLike, first_step: ArrayLike, iterations: ArrayLike) -> Any:
    """Return a bound on the distance to the fixed point after so many steps, known before they are taken.

    Parameters
    ----------
    k : array_like
        Contraction constant, at least 0 and below 1.
    first_step : array_like
        Length of the first step, ‖x₁ - x₀‖, mV.
    iterations : array_like
        Number of steps m.

    Returns
    -------
    float or ndarray
        k^m/(1 - k) · first_step >= ‖x_m - x*‖, mV, in the norm in which `k` and the step are measured.

    Raises
    ------
    ValueError
        If `k` is not in [0, 1), or a step or count is negative.

    Notes
    -----
    Banach (1922). The bound is on the exact iteration; rounding adds about 1e-16 of the state per step over (1 - k).

    Examples
    --------
    >>> a_priori_error(0.5, first_step=1.0, iterations=[0, 1, 10])
    array([2.000000e+00, 1.000000e+00, 1.953125e-03])
    """
    k, step, m = _constant(k), _not_negative("first_step", first_step), _not_negative("iterations", iterations)
    return (k**m / (1 - k) * step)[()]


def a_posteriori_error(k: ArrayLike, last_step: ArrayLike) -> Any:
    """Return a bound on the distance to the fixed point from the last step taken.

    Parameters
    ----------
    k : array_like
        Contraction constant, at least 0 and below 1.
    last_step : array_like
        Length of the last step, ‖x_m - x_{m-1}‖, mV.

    Returns
    -------
    float or ndarray
        k/(1 - k) · last_step >= ‖x_m - x*‖, mV: near k = 1 a small step does not mean a small error.

    Raises
    ------
    ValueError
        If `k` is not in [0, 1), or a step is negative.

    Examples
    --------
    >>> print(f"{a_posteriori_error(0.99, last_step=1e-6):.2g}")
    9.9e-05
    """
    k, step = _constant(k), _not_negative("last_step", last_step)
    return (k / (1 - k) * step)[()]


def certify(net: RateNetwork, E: ArrayLike) -> Certificate:
    """Return what can be proved about the fixed points of a network from a state that should be near one.

    Parameters
    ----------
    net : RateNetwork
        The network, with the exact rate function, a `RateTable` (the certificate is then about the exact function,
        not the table), or a `KnownRate` with a `max_slope` (and a `max_curvature`, for Newton-Kantorovich), whose
        maker answers for what it says, and for ten digits of its values. Of any other function nothing is proved.
    E : array_like, shape (n,)
        The state, mV: the end of an iteration, say.

    Returns
    -------
    Certificate
        Every statement in it holds with rounding taken into account, given that `firing_rate` and `firing_rate_slope`
        are right to ten digits (they are tested to thirteen). `reason` says which proof it was, and what the others
        came to: a contraction of the whole space (the constants of `lipschitz_constants`), or only of a box that
        holds every fixed point, or none.

    Raises
    ------
    TypeError, ValueError
        If `net` is no `RateNetwork`, or `E` is not made of real numbers in the shape (n,).

    Notes
    -----
    Three attempts. *Banach* on the whole space, with the constants of `lipschitz_constants`. *Banach on a box*: all
    fixed points lie in ``net.box()``, which follows from the range of the rate. The map takes that box into a smaller
    one; it is shrunk until it stops shrinking, and on what remains the slopes are often far below max r'.
    *Newton-Kantorovich* (Kantorovich 1948) for the largest component, with an approximate inverse C of I - DF(E), so
    that C's own error counts against the proof: T(x) = x - C(x - F(x)) has T(E) - E of size Y, ‖DT(E)‖ <= Z and DT
    changes by at most L per mV. A fixed point at distance t has p(t) = Lt²/2 - (1 - Z)t + Y >= 0, so that none lies
    between the roots of p; and T contracts the ball within the smaller root.

    Examples
    --------
    >>> net = RateNetwork([[0, 50], [50, 0]], E0=8.0)
    >>> certificate = certify(net, [8.913157, 8.913157])
    >>> certificate.method, certificate.unique, certificate.radius < 1e-6
    ('Banach', True, True)
    """
    x = states("E", E, instance("net", net, RateNetwork).n)
    if x.ndim != 1:
        raise ValueError(f"E must be one state of shape ({net.n},), got shape {x.shape}")
    certain = Certain(net)
    if certain.doubt:
        return nothing(certain.doubt)
    if not np.isfinite(x).all():
        return nothing("the state is not finite")
    if net.n == 0:
        return Certificate(True, True, 0.0, "Banach", np.inf, 0.0, "inf", "there is only one state")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        defect, error = residual(net, x, certain)
        low, high = box(net, certain)
        away = float(np.maximum(np.abs(x - low), np.abs(high - x)).max()) * (1 + 1e-15)
        newton = newton_kantorovich(net, x, certain, defect, error)
        k, norm, distance = banach(net, np.full(net.n, certain.slope), np.abs(defect) + error)
        reason = f"F contracts the whole space by k = {k:.4g} in the norm {norm!r}"
        if k >= 1:
            reason = f"F need not contract the whole space (k = {k:.4g})"
            if np.isfinite(away):
                k, norm, distance = banach(net, certain.steepest(low, high), None)
                reason += f", {'but' if k < 1 else 'nor'} a box that holds every fixed point ("
                reason += f"by k = {k:.4g} in the norm {norm!r})" if k < 1 else f"k = {k:.4g})"
    radius = min(distance, away, newton.radius if newton.exists else np.inf)
    if k < 1 and np.isfinite(radius):
        return Certificate(True, True, radius, "Banach", np.inf, k, norm, reason)
    reason = f"{newton.reason}; {reason}"
    if newton.exists and away < newton.unique_within:
        reason = f"{newton.reason}, and every fixed point is in that ball"
        return Certificate(True, True, newton.radius, newton.method, np.inf, newton.constant, newton.norm, reason)
    return replace(newton, reason=reason)


def _steepest(net: RateNetwork) -> float:
    slope, neuron = net.known.max_slope, net.known.neuron
    if np.isfinite(slope):
        return slope
    if neuron is None:
        raise ValueError("steepest must be given (a bound on the slope), because of net.rate none is known")
    # Outside the range in which the bound is proved, the maximum that was found, with a margin.
    return max_slope(neuron).slope * (1 + 1e-9)


def _constant(k: ArrayLike) -> Array:
    out = array("k", k, finite=False)
    if ((out < 0) | (out >= 1)).any():
        raise ValueError(f"k must be in [0, 1): above that there is no contraction and no bound, got {show(k)}")
    return out


def _not_negative(name: str, value: ArrayLike) -> Array:
    out = array(name, value, finite=False)
    if (out < 0).any():
        raise ValueError(f"{name} must not be negative, got {show(value)}")
    return out
