"""The judge of runs that never settle, asked about runs made by hand: each of its limits from both sides."""

import numpy as np
import pytest

from netmod.fixed_points.iteration import STATUS
from netmod.fixed_points.watch import Watch

CONVERGED, PERIODIC, WANDERING, GOING = (*map(STATUS.index, ("converged", "periodic", "wandering")), -1)
L = 4
FAR = [1.0, 0.9, 0.8, 0.5]  # how far a run is from the start of its window after 1, 2, 3, 4 steps


class Run:
    """One run, or several side by side, told to a watch step by step."""

    def __init__(self, rows=1, tol=1e-10, floor=0.0):
        self.watch = Watch((rows, 2), L, tol)
        self.X = np.zeros((rows, 2))
        self.watch.reset(np.arange(rows), self.X)
        self.floor, self.age, self.origin = np.full(rows, floor), 0, self.X.copy()
        self.status, self.period = np.full(rows, GOING, np.int8), np.zeros(rows, int)

    def step(self, residual, away):
        """One look: at the residual, and at a state `away` from the start of the window, one neuron of two."""
        rows = len(self.X)
        self.X = self.origin + np.reshape(np.broadcast_to(away, rows), (rows, 1)) * [0.0, -1.0]
        residual, age = np.broadcast_to(np.asarray(residual, float), rows), np.full(rows, self.age)
        self.period = self.watch.look(residual, self.floor, self.X, age, self.status)
        if self.age and self.age % L == 0:
            self.origin = self.X.copy()
        self.age += 1

    def window(self, residual, aways=FAR):
        """A whole window of one size of step; its last state begins the next."""
        if self.age == 0:
            self.step(residual, 0.0)
        for away in aways[:-1]:
            self.step(residual, away)
        self.last = aways[-1]
        return self

    def end(self, residual):
        """The state that ends the window; its own residual counts for the next."""
        self.step(residual, self.last)
        return int(self.status[0])


SIZES = [1.0, 4.0, 2.0**-20]  # the same run in other units has the same verdict


def judged(first, second, *, before=FAR, after=FAR, tol=1e-10):
    """The verdict after two windows with steps of these sizes."""
    verdicts = set()
    for size in SIZES:
        run = Run(tol=size * tol)
        assert run.window(size * first, [size * x for x in before]).end(size * second) == GOING  # one is never enough
        verdicts.add(run.window(size * second, [size * x for x in after]).end(size * second))
    (verdict,) = verdicts
    return verdict


def test_steps_that_do_not_shrink_are_wandering():
    assert judged(1.0, 1.0) == WANDERING


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (0.5, GOING),
        (1 - 1.005e-4, GOING),
        (1 - 1e-4, WANDERING),
        (1 + 0.1, WANDERING),
        (1.1005, GOING),
        (2.0, GOING),
    ],
)
def test_steps_that_shrink_by_a_ten_thousandth_or_grow_by_a_tenth_are_on_their_way(ratio, verdict):
    assert judged(1.0, ratio, after=[ratio * x for x in FAR]) == verdict


@pytest.mark.parametrize(("way", "verdict"), [(1.195, WANDERING), (1.2, GOING), (3.9, GOING)])
def test_a_run_that_drifts_over_three_tenths_of_its_path_is_on_its_way(way, verdict):
    """The path has four steps of length 1."""
    aways = [1.0, 1.1, 1.2, way]
    assert judged(1.0, 1.0, before=aways, after=aways) == verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (0.5, 0.0995, GOING),  # closer than a tenth of a step, and closer than the last time
        (0.5, 0.1005, WANDERING),
        (0.09, 0.09 * (1 - 1.005e-4), GOING),
        (0.09, (1 - 1e-4) * 0.09, WANDERING),
        (0.09, 0.09, WANDERING),
        (0.05, 0.09, WANDERING),
    ],
)
@pytest.mark.parametrize("place", [1, 2])  # after two steps or after three
def test_a_close_return_that_improves_may_be_a_cycle_in_the_making(before, after, verdict, place):
    def with_return(x):
        aways = list(FAR)
        aways[place] = x
        return aways

    assert judged(1.0, 1.0, before=with_return(before), after=with_return(after)) == verdict


