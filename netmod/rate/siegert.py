"""The special function behind the firing rate: integrals of erfcx, scaled so that nothing overflows.

In units of the noise the mean interval of a leaky integrate-and-fire neuron is an integral of one function,

    I(y) = integral of erfcx from y to y + delta,        erfcx(u) = exp(u**2) erfc(u),

where ``y = (E + E_L - v_th) / sigma`` says how far the drive is above threshold and ``delta = (v_th - v_r) / sigma``
how far the reset is below it. This module computes ``R = 1 / (rho + I)`` and its first two derivatives. All rests
on one function of one variable, H(y) = integral of erfcx from 0 to y >= 0, written as

    H(y) = log1p(y**2) / (2 sqrt(pi)) + C - Q(y) / (1 + y**2),      C = (Euler's gamma / 2 + ln 2) / sqrt(pi),

with a bounded and smooth Q. Two such H differ by a log1p and two small terms, without cancellation.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray
from scipy import special

from netmod._checks import array
from netmod.lif.neuron import LIF, Parameter, fit

Floats = NDArray[np.float64]

FAR = 1e8
"""Above this y the noise changes nothing in double precision: I is log1p(delta / y) / sqrt(pi)."""

LOW = -40.0
"""Below this y every rate is 0 in double precision: exp(-y**2) < 1e-694."""

_ASYMPTOTIC = 10.0
"""From this y on, 12 terms of the asymptotic series of erfcx are exact to rounding."""

_SQRT_PI = np.sqrt(np.pi)

Q_CHEBYSHEV = (
    0.24613588267676512,
    -0.17079713775594044,
    0.09272093435913106,
    -0.03478268696211099,
    0.00901693242082195,
    -0.0010734114910852125,
    -0.00036607486275420025,
    0.0002448379329567383,
    -4.631101474467203e-05,
    -1.4469134983054405e-05,
    1.1266943362738968e-05,
    -1.9466012996354724e-06,
    -9.083213625086558e-07,
    5.990876021150219e-07,
    -7.825271876408746e-08,
    -6.211087101791702e-08,
    3.433526827230135e-08,
    -2.737587314145709e-09,
    -4.441187353238075e-09,
    2.0598234604913595e-09,
    -3.3969753273847505e-11,
    -3.250383152314171e-10,
    1.2548047686125064e-10,
    7.797801789626073e-12,
    -2.3990235787355998e-11,
    7.604783096774779e-12,
    1.2534139173378032e-12,
    -1.772878824140364e-12,
    4.4798465565176887e-13,
    1.3922827778980146e-13,
    -1.3042693567414736e-13,
    2.477594482941837e-14,
    1.3576536246214147e-14,
    -9.505930482629647e-15,
    1.1940644669752415e-15,
    1.2373696778647141e-15,
    -6.828751442932251e-16,
    3.8198976156773475e-17,
    1.0803423827608992e-16,
    -4.805288234712693e-17,
    -1.1639779671444545e-18,
    9.140221292930061e-18,
    -3.2839049795344157e-18,
    -4.0494622929576166e-19,
    7.535505344528042e-19,
    -2.1501465974888241e-19,
)
"""Chebyshev coefficients of Q in t = (y - 2) / (y + 2), from 40 digits; tests/test_rate.py computes them again."""

_CELLS = 256
_DEGREE = 5
_BLOCK = 4096  # elements that go through the formulas together: their temporaries stay in cache


def _piecewise() -> Floats:
    """Return monomial coefficients (degree + 1, cells) of Q in cells of equal width in t: quicker than the series."""
    nodes = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1)) / 2
    t = 2 * (np.arange(_CELLS)[:, None] + 0.5 + nodes) / _CELLS - 1
    values = chebyshev.chebval(t, np.array(Q_CHEBYSHEV))
    return np.ascontiguousarray(np.linalg.solve(np.vander(nodes, increasing=True), values.T))


_Q = _piecewise()
_GAUSS_X, _GAUSS_W = (np.polynomial.legendre.leggauss(10)[0] + 1) / 2, np.polynomial.legendre.leggauss(10)[1] / 2


def _correction(y: Floats) -> Floats:
    """Return Q(y) / (1 + y**2) for y >= 0."""
    u = y / (y + 2) * _CELLS
    cell = np.minimum(np.floor(u), _CELLS - 1)
    s = u - cell - 0.5
    i = cell.astype(np.intp)
    q = np.take(_Q[-1], i)
    for c in _Q[-2::-1]:
        q *= s
        q += np.take(c, i)
    return q / (1 + y * y)


def _at(parameter: Parameter, where: Any) -> Parameter:
    """Return the values of a parameter at some elements; a number is the same at all of them."""
    return parameter[where] if isinstance(parameter, np.ndarray) else parameter


def integral(y: Floats, delta: Parameter) -> Floats:
    """Return H(|y + delta|) - H(|y|), where H is the integral of erfcx from 0; shape of `y`."""
    top = np.abs(y + delta)
    bottom = np.abs(y)
    # (top**2 - bottom**2) / (1 + bottom**2), written so that nothing cancels
    grown = delta * (2 * y + delta) / (1 + y * y)
    return np.log1p(grown) / (2 * _SQRT_PI) + _correction(bottom) - _correction(top)


def _h_series(y: Floats) -> Floats:
    """Return h(y) = 1 - sqrt(pi) y erfcx(y) for y >= 10 from its asymptotic series, without cancellation."""
    z = 0.5 / (y * y)
    h = np.zeros_like(z)
    for k in range(12, 0, -1):  # h = z (1 - 3 z (1 - 5 z (...)))
        h = (2 * k - 1) * z * (1 - h)
    return h


def _h_pair(y: Floats, delta: Parameter) -> tuple[Floats, Floats]:
    """Return h(y) and h(y) - h(y + delta) for y >= 10, both from the series, without cancellation."""
    z = 0.5 / (y * y)
    top = y + delta
    z_top = 0.5 / (top * top)
    z_drop = z * (delta / top) * ((y + top) / top)
    h, drop = np.zeros_like(z), np.zeros_like(z)
    for k in range(12, 0, -1):
        drop = (2 * k - 1) * (z_drop * (1 - h) - z_top * drop)
        h = (2 * k - 1) * z * (1 - h)
    return h, drop


def _scaled_erfcx(y: Floats, shift: Parameter, weight: Floats) -> Floats:
    """Return weight * erfcx(y + shift), where weight is exp(-y**2) for y < 0, else 1; never overflows."""
    u = y + shift
    value = weight * special.erfcx(np.abs(u))
    negative = u < 0
    if negative.any():  # erfcx(u) = 2 exp(u**2) - erfcx(-u), and u**2 - y**2 = shift (2 y + shift)
        v, yn, s = value[negative], y[negative], _at(shift, negative)
        value[negative] = 2 * np.exp(s * (2 * yn + s)) - v
    return value


def _weight(y: Floats) -> Floats:
    return np.exp(-np.square(np.minimum(y, 0.0)))


def _interval(y: Floats, delta: Parameter, weight: Floats) -> Floats:
    """Return weight * I(y)."""
    out = weight * integral(y, delta)
    below = y < 0
    if below.any():  # the half of erfcx that grows, integrated exactly: Dawson's function
        yn, d = y[below], _at(delta, below)
        grow = special.dawsn(-yn)
        top = np.maximum(-yn - d, 0.0)
        if top.any():
            # where top is 0 so is its Dawson function, and the exponent does not matter
            grow -= np.exp(np.minimum(d * (2 * yn + d), 0.0)) * special.dawsn(top)
        out[below] += 2 * grow
    return out


def reduced(y: Floats, delta: Parameter, rho: Parameter, order: int) -> Floats:
    """Return a derivative of R(y) = 1 / (rho + I(y)), the rate in natural units.

    Parameters
    ----------
    y : (n,) array
        Drive above threshold in units of sigma, in [`LOW`, `FAR`].
    delta : float or (n,) array
        Distance from reset to threshold in units of sigma, positive and at most 1e150.
    rho : float or (n,) array
        Refractory period over (tau sqrt(pi)).
    order : {0, 1, 2}
        Which derivative with respect to `y`.
    """
    weight = _weight(y)
    near = delta * (1 + np.abs(y)) < 1 if np.any(delta < 1) else np.zeros(0, dtype=bool)
    quadrature = bool(near.any())
    interval = _interval(y, delta, weight)
    if quadrature:  # the ends lie too close for a difference of two H, and close enough for Gauss's rule
        yn, wn, dn = y[near], weight[near], _at(delta, near)
        interval[near] = dn * sum(w * _scaled_erfcx(yn, dn * x, wn) for x, w in zip(_GAUSS_X, _GAUSS_W, strict=True))
    D = rho * weight + interval
    if order == 0:
        return weight / D
    S = _scaled_erfcx(y, 0.0, weight) - _scaled_erfcx(y, delta, weight)
    large = y > _ASYMPTOTIC
    if large.any():
        y0, d0 = y[large], _at(delta, large)
        y1 = y0 + d0
        h0, drop = _h_pair(y0, d0)
        S[large] = (d0 / y1 * (1 - h0) - drop * (y0 / y1)) / y0 / _SQRT_PI
    if quadrature:
        S[near] = 2 / _SQRT_PI * dn * sum(w * _h(yn, dn * x, wn) for x, w in zip(_GAUSS_X, _GAUSS_W, strict=True))
    if order == 1:
        return S * (weight / D) / D
    V = 2 / _SQRT_PI * (_h(y, 0.0, weight) - _h(y, delta, weight))
    if large.any():
        V[large] = 2 / _SQRT_PI * drop
    if quadrature:
        slopes = (w * _h_slope(yn, dn * x, wn) for x, w in zip(_GAUSS_X, _GAUSS_W, strict=True))
        V[near] = -2 / _SQRT_PI * dn * sum(slopes)
    return (weight / D) * (2 * (S / D) * (S / D) - V / D)


def _h(y: Floats, shift: Parameter, weight: Floats) -> Floats:
    """Return weight * h(y + shift), h(u) = 1 - sqrt(pi) u erfcx(u) = -(sqrt(pi) / 2) erfcx'(u)."""
    u = y + shift
    value = weight - _SQRT_PI * u * _scaled_erfcx(y, shift, weight)
    large = u > _ASYMPTOTIC
    if large.any():
        value[large] = weight[large] * _h_series(u[large])
    return value


