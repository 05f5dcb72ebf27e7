"""The proofs term by term: each allowance for rounding, made large enough to see, and each way to prove nothing.

Rounding is invisible where a bound is compared with what it bounds. Here `gamma`, the relative error of a sum, is set
to a thousandth, and each bound is compared with the sum of its terms, written out a second time.
"""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import LIF, KnownRate, RateNetwork, certify, firing_rate, lipschitz_constants, max_slope, newton
from netmod.contraction import norms, proofs
from netmod.contraction.intervals import Certain
from netmod.rate.bounds import enclosures, maxima, slope_over

EPS = 2.0**-52
G = 1e-3
X = np.array([[2.0, -1.0, 0.0], [0.5, 3.0, -4.0], [1.0, 0.0, 1.5]])


@pytest.fixture
def coarse(monkeypatch):
    """Arithmetic that is believed to be off by a thousandth in every sum."""
    monkeypatch.setattr(norms, "gamma", lambda n: G)


# --- the size of rounding


def test_gamma_is_highams_bound_doubled():
    for n in (0, 1, 7, 4000):
        assert norms.gamma(n) == pytest.approx(2 * (n + 8) * EPS, rel=1e-15, abs=0)


def test_norms_are_above_the_exact_sums_where_rounding_loses_them():
    """1 + 2⁻⁵⁴ + … + 2⁻⁵⁴ is 1 in floating point, and more than 1 in fact."""
    n = 400
    W = np.full((n, n), 2.0**-54)
    W[:, 0] = W[0, :] = 1.0
    exact = Fraction(n)  # the largest row and the largest column
    for bound in (norms.one, norms.inf):
        assert Fraction(bound(W)) >= exact
    small = np.full((1, n), 2.0**-54)
    small[0, 0] = 1.0
    row = np.zeros((n, n))
    row[0] = small
    total = 1 + Fraction(n - 1, 2**54)
    assert Fraction(norms.inf(row)) > total
    assert Fraction(norms.one(row.T)) > total
    squares = 1 + Fraction(n - 1, 2**108)
    assert Fraction(norms.frobenius(row)) ** 2 > squares
    assert Fraction(norms.two(row)) ** 2 > squares
    assert Fraction(norms.perron(row + np.eye(n))[0]) >= 2


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("form", [np.array, sp.csr_array])
def test_norms_with_their_allowance(coarse, form, size):
    W = form(size * X)
    assert norms.inf(W) == pytest.approx(7.5 * size * (1 + G), rel=1e-14, abs=0)
    assert norms.one(W) == pytest.approx(5.5 * size * (1 + G), rel=1e-14, abs=0)
    assert norms.frobenius(W) == pytest.approx(np.sqrt(33.5) * size * (1 + G), rel=1e-14, abs=0)
    M = X / 4
    V = np.linalg.svd(M)[2].T
    dB = G * np.abs(M) @ np.abs(V)
    B = M @ V
    aB = np.abs(B) + dB
    square = np.abs(B.T @ B) + 2 * aB.T @ dB + dB.T @ aB + G * aB.T @ aB
    skew = np.abs(V.T @ V - np.eye(3)) + G * np.abs(V).T @ np.abs(V)
    loss = skew.sum(axis=1).max() * (1 + G)
    expected = 4 * size * np.sqrt(square.sum(axis=1).max() / (1 - loss)) * (1 + 4 * G)
    assert norms.two(W) == pytest.approx(expected, rel=1e-12, abs=0)


def test_norms_at_their_ends(monkeypatch):
    assert norms.inf(np.zeros((3, 3))) == norms.one(np.zeros((3, 3))) == norms.two(np.zeros((3, 3))) == 0
    assert norms.two(np.zeros((0, 0))) == norms.frobenius(np.zeros((0, 0))) == norms.inf(np.zeros((0, 0))) == 0
    assert norms.inf(np.full((2, 2), 1e-310)) >= 1e-300  # where a relative error means nothing
    assert norms.inf(np.full((2, 2), 1e-290)) == pytest.approx(2e-290, rel=1e-9, abs=0)
    assert norms.frobenius(np.array([[np.inf, 1.0]])) == np.inf
    monkeypatch.setattr(norms, "gamma", lambda n: 0.3)  # a decomposition that nobody would trust
    assert norms.two(X) == norms.frobenius(X) == pytest.approx(1.3 * np.sqrt(33.5))


