"""Every public function, every argument, wrong and odd values: an error that names the argument, or the right answer."""

import inspect
import itertools
import math
import re
import warnings

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

import netmod
from netmod import LIF, KnownRate, RateNetwork, RateTable, Sweep, sweep

W = np.array([[0.0, 20.0, 0.0], [5.0, 0.0, -10.0], [0.0, 15.0, 0.0]])
A = W != 0
NET, EXCITATORY = RateNetwork(W, 8.0), RateNetwork(abs(W), 8.0)
TINY = {"E0": 8.0, "starts": 2, "rng": 1}
SWEPT = sweep(A, [1.0], **TINY)

# The kind of every argument of every public function, and one call that works. "flag" is anything true or false.
CALLS = {
    "LIF": ({}, {n: "number" for n in ("tau", "E_L", "sigma", "v_th", "v_r", "tau_ref")}),
    "simulate": (
        {"neuron": LIF(), "E": 12.0, "duration": 20.0, "rng": 1},
        {"neuron": "neuron", "E": "array", "duration": "number", "dt": "number", "rng": "rng", "v0": "number?"},
    ),
    "sample_rate": (
        {"neuron": LIF(), "E": 12.0, "duration": 200.0, "rng": 1},
        {"neuron": "neuron", "E": "array", "duration": "number", "trials": "integer", "dt": "number", "rng": "rng"}
        | {"burn_in": "number?"},
    ),
    "sample_intervals": (
        {"neuron": LIF(), "E": 12.0, "count": 3, "rng": 1},
        {"neuron": "neuron", "E": "array", "count": "integer", "dt": "number", "rng": "rng", "longest": "number"},
    ),
    "intervals": ({"spike_times": [1.0, 3.0, 7.0]}, {"spike_times": "array"}),
    "firing_rate": ({"E": 8.0}, {"E": "array", "neuron": "neuron"}),
    "firing_rate_slope": ({"E": 8.0}, {"E": "array", "neuron": "neuron"}),
    "max_slope": ({}, {"neuron": "neuron"}),
    "RateTable": (
        {"neuron": LIF(), "E_min": 0.0, "E_max": 20.0},
        {"neuron": "neuron", "E_min": "number", "E_max": "number", "tol": "number"},
    ),
    "KnownRate": (
        {"function": np.tanh},
        {"function": "function", "slope": "rate?", "low": "number", "high": "number", "increasing": "bool"}
        | {"max_slope": "number", "max_curvature": "number"},
    ),
    "erdos_renyi": (
        {"n": 5, "p": 0.5, "rng": 1},
        {"n": "integer", "p": "number", "size": "integer?", "rng": "rng", "sparse": "flag"},
    ),
    "sonet": (
        {"n": 5, "p": 0.5, "rng": 1},
        {"n": "integer", "p": "number", "size": "integer?", "rng": "rng"}
        | {n: "number" for n in ("recip", "conv", "div", "chain")},
    ),
    "dale_signs": ({"n": 5}, {"n": "integer", "inhibitory": "number", "ratio": "number"}),
    "connection_matrix": (
        {"A": A, "signs": [1.0, 1.0, -4.0]},
        {"A": "matrices", "strength": "finite", "signs": "finite?"},
    ),
    "to_networkx": ({"W": W}, {"W": "matrix"}),
    "from_networkx": ({"G": nx.DiGraph([(0, 1)])}, {"G": "graph", "weight": "text?", "sparse": "flag"}),
    "in_degrees": ({"A": A}, {"A": "matrices"}),
    "out_degrees": ({"A": A}, {"A": "matrices"}),
    "motif_counts": ({"A": A}, {"A": "matrices"}),
    "edge_statistics": ({"A": A}, {"A": "matrices", "pooled": "flag"}),
    "RateNetwork": ({"W": W, "E0": 8.0}, {"W": "matrix", "E0": "finite", "neuron": "neuron", "rate": "rate?"}),
    "lipschitz_constants": ({"net": NET}, {"net": "net", "steepest": "number?"}),
    "a_priori_error": (
        {"k": 0.5, "first_step": 1.0, "iterations": 3},
        {"k": "array", "first_step": "array", "iterations": "array"},
    ),
    "a_posteriori_error": ({"k": 0.5, "last_step": 1.0}, {"k": "array", "last_step": "array"}),
    "certify": ({"net": NET, "E": [8.0, 8.0, 8.0]}, {"net": "net", "E": "array"}),
    "iterate": (
        {"net": NET},
        {"net": "net", "start": "array?", "damping": "number", "tol": "number", "max_iter": "integer"}
        | {"strength": "finite", "patience": "integer?", "spectral_radius": "flag"},
    ),
    "newton": (
        {"net": NET},
        {"net": "net", "start": "array?", "tol": "number", "max_iter": "integer", "away_from": "array?"},
    ),
    "extremal_fixed_points": ({"net": EXCITATORY}, {"net": "net", "tol": "number", "max_iter": "integer"}),
    "find_fixed_points": (
        {"net": NET, "starts": 2, "rng": 1},
        {"net": "net", "starts": "integer", "rng": "rng", "tol": "number", "atol": "number"},
    ),
    "trace_branch": (
        {"net": NET, "strengths": [0.5, 1.0]},
        {"net": "net", "strengths": "finite", "start": "array?", "max_step": "number"},
    ),
    "sweep": (
        {"A": A, "strengths": [1.0], **TINY},
        {"A": "matrices", "strengths": "finite", "E0": "finite", "signs": "finite?", "neuron": "neuron"}
        | {"starts": "integer", "rng": "rng", "executor": "flag", "progress": "flag", "rate": "rate?"}
        | {"tol": "number", "max_iter": "integer", "resume": "sweep?"},
    ),
    "linear_response": (
        {"net": NET, "E": [8.0, 8.0, 8.0]},
        {"net": "flag", "E": "array?", "state": "flag", "neuron": "flag", "strength": "finite"},
    ),
    "annealed_rate": (
        {"k_in": [1.0, 2.0], "strength": 5.0, "E0": 8.0},
        {"k_in": "finite", "strength": "finite", "E0": "number", "weights": "finite?", "neuron": "neuron"}
        | {"rate": "rate?", "tol": "number", "max_iter": "integer"},
    ),
    "linear_fit": ({"x": [0.0, 1.0, 2.0], "y": [1.0, 2.0, 4.0]}, {"x": "finite", "y": "array"}),
    "regress": (
        {"predictors": {"a": [0.0, 1.0, 2.0, 1.0]}, "y": [1.0, 2.0, 4.0, 3.0], "resamples": 10, "rng": 1},
        {"predictors": "dict", "y": "finite", "resamples": "integer", "rng": "rng"},
    ),
    "simulate_network": (
        {"W": W, "neuron": LIF(), "E0": 12.0, "duration": 5.0, "burn_in": 0.0, "rng": 1},
        {"W": "matrix", "neuron": "neuron", "E0": "array", "duration": "number", "dt": "number", "tau_syn": "number"}
        | {"delay": "array", "copies": "integer", "burn_in": "number", "lower_threshold": "flag", "start": "array?"}
        | {"intervals": "flag", "currents": "flag", "bin_width": "number?", "raster": "number", "rng": "rng"},
    ),
    "diffusion_rates": (
        {"net": NET},
        {"net": "net", "tau_syn": "number", "sigma_syn": "finite", "synapses": "finite?", "start": "finite?"}
        | {"tol": "number", "max_iter": "integer"},
    ),
}
FREE = {"method", "lower_threshold"}  # a choice by name, and a flag: tested where they belong

