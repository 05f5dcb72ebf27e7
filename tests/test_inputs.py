"""Every public function and argument, wrong and odd values: an error that names the argument, or the right answer."""

import dataclasses
import importlib
import inspect
import math
import re
import warnings

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

import netmod
from netmod import LIF, RateNetwork, sweep

W = np.array([[0.0, 20.0, 0.0], [5.0, 0.0, -10.0], [0.0, 15.0, 0.0]])
A = W != 0
NET, EXCITATORY = RateNetwork(W, 8.0), RateNetwork(abs(W), 8.0)
TINY = {"E0": 8.0, "starts": 2, "rng": 1}
SWEPT = sweep(A, [1.0], **TINY)

# The kind of every argument of every public function, and one call that works. "flag" is anything true or false.
CALLS = {
    "LIF": ({}, dict.fromkeys(("tau", "E_L", "sigma", "v_th", "v_r", "tau_ref"), "parameter")),
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
        | dict.fromkeys(("recip", "conv", "div", "chain"), "number"),
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
        | {"tol": "number", "max_iter": "integer", "resume": "sweep?", "checkpoint": "path?"},
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
    "rate": {"text": "abc", "pair": (1, 2), "number": 3.0, "array": np.ones(3), "class": netmod.RateTable},
    "function": {"text": "abc", "pair": (1, 2), "number": 3.0, "None": None},
    "rng": {"text": "seed", "negative": -1, "half": 1.5, "object": object(), "complex": 1j},
    "bool": {"text": "yes", "number": 1, "None": None, "array": np.array([True, False])},
    "text": {"number": 3, "list": ["weight"], "missing": "synapse"},
    "graph": {"matrix": W, "None": None, "text": "G"},
    "sweep": {"text": "yesterday", "dict": {}, "array": np.ones(3)},
    "path": {"number": 3, "dict": {}, "array": np.ones(3)},
    "dict": {"list": [[1.0, 2.0]], "None": None, "empty": {}},
}
BAD["parameter"] = {what: value for what, value in BAD["number"].items() if what != "array"}
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


# What numbers are taken, as their messages say it

POSITIVE, NOT_NEGATIVE, ANY = "finite and above 0", "finite and at least 0", "finite"
RANGES = {
    "LIF": {"tau": POSITIVE, "E_L": ANY, "sigma": NOT_NEGATIVE, "v_th": ANY, "v_r": ANY, "tau_ref": NOT_NEGATIVE},
    "simulate": {"duration": POSITIVE, "dt": POSITIVE, "v0": ANY},
    "sample_rate": {"duration": POSITIVE, "trials": 1, "dt": POSITIVE, "burn_in": NOT_NEGATIVE},
    "sample_intervals": {"count": 0, "dt": POSITIVE, "longest": POSITIVE},
    "RateTable": {"E_min": ANY, "E_max": ANY, "tol": "in [1e-14, 1]"},
    "KnownRate": {"low": ANY, "high": ANY, "max_slope": NOT_NEGATIVE, "max_curvature": NOT_NEGATIVE},
    "erdos_renyi": {"n": 1, "p": "in [0, 1]", "size": 0},
    "sonet": {"n": 1, "p": "in [0, 1]", "size": 0} | dict.fromkeys(("recip", "conv", "div", "chain"), ANY),
    "dale_signs": {"n": 1, "inhibitory": "in [0, 1]", "ratio": NOT_NEGATIVE},
    "lipschitz_constants": {"steepest": NOT_NEGATIVE},
    "iterate": {"damping": "in (0, 1]", "tol": POSITIVE, "max_iter": 0, "patience": 4},
    "newton": {"tol": POSITIVE, "max_iter": 0},
    "extremal_fixed_points": {"tol": POSITIVE, "max_iter": 0},
    "find_fixed_points": {"starts": 0, "tol": POSITIVE, "atol": POSITIVE},
    "trace_branch": {"max_step": "in [0.001, 1]"},
    "sweep": {"starts": 1, "tol": POSITIVE, "max_iter": 1},
    "annealed_rate": {"E0": ANY, "tol": POSITIVE, "max_iter": 1},
    "regress": {"resamples": 1},
    "simulate_network": {"duration": NOT_NEGATIVE, "dt": "in (0, 20]", "tau_syn": NOT_NEGATIVE, "copies": 1}
    | dict.fromkeys(("burn_in", "bin_width", "raster"), NOT_NEGATIVE),
    "diffusion_rates": {"tau_syn": NOT_NEGATIVE, "tol": POSITIVE, "max_iter": 1},
}


