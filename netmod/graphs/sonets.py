"""The Gaussian side of SONETs: from α to correlations, which of them this generator can have, and the draws."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

_EXACT = 4e-15
"""α that differ by less than this over p are the same number: the accuracy of α(c), a difference divided by p²."""

_ROUNDING = 1e-9
"""How far a correlation may overstep its bound: room for α that were rounded, not a modelling choice."""

_NEEDS = "this generator needs"
"""Its limits are not those of random networks: one with equal in-degrees has α_conv < 0, which no variance gives."""


class Correlations(NamedTuple):
    """Correlations of the Gaussian numbers behind two connections."""

    recip: float
    conv: float
    div: float
    chain: float


def joint_probability(p: float, rho: float) -> float:
    """Return the probability that two standard normals of correlation `rho` both exceed the threshold of `p`.

    With threshold t it is ``p - 2 T(t, sqrt((1 - rho) / (1 + rho)))``, T being Owen's function (Owen 1956).
    """
    return _joint(p, math.acos(rho))


def _joint(p: float, angle: float) -> float:
    return p - 2 * float(special.owens_t(special.ndtri(p), np.tan(angle / 2)))


def latent_correlation(alpha: float, p: float) -> float:
    """Return the correlation c at which both of two connections are there with probability p² (1 + α)."""
    if alpha == 0:
        return 0.0
    # In the angle arccos c the probability is smooth with a slope of the same sign all the way.
    target = p * p * (1 + alpha)
    if target >= _joint(p, 0.0):
        return 1.0
    if target <= _joint(p, math.pi):
        return -1.0
    angle = optimize.brentq(lambda x: _joint(p, x) - target, 0.0, math.pi, xtol=1e-15, rtol=8.9e-16)
    return math.cos(angle)


def pair_bounds(p: float) -> tuple[float, float]:
    """Return the least and the greatest α that two events of probability p can have."""
    return max(0.0, 2 * p - 1) / (p * p) - 1, 1 / p - 1


@lru_cache(maxsize=256)
def correlations(p: float, *, recip: float, conv: float, div: float, chain: float) -> Correlations:
    """Return the correlations that give these α.

    Raises
    ------
    ValueError
        If this generator has none: the message names the bound and the nearest value of one α that keeps to it.
    """
    alpha = {"recip": recip, "conv": conv, "div": div, "chain": chain}
    if not any(alpha.values()) or p * p == 0:  # independent, or no connection whatever the α
        return Correlations(0.0, 0.0, 0.0, 0.0)
    low, high = pair_bounds(p)
    exact = _EXACT / p
    pair = "two events of probability p have max(0, 2p - 1)/p² - 1 ≤ α ≤ 1/p - 1"

    def keep(
        name: str,
        limit: float,
        bound: str,
        others: tuple[str, ...] = (),
        *,
        better: float | None = None,
        digits: int = 4,
    ) -> float:
        """Return the `limit` of c, if only rounding parts it from what was asked for."""
        gap, step = abs(alpha[name] - _alpha(limit, p)), abs(rho[name] - limit)
        inside = low - exact <= alpha[name] <= high + exact
        same = gap <= exact and alpha[name] > low  # at the lower bound c is -1, however flat α(c) is there
        if not (same or (step <= _ROUNDING and inside)):
            nearest = _alpha(limit if better is None else better, p)
            raise _infeasible(alpha, p, name, others, bound if inside else pair, nearest, digits)
        return limit

    rho = {name: latent_correlation(value, p) for name, value in alpha.items()}
    excess = abs(rho["recip"] - 2 * rho["chain"])
    for name, other in (("conv", "div"), ("div", "conv")):
        if alpha[name] < 0 or rho[name] < 0:
            if alpha[name] < -exact:
                raise _infeasible(alpha, p, name, (), f"{_NEEDS} c_{name} ≥ 0", 0.0)
            rho[name] = 0.0
        if alpha[name] > high:
            rho[name] = keep(name, 1.0, pair, better=max(1 - rho[other] - excess, 0.0))
    if rho["conv"] + rho["div"] > 1:
        better = max(1 - rho["conv"] - excess, 0.0)
        rho["div"] = keep("div", 1 - rho["conv"], f"{_NEEDS} c_conv + c_div ≤ 1", ("conv",), better=better)
    rest = max(1 - rho["conv"] - rho["div"], 0.0)
    room = math.sqrt(rho["conv"] * rho["div"])
    if abs(rho["chain"]) > room or not low <= alpha["chain"] <= high:
        # the nearest that recip can live with too, if there is one
        least, most = max(-room, (rho["recip"] - rest) / 2), min(room, (rho["recip"] + rest) / 2)
        limit = min(max(rho["chain"], -room), room)
        better = min(max(rho["chain"], least), most) if least <= most else limit
        rho["chain"] = keep("chain", limit, f"{_NEEDS} c_chain² ≤ c_conv c_div", ("conv", "div"), better=better)
    least, most = 2 * rho["chain"] - rest, 2 * rho["chain"] + rest
    if not (least <= rho["recip"] <= most and low <= alpha["recip"] <= high):
        bound, limit = f"{_NEEDS} |c_recip - 2 c_chain| ≤ 1 - c_conv - c_div", min(max(rho["recip"], least), most)
        rho["recip"] = keep("recip", limit, bound, ("conv", "div", "chain"), digits=4 if rest > 0.01 else 12)
    return Correlations(**rho)


def fill(A: NDArray[np.bool_], p: float, rho: Correlations, rng: np.random.Generator, block: int) -> None:
    """Draw SONETs into the stack `A` (networks, n, n); what lands on the diagonals has no meaning.

    Each network uses n pairs of numbers for its neurons and then n² for its connections, so that the result does not
    depend on how many are drawn at a time.
    """
    if p in (0.0, 1.0):
        A[...] = p == 1.0
        return
    n = A.shape[-1]
    threshold = -float(special.ndtri(p))
    u_x = math.sqrt(rho.conv)
    v_x = rho.chain / u_x if u_x else 0.0
    v_y = math.sqrt(max(rho.div - v_x * v_x, 0.0))
    # e = direct z + mirrored zᵀ has variance direct² + mirrored² and covariance 2 direct mirrored with its transpose.
    rest = max(1 - rho.conv - rho.div, 0.0)
    covariance = min(max(rho.recip - 2 * rho.chain, -rest), rest)
    direct = (math.sqrt(rest + covariance) + math.sqrt(rest - covariance)) / 2
    mirrored = (math.sqrt(rest + covariance) - math.sqrt(rest - covariance)) / 2
    # A connection is there if z + (mirrored zᵀ + v) / direct > room: what is left for source and pair to overcome.
    scale = direct or 1.0
    u_x, v_x, v_y = u_x / scale, v_x / scale, v_y / scale
    together = max(min(block // (n * (n + 2)), len(A)), 1)
    rows = min(max(block // n, 1), n)
    drawn, buffer = np.empty((together, n + 2, n)), np.empty((together, rows, n))
    for start in range(0, len(A), together):
        part = A[start : start + together]
        normal = drawn[: len(part)]
        rng.standard_normal(out=normal)
        x, y, z = normal[:, 0], normal[:, 1], normal[:, 2:]
        room = threshold / scale - u_x * x
        v = v_x * x + v_y * y
        for top in range(0, n, rows):
            some = slice(top, top + rows)
            g = buffer[: len(part), : min(rows, n - top)]
            np.multiply(z[:, :, some].swapaxes(1, 2), mirrored / scale, out=g)
            if direct:
                g += z[:, some]
            g += v[:, None, :]
            np.greater(g, room[:, some, None], out=part[:, some])


def _alpha(rho: float, p: float) -> float:
    return joint_probability(p, min(max(rho, -1.0), 1.0)) / (p * p) - 1


def _infeasible(
    alpha: dict[str, float], p: float, name: str, others: tuple[str, ...], bound: str, nearest: float, digits: int = 4
) -> ValueError:
    # Rounded away from the value that was asked for, so that a reader can copy a number that is feasible.
    scale = 10**digits
    down = nearest <= alpha[name]
    rounded = (math.floor(nearest * scale + 1e-9) if down else math.ceil(nearest * scale - 1e-9)) / scale
    given = ", ".join(f"{other}={alpha[other]:g}" for other in others)
    return ValueError(
        f"{name}={alpha[name]:g} is not feasible{f' with {given}' if given else ''} at p={p:g}: {bound}; "
        f"nearest {name}={rounded:.{digits}f}"
    )
