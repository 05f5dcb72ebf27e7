"""What is known of a rate: its values, its slope and, where somebody answers for them, its bounds.

A network asks one object about its rate, whatever it was given as one. What that object does not say is assumed
nowhere: a bound that is not known is infinite, and a rate is increasing only if that is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netmod._checks import number, show
from netmod.lif import LIF
from netmod.rate.bounds import maxima
from netmod.rate.functions import firing_rate, firing_rate_slope
from netmod.rate.table import RateTable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KnownRate:
    """A rate function of your own, with what you know of it and answer for.

    Of a plain function nothing is known but its values, so that nothing is ever proved for a network that has it.
    Here you say more; it is believed, and proofs rest on it. A subclass counts as a plain function again.

    Parameters
    ----------
    function : callable
        The rate: mV in, 1/ms out, elementwise over arrays.
    slope : callable, optional
        Its derivative, 1/(ms mV). By default central differences, good to about ten digits.
    low, high : float, optional
        It lies between these for every input, 1/ms.
    increasing : bool, optional
        Whether it never decreases.
    max_slope : float, optional
        Its slope is nowhere larger than this in size, 1/(ms mV).
    max_curvature : float, optional
        Nor is its second derivative larger than this, 1/(ms mV²).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the bounds contradict each other.

    Examples
    --------
    >>> from netmod import KnownRate, RateNetwork
    >>> rate = KnownRate(lambda E: 0.2 / (1 + np.exp(-E)), low=0.0, high=0.2, increasing=True, max_slope=0.05)
    >>> low, high = RateNetwork([[50.0]], E0=8.0, rate=rate).box()
    >>> low.round(6), high.round(6)
    (array([8.]), array([18.]))
    """

    function: Callable[..., Any]
    slope: Any = None
    low: float = -np.inf
    high: float = np.inf
    increasing: bool = False
    max_slope: float = np.inf
    max_curvature: float = np.inf

    def __post_init__(self) -> None:
        _function("function", self.function)
        if self.slope is None:
            object.__setattr__(self, "slope", partial(difference, self.function))
        _function("slope", self.slope, "None or ")
        if not isinstance(self.increasing, bool | np.bool_):
            raise TypeError(f"increasing must be True or False, got {show(self.increasing)}")
        for name in ("low", "high", "max_slope", "max_curvature"):
            value = getattr(self, name)
            unknown = isinstance(value, float) and value == (-np.inf if name == "low" else np.inf)
            least = 0.0 if name.startswith("max") else -np.inf
            object.__setattr__(self, name, float(value) if unknown else number(name, value, low=least))
        if self.low > self.high:
            raise ValueError(f"low must not be above high = {self.high:g}, got {self.low!r}")

    @property
    def neuron(self) -> None:
        """None: this is not known to be the rate of any `LIF`."""
        return

    def __call__(self, E: Any) -> Any:
        """Return the rate, 1/ms, at inputs `E`, mV."""
        return self.function(E)


@dataclass(frozen=True)
class NeuronRate:
    """What is known of the exact rate of a neuron, or of a table of it: the fields of a `KnownRate`, and whose it is.

    A table runs through exact values and is monotone between them, so that it has the range of the exact function.
    Its other properties are those of the exact function for which it stands.
    """

    neuron: LIF
    function: Callable[..., Any]
    slope: Callable[..., Any]
    low: float = 0.0
    increasing: bool = True

    def __call__(self, E: Any) -> Any:
        """Return the rate, 1/ms, at inputs `E`, mV."""
        return self.function(E)

    @property
    def high(self) -> Any:
        """1 / tau_ref, infinite without a refractory period (one for each neuron if their periods differ)."""
        with np.errstate(divide="ignore"):
            return np.divide(1.0, self.neuron.tau_ref)

    @property
    def max_slope(self) -> float:
        """A bound on the slope that takes rounding into account; infinite where none is claimed."""
        return maxima(self.neuron)[0]

    @property
    def max_curvature(self) -> float:
        """The same for the second derivative."""
        return maxima(self.neuron)[1]


def what_is_known(rate: Any, neuron: LIF) -> KnownRate | NeuronRate:
    """Return what is known of `rate`: None for the exact one of `neuron`, a table, a `KnownRate` or any function.

    Only these very types bring knowledge with them: a subclass may have changed anything.
    """
    if rate is None:
        return NeuronRate(neuron, partial(firing_rate, neuron=neuron), partial(firing_rate_slope, neuron=neuron))
    if type(rate) is RateTable:
        return NeuronRate(rate.neuron, rate, rate.slope)
    if type(rate) is KnownRate:
        return rate
    return KnownRate(_function("rate", rate, "None or "), slope=partial(_own_slope, rate))


def _function(name: str, value: Any, otherwise: str = "") -> Any:
    """Return `value` if it can be called with inputs, which a class cannot."""
    if not callable(value) or isinstance(value, type):
        raise TypeError(f"{name} must be {otherwise}a function of E, got {show(value)}")
    return value


def difference(function: Callable[..., Any], E: Any) -> Floats:
    """Return the central difference quotient of `function` at `E`, good to about ten digits."""
    x = np.asarray(E, dtype=float)
    h = 6e-6 * np.maximum(1.0, np.abs(x))
    with np.errstate(invalid="ignore"):
        return np.asarray((np.asarray(function(x + h)) - np.asarray(function(x - h))) / (2 * h), dtype=float)


def _own_slope(rate: Any, E: Floats) -> Floats:
    """Return what the method ``rate.slope`` says, if there is one and it works, and differences otherwise."""
    try:
        out = np.asarray(rate.slope(E))
        if out.shape == E.shape and out.dtype.kind in "biuf":
            return out.astype(float)
    except Exception:  # an optional helper: without it, all is as for a rate that has none
        pass
    return difference(rate, E)