@pytest.mark.parametrize("n", [2, 3, 7, 40])
def test_the_perron_vector_of_slow_and_uneven_matrices(n):
    """Cycles of uneven weights, whose power method creeps: the root is the geometric mean round the cycle."""
    weights = 10.0 ** np.linspace(-3, 3, n)
    ring = np.roll(np.diag(weights), 1, axis=0)
    root, u, e = norms.perron(ring)
    assert root == pytest.approx(1, rel=1e-10)
    v = u * np.exp2(e.astype(float))
    np.testing.assert_allclose(ring @ v, root * v, rtol=1e-9)
    assert u.max() == pytest.approx(1)
    np.testing.assert_array_equal(e, np.zeros(n))
    x = norms._perron_vector(sp.csr_array(ring))
    np.testing.assert_allclose(x, v / v.max(), rtol=1e-9)


def test_the_parts_of_a_network_that_feed_others_weigh_less():
    """Three parts in a row, strongly joined: what one sends to the next counts for nothing beside its own loop."""
    W = np.array([[1.0, 0, 0, 0], [1e6, 0, 3.0, 0], [0, 12.0, 0, 0], [0, 1e9, 0, 5.0]])
    root, u, e = norms.perron(W)
    assert root == pytest.approx(6, rel=1e-9)
    # log2 of (4 neurons × the largest weight / the largest root / the smallest u), 50 binary digits more, whole
    assert e.tolist() == [0, 81, 81, 162]
    assert u[1] / u[2] == pytest.approx(0.5)
    rows = W * (u / u[:, None]) * np.exp2(np.clip(e - e[:, None], -1000, 1000).astype(float))
    assert rows.sum(axis=1).max() == pytest.approx(root, rel=1e-12)
    chain = np.diag(np.full(30, 1e3), -1)
    assert 0 <= norms.perron(chain)[0] < 1e-8


# --- Banach


def test_each_norm_of_banach_has_its_own_length(coarse):
    """The nearest of the bounds length / (1 − k) wins; the Perron length weighs each neuron by v."""
    net = RateNetwork(X / 10, 8.0)
    slopes, defect = np.array([1.0, 0.5, 0.8]), np.array([1e-3, 4e-3, 2e-3])
    J = np.abs(X) / 10 * slopes
    values, vectors = np.linalg.eig(J)
    v = np.abs(vectors[:, np.argmax(values.real)].real)
    root = values.real.max() * (1 + G)
    cases = {
        "inf": (J.sum(axis=1).max() * (1 + G), defect.max()),
        "1": (J.sum(axis=0).max() * (1 + G), defect.sum()),
        "fro": (np.linalg.norm(J) * (1 + G), np.linalg.norm(defect)),
        "perron": (root, (defect / v).max() * v.max()),
    }
    distances = {norm: length / (1 - k) * (1 + G) for norm, (k, length) in cases.items()}
    best = min(distances, key=distances.get)
    k, norm, distance = proofs.banach(net, slopes, defect)
    assert norm == best
    assert k == pytest.approx(cases[best][0], rel=1e-12)
    assert distance == pytest.approx(distances[best], rel=1e-9)
    k, norm, distance = proofs.banach(net, slopes, None)
    assert (norm, distance) == (min(cases, key=lambda name: cases[name][0]), np.inf)


@pytest.mark.parametrize(
    ("defect", "norm"), [([1.0, 0.0, 0.0], "inf"), ([0.0, 1.0, 0.0], "1"), ([0.0, 0.0, 1.0], "perron")]
)
def test_a_distance_by_the_norm_that_gives_the_nearest(monkeypatch, defect, norm):
    """With the constants set by hand: 0.5 in the norm that is asked for, 0.9 in the others."""
    constants = {name: 0.5 if name == norm else 0.9 for name in ("inf", "1", "fro")}
    monkeypatch.setattr(norms, "inf", lambda J: constants["inf"])
    monkeypatch.setattr(norms, "one", lambda J: constants["1"])
    monkeypatch.setattr(norms, "frobenius", lambda J: constants["fro"])
    u = np.array([1.0, 0.25, 0.5])
    monkeypatch.setattr(norms, "perron", lambda J: (0.5 if norm == "perron" else 0.9, u, np.array([0, 0, -1])))
    k, found, distance = proofs.banach(RateNetwork(X, 8.0), np.ones(3), np.array(defect))
    assert found == norm
    assert k == pytest.approx(0.5)
    # the Perron weights are 1, 1/4 and 1/4: a unit defect of neuron 2 may be 4 of neuron 0
    assert distance == pytest.approx({"inf": 2.0, "1": 2.0, "perron": 8.0 if defect[2] else 0.0}[norm], rel=1e-9)


