"""How a branch is walked: the length of the steps, what is accepted, where events lie, and the passes in order."""

import itertools

import numpy as np
import pytest

from netmod import RateNetwork, trace_branch
from netmod.fixed_points.branch import Event, _branch, _crossings, _Passes, _places, _turns, _Walk
from netmod.fixed_points.path import Path, Point
from tests.fixed_points.test_fixed_points import Tanh

W = np.array([[0.0, 1.5, -0.5], [-2.0, 0.3, 0.0], [0.7, 0.0, 1.1]])
NET = RateNetwork(W, [0.3, -0.2, 0.5], rate=Tanh())
BISTABLE = RateNetwork([[1.0]], 4.0)


def recorded(monkeypatch, net, strengths, **options):
    """The steps of a walk: (asked length, from, tangent there, to, tangent there, length, whether it was easy)."""
    steps, real = [], _Walk.step

    def step(self, here, h):
        there, taken, easy = real(self, here, h)
        steps.append((h, here.tangent.copy(), there.tangent.copy(), taken, easy))
        return there, taken, easy

    monkeypatch.setattr(_Walk, "step", step)
    branch = trace_branch(net, strengths, **options)
    monkeypatch.undo()
    return steps, branch


@pytest.mark.parametrize(("net", "strengths"), [(BISTABLE, [0, 400]), (NET, [0, 3]), (NET, [-1, 0])])
@pytest.mark.parametrize("max_step", [0.05, 0.015, 0.3])
def test_steps_grow_where_the_branch_is_straight_and_shrink_where_it_bends(monkeypatch, net, strengths, max_step):
    """By 1.6 after an easy step of a bend of cosine above 0.99, by 0.7 below 0.97; never above `max_step`."""
    steps, branch = recorded(monkeypatch, net, strengths, max_step=max_step)
    assert branch.complete
    assert steps[0][0] == min(0.02, max_step)
    factors = set()
    for (_, before, after, taken, easy), (asked, *_) in itertools.pairwise(steps):
        bend = float(after @ before)
        factor = 1.6 if easy and bend > 0.99 else 1.0 if bend > 0.97 else 0.7
        assert asked == pytest.approx(min(max_step, taken * factor))
        factors.add(factor)
    assert 1.6 in factors


class Fake:
    """A path on which the corrector ends where it is told to, and points have the tangents they are told to have."""

    size, span = 2.0, 5.0

    def __init__(self, off, steps=3):
        self.off, self.steps, self.tried = off, steps, []

    def correct(self, E, g, row, steps=10):
        self.tried.append(float(g))
        return E + self.size * self.off(len(self.tried)) * np.array([1.0, 0.0]), g, self.steps

    def scaled(self, dE, dg):
        return np.append(dE / self.size, dg / self.span)


class FakePoint:
    def __init__(self, tangent, sign):
        self.E, self.g, self.tangent, self.sign = np.zeros(2), 0.0, np.asarray(tangent, float), sign


def stepping(monkeypatch, path, h, *, cosine=1.0, sign=1.0):
    here = FakePoint([0.0, 0.0, 1.0], 1.0)
    there = FakePoint([np.sqrt(1 - cosine**2), 0.0, cosine], sign)
    monkeypatch.setattr("netmod.fixed_points.branch.Point", lambda *_: there)
    walk = _Walk.__new__(_Walk)
    walk.path = path
    return walk.step(here, h)


def test_a_step_goes_along_the_tangent(monkeypatch):
    path = Fake(lambda k: 0.0)
    _, h, easy = stepping(monkeypatch, path, 0.04)
    assert path.tried == [pytest.approx(0.04 * 5.0)]
    assert (h, easy) == (0.04, True)


@pytest.mark.parametrize(("off", "tries"), [(0.299, 1), (0.301, None)])
def test_a_correction_of_three_tenths_of_the_step_is_too_far(monkeypatch, off, tries):
    path = Fake(lambda k: off * 0.04 * 0.5 ** (k - 1) if k < 4 else 0.0)
    _, h, _ = stepping(monkeypatch, path, 0.04)
    assert len(path.tried) == (tries or 4)
    assert h == pytest.approx(0.04 if tries else 0.04 / 8)


