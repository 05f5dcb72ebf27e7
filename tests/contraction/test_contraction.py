"""Lipschitz constants are bounds and nearly attained; certificates are never wrong."""

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from netmod import (
    LIF,
    RateNetwork,
    RateTable,
    certify,
    firing_rate,
    firing_rate_slope,
    lipschitz_constants,
    max_slope,
    newton,
)
from netmod.contraction import a_posteriori_error, a_priori_error
from netmod.contraction.intervals import Certain
from netmod.contraction.norms import frobenius, inf, one, perron, two
from netmod.contraction.proofs import box
from netmod.rate.bounds import enclosures, maxima, slope_over
from tests.rate.curvature import curvature as second_derivative
from tests.rate.curvature import most_curved

DEFAULT = LIF()
NEURONS = [
    LIF(),
    LIF(sigma=0.5),
    LIF(sigma=25.0),
    LIF(tau_ref=0.0),
    LIF(tau_ref=25.0, tau=7.0),
    LIF(v_r=-52.0, E_L=-65.0),
    LIF(sigma=0.05, v_r=-70.0),
]
seeds = st.integers(0, 2**32 - 1)


def signed_network(seed, n, gain, p=0.5):
    rng = np.random.default_rng(seed)
    return RateNetwork(gain * rng.standard_normal((n, n)) * (rng.random((n, n)) < p), rng.uniform(-2, 14, n))


# --- the rate's bounds ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_maxima_are_bounds_and_tight(neuron):
    slope, curvature = maxima(neuron)
    top = neuron.v_th - neuron.E_L
    E = top + neuron.sigma * np.concatenate([np.linspace(-9, 9, 20001), np.geomspace(9, 1e5, 2000)])
    assert firing_rate_slope(E, neuron).max() <= slope
    assert np.abs(second_derivative(E, neuron)).max() <= curvature
    # two routes: the interval cover here, scans and a root search
    assert max_slope(neuron).slope <= slope <= max_slope(neuron).slope * (1 + 1e-8)
    assert most_curved(neuron)[1] <= curvature <= most_curved(neuron)[1] * 1.003


@pytest.mark.slow
def test_maximum_slope_agrees_with_golden(golden):
    for item in golden["max_drate"]:
        true = float(item["max_drate"])
        bound = maxima(LIF(**item["params"]))[0]
        assert true <= bound
        assert bound <= true * (1 + 1e-8) or np.isinf(bound)


def test_nothing_is_claimed_without_noise_or_far_from_the_ordinary():
    for neuron in (LIF(sigma=0.0), LIF(sigma=1e-4), LIF(sigma=1e5)):
        assert maxima(neuron) == (np.inf, np.inf)


def exact(E, neuron):
    """Return r and r' by 30-digit arithmetic."""
    with mpmath.workdps(30):
        s, gap = mpmath.mpf(neuron.sigma), mpmath.mpf(neuron.v_th) - mpmath.mpf(neuron.v_r)
        b = (mpmath.mpf(neuron.v_th) - mpmath.mpf(neuron.E_L) - mpmath.mpf(E)) / s
        a = b - gap / s

        def g(u):
            return mpmath.exp(u * u) * mpmath.erfc(-u)

        area = mpmath.quad(g, mpmath.linspace(a, b, 2 + int(min(gap / s, 20))), method="gauss-legendre")
        r = 1 / (neuron.tau_ref + neuron.tau * mpmath.sqrt(mpmath.pi) * area)
        return r, r * r * neuron.tau * mpmath.sqrt(mpmath.pi) / s * (g(b) - g(a))


@pytest.mark.slow
@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_enclosures_hold_the_exact_rate_and_slope(neuron):
    depths = np.array([-15.0, -3.1, -0.1, 0.0, 1.7, 40.0, 3e3])
    E = neuron.v_th - neuron.E_L + neuron.sigma * depths
    for x, r, dr, s, ds in zip(E, *enclosures(E, neuron), strict=True):
        rate, slope = exact(x, neuron)
        assert abs(r - rate) <= dr / 10
        assert abs(s - slope) <= ds / 10


