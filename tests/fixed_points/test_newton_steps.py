"""The parts of Newton's method: its direction, the poles of deflation, how far a step goes, the flow, GMRES."""

import importlib

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import RateNetwork, newton
from tests.fixed_points.test_fixed_points import Tanh

module = importlib.import_module("netmod.fixed_points.newton")
W = np.array([[0.0, 1.5, -0.5], [-2.0, 0.3, 0.0], [0.7, 0.0, 1.1]])
NET = RateNetwork(W, [0.3, -0.2, 0.5], rate=Tanh())


def solver(net, E, tol=1e-12, known=None):
    return module._Newton(net, np.atleast_2d(np.asarray(E, float)).copy(), tol, known)


def test_the_direction_solves_the_linear_system_of_each_state():
    E = np.random.default_rng(0).normal(size=(5, 3))
    run = solver(NET, E)
    G, floor = run.defect(E)
    np.testing.assert_allclose(G, NET(E) - E, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(floor, NET.rounding(E, NET.rates(E)))
    shift = np.array([0.0, 0.5, 1.0, 10.0, 1e3])
    d = run.direction(E, G, shift)
    for e, b, s, x in zip(E, G, shift, d, strict=True):
        np.testing.assert_allclose(((1 + s) * np.eye(3) - NET.jacobian(e)) @ x, b, atol=1e-12)
    np.testing.assert_allclose(run.direction(E, G)[0], d[0])


@pytest.mark.parametrize("most", [1, 100, 2**26])
def test_it_is_solved_in_pieces_of_any_size(monkeypatch, most):
    E = np.random.default_rng(0).normal(size=(7, 3))
    run = solver(NET, E)
    G = run.defect(E)[0]
    whole = run.direction(E, G)
    sizes, solve = [], np.linalg.solve
    monkeypatch.setattr(module, "_BYTES", most)
    monkeypatch.setattr(np.linalg, "solve", lambda M, b: (sizes.append(len(M)), solve(M, b))[1])
    np.testing.assert_array_equal(run.direction(E, G), whole)
    per = max(1, most // 72)
    assert sizes == [min(per, 7 - k) for k in range(0, 7, per)]


def test_a_singular_state_does_not_spoil_its_neighbours():
    net = RateNetwork([[1.0, 0.0], [0.0, 0.5]], 0.0, rate=Tanh())  # I − DF is singular where E₀ is 0
    E = np.array([[1.0, 1.0], [0.0, 1.0], [2.0, -1.0]])
    run = solver(net, E)
    d = run.direction(E, np.ones((3, 2)))
    assert np.isnan(d).all(axis=1).tolist() == [False, True, False]
    np.testing.assert_allclose(d[2], np.linalg.solve(np.eye(2) - net.jacobian(E[2]), np.ones(2)))


def test_poles_at_known_points_and_their_slope():
    known, rng = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]), np.random.default_rng(1)
    E, d = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    run = solver(NET, E, known=known)

    def M(x):
        return np.prod([1 + 1 / ((x - point) ** 2).sum(axis=-1) for point in known], axis=0)

    value, along = run.pole(E, d)
    np.testing.assert_allclose(value, M(E), rtol=1e-13)
    h = 1e-6
    np.testing.assert_allclose(along, (np.log(M(E + h * d)) - np.log(M(E - h * d))) / (2 * h), rtol=1e-6)
    value, along = solver(NET, E).pole(E, d)
    assert (value.tolist(), along.tolist()) == ([1.0] * 4, [0.0] * 4)


class Residuals:
    """A net in name: the defect along a line is what a function of the state says."""

    def __init__(self, size):
        self.size = size

    def __call__(self, E):
        return self.size(E), np.zeros(len(E))


