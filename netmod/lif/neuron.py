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
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod._checks import array, number

Method = Literal["euler", "exact"]
Array = NDArray[np.float64]

BETA = 0.5825971579390107
"""-zeta(1/2) / sqrt(2 pi), zeta being Riemann's: the mean overshoot of a Gaussian random walk, in its steps' sd."""


Parameter = Any
"""A float, or an array (n,) of them, one for each neuron."""


@dataclass(frozen=True, eq=False)
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
        If a parameter is not a number (or an array of numbers).
    ValueError
        If a parameter is not finite or out of its range, or if arrays differ in length.

    Notes
    -----
    Any parameter may also be a NumPy array of shape (n,), for n neurons that differ. It is kept as a read-only copy.
    Functions that take a neuron then give one value for each of the n, along the last axis, or say that they want
    numbers.

    Examples
    --------
    >>> LIF(tau=10)
    LIF(tau=10, E_L=-60, sigma=3.4641, v_th=-50, v_r=-60, tau_ref=2)
    >>> LIF(v_th=np.array([-52.0, -48.0, -50.0]))
    LIF(tau=20, E_L=-60, sigma=3.4641, v_th=<3 values, -52 to -48>, v_r=-60, tau_ref=2)
    """

    tau: Parameter = 20.0
    E_L: Parameter = -60.0
    sigma: Parameter = 12**0.5
    v_th: Parameter = -50.0
    v_r: Parameter = -60.0
    tau_ref: Parameter = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            positive = {"low": 0.0, "open_low": field.name == "tau"}
            limits = positive if field.name in ("tau", "sigma", "tau_ref") else {}
            object.__setattr__(self, field.name, _parameter(field.name, getattr(self, field.name), limits))
        arrays = [f.name for f in fields(self) if isinstance(getattr(self, f.name), np.ndarray)]
        for name in arrays:
            if getattr(self, name).shape != self.shape:
                size = f"{self.shape[0]} values, as {arrays[0]} has"
                raise ValueError(f"{name} must have {size}, got {getattr(self, name).size}")
        if np.any(self.v_r >= self.v_th):
            if not arrays:
                raise ValueError(f"v_r must be below v_th = {self.v_th:g} mV, got {self.v_r!r}")
            k = int(np.argmax(np.broadcast_to(self.v_r >= self.v_th, self.shape)))
            raise ValueError(f"v_r must be below v_th for every neuron, got neuron {k} where it is not")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the parameters: () for numbers, (n,) if any is an array."""
        return next((x.shape for x in self._values() if isinstance(x, np.ndarray)), ())

    def _values(self) -> tuple[Parameter, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    def _key(self) -> tuple[Any, ...]:
        return tuple(tuple(x.tolist()) if isinstance(x, np.ndarray) else x for x in self._values())

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, LIF) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that arrays in a copy are read-only as well.
        return type(self), self._values()

    def __repr__(self) -> str:
        return f"LIF({', '.join(f'{f.name}={_short(getattr(self, f.name))}' for f in fields(self))})"


def _parameter(name: str, value: Any, limits: dict[str, Any]) -> Parameter:
    """Return a parameter as a float, or as a read-only copy of an array (n,)."""
    if not isinstance(value, np.ndarray):
        return number(name, value, **limits)
    if value.dtype.kind not in "iuf" or value.ndim != 1:
        kind = f"an array of shape {value.shape} and dtype {value.dtype}"
        raise TypeError(f"{name} must be a number or an array (n,) of numbers, got {kind}")
    array: Array = value.astype(float)
    low = limits.get("low", -np.inf)
    bad = ~np.isfinite(array) | (array < low) | (limits.get("open_low", False) & (array == low))
    if bad.any():
        k = int(np.argmax(bad))
        number(f"{name}[{k}]", array[k], **limits)
    array.flags.writeable = False
    return array


def _short(value: Parameter) -> str:
    if not isinstance(value, np.ndarray):
        return f"{value:g}"
    return f"<{value.size} values, {value.min():g} to {value.max():g}>" if value.size else "<0 values>"


def check_neuron(neuron: Any, *, numbers: bool = False) -> LIF:
    """Return `neuron` if it is a `LIF` (whose parameters are `numbers`, where arrays will not do), or raise."""
    if not isinstance(neuron, LIF):
        raise TypeError(f"neuron must be a LIF, got {neuron!r}")
    if numbers and neuron.shape:
        raise TypeError(f"neuron must have numbers for parameters here, not arrays, got {neuron!r}")
    return neuron


def fit(E: Array, neuron: LIF) -> Array:
    """Return `E` broadcast with the parameters of `neuron`, if these are arrays; or say that they do not fit."""
    shape = check_neuron(neuron).shape
    if not shape or E.shape[-1:] == shape:
        return E
    try:
        return np.broadcast_to(E, np.broadcast_shapes(E.shape, shape))
    except ValueError:
        message = f"E must have shape (..., {shape[0]}) to fit the neuron's parameters, got shape {E.shape}"
        raise ValueError(message) from None


def kinds(neuron: LIF) -> tuple[LIF, NDArray[np.intp] | None]:
    """Return the different ones among n neurons, as arrays, and the kind of each, (n,); or `neuron` and None."""
    if not neuron.shape:
        return neuron, None
    values = np.stack([np.broadcast_to(value, neuron.shape) for value in neuron._values()])
    different, kind = np.unique(values, axis=1, return_inverse=True)
    return LIF(*different), kind.reshape(-1)


def currents(E: ArrayLike, most: int | None = None) -> Array:
    """Return E as an array of floats of its own, checked."""
    x = np.array(array("E", E, finite=False))
    if most is not None and x.ndim > most:
        raise ValueError(f"E must have at most {most} dimension, got shape {x.shape}")
    if np.isinf(x).any():
        raise ValueError("E must be finite or NaN, got an infinite value")
    return x


def one_step(neuron: LIF, dt: float, method: str, lower_threshold: bool) -> tuple[Parameter, ...]:
    """Return the factor of v − m in a step, the sd (mV) of its noise, the threshold (mV), its delay (ms)."""
    check_neuron(neuron)
    h = dt / neuron.tau
    if np.any(h >= 1):
        raise ValueError(f"dt must be below tau = {np.min(neuron.tau):g} ms, got {dt!r}")
    if method == "euler":
        decay, step = 1 - h, neuron.sigma * np.sqrt(h)
    elif method == "exact":
        decay, step = np.exp(-h), neuron.sigma * np.sqrt(-np.expm1(-2 * h) / 2)
    else:
        raise ValueError(f"method must be 'euler' or 'exact', got {method!r}")
    step = np.where(step < 1e-16 * (neuron.v_th - neuron.v_r), 0.0, step)  # below the rounding of v itself
    theta = neuron.v_th - overshoot(neuron, dt) if lower_threshold else neuron.v_th
    if np.any(theta <= neuron.v_r):
        raise ValueError(f"dt must be small enough for a lowered threshold above v_r, got {dt!r}")
    late = np.where(neuron.sigma > 0, 0.25, 0.5) * dt if lower_threshold and method == "exact" else 0.0
    return tuple(x if np.ndim(x) else float(x) for x in (decay, step, theta, late))


def overshoot(neuron: LIF, dt: float) -> Parameter:
    """Return by how much, mV, a threshold that is watched only every `dt` acts as if it were higher."""
    return BETA * neuron.sigma * np.sqrt(dt / neuron.tau)