@pytest.mark.slow
@given(seed=seeds, which=st.integers(0, len(NEURONS) - 1))
@settings(max_examples=60, deadline=None)
def test_slope_over_an_interval_is_a_bound(seed, which):
    neuron, rng = NEURONS[which], np.random.default_rng(seed)
    low = neuron.v_th - neuron.E_L + neuron.sigma * rng.normal(0, 6, 5)
    high = low + neuron.sigma * 10 ** rng.uniform(-6, 3, 5)
    bound = slope_over(low, high, neuron)
    inside = low + (high - low) * np.linspace(0, 1, 400)[:, None]
    assert (firing_rate_slope(inside, neuron).max(axis=0) <= bound).all()


def test_slope_over_a_short_interval_is_nearly_the_slope():
    for E in (-20.0, 0.0, 8.0, 60.0, 900.0):
        bound = slope_over(np.array([E]), np.array([E + 1e-6]), LIF())[0]
        assert bound == pytest.approx(float(firing_rate_slope(E)), rel=1e-4, abs=1e-20)


# --- norms ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(seed=seeds, n=st.integers(1, 12), p=st.sampled_from([0.15, 0.5, 1.0]), signed=st.booleans())
@settings(max_examples=80, deadline=None)
def test_norm_bounds_hold_and_are_tight(seed, n, p, signed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((n, n)) * 10 ** rng.uniform(-3, 3) * (rng.random((n, n)) < p)
    W = W if signed else np.abs(W)
    for bound, true in ((one, 1), (inf, np.inf), (two, 2), (frobenius, "fro")):
        norm = np.linalg.norm(W, true)
        for M in (W, sp.csr_array(W)):
            assert norm * (1 - 1e-14) <= bound(M) <= norm * (1 + 1e-11) + 1e-290
    rho = np.abs(np.linalg.eigvals(np.abs(W))).max()
    value, u, e = perron(np.abs(W))
    # a defective eigenvalue is itself only good to a root of the rounding error
    assert rho - 1e-3 * np.abs(W).max() <= value <= rho * (1 + 1e-9) + 2e-9 * np.abs(W).max()
    v = u * np.exp2((e - e.max()).astype(float))
    if (v > 1e-250).all():
        assert (np.abs(W) @ v <= value * v * (1 + 1e-12) + 1e-280).all()


def test_perron_of_reducible_and_periodic_graphs():
    n = 40
    chain = np.diag(np.full(n - 1, 3.0), -1)
    assert perron(chain)[0] < 1e-9
    ring = np.roll(np.diag(np.arange(1.0, n + 1)), 1, axis=0)
    assert perron(ring)[0] == pytest.approx(np.exp(np.log(np.arange(1.0, n + 1)).mean()), rel=1e-10)
    blocks = np.block([[ring, np.full((n, n), 1e6)], [np.zeros((n, n)), 2 * ring]])
    assert perron(blocks)[0] == pytest.approx(2 * perron(ring)[0], rel=1e-9)
    assert perron(np.zeros((3, 3)))[0] == 0
    assert perron(np.zeros((0, 0)))[0] == 0
    nearly_split = np.array([[1.0, 1e-9], [1e-9, 1.0]])
    assert perron(nearly_split)[0] == pytest.approx(1 + 1e-9, rel=1e-12)


def test_two_norm_of_a_large_sparse_matrix():
    rng = np.random.default_rng(0)
    W = sp.random_array((2200, 2200), density=0.004, rng=rng, data_sampler=rng.random).tocsr()
    true = float(sp.linalg.svds(W, k=1, return_singular_vectors=False)[0])
    assert true * (1 - 1e-10) <= two(W) <= true * (1 + 1e-8)
    W.data *= rng.choice([-1, 1], W.nnz)
    assert sp.linalg.svds(W, k=1, return_singular_vectors=False)[0] <= two(W)


# --- Lipschitz constants ----------------------------------------------------------------------------------------

LENGTHS = {
    "1": lambda x, v: np.abs(x).sum(axis=-1),
    "2": lambda x, v: np.linalg.norm(x, axis=-1),
    "inf": lambda x, v: np.abs(x).max(axis=-1),
    "fro": lambda x, v: np.linalg.norm(x, axis=-1),
    "perron": lambda x, v: (np.abs(x) / v).max(axis=-1),
}


def perron_vector(W):
    values, vectors = np.linalg.eig(np.abs(W))
    return np.abs(vectors[:, np.argmax(values.real)].real)


@pytest.mark.slow
@given(seed=seeds, n=st.integers(2, 10), near=st.booleans())
@settings(max_examples=60, deadline=None)
def test_constants_bound_every_pair_of_states(seed, n, near):
    net = signed_network(seed, n, 80.0, p=1.0)
    rng = np.random.default_rng(seed)
    x = rng.normal(10, 5, (200, n))
    y = x + rng.standard_normal((200, n)) * (1e-3 if near else 10)
    k, v = lipschitz_constants(net), perron_vector(net.W)
    for norm, length in LENGTHS.items():
        assert (length(net(x) - net(y), v) <= k[norm] * length(x - y, v) * (1 + 1e-9)).all()


@pytest.mark.slow
@given(seed=seeds, n=st.integers(2, 10))
@settings(max_examples=40, deadline=None)
def test_constants_are_attained_at_the_steepest_point(seed, n):
    """A step of 1e-4 mV around E*, in the worst direction of W, is stretched by k up to the curvature there."""
    net = signed_network(seed, n, 80.0, p=1.0)
    k, W = lipschitz_constants(net), net.W
    centre = np.full(n, max_slope().E)
    worst_row = np.abs(W).sum(axis=1).argmax()
    directions = {
        "inf": np.sign(W[worst_row]),
        "1": np.eye(n)[np.abs(W).sum(axis=0).argmax()],
        "2": np.linalg.svd(W)[2][0],
    }
    for norm, d in directions.items():
        x, y = centre + 5e-5 * d, centre - 5e-5 * d
        stretch = LENGTHS[norm](net(x) - net(y), None) / LENGTHS[norm](x - y, None)
        assert k[norm] * (1 - 1e-6) <= stretch <= k[norm] * (1 + 1e-9)
    excitatory = RateNetwork(np.abs(W), 8.0)
    v = perron_vector(W)
    x, y = centre + 5e-5 * v / v.max(), centre - 5e-5 * v / v.max()
    stretch = LENGTHS["perron"](excitatory(x) - excitatory(y), v) / LENGTHS["perron"](x - y, v)
    assert lipschitz_constants(excitatory)["perron"] == pytest.approx(stretch, rel=1e-6)


def test_the_order_of_the_norms():
    k = lipschitz_constants(signed_network(1, 30, 20.0))
    assert k["poster"] < k["perron"] <= min(k["1"], k["inf"])
    assert k["2"] <= k["fro"]


def test_constants_of_known_networks(golden):
    slope = max_slope().slope
    for item in golden["small_networks"]:
        k = lipschitz_constants(RateNetwork(item["W"], item["E0"]))
        norms = item["norms"]
        assert k["inf"] == pytest.approx(norms["inf"] * slope, rel=1e-8)
        assert k["1"] == pytest.approx(norms["one"] * slope, rel=1e-8)
        assert k["2"] == pytest.approx(norms["two"] * slope, rel=1e-8)
        assert k["perron"] == pytest.approx(norms["rho_abs"] * slope, rel=1e-8, abs=1e-6)
        assert k["poster"] == pytest.approx(np.abs(item["W"]).max() * slope, rel=1e-8)


def test_sparse_constants_are_dense_constants():
    net = signed_network(2, 40, 10.0, p=0.2)
    sparse = RateNetwork(sp.csr_array(net.W), net.E0)
    assert lipschitz_constants(sparse) == pytest.approx(lipschitz_constants(net), rel=1e-9)


@pytest.mark.slow
def test_constants_for_other_rates():
    net = signed_network(3, 5, 10.0)
    table = RateNetwork(net.W, net.E0, rate=RateTable(LIF(sigma=2.0), -50.0, 50.0))
    assert lipschitz_constants(table) == lipschitz_constants(RateNetwork(net.W, net.E0, LIF(sigma=2.0)))
    own = RateNetwork([[0.5, 0.0], [0.25, 0.5]], 0.0, rate=np.tanh)
    with pytest.raises(ValueError, match="steepest must be given"):
        lipschitz_constants(own)
    assert lipschitz_constants(own, steepest=1.0)["inf"] == pytest.approx(0.75)
    with pytest.raises(ValueError, match="steepest"):
        lipschitz_constants(own, steepest=-1.0)
    noise_free = lipschitz_constants(RateNetwork(net.W, net.E0, LIF(sigma=0.0)))
    assert noise_free["inf"] == np.inf
    assert set(lipschitz_constants(RateNetwork(np.zeros((3, 3)), 8.0, LIF(sigma=0.0))).values()) == {0.0}


# --- error bounds -----------------------------------------------------------------------------------------------


def test_error_bounds_in_closed_form():
    """For f(x) = kx both bounds are the error itself."""
    k, m = np.array([0.0, 0.3, 0.9])[:, None], np.arange(1, 6)
    np.testing.assert_allclose(a_priori_error(k, 1 - k, m), k**m, rtol=1e-13)
    np.testing.assert_allclose(a_posteriori_error(k, k ** (m - 1) - k**m), k**m, rtol=1e-13, atol=1e-300)
    assert isinstance(a_priori_error(0.5, 1.0, 3), float)
    assert np.isnan(a_priori_error([np.nan, 0.5], 1.0, 3)).tolist() == [True, False]
    assert a_posteriori_error(np.zeros((2, 0)), 1.0).shape == (2, 0)


@pytest.mark.parametrize("k", [1.0, 1.5, -0.1, [0.5, 1.0]])
def test_no_bound_without_contraction(k):
    with pytest.raises(ValueError, match=r"k must be in \[0, 1\)"):
        a_priori_error(k, 1.0, 1)
    with pytest.raises(ValueError, match=r"k must be in \[0, 1\)"):
        a_posteriori_error(k, 1.0)


def test_negative_steps_are_refused():
    with pytest.raises(ValueError, match="first_step must not be negative"):
        a_priori_error(0.5, -1.0, 1)
    with pytest.raises(ValueError, match="iterations must not be negative"):
        a_priori_error(0.5, 1.0, -1)
    with pytest.raises(ValueError, match="last_step must not be negative"):
        a_posteriori_error(0.5, -1.0)


# --- certificates -----------------------------------------------------------------------------------------------


def scalar_roots(gain, E0, neuron=DEFAULT):
    """Return all fixed points of E = E0 + gain r(E), by a scan."""
    high = max(E0, E0 + gain / neuron.tau_ref) + 1
    low = min(E0, E0 + gain / neuron.tau_ref) - 1
    grid = np.union1d(np.linspace(low, high, 4001), np.linspace(max(low, -30), min(high, 60), 8001))

    def f(E):
        return float(E0 + gain * firing_rate(E, neuron) - E)

    values = E0 + gain * firing_rate(grid, neuron) - grid
    cross = np.flatnonzero((values[1:] >= 0) != (values[:-1] >= 0))
    return [brentq(f, grid[i], grid[i + 1], xtol=1e-12) for i in cross]


def check(certificate, E, points):
    """Assert that every statement of `certificate` is true, given all fixed points."""
    distances = np.sort([np.abs(np.asarray(p) - E).max() for p in points])
    slack = 1e-9
    if not certificate.exists:
        assert certificate.method == "none"
        assert not certificate.unique
        assert np.isnan(certificate.radius)
        assert certificate.unique_within == 0
        return
    assert certificate.method in ("Banach", "Newton-Kantorovich")
    assert distances[0] <= certificate.radius + slack
    assert (distances < certificate.unique_within - slack).sum() == 1
    assert certificate.unique == np.isinf(certificate.unique_within)
    if certificate.unique:
        assert len(points) == 1
    if certificate.method == "Banach":
        assert certificate.unique
        assert certificate.constant < 1
    else:
        assert certificate.constant <= 0.5


def test_certificates_on_golden_networks(golden):
    for item in golden["small_networks"]:
        net = RateNetwork(item["W"], item["E0"], LIF(**item["params"]))
        points = [np.array(p["E"], dtype=float) for p in item["fixed_points"]]
        for E in points:
            certificate = certify(net, E)
            check(certificate, E, points)
            assert certificate.exists
            assert certificate.radius < 1e-6
            assert certificate.unique == (len(points) == 1)
            check(certify(net, E + 0.3), E + 0.3, points)


def test_certificates_on_golden_scalar_maps(golden):
    for item in golden["scalar_fixed_points"]["items"]:
        net = RateNetwork([[item["gain"]]], item["E0"])
        points = [np.array([float(x)]) for x in item["roots"]]
        for E in points:
            certificate = certify(net, E)
            check(certificate, E, points)
            assert certificate.exists
            assert certificate.radius < 1e-5
            if len(points) > 1:
                assert certificate.method == "Newton-Kantorovich"


@pytest.mark.slow
@given(gain=st.floats(-4000, 4000), E0=st.floats(-5, 15), E=st.floats(-20, 60), at_root=st.integers(-1, 2))
@settings(max_examples=80, deadline=None)
def test_certificates_of_scalar_maps_are_never_wrong(gain, E0, E, at_root):
    points = [np.array([x]) for x in scalar_roots(gain, E0)]
    x = points[at_root] if 0 <= at_root < len(points) else np.array([E])
    check(certify(RateNetwork([[gain]], E0), x), x, points)


@pytest.mark.slow
@given(g1=st.floats(50, 900), g2=st.floats(-900, 900), a=st.floats(-8, 8), b=st.floats(-8, 8), seed=seeds)
@settings(max_examples=25, deadline=None)
def test_certificates_of_uncoupled_pairs_are_never_wrong(g1, g2, a, b, seed):
    """Two neurons without a connection between them: the fixed points are all pairs of scalar ones."""
    points = [np.array([x, y]) for x in scalar_roots(g1, a) for y in scalar_roots(g2, b)]
    net, rng = RateNetwork(np.diag([g1, g2]), [a, b]), np.random.default_rng(seed)
    for E in [*points, points[0] + rng.normal(0, 3, 2)]:
        check(certify(net, E), E, points)


@pytest.mark.slow
@given(seed=seeds, n=st.integers(2, 8), gain=st.floats(1, 400))
@settings(max_examples=15, deadline=None)
def test_iterations_agree_with_certificates(seed, n, gain):
    """Wherever many starts lead, a unique certificate lies there; a local one is met by no second limit."""
    net = signed_network(seed, n, gain)
    E = np.random.default_rng(seed).uniform(-30, 60, (20, n))
    for _ in range(1000):
        E, last = net(E), E
        if np.array_equal(E, last):
            break
    limits = E[np.abs(E - last).max(axis=1) < 1e-10]
    for x in limits[:3]:
        certificate = certify(net, x)
        if certificate.exists:
            distance = np.abs(limits - x).max(axis=1)
            if certificate.unique:
                assert (distance <= 2 * certificate.radius + 1e-7).all()
            assert not ((distance > 2 * certificate.radius + 1e-7) & (distance < certificate.unique_within)).any()
        if lipschitz_constants(net)["perron"] < 0.999:
            assert certificate.method == "Banach"
            assert len(limits) == len(E) or lipschitz_constants(net)["perron"] > 0.98


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "E0"), [(500.0, 0.0), (270.0, 4.0), (-600.0, 8.0), (3800.0, 8.0)])
def test_certificates_from_states_at_every_distance(gain, E0):
    """Walking away from each fixed point: h passes 1/2, and from there on nothing is said."""
    net, points = RateNetwork([[gain]], E0), [np.array([x]) for x in scalar_roots(gain, E0)]
    methods = set()
    for root in points:
        for step in np.linspace(-12, 12, 41):
            certificate = certify(net, root + step)
            check(certificate, root + step, points)
            methods.add(certificate.method)
    if len(points) == 3:
        assert methods == {"Newton-Kantorovich", "none"}