def test_an_uneven_perron_vector_makes_a_wide_radius():
    """Neuron 0 hears neuron 1 a million times better than the other way: the smaller k is paid for in distance."""
    net = RateNetwork(np.array([[0.0, 1e5], [0.1, 0.0]]), 8.0)
    steepest = max_slope().slope
    assert lipschitz_constants(net)["perron"] == pytest.approx(100 * steepest, rel=1e-8)
    defect = np.array([0.0, 1e-6])
    _, norm, distance = proofs.banach(net, np.full(2, steepest), defect)
    assert norm == "perron"
    assert distance == pytest.approx(1e-3 / (1 - 100 * steepest), rel=1e-6)  # a thousand times the defect
    exact = newton(net).E
    rng = np.random.default_rng(0)
    for _ in range(20):
        E = exact + 10 ** rng.uniform(-9, -3) * rng.standard_normal(2)
        found = certify(net, E)
        assert found.exists
        assert np.abs(E - exact).max() <= found.radius


def test_the_two_norm_is_asked_only_if_no_other_contracts():
    """ρ of absolute values is above 1 here and the spectral norm below."""
    H = np.array([[1.0, 1.0], [1.0, -1.0]])
    net = RateNetwork(0.6 * H, 8.0)
    k, norm, distance = proofs.banach(net, np.ones(2), np.array([3e-3, 4e-3]))
    assert (norm, k) == ("2", pytest.approx(0.6 * np.sqrt(2)))
    assert distance == pytest.approx(5e-3 / (1 - k), rel=1e-9)
    k, norm, distance = proofs.banach(RateNetwork(H, 8.0), np.ones(2), np.array([3e-3, 4e-3]))
    assert (norm, distance) == ("2", np.inf)
    assert k == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize(("perron", "most", "asked"), [(0.5, 4000, 0), (1.5, 3, 1), (1.5, 2, 0)])
def test_when_the_two_norm_is_asked(monkeypatch, perron, most, asked):
    """It costs a singular value decomposition: only where no other norm contracts, and n is not too large."""
    calls = []
    monkeypatch.setattr(norms, "two", lambda J: calls.append(1) or 0.9)
    monkeypatch.setattr(norms, "perron", lambda J: (perron, np.ones(3), np.zeros(3, dtype=int)))
    monkeypatch.setattr(proofs, "_MAX_INVERSE", most)
    proofs.banach(RateNetwork(X, 8.0), np.ones(3), np.zeros(3))
    assert len(calls) == asked


def test_weights_too_far_apart_for_a_number_give_no_distance(monkeypatch):
    """A weight of 2^-2000 is 0: in that norm nothing is known of the distance, and another norm is used."""
    monkeypatch.setattr(norms, "perron", lambda J: (0.1, np.ones(3), np.array([0, -2000, 0])))
    _, norm, distance = proofs.banach(RateNetwork(X / 100, 8.0), np.ones(3), np.array([0.1, 0.0, 0.0]))
    assert (norm, distance) == ("1", pytest.approx(0.1 / (1 - 0.055)))


def test_a_constant_of_one_is_no_contraction():
    k, _, distance = proofs.banach(RateNetwork(np.eye(2), 8.0), np.ones(2), np.zeros(2))
    assert 1 <= k < 1 + 1e-12
    assert distance == np.inf


# --- Newton-Kantorovich

SINE = KnownRate(np.sin, slope=np.cos, low=-1.0, high=1.0, max_slope=1.0, max_curvature=1.0)