@pytest.mark.parametrize(("cosine", "good"), [(0.951, True), (0.949, False)])
def test_a_sharp_bend_is_another_branch(monkeypatch, cosine, good):
    path = Fake(lambda k: 0.0)
    if good:
        assert stepping(monkeypatch, path, 0.04, cosine=cosine)[1] == 0.04
    else:
        with pytest.raises(ArithmeticError, match="no step leads on from strength 0"):
            stepping(monkeypatch, path, 0.04, cosine=cosine)
        assert path.tried[-1] / 5 >= 1e-9  # down to a billionth
        assert path.tried[-1] / 5 < 2e-9


def test_another_orientation_is_another_branch_unless_one_crosses_here(monkeypatch):
    """Then, and only then, the sign changes over however short a step: below a thousandth it is believed."""
    path = Fake(lambda k: 0.0)
    _, h, _ = stepping(monkeypatch, path, 0.04, sign=-1.0)
    assert h == pytest.approx(0.04 / 64)
    assert h < 1e-3 < 2 * h
    assert len(path.tried) == 7


@pytest.mark.parametrize(("steps", "easy"), [(4, True), (5, False)])
def test_four_corrections_are_easy(monkeypatch, steps, easy):
    assert stepping(monkeypatch, Fake(lambda k: 0.0, steps), 0.04)[2] is easy


def test_a_correction_that_failed_is_no_step(monkeypatch):
    with pytest.raises(ArithmeticError, match="no step leads on"):
        stepping(monkeypatch, Fake(lambda k: 0.0, -1), 0.04)


# --- the path


def test_scaled_units():
    path = Path(NET, 5.0, 0.05, True)
    assert path.size == pytest.approx(10 * np.sqrt(3))
    E = NET.E0 + np.array([3.0, 0.0, -4.0])
    assert path.size_at(E) == pytest.approx(10 * np.sqrt(3) + 0.3 * 5)
    np.testing.assert_allclose(path.scaled(np.ones(3), 2.0), [*np.ones(3) / path.size, 0.4])
    a, b = (Point(path, NET.E0 + d, g, np.eye(4)[3]) for d, g in ((0.0, 0.0), (1.0, 2.0)))
    assert path.distance(a, b) == pytest.approx(np.hypot(np.sqrt(3) / path.size, 0.4))
    assert Path(RateNetwork(np.zeros((0, 0)), []), 1.0, 0.05, True).size == 10


def test_the_extended_matrix_and_its_tangent():
    path, g, row = Path(NET, 5.0, 0.05, True), 0.7, np.array([0.1, -0.2, 0.3, 0.9])
    E = path.correct(NET.E0.copy(), g, np.eye(4)[3])[0]
    np.testing.assert_allclose(NET.scaled(g)(E), E, atol=1e-12)
    M = np.zeros((4, 4))
    M[:3, :3] = path.size * (np.eye(3) - NET.scaled(g).jacobian(E))
    M[:3, 3] = -5.0 * (W @ NET.rates(E))
    M[3] = row
    point = Point(path, E, g, row)
    t = np.linalg.solve(M, [0, 0, 0, 1.0])
    np.testing.assert_allclose(point.tangent, t / np.linalg.norm(t))
    assert point.sign == np.sign(np.linalg.det(M))
    assert Point(path, E, g, -row).sign == -point.sign
    lam = np.linalg.eigvals(NET.scaled(g).jacobian(E))
    np.testing.assert_allclose(np.sort(np.abs(point.lam)), np.sort(np.abs(lam)))
    assert (np.diff(np.abs(point.lam)) <= 1e-12).all()
    assert np.isnan(Point(Path(NET, 5.0, 0.05, False), E, g, row).lam).all()
    # the slope of the branch, two ways: the tangent and a difference
    near = path.correct(E, g + 1e-6, np.eye(4)[3])[0]
    along = Point(path, E, g, np.eye(4)[3]).tangent
    np.testing.assert_allclose((near - E) / 1e-6, along[:3] / along[3] * path.size / 5.0, rtol=1e-4)
    point.rescale(2 * path.size)
    expected = np.append(t[:3] / 2, t[3])
    np.testing.assert_allclose(point.tangent, expected / np.linalg.norm(expected))


