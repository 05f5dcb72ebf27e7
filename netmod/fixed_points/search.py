"""Which fixed points are known, who found them, and methods that go from known ones to others."""

from __future__ import annotations

import numpy as np

from netmod._matrix import dense
from netmod.dynamics import RateNetwork
from netmod.fixed_points.branch import follow
from netmod.fixed_points.newton import newton
from netmod.fixed_points.solution import FixedPoint, Floats, rows

TRACED = 300  # neurons: up to this size branches are followed, and known points are deflated
_FOLLOWED = 12  # points from which a branch is followed back
_ROUNDS = 12  # most rounds of deflation
_STUBBORN = 5  # rounds that bring nothing new while the indices say that a point is missing
_PAIRS = 24  # of known points, between which it starts
_SAMPLE = 16  # neurons that start alone at one end of the box
_HIDDEN = "listing states where rounding hides the residual"
_LEVELS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9])


def other_starts(net: RateNetwork, begin: Floats, rng: np.random.Generator) -> Floats:
    """Return the starts that are not the poster's, (m, n).

    E0 and both ends of the box; random states whose mean differs from one to the next: a share of the neurons, from
    2 % to 90 %, at one end and the others at the other, or spread between the ends up to that share of the way; and
    one neuron at the upper end and all others at the lower one, and the reverse, for up to 16 neurons, evenly chosen.
    Where an end is not known, that of the random starts `begin` takes its place.
    """
    low, high = net.box()
    seen = np.concatenate([begin, net.E0[None]])
    low = np.where(np.isfinite(low), low, seen.min(axis=0))
    high = np.where(np.isfinite(high), high, seen.max(axis=0))
    width = high - low
    chosen = np.linspace(0, max(net.n - 1, 0), min(net.n, _SAMPLE)).round().astype(int)
    alone = np.eye(net.n)[chosen]
    level = _LEVELS[:, None]
    share = [rng.random((len(level), net.n)) < level, level * rng.random((len(level), net.n)), alone, 1 - alone]
    return np.concatenate([[net.E0], [low], [high], *(low + np.asarray(s) * width for s in share)])


class Notebook:
    """Collects fixed points, tells old from new and remembers who found them."""

    def __init__(self, net: RateNetwork, atol: float) -> None:
        self.net, self.atol = net, atol
        self.points: list[Floats] = []
        self.found_by: list[list[str]] = []
        self.skipped: list[str] = []

    def close(self, a: Floats, b: Floats) -> bool:
        """Return whether two states differ by no more than `atol` (or that part of a volt)."""
        return bool(np.abs(a - b).max(initial=0.0) <= self.atol * max(1.0, np.abs(a).max(initial=0.0) / 1000))

    def same(self, a: Floats, b: Floats) -> bool:
        """Return whether two fixed points are one, as far as can be told."""
        far = np.abs(a - b).max(initial=0.0) > 1e4 * self.atol * max(1.0, np.abs(a).max(initial=0.0) / 1000)
        return self.close(a, b) or (not far and _indistinct(self.net, a, b))

    def add(self, method: str, result: FixedPoint) -> int:
        """Add the converged states of `result`; return how many are new."""
        new = 0
        ok = np.atleast_1d(result.converged)
        found = rows(result.E)[ok]
        # A residual can be large and rounding alone: where rates overflow it is infinite, as its rounding is, and
        # where huge connections cancel it says nothing about the state. That is no finding.
        moved, size = (np.abs(x).max(axis=1, initial=0.0) for x in (self.net(found) - found, found))
        clear = moved <= 1e-6 * np.maximum(1, size)
        if not clear.all() and _HIDDEN not in self.skipped:
            self.skipped.append(_HIDDEN)
        found = found[clear]
        for E, sharper in zip(found, self.polish(found), strict=True):
            for point, methods in zip(self.points, self.found_by, strict=True):
                if self.close(point, E) or self.same(point, sharper):
                    if method not in methods:
                        methods.append(method)
                    break
            else:
                self.points.append(sharper)
                self.found_by.append([method])
                new += 1
        return new

    def polish(self, E: Floats) -> Floats:
        """Return states after a few Newton steps, down to rounding, where these lead nowhere else."""
        better = newton(self.net, E, tol=1e-300, max_iter=8)
        near = np.abs(better.E - E).max(axis=-1, initial=0.0) <= 1e4 * self.atol
        lower = better.residual <= np.abs(self.net(E) - E).max(axis=-1, initial=0.0)
        return np.where((near & lower)[:, None], better.E, E)

    def index(self, E: Floats) -> int:
        """Return the sign of det(I − DF)."""
        return int(np.linalg.slogdet(np.eye(self.net.n) - dense(self.net.jacobian(E)))[0])

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

    def missing(self) -> bool:
        """Return whether the indices say that there is another point: only of bounded rates they add up to 1."""
        bounded = bool(np.isfinite(self.net.rate_range()).all())
        return bounded and sum(self.index(E) for E in self.points) != 1

    def deflate(self, begin: Floats, rng: np.random.Generator) -> None:
        """Send Newton's method from old starts and from between known points to new ones, until there are none.

        As long as the indices say that a point is missing, it also starts afresh.
        """
        seeds, idle = begin, 0
        for _ in range(_ROUNDS):
            known = np.array(self.points).reshape(len(self.points), self.net.n)
            pairs = [(a, b) for i, a in enumerate(known) for b in known[:i]][:_PAIRS]
            between = [a + t * (b - a) for a, b in pairs for t in (0.05, 0.2, 0.5, 0.8, 0.95)]
            result = newton(self.net, np.array([*(known + 1e-3), *between, *seeds]), away_from=known, max_iter=50)
            # The deflated residual is small only at new points, but what counts is the plain one.
            if self.add("newton", newton(self.net, result.E[np.atleast_1d(result.converged)])):
                seeds, idle = begin, 0
                continue
            idle += 1
            if idle > _STUBBORN or not self.missing():
                return
            seeds = other_starts(self.net, begin, rng)[:19]
        self.skipped.append(f"deflation after {_ROUNDS} rounds, of which the last still found a new point")


def _indistinct(net: RateNetwork, a: Floats, b: Floats) -> bool:
    """Return whether rounding hides all difference between two fixed points that are close together.

    At a fold or a cusp |F(E) − E| is at rounding level on a whole stretch, and Newton's method ends anywhere on it.
    Between two different fixed points it is larger, also along the line on which it is least: there F(E) − E is a
    multiple of the left null vector of I − DF.
    """
    n, length = net.n, float(np.linalg.norm(b - a))
    if n > TRACED or length == 0.0:
        return length == 0.0
    W, along = dense(net.W), (b - a) / length
    null = np.linalg.svd(np.eye(n) - W * net.slopes((a + b) / 2))[0][:, -1]
    for t in (0.25, 0.5, 0.75):
        E, size = a + t * (b - a), 0.0
        for _ in range(4):
            r = net.rates(E)
            M = np.block([[np.eye(n) - W * net.slopes(E), null[:, None]], [along[None], np.zeros((1, 1))]])
            try:
                step = np.linalg.solve(M, np.append(net.E0 + W @ r - E, 0.0))
            except np.linalg.LinAlgError:
                return False
            E, size = E + step[:-1], abs(float(step[-1]))
        if not size <= 2 * float(net.rounding(E, r)) * np.sqrt(n):
            return False
    return True
