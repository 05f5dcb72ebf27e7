"""What `find_fixed_points` asks for, in which order, and what it makes of the answers."""

import importlib

import numpy as np
import pytest
import scipy.sparse as sp

from netmod import KnownRate, RateNetwork, certify, find_fixed_points, iterate, newton
from netmod.fixed_points.search import Notebook
from tests.fixed_points.test_fixed_points import Tanh

find = importlib.import_module("netmod.fixed_points.find")
SIGMOID = KnownRate(
    np.tanh, slope=lambda E: 1 / np.cosh(E) ** 2, low=-1.0, high=1.0, max_slope=1.0, max_curvature=0.8
)


@pytest.fixture
def asked(monkeypatch):
    """The calls of one search, by name."""
    calls = []

    def watched(name):
        real = getattr(find, name)

        def call(*args, **options):
            result = real(*args, **options)
            calls.append((name, args, options, result))
            return result

        monkeypatch.setattr(find, name, call)

    for name in (
        "iterate",
        "newton",
        "exhaustive",
        "certify",
        "extremal_fixed_points",
        "random_starts",
        "other_starts",
    ):
        watched(name)
    for name in ("follow", "deflate"):
        real = getattr(Notebook, name)

        def call(self, *args, real=real, name=name):
            calls.append((name, args, {}, None))
            return real(self, *args)

        monkeypatch.setattr(Notebook, name, call)
    return calls


def names(calls):
    return [name for name, *_ in calls]


def test_a_proof_ends_the_search(asked):
    found = find_fixed_points(RateNetwork([[0.0, 20.0], [-10.0, 0.0]], 8.0), starts=4, rng=0)
    assert found.proof == "Banach"
    assert names(asked) == ["random_starts", "other_starts", "iterate", "newton", "newton", "certify"]
    begin, more = asked[0][3], asked[1][3]
    np.testing.assert_array_equal(asked[2][1][1], np.concatenate([begin, more]))
    assert asked[2][2] == {"tol": 1e-10}
    assert begin.shape == (4, 2)
    assert asked[0][1][1:3] == (1.0, 4)
    assert found.runs.E.shape == (4, 2)
    np.testing.assert_array_equal(found.runs.E, asked[2][3].E[:4])


def test_newton_goes_on_from_where_the_iteration_left_off(asked):
    """A neuron that inhibits itself strongly: every run is periodic, and each is a start for Newton's method."""
    find_fixed_points(RateNetwork([[-600.0]], 8.0), starts=5, rng=0)
    runs = next(result for name, _, _, result in asked if name == "iterate")
    lost = runs.E[~runs.converged]
    assert len(lost) > 5
    second = [args for name, args, *_ in asked if name == "newton"][1]
    np.testing.assert_array_equal(second[1], lost)


def test_without_a_proof_branches_are_followed_before_and_after_deflation(asked, monkeypatch):
    net = RateNetwork(2 * np.eye(2), 0.0, rate=Tanh())
    found = find_fixed_points(net, starts=30, rng=0)
    assert found.proof is None
    assert [x for x in names(asked) if x in ("follow", "deflate")] == ["follow", "deflate", "follow"]
    begin, more = asked[0][3], asked[1][3]
    (seeds, _) = next(args for name, args, *_ in asked if name == "deflate")
    np.testing.assert_array_equal(seeds, np.concatenate([more[:19], begin[:8]]))
    asked.clear()
    monkeypatch.setattr(find, "TRACED", 1)
    found = find_fixed_points(net, starts=3, rng=0)
    assert not {"follow", "deflate"} & set(names(asked))
    assert "continuation and deflation: more than 1 neurons" in found.skipped
    monkeypatch.setattr(find, "TRACED", 2)
    find_fixed_points(net, starts=3, rng=0)
    assert "follow" in names(asked)


def test_how_many_neurons_are_searched_exhaustively(asked, monkeypatch):
    net = RateNetwork(2 * np.eye(2), 0.0, rate=SIGMOID)
    for largest, told in ((1, True), (2, False)):
        asked.clear()
        monkeypatch.setattr(find, "LARGEST", largest)
        found = find_fixed_points(net, starts=3, rng=0)
        assert ("exhaustive" in names(asked)) != told
        assert ("exhaustive search: more than 1 neurons" in found.skipped) == told
    assert len(found) == 9
    assert found.proof == "exhaustive search"


