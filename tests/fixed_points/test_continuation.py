"""The branch against reference folds, hand-made bifurcations and the other solvers."""

import numpy as np
import pytest
from scipy.optimize import brentq

from netmod import LIF, RateNetwork, RateTable, dale_signs, erdos_renyi, newton, trace_branch
from netmod.fixed_points import Branch, Event

from .test_fixed_points import SMALL, Tanh, small


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
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0, 3.0, 2.0])),
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0, np.nan])),
        (ValueError, "strengths", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [[1.0]])),
        (ValueError, "max_step", lambda: trace_branch(RateNetwork([[1.0]], 8.0), [1.0], max_step=0)),
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
