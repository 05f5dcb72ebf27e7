/* Chapter 2: the rate and its slope; what noise, membrane and refractory time do to them. */
"use strict";
netmod.register("rate", (kit, onChange) => {
  const { rate, slope, LIF, range, num, hz } = netmod;
  kit.slider("sigma", "Noise, σ", 0.5, 10, 0.25, 3.5, (v) => `${num(v, 2)} mV`);
  kit.slider("tau", "Membrane time constant, τ", 5, 40, 1, 20, (v) => `${num(v, 0)} ms`);
  kit.slider("tau_ref", "Refractory time, τ_ref", 0, 10, 0.5, 2, (v) => `${num(v)} ms`);
  const left = kit.panel({ x: [-5, 30], y: [0, 80], xlabel: "mean input current E (mV)", ylabel: "rate r (Hz)", title: "Rate" });
  const right = kit.panel({ x: [-5, 30], y: [0, 8], xlabel: "mean input current E (mV)", ylabel: "slope r′ (Hz/mV)", title: "Slope of the rate" });
  const grid = range(-5, 30, 281);
  let found = {};
  onChange(() => {
    const p = { ...LIF, sigma: kit.state.sigma, tau: kit.state.tau, tau_ref: kit.state.tau_ref };
    const r = grid.map((E) => 1000 * rate(E, p)), d = grid.map((E) => 1000 * slope(E, p));
    const still = grid.map((E) => 1000 * rate(E, { ...p, sigma: 0 }));
    let a = -30, b = 30; // where the slope is largest: it rises, then falls
    for (let k = 0; k < 100; k++) {
      const m = a + (b - a) * 0.382, n = a + (b - a) * 0.618;
      if (slope(m, p) < slope(n, p)) a = m; else b = n;
    }
    const at = (a + b) / 2, top = slope(at, p);
    left.scale([-5, 30], [0, 1.05 * Math.max(...r, ...still)]);
    right.scale([-5, 30], [0, 1150 * top]);
    left.clear(); right.clear();
    left.line(grid, still, "ex-quiet");
    left.line(grid, r, "ex-theory");
    right.line(grid, d, "ex-theory");
    right.dot(at, 1000 * top, "ex-highlight", 5);
    left.dot(8, 1000 * rate(8, p), "ex-highlight", 5);
    kit.say(`At 8 mV, below threshold, the neuron fires at ${hz(rate(8, p))}; without noise (the grey curve) it would be silent. `
      + `The rate is steepest at ${num(at, 2)} mV, by ${num(1000 * top, 3)} Hz per mV, so 1/max r′ is ${num(1 / top, 1)} mV ms. `
      + (p.tau_ref > 0 ? `No input makes it fire faster than 1/τ_ref = ${num(1000 / p.tau_ref, 0)} Hz.` : "Without a refractory time its rate has no ceiling."));
    found = { rate8: rate(8, p), at, top };
  });
  return () => found;
});
