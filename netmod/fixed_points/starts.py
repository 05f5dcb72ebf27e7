"""Where the iteration starts: the poster's "random initial value", made precise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod.lif import LIF


def random_starts(
    A: Any, gains: ArrayLike, E0: ArrayLike, starts: int, neuron: LIF, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return random starting states, uniform in the box that holds every fixed point.

    Rates lie between 0 and 1 / tau_ref, so that every value of F, and with it every fixed point, has
    E_i between E₀ + g Σ_j min(A_ij, 0) / tau_ref and E₀ + g Σ_j max(A_ij, 0) / tau_ref (mixed up if g < 0). Each
    component is drawn independently, which is the poster's "random initial value" made precise. The mean of many
    components hardly varies: in a large network all these starts have nearly the same mean rate, about half of the
    highest, and may all miss a point that has another. Without a refractory period there is no box, and 1 / tau takes
    the place of 1 / tau_ref.

    Parameters
    ----------
    A : (n, n) array or scipy.sparse array
        Signed connections without their strength.
    gains : number or (strengths,)
        Strengths, mV ms per unit of A.
    E0 : number or (n,)
        Outside current, mV.
    starts : int
        Starts per strength.
    neuron : LIF
        Gives tau_ref.
    rng : numpy.random.Generator
        The source of the numbers. It is used in the order of the rows, so that strengths may be cut into batches.

    Returns
    -------
    ndarray, shape (strengths * starts, n)
        States, mV: all starts of the first strength, then those of the second, and so on.

    Examples
    --------
    >>> A = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> E = random_starts(A, 20.0, 8.0, 1000, LIF(), np.random.default_rng(0))
    >>> E.min(axis=0).round(), E.max(axis=0).round()
    (array([ 8., -2.]), array([18.,  8.]))
    """
    g = np.atleast_1d(np.asarray(gains, float))[:, None]
    top = 1.0 / (neuron.tau_ref if neuron.tau_ref > 0 else neuron.tau)
    size, total = (np.asarray(M.sum(axis=1), float).reshape(-1) for M in (abs(A), A))
    up, down = (size + total) / 2 * top, (total - size) / 2 * top
    low = np.asarray(E0, float) + np.minimum(g * down, g * up)
    width = np.abs(g) * (up - down)
    out = rng.random((len(g), starts, size.size))
    out *= width[:, None]
    out += low[:, None]
    return out.reshape(len(g) * starts, size.size)