@pytest.mark.slow
@given(seed=seeds, n=st.integers(1, 6), gain=st.floats(10, 2000))
@settings(max_examples=30, deadline=None)
def test_the_box_holds_every_fixed_point_and_is_mapped_into_itself(seed, n, gain):
    net, rng = signed_network(seed, n, gain), np.random.default_rng(seed)
    low, high = box(net, Certain(net))
    found = newton(net, rng.uniform(-50, 100, (6, n)))
    points = found.E[found.residual < 1e-9]
    assert (points >= low - 1e-8).all()
    assert (points <= high + 1e-8).all()
    image = net(np.where(rng.random((64, n)) < 0.5, low, high))
    assert (image >= low - 1e-9).all()
    assert (image <= high + 1e-9).all()


def test_the_box_certifies_beyond_the_global_bound(golden):
    """Two golden networks with k > 1 everywhere in space, but not in the box of all fixed points."""
    for name in ("EI4", "autapse-free all-to-all E3"):
        item = next(i for i in golden["small_networks"] if i["name"] == name)
        net = RateNetwork(item["W"], item["E0"], LIF(**item["params"]))
        assert min(k for norm, k in lipschitz_constants(net).items() if norm != "poster") > 1
        E = np.array(item["fixed_points"][0]["E"], dtype=float)
        for state in (E, E + 40.0):
            certificate = certify(net, state)
            check(certificate, state, [E])
            assert certificate.method == "Banach"
            assert "box" in certificate.reason


