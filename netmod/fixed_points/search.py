"""Which fixed points are known, who found them, and methods that go from known ones to others."""

from __future__ import annotations

import numpy as np

from netmod._matrix import dense
from netmod.dynamics import RateNetwork
from netmod.fixed_points.branch import follow
from netmod.fixed_points.newton import newton
from netmod.fixed_points.solution import FixedPoint, Floats, rows

TRACED = 300  # neurons: up to this size the branch from strength 0 is followed, and known points are deflated
_FOLLOWED = 12  # points from which a branch is followed back
_ROUNDS = 6  # of deflation, while the indices say that a point is missing


class Notebook:
    """Collects fixed points, tells old from new and remembers who found them."""

    def __init__(self, net: RateNetwork, atol: float) -> None:
        self.net, self.atol = net, atol
        self.points: list[Floats] = []
        self.found_by: list[list[str]] = []

    def same(self, a: Floats, b: Floats) -> bool:
        return bool(np.abs(a - b).max(initial=0.0) <= self.atol * max(1.0, np.abs(a).max(initial=0.0) / 1000))

    def add(self, method: str, result: FixedPoint) -> int:
        """Add the converged states of `result`; return how many are new."""
        new = 0
        ok = np.atleast_1d(result.converged)
        for E in rows(result.E)[ok]:
            for point, methods in zip(self.points, self.found_by, strict=True):
                if self.same(point, E):
                    if method not in methods:
                        methods.append(method)
                    break
            else:
                self.points.append(E)
                self.found_by.append([method])
                new += 1
        return new

    def index(self, E: Floats) -> int:
        """Return the sign of det(I − DF)."""
        return int(np.linalg.slogdet(np.eye(self.net.n) - dense(self.net.jacobian(E)))[0])

    def missing(self) -> bool:
        """Return whether the indices say that there is another point."""
        return sum(self.index(E) for E in self.points) != 1

    def follow(self) -> None:
        """Follow the branch from strength 0, and back towards it from points that are not on it."""
        if not any("continuation" in methods for methods in self.found_by):
            self.add("continuation", newton(self.net, follow(self.net, [1.0], None, 0.05, spectra=False).E))
        for i in range(_FOLLOWED):
            if i < len(self.points) and "continuation" not in self.found_by[i]:
                try:
                    branch = follow(self.net, [1.0, 0.0], self.points[i], 0.05, spectra=False)
                except (ValueError, ArithmeticError):  # the point is at a fold: its branch has no start
                    continue
                ends = branch.E[branch.strength == 1.0]
                if len(ends) > 1:
                    self.add("continuation", newton(self.net, ends))

    def deflate(self, begin: Floats) -> None:
        """Send Newton's method from old starts and from between known points to new ones."""
        for _ in range(_ROUNDS):
            known = np.array(self.points).reshape(len(self.points), self.net.n)
            pairs = [(a, b) for i, a in enumerate(known) for b in known[:i]][:8]
            between = [a + t * (b - a) for a, b in pairs for t in (0.05, 0.2, 0.5, 0.8, 0.95)]
            seeds = np.array([self.net.E0, *(known + 1e-3), *between, *begin[:8]])
            result = newton(self.net, seeds, away_from=known)
            # The deflated residual is small only at new points, but what counts is the plain one.
            new = self.add("newton", newton(self.net, result.E[np.atleast_1d(result.converged)]))
            if not (new and self.missing()):
                break
