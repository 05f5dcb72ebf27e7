"""The curve of fixed points in the space of states and strengths, and one Newton step along it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from netmod._matrix import dense
from netmod.dynamics import RateNetwork
from netmod.fixed_points.solution import Floats


class Path:
    """The curve E − E₀ − g A r(E) = 0 in the space of (E, g), in scaled units."""

    def __init__(self, net: RateNetwork, span: float, max_step: float, spectra: bool) -> None:
        self.net, self.W = net, dense(net.W)
        self.span, self.max_step, self.spectra = span, max_step, spectra
        self.size = self.size_at(net.E0)

    def size_at(self, E: Floats) -> float:
        """Return the change of E, mV, that counts like the whole range of g: 10 mV a neuron, or more."""
        return float(10 * np.sqrt(max(len(E), 1)) + 0.3 * np.linalg.norm(E - self.net.E0))

    def defect(self, E: Floats, g: float) -> Floats:
        """Return F(E) − E at strength g."""
        return self.net.E0 + g * (self.W @ self.net.rates(E)) - E

    def jacobian(self, E: Floats, g: float) -> Floats:
        """Return DF at strength g."""
        return g * self.W * self.net.slopes(E)

    def bordered(self, E: Floats, g: float, row: Floats) -> Floats:
        """Return the matrix of the system extended by `row`, in scaled unknowns."""
        n = len(E)
        M = np.empty((n + 1, n + 1))
        M[:n, :n] = (np.eye(n) - self.jacobian(E, g)) * self.size
        M[:n, n] = -(self.W @ self.net.rates(E)) * self.span
        M[n] = row
        return M

    def tangent(self, E: Floats, g: float, before: Floats) -> Floats:
        """Return the unit tangent that points the way of `before`."""
        rhs = np.zeros(len(E) + 1)
        rhs[-1] = 1.0
        try:
            t = np.linalg.solve(self.bordered(E, g, before), rhs)
        except np.linalg.LinAlgError:  # two branches cross here: go straight on
            t = before
        return t / np.linalg.norm(t)

    def correct(self, E: Floats, g: float, row: Floats, steps: int = 8) -> tuple[Floats, float, int]:
        """Return the curve's point in the plane through (E, g) across `row`, and the steps taken (−1: failed).

        Newton's method: after a step of 1e-7 the error is about its square.
        """
        tol = 1e-7
        for k in range(steps):
            G = self.defect(E, g)
            rhs = np.append(G, 0.0)
            try:
                d = np.linalg.solve(self.bordered(E, g, row), rhs)
            except np.linalg.LinAlgError:  # two branches cross: fine if this is where they do
                return E, g, k + 1 if np.abs(G).max(initial=0.0) < 1e-11 * (1 + np.abs(E).max(initial=0.0)) else -1
            if not np.isfinite(d).all():
                return E, g, -1
            E, g = E + self.size * d[:-1], g + self.span * d[-1]
            length = np.linalg.norm(d)
            if length < tol * (1 + np.abs(E).max(initial=0.0) / 10):
                return E, g, k + 1
        return E, g, -1

    def orientation(self, E: Floats, g: float, tangent: Floats) -> float:
        """Return the sign that never changes along a branch, unless another branch crosses it."""
        return float(np.linalg.slogdet(self.bordered(E, g, tangent))[0])

    def scaled(self, dE: Floats, dg: float) -> Floats:
        """Return a displacement in scaled units."""
        return np.append(dE / self.size, dg / self.span)

    def eigenvalues(self, E: Floats, g: float) -> Floats:
        """Return the eigenvalues of DF, largest modulus first."""
        if len(E) == 0 or not self.spectra:
            return np.full(len(E), np.nan, complex)
        lam = np.linalg.eigvals(self.jacobian(E, g)).astype(complex)
        return lam[np.argsort(-np.abs(lam), kind="stable")]


class Point:
    """A point of the path; what is costly to know of it is computed when asked for, once."""

    def __init__(self, path: Path, E: Floats, g: float, before: Floats) -> None:
        self.path, self.E, self.g, self.before = path, E, g, before

    @cached_property
    def tangent(self) -> Floats:
        """The unit tangent that points the way of `before`."""
        return self.path.tangent(self.E, self.g, self.before)

    @cached_property
    def sign(self) -> float:
        """The orientation of the path."""
        return self.path.orientation(self.E, self.g, self.tangent)

    @cached_property
    def lam(self) -> Floats:
        """The eigenvalues of DF, largest modulus first."""
        return self.path.eigenvalues(self.E, self.g)

    def rescale(self, size: float) -> None:
        """Express the tangent in other units of E."""
        tangent = np.append(self.tangent[:-1] * (self.path.size / size), self.tangent[-1])
        self.sign  # noqa: B018 - to be computed before the units change
        self.tangent = tangent / np.linalg.norm(tangent)