def test_no_certificate_at_a_fold_or_the_cusp(golden):
    """Where two or three fixed points merge, none of them is certified as the only one near by."""
    for item in [*golden["folds"]["items"], golden["folds"]["cusp"]]:
        E = np.array([float(item["E"])])
        certificate = certify(RateNetwork([[float(item["gain"])]], float(item["E0"])), E)
        assert certificate.method == "none"
        assert "nothing proved" in repr(certificate)


def test_just_past_a_fold_no_fixed_point_is_claimed(golden):
    """A little beyond the fold the pair is gone although the residual is tiny."""
    item = golden["folds"]["items"][2]
    E, E0, gain = float(item["E"]), float(item["E0"]), float(item["gain"])
    for excess in (1e-12, 1e-9, 1e-6, 1e-3):
        net = RateNetwork([[gain * (1 + excess)]], E0)
        certificate = certify(net, [E])
        assert not certificate.exists or certificate.radius > 1.0
        # before the fold: two close ones, so that no ball may hold both
        pair = certify(RateNetwork([[gain * (1 - excess)]], E0), [E])
        assert not pair.exists


def test_far_from_any_fixed_point_nothing_is_claimed_near():
    net = RateNetwork([[0.0, 600.0], [600.0, 0.0]], E0=0.0)
    for E in ([-50.0, 40.0], [1e6, -1e6], [13.0, 2.0]):
        assert not certify(net, E).exists


