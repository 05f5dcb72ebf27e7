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

_LARGEST = 3000  # neurons: every point costs all eigenvalues
_STEPS = 20_000
_CROSSING = 1e-3  # steps shorter than this may change the orientation: there another branch crosses


class Event(NamedTuple):
    """A point of the branch at which an eigenvalue of DF crosses the unit circle.

    Attributes
    ----------
    kind : str
        "fold" (+1: the branch turns back), "branch point" (+1: another branch crosses), "flip" (−1: a cycle of period
        2 appears) or "complex pair" (Neimark-Sacker: a closed curve appears).
    strength
        Where on the axis of strengths.
    """

    kind: str
    strength: float


@dataclass(frozen=True, eq=False)
class Branch:
    """A branch of fixed points, in the order in which it is travelled.

    Without folds there is one entry per requested strength; a branch that turns passes a strength more than once.

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
        Where eigenvalues cross the unit circle, in order.
    event_E : (events, n), mV
        The states there.
    event_index
        How many entries of `strength` come before each event.
    complete
        Whether the branch was followed until it left the range of strengths.
    """

    strength: Floats
    E: Floats
    spectral_radius: Floats
    growth: Floats
    eigenvalues: Floats
    events: tuple[Event, ...]
    event_E: Floats
    event_index: tuple[int, ...]
    complete: bool

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
        g = np.insert(self.strength, self.event_index, [e.strength for e in self.events])
        E = np.insert(self.E, self.event_index, self.event_E, axis=0)
        return g, E, np.insert(self.stable, self.event_index, True)

    def __repr__(self) -> str:
        ev = ", ".join(f"{e.kind} at {e.strength:.6g}" for e in self.events) or "no events"
        broken = "" if self.complete else ", incomplete"
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
        Strengths, all increasing or all decreasing.
    start : array_like, shape (n,), optional
        A state near the fixed point at ``strengths[0]`` at which to begin, mV. None begins at E₀, the only fixed
        point at strength 0, and follows the branch from there; what lies in the range of `strengths` is returned.
    max_step : float, optional
        Longest step, as a fraction of the range of strengths (or of a comparable distance in E).

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
    is then found by Brent's method. Two crossings within one step, there and back, can be missed: `max_step` says
    how long a step may be.

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
    return _follow(net, strengths, start, max_step, spectra=True)


def _follow(
    net: RateNetwork, strengths: ArrayLike, start: ArrayLike | None, max_step: float, *, spectra: bool
) -> Branch:
    """Do what `trace_branch` says; without `spectra`, leave out eigenvalues and all events but folds."""
    net = check_net(net)
    g = vector("strengths", strengths)
    if g.size == 0:
        raise ValueError("strengths must not be empty")
    if not (np.all(np.diff(g) > 0) or np.all(np.diff(g) < 0)):
        raise ValueError("strengths must be all increasing or all decreasing")
    max_step = number("max_step", max_step, low=0.0, high=1.0, open_low=True)
    if net.n > _LARGEST:
        raise ValueError(
            f"net must have at most {_LARGEST} neurons, since every point costs all eigenvalues, got {net.n}"
        )
    if start is None:
        E, first = np.array(net.E0), 0.0
        direction = np.sign(g[0]) or (np.sign(g[-1] - g[0]) if g.size > 1 else 1.0)
    else:
        begin = states("start", start, net)
        if begin.ndim != 1:
            raise ValueError(f"start must be one state of shape ({net.n},), got shape {begin.shape}")
        point = newton(net.scaled(g[0]), begin)
        if not point.converged:
            raise ValueError(f"start must be near a fixed point at strength {g[0]:g}: Newton's method {point.status}")
        E, first = point.E, float(g[0])
        direction = np.sign(g[-1] - g[0]) if g.size > 1 else 1.0
    span = max(float(np.ptp(g)), abs(float(g[0])), 1e-12)
    for shorter in (1, 4, 16):  # a branch that was lost is followed again, in shorter steps
        try:
            branch = _Record(Path(net, span, max_step / shorter, spectra), g).run(E, first, float(direction))
        except ArithmeticError:
            if shorter == 16:
                raise
            continue
        if branch.complete:
            break
    return branch


