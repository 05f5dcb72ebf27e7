"""The proofs behind `certify`: contraction in some norm, the box of all fixed points, Newton-Kantorovich."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netmod._matrix import dense, product, scale_columns
from netmod.contraction import norms as _norms
from netmod.contraction.intervals import Certain
from netmod.dynamics import RateNetwork

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
        found = f"one fixed point within {self.radius:.2g} mV, the only one {where}"
        return f"Certificate({self.method}: {found}; {self.reason})"


def banach(net: RateNetwork, slopes: Array, defect: Array | None) -> tuple[float, str, float]:
    """Return the constant, the norm and the distance to the fixed point, for the norm that gives the nearest.

    `slopes` bounds |r'| per neuron. A `defect` bounds |x - F(x)|; without one, no distance follows. If F contracts in
    none of the norms, the constant is the smallest one.
    """
    J = scale_columns(abs(net.W), slopes)
    top = 1 + 4 * np.finfo(float).eps
    perron, u, e = _norms.perron(J)
    constants = {"inf": _norms.inf(J), "1": _norms.one(J), "fro": _norms.frobenius(J), "perron": perron}
    if min(constants.values()) * top >= 1 and net.n <= _MAX_INVERSE:
        constants["2"] = _norms.two(scale_columns(net.W, slopes))
    found = []
    for norm, k in constants.items():
        k *= top
        if defect is None or k >= 1:
            length = np.inf
        elif norm == "perron":
            scale = np.exp2((e - e.max()).astype(float))
            length = float((defect / (u * scale)).max()) * float((u * scale).max()) if (scale > 0).all() else np.inf
        else:
            length = float(np.linalg.norm(defect, {"inf": np.inf, "1": 1}.get(norm, 2)))
        distance = length / ((1 - k) * (1 - 1e-15)) * (1 + _norms.gamma(net.n)) if k < 1 else np.inf
        found.append((distance, k, norm))
    distance, k, norm = min(found)
    return k, norm, distance


def newton_kantorovich(net: RateNetwork, x: Array, certain: Certain, residual: Array, error: Array) -> Certificate:
    """Return a certificate for one fixed point near `x` from T(x) = x - C (x - F(x)), or nothing."""
    if not np.isfinite(certain.curvature):
        return nothing("no bound on the curvature of the rate is known")
    if net.n > _MAX_INVERSE:
        return nothing(f"n > {_MAX_INVERSE} is too large for Newton-Kantorovich")
    n, g = net.n, _norms.gamma(net.n)
    W = dense(net.W)
    aW, ones = np.abs(W), np.ones(n)
    _, _, s, ds = certain.at(x)
    M = np.eye(n) - W * s
    try:
        C = np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return nothing("I - DF(E) is singular")
    aC = np.abs(C)
    if not np.isfinite(aC).all():
        return nothing("I - DF(E) is singular")
    # |C (I - W diag r') - I|: as computed, plus rounding of the product, plus the error of the matrix itself
    dM = aW @ ds + g * (aW @ np.abs(s) + ones)
    Z = (np.abs(C @ M - np.eye(n)) @ ones + g * (aC @ (np.abs(M) @ ones)) + aC @ dM).max() * (1 + 4 * g) + g
    Y = (np.abs(C @ residual) + g * (aC @ np.abs(residual)) + aC @ error).max() * (1 + 4 * g)
    L = (np.abs(C @ W) @ ones + g * (aC @ (aW @ ones))).max() * certain.curvature * (1 + 4 * g)
    if not (np.isfinite([Y, L]).all() and Z < 1):
        return nothing("I - DF(E) is too close to singular for a proof")
    beta, eta = L / (1 - Z), Y / (1 - Z)
    h = beta * eta * (1 + 1e-14)
    if h > 0.5 * (1 - 1e-12):
        return nothing(f"h = {h:.3g} is above 1/2 at this state")
    root = np.sqrt(1 - 2 * h)
    radius = float(2 * eta / (1 + root)) * (1 + 1e-12)
    within = float((1 + root) / beta) * (1 - 1e-12) if beta > 0 else np.inf
    reason = f"h = {h:.3g} <= 1/2"
    return Certificate(True, bool(np.isinf(within)), radius, "Newton-Kantorovich", within, float(h), "inf", reason)


def residual(net: RateNetwork, x: Array, certain: Certain) -> tuple[Array, Array]:
    """Return x - F(x) as computed, and a bound on its rounding error, per component."""
    r, dr, _, _ = certain.at(x)
    aW = abs(net.W)
    residual = x - net.E0 - net.W @ r
    error = aW @ dr + _norms.gamma(net.n) * (np.abs(x) + np.abs(net.E0) + aW @ np.abs(r))
    return residual, error * (1 + _norms.gamma(net.n)) + 1e-290


def box(net: RateNetwork, certain: Certain) -> tuple[Array, Array]:
    """Return the ends of a box that holds every fixed point, rounded outward; infinite if rates have no known bounds.

    Every state F(E) lies in the first box, which follows from the range of the rate. If all fixed points lie in
    [a, b], then they lie in F's image of it too, whose ends follow from the range of r there. F maps each box into
    itself.
    """
    low, high = net.box()
    if not np.isfinite([low, high]).all():
        return np.full(net.n, -np.inf), np.full(net.n, np.inf)
    if not np.isfinite(net.rate_range()).all():  # no connections
        return low, high
    for _ in range(_BOX_STEPS):
        new_low, new_high = image(net, *certain.rates(low, high))
        new_low, new_high = np.maximum(low, new_low), np.minimum(high, new_high)
        shrunk = float(((high - low) - (new_high - new_low)).max(initial=0.0))
        low, high = new_low, new_high
        if shrunk <= 1e-3 * float((high - low).max(initial=0.0)):
            break
    return low, high


def image(net: RateNetwork, r_low: Array, r_high: Array) -> tuple[Array, Array]:
    """Return the ends of a box that holds E0 + W r for all rates between `r_low` and `r_high` (..., n)."""
    plus, minus = (abs(net.W) + net.W) / 2, (abs(net.W) - net.W) / 2
    most = product(plus + minus, np.maximum(np.abs(r_low), np.abs(r_high)))
    size = _norms.gamma(net.n) * (np.abs(net.E0) + most)
    low = net.E0 + product(plus, r_low) - product(minus, r_high) - size
    return low, net.E0 + product(plus, r_high) - product(minus, r_low) + size


def nothing(reason: str) -> Certificate:
    """Return the certificate that proves nothing, and says why."""
    return Certificate(False, False, np.nan, "none", 0.0, np.nan, "", reason)
