"""Random directed networks and the matrices they make: Erdős-Rényi graphs, SONETs, Dale's law, networkx."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from netmod import _checks, _matrix
from netmod.graphs import sonets
from netmod.graphs.convert import from_networkx, to_networkx

__all__ = [
    "connection_matrix",
    "dale_signs",
    "erdos_renyi",
    "from_networkx",
    "sonet",
    "to_networkx",
]

_BLOCK = 1 << 16
"""Random numbers held at a time: 512 kB, which stays in the cache. The result does not depend on it."""


def erdos_renyi(
    n: int, p: float, *, size: int | tuple[int, ...] | None = None, rng: Any = None, sparse: bool = False
) -> Any:
    """Return random networks in which each of the n (n - 1) possible connections is there with probability p.

    Parameters
    ----------
    n : int
        Number of neurons, at least 1.
    p : float
        Probability of a connection, in [0, 1].
    size : int or tuple of ints, optional
        How many networks: the leading shape of the result. None for one network, without a leading axis.
    rng : optional
        Anything `numpy.random.default_rng` takes. From one generator, networks come in the same order however
        many are asked for at a time.
    sparse : bool, optional
        Return `scipy.sparse.csr_array` instead, in time and memory that grow with the number of connections. With
        `size`, an integer, a list of them.

    Returns
    -------
    bool array of shape (n, n) or (*size, n, n), or sparse
        ``A[..., i, j]`` is True if there is a connection from j to i. No neuron is connected to itself.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    The G(n, p) model of Gilbert (1959), usually named after Erdős and Rényi (1959). Dense networks compare one
    uniform number with p per place. Sparse ones jump from one connection to the next: the gaps are geometric
    (Batagelj and Brandes 2005, who do this for undirected graphs).

    Examples
    --------
    >>> A = erdos_renyi(100, 0.2, size=50, rng=1)
    >>> A.shape, A.dtype
    ((50, 100, 100), dtype('bool'))
    >>> round(float(A.sum() / (50 * 100 * 99)), 2)
    0.2
    """
    n = _checks.integer("n", n, low=1)
    p = _checks.number("p", p, low=0.0, high=1.0)
    shape = _shape(size)
    rng = _checks.generator("rng", rng)
    if sparse:
        if len(shape) > 1:
            raise ValueError(f"size must be None or an integer for sparse networks, got {size!r}")
        one = [_sparse(n, p, rng) for _ in range(math.prod(shape))]
        return one if shape else one[0]
    A = np.empty((*shape, n, n), dtype=bool)
    flat = A.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        np.less(rng.random(part.size), p, out=part)
    _clear_diagonal(A)
    return A


def sonet(
    n: int,
    p: float,
    *,
    recip: float = 0.0,
    conv: float = 0.0,
    div: float = 0.0,
    chain: float = 0.0,
    size: int | tuple[int, ...] | None = None,
    rng: Any = None,
) -> NDArray[np.bool_]:
    r"""Return second-order networks (SONETs): random networks with prescribed correlations between connections.

    Each connection is there with probability p. Two connections that share a neuron are both there with probability
    :math:`p^2 (1 + \alpha)`, with one α for each of the four ways of sharing; connections that share none are
    independent. With all α = 0 this is `erdos_renyi`.

    Parameters
    ----------
    n : int
        Number of neurons, at least 1.
    p : float
        Probability of a connection, in [0, 1].
    recip, conv, div, chain : float, optional
        The α of reciprocal pairs (j → i and i → j), of convergent pairs (into one neuron), of divergent pairs (out of
        one neuron) and of chains (into a neuron and on from it).
    size : int or tuple of ints, optional
        How many networks: the leading shape of the result. None for one network, without a leading axis.
    rng : optional
        Anything `numpy.random.default_rng` takes. From one generator, networks come in the same order however
        many are asked for at a time.

    Returns
    -------
    bool array of shape (n, n) or (*size, n, n)
        ``A[..., i, j]`` is True if there is a connection from j to i. No neuron is connected to itself.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If one is out of range, or this generator cannot make these α: the message says which bound they break, and
        which value would be the nearest feasible one. In terms of the Gaussian correlations c(α) below: conv and div
        must not be negative, c_conv + c_div ≤ 1, c_chain² ≤ c_conv c_div and
        |c_recip - 2 c_chain| ≤ 1 - c_conv - c_div. Other random networks reach beyond these bounds: one in which all
        neurons have the same in-degree has a negative α of convergent pairs.

    Notes
    -----
    The model of Zhao, Beverlin, Netoff and Nykamp (2011). A connection is there when a standard normal
    :math:`h_{ij}` exceeds the threshold that p sets; each α fixes the correlation c of two such numbers through the
    bivariate normal distribution. Here :math:`h_{ij} = u_i + v_j + e_{ij}`: a part of the target, with variance
    c_conv; a part of the source, with variance c_div; the two parts of one neuron with covariance c_chain; and a part
    of the pair, with the remaining variance, in which :math:`e_{ij}` and :math:`e_{ji}` are correlated. All
    correlations are then exact at every n.

    Examples
    --------
    >>> A = sonet(100, 0.2, conv=0.3, div=0.1, chain=0.1, size=200, rng=1)
    >>> A.shape, A.dtype
    ((200, 100, 100), dtype('bool'))
    >>> sonet(100, 0.2, conv=-0.1)
    Traceback (most recent call last):
        ...
    ValueError: conv=-0.1 is not feasible at p=0.2: this generator needs c_conv ≥ 0; nearest conv=0.0000
    """
    n = _checks.integer("n", n, low=1)
    p = _checks.number("p", p, low=0.0, high=1.0)
    alphas = {"recip": recip, "conv": conv, "div": div, "chain": chain}
    rho = sonets.correlations(p, **{name: _checks.number(name, value) for name, value in alphas.items()})
    A = np.empty((*_shape(size), n, n), dtype=bool)
    sonets.fill(A.reshape(math.prod(A.shape[:-2]), n, n), p, rho, _checks.generator("rng", rng), _BLOCK)
    _clear_diagonal(A)
    return A


def dale_signs(n: int, inhibitory: float = 0.2, ratio: float = 4.0) -> NDArray[np.float64]:
    """Return the sign and relative strength of each neuron's outgoing connections.

    Parameters
    ----------
    n : int
        Number of neurons, at least 1.
    inhibitory : float, optional
        Fraction of inhibitory neurons, in [0, 1].
    ratio : float, optional
        How many times stronger an inhibitory connection is than an excitatory one; not negative.

    Returns
    -------
    (n,) array
        +1 for excitatory neurons, and -`ratio` for the last ``round(n * inhibitory)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Dale's law: a neuron has the same effect on all its targets. So signs belong to columns of W.

    Examples
    --------
    >>> dale_signs(5)
    array([ 1.,  1.,  1.,  1., -4.])
    """
    n = _checks.integer("n", n, low=1)
    fraction = _checks.number("inhibitory", inhibitory, low=0.0, high=1.0)
    ratio = _checks.number("ratio", ratio, low=0.0)
    signs = np.ones(n)
    signs[n - round(n * fraction) :] = -ratio
    return signs


def connection_matrix(A: Any, strength: ArrayLike = 1.0, signs: ArrayLike | None = None) -> Any:
    """Return the connection matrix W = strength · A · diag(signs).

    Parameters
    ----------
    A : (..., n, n) array, sparse (n, n), or a list of sparse ones
        Connections, ``A[..., i, j]`` from j to i: booleans, or relative weights.
    strength : float or (...) array, optional
        Strength of one connection, mV·ms: one number, or one for each network of the stack.
    signs : (n,) array, optional
        Sign and relative strength of each neuron's outgoing connections; see `dale_signs`. By default all are 1.

    Returns
    -------
    (..., n, n) float array, `scipy.sparse.csr_array`, or a list of them
        ``W[..., i, j]``, the strength of the connection from j to i, mV·ms.

    Raises
    ------
    ValueError
        If `A` is not square or the arguments do not fit it, or a value is NaN or infinite.

    Examples
    --------
    >>> connection_matrix([[0, 1], [1, 0]], 10.0, signs=[1, -4])
    array([[  0., -40.],
           [ 10.,   0.]])
    """
    A = _checks.square("A", A)
    g = _checks.array("strength", strength)
    if isinstance(A, list):
        if g.shape not in ((), (len(A),)):
            raise ValueError(f"strength must be a number or have shape ({len(A)},), got shape {g.shape}")
        return [connection_matrix(one, h, signs) for one, h in zip(A, np.broadcast_to(g, len(A)), strict=True)]
    n = A.shape[-1]
    column = np.ones(n) if signs is None else _checks.vector("signs", signs, n)
    if _matrix.is_sparse(A):
        if g.ndim:
            raise ValueError(f"strength must be one number for a sparse network, got shape {g.shape}")
        out = A.astype(np.float64)
        out.data *= (g * column)[out.indices]
        return out
    _checks.together(strength=g.shape, A=A.shape[:-2])
    W = A * (g[..., None, None] * column)
    W += 0.0  # no negative zeros where an inhibitory neuron has no connection
    return W


def _shape(size: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if size is None:
        return ()
    return tuple(_checks.integer("size", s) for s in (size if isinstance(size, tuple) else (size,)))


def _clear_diagonal(A: NDArray[np.bool_]) -> None:
    i = np.arange(A.shape[-1])
    A[..., i, i] = False


def _sparse(n: int, p: float, rng: np.random.Generator) -> sp.csr_array:
    """Return one Erdős-Rényi network: places in reading order, without the diagonal, at geometric distances."""
    places = n * (n - 1)
    counts = np.zeros(n, dtype=np.int64)
    columns = [np.empty(0, dtype=np.int32)]
    expected = places * p
    block = int(min(expected + 5 * math.sqrt(expected) + 16, 1 << 20))
    last = -1
    while p > 0 and last < places:
        gaps = np.minimum(rng.geometric(p, size=block), places + 1)  # a gap may be as large as an integer can be
        where = last + np.cumsum(gaps)
        last = int(where[-1])
        row, column = np.divmod(where[: np.searchsorted(where, places)], max(n - 1, 1))
        column += column >= row
        columns.append(column.astype(np.int32))
        counts += np.bincount(row, minlength=n)
    indices = np.concatenate(columns)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32 if indices.size < 2**31 else np.int64)
    return sp.csr_array((np.ones(indices.size, dtype=bool), indices, indptr), shape=(n, n))