@pytest.mark.parametrize(
    ("left", "t"),
    [
        (0.99985, 1.0),  # the residual must shrink by 1e-4 of the step at least
        (0.99995, None),
        (0.5, 1.0),
    ],
)
def test_a_step_is_taken_if_the_residual_shrinks_by_a_ten_thousandth_of_it(monkeypatch, left, t):
    """E runs from 0 to 1; the defect is 1 at 0 and `left` everywhere else."""
    run = solver(NET, np.zeros((1, 3)))
    monkeypatch.setattr(run, "defect", lambda E: (left * np.array([[1.0, 0.0, 0.0]]), np.zeros(1)))
    moved, G, _ = run.search(np.array([0]), np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]))
    assert moved.all()
    taken = run.E[0, 0]
    assert taken == t if t else taken == 0.5  # at half the step half the decrease is asked for
    np.testing.assert_allclose(G, [[left, 0, 0]])


def test_a_step_is_halved_until_it_helps_or_is_too_short(monkeypatch):
    run = solver(NET, np.zeros((4, 3)))
    tried = []

    def defect(E):
        tried.extend(E[:, 0].tolist())
        helps = (E[:, 0] <= 0.13) & (E[:, 1] == 0) | (E[:, 1] == 1) | (E[:, 0] <= 2.0**-20) & (E[:, 1] == 3)
        return np.where(helps, 0.1, 2.0)[:, None] * [1.0, 0.0, 0.0], np.full(len(E), 0.01)

    monkeypatch.setattr(run, "defect", defect)
    run.E[:] = [[0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 3, 0]]
    G = np.array([[1.0, 0, 0]] * 4)
    moved, new, floor = run.search(np.arange(4), G, np.array([[1.0, 0, 0]] * 4))
    assert moved.tolist() == [True, True, False, True]
    assert run.E[:, 0].tolist() == [0.125, 1.0, 0.0, 2.0**-20]
    assert new[:, 0].tolist() == [0.1, 0.1, 1.0, 0.1]
    assert floor[:2].tolist() == [0.01, 0.01]
    assert min(tried) == 2.0**-20  # the shortest step that is tried


def test_at_rounding_level_the_full_step_is_as_good_as_any(monkeypatch):
    run = solver(NET, np.zeros((1, 3)))
    monkeypatch.setattr(run, "defect", lambda E: (np.array([[0.0, 2.0, 0.0]]), np.array([2.0])))
    moved, _, _ = run.search(np.array([0]), np.array([[1.0, 0, 0]]), np.array([[1.0, 0, 0]]))
    assert moved.all()
    assert run.E[0, 0] == 1


def test_the_step_of_the_deflated_problem_is_newtons_drawn_out():
    known = np.array([[5.0, 0.0, 0.0]])
    run = solver(NET, [[1.0, 0.5, -0.5]], known=known)
    G, _ = run.defect(run.E)
    d = run.direction(run.E, G)
    _, along = run.pole(run.E, d)
    start = run.E.copy()
    run.search(np.array([0]), G, d)
    ratio = (run.E - start)[0] / d[0]
    np.testing.assert_allclose(ratio, ratio[0])
    t = ratio[0] * (1 - along[0])
    assert np.log2(t) == pytest.approx(round(np.log2(t)), abs=1e-12)
    assert t <= 1


def test_where_the_last_digits_are_hidden_a_short_step_is_the_end(monkeypatch):
    """Below 1e-11 of the state, a residual and a Newton step that shrink no more are rounding."""
    for size, status in ((0.9e-11, "converged"), (1.1e-11, "stalled")):
        for E, scale in ((0.0, 1.0), (999.0, 1000.0)):
            run = solver(RateNetwork(np.zeros((1, 1)), 0.0, rate=Tanh()), [[E]], tol=1e-15)
            monkeypatch.setattr(run, "defect", lambda x, s=size * scale: (np.full((len(x), 1), s), np.zeros(len(x))))
            run.solve(10)
            assert run.status.tolist() == [status]
            assert run.error[0] == pytest.approx(size * scale)


def test_the_flow_takes_over_where_newton_is_stuck():
    """E = 0.5 + tanh E from 0, where I − DF is 0: nothing to divide by. The flow's first step is (1 + 1) d = G."""
    net = RateNetwork([[1.0]], 0.5, rate=Tanh())
    run = solver(net, [[0.0]])
    run.flow(np.array([0]), np.array([[0.0]]), 1)
    assert run.iterations[0] == 1
    found = newton(net, [[0.0], [1.0]])
    assert found.converged.all()
    np.testing.assert_allclose(found.E[0], found.E[1], atol=1e-10)
    residuals = []
    for k in range(1, 15):
        run = solver(net, [[0.0]])
        run.flow(np.array([0]), np.array([[0.0]]), k)
        residuals.append(run.status[0] == "converged")
        if residuals[-1]:
            assert run.iterations[0] == k
            assert run.error[0] < 1e-10
            break
    assert residuals[-1]
    assert len(residuals) <= 10