def kantorovich(net, x, g):
    """h, the radius and the ball of uniqueness, written as matrices."""
    W, I = net.W, np.eye(net.n)  # noqa: E741 - the identity
    r, dr, s, ds = Certain(net).at(x)
    M = I - W * s
    C = np.linalg.inv(M)
    aW, aC = np.abs(W), np.abs(C)
    defect = x - net.E0 - W @ r
    error = (aW @ dr + g * (np.abs(x) + np.abs(net.E0) + aW @ np.abs(r))) * (1 + g) + 1e-290
    dM = aW * ds + g * (aW * np.abs(s) + I)
    Z = (np.abs(C @ M - I) + g * aC @ np.abs(M) + aC @ dM).sum(axis=1).max() * (1 + 4 * g) + g
    Y = (np.abs(C @ defect) + g * aC @ np.abs(defect) + aC @ error).max() * (1 + 4 * g)
    L = (np.abs(C @ W) + g * aC @ aW).sum(axis=1).max() * net.known.max_curvature * (1 + 4 * g)
    h = L * Y / (1 - Z) ** 2
    root = np.sqrt(max(1 - 2 * h, 0.0))
    return h, 2 * Y / (1 - Z) / (1 + root), (1 + root) * (1 - Z) / L, defect, error


def test_newton_kantorovich_adds_up_every_error(coarse):
    W = np.array([[0.0, 1.2, -0.7], [-2.0, 0.3, 0.9], [0.5, 0.0, -1.1]])
    net = RateNetwork(W, [0.3, -0.2, 1.0], rate=SINE)
    x = newton(net).E + np.array([1e-2, -2e-2, 5e-3])
    h, radius, within, defect, error = kantorovich(net, x, G)
    found = proofs.residual(net, x, Certain(net))
    np.testing.assert_allclose(found[0], defect, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found[1], error, rtol=1e-12)
    proof = proofs.newton_kantorovich(net, x, Certain(net), *found)
    assert (proof.exists, proof.unique, proof.method, proof.norm) == (True, False, "Newton-Kantorovich", "inf")
    assert proof.constant == pytest.approx(h, rel=1e-9)
    assert proof.radius == pytest.approx(radius, rel=1e-9)
    assert proof.unique_within == pytest.approx(within, rel=1e-9)
    assert proof.reason == f"h = {h:.3g} <= 1/2"
    assert 0.01 < h < 0.5


def test_newton_kantorovich_rounds_outwards(monkeypatch):
    """With exact arithmetic the two balls are those of the roots of p, and a little to the safe side."""
    monkeypatch.setattr(norms, "gamma", lambda n: 0.0)
    net = RateNetwork([[2.0]], 1.0, rate=SINE)
    x = newton(net).E + 1e-2
    certain = Certain(net)
    proof = proofs.newton_kantorovich(net, x, certain, *proofs.residual(net, x, certain))
    h, radius, within, _, _ = kantorovich(net, x, 0.0)
    assert 0 < proof.radius / radius - 1 < 1e-11
    assert 0 < 1 - proof.unique_within / within < 1e-11
    assert 0 <= proof.constant / h - 1 < 1e-11


def test_a_half_is_the_limit():
    """h grows with the distance from the fixed point: where it passes 1/2 the proof ends, and says so."""
    net = RateNetwork([[2.0]], 1.0, rate=SINE)
    point = newton(net, [2.5]).E
    certain = Certain(net)
    seen = set()
    for d in np.linspace(0.0, 1.2, 400):
        x = point + d
        h = kantorovich(net, x, norms.gamma(1))[0]
        proof = proofs.newton_kantorovich(net, x, certain, *proofs.residual(net, x, certain))
        assert proof.exists == (h <= 0.5)
        if not proof.exists:
            assert proof.reason == f"h = {h:.3g} is above 1/2 at this state"
            assert proof == proofs.nothing(proof.reason) or np.isnan(proof.radius)
        seen.add(proof.exists)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("rate", "W", "reason"),
    [
        (KnownRate(lambda E: E, slope=np.ones_like, max_slope=1.0), 0.5, "no bound on the curvature of the rate"),
        (KnownRate(lambda E: E, slope=np.ones_like, max_slope=1.0, max_curvature=0.0), 1.0, "I - DF.E. is singular"),
        (
            KnownRate(lambda E: E, slope=np.ones_like, max_slope=1.0, max_curvature=0.0),
            1 - 2.0**-50,
            "too close to singular",
        ),
    ],
)
def test_why_newton_kantorovich_proves_nothing(rate, W, reason):
    net = RateNetwork([[W]], 0.0, rate=rate)
    certain, x = Certain(net), np.array([1.0])
    proof = proofs.newton_kantorovich(net, x, certain, *proofs.residual(net, x, certain))
    assert not proof.exists
    assert (proof.method, proof.unique_within, proof.norm) == ("none", 0.0, "")
    assert np.isnan([proof.radius, proof.constant]).all()
    assert reason.replace(".E.", "(E)") in proof.reason


