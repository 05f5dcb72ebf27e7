/* Chapter 7: who fires fast? One neuron after another, its inputs and its rate, and the line of theory. */
"use strict";
netmod.register("fast", (kit, onChange) => {
  const { rate, range, num } = netmod, cases = kit.data.cases;
  kit.choice("which", "Network and strength", Object.fromEntries(Object.entries(cases).map(([key, c]) => [key, c.title])), Object.keys(cases)[0]);
  const slider = kit.slider("rank", "Neuron, from fewest inputs to most", 0, 99, 1, 50, (v) => `${v + 1} of 100`);
  const view = kit.panel({ x: [0, 40], y: [0, 100], xlabel: "inputs", ylabel: "rate (Hz)", title: "Rates against in-degrees", width: 480, height: 300 });
  let found = {}, order = [];
  onChange(() => {
    const c = cases[kit.state.which], n = c.k.length, x = c.signed || c.k;
    order = range(0, n - 1, n).map(Math.round).sort((a, b) => x[a] - x[b] || c.rate[a] - c.rate[b]);
    const i = order[kit.state.rank], low = Math.min(...x), high = Math.max(...x), grid = range(low, high, 121);
    const line = (k) => 1000 * rate(kit.data.E0 + c.g * k * c.heard);
    view.scale([low - 1, high + 1], [0, 1.1 * Math.max(...c.rate)]);
    view.clear();
    view.line(grid, grid.map(line), "ex-theory");
    x.forEach((k, j) => {
      const dot = view.dot(k, c.rate[j], "ex-simulation", 3.5);
      dot.addEventListener("pointerenter", () => { slider.value = order.indexOf(j); slider.dispatchEvent(new Event("input")); });
    });
    view.dot(x[i], c.rate[i], "ex-ring", 7);
    kit.say(`Neuron ${i} hears ${c.k[i]} others${c.signed ? `, with signs ${num(c.signed[i], 0)}` : ""}. Its mean current is ${num(c.E[i])} mV and it fires at ${num(c.rate[i])} Hz; `
      + `from its ${c.signed ? "signed " : ""}in-degree alone the theory expects ${num(line(x[i]))} Hz.`);
    found = { neuron: i, k: c.k[i], rate: c.rate[i], theory: line(x[i]) };
  });
  return () => found;
});