HUGE = 10**400
MASKED = np.ma.masked_array([8.0, 8.0, 8.0], mask=[True, False, False])
NOT_NUMBERS = {
    "text": "8",
    "complex": 1 + 2j,
    "NumPy complex": np.complex128(8.0),
    "object": object(),
    "date": np.datetime64("2020-01-01"),
    "masked": np.ma.masked,
    "dict": {},
}
BAD = {
    "number": NOT_NUMBERS
    | {"None": None, "huge": HUGE, "NaN": math.nan, "array": np.ones(2), "list": [1.0], "sparse": sp.eye_array(2)},
    "integer": NOT_NUMBERS
    | {"None": None, "huge": HUGE, "NaN": math.nan, "half": 2.5, "float": 2.0, "negative": -1, "array": np.ones(2)},
    "array": {
        "text": "8",
        "texts": ["8", "9", "10"],
        "complex": np.array([8, 8, 8 + 1j]),
        "object": object(),
        "objects": np.array([object()] * 3),
        "huge": HUGE,
        "huge entries": [HUGE, 1.0, 1.0],
        "masked": MASKED,
        "masked, nothing hidden": np.ma.masked_array([8.0, 8.0, 8.0]),
        "ragged": [[1.0, 2.0], [3.0]],
        "sparse": sp.coo_array(np.ones((3, 3))),
        "dates": np.array(["2020-01-01"] * 3, dtype="datetime64[D]"),
        "records": np.zeros(3, dtype=[("a", float)]),
        "dict": {},
    },
    "matrix": {
        "text": "W",
        "number": 5.0,
        "vector": np.ones(3),
        "oblong": np.ones((2, 3)),
        "complex": W * 1j,
        "objects": W.astype(object),
        "NaN": np.where(A, np.nan, 0.0),
        "huge": HUGE,
        "huge entries": [[0, HUGE], [0, 0]],
        "masked": np.ma.masked_array(W, mask=W == 20),
        "ragged": [[1.0, 2.0], [3.0]],
        "None": None,
        "sparse complex": sp.lil_array(W * 1j),
        "sparse NaN": sp.dok_array(np.where(A, np.nan, 0.0)),
        "sparse oblong": sp.csr_array(np.ones((2, 3))),
        "sparse vector": sp.coo_array(np.ones(3)),
        "graph": nx.DiGraph([(0, 1)]),
    },
    "net": {"matrix": W, "None": None, "text": "net", "class": RateNetwork, "number": 1.0, "neuron": LIF()},
    "neuron": {"text": "LIF", "class": LIF, "dict": {"tau": 20.0}, "number": 20.0, "net": NET},
    "rate": {"text": "abc", "pair": (1, 2), "number": 3.0, "array": np.ones(3)},
    "function": {"text": "abc", "pair": (1, 2), "number": 3.0, "None": None},
    "rng": {"text": "seed", "negative": -1, "half": 1.5, "object": object(), "complex": 1j},
    "bool": {"text": "yes", "number": 1, "None": None, "array": np.array([True, False])},
    "text": {"number": 3, "list": ["weight"], "missing": "synapse"},
    "graph": {"matrix": W, "None": None, "text": "G"},
    "sweep": {"text": "yesterday", "dict": {}, "array": np.ones(3)},
    "dict": {"list": [[1.0, 2.0]], "None": None, "empty": {}},
}
BAD["finite"] = BAD["array"] | {"NaN": math.nan, "infinite": np.inf, "NaN in it": [np.nan, 1.0, 1.0]}
BAD["matrices"] = BAD["matrix"] | {
    "list of sparse of two sizes": [sp.eye_array(2), sp.eye_array(3)],
    "list of sparse and dense": [sp.csr_array(A), A],
    "list of oblong sparse": [sp.csr_array(np.ones((2, 3)))],
}
BAD["matrix"]["stack"] = np.ones((2, 3, 3))

