"""Following one steady state as the strength grows, round folds and past the loss of stability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from netmod._checks import number, vector
from netmod.dynamics import RateNetwork
from netmod.fixed_points.newton import newton
from netmod.fixed_points.path import Path, Point
from netmod.fixed_points.solution import Floats, check_net, states

_LARGEST = 3000  # neurons: every requested point costs all eigenvalues
_SHORTEST_STEP = 1e-3  # of `max_step`: 1,000 steps a range already
_STEPS = 20_000
_CROSSING = 1e-3  # steps shorter than this may change the orientation: there another branch crosses
_SAME_PLACE = 1e-6  # of a step: eigenvalues that cross as near as this cross together
_ASTRAY = 10.0  # length of the path, in scaled units, that is walked outside the range for a strength still missing
_ENDLESS = 1e9  # mV: without a refractory period, a branch may go to infinity at a finite strength
_TOGETHER = 5  # steps in which eigenvalues far from the circle are looked at once


class Event(NamedTuple):
    """A point of the branch at which an eigenvalue of DF crosses the unit circle.

    Attributes
    ----------
    kind : str
        "fold" (+1: the branch turns back, and no other passes), "branch point" (+1: another branch crosses or
        touches), "flip" (−1: a cycle of period 2 appears) or "complex pair" (Neimark-Sacker: a closed curve
        appears). A kind says what the place is, not how it was reached: both branches of a pitchfork name it
        "branch point", also the one that turns there. Eigenvalues that cross at one place are events of their own.
    strength
        Where on the axis of strengths.
    """

    kind: str
    strength: float


@dataclass(frozen=True, eq=False)
class Branch:
    """A branch of fixed points, in the order in which the strengths were asked for.

    Without folds there is one entry per requested strength; a branch that turns passes a strength more than once. If
    the strengths were asked for in rising or in falling order, the entries follow the branch from the first to the
    last; otherwise all passes of the first strength come first, then those of the second, and so on.

    Attributes
    ----------
    strength : (m,)
        Strengths.
    E : (m, n), mV
        Fixed points.
    spectral_radius : (m,)
        Max |λ| of DF: the iteration converges from near by if it is below 1.
    growth : (m,)
        Max Re λ of DF: the flow τ dE/dt = −E + F(E) returns from near by if it is below 1.
    eigenvalues : (m, n), complex
        Of DF, largest modulus first.
    events
        Where eigenvalues cross the unit circle between the lowest and the highest strength, in order along the
        branch.
    event_E : (events, n), mV
        The states there.
    event_index
        How many of the points that were passed come before each event: entries of `strength`, if these follow the
        branch.
    along : (m,)
        The place of each entry along the branch: 0, 1, 2, … if the entries follow it.
    complete
        Whether every strength asked for was reached, and the branch followed until it left their range.
    reason
        If not, why.
    """

    strength: Floats
    E: Floats
    spectral_radius: Floats
    growth: Floats
    eigenvalues: Floats
    events: tuple[Event, ...]
    event_E: Floats
    event_index: tuple[int, ...]
    along: NDArray[np.int64]
    complete: bool
    reason: str

    @property
    def stable(self) -> NDArray[np.bool_]:
        """(m,) bool: whether the iteration converges to the point from near by."""
        return self.spectral_radius < 1

    @property
    def flow_stable(self) -> NDArray[np.bool_]:
        """(m,) bool: whether the flow in time does."""
        return self.growth < 1

    def with_events(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return strength, E and stability along the branch with the events put in: what a drawing of it needs."""
        _, order = np.unique(self.along, return_index=True)
        g = np.insert(self.strength[order], self.event_index, [e.strength for e in self.events])
        E = np.insert(self.E[order], self.event_index, self.event_E, axis=0)
        return g, E, np.insert(self.stable[order], self.event_index, True)

    def __repr__(self) -> str:
        ev = ", ".join(f"{e.kind} at {e.strength:.6g}" for e in self.events) or "no events"
        broken = "" if self.complete else f", incomplete: {self.reason}"
        return f"Branch({len(self.strength)} points, n={self.E.shape[-1]}, {ev}{broken})"


