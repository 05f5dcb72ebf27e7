"""What is known of a rate: all of it for the neuron's own, what a caller answers for, and nothing else."""

import pickle

import numpy as np
import pytest

from netmod import LIF, KnownRate, RateNetwork, RateTable, firing_rate, firing_rate_slope, max_slope
from netmod.rate.bounds import maxima

NEURON = LIF(tau=10.0, tau_ref=4.0)
E = np.linspace(-20.0, 40.0, 13)


def network(rate=None, W=((0.0, 50.0), (-10.0, 0.0)), neuron=NEURON):
    return RateNetwork(W, 8.0, neuron, rate)


class Bump(RateTable):
    """A table in name only: it rises and falls."""

    def __call__(self, E, out=None):
        return 0.5 * np.exp(-((np.asarray(E) - 20.0) ** 2) / 8)


class Sigmoid(KnownRate):
    """Knows nothing, whatever its fields say."""


class Helpful:
    """A plain function with a slope."""

    def __call__(self, E):
        return np.tanh(E)

    def slope(self, E):
        return 1 / np.cosh(E) ** 2


def test_the_exact_rate_is_known():
    known = network().known
    np.testing.assert_array_equal(known(E), firing_rate(E, NEURON))
    np.testing.assert_array_equal(known.slope(E), firing_rate_slope(E, NEURON))
    assert (known.low, known.high, known.increasing, known.neuron) == (0.0, 0.25, True, NEURON)
    assert (known.max_slope, known.max_curvature) == maxima(NEURON)
    assert known.max_slope >= max_slope(NEURON).slope
    assert network(neuron=LIF(tau_ref=0.0)).known.high == np.inf


def test_a_table_knows_what_its_own_neuron_knows():
    table = RateTable(LIF(tau_ref=8.0), -20.0, 60.0)
    net = network(table)
    assert net.known.neuron == table.neuron
    np.testing.assert_array_equal(net.rates(E), table(E))
    np.testing.assert_array_equal(net.slopes(E), table.slope(E))
    np.testing.assert_array_equal(net.rate_range(), [[0.0, 0.0], [0.125, 0.125]])
    assert net.increasing


@pytest.mark.parametrize(
    "rate",
    [
        np.tanh,
        firing_rate,
        Helpful(),
        Bump(NEURON, -20.0, 60.0),
        Sigmoid(np.tanh, low=-1.0, high=1.0, increasing=True, max_slope=1.0),
    ],
    ids=["ufunc", "firing_rate itself", "with a slope", "subclass of a table", "subclass of a known rate"],
)
def test_of_any_other_function_only_its_values_are_known(rate):
    net = network(rate)
    np.testing.assert_array_equal(net.rates(E), rate(E))
    assert not net.increasing
    assert net.known.neuron is None
    assert net.known.max_slope == net.known.max_curvature == np.inf
    np.testing.assert_array_equal(net.rate_range(), [[-np.inf] * 2, [np.inf] * 2])


def test_what_a_caller_answers_for_is_believed():
    rate = KnownRate(np.tanh, low=-1.0, high=1, increasing=True, max_slope=np.float32(1), max_curvature=0.77)
    net = network(rate)
    assert net.known is rate
    assert net.increasing
    np.testing.assert_array_equal(net.rate_range(), [[-1.0, -1.0], [1.0, 1.0]])
    np.testing.assert_allclose(net.slopes(E), 1 / np.cosh(E) ** 2, atol=1e-9)
    np.testing.assert_allclose(net.box(), [[8 - 50, 8 - 10], [8 + 50, 8 + 10]], atol=1e-12)
    np.testing.assert_array_equal(network(KnownRate(np.tanh, slope=np.cos)).slopes(E), np.cos(E))


class Broken(Helpful):
    """Has an optional helper that does not do."""

    def __init__(self, slope):
        self.slope = slope


def fail(E):
    raise RuntimeError("no slope today")


@pytest.mark.parametrize(
    "slope",
    [fail, lambda E: 1.0, lambda E: E[:-1], lambda E: E + 1j, lambda: None, None, 3.0, lambda E: "steep"],
)
def test_a_broken_slope_is_replaced_by_differences_and_aborts_nothing(slope):
    np.testing.assert_allclose(network(Broken(slope)).slopes(E), 1 / np.cosh(E) ** 2, atol=1e-9)


def test_a_working_slope_is_used():
    np.testing.assert_array_equal(network(Helpful()).slopes(E), Helpful().slope(E))


@pytest.mark.parametrize(
    ("kwargs", "error", "text"),
    [
        ({"function": 3.0}, TypeError, "function must be a function"),
        ({"slope": 3.0}, TypeError, "slope must be None or a function"),
        ({"low": "a"}, TypeError, "low must be a number"),
        ({"low": np.inf}, ValueError, "low must be finite"),
        ({"high": -np.inf}, ValueError, "high must be finite"),
        ({"high": np.nan}, ValueError, "high must be finite"),
        ({"low": 1.0, "high": 0.0}, ValueError, "low must not be above high"),
        ({"increasing": 1}, TypeError, "increasing must be True or False"),
        ({"max_slope": -1.0}, ValueError, "max_slope must be"),
        ({"max_curvature": None}, TypeError, "max_curvature must be"),
    ],
)
def test_bad_knowledge_is_refused(kwargs, error, text):
    with pytest.raises(error, match=text):
        KnownRate(**{"function": np.tanh, **kwargs})


def test_it_can_be_sent_to_another_process():
    rate = pickle.loads(pickle.dumps(KnownRate(np.tanh, low=-1.0, high=1.0)))
    np.testing.assert_array_equal(network(rate).slopes(E), network(np.tanh).slopes(E))
