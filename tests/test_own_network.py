"""The page on your own network: what it shows but does not run, run here where pandas is installed."""

import re
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from netmod import from_networkx

PAGE = (Path(__file__).parents[1] / "book" / "own-network.md").read_text(encoding="utf-8")


def shown(word: str) -> str:
    """Return the page's plain block of Python that holds `word`."""
    return next(block for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.S) if word in block)


def test_the_lines_for_pandas_make_the_same_graph(tmp_path, monkeypatch):
    pd = pytest.importorskip("pandas", reason="the page shows pandas, and the book does not install it")
    (tmp_path / "neurons.csv").write_text("name,kind\nA,excitatory\nB,inhibitory\nC,excitatory\n", encoding="utf-8")
    (tmp_path / "connections.csv").write_text("from,to,contacts\nA,B,2\nA,B,1\nB,A,\nB,B,4\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {"pd": pd, "nx": nx}
    exec(shown("pd.read_csv"), names)
    assert list(names["G"]) == ["A", "B", "C"]
    np.testing.assert_array_equal(from_networkx(names["G"], "contacts"), [[0, 1, 0], [3, 4, 0], [0, 0, 0]])


def test_a_digraph_keeps_one_row_of_two_and_a_multidigraph_both():
    rows = [("A", "B", {"contacts": 2.0}), ("A", "B", {"contacts": 1.0})]
    assert from_networkx(nx.DiGraph(rows), "contacts")[1, 0] == 1
    assert from_networkx(nx.MultiDiGraph(rows), "contacts")[1, 0] == 3


def test_nothing_is_downloaded():
    assert not re.search(r"https?://|urlopen|urlretrieve|requests", PAGE)