def trace_branch(
    net: RateNetwork, strengths: ArrayLike, *, start: ArrayLike | None = None, max_step: float = 0.05
) -> Branch:
    """Return the branch of fixed points of E = E₀ + g W r(E) through the strengths g, stable or not.

    Parameters
    ----------
    net : RateNetwork
        The network; its W is multiplied by the strength. (With signed 0/1 entries, g is the strength per synapse.)
    strengths : array_like, shape (s,)
        Strengths, in any order, of both signs if need be. Every one of them comes back, in the order asked, or the
        answer is not `complete`.
    start : array_like, shape (n,), optional
        A state near the fixed point at ``strengths[0]`` at which to begin, mV. None begins at E₀, the only fixed
        point at strength 0, and follows the branch from there, on either side of 0 where strengths are asked for;
        what lies in their range is returned.
    max_step : float, optional
        Longest step, as a fraction of the range of strengths (or of a comparable distance in E): from 0.001 to 1.
        The time grows like 1 / max_step.

    Returns
    -------
    Branch
        Points at the requested strengths, with the stability of each for the iteration and for the flow, and the
        events between them, whose strengths are good to 1e-6 of the range or better.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range, no fixed point is near `start`, or the network is too large
        for all its eigenvalues.

    Notes
    -----
    Pseudo-arclength continuation (Keller 1977): the unknowns are E and g together, which is regular at folds. An
    eigenvalue that leaves or enters the unit disc changes the number of eigenvalues outside; where its modulus is 1
    is then found by Brent's method. Between two steps with equal numbers of eigenvalues outside, the numbers beyond
    +1 and beyond −1 must be equal up to pairs too; if not, the step is halved. A pair of crossings of one kind
    within one step, there and back, can be missed: `max_step` says how long a step may be. At an eigenvalue +1 the
    branch folds if ∂F/∂g is outside the range of I − DF; otherwise another branch crosses.

    Examples
    --------
    >>> branch = trace_branch(RateNetwork([[1.0]], E0=4.0), [200, 270, 400])
    >>> [(e.kind, round(e.strength, 3)) for e in branch.events]
    [('fold', 296.127), ('fold', 245.5)]
    >>> branch.strength
    array([200., 270., 270., 270., 400.])
    >>> branch.stable
    array([ True,  True, False,  True,  True])
    """
    return follow(net, strengths, start, max_step, spectra=True)


def follow(
    net: RateNetwork, strengths: ArrayLike, start: ArrayLike | None, max_step: float, *, spectra: bool
) -> Branch:
    """Do what `trace_branch` says; without `spectra`, leave out eigenvalues and events."""
    net = check_net(net)
    wanted = vector("strengths", strengths)
    if wanted.size == 0:
        raise ValueError("strengths must not be empty")
    max_step = number("max_step", max_step, low=_SHORTEST_STEP, high=1.0)
    if not 0 < net.n <= _LARGEST:
        raise ValueError(f"net must have 1 to {_LARGEST} neurons, as every point costs all eigenvalues, got {net.n}")
    E, begin = np.array(net.E0), 0.0
    if start is not None:
        guess, begin = states("start", start, net), float(wanted[0])
        if guess.ndim != 1:
            raise ValueError(f"start must be one state of shape ({net.n},), got shape {guess.shape}")
        point = newton(net.scaled(begin), guess)
        if not point.converged:
            raise ValueError(
                f"start must be near a fixed point at strength {begin:g}: Newton's method {point.status}"
            )
        E = point.E
    low, high = float(wanted.min()), float(wanted.max())
    # The branch leads from `begin` both ways. From strength 0 each way has its own side of the axis; from elsewhere
    # either may turn and pass any strength, and the second goes on outside the range only for what is still missing.
    down, up = bool((wanted < begin).any()), bool((wanted > begin).any())
    ways = [-1.0] * down + [1.0] * (up or not down)
    if start is not None:
        ways = [ways[0], -ways[0]]
    span = max(high - low, abs(low), abs(high), 1e-12)
    walked = {-1.0: _Passes([], []), 1.0: _Passes([], [])}
    missing = set(wanted.tolist())
    for way in ways:
        first, last = low, high
        if start is None:
            first, last = (low, min(high, 0.0)) if way < 0 else (max(low, 0.0), high)
        for shorter in (1, 4, 16):  # a branch that was lost is followed again, in shorter steps
            walk = _Walk(Path(net, span, max_step / shorter, spectra), np.unique(wanted), first, last, missing)
            walked[way] = walk.run(E, begin, way, from_zero=start is None)
            if not walked[way].lost:
                break
        missing = walk.missing
        if walked[way].closed:
            break
    return _branch(walked[-1.0].reversed().then(walked[1.0], begin), wanted, net.n)


