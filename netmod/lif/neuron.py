"""The neuron's parameters, and the two rules that take it one step further.

Two one-step rules are offered. Euler-Maruyama: v += (dt/tau) (E_L + E - v) + sigma sqrt(dt/tau) * normal. And the
exact one of the Ornstein-Uhlenbeck process: v - m shrinks by exp(-dt/tau), m = E_L + E, and the normal is multiplied
by sigma sqrt((1 - exp(-2 dt/tau)) / 2) (Gillespie 1996, Phys. Rev. E 54, 2084).

Either way v is only looked at once per step, and crossings in between go unseen: the rate comes out too low by an
amount that shrinks like sqrt(dt). A threshold that is watched at the steps alone acts as if it were BETA = 0.5826
standard deviations of one step higher (Broadie, Glasserman & Kou 1997, Math. Finance 7, 325, for barrier options);
lowering it by as much takes nearly all of that error away. What is left is of order dt. With the exact rule it is a
delay: the mean overshoot of a Gaussian random walk with a small drift is BETA + drift / 4 standard deviations (for
the method see Siegmund 1979, Adv. Appl. Prob. 11, 701), so that a crossing is noticed dt/4 late (dt/2 without noise).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod._checks import number

Method = Literal["euler", "exact"]
Array = NDArray[np.float64]

BETA = 0.5825971579390107
"""-zeta(1/2) / sqrt(2 pi), zeta being Riemann's: the mean overshoot of a Gaussian random walk, in its steps' sd."""


@dataclass(frozen=True)
class LIF:
    """A noisy leaky integrate-and-fire neuron: its parameters, checked.

    Between spikes the membrane potential v follows ``tau dv/dt = -(v - E_L) + E + sqrt(sigma**2 * tau) * xi(t)`` with
    Gaussian white noise xi. At ``v >= v_th`` the neuron spikes; v goes to `v_r` and stays there for `tau_ref`.

    Parameters
    ----------
    tau : float, optional
        Membrane time constant, ms. Positive.
    E_L : float, optional
        Leak (resting) potential, mV.
    sigma : float, optional
        Noise amplitude, mV, not negative. Without a threshold v would have the variance ``sigma**2 / 2``.
    v_th : float, optional
        Threshold, mV.
    v_r : float, optional
        Reset potential, mV. Below `v_th`.
    tau_ref : float, optional
        Refractory period, ms. Not negative.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If a parameter is not finite or out of its range.

    Examples
    --------
    >>> LIF(tau=10)
    LIF(tau=10, E_L=-60, sigma=3.4641, v_th=-50, v_r=-60, tau_ref=2)
    """

    tau: float = 20.0
    E_L: float = -60.0
    sigma: float = 12**0.5
    v_th: float = -50.0
    v_r: float = -60.0
    tau_ref: float = 2.0

    def __post_init__(self) -> None:
        number("tau", self.tau, low=0.0, open_low=True)
        number("sigma", self.sigma, low=0.0)
        number("tau_ref", self.tau_ref, low=0.0)
        for name in ("E_L", "v_th", "v_r"):
            number(name, getattr(self, name))
        if self.v_r >= self.v_th:
            raise ValueError(f"v_r must be below v_th = {self.v_th:g} mV, got {self.v_r!r}")
        for field in fields(self):
            object.__setattr__(self, field.name, float(getattr(self, field.name)))

    def __repr__(self) -> str:
        return f"LIF({', '.join(f'{f.name}={getattr(self, f.name):g}' for f in fields(self))})"


def currents(E: ArrayLike, most: int | None = None) -> Array:
    """Return E as an array of floats of its own, checked."""
    given = np.asarray(E)
    if given.dtype.kind not in "iuf":
        raise TypeError(f"E must be a number or an array of numbers, got {given.dtype}")
    E = given.astype(float)
    if most is not None and E.ndim > most:
        raise ValueError(f"E must have at most {most} dimension, got shape {E.shape}")
    if np.isinf(E).any():
        raise ValueError("E must be finite or NaN, got an infinite value")
    return E


def one_step(neuron: LIF, dt: float, method: str, lower_threshold: bool) -> tuple[float, float, float, float]:
    """Return the factor of v − m in a step, the sd (mV) of its noise, the threshold (mV), its delay (ms)."""
    if not isinstance(neuron, LIF):
        raise TypeError(f"neuron must be a LIF, got {neuron!r}")
    h = number("dt", dt, low=0.0, open_low=True) / neuron.tau
    if h >= 1:
        raise ValueError(f"dt must be below tau = {neuron.tau:g} ms, got {dt!r}")
    if method == "euler":
        decay, step = 1 - h, neuron.sigma * np.sqrt(h)
    elif method == "exact":
        decay, step = np.exp(-h), neuron.sigma * np.sqrt(-np.expm1(-2 * h) / 2)
    else:
        raise ValueError(f"method must be 'euler' or 'exact', got {method!r}")
    if step < 1e-16 * (neuron.v_th - neuron.v_r):  # below the rounding of v itself
        step = 0.0
    theta = neuron.v_th - BETA * neuron.sigma * np.sqrt(h) if lower_threshold else neuron.v_th
    if theta <= neuron.v_r:
        raise ValueError(f"dt must be small enough for a lowered threshold above v_r, got {dt!r}")
    late = (0.25 if neuron.sigma > 0 else 0.5) * dt if lower_threshold and method == "exact" else 0.0
    return float(decay), float(step), float(theta), float(late)