def test_what_is_outside_the_circle():
    path = Path(NET, 1.0, 0.05, True)
    point = Point(path, NET.E0, 1.0, np.eye(4)[3])
    for lam, expected in (
        ([1.5, -1.2, 0.5], (2, 1, 1)),
        ([1.1 + 0.1j, 1.1 - 0.1j, -2.0], (3, 0, 1)),
        ([1.0, -1.0, 0.0], (0, 0, 0)),
    ):
        point.__dict__["lam"] = np.array(lam, complex)
        assert point.outside == expected


def test_a_corrector_says_how_many_steps_it_took_or_that_it_failed():
    path, level = Path(BISTABLE, 400.0, 0.05, True), np.array([0.0, 1.0])
    E, g, steps = path.correct(np.array([4.0]), 100.0, level)
    assert g == pytest.approx(100)
    np.testing.assert_allclose(BISTABLE.scaled(100)(E), E, atol=1e-12)
    assert 2 <= steps <= 6
    assert path.correct(E, 100.0, level)[2] == 1
    assert path.correct(np.array([4.0]), 100.0, level, steps=1)[2] == -1
    assert path.correct(np.array([np.nan]), 100.0, level)[2] == -1
    cross = RateNetwork([[1.0]], 0.0, rate=Tanh())  # at g = 1 two branches cross at 0
    flat = Path(cross, 1.0, 0.05, True)
    assert flat.correct(np.zeros(1), 1.0, np.array([0.0, 1.0]))[2] == 1  # singular, and a solution
    assert Point(flat, np.zeros(1), 1.0, np.array([0.0, 1.0])).sign == 0.0


def test_a_fold_and_a_branch_point_by_their_push():
    fold = trace_branch(BISTABLE, [200, 400])
    path = Path(BISTABLE, 400.0, 0.05, True)
    at = Point(path, fold.event_E[0], fold.events[0].strength, np.array([1.0, 0.0]))
    assert at.at_one() == "fold"
    cross = Path(RateNetwork([[1.0]], 0.0, rate=Tanh()), 1.0, 0.05, True)
    assert Point(cross, np.zeros(1), 1.0, np.array([0.0, 1.0])).at_one() == "branch point"


# --- events between two points


class Spectra:
    """Points that have the eigenvalues that a function of t says."""

    def __init__(self, lam):
        self.lam = lam

    def __call__(self, t):
        lam = np.array(self.lam(t), complex)
        lam = lam[np.argsort(-np.abs(lam), kind="stable")]
        out = lam[np.abs(lam) > 1]
        real = out.real[out.imag == 0]

        class At:
            outside = len(out), int((real > 0).sum()), int((real < 0).sum())

            def at_one(self):
                return "branch point"

        At.lam = lam
        return At()


@pytest.mark.parametrize(
    ("lam", "expected"),
    [
        (lambda t: [0.5 + t, 0.1], [(0.5, "+1")]),
        (lambda t: [-0.7 - t, 0.1], [(0.3, "flip")]),
        (lambda t: [1.5 - t, 0.1], [(0.5, "+1")]),
        (lambda t: (0.8 + t) * np.exp([1j, -1j]), [(0.2, "complex pair")]),
        (lambda t: [0.5 + t, -0.8 - t], [(0.2, "flip"), (0.5, "+1")]),
        (lambda t: [0.5 + t, -1.4 + t], [(0.4, "flip"), (0.5, "+1")]),  # one out, another in
        (lambda t: [-0.5 - t, 0.5 + t], [(0.5, "+1"), (0.5, "flip")]),  # at one place
        (lambda t: [0.5, 0.2], []),
    ],
)
def test_where_eigenvalues_cross_and_how(lam, expected):
    found = sorted(_places(Spectra(lam), 0.0, 1.0))
    assert [kind for _, kind in found] == [kind for _, kind in sorted(expected)]
    np.testing.assert_allclose([t for t, _ in found], [t for t, _ in sorted(expected)], atol=1e-6)