@pytest.mark.slow
def test_spectral_radius_of_W_is_no_certificate(golden):
    """ρ(W) = 0, and there are three fixed points."""
    item = golden["rho_A_is_no_certificate"]
    W, state = np.array(item["W"]), np.array(item["E"], dtype=float)
    assert np.abs(np.linalg.eigvals(W)).max() < 1e-6
    net = RateNetwork(W, state - W @ firing_rate(state))
    found = np.linalg.eigvals(net.jacobian(state))
    np.testing.assert_allclose(np.sort(found), np.sort([pair[0] for pair in item["jac_eigs"]]), atol=1e-9)

    def gap(x):
        return float(600 * (firing_rate(net.E0[0] + x) - firing_rate(net.E0[1] + x)) - x)

    grid = np.linspace(-50, 200, 2001)
    values = np.array([gap(x) for x in grid])
    points = [
        net.E0 + brentq(gap, grid[i], grid[i + 1], xtol=1e-13)
        for i in np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
    ]
    assert len(points) == 3
    for E in points:
        certificate = certify(net, E)
        check(certificate, E, points)
        assert certificate.method == "Newton-Kantorovich"
        assert lipschitz_constants(net)["perron"] > 1


def test_no_certificate_with_a_bound_that_only_rounding_brings_below_one():
    slope = max_slope()
    for excess in (0.0, 1e-15, 1e-13, 1e-10):
        net = RateNetwork([[(1 + excess) / slope.slope]], E0=slope.E - firing_rate(slope.E) / slope.slope)
        assert certify(net, [slope.E]).method != "Banach"


