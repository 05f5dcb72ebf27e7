"""The proofs behind `certify`: contraction in some norm, the box of all fixed points, Newton-Kantorovich."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netmod._matrix import dense, scale_columns
from netmod.contraction import norms as _norms
from netmod.dynamics import RateNetwork
from netmod.lif import LIF
from netmod.rate.bounds import enclosures

Array = NDArray[np.float64]

_MAX_INVERSE = 4000  # Newton-Kantorovich needs a dense inverse; beyond this size it is not tried
_BOX_STEPS = 60


@dataclass(frozen=True)
class Certificate:
    """What `certify` proved about the fixed points of a network near a state E.

    Attributes
    ----------
    exists : bool
        There is a fixed point within `radius` of E.
    unique : bool
        It is the only one in the whole space.
    radius : float
        Bound on the largest component of its distance from E, mV; NaN if nothing was proved.
    method : str
        "Banach", "Newton-Kantorovich", or "none".
    unique_within : float
        It is the only fixed point whose components all differ by less than this from those of E, mV: infinity if it
        is the only one at all, 0 if nothing was proved.
    constant : float
        Banach: the contraction constant. Newton-Kantorovich: h = βLη, at most ½. NaN if nothing was proved.
    norm : str
        Banach: the norm of the contraction, one of the names of `lipschitz_constants`. Newton-Kantorovich: "inf".
    reason : str
        What the proof rests on, or why there is none.
    """

    exists: bool
    unique: bool
    radius: float
    method: str
    unique_within: float
    constant: float
    norm: str
    reason: str

    def __repr__(self) -> str:
        if self.method == "none":
            return f"Certificate(nothing proved: {self.reason})"
        where = "in the whole space" if self.unique else f"within {self.unique_within:.3g} mV"
        return f"Certificate({self.method}: one fixed point within {self.radius:.2g} mV, the only one {where})"


def banach(net: RateNetwork, slopes: Array, defect: Array | None, where: str) -> tuple[float, str, float, str] | None:
    """Return (constant, norm, distance to the fixed point, reason) for the norm that gives the nearest, or None.

    `slopes` bounds r' per neuron. A `defect` bounds |x - F(x)|; without one, no distance follows.
    """
    J = scale_columns(abs(net.W), slopes)
    top = 1 + 4 * np.finfo(float).eps
    perron, u, e = _norms.perron(J)
    found = []
    for norm, k in (("inf", _norms.inf(J)), ("1", _norms.one(J)), ("fro", _norms.frobenius(J)), ("perron", perron)):
        if k * top < 1:
            found.append((k * top, norm))
    if not found and net.n <= _MAX_INVERSE:
        k = _norms.two(scale_columns(net.W, slopes)) * top
        if k < 1:
            found.append((k, "2"))
    best: tuple[float, str, float, str] | None = None
    for k, norm in found:
        if defect is None:
            length = np.inf
        elif norm == "perron":
            scale = np.exp2((e - e.max()).astype(float))
            length = float((defect / (u * scale)).max()) * float((u * scale).max()) if (scale > 0).all() else np.inf
        else:
            length = float(np.linalg.norm(defect, {"inf": np.inf, "1": 1}.get(norm, 2)))
        distance = length / ((1 - k) * (1 - 1e-15)) * (1 + _norms.gamma(net.n))
        if best is None or distance < best[2]:
            best = (k, norm, distance, f"F contracts {where} by k = {k:.4g} in the norm {norm!r}")
    return best


def newton_kantorovich(
    net: RateNetwork, x: Array, neuron: LIF, residual: Array, error: Array, curvature: float
) -> Certificate:
    """Return a certificate for one fixed point near `x` from T(x) = x - C (x - F(x)), or nothing."""
    if not np.isfinite(curvature):
        return nothing("no bound on the curvature of the rate is known for this neuron")
    if net.n > _MAX_INVERSE:
        return nothing(f"not a contraction, and n > {_MAX_INVERSE} is too large for Newton-Kantorovich")
    n, g = net.n, _norms.gamma(net.n)
    W = dense(net.W)
    aW, ones = np.abs(W), np.ones(n)
    _, _, s, ds = enclosures(x, neuron)
    M = np.eye(n) - W * s
    try:
        C = np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return nothing("I - DF(E) is singular")
    aC = np.abs(C)
    if not np.isfinite(aC).all():
        return nothing("I - DF(E) is singular")
    # |C (I - W diag r') - I|: as computed, plus rounding of the product, plus the error of the matrix itself
    dM = aW @ ds + g * (aW @ s + ones)
    Z = (np.abs(C @ M - np.eye(n)) @ ones + g * (aC @ (np.abs(M) @ ones)) + aC @ dM).max() * (1 + 4 * g) + g
    Y = (np.abs(C @ residual) + g * (aC @ np.abs(residual)) + aC @ error).max() * (1 + 4 * g)
    L = (np.abs(C @ W) @ ones + g * (aC @ (aW @ ones))).max() * curvature * (1 + 4 * g)
    if not (np.isfinite([Y, L]).all() and Z < 1):
        return nothing("I - DF(E) is too close to singular for a proof")
    beta, eta = L / (1 - Z), Y / (1 - Z)
    h = beta * eta * (1 + 1e-14)
    if h > 0.5 * (1 - 1e-12):
        return nothing(f"not a contraction, and h = {h:.3g} is above 1/2 at this state")
    root = np.sqrt(1 - 2 * h)
    radius = float(2 * eta / (1 + root)) * (1 + 1e-12)
    within = float((1 + root) / beta) * (1 - 1e-12) if beta > 0 else np.inf
    reason = f"h = {h:.3g} <= 1/2"
    return Certificate(True, bool(np.isinf(within)), radius, "Newton-Kantorovich", within, float(h), "inf", reason)


def residual(net: RateNetwork, x: Array, neuron: LIF) -> tuple[Array, Array]:
    """Return x - F(x) as computed, and a bound on its rounding error, per component."""
    r, dr, _, _ = enclosures(x, neuron)
    aW = abs(net.W)
    residual = x - net.E0 - net.W @ r
    error = aW @ dr + _norms.gamma(net.n) * (np.abs(x) + np.abs(net.E0) + aW @ r)
    return residual, error * (1 + _norms.gamma(net.n)) + 1e-290


def box(net: RateNetwork, neuron: LIF) -> tuple[Array, Array]:
    """Return the ends of a box that holds every fixed point, rounded outward; infinite without a refractory period.

    Every state F(E) lies in the first box, since rates lie in [0, 1/τ_ref]. If all fixed points lie in [a, b], then
    they lie in F's image of it too, whose ends follow from r(a) and r(b) as r increases. F maps each box into itself.
    """
    plus, minus = (abs(net.W) + net.W) / 2, (abs(net.W) - net.W) / 2
    g = _norms.gamma(net.n)
    r_low, r_high = net.rate_range()
    low, high = np.full(net.n, -np.inf), np.full(net.n, np.inf)
    if not np.isfinite([r_low, r_high]).all():
        return low, high
    r_high = r_high * (1 + 1e-15)
    for _ in range(_BOX_STEPS):
        size = g * (np.abs(net.E0) + (plus + minus) @ r_high)
        new_low = np.maximum(low, net.E0 + plus @ r_low - minus @ r_high - size)
        new_high = np.minimum(high, net.E0 + plus @ r_high - minus @ r_low + size)
        shrunk = float(((new_high - new_low) - (high - low)).min())
        low, high = new_low, new_high
        if np.isfinite(shrunk) and -shrunk <= 1e-3 * float((high - low).max()):
            break
        r_low, r_high = _rate_range(low, high, neuron)
    return low, high


def _rate_range(low: Array, high: Array, neuron: LIF) -> tuple[Array, Array]:
    r, dr, _, _ = enclosures(np.stack([low, high]), neuron)
    return np.maximum(r[0] - dr[0], 0), r[1] + dr[1]


def nothing(reason: str) -> Certificate:
    """Return the certificate that proves nothing, and says why."""
    return Certificate(False, False, np.nan, "none", 0.0, np.nan, "", reason)