def test_a_turn_is_an_eigenvalue_of_one_that_is_named_once():
    at = Spectra(lambda t: [0.5 + t, 0.1])
    assert _crossings(at, []) == [(pytest.approx(0.5), "branch point")]
    assert _crossings(at, [0.5 + 0.9e-3]) == [(0.5 + 0.9e-3, "branch point")]
    assert len(_crossings(at, [0.5 + 1.1e-3])) == 2
    two = Spectra(lambda t: [0.5 + t, 0.5 + t])  # two cross where the branch turns: the other is another's
    assert _crossings(two, [0.5]) == [(0.5, "branch point"), (0.5, "branch point")]


def test_a_turn_is_a_change_of_direction_along_the_axis():
    for a, b, turns in ((0.1, -0.1, True), (0.1, 0.2, False), (-0.1, -0.2, False), (0.0, 0.2, False)):
        assert _turns(FakePoint([0, 0, a], 1), FakePoint([0, 0, b], 1)) is turns


# --- passes


def passes(*strengths, **options):
    lam = np.zeros(1, complex)
    return _Passes([(float(g), np.array([float(k)]), lam) for k, g in enumerate(strengths)], [], **options)


def test_a_walk_reversed_and_joined():
    walk = passes(1, 2, 3)
    walk.events.append((Event("fold", 2.5), np.array([1.5]), 2))
    back = walk.reversed()
    assert [p[0] for p in back.points] == [3, 2, 1]
    assert [(e.strength, k) for e, _, k in back.events] == [(2.5, 1)]
    joined = back.then(walk, 1.0)  # the common point once
    assert [p[0] for p in joined.points] == [3, 2, 1, 2, 3]
    assert [k for _, _, k in joined.events] == [1, 4]
    apart = back.then(walk, 7.0)
    assert [p[0] for p in apart.points] == [3, 2, 1, 1, 2, 3]
    assert [k for _, _, k in apart.events] == [1, 5]
    empty = passes()
    assert [p[0] for p in empty.then(walk, 1.0).points] == [1, 2, 3]
    assert [p[0] for p in walk.then(empty, 1.0).points] == [1, 2, 3]
    assert passes(1, reason="a").then(passes(1, reason="b"), 1).reason == "a"
    assert passes(1).then(passes(1, reason="b"), 1).reason == "b"
    assert passes(1, closed=True).then(passes(1), 1).closed
    assert passes(1).then(passes(1, closed=True), 1).closed
    assert not passes(1).then(passes(1), 1).closed


@pytest.mark.parametrize(
    ("wanted", "strengths", "along"),
    [
        ([1, 2, 3], [1, 2, 3], [0, 1, 3]),
        ([3, 2, 1], [3, 2, 1], [0, 2, 3]),
        ([2, 1, 3], [2, 1, 3], [1, 0, 3]),
        ([1, 1], [1, 1], [0, 0]),
    ],
)
def test_entries_follow_the_strengths_asked_for(wanted, strengths, along):
    found = _branch(passes(1, 2, 7, 3), np.array(wanted, float), 1)
    assert found.strength.tolist() == strengths
    assert found.along.tolist() == along
    assert found.complete
    assert found.reason == ""


def test_what_is_missing_is_named_with_the_reason():
    found = _branch(passes(1, 2, reason="it was lost"), np.array([1.0, 5.0]), 1)
    assert (found.complete, found.reason) == (False, "strength 5 was not reached: it was lost")
    assert _branch(passes(1, closed=True), np.array([1.0]), 1).complete
    closed = _branch(passes(1, closed=True), np.array([1.0, 2.0]), 1)
    assert closed.reason == "strength 2 was not reached: the branch closes on itself"
    assert _branch(passes(1), np.array([1.0, 2.0]), 1).reason == "strength 2 was not reached"
    assert _branch(passes(1, reason="lost"), np.array([1.0]), 1).reason == "lost"