def test_a_rate_without_curvature_is_solved_outright():
    """F is linear, so that I − DF is the same everywhere: the only fixed point of all, however far."""
    rate = KnownRate(lambda E: E, slope=np.ones_like, max_slope=1.0, max_curvature=0.0)
    net = RateNetwork([[0.0, 3.0], [-2.0, 0.0]], [1.0, 2.0], rate=rate)
    point = np.linalg.solve(np.eye(2) - net.W, net.E0)
    certain, x = Certain(net), point + np.array([1.0, -2.0])
    proof = proofs.newton_kantorovich(net, x, certain, *proofs.residual(net, x, certain))
    assert (proof.exists, proof.unique, proof.unique_within) == (True, True, np.inf)
    assert proof.radius == pytest.approx(2.0, rel=1e-6)


def test_a_network_too_large_for_an_inverse(monkeypatch):
    monkeypatch.setattr(proofs, "_MAX_INVERSE", 2)
    for n, told in ((2, False), (3, True)):
        net = RateNetwork(np.zeros((n, n)), 8.0)
        certain = Certain(net)
        proof = proofs.newton_kantorovich(net, net.E0, certain, *proofs.residual(net, net.E0, certain))
        assert (proof.reason == "n > 2 is too large for Newton-Kantorovich") == told
        assert proof.exists != told


# --- boxes


def test_an_image_holds_every_sum_and_its_rounding(coarse):
    net = RateNetwork(X, [1.0, -2.0, 3.0])
    low, high = np.array([0.1, -0.2, 0.0]), np.array([0.3, 0.5, 0.4])
    plus, minus = np.maximum(X, 0), np.maximum(-X, 0)
    size = G * (np.abs(net.E0) + np.abs(X) @ np.maximum(np.abs(low), np.abs(high)))
    found = proofs.image(net, low, high)
    np.testing.assert_allclose(found[0], net.E0 + plus @ low - minus @ high - size, rtol=1e-13)
    np.testing.assert_allclose(found[1], net.E0 + plus @ high - minus @ low + size, rtol=1e-13)


def test_a_box_shrinks_to_its_image_until_that_helps_no_more():
    net = RateNetwork([[0.0, 30.0], [-20.0, 0.0]], [8.0, 9.0])
    certain = Certain(net)
    low, high = proofs.box(net, certain)
    first = net.box()
    assert (low >= first[0]).all()
    assert (high <= first[1]).all()
    again = proofs.image(net, *certain.rates(low, high))
    assert (again[0] >= low - 1e-12).all()
    assert (again[1] <= high + 1e-12).all()
    left = (high - low) - (np.minimum(again[1], high) - np.maximum(again[0], low))
    assert left.max() <= 1e-3 * (high - low).max() + 1e-12  # another round would gain less than a thousandth
    point = newton(net).E
    assert (low <= point).all()
    assert (point <= high).all()
    assert (high - low).max() < 1e-3
    unknown = RateNetwork([[1.0]], 8.0, LIF(tau_ref=0.0))
    assert [x.tolist() for x in proofs.box(unknown, Certain(unknown))] == [[-np.inf], [np.inf]]
    half = RateNetwork([[1.0]], 8.0, rate=KnownRate(np.sin, high=1.0, max_slope=1.0))  # known from above alone
    assert [x.tolist() for x in proofs.box(half, Certain(half))] == [[-np.inf], [np.inf]]
    alone = RateNetwork([[0.0]], 8.0, LIF(tau_ref=0.0))
    np.testing.assert_allclose(proofs.box(alone, Certain(alone)), [[8.0], [8.0]])


