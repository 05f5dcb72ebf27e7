"""The package keeps to its plan: imports run one way, signatures are as agreed, everything public is explained."""

import ast
import dataclasses
import importlib
import inspect
import itertools
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import netmod

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "netmod"
SOURCES = sorted(PACKAGE.rglob("*.py"))

ALL_THERE = True
"""Whether a name of SIGNATURES that netmod lacks is a failure; turned on once everything is written."""

# What each wing may import, in the order of the chapters; what those import is allowed with them. The ground floor
# (_checks, _matrix) may be imported by any.
MAY_IMPORT = {
    "lif": (),
    "rate": ("lif",),
    "graphs": (),
    "dynamics": ("rate",),
    "contraction": ("dynamics",),
    "fixed_points": ("contraction",),
    "heterogeneity": ("fixed_points", "graphs"),
    "ensemble": ("fixed_points", "graphs"),
    "spiking": ("fixed_points",),
    "plot": (),
}
FOUNDATIONS = {"numpy", "scipy", "networkx"} | set(sys.stdlib_module_names)
DRAWING = {"matplotlib", "cycler"}  # cycler is matplotlib's own dependency; both in netmod.plot alone

SIGNATURES = """
LIF(tau=20.0, E_L=-60.0, sigma=12**0.5, v_th=-50.0, v_r=-60.0, tau_ref=2.0)
simulate(neuron, E, duration, *, dt=0.1, rng=None)
sample_rate(neuron, E, *, duration, trials=1, dt=0.1, rng=None)
firing_rate(E, neuron=LIF())
firing_rate_slope(E, neuron=LIF())
max_slope(neuron=LIF())
RateTable(neuron, E_min, E_max, *, tol=1e-10)
erdos_renyi(n, p, *, size=None, rng=None, sparse=False)
sonet(n, p, *, recip=0.0, conv=0.0, div=0.0, chain=0.0, size=None, rng=None)
dale_signs(n, inhibitory=0.2, ratio=4.0)
connection_matrix(A, strength=1.0, signs=None)
to_networkx(W)
from_networkx(G, weight="weight")
in_degrees(A)
out_degrees(A)
motif_counts(A)
edge_statistics(A)
RateNetwork(W, E0, neuron=LIF(), rate=None)
lipschitz_constants(net)
a_priori_error(k, first_step, iterations)
a_posteriori_error(k, last_step)
certify(net, E)
iterate(net, start=None, *, damping=1.0, tol=1e-10, max_iter=10_000)
newton(net, start=None, *, tol=1e-12, max_iter=100)
extremal_fixed_points(net)
find_fixed_points(net, *, starts=36, rng=None)
trace_branch(net, strengths)
linear_response(net, E=None)
diffusion_rates(net, *, tau_syn=0.0, start=None)
sweep(A, strengths, *, E0, signs=None, neuron=LIF(), starts=36, rng=None, executor=None, progress=False)
simulate_network(W, neuron, E0, *, duration, dt=0.1, tau_syn=5.0, rng=None)
""".strip().splitlines()

FIELDS = {
    "Trace": "t v spike_times",
    "RateSample": "rate stderr",
    "MaxSlope": "E slope",
    "RateTable": "slope",
    "MotifCounts": "edges reciprocal convergent divergent chain",
    "EdgeStatistics": "p recip conv div chain",
    "RateNetwork": "jacobian spectral_radius scaled",
    "Certificate": "exists unique radius method",
    "FixedPoint": "E rate status iterations residual",
    "FixedPointSet": "points found_by unique",
    "Branch": "E spectral_radius stable events",
    "SpikingRun": "rate stderr",
}


