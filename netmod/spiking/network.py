"""A recurrent network of spiking leaky integrate-and-fire neurons: what Equation 1 stands for, simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netmod import _checks
from netmod._checks import integer, number
from netmod.lif import LIF, lanes
from netmod.lif.neuron import Parameter, check_neuron, overshoot
from netmod.spiking.tally import Floats, Later, Tally, sender, standard_error

# Noise is drawn for some steps at a time, in pieces of about this many numbers: 128 kB stays in the cache.
_BLOCK = 16_384
_TINY = 1e-280


@dataclass(frozen=True, eq=False, repr=False)
class SpikingRun:
    """What a network did: rates with standard errors, and whatever else was asked for.

    Attributes
    ----------
    rate, stderr : ndarray, shape (n,)
        Mean firing rate of each neuron and its standard error, 1/ms. The standard error comes from batch means: see
        `simulate_network`.
    batch_rates : ndarray, shape (batches, n)
        The rate in each batch, 1/ms: all `rate` and `stderr` know.
    duration : float
        Recorded time of one copy, ms, in whole time steps.
    cv : ndarray, shape (n,), or None
        Coefficient of variation of the interspike intervals (NaN with fewer than two); with ``intervals=True``.
    mean_input, lost_input : ndarray, shape (n,), or None
        Mean input current, E0 included, and the part of it that came through synapses while the neuron was
        refractory and so did nothing, mV; with ``currents=True``.
    population : ndarray, shape (copies, bins), or None
        Mean rate of the whole network in time, 1/ms; with ``bin_width``.
    bin_width : float or None
        The width of those bins, ms, in whole time steps.
    spikes : tuple of two ndarrays, or None
        Times (ms, from the start of the recording) and neurons of the first copy's spikes; with ``raster``.
    """

    rate: Floats
    stderr: Floats
    batch_rates: Floats
    duration: float
    cv: Floats | None = None
    mean_input: Floats | None = None
    lost_input: Floats | None = None
    population: Floats | None = None
    bin_width: float | None = None
    spikes: tuple[Floats, NDArray[np.int64]] | None = None

    def __repr__(self) -> str:
        return (
            f"SpikingRun({self.rate.size} neurons, mean rate {1e3 * self.mean_rate:.4g} ± "
            f"{1e3 * self.mean_rate_stderr:.2g} Hz)"
        )

    @property
    def mean_rate(self) -> float:
        """Return the rate averaged over neurons, 1/ms (NaN for an empty network)."""
        return float(self.rate.mean()) if self.rate.size else np.nan

    @property
    def mean_rate_stderr(self) -> float:
        """Return the standard error of `mean_rate`: from batches, as neurons of one network are not independent."""
        return float(standard_error(self.batch_rates.mean(axis=1))) if self.rate.size else np.nan

    @property
    def synchrony(self) -> float:
        """Return the variance of the network's spike count in a bin over its mean; needs ``bin_width``.

        Independent Poisson neurons have 1 whatever the bin; neurons that all fire in the same bins have up to n.
        """
        if self.population is None or self.bin_width is None:
            raise ValueError("synchrony needs the population rate: pass bin_width (a few ms) to simulate_network")
        counts = self.population * (self.bin_width * self.rate.size)
        mean = counts.mean() if counts.size else 0.0
        return float(counts.var() / mean) if mean > 0 else np.nan


def simulate_network(
    W: Any,
    neuron: LIF,
    E0: ArrayLike,
    *,
    duration: float,
    dt: float = 0.1,
    tau_syn: float = 5.0,
    delay: ArrayLike = 0.0,
    copies: int = 1,
    burn_in: float = 200.0,
    lower_threshold: bool = True,
    start: ArrayLike | None = None,
    intervals: bool = False,
    currents: bool = False,
    bin_width: float | None = None,
    raster: float = 0.0,
    rng: Any = None,
) -> SpikingRun:
    """Return the firing rates, with standard errors, of a simulated network of spiking neurons.

    Neuron i receives the current ``E_i(t) = E0_i + sum_j W_ij s_j(t)`` and its own white noise. Every spike of j adds
    to s_j an exponential of area one, so it hands i the charge ``W_ij`` in total, in mV·ms, and the mean of E_i is
    ``E0_i + sum_j W_ij r_j`` for *any* synapse: Equation 1 differs from this network only in replacing the rate of a
    neuron with fluctuating input by ``firing_rate`` of its mean input.

    Parameters
    ----------
    W : array_like or scipy.sparse array, shape (n, n)
        Connection strengths, mV·ms; ``W[i, j]`` is the connection from neuron j to neuron i. Zeros cost nothing.
    neuron : LIF
        The parameters of every neuron, or arrays (n,) of them.
    E0 : float or array_like, shape (n,)
        Mean input current from outside, mV. A neuron with NaN gets the rate NaN and never spikes.
    duration : float
        Recorded time of each copy, ms.
    dt : float, optional
        Time step, ms. Times are rounded to whole steps.
    tau_syn : float, optional
        Time constant of the exponential synapses, ms. 0 means instantaneous pulses: v jumps by ``W_ij / tau``.
    delay : float or array_like, shape (n,), optional
        Time from a spike to its arrival, ms: of all connections, or of those from each neuron.
    copies : int, optional
        Simulate so many copies side by side, with the same W and independent noise. Faster than one long run until
        copies times n is some thousands.
    burn_in : float, optional
        Time simulated before the recording starts, ms.
    lower_threshold : bool, optional
        Make up for threshold crossings between time steps, which a plain test misses or finds late (see Notes). False
        is that plain test, as other simulators use it.
    start : float or array_like, shape (n,), optional
        Membrane potentials at the beginning, mV. None draws them between reset and threshold.
    intervals : bool, optional
        Collect `SpikingRun.cv`.
    currents : bool, optional
        Collect `SpikingRun.mean_input` and `SpikingRun.lost_input`.
    bin_width : float, optional
        Collect `SpikingRun.population` in bins of this width, ms.
    raster : float, optional
        Keep the spikes of the first copy in the first `raster` ms of the recording.
    rng : int, numpy.random.Generator or None, optional
        Seed or generator, as for `numpy.random.default_rng`.

    Returns
    -------
    SpikingRun
        `rate` and `stderr` of every neuron, and what the keywords above ask for.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, shape or range.

    Notes
    -----
    Between grid points the linear equations are solved exactly (Rotter and Diesmann 1999), so the mean, the variance
    and the charge of a synapse carry no error of the time step; spikes fall on grid points. In a step, v is
    propagated; neurons whose refractory period ends get v_r; neurons at or above threshold spike; spikes that are due
    reach their targets, to act from the next step on. **A pulse that reaches a refractory neuron is lost.** An
    exponential current goes on flowing, and only what flows during the refractory period is lost.

    A random walk seen at grid points overshoots the threshold by ``0.5826 + theta / 4`` standard deviations of a
    step, where theta is its mean step in that unit (Chang and Peres 1997). `lower_threshold` makes up for the first
    term by lowering the threshold by ``0.5826 sigma sqrt(dt / tau)``, and for the second, which makes spikes
    ``dt / 4`` late, by starting every interval a quarter step in. At 0.1 ms rates are
    then right to 0.1 % up to 150 Hz and 0.5 % low at 500 Hz; a network with a gain near 1 multiplies such errors.
    Without noise there is no correction, and spikes are late by half a step on average.

    Standard errors are batch means. The batches are the copies, which are independent; with fewer than 30 copies,
    each is cut into so many windows that there are 30 batches at least. Windows are honest if they are long beside
    the correlation time of the network and hold some spikes; with shorter ones the errors of regular firing come out
    too large.

    Memory is a few arrays of copies times n, whatever the duration, unless `bin_width` or `raster` ask for more.

    Examples
    --------
    Neuron 0 drives neuron 1. The mean current it sends is its rate times W:

    >>> run = simulate_network([[0, 0], [100, 0]], LIF(), [20.0, 8.0], duration=2000, copies=20, currents=True, rng=1)
    >>> bool(abs(run.mean_input[1] - (8.0 + 100 * run.rate[0])) < 0.1)
    True
    """
    W = _checks.square("W", W, stack=False)
    n = W.shape[0]
    E0 = _per_neuron("E0", E0, n)
    if check_neuron(neuron).shape not in ((), (n,)):
        raise ValueError(f"neuron must describe {n} neurons to fit W, got {neuron.shape[0]}")
    dt = number("dt", dt, low=0.0, high=float(np.min(neuron.tau, initial=np.inf)), open_low=True)
    steps = _steps("duration", duration, dt, low=1)
    burn = _steps("burn_in", burn_in, dt)
    tau_syn = number("tau_syn", tau_syn, low=0.0)
    lags = _delays(delay, n, dt)
    copies = integer("copies", copies, low=1)
    raster_steps = _steps("raster", raster, dt)
    bin_steps = 0 if bin_width is None else _steps("bin_width", bin_width, dt, low=1)
    lag = overshoot(neuron, dt) if lower_threshold else 0.0
    if np.any(neuron.v_th - lag <= neuron.v_r):
        raise ValueError(f"dt must be smaller: at {dt:g} ms the lowered threshold falls below the reset potential")
    generator = _checks.generator("rng", rng)

    def all_copies(parameter: Parameter) -> Parameter:
        return np.tile(parameter, copies) if np.ndim(parameter) else parameter

    size = copies * n
    # All potentials are measured from E_L from here on; x is the current times what a step of it adds to v.
    threshold, reset = neuron.v_th - lag - neuron.E_L, neuron.v_r - neuron.E_L
    keep = np.exp(-dt / neuron.tau)
    v = _start(start, neuron, n, copies, generator)
    drift = np.tile(E0 * (1.0 - keep), copies)
    kick = neuron.sigma * np.sqrt(0.5 * (1.0 - keep * keep))
    noisy = bool(np.any(np.greater(kick, 0)))
    x = np.zeros(size)
    if tau_syn > 0:
        x_keep = np.exp(-dt / tau_syn)
        gap = dt / tau_syn - dt / neuron.tau
        per_current = dt / neuron.tau * x_keep * np.where(gap == 0, 1.0, np.expm1(gap) / np.where(gap == 0, 1.0, gap))
        send = sender(W, per_current / tau_syn, copies)
        to_charge = tau_syn * (1.0 - x_keep) / per_current
    else:
        send = sender(W, 1.0 / neuron.tau, copies)
        to_charge = neuron.tau
    jumps = np.zeros(size) if currents and tau_syn == 0 else None
    # with noise and a lowered threshold, a quarter step of drift from the reset
    early = 0.25 * dt / neuron.tau * np.greater(kick, 0) * lower_threshold
    reset_to = np.tile(reset + early * (E0 - reset), copies)
    head = np.tile(np.broadcast_to(early / per_current if tau_syn > 0 else 0.0, n), copies)
    resting = Later(all_copies(np.rint(neuron.tau_ref / dt).astype(np.int64)), size)
    arriving = Later(np.tile(lags, copies), size) if n and lags.any() else None
    threshold, keep, kick = all_copies(threshold), all_copies(keep), all_copies(kick)
    tally = Tally(n, copies, steps, bin_steps, raster_steps, intervals, currents)

    block = min(max(1, _BLOCK // max(size, 1)), 1000, burn + steps)
    noise = np.broadcast_to(drift, (block, size))
    bits = next(lanes.streams(generator))
    for first in range(-burn, steps, block):
        last = min(first + block, steps)
        x += _TINY  # clears numbers on their way to being subnormal, which slow the processor down a hundred times
        x -= _TINY
        if noisy:
            noise = lanes.normals(bits, last - first, size)
            noise *= kick
            noise += drift
        for k, push in zip(range(first, last), noise, strict=False):
            if currents and k >= 0 and tau_syn > 0:
                tally.currents(x, v)
            v *= keep
            v += push
            if tau_syn > 0:
                v += x
                x *= x_keep
            fired = (v >= threshold).nonzero()[0]
            if fired.size:
                v[fired] = -np.inf
                resting.put(k, fired)
                if k >= 0:
                    tally.spikes(k, fired)
            freed = resting.due(k)
            if freed.size:
                v[freed] = reset_to[freed] + head[freed] * x[freed]
            if arriving is not None:
                arriving.put(k, fired)
                fired = arriving.due(k)
            if not fired.size:
                continue
            if jumps is None:
                send(fired, x if tau_syn > 0 else v)
            else:
                jumps[:] = 0.0
                send(fired, jumps)
                if k >= 0:
                    tally.currents(jumps, v)
                v += jumps
    return SpikingRun(**tally.results(E0, dt, to_charge))


def _per_neuron(name: str, value: ArrayLike, n: int) -> Floats:
    """Return `value` as float64 with shape (n,); NaN passes, inf does not."""
    array = _checks.per_neuron(name, value, n, finite=False)
    if np.isinf(array).any():
        raise ValueError(f"{name} must be finite, got inf in it")
    return array


def _steps(name: str, value: float, dt: float, *, low: int = 0) -> int:
    """Return a time as a number of whole steps."""
    steps = round(number(name, value, low=0.0) / dt)
    if steps < low:
        raise ValueError(f"{name} must be at least one time step of {dt:g} ms, got {value!r}")
    return steps


def _delays(delay: ArrayLike, n: int, dt: float) -> NDArray[np.int64]:
    """Return each neuron's delay in whole steps."""
    values = _per_neuron("delay", delay, n)
    if not (values >= 0).all():
        raise ValueError(f"delay must not be negative or NaN, got {delay!r}")
    return np.rint(values / dt).astype(np.int64)


def _start(start: ArrayLike | None, neuron: LIF, n: int, copies: int, generator: np.random.Generator) -> Floats:
    """Return the first potentials, measured from E_L, with shape (copies * n,)."""
    if start is None:
        return (generator.uniform(neuron.v_r, neuron.v_th, (copies, n)) - neuron.E_L).reshape(-1)
    return np.tile(_per_neuron("start", start, n) - neuron.E_L, copies)