class _Record:
    """Walks along a path and notes what lies in the range."""

    def __init__(self, path: Path, wanted: Floats) -> None:
        self.path, self.wanted = path, wanted
        self.low, self.high = float(wanted.min()), float(wanted.max())
        self.points: list[tuple[float, Floats, Floats]] = []
        self.events: list[tuple[Event, Floats, int]] = []

    def run(self, E: Floats, g: float, direction: float) -> Branch:
        """Walk from (E, g) until the path leaves the range, or no step succeeds."""
        path, n = self.path, len(E)
        row = np.zeros(n + 1)
        row[-1] = direction
        here = Point(path, E, g, row)
        self.from_zero = g == 0.0
        slack = 1e-9 * path.span
        entered = self.low - slack <= g <= self.high + slack
        if entered:
            self.note(here, np.flatnonzero(np.abs(self.wanted - g) <= slack))
        h, complete = min(0.02, path.max_step), False
        for _ in range(_STEPS):
            there = None
            while there is None:
                guess = here.E + h * path.size * here.tangent[:-1], here.g + h * path.span * here.tangent[-1]
                E, g, steps = path.correct(*guess, here.tangent)
                if steps > 0:
                    trial = Point(path, E, g, here.tangent)
                    near = np.linalg.norm(path.scaled(E - guess[0], g - guess[1])) < 0.3 * h
                    # A far correction, a sharp bend or another orientation: the step has landed on another branch.
                    if near and trial.tangent @ here.tangent > 0.95 and (trial.sign == here.sign or h < _CROSSING):
                        there = trial
                        break
                h /= 2
                if h < 1e-9:
                    return self.branch(n, complete=False)
            self.segment(here, there)
            bend = float(there.tangent @ here.tangent)
            h = min(path.max_step, h * (1.6 if steps <= 3 and bend > 0.99 else 1.0 if bend > 0.97 else 0.7))
            size = path.size_at(there.E)
            there.rescale(size)
            path.size, here = size, there
            inside = self.low - slack <= here.g <= self.high + slack
            entered = entered or inside
            ahead = here.g < self.low if here.tangent[-1] < 0 else here.g > self.high
            if here.g * direction < -slack and self.from_zero:
                return self.branch(n, complete=False)  # past the only fixed point of strength 0: a branch was lost
            past = here.g > self.high + slack or here.g < self.low - slack
            if past and ahead and (entered or self.points):
                complete = True
                break
        return self.branch(n, complete)

    def segment(self, a: Point, b: Point) -> None:
        """Note the events and the requested strengths between two neighbouring points of the path."""
        slack = 1e-12 * self.path.span
        bulge = 0.1 * abs(b.g - a.g) + (
            self.path.max_step * self.path.span if a.tangent[-1] * b.tangent[-1] < 0 else 0
        )
        if max(a.g, b.g) + bulge < self.low or min(a.g, b.g) - bulge > self.high:
            return
        at = self.local(a, b)
        turn = []
        if a.tangent[-1] * b.tangent[-1] < 0:
            turn = [brentq(lambda t: at(t).tangent[-1], 0.0, 1.0, xtol=1e-9)]
        found: list[tuple[float, int | str, Point]] = [
            *self.hits(a, b, at, turn),
            *((t, kind, at(t)) for t, kind in self.crossings(a, b, at, turn)),
        ]
        for _, what, p in sorted(found, key=lambda f: f[0]):
            if not isinstance(what, str):
                self.note(p, np.array([what]))
            elif self.low - slack <= p.g <= self.high + slack:
                self.events.append((Event(what, float(p.g)), p.E, len(self.points)))

    def local(self, a: Point, b: Point) -> Callable[[float], Point]:
        """Return the map from t in [0, 1] to the point of the path between `a` and `b`."""
        chord = self.path.scaled(b.E - a.E, b.g - a.g)
        length = np.linalg.norm(chord)
        unit = chord / length
        seen = {0.0: a, 1.0: b}

        def at(t: float) -> Point:
            if t not in seen:
                E, g = a.E + t * (b.E - a.E), a.g + t * (b.g - a.g)
                E, g, steps = self.path.correct(E, g, unit, steps=20)
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
        knots = [0.0, *turn, 1.0]
        for s, e in pairwise(knots):
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

    def crossings(
        self, a: Point, b: Point, at: Callable[[float], Point], turn: list[float]
    ) -> list[tuple[float, str]]:
        """Return where eigenvalues cross the unit circle, and how."""
        if not self.path.spectra:
            return [(t, "fold") for t in turn]
        before, after = (int((np.abs(p.lam) > 1).sum()) for p in (a, b))
        places: list[float] = []
        for rank in range(min(before, after), max(before, after)):

            def f(t: float, rank: int = rank) -> float:
                return float(abs(at(t).lam[rank])) - 1.0

            if f(0.0) * f(1.0) < 0:
                places.append(float(brentq(f, 0.0, 1.0, xtol=1e-9)))
        out: list[tuple[float, str]] = []
        for t in sorted(places):
            if out and abs(t - out[-1][0]) < 1e-6:
                continue
            lam = at(t).lam
            critical = lam[np.argmin(np.abs(np.abs(lam) - 1))]
            if abs(critical.imag) > 1e-6:
                kind = "complex pair"
            elif critical.real < 0:
                kind = "flip"
            else:
                kind = "branch point"
            if kind == "branch point" and turn:
                continue
            out.append((t, kind))
        return out + [(t, "fold") for t in turn]

    def note(self, p: Point, which: NDArray[np.int64]) -> None:
        """Note a point at requested strengths."""
        for k in which:
            self.points.append((float(self.wanted[k]), p.E, p.lam))

    def branch(self, n: int, complete: bool) -> Branch:
        """Return what was noted."""
        g = np.array([p[0] for p in self.points])
        E = np.array([p[1] for p in self.points]).reshape(-1, n)
        lam = np.array([p[2] for p in self.points], dtype=complex).reshape(-1, n)
        return Branch(
            strength=g,
            E=E,
            spectral_radius=np.abs(lam).max(axis=-1, initial=0.0),
            growth=lam.real.max(axis=-1) if n else np.zeros(len(g)),
            eigenvalues=lam,
            events=tuple(e[0] for e in self.events),
            event_E=np.array([e[1] for e in self.events]).reshape(-1, n),
            event_index=tuple(e[2] for e in self.events),
            complete=complete,
        )