def walking(low=0.0, high=10.0, wanted=(0.0, 5.0, 10.0), max_step=0.05):
    return _Walk(Path(BISTABLE, 10.0, max_step, True), np.array(wanted), low, high, set(wanted))


@pytest.mark.parametrize(
    ("a", "b", "turns", "inside"),
    [
        (1.0, 2.0, False, True),
        (-2.0, -1.0, False, False),
        (-1.0, -0.09, False, True),  # a tenth of the step may bulge into the range
        (-1.1, -0.12, False, False),
        (10.09, 11.0, False, True),
        (10.12, 11.1, False, False),
        (-0.55, -0.5, True, True),  # where it turns, as much as a longest step
        (-0.55, -0.51, True, False),
    ],
)
def test_what_may_lie_in_the_range(a, b, turns, inside):
    path = walking()
    ends = FakePoint([0, 0, 1], 1), FakePoint([0, 0, -1 if turns else 1], 1)
    ends[0].g, ends[1].g = a, b
    if turns and not inside:
        ends[1].g = -0.51
        assert path.in_range(*ends) == (max(a, -0.51) + 0.1 * abs(-0.51 - a) + 0.5 >= 0)
    else:
        assert path.in_range(*ends) == inside


def test_a_walk_is_back_where_the_state_and_the_strength_are():
    walk = walking()
    lam = np.zeros(1, complex)
    for E, back in ((4.0 + 4.9e-6, True), (4.0 + 5.1e-6, False)):
        walk.passes = _Passes(
            [(5.0, np.array([9.0]), lam), (7.0, np.array([4.0]), lam), (5.0, np.array([E]), lam)], []
        )
        assert walk.is_back(np.array([4.0]), 5.0) is back
        assert len(walk.passes.points) == (2 if back else 3)
    walk.passes = _Passes([(5.0, np.array([4.0]), lam)], [])
    assert not walk.is_back(np.array([4.0]), 5.0)  # the beginning itself


def test_eigenvalues_are_looked_at_when_they_may_have_crossed(monkeypatch):
    """If moduli go on as they did: a third of the way to the circle, or five steps, whichever comes first."""
    walk = walking()
    monkeypatch.setattr(walk.path, "distance", lambda a, b: 0.1)
    walk.near, walk.fresh = 1.2, [(None, None)] * 2  # 0.2 behind, and h to come
    assert not walk.due(0.199)
    assert walk.due(0.201)
    walk.near, walk.fresh = np.inf, [(None, None)] * 4
    assert not walk.due(0.3)
    walk.fresh.append((None, None))
    assert walk.due(0.3)


def test_how_near_the_circle_is_follows_from_how_fast_moduli_change(monkeypatch):
    walk = walking()

    class At:
        outside = (0, 0, 0)

        def __init__(self, g, lam):
            self.g, self.lam, self.tangent = g, np.array(lam), np.array([0.0, 1.0])

    a, b, c = At(1.0, [0.5, -0.2]), At(1.5, [0.6, -0.3]), At(2.0, [0.7, -0.6])
    monkeypatch.setattr(walk.path, "distance", lambda a, b: 0.1)
    seen = []
    monkeypatch.setattr(walk, "segment", lambda a, b, crossed: seen.append((a.g, b.g, crossed)))
    walk.fresh = [(a, b), (b, c)]
    walk.look()
    assert seen == [(1.0, 1.5, False), (1.5, 2.0, False)]
    assert walk.near == pytest.approx(0.2 * min(0.3 / 0.2, 0.4 / 0.4))
    assert walk.fresh == []
    c.outside = (1, 1, 0)
    walk.fresh = [(a, b), (b, c)]
    walk.look()
    assert [crossed for *_, crossed in seen[2:]] == [True, True]
    walk.fresh = [(At(-3.0, [0.0, 0.0]), At(-2.0, [0.0, 0.0]))]  # outside the range of strengths
    walk.look()
    assert len(seen) == 4