@dataclass
class _Passes:
    """What a walk noted, in the order of the walk; why it was broken off, if it was; if it closed or got lost."""

    points: list[tuple[float, Floats, Floats]]
    events: list[tuple[Event, Floats, int]]
    reason: str = ""
    closed: bool = False
    lost: bool = False

    def reversed(self) -> _Passes:
        """Return the same walk in the other direction."""
        m = len(self.points)
        events = [(e, E, m - k) for e, E, k in reversed(self.events)]
        return _Passes(self.points[::-1], events, self.reason, self.closed)

    def then(self, other: _Passes, common: float) -> _Passes:
        """Return this walk and then the other, which begins at strength `common`, where this one ends."""
        drop = int(bool(self.points) and bool(other.points) and other.points[0][0] == common)
        m = len(self.points) - drop
        events = [(e, E, m + k) for e, E, k in other.events]
        return _Passes(
            self.points + other.points[drop:],
            self.events + events,
            self.reason or other.reason,
            self.closed or other.closed,
        )


def _branch(passes: _Passes, wanted: Floats, n: int) -> Branch:
    """Return `passes`, which lead from low strengths to high ones, in the order of the strengths `wanted`."""
    rising, falling = bool((np.diff(wanted) >= 0).all()), bool((np.diff(wanted) <= 0).all())
    if falling and not (rising and wanted[0] >= 0):
        passes = passes.reversed()
    at = np.array([p[0] for p in passes.points])
    along = np.concatenate([np.flatnonzero(at == g) for g in wanted])
    if rising or falling:
        along = np.sort(along)
    missing = wanted[~np.isin(wanted, at)]
    reason = passes.reason or ("the branch closes on itself" if passes.closed and missing.size else "")
    if missing.size:
        reason = f"strength {missing[0]:g} was not reached" + (f": {reason}" if reason else "")
    E = np.array([p[1] for p in passes.points]).reshape(len(at), n)[along]
    lam = np.array([p[2] for p in passes.points], dtype=complex).reshape(len(at), n)[along]
    return Branch(
        strength=at[along],
        E=E,
        spectral_radius=np.abs(lam).max(axis=-1, initial=0.0),
        growth=lam.real.max(axis=-1) if n else np.zeros(len(along)),
        eigenvalues=lam,
        events=tuple(e[0] for e in passes.events),
        event_E=np.array([e[1] for e in passes.events]).reshape(len(passes.events), n),
        event_index=tuple(e[2] for e in passes.events),
        along=along,
        complete=not reason,
        reason=reason,
    )


