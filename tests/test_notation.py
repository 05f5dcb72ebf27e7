"""The notation table of the book agrees with the code: every name exists, every value is the default."""

import inspect
import math
import re
from pathlib import Path

import pytest

import netmod
from book._ext.myst import read

PAGE = read(Path(__file__).parents[1] / "book" / "notation.md")
ROWS = [(row[3].strip("`"), row[4]) for row in PAGE.rows if len(row) == 5 and row[3].startswith("`")]


def value_of(text: str) -> float:
    """Read a number as the table writes it: '−60', '√12', '0.2'."""
    text = text.strip().replace("−", "-")
    return math.sqrt(float(text[1:])) if text.startswith("√") else float(text)


def resolve(name: str) -> tuple[object, str]:
    """Return the object and the parameter or attribute a table entry names ('' if it names neither)."""
    head, _, rest = re.fullmatch(r"(\w+)([.(]?)(\w*)\)?", name).groups()
    return getattr(netmod, head), rest


def test_the_table_is_found():
    assert len(ROWS) > 20


@pytest.mark.parametrize(("name", "value"), ROWS, ids=[name for name, _ in ROWS])
def test_name_exists_and_value_is_the_default(name, value):
    thing, member = resolve(name)
    if not member:
        return
    parameters = inspect.signature(thing).parameters
    fields = getattr(thing, "__dataclass_fields__", {})
    assert member in parameters or member in fields or hasattr(thing, member), name
    if not value.strip():
        return
    default = parameters[member].default if member in parameters else inspect.Parameter.empty
    if default is not inspect.Parameter.empty:
        assert default == pytest.approx(value_of(value), rel=1e-15)
    else:
        assert name in {"erdos_renyi(n)", "erdos_renyi(p)", "RateNetwork(E0)"}, f"{name} has lost its default"


def test_every_parameter_of_the_neuron_is_in_the_table():
    assert {name.partition(".")[2] for name, _ in ROWS if name.startswith("LIF.")} == set(
        netmod.LIF.__dataclass_fields__
    )