def test_a_dense_and_a_sparse_network_get_the_same_certificate():
    net = signed_network(5, 30, 8.0)
    E = net.E0
    for _ in range(500):
        E = net(E)
    dense, sparse = certify(net, E), certify(RateNetwork(sp.csr_array(net.W), net.E0), E)
    assert dense.method == sparse.method == "Banach"
    assert dense.norm == sparse.norm
    assert dense.radius == pytest.approx(sparse.radius, rel=0.1)


def test_what_the_certificate_says():
    net = RateNetwork([[0.0, 50.0], [50.0, 0.0]], E0=8.0)
    certificate = certify(net, [8.913157, 8.913157])
    assert repr(certificate).startswith("Certificate(Banach: one fixed point within")
    assert "in the whole space" in repr(certificate)
    with pytest.raises(AttributeError):
        certificate.unique = False
    three = certify(RateNetwork([[500.0]], 0.0), [0.0])
    assert "within" in repr(three)


def test_nothing_is_claimed_when_in_doubt():
    W = [[0.0, 50.0], [50.0, 0.0]]
    assert certify(RateNetwork(W, 8.0, rate=firing_rate), [8.9, 8.9]).method == "none"
    assert certify(RateNetwork(W, 8.0, LIF(sigma=0.0)), [8.9, 8.9]).method == "none"
    assert certify(RateNetwork(W, 8.0), [np.nan, 8.9]).method == "none"
    assert certify(RateNetwork(W, 8.0), [np.inf, 8.9]).method == "none"
    table = RateNetwork(W, 8.0, rate=RateTable(LIF(), -50.0, 50.0))
    assert certify(table, [8.913157, 8.913157]) == certify(RateNetwork(W, 8.0), [8.913157, 8.913157])
    with pytest.raises(ValueError, match=r"E must have shape \(..., 2\)"):
        certify(RateNetwork(W, 8.0), [1.0])
    assert certify(RateNetwork(np.zeros((0, 0)), 8.0), np.zeros(0)).unique


def test_networks_without_saturation_and_without_cycles():
    """No refractory period: no box. No cycles: a contraction in a weighted norm however strong."""
    open_ended = LIF(tau_ref=0.0)
    weak = RateNetwork([[0.0, 50.0], [50.0, 0.0]], 8.0, open_ended)
    E = weak.E0
    for _ in range(200):
        E = weak(E)
    assert certify(weak, E).unique
    strong = RateNetwork([[0.0, 500.0], [500.0, 0.0]], 8.0, open_ended)
    assert certify(strong, [8.0, 8.0]).method == "none"
    chain = RateNetwork(np.diag([5000.0, 5000.0, 5000.0], -1), 8.0)
    E = chain.E0
    for _ in range(5):
        E = chain(E)
    certificate = certify(chain, E)
    assert certificate.unique
    assert certificate.radius < 1e-3
