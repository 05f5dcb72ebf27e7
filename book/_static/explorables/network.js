/* Chapter 5: a network of 50, its steady state, the eigenvalues there, and what the iteration does. */
"use strict";
netmod.register("network", (kit, onChange) => {
  const { rate, slope, num } = netmod;
  const numbers = (text) => Int8Array.from(atob(text), (c) => c.charCodeAt(0));
  const nets = {};
  for (const [name, d] of Object.entries(kit.data.networks)) {
    const bits = atob(d.A), n = d.n, inputs = Array.from({ length: n }, () => []);
    for (let i = 0; i < n * n; i++) if ((bits.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1) inputs[Math.floor(i / n)].push(i % n);
    nets[name] = { n, inputs, signs: d.signs, strengths: d.strengths, rho: d.rho, growth: d.growth,
      E: numbers(d.E), E_unit: d.E_unit, re: numbers(d.re), im: numbers(d.im), unit: d.unit };
  }
  kit.choice("kind", "Network", { IE: "mixed: 40 excite, 10 inhibit", E: "all 50 excite" }, "IE");
  kit.slider("s", "Strength", 0, 24, 1, 8, (s) => `${num(nets[kit.state.kind].strengths[s])} mV ms per connection`);
  const left = kit.panel({ x: [-1, 50], y: [-100, 100], xlabel: "neuron", ylabel: "current E (mV)", title: "Currents", width: 380 });
  const right = kit.panel({ x: [-2, 2], y: [-2, 2], xlabel: "real part", ylabel: "imaginary part", title: "Eigenvalues", width: 270, height: 250 });
  let found = {};
  function refine(net, g, E) { // Newton's method, from the state that the build exported, to the last digits
    const n = net.n;
    for (let round = 0; round < 8; round++) {
      const r = Array.from(E, (x) => rate(x)), d = Array.from(E, (x) => slope(x));
      const M = Array.from({ length: n }, (_, i) => { const row = new Float64Array(n + 1); row[i] = 1; return row; });
      for (let i = 0; i < n; i++) {
        let F = 8;
        for (const j of net.inputs[i]) { F += g * net.signs[j] * r[j]; M[i][j] -= g * net.signs[j] * d[j]; }
        M[i][n] = F - E[i];
      }
      for (let k = 0; k < n; k++) {
        let top = k;
        for (let i = k + 1; i < n; i++) if (Math.abs(M[i][k]) > Math.abs(M[top][k])) top = i;
        [M[k], M[top]] = [M[top], M[k]];
        for (let i = k + 1; i < n; i++) { const f = M[i][k] / M[k][k]; if (f) for (let j = k; j <= n; j++) M[i][j] -= f * M[k][j]; }
      }
      for (let k = n - 1; k >= 0; k--) { for (let j = k + 1; j < n; j++) M[k][n] -= M[k][j] * M[j][n]; M[k][n] /= M[k][k]; }
      for (let k = 0; k < n; k++) E[k] += M[k][n];
    }
    return E;
  }
  onChange(() => {
    const net = nets[kit.state.kind], n = net.n, s = kit.state.s, g = net.strengths[s];
    const point = refine(net, g, Float64Array.from(net.E.subarray(s * n, (s + 1) * n), (x) => x * net.E_unit[s]));
    const step = (E) => {
      const r = Array.from(E, (x) => rate(x));
      return net.inputs.map((list) => list.reduce((sum, j) => sum + g * net.signs[j] * r[j], 8));
    };
    const gap = (a, b) => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
    let E = new Array(n).fill(8), took = 0;
    const trail = [];
    for (let k = 0; k < 600; k++) {
      const next = step(E);
      if (!took && gap(next, point) < 1e-6) took = k + 1;
      E = next;
      if (k >= 592) trail.push(E);
    }
    const settled = gap(E, Array.from(point)) < 1e-6, period = settled ? 1 : [2, 3, 4, 6].find((p) => gap(trail[7], trail[7 - p]) < 1e-6) || 0;
    const m = net.re.length / net.strengths.length, re = Float64Array.from(net.re.subarray(s * m, (s + 1) * m), (x) => x * net.unit), im = Float64Array.from(net.im.subarray(s * m, (s + 1) * m), (x) => x * net.unit);
    const rho = net.rho[s], growth = net.growth[s];
    const all = [...point, ...(settled ? [] : trail.flat())], low = Math.min(0, ...all), high = Math.max(20, ...all), pad = 0.05 * (high - low);
    left.scale([-1, n], [low - pad, high + pad]);
    left.clear();
    if (!settled) for (const state of trail) state.forEach((x, i) => left.dot(i, x, "ex-highlight", 1.5));
    point.forEach((x, i) => left.dot(i, x, net.signs[i] > 0 ? "ex-excitatory" : "ex-inhibitory", 3.5));
    const reach = Math.max(1.3, 1.1 * rho);
    right.scale([-reach, reach], [-reach, reach]);
    right.clear();
    const turn = netmod.range(0, 2 * Math.PI, 121);
    right.line(turn.map(Math.cos), turn.map(Math.sin), "ex-quiet");
    for (let i = 0; i < m; i++) {
      const kind = Math.hypot(re[i], im[i]) < 1 ? "ex-theory" : "ex-highlight";
      right.dot(re[i], im[i], kind, 3);
      if (im[i]) right.dot(re[i], -im[i], kind, 3);
    }
    kit.say(`The largest eigenvalue has modulus ${num(rho, 2)}. ` + (settled ? `From E₀ the iteration comes within a millionth of a mV of the steady state in ${took} steps.`
      : `The steady state is still there (large dots), but the iteration ${period ? `ends in a cycle of period ${period}` : "keeps moving"}: small dots are its last eight states. `
        + (growth < 1 ? "In continuous time the state would still be stable: no eigenvalue has a real part above 1." : "In continuous time the state is unstable as well.")));
    found = { g, point: Array.from(point), rho, settled, period, took };
  });
  return () => found;
});
