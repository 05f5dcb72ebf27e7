/* Chapter 1: a noisy neuron, step by step, its spikes counted beside what the rate function says. */
"use strict";
netmod.register("neuron", (kit, onChange) => {
  const { rate, LIF, random, num, hz } = netmod, STEPS = [1, 0.5, 0.2, 0.1, 0.05, 0.02];
  kit.slider("E", "Mean input current, E", 0, 25, 0.5, 8, (v) => `${num(v)} mV`);
  kit.slider("sigma", "Noise, σ", 0, 8, 0.1, 3.5, (v) => `${num(v)} mV`);
  kit.slider("dt", "Time step", 0, 5, 1, 3, (i) => `${STEPS[i]} ms`);
  let seed = 1, found = {};
  kit.button("New noise", () => { seed += 1; });
  const view = kit.panel({ x: [0, 300], y: [-72, -20], xlabel: "time (ms)", ylabel: "voltage (mV)", title: "Voltage of one neuron", width: 680, height: 250 });
  onChange(() => {
    const { E, sigma } = kit.state, p = { ...LIF, sigma }, dt = STEPS[kit.state.dt], normal = random(seed);
    const total = 30000, steps = Math.round(total / dt), hold = Math.round(p.tau_ref / dt), shown = Math.round(300 / dt), thin = Math.max(1, Math.round(shown / 1500));
    const h = dt / p.tau, kick = sigma * Math.sqrt(h), t = [], v = [], spikes = [], gaps = [];
    let u = p.v_r, rest = 0, last = -1, count = 0;
    for (let k = 0; k < steps; k++) {
      const z = sigma > 0 ? normal() : 0; // drawn in the refractory time too: a run does not depend on its spikes' noise
      if (rest > 0) rest -= 1;
      else u += h * (p.E_L + E - u) + kick * z;
      if (u >= p.v_th) {
        if (k < shown) { spikes.push(k * dt); t.push(k * dt); v.push(p.v_th); }
        if (last >= 0) gaps.push((k - last) * dt);
        last = k; count += 1; u = p.v_r; rest = hold;
      }
      if (k < shown && k % thin === 0) { t.push(k * dt); v.push(u); }
    }
    const mean = count / total, m = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    const cv = gaps.length > 1 ? Math.sqrt(gaps.reduce((a, b) => a + (b - m) ** 2, 0) / (gaps.length - 1)) / m : 0;
    const error = mean > 0 ? Math.max(cv, 1 / Math.sqrt(count) * (gaps.length > 1 ? 0 : 1)) * Math.sqrt(mean / total) : 0, exact = rate(E, p);
    view.clear();
    view.line([0, 300], [p.v_th, p.v_th], "ex-quiet");
    view.line(t, v, "ex-simulation");
    for (const s of spikes) view.whisker(s, p.v_th, -22, "ex-simulation");
    const off = exact > 0 && count > 0 ? ` (${num(100 * (mean / exact - 1))} %)` : "";
    kit.say(`In 300 ms the neuron fires ${spikes.length} time${spikes.length === 1 ? "" : "s"}. In 30 s it fires ${count} times: ${num(1000 * mean, 2)} ± ${num(1000 * error, 2)} Hz. `
      + `The exact rate is ${num(1000 * exact, 2)} Hz${off}. `
      + (sigma > 0 ? `Steps of ${dt} ms miss crossings between them, so the count is low by an amount that shrinks with the root of the step.` : "Without noise nothing crosses between the steps unseen for long."));
    found = { mean, error, exact, count, first: spikes };
  });
  return () => found;
});
