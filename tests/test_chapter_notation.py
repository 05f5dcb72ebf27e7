"""The notation contract holds in the chapters too: a reserved symbol means what notation.md says, and nothing else.

Code is read as Python: every assignment and loop over a reserved name must give it a value of its kind. In text, a
formula that begins by setting a reserved symbol, and words that say what it is, must fit its meaning. What a function
calls its parameters is its own affair.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from book._ext.myst import read

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]-*.md"))


@dataclass(frozen=True)
class Symbol:
    """A reserved symbol: how formulas and code write it, and patterns of what it may be set to and called."""

    tex: str
    code: str
    meaning: str  # what words may say it is
    formula: str  # what the right-hand side of a formula that sets it has
    value: str  # what the right-hand side of an assignment has


ANY = ""
RESERVED = [
    Symbol("F", "F", r"map|step", r"E_0|\\mathbf|^[x0]$", r"E0|net\(|lambda E"),
    Symbol(r"\\rho", "rho", r"spectral radius", r"^0$|\\max|W", r"spectral_radius|eigval"),
    Symbol("s", "s", r"sign", r"[+-]?\s*1|\\pm|\\gamma", r"sign|column"),
    Symbol("m", "m", r"step|round", r"^\d+", r"range|steps|iterations|\d"),
    Symbol("r", "r", r"rate", r"^(?!-?0?\.\d)", r"rate|0\.0|steady"),
    Symbol("g", "g", r"strength", ANY, r"^(?!.*(lambda|corr|normal)).*"),
    Symbol(r"\\gamma", "gamma", r"inhibit|stronger|ratio", r"\d|f", ANY),
]
OTHER = r"correlation|asymptote|outlier|standard deviation|spread|conductance|mean"
"""What a reserved symbol has been elsewhere: "the correlation ρ" defines one as much as "ρ is a correlation"."""


def assignments(source: str) -> Iterator[tuple[str, str]]:
    """Yield each name that `source` sets, with the source of its value or of what a loop takes it from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.For | ast.comprehension):
            pairs = [(node.target, node.iter)]
        else:
            continue
        for target, value in pairs:
            if isinstance(target, ast.Name):
                yield target.id, ast.unparse(value)
            elif isinstance(target, ast.Tuple):
                parts = value.elts if isinstance(value, ast.Tuple) and isinstance(node, ast.Assign) else None
                for i, name in enumerate(target.elts):
                    if isinstance(name, ast.Name):
                        yield name.id, ast.unparse(parts[i] if parts else value)


def second_meanings(path: Path) -> list[str]:
    """Return what a page sets or calls a reserved symbol that is not its meaning, with where."""
    found = []
    page = read(path)
    for cell in page.cells:
        source = "\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!")))
        for name, value in assignments(source.rstrip().removesuffix(";")):
            for symbol in RESERVED:
                if name == symbol.code and not re.search(symbol.value, value):
                    found.append(f"{path.name}:{cell.line}: {name} = {value[:60]}")
    text = re.sub(r"^(`{3,})\{code-cell\}.*?^\1|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
    formulas = [a or b for a, b in re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", text, re.S)]
    for symbol in RESERVED:
        sets = re.compile(
            rf"^\s*(?:\\mathbf\s*)?{symbol.tex}(?:_\{{?\w+\}}?|\([^()]*\))?\s*(?:=|:=|\\approx)\s*(.*)", re.S
        )
        for formula in formulas:
            if (match := sets.match(formula)) and not re.search(symbol.formula, match[1].strip()):
                found.append(f"{path.name}: ${formula.strip()[:60]}$")
            if symbol.tex == "g" and re.search(r"(?<![\w\\])g(?:_\{\w\w|\()", formula):
                found.append(f"{path.name}: ${formula.strip()[:60]}$")
        said = (
            rf"\$(?:\\mathbf\s*)?{symbol.tex}\$ (?:is|are|be|denotes|stands for) "
            r"(?:an? |the |\w+'s )(?P<what>[^.;:$]*)"
        )
        for match in re.finditer(said, text):
            if not re.search(symbol.meaning, match["what"]):
                found.append(f"{path.name}: {' '.join(match[0].split())[:60]}")
        called = rf"\b(?:{OTHER}) \$(?:\\mathbf\s*)?{symbol.tex}\$"
        found += [f"{path.name}: {match[0]}" for match in re.finditer(called, text)]
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_reserved_symbol_keeps_its_meaning(path):
    found = second_meanings(path)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("Let $F$ be the integral of erfcx.", 1),
        ("Its integral is $F(y) = \\int_0^y \\operatorname{erfcx}(u)\\,du$.", 1),
        ("The map is $F(\\mathbf E) = \\mathbf E_0 + W r(\\mathbf E)$, and $F(\\mathbf E) = \\mathbf E$ at rest.", 0),
        ("where $\\rho$ is the correlation of two edges", 1),
        ("with the correlation $\\rho$ of two edges", 1),
        ("where $\\rho$ is the spectral radius", 0),
        ("where $m = E_L + E$", 1),
        ("after step $m$, say $m = 3$", 0),
        ("a standard deviation $s$", 1),
        ("the signs $s_j = \\pm 1$", 0),
        ("the variables $g_{ij} = u_i + v_j$", 1),
        ("the leaks' conductance $g_L$", 0),
        ("$r$ is the correlation", 1),
        ("$\\gamma$ is Euler's constant", 1),
        ("$$\n\\gamma = (1-f)/f\n$$ (eq-x)", 0),
        ("```{code-cell} ipython3\nF = np.cumsum(x)\n```", 1),
        ("```{code-cell} ipython3\nF = lambda E: E0 + W @ rate(E)\n```", 0),
        ("```{code-cell} ipython3\nm, s = x.mean(), x.std()\n```", 2),
        ("```{code-cell} ipython3\nr = np.corrcoef(x, y)[0, 1]\n```", 1),
        ("```{code-cell} ipython3\nfor s in signs:\n    r = firing_rate(8.0)\n```", 0),
        ("```{code-cell} ipython3\nrho = [c for s in range(3)]\n```", 2),
    ],
)
def test_a_second_meaning_is_found(tmp_path, text, times):
    path = tmp_path / "01-small.md"
    path.write_text(f"# Small\n\n{text}\n", encoding="utf-8")
    assert len(second_meanings(path)) == times
