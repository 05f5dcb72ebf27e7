/* Chapter 4: one number iterated, E ← E0 + g r(E): contraction, three crossings, period two. */
"use strict";
netmod.register("cobweb", (kit, onChange) => {
  const { rate, slope, range, num } = netmod, limit = 1 / kit.data.max_slope;
  kit.slider("g", "Strength of the connection to itself, g", -500, 500, 5, 150, (v) => `${num(v, 0)} mV ms`);
  kit.slider("E0", "Current from outside, E₀", 0, 16, 0.1, 8, (v) => `${num(v)} mV`);
  kit.slider("start", "Start", 0, 120, 1, 30, (v) => `${num(v, 0)} mV`);
  const view = kit.panel({ x: [-60, 120], y: [-60, 120], xlabel: "E (mV)", ylabel: "E₀ + g r(E) (mV)", title: "Cobweb", width: 430, height: 360 });
  let found = {};
  onChange(() => {
    const { g, E0, start } = kit.state, F = (E) => E0 + g * rate(E);
    const low = Math.min(0, E0 + Math.min(0, g / 2)), high = Math.max(20, E0 + Math.max(0, g / 2), start);
    const span = [low - 0.05 * (high - low), high + 0.05 * (high - low)], grid = range(span[0], span[1], 1201);
    const points = [];
    for (let i = 1; i < grid.length; i++) {
      let a = grid[i - 1], b = grid[i];
      if ((F(a) - a) * (F(b) - b) <= 0 && F(a) - a !== 0) {
        for (let k = 0; k < 60; k++) { const m = (a + b) / 2; if ((F(a) - a) * (F(m) - m) <= 0) b = m; else a = m; }
        points.push((a + b) / 2);
      }
    }
    const slopes = points.map((E) => g * slope(E)), path = [[start, span[0]]];
    let E = start;
    const orbit = [E];
    for (let k = 0; k < 60; k++) { const next = F(E); path.push([E, next], [next, next]); E = next; }
    for (let k = 0; k < 2000; k++) E = F(E);
    for (let k = 0; k < 4; k++) { orbit.push(E); E = F(E); }
    const settled = Math.abs(orbit[1] - orbit[2]) < 1e-6, two = !settled && Math.abs(orbit[1] - orbit[3]) < 1e-6;
    view.scale(span, span);
    view.clear();
    const safe = Math.abs(g) < limit;
    if (safe) view.band(span[0], span[1], "ex-certified");
    view.line(span, span, "ex-quiet");
    view.line(grid, grid.map(F), "ex-theory");
    view.line(path.map((p) => p[0]), path.map((p) => p[1]), "ex-highlight");
    points.forEach((p, i) => view.dot(p, p, Math.abs(slopes[i]) < 1 ? "ex-theory" : "ex-hollow", 5));
    const list = points.map((p, i) => `${num(p, 2)} mV (slope ${num(slopes[i], 2)}${Math.abs(slopes[i]) < 1 ? ", attracts" : ", repels"})`);
    const crossings = points.length === 1 ? "One crossing" : `${points.length} crossings`;
    const end = settled ? `From ${num(start, 0)} mV the iteration settles at ${num(orbit[1], 2)} mV.`
      : two ? `From ${num(start, 0)} mV it ends in a cycle of period 2, between ${num(Math.min(orbit[1], orbit[2]), 2)} and ${num(Math.max(orbit[1], orbit[2]), 2)} mV.`
      : `From ${num(start, 0)} mV it does not settle within 2,000 steps.`;
    kit.say(`${crossings}: ${list.join("; ")}. ${end} ${safe
      ? `|g| is below 1/max r′ = ${num(limit, 2)} mV ms, the shaded case: Banach's theorem promises one fixed point and convergence from every start.`
      : `|g| is above 1/max r′ = ${num(limit, 2)} mV ms: Banach's theorem promises nothing.`}`);
    found = { points, slopes, end: orbit.slice(1, 3), settled, two, certified: safe };
  });
  return () => found;
});
