"""The branch against reference folds, hand-made bifurcations and the other solvers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from netmod import LIF, RateNetwork, RateTable, dale_signs, erdos_renyi, newton, trace_branch
from netmod.fixed_points import Branch, Event

from .test_fixed_points import SMALL, Tanh, small


@pytest.mark.slow
@pytest.mark.parametrize("k", range(3))
def test_folds_of_one_neuron(golden, k):
    item = golden["folds"]["items"][k]
    gain = float(item["gain"])
    branch = trace_branch(RateNetwork([[1.0]], item["E0"]), np.linspace(0, 1.5 * gain, 7))
    assert [e.kind for e in branch.events] == ["fold", "fold"]
    assert branch.complete
    np.testing.assert_allclose(branch.events[0].strength, gain, rtol=1e-9)
    np.testing.assert_allclose(branch.event_E[0, 0], float(item["E"]), rtol=1e-6)
    # the other fold, where 1 = g r'(E) again: by hand
    net = RateNetwork([[1.0]], item["E0"])
    E = brentq(lambda E: net.rates(E) - (E - item["E0"]) * net.slopes(E), 10.4, 60.0, xtol=1e-13)
    np.testing.assert_allclose(branch.events[1].strength, 1 / net.slopes(E), rtol=1e-9)


@pytest.mark.slow
def test_the_cusp(golden):
    E0 = float(golden["folds"]["cusp"]["E0"])
    above, below = (trace_branch(RateNetwork([[1.0]], E0 + d), [150, 350], max_step=0.02) for d in (1e-3, -1e-3))
    assert above.events == ()
    assert [e.kind for e in below.events] == ["fold", "fold"]
    np.testing.assert_allclose([e.strength for e in below.events], float(golden["folds"]["cusp"]["gain"]), rtol=1e-3)


def test_the_period_doubling_gain(golden):
    gain = -float(golden["period_doubling_scalar_inhibitory"]["items"][0]["gain"])
    branch = trace_branch(RateNetwork([[-1.0]], 8.0), np.linspace(0, 500, 6))
    assert [e.kind for e in branch.events] == ["flip"]
    np.testing.assert_allclose(branch.events[0].strength, gain, rtol=1e-9)
    assert branch.stable.tolist() == [True] * 4 + [False] * 2
    assert branch.flow_stable.all()  # in time nothing is lost: the eigenvalue is negative


@pytest.mark.parametrize(
    ("W", "kind"),
    [
        ([[1.0]], "branch point"),
        ([[-1.0]], "flip"),
        ([[0.0, -1.0], [1.0, 0.0]], "complex pair"),
        ([[np.cos(0.05), -np.sin(0.05)], [np.sin(0.05), np.cos(0.05)]], "complex pair"),
    ],
)
def test_bifurcations_made_by_hand(W, kind):
    """With r = tanh and E0 = 0 the state 0 is fixed at every strength, and DF = g W."""
    branch = trace_branch(RateNetwork(W, 0.0, rate=Tanh()), [0.0, 0.5, 1.5, 2.0])
    assert [e.kind for e in branch.events] == [kind]
    np.testing.assert_allclose(branch.events[0].strength, 1.0, atol=1e-9)
    np.testing.assert_allclose(branch.spectral_radius, [0.0, 0.5, 1.5, 2.0])
    assert branch.event_index == (2,)
    np.testing.assert_array_equal(branch.E, np.zeros_like(branch.E))


def test_two_crossings_in_one_step_are_told_apart():
    W = np.diag([-1.0, -1 / 1.001, 1 / 1.002])
    branch = trace_branch(RateNetwork(W, 0.0, rate=Tanh()), [0.0, 2.0])
    assert [e.kind for e in branch.events] == ["flip", "flip", "branch point"]
    np.testing.assert_allclose([e.strength for e in branch.events], [1, 1.001, 1.002], atol=1e-9)


@pytest.mark.slow
def test_a_branch_does_not_jump_to_another():
    """This one has neighbours so close that a step of the first size lands on one of them."""
    A = erdos_renyi(100, 0.2, rng=3) * dale_signs(100)
    net = RateNetwork(A, 8.0, rate=RateTable(LIF(), -1500, 1500, tol=1e-11))
    branch, careful = (trace_branch(net, [100, 137, 140], max_step=step) for step in (0.05, 0.01))
    assert branch.complete
    np.testing.assert_allclose(branch.E, careful.E, atol=1e-6)
    assert [e.kind for e in branch.events if e.kind == "fold"] == ["fold"] * 2


@pytest.fixture(scope="module")
def mixed():
    A = erdos_renyi(60, 0.2, rng=3) * dale_signs(60)
    net = RateNetwork(A, 8.0)
    return net, trace_branch(net, np.linspace(0, 120, 13))


@pytest.mark.slow
def test_points_are_newtons_and_stability_is_the_networks(mixed):
    net, branch = mixed
    assert branch.complete
    np.testing.assert_allclose(branch.strength, np.linspace(0, 120, 13))
    for g, E, rho, growth in zip(branch.strength, branch.E, branch.spectral_radius, branch.growth, strict=True):
        scaled = net.scaled(g)
        np.testing.assert_allclose(scaled(E), E, atol=1e-9)
        np.testing.assert_allclose(newton(scaled, E).E, E, atol=1e-8)
        np.testing.assert_allclose(rho, scaled.spectral_radius(E), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(growth, np.linalg.eigvals(scaled.jacobian(E)).real.max(), rtol=1e-9, atol=1e-12)
    assert (branch.stable == (branch.spectral_radius < 1)).all()
    assert (np.abs(branch.eigenvalues[:, 0]) == branch.spectral_radius).all()


def test_events_are_where_an_eigenvalue_has_modulus_one(mixed):
    net, branch = mixed
    assert len(branch.events) >= 1
    assert branch.events[0].kind == "complex pair"
    for (kind, g), E in zip(branch.events, branch.event_E, strict=True):
        lam = np.linalg.eigvals(net.scaled(g).jacobian(E))
        critical = lam[np.argmin(np.abs(np.abs(lam) - 1))]
        assert abs(abs(critical) - 1) < 1e-7
        assert (abs(critical.imag) > 1e-6) == (kind == "complex pair")
    first = branch.events[0].strength
    before, after = trace_branch(net, [first - 1e-4, first + 1e-4]).spectral_radius
    assert before < 1 < after


def test_the_number_outside_changes_as_the_events_say(mixed):
    _, branch = mixed
    outside = (np.abs(branch.eigenvalues) > 1).sum(axis=1)
    assert outside[0] == 0
    for i in range(len(outside) - 1):
        here = [e.kind for e, k in zip(branch.events, branch.event_index, strict=True) if k == i + 1]
        jump = abs(int(outside[i + 1]) - int(outside[i]))
        most = sum(2 if kind == "complex pair" else 1 for kind in here)
        assert jump <= most
        assert (most - jump) % 2 == 0


@pytest.mark.parametrize("name", SMALL)
def test_slope_of_the_branch_is_the_reference_linear_response(golden, name):
    net, points = small(golden, name)
    h = 1e-4
    low, high = trace_branch(net, [1 - h, 1 + h]).E
    np.testing.assert_allclose((high - low) / (2 * h), points[0]["dE_dg_relative_strength"], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_an_excitatory_network_turns_twice():
    A = erdos_renyi(50, 0.2, rng=1).astype(float)
    net = RateNetwork(A, 4.0)
    g = np.linspace(0, 50, 51)
    branch = trace_branch(net, g)
    assert [e.kind for e in branch.events] == ["fold", "fold"]
    turn, back = (e.strength for e in branch.events)
    assert back < turn
    passed = np.array([(branch.strength == x).sum() for x in g])
    np.testing.assert_array_equal(passed, np.where((g > back) & (g < turn), 3, 1))
    first, second = branch.event_index
    assert (np.diff(branch.strength[:first]) > 0).all()
    assert (np.diff(branch.strength[first:second]) < 0).all()
    assert (np.diff(branch.strength[second:]) > 0).all()
    assert branch.stable[:first].all()
    assert not branch.stable[first:second].any()
    assert branch.stable[second:].all()


def test_events_are_put_in_where_they_belong():
    branch = trace_branch(RateNetwork([[1.0]], 4.0), [200, 270, 400])
    g, E, stable = branch.with_events()
    np.testing.assert_allclose(g, [200, 270, 296.1268, 270, 245.5003, 270, 400], atol=1e-3)
    assert (np.diff(E[:, 0]) > 0).all()
    assert stable.tolist() == [True, True, True, False, True, True, True]
    plain = trace_branch(RateNetwork([[1.0]], 8.0), [0, 1]).with_events()
    assert plain[0].tolist() == [0, 1]


@pytest.mark.slow
def test_from_a_start_downwards_and_in_part(mixed):
    net, branch = mixed
    down = trace_branch(net, branch.strength[::-1], start=branch.E[-1])
    np.testing.assert_allclose(down.E, branch.E[::-1], atol=1e-7)
    assert [e.kind for e in down.events] == [e.kind for e in branch.events][::-1]
    np.testing.assert_allclose(
        [e.strength for e in down.events], [e.strength for e in branch.events][::-1], atol=1e-6
    )
    part = trace_branch(net, [branch.strength[1], branch.strength[3]])
    np.testing.assert_allclose(part.E, branch.E[[1, 3]], atol=1e-7)
    assert part.events == ()
    one = trace_branch(net, [branch.strength[4]])
    np.testing.assert_allclose(one.E[0], branch.E[4], atol=1e-7)


PAIR = [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    "strengths",
    [
        [-100, -50, 0, 50, 100],
        [100, 0, -100],
        [-100, 100],
        [50, 0],
        [-5, -10],
        [100, 20, 50, 20],
        [-20, 30, -10],
        [50, 50],
        [-5, -5, -10],
        [7],
    ],
)
@pytest.mark.parametrize("from_start", [False, True])
def test_every_strength_comes_back_in_the_order_asked(strengths, from_start):
    net = RateNetwork(PAIR, 8.0)
    start = newton(net.scaled(strengths[0])).E if from_start else None
    branch = trace_branch(net, strengths, start=start)
    assert branch.complete
    assert branch.reason == ""
    assert branch.strength.tolist() == strengths
    for g, E in zip(branch.strength, branch.E, strict=True):
        np.testing.assert_allclose(net.scaled(g)(E), E, atol=1e-9)
    assert branch.with_events()[0].tolist() in (sorted(set(strengths)), sorted(set(strengths))[::-1])


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([-400.0, -150.0, 0.0, 100.0, 250.0, 270.0, 290.0, 400.0]), max_size=6), st.data())
def test_no_pass_is_lost_whatever_the_order(strengths, data):
    """One neuron at E0 = 4 mV has three fixed points between its folds, at 245.5 and 296.1, and one elsewhere."""
    strengths.insert(data.draw(st.integers(0, len(strengths))), 400.0)  # beyond both folds
    branch = trace_branch(RateNetwork([[1.0]], 4.0), strengths)
    assert branch.complete
    passes = [3 if 245.5 < g < 296 else 1 for g in strengths]
    monotone = sorted(strengths) in (strengths, strengths[::-1])
    if monotone and len(set(strengths)) > 1 and strengths[0] > strengths[-1]:
        assert branch.strength[0] == strengths[0]
    if not monotone:
        assert branch.strength.tolist() == np.repeat(strengths, passes).tolist()
    assert len(branch.strength) == sum(passes)
    g, E, _ = branch.with_events()
    assert len(g) == len(set(zip(branch.strength, branch.E[:, 0], strict=True))) + len(branch.events)
    path = E[:, 0] if g[0] <= g[-1] else E[::-1, 0]
    assert (np.diff(path) > -1e-9).all()  # along this branch the state only grows


def test_a_branch_that_leaves_the_range_and_comes_back():
    """At E0 = 4 it folds at 296 and at 245: between 270 and 400 it is away for a while."""
    up = trace_branch(RateNetwork([[1.0]], 4.0), [270, 400])
    assert up.complete
    assert up.strength.tolist() == [270, 270, 270, 400]
    assert [e.kind for e in up.events] == ["fold"]
    down = trace_branch(RateNetwork([[1.0]], 4.0), [400, 270])
    assert down.strength.tolist() == [400, 270, 270, 270]
    assert (down.event_index, up.event_index) == ((3,), (1,))
    np.testing.assert_allclose(down.E, up.E[::-1], atol=1e-7)


@pytest.mark.parametrize("k", range(3))
def test_from_any_of_three_points_both_ways(k):
    """Whichever pass of 270 the walk begins at, it finds the others and both ends."""
    net = RateNetwork([[1.0]], 4.0)
    passes = trace_branch(net, [0, 270, 400])
    branch = trace_branch(net, [270, 0, 400], start=passes.E[1 + k])
    assert branch.complete
    assert branch.strength.tolist() == [270, 270, 270, 0, 400]
    np.testing.assert_allclose(np.sort(branch.E[:3], axis=0), passes.E[1:4], atol=1e-6)
    assert sorted(e.kind for e in branch.events) == ["fold", "fold"]


class Bump:
    """A rate that rises and falls again."""

    def __call__(self, E):
        return 0.5 * np.exp(-((np.asarray(E) - 20.0) ** 2) / 8)


def test_what_was_not_reached_is_said():
    """The upper points of a bump vanish below a fold, so that their branch never comes to strength 0."""
    net = RateNetwork([[1.0]], 0.0, rate=Bump())
    upper = newton(net.scaled(100), [22.0]).E
    branch = trace_branch(net, [100, 0], start=upper)
    assert not branch.complete
    assert branch.reason == "strength 0 was not reached"
    assert "incomplete: strength 0 was not reached" in repr(branch)
    assert branch.strength.tolist() == [100, 100]
    assert [e.kind for e in branch.events] == ["flip", "fold"]


@pytest.mark.slow
def test_a_branch_without_end():
    """Without a refractory period r grows like E / (tau (v_th - v_r)): near g = 200 the state goes to infinity."""
    branch = trace_branch(RateNetwork([[1.0]], 8.0, LIF(tau_ref=0.0)), [100, 300])
    assert not branch.complete
    assert branch.strength.tolist() == [100]
    assert branch.reason.startswith("strength 300 was not reached: the states grow without limit near strength 200")


def test_a_branch_that_turns_often_before_it_arrives():
    """Network 12 of chapter 5 at twice the strength of its loss: a long way, with folds, to strength 1."""
    A = erdos_renyi(100, 0.2, size=15, rng=5)[12] * dale_signs(100)
    branch = trace_branch(RateNetwork(178.58 * A, 8.0, rate=RateTable(LIF(), -1000, 2500)), [1.0])
    assert branch.complete
    assert branch.strength.tolist() == [1.0]


def ring(E):
    """Neuron 2 sits at 2000 mV and fires at 1/ms, neuron 0 at 1000 + g; neuron 1 has E = g (h(g) + E^2).

    With 4 g^2 h(g) = 3/4 + (g - 2)^2 that has two solutions for g between 1.5 and 2.5 and none elsewhere.
    """
    g = np.clip(E - 1000, 0.1, None)
    return np.where(E > 1500, 1.0, np.where(E > 900, (0.75 + (g - 2) ** 2) / (4 * g**2), E**2))


def test_a_branch_that_closes_on_itself():
    net = RateNetwork([[0, 0, 1.0], [1.0, 1.0, 0], [0, 0, 0]], [1000.0, 0.0, 2000.0], rate=ring)
    start = newton(net.scaled(2), [1002.0, 0.1, 2000.0]).E
    lower, upper = (1 - np.sqrt(0.25)) / 4, (1 + np.sqrt(0.25)) / 4
    whole = trace_branch(net, [2.0, 1.0, 3.0], start=start)
    assert whole.reason == "strength 1 was not reached: the branch closes on itself"
    np.testing.assert_allclose(np.sort(whole.E[:, 1]), [lower, upper], rtol=1e-6)  # each pass once
    np.testing.assert_allclose(sorted(e.strength for e in whole.events), [1.5, 2.5], rtol=1e-6)
    assert {e.kind for e in whole.events} == {"fold"}
    part = trace_branch(net, [2.0, 2.2, 1.8], start=start)
    assert part.complete
    assert part.strength.tolist() == [2.0, 2.0, 2.2, 2.2, 1.8, 1.8]


@pytest.mark.parametrize(
    ("W", "E0", "strengths", "expected"),
    [
        ([[0, -1], [-1, 0]], 8.0, [0, 400], {312.8018: ["branch point", "flip"]}),
        (PAIR, 4.0, [200, 400], {296.1268: ["flip", "fold"], 245.5002: ["flip", "fold"]}),
        (-np.roll(np.eye(3), 1, axis=0), 8.0, [0, 400], {312.8018: ["complex pair", "flip"]}),
        (-np.roll(np.eye(3), 1, axis=0), 15.0, [0, 400], {225.9993: ["complex pair", "flip"]}),
        (-np.eye(2), 8.0, [0, 400], {312.8018: ["flip", "flip"]}),
        # two neurons that fold together: there one of them may turn alone
        (np.eye(2), 4.0, [200, 400], {296.1268: ["branch point", "fold"], 245.5002: ["branch point", "fold"]}),
    ],
)
def test_eigenvalues_that_cross_together_are_all_reported(W, E0, strengths, expected):
    branch = trace_branch(RateNetwork(W, E0), strengths)
    found = {}
    for kind, g in branch.events:
        found.setdefault(round(g, 4), []).append(kind)
    assert {g: sorted(kinds) for g, kinds in found.items()} == expected


def test_a_pitchfork_has_one_name_from_both_branches():
    """Along the symmetric branch the strength goes on; the side branch turns there. It is the same place."""
    net = RateNetwork([[0.0, -1.0], [-1.0, 0.0]], 14.0)
    symmetric = trace_branch(net, [0, 400])
    side = trace_branch(net, [400, 200], start=[-2.2, 14.0])
    assert side.strength.tolist() == [400, 400]  # down one side and up the other
    np.testing.assert_allclose(side.E[0], side.E[1, ::-1], atol=1e-7)
    assert [e.kind for e in side.events] == ["branch point"]
    assert sorted(e.kind for e in symmetric.events) == ["branch point", "flip"]
    np.testing.assert_allclose([e.strength for e in symmetric.events], side.events[0].strength, rtol=1e-9)
    np.testing.assert_allclose(symmetric.event_E[0], side.event_E[0], atol=1e-4)


def test_a_transcritical_point_is_a_branch_point():
    """With r = E + E^2 the states 0 and 1/g - 1 are fixed: they cross at g = 1, where neither turns."""
    for start, strengths in (([0.0], [0.5, 1.5]), ([1.0], [0.5, 1.5])):
        branch = trace_branch(RateNetwork([[1.0]], 0.0, rate=lambda E: E + E**2), strengths, start=start)
        assert [e.kind for e in branch.events] == ["branch point"]
        np.testing.assert_allclose(branch.events[0].strength, 1.0, atol=2e-6)


class Late(Tanh):
    """Steepest at 2 mV."""

    def __call__(self, E):
        return np.tanh(E - 2)

    def slope(self, E):
        return super().slope(E - 2)


def test_one_out_and_another_in_within_a_step():
    """A complex pair comes back into the disc where a flip leaves it: one eigenvalue fewer outside, two events."""
    # Neurons 0 and 1 turn round each other while neuron 2, at 1000 mV, drives both past their steepest point.
    W = np.zeros((4, 4))
    W[:3, :3] = [[0, -0.5, 1], [0.5, 0, 1], [0, 0, 0]]
    E0 = np.array([0.0, 0.0, 1000.0, 2.0])
    pair = trace_branch(RateNetwork(W[:3, :3], E0[:3], rate=Late()), [0.0, 5.0])
    assert [e.kind for e in pair.events] == ["complex pair", "complex pair"]
    back = pair.events[1].strength
    for flip, order in (
        (back * (1 - 1e-4), ["complex pair", "flip", "complex pair"]),
        (back * (1 + 1e-4), ["complex pair", "complex pair", "flip"]),
    ):
        W[3, 3] = -1 / flip
        branch = trace_branch(RateNetwork(W, E0, rate=Late()), [0.0, 5.0])
        assert [e.kind for e in branch.events] == order
        np.testing.assert_allclose([e.strength for e in branch.events][1:], sorted([flip, back]), rtol=1e-7)


def test_spectra_are_not_computed_at_every_step(monkeypatch):
    """They cost more than all else; far from the circle a few steps share one, and events are where they were."""
    A = erdos_renyi(80, 0.1, rng=3) * dale_signs(80)
    net = RateNetwork(A, 8.0)
    counted = []
    eigvals = np.linalg.eigvals

    def counting(M):
        counted.append(1)
        return eigvals(M)

    monkeypatch.setattr(np.linalg, "eigvals", counting)
    branch = trace_branch(net, [0, 30, 60])
    shared = len(counted)
    monkeypatch.setattr("netmod.fixed_points.branch._TOGETHER", 1)
    careful = trace_branch(net, [0, 30, 60])
    assert shared < 0.8 * (len(counted) - shared)
    assert [e.kind for e in branch.events] == [e.kind for e in careful.events]
    np.testing.assert_allclose([e.strength for e in branch.events], [e.strength for e in careful.events], rtol=1e-9)


def test_shapes_and_repr():
    branch = trace_branch(RateNetwork([[1.0]], 8.0), [0.0])
    assert branch.E.tolist() == [[8.0]]
    assert repr(branch) == "Branch(1 points, n=1, no events)"
    assert isinstance(branch, Branch)
    assert Event("fold", 1.0) == ("fold", 1.0)


@pytest.mark.parametrize(
    ("error", "name", "call"),
    [
        (TypeError, "net", lambda: trace_branch(np.eye(2), [1.0])),
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [])),
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0, [2.0, 3.0]])),
        (TypeError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0, 2j])),
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0, np.nan])),
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [[1.0]])),
        (ValueError, "max_step", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0], max_step=0)),
        (ValueError, "max_step", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0], max_step=1e-4)),
        (TypeError, "max_step", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0], max_step="small")),
        (ValueError, "start", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0], start=[[8.0]])),
        (
            ValueError,
            "start",
            lambda: trace_branch(RateNetwork([[1.0]], 1.0, rate=lambda E: E**2), [1.0], start=[0.3]),
        ),
    ],
)
def test_bad_input_is_named(error, name, call):
    with pytest.raises(error, match=name):
        call()