def test_every_number_has_a_range():
    numbers = {"number", "parameter", "integer"}
    kinds = {
        name: {a for a, kind in kinds.items() if kind.rstrip("?") in numbers} for name, (_, kinds) in CALLS.items()
    }
    assert {name: set(arguments) for name, arguments in RANGES.items()} == {k: v for k, v in kinds.items() if v}


@pytest.mark.parametrize(("name", "argument"), [(name, a) for name, ranges in RANGES.items() for a in ranges])
def test_a_range_is_what_its_message_says(name, argument):
    least = RANGES[name][argument]
    whole = isinstance(least, int)
    value, text = (-5, f"at least {least}") if whole else (math.nan, least)
    with pytest.raises(ValueError, match=rf"^{argument} must be {re.escape(text)}, got {value}$"):
        call(name, **{argument: value})
    for just, good in ((least, True), (least - 1, False)) if whole else ():
        try:
            call(name, **{argument: just})
            taken = True
        except ValueError as error:
            taken = not str(error).startswith(f"{argument} must be at least")
        assert taken == good


# What is used where nothing is said

DEFAULTS = {
    "LIF": {"tau": 20.0, "E_L": -60.0, "sigma": 12**0.5, "v_th": -50.0, "v_r": -60.0, "tau_ref": 2.0},
    "simulate": {"dt": 0.1, "rng": None, "v0": None, "method": "euler", "lower_threshold": False},
    "sample_rate": {"trials": 1, "dt": 0.1, "rng": None, "burn_in": None, "method": "exact", "lower_threshold": True},
    "sample_intervals": {"dt": 0.1, "rng": None, "longest": 1e4, "method": "exact", "lower_threshold": True},
    "firing_rate": {"neuron": LIF()},
    "firing_rate_slope": {"neuron": LIF()},
    "max_slope": {"neuron": LIF()},
    "RateTable": {"tol": 1e-10},
    "KnownRate": {"slope": None, "low": -np.inf, "high": np.inf, "increasing": False}
    | {"max_slope": np.inf, "max_curvature": np.inf},
    "erdos_renyi": {"size": None, "rng": None, "sparse": False},
    "sonet": {"recip": 0.0, "conv": 0.0, "div": 0.0, "chain": 0.0, "size": None, "rng": None},
    "dale_signs": {"inhibitory": 0.2, "ratio": 4.0},
    "connection_matrix": {"strength": 1.0, "signs": None},
    "from_networkx": {"weight": "weight", "sparse": False},
    "edge_statistics": {"pooled": False},
    "RateNetwork": {"rate": None},
    "lipschitz_constants": {"steepest": None},
    "iterate": {"start": None, "damping": 1.0, "tol": 1e-10, "max_iter": 10_000, "strength": 1.0, "patience": 64}
    | {"spectral_radius": False},
    "newton": {"start": None, "tol": 1e-12, "max_iter": 100, "away_from": None},
    "extremal_fixed_points": {"tol": 1e-10, "max_iter": 10_000},
    "find_fixed_points": {"starts": 36, "rng": None, "tol": 1e-10, "atol": 1e-6},
    "trace_branch": {"start": None, "max_step": 0.05},
    "sweep": {"signs": None, "neuron": LIF(), "starts": 36, "rng": None, "executor": None, "progress": False}
    | {"rate": None, "tol": 1e-10, "max_iter": 10_000, "resume": None, "checkpoint": None},
    "linear_response": {"E": None, "state": None, "neuron": None, "strength": 1.0},
    "annealed_rate": {"weights": None, "neuron": LIF(), "rate": None, "tol": 1e-12, "max_iter": 10_000},
    "regress": {"resamples": 2000, "rng": None},
    "simulate_network": {"dt": 0.1, "tau_syn": 5.0, "delay": 0.0, "copies": 1, "burn_in": 200.0}
    | {"lower_threshold": True, "start": None, "intervals": False, "currents": False, "bin_width": None}
    | {"raster": 0.0, "rng": None},
    "diffusion_rates": {"tau_syn": 0.0, "sigma_syn": 0.0, "synapses": None, "start": None, "tol": 1e-10}
    | {"max_iter": 1000},
}


