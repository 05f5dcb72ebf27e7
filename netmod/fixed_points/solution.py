"""What the solvers of chapter 5 return, and the checks and products that they share."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks
from netmod.dynamics import RateNetwork

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Where a solver got to, from one start or from a batch of them; how it ended is in `status`.

    ``np.asarray(point)`` is `E`.

    Attributes
    ----------
    E : (..., n), mV
        The last state, converged or not.
    rate : (..., n), 1/ms
        The firing rates r(E).
    status : str, or array of str
        How the run ended.
    iterations : int or array
        How often F (for `newton`: the linear solver) was applied to the start to get `E`.
    residual : float or array, mV
        Max |F(E) − E|.
    error : float or array, mV
        An estimate of the distance to the fixed point; inf where there is no sign of one.
    period : int or array
        1 for a fixed point, p for a cycle of period p, 0 otherwise.
    spectral_radius : float or array
        Of the Jacobian at `E`, if it was asked for.
    """

    E: Floats
    rate: Floats
    status: Any
    iterations: Any
    residual: Any
    error: Any
    period: Any
    spectral_radius: Any = None

    @property
    def converged(self) -> Any:
        """Whether `E` is a fixed point to the tolerance asked for."""
        return self.status == "converged"

    def part(self, which: slice) -> FixedPoint:
        """Return some of a batch of runs."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: value[which] for name, value in values.items() if value is not None})

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        """Return `E`."""
        return np.array(self.E, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        if isinstance(self.status, str):
            extra = f", period={self.period}" if self.status == "periodic" else ""
            mean = f", mean E={self.E.mean():.6g} mV" if self.E.size else ""
            return (
                f"FixedPoint({self.status!r}, n={self.E.shape[-1]}{mean}{extra}, "
                f"iterations={self.iterations}, residual={self.residual:.1e} mV)"
            )
        names, counts = np.unique(self.status, return_counts=True)
        ended = ", ".join(f"{c} {s}" for s, c in zip(names, counts, strict=True))
        return f"FixedPoint(shape={self.E.shape[:-1]}, n={self.E.shape[-1]}: {ended})"


def check_net(net: Any) -> RateNetwork:
    """Return `net` if it is a RateNetwork."""
    return _checks.instance("net", net, RateNetwork)


def states(name: str, value: ArrayLike | None, net: RateNetwork) -> Floats:
    """Return starting states of shape (..., n), as an array of its own; None means E0."""
    return np.array(net.E0 if value is None else _checks.states(name, value, net.n))


def rows(x: Floats) -> Floats:
    """Return a stack (..., n) as a matrix (m, n)."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def as_result(value: NDArray[Any], shape: tuple[int, ...]) -> Any:
    """Return `value` in `shape`, as a plain Python scalar if that is ()."""
    out = value.reshape(shape)
    return out.item() if shape == () else out
