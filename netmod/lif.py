"""One noisy leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ._checks import number


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