@pytest.mark.parametrize("name", CALLS)
def test_defaults_are_those_that_were_decided(name):
    """The poster's neuron, steps of 0.1 ms, …: all that a page of the book does not say rests on them."""
    parameters = inspect.signature(getattr(netmod, name)).parameters.values()
    has = {p.name: p.default for p in parameters if p.default is not p.empty and repr(p.default) != "<factory>"}
    assert has == DEFAULTS.get(name, {})
    call(name)  # and they work


LIMITS = {
    "contraction.intervals": {"_PIECES": 32, "_TINY": 1e-290},
    "contraction.norms": {"_TINY": 1e-300, "_DENSE": 2000},
    "contraction.proofs": {"_MAX_INVERSE": 4000, "_BOX_STEPS": 60},
    "dynamics": {"_DENSE_EIG": 300},
    "fixed_points.branch": {"_LARGEST": 3000, "_SHORTEST_STEP": 1e-3, "_STEPS": 20_000, "_CROSSING": 1e-3}
    | {"_SAME_PLACE": 1e-6, "_ASTRAY": 10.0, "_ENDLESS": 1e9, "_TOGETHER": 5},
    "fixed_points.exhaustive": {"LARGEST": 64, "_BOXES": 30_000, "_ENTRIES": 2_000_000, "_MARGIN": 0.1}
    | {"_POLISH": 100},
    "fixed_points.extremal": {"_PLAIN": 20, "_DENSE": 1500, "_TERMS": 60},
    "fixed_points.newton": {"_DENSE": 1500, "_BYTES": 2**26, "_LAST": 1e-11, "_SHORTEST": 2.0**-20},
    "fixed_points.search": {
        "TRACED": 300,
        "_FOLLOWED": 12,
        "_ROUNDS": 12,
        "_STUBBORN": 5,
        "_PAIRS": 24,
        "_SAMPLE": 16,
    },
    "fixed_points.starts": {"_FARTHEST": 1e6, "REACHES": (10.0, 100.0, 1000.0, 10_000.0)},
    "fixed_points.watch": {"_STILL": 1e-4, "_GROWING": 0.1, "_TURNED": 0.3, "_CLOSE": 0.1, "_PERIOD_GAP": 1e4},
    "graphs.sonets": {"_EXACT": 4e-15, "_ROUNDING": 1e-9},
    "lif.simulation": {"_ENOUGH": 32},
    "rate.bounds": {"RELATIVE": 1e-10, "RATIO_RANGE": (1e-2, 1e3), "_TINY": 1e-290, "_B_LEFT": 8.0},
    "rate.siegert": {"FAR": 1e8, "LOW": -40.0, "_ASYMPTOTIC": 10.0},
    "rate.table": {"_MAX_CELLS": 2**21},
    "spiking.diffusion": {"_DENSE": 1500, "_SHORTEST": 2.0**-12},
    "spiking.network": {"_TINY": 1e-280},
    "spiking.tally": {"_BATCHES": 30},
}


@pytest.mark.parametrize("module", LIMITS)
def test_limits_are_those_that_were_decided(module):
    """Sizes from which another method takes over, tolerances, patience: to be changed on purpose, here and there."""
    home = importlib.import_module(f"netmod.{module}")
    assert {name: getattr(home, name) for name in LIMITS[module]} == LIMITS[module]
    for name in ("find_fixed_points", "trace_branch", "simulate_network", "diffusion_rates", "sonet", "RateTable"):
        call(name)  # what those modules are there for


# Odd values that are right


def flat(result):
    """Return all numbers of a result, in a fixed order."""
    if isinstance(result, nx.Graph):
        return flat([*result.edges(data="weight")])
    if callable(result) and hasattr(result, "slope"):  # a table, a known rate
        return flat([result(np.linspace(-30.0, 40.0, 9)), result.slope(np.linspace(-30.0, 40.0, 9))])
    if sp.issparse(result):
        return flat(result.toarray())
    if isinstance(result, dict):
        return flat([result[key] for key in sorted(result)])
    if isinstance(result, RateNetwork):
        return flat([result.W, result.E0, result(np.full(result.n, 9.0))])
    if dataclasses.is_dataclass(result):
        kept = [f.name for f in dataclasses.fields(result) if f.name != "problem"]
        return flat([getattr(result, name) for name in kept])
    if isinstance(result, list | tuple):
        return [x for part in result for x in flat(part)]
    array = np.asarray(result)
    return array.reshape(-1).tolist() if array.dtype.kind in "biufc" else [repr(result)]