def test_a_search_that_disagrees_with_the_others_is_no_proof(monkeypatch):
    net = RateNetwork([[3.0]], 0.0, rate=SIGMOID)
    real = find.exhaustive

    def blind(net, **options):
        result = real(net, **options)
        return type(result)(result.points[:2], result.radius[:2], True, "", result.boxes)

    monkeypatch.setattr(find, "exhaustive", blind)
    found = find_fixed_points(net, rng=0)
    assert (len(found), found.proof) == (3, None)
    assert "exhaustive search: it has 2 points where all searches have 3" in found.skipped


def test_one_point_alone_is_certified(asked):
    book = Notebook(RateNetwork([[3.0]], 0.0, rate=SIGMOID), 1e-6)
    assert find._certificate(book) is None
    book.add("newton", newton(book.net, [[0.0], [2.0]]))
    assert find._certificate(book) is None
    assert "certify" not in names(asked)
    one = Notebook(RateNetwork([[0.5]], 0.0, rate=SIGMOID), 1e-6)
    one.add("newton", newton(one.net))
    assert find._certificate(one) == certify(one.net, one.points[0]).method == "Banach"


def test_why_there_is_no_extremal_pair_is_said_unless_there_is_inhibition():
    for W, rate, told in (
        (-1.0, None, ()),
        (1.0, SIGMOID, ("extremal pair: the rate is not known never to decrease (a KnownRate says so)",)),
        (0.3, None, ()),
    ):
        book = Notebook(RateNetwork([[W]], 8.0, rate=rate), 1e-6)
        proof = find._extremal_pair(book, 1e-10)
        assert tuple(book.skipped) == told
        assert proof == ("extremal pair" if (W, rate) == (0.3, None) else None)
    assert book.found_by == [["extremal"]]


def test_a_pair_that_agrees_within_atol_proves_only_what_contracts():
    net = RateNetwork([[260.0]], 4.0)  # three fixed points, 40 mV apart at most
    for atol, proof in ((1e-6, None), (100.0, None)):
        assert find._extremal_pair(Notebook(net, atol), 1e-10) == proof
    assert find._extremal_pair(Notebook(RateNetwork([[100.0]], 4.0), 1.0), 1e-10) == "extremal pair"


def test_large_sparse_networks_have_no_growth_and_no_index(monkeypatch):
    A = sp.csr_array(np.array([[0.0, 20.0], [10.0, 0.0]]))
    for traced, known in ((1, False), (2, True)):
        monkeypatch.setattr(find, "TRACED", traced)
        found = find_fixed_points(RateNetwork(A, 8.0), starts=2, rng=0)
        assert np.isfinite(found.growth).all() == known
        assert found.index.tolist() == [int(known)]
        assert not found.missing
    dense = find_fixed_points(RateNetwork(A.toarray(), 8.0), starts=2, rng=0)
    np.testing.assert_allclose(dense.growth, found.growth)


def test_what_is_missing_is_said():
    book = Notebook(RateNetwork([[3.0]], 0.0, rate=SIGMOID), 1e-6)
    book.add("newton", newton(book.net, [0.0]))
    runs = iterate(book.net, [[0.0]])
    found = find._summary(book, runs, None)
    assert (found.index.tolist(), found.missing, found.unique, found.complete) == ([-1], True, None, False)
    assert ", at least one is missing" in repr(found)
    unbounded = Notebook(RateNetwork([[3.0]], 0.0, rate=np.tanh), 1e-6)
    unbounded.add("newton", newton(unbounded.net, [0.0]))
    assert not find._summary(unbounded, runs, None).missing


def test_a_rate_without_numbers_is_refused():
    with pytest.raises(
        ValueError, match=r"^net must have a rate that returns numbers, got NaN at every start, E = 8"
    ):
        find_fixed_points(RateNetwork([[1.0]], 8.0, rate=lambda E: np.full(np.shape(E), np.nan)), rng=0)


@pytest.mark.parametrize(("points", "many"), [(7, False), (9, True)])
def test_a_long_list_of_methods_is_counted(points, many):
    book = Notebook(RateNetwork(np.zeros((1, 1)), 0.0, rate=Tanh()), 1e-6)
    book.points = [np.array([float(k)]) for k in range(points)]
    book.found_by = [["newton"] for _ in range(points)]
    found = find._summary(book, iterate(book.net), None)
    assert (f"found by newton ({points})" in repr(found)) == many
    assert ("newton; newton" in repr(found)) != many