class _Walk:
    """Walks along a path and notes what lies between the strengths `low` and `high`."""

    def __init__(self, path: Path, wanted: Floats, low: float, high: float, missing: set[float]) -> None:
        self.path, self.low, self.high = path, low, high
        self.wanted = wanted[(wanted >= low) & (wanted <= high)]
        self.missing = missing.intersection(self.wanted.tolist())
        self.passes = _Passes([], [])
        self.fresh: list[tuple[Point, Point]] = []  # steps not looked at yet
        self.near = 0.0  # how far along the path the first eigenvalue may reach the unit circle

    def run(self, E: Floats, g: float, direction: float, *, from_zero: bool) -> _Passes:
        """Walk from (E, g) until the path leaves the range for good, closes, or no step succeeds."""
        path = self.path
        here = Point(path, E, g, np.append(np.zeros(len(E)), direction))
        slack = 1e-9 * path.span
        self.note(here, np.flatnonzero(np.abs(self.wanted - g) <= slack))
        h, astray = min(0.02, path.max_step), 0.0
        try:
            for _ in range(_STEPS):
                there, h, easy = self.step(here, h)
                bend = float(there.tangent @ here.tangent)
                h = min(path.max_step, h * (1.6 if easy and bend > 0.99 else 1.0 if bend > 0.97 else 0.7))
                self.fresh.append((here, there))
                beyond = max(there.g - self.high, self.low - there.g)
                if beyond > slack or self.due(h):
                    self.look()
                size = path.size_at(there.E)
                there.rescale(size)
                path.size, here = size, there
                if np.abs(here.E).max(initial=0.0) > _ENDLESS:
                    raise OverflowError(f"the states grow without limit near strength {here.g:g}")
                if here.g * direction < -slack and from_zero:
                    raise ArithmeticError("the branch was lost: it came back to strength 0, where only E0 is fixed")
                outward = here.tangent[-1] * (1 if here.g > self.high else -1) > 0
                self.passes.closed = self.is_back(E, g)
                # A branch that left the range may turn and come back to a strength that is still missing.
                astray = astray + h if beyond > slack else 0.0
                gone = not from_zero and (beyond > path.span or astray > _ASTRAY)
                if self.passes.closed or (beyond > slack and outward and (not self.missing or gone)):
                    return self.passes
            raise ArithmeticError(f"the branch is longer than {_STEPS} steps")
        except ArithmeticError as error:
            self.passes.reason, self.passes.lost = str(error), not isinstance(error, OverflowError)
        return self.passes

    def is_back(self, E: Floats, g: float) -> bool:
        """Return whether the walk has come back to (E, g), where it began; do not note that pass twice."""
        for k, (strength, state, _) in enumerate(self.passes.points):
            if k and strength == g and np.abs(state - E).max(initial=0.0) < 1e-6 * (1 + np.abs(E).max(initial=0.0)):
                del self.passes.points[k:]
                return True
        return False

    def due(self, h: float) -> bool:
        """Return whether eigenvalues may have crossed, if their moduli change as fast as they last did.

        They cost more than all else: while they are far from the circle, a few steps are looked at together.
        """
        far = h + sum(self.path.distance(a, b) for a, b in self.fresh)
        return len(self.fresh) >= _TOGETHER or 3 * far >= self.near

    def look(self) -> None:
        """Note what lies in the steps not looked at yet; where eigenvalues have crossed, in each for itself."""
        steps, self.fresh = [s for s in self.fresh if self.in_range(*s)], []
        if not steps:
            return
        first, last, spectra = steps[0][0], steps[-1][1], self.path.spectra
        crossed = spectra and first.outside != last.outside
        for a, b in steps:
            self.segment(a, b, spectra and (crossed or _turns(a, b)))
        if spectra:
            far = sum(self.path.distance(a, b) for a, b in steps)
            before, after = np.abs(first.lam), np.abs(last.lam)
            self.near = far * float((np.abs(after - 1) / (np.abs(after - before) + 1e-300)).min(initial=np.inf))

    def in_range(self, a: Point, b: Point) -> bool:
        """Return whether the path between two neighbouring points can lie in the range."""
        bulge = 0.1 * abs(b.g - a.g) + (self.path.max_step * self.path.span if _turns(a, b) else 0)
        return max(a.g, b.g) + bulge >= self.low and min(a.g, b.g) - bulge <= self.high

    def step(self, here: Point, h: float) -> tuple[Point, float, bool]:
        """Return the next point, a step of at most `h` away, the step and whether it was easy."""
        path = self.path
        while h >= 1e-9:
            guess = here.E + h * path.size * here.tangent[:-1], here.g + h * path.span * float(here.tangent[-1])
            E, g, steps = path.correct(*guess, here.tangent)
            # A far correction, a sharp bend or another orientation: the step has landed on another branch.
            if steps > 0 and np.linalg.norm(path.scaled(E - guess[0], g - guess[1])) < 0.3 * h:
                there = Point(path, E, g, here.tangent)
                if there.tangent @ here.tangent > 0.95 and (there.sign == here.sign or h < _CROSSING):
                    return there, h, steps <= 4
            h /= 2
        raise ArithmeticError(f"no step leads on from strength {here.g:g}")

    def segment(self, a: Point, b: Point, crossed: bool) -> None:
        """Note the events, if there are any, and the requested strengths between two neighbouring points."""
        slack = 1e-12 * self.path.span
        at = self.local(a, b)
        turn = [float(brentq(lambda t: at(t).tangent[-1], 0.0, 1.0, xtol=1e-9))] if _turns(a, b) else []
        found: list[tuple[float, int | str, Point]] = list(self.hits(a, b, at, turn))
        if crossed:
            found += [(t, kind, at(t)) for t, kind in _crossings(at, turn)]
        for _, what, p in sorted(found, key=lambda f: f[0]):
            if not isinstance(what, str):
                self.note(p, np.array([what]))
            elif self.low - slack <= p.g <= self.high + slack:
                self.passes.events.append((Event(what, float(p.g)), p.E, len(self.passes.points)))

    def local(self, a: Point, b: Point) -> Callable[[float], Point]:
        """Return the map from t in [0, 1] to the point of the path between `a` and `b`."""
        chord = self.path.scaled(b.E - a.E, b.g - a.g)
        unit = chord / np.linalg.norm(chord)
        seen = {0.0: a, 1.0: b}

        def at(t: float) -> Point:
            if t not in seen:
                E, g, steps = self.path.correct(a.E + t * (b.E - a.E), a.g + t * (b.g - a.g), unit, steps=20)
                if steps < 0:  # cannot happen where the step was accepted, short of a rounding problem
                    raise ArithmeticError(f"the branch is lost near strength {g:g}")
                seen[t] = Point(self.path, E, g, unit)
            return seen[t]

        return at

    def hits(
        self, a: Point, b: Point, at: Callable[[float], Point], turn: list[float]
    ) -> list[tuple[float, int, Point]]:
        """Return where the path passes which requested strengths, and the points."""
        path, out = self.path, []
        level = np.append(np.zeros(len(a.E)), 1.0)
        chord = path.scaled(b.E - a.E, b.g - a.g)
        for s, e in pairwise([0.0, *turn, 1.0]):
            gs, ge = at(s).g, at(e).g
            inside = (self.wanted >= min(gs, ge)) & (self.wanted <= max(gs, ge)) & (self.wanted != gs)
            for k in np.flatnonzero(inside):
                target = float(self.wanted[k])
                # Newton's method at this strength, from the straight line; near a fold it may go astray.
                t = s + (e - s) * (target - gs) / (ge - gs)
                E, _, steps = path.correct(at(s).E + (t - s) / (e - s) * (at(e).E - at(s).E), target, level)
                along = float(path.scaled(E - a.E, target - a.g) @ chord / (chord @ chord))
                off = path.scaled(E - a.E, target - a.g) - along * chord
                if steps > 0 and s < along < e and off @ off < 0.04 * (chord @ chord):
                    out.append((along, int(k), Point(path, E, target, chord)))
                else:
                    t = e if ge == target else brentq(lambda t, y=target: at(t).g - y, s, e, xtol=1e-14)
                    out.append((float(t), int(k), at(float(t))))
        return out

    def note(self, p: Point, which: NDArray[np.int64]) -> None:
        """Note a point at requested strengths."""
        for k in which:
            self.passes.points.append((float(self.wanted[k]), p.E, p.lam))
            self.missing.discard(float(self.wanted[k]))