def same(a, b, tol=0.0):
    a, b = flat(a), flat(b)
    if len(a) != len(b):
        return False
    return all(
        x == y or (x != x and y != y) or (not isinstance(x, str) and abs(x - y) <= tol * (1 + abs(y)))
        for x, y in zip(a, b, strict=True)
    )


def number_given(name, argument):
    """Return the number that a call gives or takes by default, None if there is none."""
    value = CALLS[name][0].get(argument, inspect.signature(getattr(netmod, name)).parameters[argument].default)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


SCALARS = {
    "float16": np.float16,
    "float32": np.float32,
    "longdouble": np.longdouble,
    "0-d": np.array,
    "0-d float32": lambda x: np.array(x, dtype=np.float32),
    "int8": np.int8,
    "uint64": np.uint64,
    "0-d int32": lambda x: np.array(x, dtype=np.int32),
}


def odd_numbers():
    """Yield calls with each number as each type of scalar that can hold it."""
    for name, (_, kinds) in CALLS.items():
        for argument, kind in kinds.items():
            value, kind = number_given(name, argument), kind.rstrip("?")
            for what, scalar in SCALARS.items() if kind in ("number", "parameter", "integer") else ():
                held = value is not None and (value == int(value) if "int" in what else kind != "integer")
                if not held or (what == "int8" and abs(value) > 127) or (what == "uint64" and value < 0):
                    continue
                odd = scalar(value)
                single = kind == "parameter" and what.startswith("0-d")  # an array there is one value a neuron
                if not single and not (value and odd == 0):  # too small for the type
                    yield pytest.param(name, argument, odd, id=f"{name}-{argument}-{what}")


@pytest.mark.parametrize(("name", "argument", "odd"), odd_numbers())
def test_numpy_scalars_are_the_numbers_they_hold(name, argument, odd):
    plain = int(odd) if np.asarray(odd).dtype.kind in "iu" else float(odd)
    assert same(call(name, **{argument: odd}), call(name, **{argument: plain}))


ARRAYS = [
    (name, argument)
    for name, (_, kinds) in CALLS.items()
    for argument, kind in kinds.items()
    if kind.rstrip("?") in ("array", "finite") and CALLS[name][0].get(argument) is not None
]


@pytest.mark.parametrize("form", ["list", "float16", "float32", "longdouble", "int8", "uint64"])
@pytest.mark.parametrize(("name", "argument"), ARRAYS)
def test_arrays_of_any_real_type_are_the_numbers_they_hold(name, argument, form):
    odd = np.asarray(CALLS[name][0][argument])
    if form != "list":
        odd = (np.abs(np.floor(odd)) if "int" in form else odd).astype(form)
    value = odd.astype(float)
    assert same(call(name, **{argument: odd.tolist() if form == "list" else odd}), call(name, **{argument: value}))


# Matrices


MATRICES = [
    (name, argument)
    for name, (_, kinds) in CALLS.items()
    for argument, kind in kinds.items()
    if kind in ("matrix", "matrices")
]
STACKS = [name for name, (_, kinds) in CALLS.items() if "matrices" in kinds.values()]
FORMATS = ["coo", "csr", "csc", "lil", "dok", "dia", "bsr"]


def numbers_of(result):
    """Return what must agree; of a sweep, its fixed points, since sums are rounded in another order."""
    return (result.E, result.rate) if isinstance(result, netmod.Sweep) else result


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("name", "argument"), MATRICES)
def test_sparse_of_every_format_goes_wherever_dense_goes(name, argument, form, kind):
    odd = getattr(sp, f"{form}_{kind}")(W)
    before = odd.toarray()
    assert same(numbers_of(call(name, **{argument: odd})), numbers_of(call(name, **{argument: W})), 1e-9)
    np.testing.assert_array_equal(odd.toarray(), before)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.float32, np.uint16, float])
@pytest.mark.parametrize("name", STACKS)
def test_a_list_of_sparse_networks_is_a_stack(name, dtype):
    stack = np.array([A, A.T, ~A & ~np.eye(3, dtype=bool)]).astype(dtype)
    dense, sparse = call(name, A=stack), call(name, A=[sp.coo_array(one) for one in stack])
    assert same(numbers_of(sparse), numbers_of(dense), 1e-9)


