"""Connection matrices to networkx graphs and back: the one place where the two directions meet."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp

from netmod import _checks
from netmod._matrix import dense


def to_networkx(W: Any) -> nx.DiGraph:
    """Return the networkx graph of a connection matrix.

    Parameters
    ----------
    W : (n, n) array or sparse
        ``W[i, j]`` from j to i; booleans or weights.

    Returns
    -------
    networkx.DiGraph
        Nodes 0 … n - 1, and an edge (j, i) of weight ``W[i, j]`` wherever that is not 0. An edge of networkx is
        written (source, target), and its own matrices have sources as rows: the transpose of W.

    Raises
    ------
    ValueError
        If `W` is not one square matrix, or a weight is NaN or infinite.

    Examples
    --------
    >>> list(to_networkx([[0, 0], [5, 0]]).edges(data="weight"))  # from neuron 0 to neuron 1
    [(0, 1, 5.0)]
    """
    W = _checks.square("W", W, stack=False)
    coo: Any = sp.coo_array(W, dtype=np.float64)
    coo.eliminate_zeros()
    G = nx.DiGraph()
    G.add_nodes_from(range(W.shape[0]))
    target, source = coo.coords
    G.add_weighted_edges_from(zip(source.tolist(), target.tolist(), coo.data.tolist(), strict=True))
    return G


def from_networkx(G: nx.Graph, weight: str | None = "weight", *, sparse: bool = False) -> Any:
    """Return the connection matrix of a networkx graph.

    Parameters
    ----------
    G : networkx graph
        An edge (j, i) becomes ``W[i, j]``. An undirected edge is a connection each way; parallel edges add up. If the
        nodes are the numbers 0 … n - 1, node i is row i; otherwise rows are in the order of ``G.nodes``.
    weight : str or None, optional
        Edge attribute that holds the weight; an edge without it, or every edge if None, has weight 1. Unless it is
        the default, at least one edge must have it.
    sparse : bool, optional
        Return a `scipy.sparse.csr_array`.

    Returns
    -------
    (n, n) float array, or sparse
        ``W[i, j]``, from j to i.

    Raises
    ------
    TypeError
        If `G` is not a networkx graph or a weight not a number.
    ValueError
        If `G` has no nodes, no edge has the attribute, or a weight is NaN or infinite; the message names the edge.

    Examples
    --------
    >>> import networkx as nx
    >>> from_networkx(nx.DiGraph([(0, 1), (1, 2)]))
    array([[0., 0., 0.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    if not isinstance(G, nx.Graph):
        raise TypeError(f"G must be a networkx graph, got {type(G).__name__}")
    n = G.number_of_nodes()
    if n == 0:
        raise ValueError("G must have at least one node")
    if weight is not None:
        _checks.instance("weight", weight, str)
        if weight != "weight" and G.number_of_edges() and not any(weight in data for *_, data in G.edges(data=True)):
            known = {name for *_, data in G.edges(data=True) for name in data}
            raise ValueError(f"weight must be an attribute of the edges ({sorted(map(str, known))}), got {weight!r}")
    numbered = all(isinstance(v, int | np.integer) and 0 <= v < n for v in G.nodes)
    place = {v: int(v) if numbered else i for i, v in enumerate(G.nodes)}
    # With weight=None this asks for an attribute called None, which no edge has: every weight is the default.
    if G.is_multigraph():
        edges = list(G.edges(data=weight, default=1.0))
        if not G.is_directed():
            edges += [(i, j, w) for j, i, w in edges if i != j]
        sources: Any = [place[j] for j, _, _ in edges]
        targets = [place[i] for _, i, _ in edges]
        weights = [w for *_, w in edges]
    else:  # the same, more quickly, from the dictionary of each node, which has an undirected edge both ways
        sources = np.repeat([place[j] for j in G], [len(to) for _, to in G.adjacency()])
        targets = [place[i] for _, to in G.adjacency() for i in to]
        weights = [data.get(weight, 1.0) for _, to in G.adjacency() for data in to.values()]
    try:
        values = np.array(weights, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.full(len(weights), np.nan)
    if values.shape != (len(targets),) or not np.isfinite(values).all():
        names = list(G)
        name = dict(zip(map(place.get, names), names, strict=True))
        values = np.array([_weight(name[j], name[i], w) for j, i, w in zip(sources, targets, weights, strict=True)])
    if not sparse and not G.is_multigraph():
        W = np.zeros((n, n))
        W[targets, sources] = values
        return W
    coo = sp.coo_array((values, (targets, sources)), shape=(n, n))
    return sp.csr_array(coo) if sparse else dense(coo)


def _weight(source: Any, target: Any, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"G must have numbers as weights, got {value!r} on edge ({source!r}, {target!r})") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"G must have finite weights, got {value!r} on edge ({source!r}, {target!r})")
    return number
