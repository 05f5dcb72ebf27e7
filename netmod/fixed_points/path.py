"""The curve of fixed points in the space of states and strengths, and one Newton step along it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgetrf, dgetrs

from netmod._matrix import dense
from netmod.dynamics import RateNetwork
from netmod.fixed_points.solution import Floats


class Path:
    """The curve E − E₀ − g W r(E) = 0 in the space of (E, g), in scaled units."""

    def __init__(self, net: RateNetwork, span: float, max_step: float, spectra: bool) -> None:
        self.net, self.W = net, np.asfortranarray(dense(net.W))
        self.span, self.max_step, self.spectra = span, max_step, spectra
        self.size = self.size_at(net.E0)

    def size_at(self, E: Floats) -> float:
        """Return the change of E, mV, that counts like the whole range of g: 10 mV a neuron, or more."""
        return float(10 * np.sqrt(max(len(E), 1)) + 0.3 * np.linalg.norm(E - self.net.E0))

    def jacobian(self, E: Floats, g: float) -> Floats:
        """Return DF at strength g."""
        return np.multiply(self.W, g * self.net.slopes(E))

    def defect(self, E: Floats, g: float) -> Floats:
        """Return F(E) − E, and a 0 below it."""
        return np.append(self.net.E0 + g * (self.W @ self.net.rates(E)) - E, 0.0)

    def bordered(self, E: Floats, g: float, row: Floats) -> tuple[Floats, NDArray[np.int32], bool]:
        """Return the factors of the matrix of the system extended by `row`, scaled, and whether it is regular."""
        n = len(E)
        M = np.empty((n + 1, n + 1), order="F")
        np.multiply(self.W, -g * self.size * self.net.slopes(E), out=M[:n, :n])
        M[np.arange(n), np.arange(n)] += self.size
        M[:n, n] = -(self.W @ self.net.rates(E)) * self.span
        M[n] = row
        lu, pivots, info = dgetrf(M, overwrite_a=1)
        return lu, pivots, info == 0

    def correct(self, E: Floats, g: float, row: Floats, steps: int = 10) -> tuple[Floats, float, int]:
        """Return the curve's point in the plane through (E, g) across `row`, and the steps taken (−1: failed).

        Newton's method; once its steps are short, with the matrix that it has. A step of 1e-7 leaves an error of
        about its square, or of a thousandth of it with an old matrix.
        """
        length, fresh = np.inf, True
        for k in range(steps):
            rhs = self.defect(E, g)
            top = 1 + np.abs(E).max(initial=0.0)
            if not np.isfinite(rhs).all():
                return E, g, -1
            if fresh:
                lu, pivots, regular = self.bordered(E, g, row)
                if not regular:  # two branches cross: fine if this is where they do
                    return E, g, k + 1 if np.abs(rhs).max() < 1e-11 * top else -1
            d = dgetrs(lu, pivots, rhs)[0]
            last, length = length, float(np.linalg.norm(d))
            if not np.isfinite(length):
                return E, g, -1
            E, g = E + self.size * d[:-1], g + self.span * float(d[-1])
            if length < (1e-7 if fresh else 1e-10) * (1 + np.abs(E).max(initial=0.0) / 10):
                return E, g, k + 1
            fresh = length > min(1e-3, 1e-2 * last)
        return E, g, -1

    def scaled(self, dE: Floats, dg: float) -> Floats:
        """Return a displacement in scaled units."""
        return np.append(dE / self.size, dg / self.span)

    def distance(self, a: Point, b: Point) -> float:
        """Return the distance between two points, in scaled units."""
        return float(np.linalg.norm(self.scaled(b.E - a.E, b.g - a.g)))


class Point:
    """A point of the path.

    `tangent` is the unit tangent that points the way of `before`, in scaled units; `sign` the orientation of the
    path, the sign of the bordered determinant, which never changes along a branch unless another branch crosses it.
    """

    def __init__(self, path: Path, E: Floats, g: float, before: Floats) -> None:
        self.path, self.E, self.g = path, E, g
        lu, pivots, regular = path.bordered(E, g, before)
        self.tangent, self.sign = before, 0.0  # where two branches cross: go straight on
        if regular:
            unit = np.append(np.zeros(len(E)), 1.0)
            t = dgetrs(lu, pivots, unit)[0]
            swaps = np.count_nonzero(pivots != np.arange(len(pivots)))
            # `tangent` has a positive product with `before`, so that the determinant with either row has one sign.
            self.tangent = t / np.linalg.norm(t)
            self.sign = float(np.prod(np.sign(lu.diagonal())) * (-1.0) ** swaps)

    @cached_property
    def lam(self) -> Any:
        """The eigenvalues of DF, largest modulus first; NaN if the path is followed without them."""
        if len(self.E) == 0 or not self.path.spectra:
            return np.full(len(self.E), np.nan, complex)
        lam = np.linalg.eigvals(self.path.jacobian(self.E, self.g)).astype(complex)
        return lam[np.argsort(-np.abs(lam), kind="stable")]

    @property
    def outside(self) -> tuple[int, int, int]:
        """How many eigenvalues lie outside the unit circle; of these, the real ones above 1 and below −1."""
        out = self.lam[np.abs(self.lam) > 1]
        real = out.real[out.imag == 0]
        return len(out), int((real > 0).sum()), int((real < 0).sum())

    def at_one(self) -> str:
        """Return what an eigenvalue +1 of DF means here, whatever branch led here.

        Where ∂F/∂g is outside the range of I − DF, only one branch passes, and turns back (a fold); where it is
        inside, there is a second direction to go (Crandall and Rabinowitz 1971).
        """
        M = np.eye(len(self.E)) - self.path.jacobian(self.E, self.g)
        left, s, _ = np.linalg.svd(M)
        null = left[:, s <= max(float(s[-1]), 1e-6 * float(s[0]))]
        push = self.E - self.path.net.E0  # g ∂F/∂g, mV
        return "branch point" if np.linalg.norm(push @ null) <= 1e-5 * (1 + np.linalg.norm(push)) else "fold"

    def rescale(self, size: float) -> None:
        """Express the tangent in other units of E."""
        tangent = np.append(self.tangent[:-1] * (self.path.size / size), self.tangent[-1])
        self.tangent = tangent / np.linalg.norm(tangent)