CASES = [
    pytest.param(name, argument, value, id=f"{name}-{argument}-{what}")
    for name, (_, kinds) in CALLS.items()
    for argument, kind in kinds.items()
    for what, value in BAD.get(kind.rstrip("?"), {}).items()
    if not (value is None and kind.endswith("?"))
]


def call(name, **changes):
    return getattr(netmod, name)(**(CALLS[name][0] | changes))


def test_every_public_function_and_argument_is_here():
    results = {name for name in netmod.__all__ if re.match("[A-Z]", name)} - {"LIF", "RateNetwork", "RateTable"}
    results -= {"KnownRate"}
    assert set(CALLS) == set(netmod.__all__) - results
    for name, (given, kinds) in CALLS.items():
        parameters = set(inspect.signature(getattr(netmod, name)).parameters)
        assert parameters - FREE == set(kinds) - FREE, name
        assert set(given) <= parameters


@pytest.mark.parametrize(("name", "argument", "value"), CASES)
def test_a_wrong_value_is_refused_by_the_name_of_its_argument(name, argument, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((TypeError, ValueError)) as caught:
            call(name, **{argument: value})
    assert re.search(rf"(?<!\w){argument}\b", str(caught.value)), f"{argument} is not named in: {caught.value}"
    assert len(str(caught.value)) < 300