@pytest.mark.parametrize(("name", "argument"), MATRICES)
@pytest.mark.parametrize("dtype", [float, np.int8])
def test_entries_that_are_stored_twice_are_summed(name, argument, dtype):
    """In whole numbers of one byte, 100 + 100 is -56."""
    twice = sp.coo_array((np.array([100, 100, 7], dtype=dtype), ([1, 1, 0], [0, 0, 2])), shape=(3, 3))
    dense = np.array([[0.0, 0.0, 7.0], [200.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert same(numbers_of(call(name, **{argument: twice})), numbers_of(call(name, **{argument: dense})), 1e-9)
    assert twice.nnz == 3


@pytest.mark.parametrize("form", [np.asfortranarray, np.matrix, lambda M: M[::-1, ::-1][::-1, ::-1], list])
@pytest.mark.parametrize(("name", "argument"), MATRICES)
def test_dense_of_any_layout(name, argument, form):
    assert same(call(name, **{argument: form(W)}), call(name, **{argument: W}), 1e-12)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", [name for name, (_, kinds) in CALLS.items() if {"W", "A", "net"} & kinds.keys()])
def test_a_network_of_no_neurons_has_an_answer_or_is_refused_by_name(name, sparse):
    empty = sp.csr_array((0, 0)) if sparse else np.zeros((0, 0))
    kinds = CALLS[name][1]
    argument = next(a for a in ("W", "A", "net") if a in kinds)
    changes = {argument: empty if argument != "net" else RateNetwork(empty, 8.0)}
    for other in ("E", "signs"):
        if other in CALLS[name][0]:
            changes[other] = np.zeros(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            call(name, **changes)
        except ValueError as error:
            assert re.search(rf"\b{argument}\b", str(error))  # noqa: PT017
            assert name in ("sweep", "trace_branch")


def test_a_diagonal_is_refused_with_a_remedy_that_works():
    loops = W + 3 * np.eye(3)
    for function in (netmod.motif_counts, netmod.edge_statistics):
        with pytest.raises(ValueError, match=r"3 on the diagonal.*A\[\.\.\., range\(n\), range\(n\)\] = 0"):
            function(loops)
        fixed = loops.copy()
        n = 3
        fixed[..., range(n), range(n)] = 0
        assert function(fixed) == function(W)
        for form in FORMATS:
            odd = getattr(sp, f"{form}_array")(loops)
            with pytest.raises(ValueError, match=r"A = A\.tolil\(copy=True\); A\.setdiag\(0\)"):
                function(odd)
            odd = odd.tolil(copy=True)
            odd.setdiag(0)
            assert function(odd) == function(W)


def test_generated_sparse_networks_go_on_to_whatever_takes_networks():
    networks = netmod.erdos_renyi(20, 0.3, size=3, sparse=True, rng=1)
    stack = np.array([one.toarray() for one in networks])
    assert netmod.motif_counts(networks) == netmod.motif_counts(stack)
    assert netmod.edge_statistics(networks, pooled=True).stderr == netmod.edge_statistics(stack, pooled=True).stderr
    np.testing.assert_array_equal(netmod.in_degrees(networks), stack.sum(axis=2))
    np.testing.assert_array_equal(netmod.out_degrees(networks), stack.sum(axis=1))
    weighted = netmod.connection_matrix(networks, [1.0, 2.0, 3.0], netmod.dale_signs(20))
    assert all(sp.issparse(one) for one in weighted)
    assert same(weighted, list(netmod.connection_matrix(stack, [1.0, 2.0, 3.0], netmod.dale_signs(20))))
    swept = sweep(networks, [5.0], **TINY)
    slopes = netmod.linear_response(networks, 5.0, swept.E[:, 0])
    np.testing.assert_allclose(slopes, netmod.linear_response(stack, 5.0, swept.E[:, 0]), rtol=1e-12)
    back = [netmod.from_networkx(netmod.to_networkx(one), sparse=True) for one in networks]
    assert same(back, networks)
    for one in networks:
        assert netmod.find_fixed_points(RateNetwork(5.0 * one, 8.0), rng=1).unique


def test_results_compare_without_raising():
    """Those that hold arrays by identity, those that are numbers by value."""
    for name in CALLS:
        one, other = call(name), call(name)
        if dataclasses.is_dataclass(one):
            assert one == one
            assert isinstance(one == other, bool)
            assert isinstance(one != other, bool)
    assert SWEPT == SWEPT
