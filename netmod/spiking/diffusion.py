"""The rates of a spiking network from the mean and the variance of every neuron's input, solved for together.

**The variance.** A spike of neuron j makes v_i jump by ``W_ij / tau``, and the jump decays as ``exp(-t / tau)``. If
the spikes of j come at random (a Poisson process) at the rate r_j, the variance of v_i without a threshold grows by
``r_j ∫ (W_ij / tau)² exp(-2 t / tau) dt = W_ij² r_j / (2 tau)``. Noise of amplitude sigma makes it ``sigma² / 2``
(`netmod.LIF`), so the spikes of all neurons count as ``sigma² + Σ_j W_ij² r_j / tau`` (Amit and Brunel 1997).

**The colour.** A synapse of time constant tau_syn hands on the same noise, correlated over tau_syn. For small
``k = sqrt(tau_syn / tau)``, and to first order in it, that acts like raising threshold and reset by
``c sigma k``, or lowering the mean input by as much. If all noise is so coloured, ``c = |ζ(1/2)| / sqrt(2) = 1.0326``
(Brunel and Sergi 1998; Fourcaud and Brunel 2002). Here a share ``q = 1 - rho`` of the variance is white, as in Moreno
et al. (2002), and c(rho) is the extrapolation length of the boundary layer at threshold: with the density written as
Σ p_n(x) h_n(z), the h_n being the Hermite functions of the synaptic current z, and x in units of sigma k,

    (q / 2) p_n'' - n p_n = sqrt(rho) (sqrt(n / 2) p_{n-1}' + sqrt((n + 1) / 2) p_{n+1}'),    p_n(0) = 0,

and p_0 -> x + c(rho) far away. To first order in rho this gives ``c = rho / sqrt(2)``; at rho = 1 the boundary
condition holds for z > 0 alone, and c is the number above, reached like ``q**(3/4)``. `_colour` is a fit to the
solution with some hundred modes, right to 1e-4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import ArrayLike, NDArray

from netmod import _checks, _matrix
from netmod._checks import integer, number
from netmod.dynamics import RateNetwork
from netmod.rate import firing_rate, firing_rate_slope

Floats = NDArray[np.float64]

COLOURED = 1.0326265761156086
"""|ζ(1/2)| / sqrt(2), ζ being Riemann's."""
_MIXED = (-1.219166, 0.987211, 0.581372, -1.047746, 0.372896)  # what white noise takes off, in powers of q**(1/4)
_DENSE = 1500  # up to this size a sparse network is solved densely
_SHORTEST = 2.0**-12  # a Newton step, or a step in strength, cut to less than this leads nowhere


