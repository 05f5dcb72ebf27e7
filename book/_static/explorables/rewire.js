/* Chapter 8: choose how often connections converge and chain; see the degrees, the spread of the rates, the forecast. */
"use strict";
netmod.register("rewire", (kit, onChange) => {
  const { num } = netmod, { conv, chain, cells, bins, binomial } = kit.data;
  kit.slider("i", "Convergent pairs, α_conv", 0, conv.length - 1, 1, 0, (i) => num(conv[i], 2));
  kit.slider("j", "Chains, α_chain", 0, chain.length - 1, 1, chain.indexOf(0), (j) => num(chain[j], 2));
  const left = kit.panel({ x: [0, 50], y: [0, 20], xlabel: "inputs of a neuron", ylabel: "neurons (of 100)", title: "In-degrees" });
  const right = kit.panel({ x: [-0.5, 1.5], y: [0, 40], xlabel: "", ylabel: "spread of the rates (Hz)", title: "Spread of the rates", width: 260 });
  right.scale([-0.6, 1.6], [0, 40], ["simulated", "forecast"]);
  let found = {};
  onChange(() => {
    const cell = cells[kit.state.i][kit.state.j];
    left.clear(); right.clear();
    const edges = bins.map((b, k) => [b, bins[k + 1]]).slice(0, -1);
    left.line(edges.map(([a, b]) => (a + b) / 2), binomial, "ex-quiet");
    if (!cell) {
      kit.say(`The generator of this book has no networks with α_conv = ${num(conv[kit.state.i], 2)} and α_chain = ${num(chain[kit.state.j], 2)}: chains need in- and out-degrees that vary together.`);
      found = { cell: null };
      return;
    }
    edges.forEach(([a, b], k) => left.bar(a, b, cell.degrees[k], "ex-simulation"));
    right.dot(0, cell.spread, "ex-simulation", 5);
    right.whisker(0, cell.spread - cell.sd, cell.spread + cell.sd, "ex-simulation");
    right.dot(1, cell.forecast, "ex-ring", 6);
    kit.say(`In-degrees vary with a standard deviation of ${num(cell.std_k)} (Erdős-Rényi: ${num(kit.data.std_er)}). The rates of the neurons in one network spread by ${num(cell.spread)} ± ${num(cell.sd)} Hz `
      + `over ${kit.data.networks} networks; the regression on motif counts forecasts ${num(cell.forecast)} Hz.`);
    found = { ...cell };
  });
  return () => found;
});
