"""Bounds on the firing rate, its slope and its curvature that hold with rounding taken into account.

Write a = (v_r - E_L - E)/σ, b = (v_th - E_L - E)/σ, g(u) = e^{u²}(1 + erf u) and q = g(b) - g(a). Siegert's formula
gives 1/r = τ_ref + τ√π ∫_a^b g and r' = c r² q with c = τ√π/σ. All derivatives of g are positive, because
g(u) = (2/√π) ∫_0^∞ exp(-t² + 2ut) dt. So, as E grows, r rises while q and q₁ = g'(b) - g'(a) fall, and on [E₁, E₂]

    r'  =  c r² q                       lies below  r(E₂)² · (r'/r²)(E₁),
    r'' =  2 r'²/r  -  (c/σ) r² q₁      is a difference of two such products.

That bounds both over an interval by their values at its ends. A cover of the line by intervals, halved where the
bound is not yet good enough, then bounds the maxima; beyond both ends of the cover, elementary inequalities do.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, erfcx

from netmod.lif.neuron import LIF, kinds
from netmod.rate.functions import firing_rate, firing_rate_slope

Array = NDArray[np.float64]

# `firing_rate` and its slope keep a relative error near 1e-13 (tested against mpmath); what is claimed here is a
# thousand times weaker. Inputs beyond the range of (v_th - v_r)/σ below get no claim at all.
RELATIVE = 1e-10
RATIO_RANGE = (1e-2, 1e3)
_PART = 32  # neurons whose covers are looked at together
_U = np.finfo(float).eps
_TINY = 1e-290
_B_LEFT = 8.0  # the cover starts where b = 8; further left, r < e^{-62}


def supported(neuron: LIF) -> bool:
    """Return whether bounds are claimed for this neuron, or for all of several."""
    low, high = RATIO_RANGE[0] * neuron.sigma, RATIO_RANGE[1] * neuron.sigma
    reach = neuron.v_th - neuron.v_r
    return bool(np.all((neuron.sigma > 0) & (low <= reach) & (reach <= high)))


def enclosures(E: Array, neuron: LIF) -> tuple[Array, Array, Array, Array]:
    """Return r, a bound on its error, r' and a bound on its error, at the exact values of `E`.

    The error of `firing_rate` is its relative error plus what the rounding of a and b does: |∂r/∂v_th| and |∂r/∂v_r|
    are at most r' + r/Δ and r/Δ with Δ = v_th - v_r, since ∫_a^b g >= (b - a) g(a); and as (log g)' grows, the same
    holds for the slope with an extra factor 3κ/σ, where κ = (log g)'(b) <= 2 max(b, 0) + 2/√π.
    """
    r = np.asarray(firing_rate(E, neuron), dtype=float)
    s = np.asarray(firing_rate_slope(E, neuron), dtype=float)
    gap = neuron.v_th - neuron.v_r
    shift = 16 * _U * (np.abs(E) + np.abs(neuron.E_L) + np.abs(neuron.v_th) + np.abs(neuron.v_r))
    kappa = 2 * np.maximum((neuron.v_th - neuron.E_L - E) / neuron.sigma, 0) + 1.2
    size = s + 2 * r / gap
    return r, RELATIVE * r + shift * size + _TINY, s, (RELATIVE + 5 * kappa / neuron.sigma * shift) * size + _TINY


def slope_over(low: Array, high: Array, neuron: LIF, pieces: int = 32) -> Array:
    """Return an upper bound on r' over each interval [low_i, high_i]; the smaller for more `pieces`.

    Besides the bound above, r' <= r(E₂) κ(E₁)/σ, which is the better one far below threshold.
    """
    overall = maxima(neuron)[0]
    edges = low + (high - low) * np.linspace(0, 1, pieces + 1)[:, None]
    edges[0], edges[-1] = low, high
    r, dr, s, ds = enclosures(edges, neuron)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        bound = (s + ds)[:-1] * ((r + dr)[1:] / (r - dr)[:-1]) ** 2
    bound = np.where((r - dr)[:-1] > 0, bound, np.inf)
    kappa = 2 * np.maximum((neuron.v_th - neuron.E_L - edges[:-1]) / neuron.sigma, 0) + 1.2
    bound = np.minimum(bound, (r + dr)[1:] * kappa / neuron.sigma)
    return np.minimum(bound.max(axis=0), overall)


def slopes_over(low: Array, high: Array, neuron: LIF) -> tuple[Array, Array]:
    """Return a lower and an upper bound on r' over each interval [low_i, high_i]; both are near it if that is short.

    From the monotone factors, r(E₁)² (r'/r²)(E₂) <= r' <= r(E₂)² (r'/r²)(E₁), and from the curvature: r' changes by
    at most max |r''| per mV from its values at both ends.
    """
    steepest, curvature = maxima(neuron)
    r, dr, s, ds = enclosures(np.stack([low, high]), neuron)
    bend = curvature * (high - low) * (1 + 4 * _U)
    kappa = 2 * np.maximum((neuron.v_th - neuron.E_L - low) / neuron.sigma, 0) + 1.2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        up = ((r[1] + dr[1]) / (r[0] - dr[0])) ** 2 * (1 + 8 * _U)
        most = np.where(r[0] > dr[0], (s[0] + ds[0]) * up, np.inf)
        least = np.where(r[0] > dr[0], np.maximum(s[1] - ds[1], 0) / up, 0.0)
    most = np.minimum(np.minimum(most, steepest), (r[1] + dr[1]) * kappa / neuron.sigma * (1 + 8 * _U))
    most = np.minimum(most, (s[0] + ds[0] + s[1] + ds[1] + bend) / 2 * (1 + 4 * _U))
    return np.maximum(least, (s[0] - ds[0] + s[1] - ds[1] - bend) / 2 - 4 * _U * steepest), most


@lru_cache(maxsize=64)
def maxima(neuron: LIF) -> tuple[float, float]:
    """Return upper bounds on max r' (within 3e-9 of it) and on max |r''| (within 0.2 %), or infinities.

    Infinity means that nothing is claimed: no noise, an extreme ratio of noise to threshold, or a cover that would
    need too many intervals. For neurons that differ, they bound the largest of all, and are looser (by some percent
    and by half), as no interval is halved.
    """
    if not supported(neuron):
        return np.inf, np.inf
    neuron, _ = kinds(replace(neuron, E_L=0.0))  # E_L moves a rate, and changes neither maximum
    if neuron.shape:
        parts = [LIF(*(x[k : k + _PART] for x in vars(neuron).values())) for k in range(0, neuron.shape[0], _PART)]
        slope, curvature = (max((_cover(part, order, 0.0) for part in parts), default=0.0) for order in (0, 1))
        return slope * (1 + 2e-9), curvature * (1 + 1e-9)
    slope = _cover(neuron, 0, 1e-9)
    curvature = _cover(neuron, 1, 1e-3)
    return slope * (1 + 2e-9), curvature * (1 + 1e-3)


def _cover(neuron: LIF, order: int, tol: float) -> float:
    """Return a bound for the whole line, from bounds over intervals that cover it.

    For one neuron the intervals are halved until it is (1 + tol) times the largest value found.
    """
    bound, tail = (_slope_bound, _slope_tail) if order == 0 else (_curvature_bound, _curvature_tail)

    def at(y: Array) -> Array:
        return (neuron.v_th - neuron.E_L) + neuron.sigma * (y[:, None] if neuron.shape else y)

    edges = at(np.concatenate([np.linspace(-_B_LEFT, 4, 1200), np.geomspace(4, 16, 200)[1:]]))
    low, high = edges[:-1], edges[1:]
    y = 16.0
    while True:  # go right until the tail cannot matter, or never will (no refractory period: r' tends to a constant)
        values, uppers = bound(low, high, neuron)
        found = values.max(axis=0)
        right = tail(y, neuron)
        if np.all(right <= found) or y > 1e9:
            break
        edges = at(np.geomspace(y, 4 * y, 40))
        edges[0] = high[-1]
        low, high = np.concatenate([low, edges[:-1]]), np.concatenate([high, edges[1:]])
        y *= 4
    ends = float(np.max([right, _left_tail(neuron)]))
    if neuron.shape:
        return max(ends, float(uppers.max()))
    for _ in range(60):
        doubtful = uppers > found * (1 + tol)
        if not doubtful.any():
            return max(float(found * (1 + tol)), ends)
        low, high = low[doubtful], high[doubtful]
        middle = low + (high - low) / 2
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        if low.size > 2_000_000:
            break
        values, uppers = bound(low, high, neuron)
        found = max(found, values.max())
    return np.inf


def _slope_bound(low: Array, high: Array, neuron: LIF) -> tuple[Array, Array]:
    """Return r' at the left ends, and a bound on it over each interval."""
    r1, s1 = firing_rate(low, neuron), firing_rate_slope(low, neuron)
    return s1, s1 * (firing_rate(high, neuron) / r1) ** 2


def _curvature_bound(low: Array, high: Array, neuron: LIF) -> tuple[Array, Array]:
    """Return |r''| at the left ends, and a bound on it over each interval."""
    r1, s1 = firing_rate(low, neuron), firing_rate_slope(low, neuron)
    r2, s2 = firing_rate(high, neuron), firing_rate_slope(high, neuron)
    grow1, grow2 = 2 * s1**2 / r1, 2 * s2**2 / r2
    fall1, fall2 = s1 * _steepening(low, neuron) / neuron.sigma, s2 * _steepening(high, neuron) / neuron.sigma
    up = (r2 / r1) ** 2
    grow_most, grow_least = grow1 * up * (r2 / r1), grow2 / up / (r2 / r1)
    fall_most, fall_least = fall1 * up, fall2 / up
    return np.abs(grow1 - fall1), np.maximum(grow_most - fall_least, fall_most - grow_least)


def _steepening(E: Array, neuron: LIF) -> Array:
    """Return q₁/q, where q₁ = 2b g(b) - 2a g(a), with every g multiplied by e^{-b²} where b > 0."""
    a, b = (neuron.v_r - neuron.E_L - E) / neuron.sigma, (neuron.v_th - neuron.E_L - E) / neuron.sigma
    top, bottom = np.maximum(b, 0), np.minimum(a, 0)
    g_b = np.where(b > 0, erfc(-top), erfcx(np.maximum(-b, 0)))
    scale = np.exp(-np.where(b > 0, top**2, 0))
    g_a = np.where(a > 0, np.exp(np.minimum(a**2 - b**2, 0)) * erfc(-a), erfcx(-bottom) * scale)
    return 2 * (b * g_b - a * g_a) / (g_b - g_a)


def _slope_tail(y: float, neuron: LIF) -> Array:
    """Return a bound on r' wherever b <= -y.

    r'/r <= (log g)'(b)/σ <= 1/(yσ) and r <= 1/(τ√π (b - a) g(a)), with 1/(√π g(a)) <= y_a + 1/(2 y_a), y_a = -a; the
    product falls in y. With a refractory period also r' <= (r'/r²)(E) / τ_ref², from the monotone factors.
    """
    gap = neuron.v_th - neuron.v_r
    y_a = y + gap / neuron.sigma
    E = neuron.v_th - neuron.E_L + neuron.sigma * y
    r, s = firing_rate(E, neuron), firing_rate_slope(E, neuron)
    with np.errstate(divide="ignore"):
        bound = np.minimum((y_a + 0.5 / y_a) / (y * neuron.tau * gap), s / (r * neuron.tau_ref) ** 2)
    return np.asarray(bound * (1 + 1e-9))


def _curvature_tail(y: float, neuron: LIF) -> Array:
    """Return a bound on |r''| wherever b <= -y: r'' is a difference of 2 r'²/r and r' (q₁/q)/σ, and q₁/q <= 2/y."""
    slope = _slope_tail(y, neuron)
    r = firing_rate(neuron.v_th - neuron.E_L + neuron.sigma * y, neuron)
    return np.maximum(2 * slope**2 / r, 2 * slope / (y * neuron.sigma)) * (1 + 1e-9)


def _left_tail(neuron: LIF) -> Array:
    """Return a bound on both r' and |r''| wherever b >= 8.

    With δ = min(b - a, 1/b), ∫_a^b g >= δ e^{b² - 2}; r'/r <= (2b + 2/√π)/σ; |r''| <= r' (4b + 3)/σ. All fall in b.
    """
    b = _B_LEFT
    reach = np.minimum((neuron.v_th - neuron.v_r) / neuron.sigma, 1 / b)
    r = np.exp(2 - b**2) / (neuron.tau * np.sqrt(np.pi) * reach)
    slope = r * (2 * b + 1.2) / neuron.sigma
    return np.asarray(slope * np.maximum(1.0, (4 * b + 3) / neuron.sigma) * 1.01)