def _h_slope(y: Floats, shift: Parameter, weight: Floats) -> Floats:
    """Return weight * h'(y + shift), h'(u) = 2 u h(u) - sqrt(pi) erfcx(u) = ((1 + 2 u**2) h(u) - 1) / u."""
    u = y + shift
    value = 2 * u * _h(y, shift, weight) - _SQRT_PI * _scaled_erfcx(y, shift, weight)
    large = u > _ASYMPTOTIC
    if large.any():  # termwise derivative of the asymptotic series of h
        z = 0.5 / np.square(u[large])
        total = np.zeros_like(z)
        for k in range(12, 0, -1):
            total = (2 * k - 1) * z * (k - total)
        value[large] = weight[large] * (-2 / u[large]) * total
    return value


class Scales(NamedTuple):
    """What the formulas need of a neuron: each a number, or an array with one value for each element."""

    theta: Parameter
    """v_th - E_L, mV, and by how much it was rounded."""
    rounded: Parameter
    reach: Parameter
    """v_th - v_r, mV."""
    sigma: Parameter
    """Never less than 1e-150 of `reach`: less is no noise, and its square would overflow."""
    silent: Parameter
    """Whether there is no noise."""
    tau: Parameter
    tau_ref: Parameter

    @staticmethod
    def of(neuron: LIF) -> Scales:
        """Return the scales of `neuron`; arrays have the shape of its arrays."""
        theta, reach = neuron.v_th - neuron.E_L, neuron.v_th - neuron.v_r
        b = theta - neuron.v_th
        rounded = (neuron.v_th - (theta - b)) - (neuron.E_L + b)
        sigma = np.maximum(neuron.sigma, 1e-150 * reach)
        return Scales(theta, rounded, reach, sigma, neuron.sigma == 0, neuron.tau, neuron.tau_ref)

    def at(self, where: Any) -> Scales:
        """Return the scales of some elements."""
        return Scales(*(_at(parameter, where) for parameter in self))


