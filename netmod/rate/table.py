"""A tabulated rate function: what a sweep over thousands of networks spends its time on, made cheap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod._checks import array, number
from netmod.lif.neuron import LIF, check_neuron, fit, kinds
from netmod.rate.siegert import Scales, elementwise, evaluate

Floats = NDArray[np.float64]

_BLOCK = 8192  # look-ups that go through the cubic together: their temporaries stay in cache
_MAX_CELLS = 2**21
_FINE, _WIDEST = 512, 512  # of the table of straight lines: cells a sigma, and the widest range in units of sigma


class RateTable:
    """The rate function of one neuron, tabulated: as exact as asked for, and many times faster.

    A call returns what `firing_rate` returns, to within `tol`, from a piecewise cubic (Hermite) interpolant on a
    uniform grid; outside [`E_min`, `E_max`] it returns the exact value. The table is continuous with its slope,
    never negative and never decreasing. `slope` is served from a table of its own, made when first asked for.

    Parameters
    ----------
    neuron : LIF
        The neuron's parameters. It needs noise, without which no table of finite size will do. Where they are arrays
        there is a table for each kind of neuron among the n, and inputs have the shape (..., n).
    E_min, E_max : float
        Ends of the table, mV.
    tol : float, optional
        Largest absolute error of the rate, 1/ms, and of the slope, 1/(ms mV). It is measured when the table is made,
        in the middle of every cell, where a cubic's error is largest, and kept below `tol` by a margin.

    Raises
    ------
    TypeError
        If `neuron` is not a `LIF` or another argument not a number.
    ValueError
        If the ends are not finite and in order, `tol` is not in [1e-14, 1], or the table would be larger than 64 MB.

    Examples
    --------
    >>> from netmod import LIF, RateTable, firing_rate
    >>> table = RateTable(LIF(), -50.0, 200.0)
    >>> bool(abs(table(8.0) - firing_rate(8.0)) < 1e-10)
    True
    >>> table
    RateTable(LIF(tau=20, E_L=-60, sigma=3.4641, v_th=-50, v_r=-60, tau_ref=2), -50, 200, tol=1e-10)
    """

    def __init__(self, neuron: LIF, E_min: float, E_max: float, *, tol: float = 1e-10) -> None:
        self.neuron = check_neuron(neuron)
        self.E_min = number("E_min", E_min)
        self.E_max = number("E_max", E_max)
        self.tol = number("tol", tol, low=1e-14, high=1.0)
        if self.E_min >= self.E_max:
            raise ValueError(f"E_min must be below E_max = {self.E_max:g} mV, got {E_min!r}")
        if np.any(np.equal(neuron.sigma, 0)):
            raise ValueError("neuron must have noise (sigma > 0) to be tabulated; use firing_rate, which is exact")
        self._kinds, self._kind = kinds(neuron)
        self._rate = _hermite(self._kinds, self.E_min, self.E_max, self.tol, 0)
        self._slope: Floats | None = None
        self._lines: Lines | None = None

    def __repr__(self) -> str:
        return f"RateTable({self.neuron!r}, {self.E_min:g}, {self.E_max:g}, tol={self.tol:g})"

    def __call__(self, E: ArrayLike, out: Floats | None = None) -> Any:
        """Return the rate, 1/ms, at mean inputs `E`, mV, of any shape; in `out` if it is given.

        Parameters
        ----------
        E : array_like
            Mean input, mV. NaN gives NaN for that element alone.
        out : float64 array, optional
            Where to put the result: an array of the shape of `E`, which may be `E` itself.

        Raises
        ------
        TypeError
            If `E` is not made of real numbers or `out` not a float64 array.
        ValueError
            If `out` does not have the shape of `E`.
        """
        return self._look_up(self._rate, E, out, 0)

    def slope(self, E: ArrayLike, out: Floats | None = None) -> Any:
        """Return the slope of the rate, 1/(ms mV), at mean inputs `E`, mV; see `__call__`."""
        if self._slope is None:
            self._slope = _hermite(self._kinds, self.E_min, self.E_max, self.tol, 1)
        return self._look_up(self._slope, E, out, 1)

    def lines(self) -> Lines | None:
        """Return a coarse table in single precision, good to about 10⁻⁷/ms; None if it were large."""
        sigma, width = float(np.min(self.neuron.sigma)), self.E_max - self.E_min
        cells = math.ceil(width / sigma * _FINE)
        if self._lines is None and width <= _WIDEST * sigma and cells * math.prod(self._kinds.shape) <= _MAX_CELLS:
            self._lines = Lines(self._kinds, self._kind, self.E_min, self.E_max, cells)
        return self._lines

    def _look_up(self, table: Floats, E: ArrayLike, out: Floats | None, order: int) -> Any:
        E = array("E", E, finite=False)
        if self._kind is not None:
            E = fit(E, self.neuron)
        if out is None:
            result = np.empty_like(E)
        elif not isinstance(out, np.ndarray) or out.dtype != np.float64:
            raise TypeError(f"out must be a float64 array, got {getattr(out, 'dtype', type(out).__name__)}")
        elif out.shape != E.shape:
            raise ValueError(f"out must have the shape {E.shape} of E, got {out.shape}")
        else:
            result = out
        # any contiguous layout is walked in memory order, without a copy; of neurons that differ only row by row
        flags, kind = E.flags, self._kind
        same = E.strides == result.strides and (flags.c_contiguous or (kind is None and flags.f_contiguous))
        source = E.ravel(order="K" if same else "C")
        target = result.ravel(order="K") if same else np.empty(E.size)
        cells = len(table) - 1
        per_mV = cells / (self.E_max - self.E_min)
        cubics = table.reshape(-1, 4)  # the four numbers of a cell lie together, and are fetched together
        size = -(-source.size // max(1, -(-source.size // _BLOCK)))
        if kind is not None:  # blocks of whole rows: the kinds come in the same order in each
            kind = np.tile(kind, max(1, _BLOCK // max(1, kind.size)))
            size = min(kind.size, source.size)
        u_, floor_, cubic_, cell_ = np.empty(size), np.empty(size), np.empty((size, 4)), np.empty(size, dtype=np.intp)
        for start in range(0, source.size, size or 1):
            x = source[start : start + size]
            y = target[start : start + size]
            n = x.size
            u, floor, cubic, cell = u_[:n], floor_[:n], cubic_[:n], cell_[:n]
            np.subtract(x, self.E_min, out=u)
            np.multiply(u, per_mV, out=u)
            outside = None
            if not (u.min() >= 0 and u.max() <= cells):  # also true if there is a NaN
                outside = ~((u >= 0) & (u <= cells))
                scales = Scales.of(self._kinds)
                exact = elementwise(x[outside], scales if kind is None else scales.at(kind[:n][outside]), order)
                u[outside] = 0.0
            np.floor(u, out=floor)
            np.copyto(cell, floor, casting="unsafe")
            np.subtract(u, floor, out=u)
            if kind is not None:
                np.multiply(cell, table.shape[1], out=cell)
                np.add(cell, kind[:n], out=cell)
            # mode="clip" only spares take a check; every cell is in range
            np.take(cubics, cell, axis=0, out=cubic, mode="clip")
            np.multiply(cubic[:, 3], u, out=y)
            for k in (2, 1, 0):
                np.add(y, cubic[:, k], out=y)
                if k:
                    np.multiply(y, u, out=y)
            if outside is not None:
                y[outside] = exact
        if not same:
            result[...] = target.reshape(E.shape)
        return result[()] if out is None else out


def lines_of(rate: Any) -> Lines | None:
    """Return the coarse table of a `RateTable`, and None for any other rate: a subclass may give other values."""
    return rate.lines() if type(rate) is RateTable else None


class Lines:
    """A rate from straight lines between exact values, in single precision: for steps that are far from their end.

    Beyond its ends it goes on straight: a caller makes it wide enough.
    """

    def __init__(self, kinds: LIF, kind: NDArray[np.intp] | None, E_min: float, E_max: float, cells: int) -> None:
        nodes = np.linspace(E_min, E_max, cells + 1)
        f = evaluate(nodes[:, None] if kinds.shape else nodes, kinds, 0)
        line = np.empty((cells, *f.shape[1:]), np.complex64)  # value and rise of a cell, to be fetched as one number
        line.real, line.imag = f[:-1], np.diff(f, axis=0)
        self.line, self.kind, self.cells = line.reshape(-1), kind, cells
        self.low, self.per_mV = np.float32(E_min), np.float32(cells / (E_max - E_min))

    def __call__(self, E: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Put the rates at `E` (rows, n) into `out`."""
        rows = max(1, _BLOCK // max(1, E.shape[1]))
        for first in range(0, len(E), rows):
            u, y = E[first : first + rows] - self.low, out[first : first + rows]
            np.multiply(u, self.per_mV, out=u)
            np.floor(u, out=y)
            np.minimum(np.maximum(y, 0.0, out=y), self.cells - 1, out=y)
            np.subtract(u, y, out=u)
            cell = y.astype(np.intp)
            if self.kind is not None:
                cell *= len(self.line) // self.cells
                cell += self.kind
            line = np.take(self.line, cell, mode="clip")
            np.multiply(line.imag, u, out=y)
            np.add(y, line.real, out=y)


def _hermite(neuron: LIF, E_min: float, E_max: float, tol: float, order: int) -> Floats:
    """Return cubic coefficients (cells + 1, 4), or (cells + 1, n, 4), whose error in every cell is below `tol`.

    The last row holds the end of the table. Cubic Hermite error: h**4 / 384 times the fourth derivative.
    """
    n = math.prod(neuron.shape)
    cells = max(8, int(np.ceil(4 * (E_max - E_min) / np.min(neuron.sigma, initial=np.inf))))
    while cells * n <= _MAX_CELLS:
        nodes = np.linspace(E_min, E_max, cells + 1)
        if neuron.shape:
            nodes = nodes[:, None]
        h = (E_max - E_min) / cells
        f = evaluate(nodes, neuron, order)
        d = h * evaluate(nodes, neuron, order + 1)
        step = np.diff(f, axis=0)
        if order == 0:  # far below threshold the rate outgrows any cubic: keep the table monotone there
            edge = np.full_like(f[:1], np.inf)
            bound = 3 * np.minimum(np.concatenate([step, edge]), np.concatenate([edge, step]))
            d = np.minimum(d, bound)
        c2 = 3 * step - 2 * d[:-1] - d[1:]
        c3 = d[:-1] + d[1:] - 2 * step
        middle = f[:-1] + d[:-1] / 2 + c2 / 4 + c3 / 8
        error = float(np.abs(middle - evaluate(nodes[:-1] + h / 2, neuron, order)).max(initial=0.0))
        if error <= 0.8 * tol:
            table = np.zeros((*f.shape, 4))
            table[..., 0], table[:-1, ..., 1], table[:-1, ..., 2], table[:-1, ..., 3] = f, d[:-1], c2, c3
            return table
        cells = int(cells * min(16.0, max(1.1, 1.05 * (error / (0.8 * tol)) ** 0.25)))
    raise ValueError(
        f"tol = {tol:g} between {E_min:g} and {E_max:g} mV needs a table of more than {_MAX_CELLS} cells with "
        f"sigma = {np.min(neuron.sigma):g} mV; use firing_rate, which is exact, or a shorter range"
    )
