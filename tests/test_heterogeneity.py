"""Linear response, the annealed theory, straight lines and regression, each against a second route."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netmod import (
    LIF,
    RateNetwork,
    RateTable,
    Regression,
    annealed_rate,
    dale_signs,
    edge_statistics,
    erdos_renyi,
    firing_rate,
    in_degrees,
    linear_fit,
    linear_response,
    motif_counts,
    newton,
    out_degrees,
    regress,
    sonet,
)


def settle(A, g, E0=8.0, steps=3000):
    E = np.full(A.shape[:-1], E0)
    for _ in range(steps):
        E = E0 + (g * A @ firing_rate(E)[..., None])[..., 0]
    return E


@pytest.mark.slow
@pytest.mark.parametrize("signs", [1.0, dale_signs(40)], ids=["E", "IE"])
def test_linear_response_is_the_slope_of_the_steady_state(signs):
    A = erdos_renyi(40, 0.2, size=3, rng=1) * signs
    g, h = 4.0, 1e-4
    slope = (settle(A, g + h) - settle(A, g - h)) / (2 * h)
    np.testing.assert_allclose(linear_response(A, g, settle(A, g)), slope, rtol=1e-6, atol=1e-9)


def test_linear_response_sums_the_paths_of_the_network():
    A = erdos_renyi(30, 0.2, rng=2).astype(float)
    E = settle(A, 5.0)
    from netmod import firing_rate_slope

    step = 5.0 * A * firing_rate_slope(E)
    term = A @ firing_rate(E)
    total = np.zeros(30)
    for _ in range(400):
        total, term = total + term, step @ term
    np.testing.assert_allclose(linear_response(A, 5.0, E), total, rtol=1e-10)


@pytest.mark.slow
def test_linear_response_broadcasts_and_keeps_nan_to_its_own_network():
    A = erdos_renyi(20, 0.3, size=2, rng=3).astype(float)
    E = np.stack([settle(A, g) for g in (1.0, 2.0, 3.0)], axis=1)  # (networks, strengths, n)
    E[0, 1, 4] = np.nan
    out = linear_response(A[:, None], [1.0, 2.0, 3.0], E)
    assert out.shape == E.shape
    assert np.isnan(out[0, 1]).all()
    assert np.isfinite(np.delete(out.reshape(6, 20), 1, axis=0)).all()
    np.testing.assert_allclose(out[1, 2], linear_response(A[1], 3.0, E[1, 2]), rtol=1e-12)


@pytest.mark.parametrize(
    ("A", "E", "text"),
    [
        (np.ones((2, 3)), [8, 8, 8], "A must be square"),
        (np.ones((3, 3)), [8, 8], r"E must have shape \(..., 3\)"),
        (1.0, [8.0], "A must be square"),
        (np.ones((2, 3, 3)), np.full((4, 3), 8.0), "strength and E and A must fit"),
    ],
)
def test_linear_response_refuses_shapes_that_do_not_fit(A, E, text):
    with pytest.raises(ValueError, match=text):
        linear_response(A, 1.0, E)


def own_rate(E):
    return 0.05 * (1 + np.tanh((np.asarray(E) - 10) / 5))


@pytest.mark.parametrize(
    ("neuron", "rate"),
    [(LIF(), None), (LIF(tau=10.0), None), (LIF(), RateTable(LIF(tau=10.0), -100.0, 200.0)), (LIF(), own_rate)],
    ids=["exact", "another neuron", "table of another neuron", "own"],
)
@pytest.mark.parametrize("matrix", [np.array, sp.csr_array])
def test_linear_response_of_a_network_honours_its_rate(neuron, rate, matrix):
    A = erdos_renyi(30, 0.2, rng=1) * dale_signs(30)
    net = RateNetwork(matrix(A), 8.0, neuron, rate)
    h = 1e-3
    ends = [newton(net.scaled(4.0 + d)).E for d in (h, -h)]
    slope = (ends[0] - ends[1]) / (2 * h)
    np.testing.assert_allclose(linear_response(net, strength=4.0), slope, rtol=1e-5, atol=1e-8)
    E = newton(net.scaled(4.0)).E
    np.testing.assert_allclose(linear_response(net, E, strength=4.0), slope, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(linear_response(net.scaled(4.0)), 4.0 * slope, rtol=1e-5, atol=1e-8)


def test_the_two_forms_of_linear_response_agree():
    A = erdos_renyi(30, 0.2, size=2, rng=1) * dale_signs(30)
    E = np.array([newton(RateNetwork(4.0 * a, 8.0)).E for a in A])
    old = linear_response(A, 4.0, E)
    for a, e, slope in zip(A, E, old, strict=True):
        np.testing.assert_array_equal(linear_response(RateNetwork(a, 8.0), e, strength=4.0), slope)
    np.testing.assert_array_equal(linear_response([sp.csr_array(a) for a in A], 4.0, E), old)
    net = RateNetwork(A[0], 8.0)
    many = linear_response(net, np.stack([E[0], net.E0]), strength=[4.0, 0.0])
    np.testing.assert_array_equal(many[0], old[0])
    np.testing.assert_allclose(many[1], A[0] @ firing_rate(np.full(30, 8.0)))


def test_linear_response_says_so_where_there_is_no_fixed_point_to_be_found():
    with pytest.raises(ValueError, match="E must be given"):
        linear_response(RateNetwork([[1.0]], 1.0, rate=lambda E: 1 + np.asarray(E) ** 2))


def test_annealed_rate_honours_another_rate():
    k = np.array([3.0, 9.0, 30.0])
    r = annealed_rate(k, 2.0, E0=8.0, rate=own_rate)
    assert r == pytest.approx(own_rate(8.0 + 2.0 * k * r).mean(), rel=1e-9)
    table = RateTable(LIF(tau=10.0), -100.0, 300.0)
    assert annealed_rate(k, 2.0, E0=8.0, rate=table) == pytest.approx(
        annealed_rate(k, 2.0, E0=8.0, neuron=LIF(tau=10.0)), abs=1e-9
    )


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"k_in": 3.0}, ValueError, "k_in must have shape"),
        ({"k_in": []}, ValueError, "k_in must have shape"),
        ({"k_in": [1.0, np.nan]}, ValueError, "k_in must be finite"),
        ({"k_in": ["a"]}, TypeError, "k_in must be real"),
        ({"k_in": [1j, 2]}, TypeError, "k_in must be real"),
        (
            {"strength": [1.0, 2.0, 3.0], "k_in": np.ones((2, 4))},
            ValueError,
            "strength and k_in and weights must fit",
        ),
        ({"strength": np.inf}, ValueError, "strength must be finite"),
        ({"E0": [1.0, 2.0]}, TypeError, "E0 must be a number"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1"),
        ({"tol": -1.0}, ValueError, "tol must be"),
        ({"neuron": "LIF"}, TypeError, "neuron must be a LIF"),
        ({"rate": "abc"}, TypeError, "rate must be None or a function"),
    ],
)
def test_annealed_rate_checks_what_it_is_given(change, error, text):
    call = {"k_in": [1.0, 2.0], "strength": 1.0, "E0": 8.0} | change
    with pytest.raises(error, match=text):
        annealed_rate(call.pop("k_in"), call.pop("strength"), **call)


@pytest.mark.parametrize("m", [4, 5, 6, 8])
def test_regression_of_few_networks_leaves_out_resamples_that_have_no_coefficients(m):
    predictors, y = noisy(m, np.random.default_rng(6))
    result = regress(predictors, y, rng=1)
    assert np.isfinite([*result.low, *result.high, result.r_squared_out]).all()
    assert (result.low <= result.high).all()
    assert regress(predictors, y, rng=1).low.tolist() == result.low.tolist()


def test_a_network_that_decides_a_coefficient_alone_cannot_be_predicted():
    result = regress({"a": [0, 0, 0, 0, 1], "b": [1, 2, 3, 5, 4]}, [1.0, 2.0, 2.0, 4.0, 9.0], rng=1)
    assert np.isnan(result.r_squared_out)
    assert np.isfinite(result.coefficients).all()


def test_annealed_rate_solves_its_equation_and_is_exact_for_a_regular_network():
    k = np.random.default_rng(4).binomial(99, 0.2, size=(5, 100))
    r = annealed_rate(k, [[5.0], [9.6]], E0=8.0)
    assert r.shape == (2, 5)
    again = firing_rate(8.0 + np.array([5.0, 9.6])[:, None, None] * k * r[..., None]).mean(axis=-1)
    np.testing.assert_allclose(r, again, rtol=1e-9)
    ring = np.roll(np.eye(12), 1, axis=0) + np.roll(np.eye(12), 2, axis=0)
    assert annealed_rate(ring.sum(axis=1), 40.0, E0=8.0) == pytest.approx(
        firing_rate(settle(ring, 40.0))[0], rel=1e-9
    )


@pytest.mark.slow
def test_annealed_rate_weighs_neurons_by_how_often_they_are_heard():
    """Exact for two groups: every neuron hears only the first, so its rate is the only one heard."""
    k, w = np.array([3.0, 9.0, 30.0]), np.array([5.0, 0.0, 0.0])
    r = annealed_rate(k, 10.0, E0=8.0, weights=w)
    assert r == pytest.approx(annealed_rate([3.0], 10.0, E0=8.0), rel=1e-9)
    assert annealed_rate(k, 10.0, E0=8.0, weights=7 * np.ones(3)) == annealed_rate(k, 10.0, E0=8.0)
    both = annealed_rate(k, 10.0, E0=8.0, weights=[w, w[::-1]])
    assert both[0] == pytest.approx(r, rel=1e-9)
    assert both[1] > r
    A = sonet(60, 0.2, conv=0.3, div=0.3, chain=0.25, recip=0.3, size=5, rng=11).astype(float)
    heard, plain = annealed_rate(A.sum(-1), 12.0, E0=8.0, weights=A.sum(-2)), annealed_rate(A.sum(-1), 12.0, E0=8.0)
    rates = firing_rate(settle(A, 12.0))
    true = (A.sum(-2) * rates).sum(-1) / A.sum((-2, -1))
    assert (np.abs(heard - true) < 0.3 * np.abs(plain - true)).all()


@pytest.mark.parametrize("weights", [[1, 1], [1, -1, 1], [0, 0, 0], [1, np.nan, 1]])
def test_annealed_rate_refuses_weights_that_are_none(weights):
    with pytest.raises(ValueError, match="weights must"):
        annealed_rate([1, 2, 3], 1.0, E0=8.0, weights=weights)


def test_annealed_rate_says_so_where_it_does_not_settle():
    assert np.isnan(annealed_rate([-400.0, -400.0], 1.0, E0=8.0, max_iter=500))  # beyond its period doubling


@given(st.lists(st.floats(-50, 50), min_size=3, max_size=20, unique=True), st.floats(-5, 5), st.floats(-5, 5))
def test_linear_fit_finds_an_exact_line(x, slope, intercept):
    if np.ptp(x) < 1e-3:
        return
    fit = linear_fit(x, slope * np.array(x) + intercept)
    assert fit.slope == pytest.approx(slope, abs=1e-6)
    assert fit.intercept == pytest.approx(intercept, abs=1e-5)


def test_linear_fit_agrees_with_polyfit_row_by_row():
    x, y = np.linspace(0, 3, 30), np.random.default_rng(5).normal(size=(2, 4, 30))
    fit = linear_fit(x, y)
    for i in np.ndindex(2, 4):
        assert [fit.slope[i], fit.intercept[i]] == pytest.approx(np.polyfit(x, y[i], 1))
        assert fit.r_squared[i] == pytest.approx(np.corrcoef(x, y[i])[0, 1] ** 2)


def test_linear_fit_keeps_nan_and_constants_to_their_rows():
    fit = linear_fit([0, 1, 2], [[1, np.nan, 3], [4, 4, 4], [0, 2, 4]])
    assert np.isnan(fit.slope[0])
    assert fit.slope[1] == 0
    assert np.isnan(fit.r_squared[1])
    assert fit.r_squared[2] == 1
    with pytest.raises(ValueError, match="x must be"):
        linear_fit([1, 1, 1], [1, 2, 3])


def noisy(m, rng):
    a, b, e = rng.normal(size=(3, m))
    return {"a": a, "b": b}, 0.8 * a + 0.3 * b + 0.5 * e


def test_regression_matches_the_normal_equations_and_explicit_leave_one_out():
    predictors, y = noisy(60, np.random.default_rng(6))
    result = regress(predictors, y, rng=7)
    X = np.column_stack([np.ones(60), *predictors.values()])
    beta = np.linalg.solve(X.T @ X, X.T @ y)
    sd = np.array([v.std() for v in predictors.values()]) / y.std()
    np.testing.assert_allclose(result.coefficients, beta[1:] * sd, rtol=1e-10)
    np.testing.assert_allclose(result.slopes, beta[1:], rtol=1e-10)
    left_out = [y[i] - X[i] @ np.linalg.lstsq(np.delete(X, i, 0), np.delete(y, i), rcond=None)[0] for i in range(60)]
    assert result.r_squared_out == pytest.approx(1 - np.sum(np.square(left_out)) / np.sum((y - y.mean()) ** 2))
    assert result.r_squared == pytest.approx(1 - np.sum((y - X @ beta) ** 2) / np.sum((y - y.mean()) ** 2))


def test_bootstrap_interval_covers_the_truth_as_often_as_it_says():
    """200 data sets of 60: coverage 95 % nominal, 93 % for percentiles at this size; below 88 % has chance < 1e-3."""
    rng = np.random.default_rng(8)
    truth = 0.8 / np.sqrt(0.8**2 + 0.3**2 + 0.5**2)
    inside = [
        r.low[0] <= truth <= r.high[0] for r in (regress(*noisy(60, rng), resamples=400, rng=rng) for _ in range(200))
    ]
    assert np.mean(inside) > 0.88
    assert np.mean(inside) < 0.995


def test_regression_on_one_predictor_is_the_correlation_with_its_bootstrap():
    x, y = np.random.default_rng(10).multivariate_normal([0, 5], [[1, 0.6], [0.6, 1]], size=80).T
    result = regress({"x": x}, y, resamples=300, rng=4)
    assert result.coefficients[0] == pytest.approx(np.corrcoef(x, y)[0, 1])
    pick = np.random.default_rng(4).integers(80, size=(300, 80))
    boot = [np.corrcoef(x[i], y[i])[0, 1] for i in pick]
    np.testing.assert_allclose([result.low[0], result.high[0]], np.percentile(boot, [2.5, 97.5]), rtol=1e-9)


def test_a_zero_is_printed_without_a_sign():
    one = np.array([-0.001])
    lines = str(Regression(("a",), one, one, -one, 0.5, 0.4, one)).splitlines()
    assert lines == ["a    0.00  [ 0.00,  0.00]", "R² = 0.50, out of sample 0.40"]


def test_regression_finds_nothing_in_noise_out_of_sample():
    rng = np.random.default_rng(9)
    result = regress({f"x{i}": rng.normal(size=30) for i in range(10)}, rng.normal(size=30), rng=1)
    assert result.r_squared > 0.1
    assert result.r_squared_out < 0


@pytest.mark.parametrize(
    ("predictors", "y", "message"),
    [
        ({"a": [1, 2, 3, 4]}, [1, 2, 3], "one length"),
        ({"a": [1, 1, 1, 1]}, [1, 2, 3, 4], "predictors\\['a'\\] is constant"),
        ({"a": [1, 2, np.nan, 4]}, [1, 2, 3, 4], "predictors\\['a'\\] must be finite"),
        ({"a": [[1, 2, 3, 4]]}, [1, 2, 3, 4], "predictors\\['a'\\] must have shape"),
        ({}, [1, 2, 3, 4], "predictors and y"),
        ({"a": [1, 2, 4, 3, 7], "b": [3, 5, 9, 7, 15]}, [1, 2, 3, 4, 2], "linear combinations"),
        ({"a": [1, 2], "b": [2, 1]}, [1, 2], "more networks"),
        ({"a": [1, 2, 3, 5]}, [2, 2, 2, 2], "y is constant"),
    ],
)
def test_regression_refuses_what_it_cannot_fit(predictors, y, message):
    with pytest.raises(ValueError, match=message):
        regress(predictors, y)


def test_default_neuron_is_the_books():
    A, E = np.ones((2, 2)), np.array([8.0, 9.0])
    np.testing.assert_array_equal(linear_response(A, 3.0, E), linear_response(A, 3.0, E, LIF()))


# --- thm-motif-degrees, chapter 8 -------------------------------------------------------------------------------


def triples(A):
    """Return the fractions of all n³ triples that are convergent, divergent and chained, repeated neurons and all."""
    n = len(A)
    A = A.astype(np.int64)
    found = [np.einsum(s, A, A) for s in ("ij,il->", "ji,li->", "ji,il->")]
    return [Fraction(int(x), n**3) for x in found]


def excess(A):
    n = len(A)
    return [q - Fraction(int(A.sum()), n * n) ** 2 for q in triples(A)]


def graph(entry):
    A = np.zeros((entry["n"], entry["n"]), dtype=bool)
    for source, target in entry["edges"]:
        A[target, source] = True
    return A


def test_thm_motif_degrees_on_golden_graphs(golden):
    for entry in golden["graphs"]:
        expected = [Fraction(entry["q_Hu"][name][0]) for name in ("q_con", "q_div", "q_ch")]
        assert excess(graph(entry)) == expected


@given(st.integers(1, 9), st.floats(0, 1), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_thm_motif_degrees(n, p, seed):
    """Exactly, in fractions; self-connections would change nothing."""
    A = np.random.default_rng(seed).random((n, n)) < p
    k_in, k_out = ([Fraction(int(x)) for x in f(A)] for f in (in_degrees, out_degrees))

    def covariance(x, y):
        return sum(a * b for a, b in zip(x, y, strict=True)) / n - sum(x) * sum(y) / n**2

    assert excess(A) == [covariance(x, y) / n**2 for x, y in ((k_in, k_in), (k_out, k_out), (k_in, k_out))]


@given(st.integers(3, 30), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_thm_motif_degrees_in_alphas_and_counts(n, p, seed):
    A = erdos_renyi(n, p, rng=seed)
    if not A.any():
        return
    k, c, s = in_degrees(A), motif_counts(A), edge_statistics(A)
    expected = (n - 1) * s.p * (1 - s.p) + (n - 1) * (n - 2) * s.p**2 * s.conv
    assert k.var() == pytest.approx(expected, abs=1e-9)
    joint = np.cov(k, out_degrees(A), bias=True)[0, 1]
    assert joint == pytest.approx((n - 1) * s.p**2 * ((n - 2) * s.chain + s.recip), abs=1e-9)
    counted = [2 * c.convergent + c.edges, 2 * c.divergent + c.edges, c.chain + 2 * c.reciprocal]
    assert triples(A) == [Fraction(x, n**3) for x in counted]


def test_thm_motif_degrees_needs_the_repeated_neurons():
    """Without the connections paired with themselves, the identity misses M/n³."""
    A = erdos_renyi(20, 0.3, rng=1)
    c = motif_counts(A)
    strict = Fraction(2 * c.convergent, 20**3) - Fraction(c.edges, 400) ** 2
    assert float(strict) != pytest.approx(in_degrees(A).var() / 400)
    assert float(strict + Fraction(c.edges, 20**3)) == pytest.approx(in_degrees(A).var() / 400)


def test_two_points_make_a_line_and_one_or_equal_ones_do_not():
    fit = linear_fit([1.0, 3.0], [2.0, 8.0])
    assert (fit.slope, fit.intercept, fit.r_squared) == (3.0, -1.0, 1.0)
    for x, y in (([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0]), ([], [])):
        with pytest.raises(ValueError, match=r"^x must be \(m,\) with two different values"):
            linear_fit(x, y)


def test_neurons_that_nobody_hears_do_not_count():
    heard = annealed_rate([10.0, 20.0, 40.0], 5.0, E0=8.0, weights=[1.0, 3.0, 0.0])
    assert heard == annealed_rate([10.0, 20.0], 5.0, E0=8.0, weights=[1.0, 3.0])