def _turns(a: Point, b: Point) -> bool:
    """Return whether the path turns in g between two neighbouring points."""
    return bool(a.tangent[-1] * b.tangent[-1] < 0)


def _crossings(at: Callable[[float], Point], turn: list[float]) -> list[tuple[float, str]]:
    """Return where eigenvalues cross the unit circle between at(0) and at(1), and how; the branch turns at `turn`."""
    found = _places(at, 0.0, 1.0)
    out = [(t, kind) for t, kind in found if kind != "+1"]
    at_one = [t for t, kind in found if kind == "+1"]
    for t in turn:  # an eigenvalue is +1 where the branch turns, whether it crosses the circle or only touches it
        with_others = sum(abs(x - t) < 1e-3 for x in at_one) - 1
        out += [(t, at(t).at_one())] + [(t, "branch point")] * with_others
    return out + [(t, at(t).at_one()) for t in at_one if all(abs(t - x) >= 1e-3 for x in turn)]


def _places(at: Callable[[float], Point], start: float, end: float) -> list[tuple[float, str]]:
    """Return where eigenvalues cross between at(start) and at(end), and whether "+1", "flip" or "complex pair"."""
    before, after = at(start).outside, at(end).outside
    roots: list[float] = []
    for rank in range(min(before[0], after[0]), max(before[0], after[0])):

        def excess(t: float, rank: int = rank) -> float:
            return float(abs(at(t).lam[rank])) - 1.0

        if not (roots and abs(excess(roots[-1])) < 1e-12):  # not the other one of a pair
            roots.append(float(brentq(excess, start, end, xtol=1e-9)))
        else:
            roots.append(roots[-1])
    found: list[tuple[float, str]] = []
    while roots:
        t = min(roots)
        together = [x for x in roots if x - t < _SAME_PLACE]
        roots = [x for x in roots if x - t >= _SAME_PLACE]
        lam = at(t).lam
        lam = lam[np.argsort(np.abs(np.abs(lam) - 1), kind="stable")[: len(together)]]
        real = np.abs(lam.imag) <= 1e-6
        found += [(t, "+1")] * int((real & (lam.real > 0)).sum())
        found += [(t, "complex pair")] * ((int((~real).sum()) + 1) // 2)
        found += [(t, "flip")] * int((real & (lam.real < 0)).sum())
    # Real eigenvalues leave the real axis in pairs: an odd change that was not found is one out and another in.
    for sign, kind in ((1, "+1"), (2, "flip")):
        if (after[sign] - before[sign] - sum(k == kind for _, k in found)) % 2:
            middle = (start + end) / 2
            if end - start < _SAME_PLACE:
                found.append((middle, kind))
            else:
                return _places(at, start, middle) + _places(at, middle, end)
    return found