@dataclass(frozen=True, eq=False)
class DiffusionRates:
    """What `diffusion_rates` found; how it ended is in `status`. ``np.asarray`` of it is `E`.

    Attributes
    ----------
    E : (n,), mV
        The mean input of each neuron.
    rate : (n,), 1/ms
        The firing rates that belong to `E` and `sigma`.
    sigma : (n,), mV
        The amplitude of each neuron's noise, its own and that of the spikes it receives.
    status : str
        "converged", "stalled" (every way got stuck), "max_iter" or "diverged".
    residual : float, mV
        By how much `rate` would change `E` or `sigma`, whichever is more.
    iterations : int
        How often rates were computed.
    """

    E: Floats
    rate: Floats
    sigma: Floats
    status: str
    residual: float
    iterations: int

    @property
    def converged(self) -> bool:
        """Whether the residual is within the tolerance asked for."""
        return self.status == "converged"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        """Return `E`."""
        return np.array(self.E, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        if not self.E.size:
            return f"DiffusionRates({self.status!r}, n=0)"
        return (
            f"DiffusionRates({self.status!r}, n={self.E.size}, mean rate={1e3 * self.rate.mean():.4g} Hz, "
            f"iterations={self.iterations}, residual={self.residual:.1e} mV)"
        )


def diffusion_rates(
    net: RateNetwork,
    *,
    tau_syn: float = 0.0,
    sigma_syn: ArrayLike = 0.0,
    synapses: Any = None,
    start: ArrayLike | DiffusionRates | None = None,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> DiffusionRates:
    """Return the rates of a spiking network in the diffusion approximation: mean and variance, self-consistent.

    Equation 1 gives every neuron the mean of its input, ``E_i = E0_i + Σ_j W_ij r_j``. Its spikes also come with
    noise. If they arrive as many small Poisson pulses, neuron i sees white noise of the amplitude

        sigma_i² = sigma² + sigma_syn² + Σ_j W_ij² r_j / tau,

    where sigma is the neuron's own, and r_i is `firing_rate` of E_i with that noise (Amit and Brunel 1997; Brunel
    2000). Both depend on the rates and are solved for together.

    Parameters
    ----------
    net : RateNetwork
        The network, dense or sparse, with the exact rate of its neuron or neurons.
    tau_syn : float, optional
        Time constant of the exponential synapses, ms; 0 for pulses. Noise that comes through synapses is then
        coloured. It counts by the shift of threshold and reset of Fourcaud and Brunel (2002), and in a mixture with
        the neuron's own white noise by the part of it that the mixture leaves (see Notes).
    sigma_syn : float or array_like, shape (n,), optional
        Amplitude of noise that comes from outside through such synapses, mV: ``sqrt(K J² r tau)`` for K Poisson
        trains of rate r and jumps of J mV.
    synapses : float or array_like, shape (n, n), optional
        How many independent connections each entry of W stands for, 1 by default. With K synapses of equal strength
        the variance is ``W_ij² r_j / (K_ij tau)``. It lets a network of populations be written as one neuron each.
    start : array_like, shape (n,), or DiffusionRates, optional
        Where to begin: mean inputs, mV, or an earlier result. None begins with the rates of the unconnected neurons.
    tol : float, optional
        Accepted residual, mV. Where rounding in the sum over neurons is larger than that, its level counts.
    max_iter : int, optional
        Most evaluations of the rates.

    Returns
    -------
    DiffusionRates
        `E`, `rate`, `sigma` of every neuron, and `status`, `residual`, `iterations`. There may be other solutions.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range, or `net.rate` is a function of your own, whose dependence
        on the noise is not known.

    Notes
    -----
    Newton's method on the rates, each step halved until the defect shrinks. Where that gets stuck, the network is
    followed from strength 0 to its own, with Newton's method at every step; then the damped iteration is tried.

    *Where it holds.* Spikes must be Poisson and independent, jumps ``W / tau`` small beside ``v_th - v_r``, and
    ``tau_syn`` short beside both tau and the intervals between spikes. Means of simulated networks of 100 neurons
    (tau = 20 ms, connected with probability 0.2, twelve wirings each; mean ± sd over wirings of prediction against
    simulation):

    ==================================  ====================  ====================  ====================
    network                             pulses, 2 ms late     tau_syn = 2 ms        tau_syn = 5 ms
    ==================================  ====================  ====================  ====================
    excitatory, total 190 mV ms, 68 Hz  +1.3 ± 0.2 %          −0.9 ± 0.3 %          −5.7 ± 0.3 %
    mixed, g = 5 mV ms, 15 Hz           +1.2 ± 0.4 %          +0.5 ± 0.3 %          0.0 ± 0.4 %
    mixed, g = 10 mV ms, 16 Hz          +6.0 ± 1.0 %          +2.5 ± 0.7 %          +0.5 ± 0.7 %
    mixed, g = 20 mV ms, 20 Hz          +23 ± 5 %             +12 ± 4 %             +5 ± 6 %
    ==================================  ====================  ====================  ====================

    The inhibitory jumps of the last are 4 mV of the 10 mV between reset and threshold, and its trains are more
    regular than Poisson: there it fails. (Equation 1 is −2, −4, −14 and −33 % off for the pulses.) For one neuron
    with white and coloured Gaussian noise in seven mixtures, rates of 6 to 46 Hz, the shift was within 2.5 % of
    simulated rates up to tau_syn = 2 ms, and 2 to 6 % low at 5 ms. It neglects that a neuron forgets its synaptic
    current while it is refractory, which lowers the rate by up to 2 %.

    Examples
    --------
    >>> net = RateNetwork([[0, 50], [50, 0]], E0=8.0)
    >>> found = diffusion_rates(net)
    >>> found.status, (1000 * found.rate).round(3), found.sigma.round(3)
    ('converged', array([19.69, 19.69]), array([3.803, 3.803]))
    >>> bool(found.residual < 1e-10)
    True
    """
    problem = _Problem(net, tau_syn, sigma_syn, synapses, number("tol", tol, low=0.0, open_low=True))
    problem.left = integer("max_iter", max_iter, low=1)
    r = problem.begin(start)
    if net.n == 0:
        return DiffusionRates(r, r, r, "converged", 0.0, 0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        r, status = problem.newton(r, 1.0)
        for other in (problem.continuation, problem.damped):
            if status == "stalled":
                r, status = other()
    used = max_iter - problem.left
    E, sigma, rate, residual = problem.look(r)
    return DiffusionRates(E, rate, sigma, status, residual, used)


def _colour(rho: Floats) -> Floats:
    """Return c(rho), the shift of threshold and reset in units of sigma sqrt(tau_syn / tau)."""
    s = (1.0 - rho) ** 0.25
    return rho * (COLOURED + s**3 * np.polynomial.polynomial.polyval(s, _MIXED))


class _Problem:
    """The rates r as the unknown of rate(E(r), sigma(r)) = r, at a fraction g of the strength of the network."""

    def __init__(self, net: RateNetwork, tau_syn: float, sigma_syn: ArrayLike, synapses: Any, tol: float) -> None:
        neuron = _checks.instance("net", net, RateNetwork).known.neuron
        if neuron is None:
            raise ValueError("net must have the rate of its neuron (rate=None): another's noise is not known")
        self.net, self.neuron, self.tol, self.left = net, neuron, tol, 0
        self.slow = np.sqrt(number("tau_syn", tau_syn, low=0.0) / self.neuron.tau)
        outside = _checks.per_neuron("sigma_syn", sigma_syn, net.n)
        if (outside < 0).any():
            raise ValueError(f"sigma_syn must not be negative, got {sigma_syn!r}")
        self.outside = outside**2
        self.krylov = net.is_sparse and net.n > _DENSE
        self.W, self.W2 = net.W, _variances(net.W, synapses, self.neuron.tau)
        if not self.krylov:
            self.W, self.W2 = _matrix.dense(self.W), _matrix.dense(self.W2)
        self.most = net.rate_range()[1]

    def begin(self, start: ArrayLike | DiffusionRates | None) -> Floats:
        """Return the first rates."""
        if isinstance(start, DiffusionRates):
            return _checks.per_neuron("start", start.rate, self.net.n)
        E = self.net.E0 if start is None else _checks.per_neuron("start", start, self.net.n)
        return self.rates(E, self.outside)

    def rates(self, E: Floats, s: Floats) -> Floats:
        """Return the rates at mean inputs `E` and variances `s` of what comes through synapses."""
        return np.asarray(firing_rate(*self.as_white(E, s)), dtype=float)

    def as_white(self, E: Floats, s: Floats) -> tuple[Floats, Any]:
        """Return mean input and neuron with white noise that stand for `E` and `s`."""
        total = self.neuron.sigma**2 + s
        sigma = np.sqrt(total)
        if np.any(self.slow):
            E = E - _colour(np.divide(s, total, out=np.zeros_like(total), where=total > 0)) * sigma * self.slow
        return E, replace(self.neuron, sigma=sigma)

    def inputs(self, r: Floats, g: float = 1.0) -> tuple[Floats, Floats]:
        """Return the mean of the inputs, and the variance of what comes through synapses."""
        return self.net.E0 + g * (self.W @ r), self.outside + g * g * (self.W2 @ r)

    def look(self, r: Floats, g: float = 1.0) -> tuple[Floats, Floats, Floats, float]:
        """Return E, sigma and the rates that follow from `r`, and the residual in mV."""
        E, s = self.inputs(r, g)
        rate = self.rates(E, s) if np.isfinite(E).all() and np.isfinite(s).all() else np.full_like(E, np.nan)
        self.left -= 1
        E2, s2 = self.inputs(rate, g)
        sigma = np.sqrt(self.neuron.sigma**2 + s)
        moved = np.abs(np.concatenate([E2 - E, np.sqrt(self.neuron.sigma**2 + s2) - sigma]))
        return E, sigma, rate, float(moved.max())

    def small(self, residual: float, E: Floats, r: Floats) -> bool:
        """Return whether a residual is within the tolerance, or is rounding."""
        return residual <= max(self.tol, float(self.net.rounding(E, r)))

    def newton(self, r: Floats, g: float) -> tuple[Floats, str]:
        """Return rates from which Newton's method goes no further, and how it ended."""
        E, _, rate, residual = self.look(r, g)
        while np.isfinite(residual):
            if self.small(residual, E, rate):
                return r, "converged"
            step, t = self.step(r, rate - r, g), 1.0
            if not np.isfinite(step).all():
                return r, "stalled"
            while t >= _SHORTEST:
                if self.left < 1:
                    return r, "max_iter"
                trial = np.clip(r + t * step, 0.0, self.most)
                E, _, new, residual = self.look(trial, g)
                if np.linalg.norm(new - trial) <= (1 - 1e-4 * t) * np.linalg.norm(rate - r):
                    break
                if self.small(residual, E, new):  # the defect is rounding, and cannot shrink
                    break
                t /= 2
            else:
                return r, "stalled"
            r, rate = trial, new
        return r, "diverged"

    def step(self, r: Floats, defect: Floats, g: float) -> Floats:
        """Return d with (I − D_E W − D_s W2) d = defect, where D_E and D_s are the slopes of the rates."""
        E, s = self.inputs(r, g)
        h = 1e-5 * (self.neuron.sigma**2 + s) + 1e-12
        low, high = np.maximum(s - h, 0.0), s + h
        by_s = g * g * (self.rates(E, high) - self.rates(E, low)) / (high - low)
        by_E = g * np.asarray(firing_rate_slope(*self.as_white(E, s)))
        if not self.krylov:
            J = np.eye(r.size) - by_E[:, None] * self.W - by_s[:, None] * self.W2
            try:
                return np.linalg.solve(J, defect)
            except np.linalg.LinAlgError:
                return np.full_like(r, np.nan)

        def apply(d: Floats) -> Floats:
            d = d.reshape(-1)
            return d - by_E * (self.W @ d) - by_s * (self.W2 @ d)

        operator = spla.LinearOperator((r.size, r.size), matvec=apply, dtype=float)
        d, _ = spla.gmres(operator, defect, rtol=1e-8, atol=0.0, restart=60, maxiter=20)
        return d

    def continuation(self) -> tuple[Floats, str]:
        """Follow the rates from strength 0, in steps that shrink where Newton's method needs it."""
        r, g, length = self.rates(self.net.E0, self.outside), 0.0, 0.25
        while g < 1 and length >= _SHORTEST:
            trial, status = self.newton(r, min(g + length, 1.0))
            if status == "max_iter":
                return trial, status
            if status == "converged":
                r, g, length = trial, min(g + length, 1.0), 2 * length
            else:
                length /= 4
        return r, "converged" if g == 1 else "stalled"

    def damped(self) -> tuple[Floats, str]:
        """Go a tenth of the way to the new rates again and again, then let Newton's method finish."""
        r = self.rates(self.net.E0, self.outside)
        for _ in range(min(200, self.left)):
            r = r + 0.1 * (self.look(r)[2] - r)
        return self.newton(r, 1.0)


def _variances(W: Any, synapses: Any, tau: Any) -> Any:
    """Return W_ij² / (K_ij tau_i) as a sparse matrix."""
    squares = sp.coo_array(W)
    squares.eliminate_zeros()
    rows, columns = squares.coords
    K = _checks.array("synapses", 1.0 if synapses is None else synapses, finite=False)
    if K.shape not in ((), W.shape):
        raise ValueError(f"synapses must be a number or have the shape {W.shape} of W, got shape {K.shape}")
    here = np.broadcast_to(K, W.shape)[rows, columns]
    if not (np.isfinite(here) & (here > 0)).all():
        raise ValueError("synapses must be positive wherever W is not 0")
    values = squares.data**2 / here / np.broadcast_to(tau, W.shape[:1])[rows]
    return sp.csr_array((values, (rows, columns)), shape=W.shape)