def test_a_state_one_step_away_is_no_return():
    assert judged(1.0, 1.0, before=[0.5, 0.9, 0.8, 0.5], after=[0.01, 0.9, 0.8, 0.5]) == WANDERING


@pytest.mark.parametrize(("size", "verdict"), [(1.0, CONVERGED), (1.001, WANDERING)])
def test_below_the_tolerance_only_rounding_is_left(size, verdict):
    assert judged(size, size, tol=1.0) == verdict


def test_each_window_is_compared_with_the_one_before():
    run = Run()
    assert run.window(4.0).end(2.0) == GOING
    assert run.window(2.0).end(1.0) == GOING
    assert run.window(1.0).end(1.0) == GOING
    assert run.window(1.0).end(1.0) == WANDERING


def test_the_largest_step_of_a_window_counts():
    run = Run()
    run.window(1.0).end(0.2)
    run.step(0.2, FAR[0])
    run.step(1.0, FAR[1])  # one long step among short ones
    run.step(0.2, FAR[2])
    run.step(0.2, 0.3)
    assert run.status[0] == WANDERING
    run = Run()
    run.window(1.0).end(0.2)
    assert run.window(0.2, [0.2 * x for x in FAR]).end(0.2) == GOING


@pytest.mark.parametrize("lag", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("tol", "floor", "away", "residual", "found"),
    [
        (1e-6, 0.0, 1e-7, 1.005e-3, True),  # steps ten thousand times larger than the gap of the return
        (1e-6, 0.0, 2.0**-23, 1e4 * 2.0**-23, False),
        (1e-6, 0.0, 1e-6, 1.0, True),
        (1e-6, 0.0, 1.01e-6, 1.0, False),
        (1e-10, 1e-5, 1e-5, 0.1005, True),  # rounding is larger than the tolerance
        (1e-10, 2.0**-16, 1e-6, 1e4 * 2.0**-16, False),
        (1e-10, 1e-5, 1.01e-5, 1.0, False),
    ],
)
def test_a_return_is_a_cycle_if_it_is_close_and_its_steps_are_long(tol, floor, away, residual, found, lag):
    run = Run(tol=tol, floor=floor)
    run.step(residual, 0.0)
    for _ in range(lag - 1):
        run.step(residual, 0.5)
    assert run.status[0] == GOING
    run.step(residual, away)
    assert (run.status[0] == PERIODIC) == (found and lag >= 2)  # after one step it would be a fixed point
    assert run.period[0] == (lag if found and lag >= 2 else 0)


def test_a_cycle_may_begin_in_any_window():
    run = Run()
    run.window(1.0).end(1.0)
    run.step(1.0, 0.5)
    run.step(1.0, 0.0)
    assert (run.status[0], run.period[0]) == (PERIODIC, 2)


@pytest.mark.parametrize("verdict", [0, 3])
def test_a_verdict_that_was_given_stands(verdict):
    run = Run(2)
    run.status[0] = verdict
    run.window(1.0).end(1.0)
    run.window(1.0).end(1.0)
    assert run.status.tolist() == [verdict, WANDERING]
    run = Run(2)
    run.status[0] = verdict
    run.step(1.0, 0.0)
    run.step(1.0, 0.5)
    run.step(1.0, 0.0)
    assert run.status.tolist() == [verdict, PERIODIC]
    assert run.period.tolist() == [0, 2]


def test_rows_that_change_places_keep_their_history_and_new_ones_have_none():
    run = Run(3)
    run.window(1.0).end(1.0)  # all three have seen one window
    run.watch.move(np.array([2]), np.array([0]))
    run.origin[0] = run.origin[2]
    run.watch.reset(np.array([1]), run.X)
    run.window(1.0).end(1.0)
    assert run.status.tolist() == [WANDERING, GOING, WANDERING]
    run = Run(2)  # a row that takes over another's place and history is judged by them
    run.window([8.0, 1.0]).end([1.0, 1.0])
    run.watch.move(np.array([1]), np.array([0]))
    run.window(1.0).end(1.0)
    assert run.status.tolist() == [WANDERING, WANDERING]
    run = Run(2)
    run.window([8.0, 1.0]).end([1.0, 1.0])
    run.window(1.0).end(1.0)
    assert run.status.tolist() == [GOING, WANDERING]