def evaluate(E: ArrayLike, neuron: LIF, order: int) -> Any:
    """Return the rate (order 0), its slope (1) or its curvature (2) at mean inputs `E`, mV.

    It has the shape of `E`, broadcast with the neuron's parameters.
    """
    x = fit(array("E", E, finite=False), neuron)
    scales, n = Scales.of(neuron), math.prod(neuron.shape)
    return elementwise(x.reshape(-1), scales, order, n).reshape(x.shape)[()]


def elementwise(E: Floats, scales: Scales, order: int, n: int | None = None) -> Floats:
    """Return the rate, or a derivative, for a one-dimensional array: scales repeat after `n` elements."""
    out = np.empty(E.shape)
    n = E.size if n is None else n
    arrays = any(isinstance(x, np.ndarray) for x in scales)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        for start in range(0, E.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            mine = scales.at(np.arange(start, min(start + _BLOCK, E.size)) % n) if arrays else scales
            out[part] = _block(E[part], mine, order)
    return out


def _block(E: Floats, scales: Scales, order: int) -> Floats:
    """Return the rate (or a derivative) for a short one-dimensional array."""
    finite = np.isfinite(E)
    all_finite = bool(finite.all())
    theta, rounded, reach, sigma, silent, tau, tau_ref = scales
    # E + E_L - v_th with the rounding of v_th - E_L put back: weak noise makes it large
    x = ((E if all_finite else np.where(finite, E, 0.0)) - theta) - rounded
    y = x / sigma
    if np.any(silent):
        y = np.where(silent, np.where(x > 0, np.inf, -np.inf), y)
    scale = tau * _SQRT_PI
    out = reduced(np.clip(y, LOW, FAR), reach / sigma, tau_ref / scale, order)
    out /= scale * sigma**order
    far = y > FAR
    if far.any():
        out[far] = _noise_free(x[far], scales.at(far), order)
    if not all_finite:
        out[~finite] = np.where(np.isnan(E[~finite]), np.nan, 0.0)
        top = np.isposinf(E)
        out[top] = _at_infinity(scales.at(top), order)
    return out


def _noise_free(x: Floats, scales: Scales, order: int) -> Floats:
    """Return the rate without noise, or a derivative, at x > 0 mV above threshold."""
    tau, reach = scales.tau, scales.reach
    T = scales.tau_ref + tau * np.log1p(reach / x)
    if order == 0:
        return 1 / T
    # r' = (r / x) p, arranged so that no factor overflows where r itself does
    over_x = 1 / (x * T)
    p = tau * reach / ((x + reach) * T)
    if order == 1:
        return over_x * p
    return over_x / x * p * (2 * p - 1 - x / (x + reach))


def _at_infinity(scales: Scales, order: int) -> Parameter:
    """Return the limit for E → ∞."""
    if order == 0:
        return np.divide(1.0, scales.tau_ref)  # infinite without a refractory period
    slope = 1 / (scales.tau * scales.reach) if order == 1 else 0.0
    return np.where(np.equal(scales.tau_ref, 0), slope, 0.0)