def test_a_box_is_given_sixty_rounds(monkeypatch):
    rounds = []
    real = proofs.image

    def counted(*args):
        rounds.append(1)
        return real(*args)

    monkeypatch.setattr(proofs, "image", counted)
    slow = KnownRate(lambda E: 0.99 * E, slope=lambda E: np.full_like(E, 0.99), low=-1e3, high=1e3, increasing=True)
    net = RateNetwork([[1.0]], 0.0, rate=slow)
    proofs.box(net, Certain(net))
    assert len(rounds) == 60


# --- what is certain of a rate


def test_of_the_neurons_own_rate_the_bounds_of_its_wing():
    net = RateNetwork(X, 8.0)
    certain, E = Certain(net), np.array([3.0, 9.0, 20.0])
    for one, other in zip(certain.at(E), enclosures(E, LIF()), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (certain.slope, certain.curvature) == maxima(LIF())
    np.testing.assert_array_equal(certain.steepest(E, E + 5), slope_over(E, E + 5, LIF()))
    least, greatest = certain.rates(E, E + 1)
    assert (least <= firing_rate(E)).all()
    assert (least >= firing_rate(E) * (1 - 1e-9) - 1e-280).all()
    assert (greatest >= firing_rate(E + 1)).all()
    assert (greatest <= firing_rate(E + 1) * (1 + 1e-9)).all()


def test_of_a_rate_somebody_answers_for_ten_digits():
    certain, E = Certain(RateNetwork(X, 0.0, rate=SINE)), np.array([0.5, -2.0, 1e5])
    r, dr, s, ds = certain.at(E)
    np.testing.assert_array_equal(r, np.sin(E))
    np.testing.assert_array_equal(s, np.cos(E))
    np.testing.assert_allclose(dr, 1e-10 * np.abs(np.sin(E)) + 1e-290, rtol=1e-12)
    np.testing.assert_allclose(ds, 1e-10 * np.abs(np.cos(E)) + 1e-290, rtol=1e-12)
    assert Certain(RateNetwork(X, 0.0, rate=KnownRate(lambda E: 0 * E))).at(E)[1].min() == 1e-290
    by_differences = Certain(RateNetwork(X, 0.0, rate=KnownRate(np.sin, max_slope=1.0, max_curvature=1.0)))
    r, dr, s, ds = by_differences.at(E)
    h = 6e-6 * np.array([1.0, 2.0, 1e5])
    np.testing.assert_allclose(ds, h + 2e-10 * np.abs(np.sin(E)) / h, rtol=1e-9)
    assert (np.abs(s - np.cos(E)) <= ds).all()


def test_rates_over_boxes_where_they_rise_and_fall():
    """Cut into 32 pieces, each with its middle value and its slope's reach."""
    certain = Certain(RateNetwork(X, 0.0, rate=SINE))
    low, high = np.array([0.0, 1.0, -4.0]), np.array([0.5, 2.0, 9.0])
    least, greatest = certain.rates(low, high)
    middles = low + (high - low) * (np.arange(32) + 0.5)[:, None] / 32
    reach = (high - low) / 64
    np.testing.assert_allclose(least, np.maximum((np.sin(middles) - reach).min(axis=0), -1), atol=1e-9)
    np.testing.assert_allclose(greatest, np.minimum((np.sin(middles) + reach).max(axis=0), 1), atol=1e-9)
    inside = np.sin(low + (high - low) * np.linspace(0, 1, 999)[:, None])
    assert (least <= inside.min(axis=0)).all()
    assert (greatest >= inside.max(axis=0)).all()
    # a box of one point: the value, its error and the rounding of the point
    least, greatest = certain.rates(np.full(3, 1e3), np.full(3, 1e3))
    width = 1e-10 * abs(np.sin(1e3)) + 4 * EPS * 1e3
    np.testing.assert_allclose(greatest - np.sin(1e3), width, rtol=1e-3)
    np.testing.assert_allclose(np.sin(1e3) - least, width, rtol=1e-3)
    unknown = Certain(RateNetwork(X, 0.0, rate=np.sin))
    assert np.isinf(unknown.rates(low, high)).all()
    known_range = Certain(RateNetwork(X, 0.0, rate=KnownRate(np.sin, low=-2.0, high=3.0)))
    np.testing.assert_allclose(known_range.rates(low, high), [[-2.0] * 3, [3.0] * 3], rtol=1e-14)


def test_slopes_over_boxes_of_a_rate_somebody_answers_for():
    low, high = np.array([0.0, 1.0, -4.0]), np.array([0.1, 1.5, 9.0])
    least, most = Certain(RateNetwork(X, 0.0, rate=SINE)).slopes(low, high)
    middle, reach = (np.cos(low) + np.cos(high)) / 2, (high - low) / 2
    np.testing.assert_allclose(least, np.maximum(middle - reach, -1.0), rtol=1e-9)
    np.testing.assert_allclose(most, np.minimum(middle + reach, 1.0), rtol=1e-9)
    rough = KnownRate(np.sin, slope=np.cos, max_slope=1.0)  # no curvature: nothing but the bound
    np.testing.assert_array_equal(Certain(RateNetwork(X, 0.0, rate=rough)).slopes(low, high), [[-1.0] * 3, [1.0] * 3])
    rising = KnownRate(np.tanh, max_slope=1.0, increasing=True)
    np.testing.assert_array_equal(Certain(RateNetwork(X, 0.0, rate=rising)).slopes(low, high), [[0.0] * 3, [1.0] * 3])
    # at one point: the slope, its error, and four roundings of the steepest
    point = np.array([1.0, 2.0, 3.0])
    least, most = Certain(RateNetwork(X, 0.0, rate=SINE)).slopes(point, point)
    width = 1e-10 * np.abs(np.cos(point)) + 4 * EPS
    np.testing.assert_allclose(most - np.cos(point), width, rtol=1e-5)
    np.testing.assert_allclose(np.cos(point) - least, width, rtol=1e-5)


def test_the_steepest_slope_over_a_box_is_looked_for_in_pieces():
    certain = Certain(RateNetwork(X, 0.0, rate=SINE))
    low, high = np.array([0.6, 1.0, -4.0]), np.array([1.0, 1.5, 9.0])
    found = certain.steepest(low, high)
    ends = np.cos(low + (high - low) * np.linspace(0, 1, 33)[:, None])
    reach = (high - low) / 64
    expected = (np.abs(ends[:-1] + ends[1:]) / 2 + reach).max(axis=0)
    np.testing.assert_allclose(found, np.minimum(expected, 1.0), rtol=1e-9)


@pytest.mark.parametrize(
    ("net", "doubt"),
    [
        (RateNetwork(X, 8.0), ""),
        (RateNetwork(X, 8.0, rate=np.sin), "no bound on the slope of the rate is known (a KnownRate says what is)"),
        (RateNetwork(X, 8.0, LIF(sigma=0.0)), "no bound on the slope of the rate is known for this neuron"),
        (
            RateNetwork(X, 8.0, LIF(sigma=np.array([1.0, 0.0, 1.0]))),
            "no bound on the slope of the rate is known where neurons differ",
        ),
    ],
)
def test_why_nothing_can_be_proved(net, doubt):
    assert Certain(net).doubt == doubt
    found = certify(net, np.full(3, 8.0))
    if doubt:
        assert (found.method, found.reason, repr(found)) == ("none", doubt, f"Certificate(nothing proved: {doubt})")


def test_from_which_size_on_nothing_is_factorised(monkeypatch):
    """Up to it the Perron vector is exact and the 2-norm that of W; beyond it a weight that creeps, and |W|."""
    ring = np.roll(np.diag([1e-3, 1.0, 1e3]), 1, axis=0)
    signed = sp.csr_array(np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]))
    monkeypatch.setattr(norms, "_DENSE", 3)
    assert norms.perron(ring)[0] == pytest.approx(1, rel=1e-12)
    assert norms.two(signed) == pytest.approx(np.sqrt(2), rel=1e-12)
    monkeypatch.setattr(norms, "_DENSE", 2)
    assert norms.perron(ring)[0] > 1 + 1e-10  # a bound, and not the least
    assert norms.two(signed) == pytest.approx(2, rel=1e-9)
    assert norms.two(signed.toarray()) == pytest.approx(np.sqrt(2), rel=1e-12)