def test_the_flow_lengthens_its_steps_as_the_residual_shrinks(monkeypatch):
    """δ starts at 1 and is multiplied by the ratio of the residuals, at least 1/2 and at most 4."""
    run = solver(RateNetwork(np.zeros((2, 2)), 0.0, rate=Tanh()), np.zeros((2, 2)), tol=1e-30)
    sizes = iter([[8.0, 8.0], [4.0, 8.0], [0.4, 8.0], [3.0, 8.0], [3.0, 1.0], [3.0, 1.0]])
    shifts = []

    def direction(E, G, shift=0.0):
        shifts.append(np.ravel(shift).tolist())
        return G

    monkeypatch.setattr(run, "defect", lambda E: (np.array(next(sizes))[:, None] * [3.0, -4.0], np.zeros(2)))
    monkeypatch.setattr(run, "direction", direction)
    run.flow(np.arange(2), np.zeros((2, 2)), 5)
    # the first is halved, falls to a tenth, grows, stays; the second stays and falls to an eighth at last
    assert [x for x, _ in shifts] == pytest.approx([1, 1 / 2, 1 / 8, 1 / 4, 1 / 4])
    assert [x for _, x in shifts] == pytest.approx([1, 1, 1, 1, 1 / 4])
    assert run.iterations.tolist() == [5, 5]


def test_gmres_solves_or_says_that_it_did_not():
    rng = np.random.default_rng(0)
    A = sp.random_array((200, 200), density=0.05, rng=rng, data_sampler=rng.standard_normal).tocsr() * 0.3
    slope, b = rng.random(200), rng.standard_normal(200)
    d = module.krylov_solve(A, slope, b)
    np.testing.assert_allclose(d - A @ (slope * d), b, atol=1e-8 * np.linalg.norm(b))


@pytest.mark.parametrize(("left", "info", "good"), [(0.099, 1, True), (0.101, 1, False), (0.5, 0, True)])
def test_what_gmres_could_not_finish_is_used_if_nine_tenths_are_done(monkeypatch, left, info, good):
    asked = {}

    def gmres(operator, b, **options):
        asked.update(options)
        return (1 - left) * b, info

    monkeypatch.setattr(module.spla, "gmres", gmres)
    d = module.krylov_solve(sp.csr_array((4, 4)), np.ones(4), np.arange(4.0))
    assert np.isfinite(d).all() == good
    assert asked == {"rtol": 1e-10, "atol": 0.0, "restart": 60, "maxiter": 20}


def test_which_networks_go_to_gmres(monkeypatch):
    monkeypatch.setattr(module, "_DENSE", 2)
    assert solver(RateNetwork(sp.csr_array(W), 0.0), np.zeros((1, 3))).krylov
    assert not solver(RateNetwork(W, 0.0), np.zeros((1, 3))).krylov
    monkeypatch.setattr(module, "_DENSE", 3)
    assert not solver(RateNetwork(sp.csr_array(W), 0.0), np.zeros((1, 3))).krylov
    monkeypatch.setattr(module, "_DENSE", 2)
    sparse = newton(RateNetwork(sp.csr_array(W), NET.E0, rate=Tanh()))
    np.testing.assert_allclose(sparse.E, newton(NET).E, atol=1e-10)


def test_iterations_count_the_steps_and_the_last_is_looked_at():
    exact = newton(NET)
    for k in range(exact.iterations + 1):
        found = newton(NET, max_iter=k)
        assert found.iterations == k
        assert found.status == ("converged" if k == exact.iterations else "max_iter")
        assert found.residual == pytest.approx(np.abs(NET(found.E) - found.E).max(), abs=1e-14)