def module_name(path: Path) -> str:
    """Return "dynamics" for netmod/dynamics.py and "rate" for everything in the wing netmod/rate/."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path, *, inside: bool = True) -> set[str]:
    """Return the dotted names that `path` imports, relative ones resolved; with `inside`, in functions as well."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = [*path.relative_to(ROOT).with_suffix("").parts][:-1]
    found: set[str] = set()
    for node in ast.walk(tree) if inside else outside_functions(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{start}.{alias.name}" for alias in node.names}
    return found


def outside_functions(tree: ast.AST):
    """Yield the nodes that run, or are type-checked, when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from outside_functions(node)


def own_imports(path: Path) -> set[str]:
    """Return the modules of netmod that `path` imports."""
    names = {name.split(".")[1] for name in imports(path) if name.startswith("netmod.")}
    return {name for name in names if (PACKAGE / f"{name}.py").exists() or (PACKAGE / name).is_dir()}


GRAPH: dict[str, set[str]] = {}
for source in SOURCES:
    GRAPH.setdefault(module_name(source), set()).update(own_imports(source) - {module_name(source)})
PUBLIC = sorted(name for name in GRAPH if not name.startswith("_"))


def allowed(name: str) -> set[str]:
    """Return the public modules that `name` may depend on."""
    return {name}.union(*(allowed(other) for other in MAY_IMPORT[name]))


def reached(name: str) -> set[str]:
    """Return the public modules that `name` imports, directly or through private ones."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(GRAPH[name])
    while waiting:
        other = waiting.pop()
        if not other.startswith("_"):
            found.add(other)
        elif other not in seen:
            seen.add(other)
            waiting += GRAPH[other]
    return found


@pytest.mark.parametrize("name", PUBLIC)
def test_imports_run_in_the_order_of_the_chapters(name):
    assert name in MAY_IMPORT, f"say in MAY_IMPORT what the new module {name} may import"
    assert reached(name) <= allowed(name), f"{name} imports {sorted(reached(name) - allowed(name))}: a floor above"


def floors() -> list[list[str]]:
    """Return the rooms floor by floor: each imports those below it alone."""
    left = {name: set(others) for name, others in GRAPH.items() if name != "__init__"}
    found = []
    while left:
        found.append([name for name, others in left.items() if not others & left.keys()])
        assert found[-1], f"these import one another in a circle: {sorted(left)}"
        for name in found[-1]:
            del left[name]
    return found


def test_the_house_stays_small():
    """At most 16 rooms at the top level, on at most 9 floors, without a circle."""
    rooms = floors()
    assert len(rooms) <= 9, rooms
    assert sum(map(len, rooms)) + 1 <= 16, rooms


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_foundations_are_imported(path):
    outside = {name.split(".")[0] for name in imports(path, inside=False)} - {"netmod", "__future__"}
    assert outside <= (FOUNDATIONS | DRAWING if module_name(path) == "plot" else FOUNDATIONS)


def test_importing_netmod_does_not_import_matplotlib():
    code = "import sys, netmod; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def words(path: Path) -> set[str]:
    """Return the names and attributes that the code of `path` uses."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


RATE = {"tau_ref", "firing_rate", "firing_rate_slope", "RateTable"}


@pytest.mark.parametrize("room", ["dynamics", "contraction", "fixed_points", "heterogeneity", "graphs", "ensemble"])
def test_only_the_network_is_asked_about_its_rate(room):
    """Only a sweep makes a table, as a quick way to the network's own rate."""
    may = {"RateTable"} if room == "ensemble" else set()
    for path in SOURCES:
        if module_name(path) == room:
            assert words(path) & RATE <= may, path.name


def test_one_place_knows_dense_from_sparse():
    asking = {path.name for path in SOURCES if words(path) & {"issparse", "toarray", "todense"}}
    assert asking == {"_matrix.py"}


# Public names


def public(module) -> dict[str, object]:
    """Return the functions and classes that `module` defines for others."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == module.__name__
    }


EXPORTED = {name: getattr(netmod, name) for name in netmod.__all__}
DRAWN = {
    f"plot.{path.stem}.{name}": thing
    for path in sorted((PACKAGE / "plot").glob("[a-z]*.py"))
    for name, thing in public(importlib.import_module(f"netmod.plot.{path.stem}")).items()
}


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "plot"])
def test_public_names_are_exported(name):
    hidden = public(importlib.import_module(f"netmod.{name}")).keys() - EXPORTED.keys()
    assert not hidden, f"netmod does not re-export {sorted(hidden)} of netmod.{name}: export them, or begin with _"


def test_plot_offers_one_module_a_chapter():
    modules = {path.stem for path in (PACKAGE / "plot").glob("[a-z]*.py")} - {"style"}
    shared = public(importlib.import_module("netmod.plot.style")).keys()
    assert set(importlib.import_module("netmod.plot").__all__) == modules | shared | {"COLORS"}


def test_public_names_have_a_public_address():
    for name, thing in EXPORTED.items():
        assert thing.__module__.count(".") == 1, f"{name} says that it lives in {thing.__module__}"
        assert getattr(importlib.import_module(thing.__module__), name) is thing
        assert pickle.loads(pickle.dumps(thing)) is thing


@pytest.mark.parametrize("path", [PACKAGE / "__init__.py", PACKAGE / "plot" / "__init__.py"], ids=["netmod", "plot"])
def test_the_package_itself_defines_nothing(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body[1:]
    for node in body:
        is_all = isinstance(node, ast.Assign | ast.AugAssign) and ast.unparse(node).startswith("__all__ ")
        assert isinstance(node, ast.ImportFrom) or is_all, ast.unparse(node)


def section(doc: str, title: str) -> str | None:
    """Return the text under a heading of a NumPy-style docstring, None if there is none."""
    match = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", doc, re.M | re.S)
    return match[1] if match else None


def described(doc: str) -> set[str]:
    """Return the parameters that a docstring describes."""
    entries = re.findall(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", section(doc, "Parameters") or "", re.M)
    return {name.strip(" *") for entry in entries for name in entry.split(",")}


# By name, since a class says that it lives in its wing, and not in which file of it.
BODIES = {
    node.name: node.body
    for path in SOURCES
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
}


def fields_described(thing: type) -> set[str]:
    """Return the fields of a class that its docstring names as `field`, or that have a docstring of their own."""
    body = BODIES[thing.__name__]
    named = set(re.findall(r"`(\w+)`", inspect.getdoc(thing) or "")) | described_attributes(thing)
    for field, after in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            named.add(ast.unparse(field.target))
    return named


def described_attributes(thing: type) -> set[str]:
    """Return the names in the Attributes section."""
    doc = inspect.getdoc(thing) or ""
    return described(f"Parameters\n----------\n{section(doc, 'Attributes') or ''}")


def parameters(thing) -> set[str]:
    """Return the names of the parameters a caller can give."""
    return {name for name in inspect.signature(thing).parameters if name not in ("self", "cls")}


@pytest.mark.parametrize(("name", "thing"), EXPORTED.items(), ids=EXPORTED)
def test_public_things_are_explained(name, thing):
    doc = inspect.getdoc(thing) or ""
    first = doc.split("\n")[0]
    assert first.endswith((".", "?")), f"{name}: the first line of the docstring is one sentence, got {first!r}"
    if inspect.isclass(thing):
        missing = set(getattr(thing, "__dataclass_fields__", ())) - described(doc) - fields_described(thing)
        missing = {field for field in missing if not field.startswith("_")}
        assert not missing, f"{name} does not say what {sorted(missing)} hold"
        for member, value in vars(thing).items():
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member} has no docstring"
        return
    missing = parameters(thing) - described(doc)
    assert not missing, f"{name} does not describe {sorted(missing)}"
    for title in ("Returns", "Examples"):
        assert section(doc, title), f"{name} has no section {title}"
    assert ">>> " in section(doc, "Examples"), f"{name}: the example is not one that is run"


@pytest.mark.parametrize(("name", "thing"), DRAWN.items(), ids=DRAWN)
def test_drawing_functions_are_explained(name, thing):
    doc = inspect.getdoc(thing) or ""
    assert doc, f"{name} has no docstring"
    if section(doc, "Parameters"):
        assert not parameters(thing) - described(doc) - {"ax"}, f"{name} leaves out parameters"


# The signatures that others build on


def agreed(line: str) -> tuple[str, inspect.Signature]:
    """Return name and signature of a line of SIGNATURES."""
    names: dict = {"LIF": netmod.LIF}
    exec(f"def {line}: ...", names)
    name = line.split("(")[0]
    return name, inspect.signature(names[name])


def default_of(thing: object, parameter: inspect.Parameter) -> object:
    """Return the default of a parameter, made by its factory where a dataclass has one."""
    field = getattr(thing, "__dataclass_fields__", {}).get(parameter.name)
    if field is not None and field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return parameter.default


def same(a: object, b: object) -> bool:
    return a is b or (type(a) is type(b) and a == b)


@pytest.mark.parametrize("line", SIGNATURES, ids=[line.split("(")[0] for line in SIGNATURES])
def test_signatures_are_as_agreed(line):
    name = line.split("(")[0]
    if not hasattr(netmod, name):
        if ALL_THERE:
            pytest.fail(f"netmod.{name} is missing")
        pytest.skip(f"netmod.{name} is not written yet")
    wanted = agreed(line)[1].parameters
    got = inspect.signature(getattr(netmod, name)).parameters
    positional = [n for n, p in got.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    expected = [n for n, p in wanted.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional[: len(expected)] == expected
    for parameter in wanted.values():
        assert parameter.name in got, f"{name} lacks {parameter.name}"
        default = default_of(getattr(netmod, name), got[parameter.name])
        assert same(default, parameter.default), f"{name}: {parameter.name}={default!r}, not {parameter.default!r}"
        assert got[parameter.name].kind in (parameter.kind, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    extra = [p for n, p in got.items() if n not in wanted]
    assert all(p.default is not p.empty or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in extra), extra


@pytest.mark.parametrize(("name", "fields"), FIELDS.items(), ids=FIELDS)
def test_results_have_the_agreed_fields(name, fields):
    if not hasattr(netmod, name):
        if ALL_THERE:
            pytest.fail(f"netmod.{name} is missing")
        pytest.skip(f"netmod.{name} is not written yet")
    thing = getattr(netmod, name)
    there = set(getattr(thing, "__dataclass_fields__", ())) | set(getattr(thing, "_fields", ())) | set(dir(thing))
    assert set(fields.split()) <= there


# What is in the repository


def tracked() -> list[Path]:
    """Return the files under version control, or skip where there is none."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# Written so that this file does not match itself.
PLACES = re.compile(r"(?<![\w.:/$}])/(?:work|tmp|home|root|Users|mnt)/[\w.]")
HOSTS = re.compile(
    r"py[p]i\.org|python[h]osted\.org|registry\.[n]pmjs|conda\.[a]naconda|extra-[i]ndex-url|127\.0\.0\.1:\d{2,}"
)


def test_no_file_speaks_of_one_machine_or_of_registries():
    faults = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in (PLACES, HOSTS):
            faults += [
                f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, m.start()) + 1}: {m[0]}"
                for m in pattern.finditer(text)
            ]
    assert not faults, "\n" + "\n".join(faults)


def test_benchmarks_live_in_one_place():
    names = {path.relative_to(ROOT).parent.as_posix() for path in tracked() if path.name.startswith("bench_")}
    assert names <= {"tests/benchmarks"}


def test_plain_pytest_runs_everything():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert set(options["testpaths"]) == {"tests", "netmod", "book"}
    assert "--doctest-modules" in options["addopts"]
