/* What the book's explorables share: the rate function, axes in SVG, sliders, a caption that is read aloud.
   No library; works from file://. The rate is the series of netmod.rate, its coefficients exported by the build. */
"use strict";
const netmod = (() => {
  const SVG = "http://www.w3.org/2000/svg", ROOT_PI = Math.sqrt(Math.PI);
  let Q = []; // Chebyshev coefficients, set from a page's data

  function chebyshev(c, t) {
    let a = 0, b = 0;
    for (let k = c.length - 1; k > 0; k--) [a, b] = [2 * t * a - b + c[k], a];
    return t * a - b + c[0];
  }
  function derivative(c) {
    const d = new Array(c.length + 1).fill(0);
    for (let k = c.length - 1; k > 0; k--) d[k - 1] = d[k + 1] + 2 * k * c[k];
    d[0] /= 2;
    return d.slice(0, c.length - 1);
  }
  let dQ = [], Q0 = 0;
  function setSeries(c) { Q = c; dQ = derivative(c); Q0 = chebyshev(c, -1); }

  const q = (y) => chebyshev(Q, (y - 2) / (y + 2));
  const area = (y) => Math.log1p(y * y) / (2 * ROOT_PI) + Q0 - q(y) / (1 + y * y); // of erfcx from 0 to y >= 0
  function erfcxRight(y) {
    const w = 1 + y * y;
    return y / (ROOT_PI * w) - chebyshev(dQ, (y - 2) / (y + 2)) * 4 / ((y + 2) * (y + 2) * w) + 2 * y * q(y) / (w * w);
  }
  const erfcx = (y) => (y >= 0 ? erfcxRight(y) : 2 * Math.exp(y * y) - erfcxRight(-y));
  function dawson(x) { // Rybicki's sum with step 0.4, Numerical Recipes (1992), section 6.10: error below 2e-7
    if (x < 0.2) { const s = x * x; return x * (1 - 2 / 3 * s * (1 - 0.4 * s * (1 - 2 / 7 * s))); }
    const h = 0.4, n0 = 2 * Math.round(0.5 * x / h), xp = x - n0 * h;
    let e1 = Math.exp(2 * xp * h), d1 = n0 + 1, d2 = n0 - 1, sum = 0;
    const e2 = e1 * e1;
    for (let i = 0; i < 7; i++, d1 += 2, d2 -= 2, e1 *= e2) {
      const c = Math.exp(-(((2 * i + 1) * h) ** 2));
      sum += c * (e1 / d1 + 1 / (d2 * e1));
    }
    return 0.5641895835 * Math.exp(-xp * xp) * sum;
  }
  const signedArea = (y) => (y >= 0 ? area(y) : area(-y) - 2 * Math.exp(y * y) * dawson(-y));

  const LIF = { tau: 20, E_L: -60, sigma: Math.sqrt(12), v_th: -50, v_r: -60, tau_ref: 2 };
  function rate(E, p = LIF) { // 1/ms
    if (p.sigma === 0) {
      const x = E + p.E_L - p.v_th;
      return x <= 0 ? 0 : 1 / (p.tau_ref + p.tau * Math.log((E + p.E_L - p.v_r) / x));
    }
    const y = (E + p.E_L - p.v_th) / p.sigma, d = (p.v_th - p.v_r) / p.sigma;
    if (y < -25) return 0;
    return 1 / (p.tau_ref + p.tau * ROOT_PI * (signedArea(y + d) - signedArea(y)));
  }
  function slope(E, p = LIF) { // 1/(ms mV)
    const y = (E + p.E_L - p.v_th) / p.sigma, d = (p.v_th - p.v_r) / p.sigma, r = rate(E, p);
    return y < -25 ? 0 : r * r * p.tau * ROOT_PI * (erfcx(y) - erfcx(y + d)) / p.sigma;
  }

  function random(seed) { // standard normal numbers: mulberry32, Box-Muller
    let s = seed >>> 0, spare = null;
    const uniform = () => {
      s = (s + 0x6d2b79f5) >>> 0;
      let t = Math.imul(s ^ (s >>> 15), 1 | s);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return () => {
      if (spare !== null) { const x = spare; spare = null; return x; }
      const u = Math.sqrt(-2 * Math.log(1 - uniform())), v = 2 * Math.PI * uniform();
      spare = u * Math.sin(v);
      return u * Math.cos(v);
    };
  }

  function el(name, attributes = {}, parent = null, text = null) {
    const node = name in { svg: 1, path: 1, circle: 1, line: 1, rect: 1, text: 1, g: 1 }
      ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== null) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  }

  const ticks = (low, high) => {
    const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw), out = [];
    for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + 1e-9 * step; t += step) out.push(t);
    return [out, Math.max(0, -Math.floor(Math.log10(step)))];
  };

  /* A panel: axes with labels in the units of the data; its methods draw into it anew at each change. */
  function panel(parent, { x, y, xlabel, ylabel, title, width = 340, height = 250 }) {
    const [l, r, t, b] = [48, 10, 14, 40];
    const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, class: "ex-panel", role: "img", "aria-label": title,
      style: `flex: ${width} 1 ${Math.min(width, 260)}px` }, parent);
    let X, Y;
    const axes = el("g", { class: "ex-axes" }, svg), data = el("g", {}, svg);
    const me = {
      svg,
      scale(xs, ys, names = null) { // with names, the axis has these words at 0, 1, ... in place of numbers
        X = (v) => l + (v - xs[0]) / (xs[1] - xs[0]) * (width - l - r);
        Y = (v) => height - b - (v - ys[0]) / (ys[1] - ys[0]) * (height - t - b);
        axes.replaceChildren();
        el("path", { d: `M${l},${t}V${height - b}H${width - r}`, class: "ex-frame" }, axes);
        const [xt, xd] = ticks(...xs), [yt, yd] = ticks(...ys);
        if (names) names.forEach((word, v) => el("text", { x: X(v), y: height - b + 16, "text-anchor": "middle" }, axes, word));
        for (const v of names ? [] : xt) {
          el("line", { x1: X(v), x2: X(v), y1: height - b, y2: height - b + 4, class: "ex-frame" }, axes);
          el("text", { x: X(v), y: height - b + 16, "text-anchor": "middle" }, axes, v.toFixed(xd).replace("-", "−"));
        }
        for (const v of yt) {
          el("line", { x1: l - 4, x2: l, y1: Y(v), y2: Y(v), class: "ex-frame" }, axes);
          el("text", { x: l - 7, y: Y(v) + 4, "text-anchor": "end" }, axes, v.toFixed(yd).replace("-", "−"));
        }
        el("text", { x: (l + width - r) / 2, y: height - 6, "text-anchor": "middle" }, axes, xlabel);
        el("text", { transform: `translate(12 ${(t + height - b) / 2}) rotate(-90)`, "text-anchor": "middle" }, axes, ylabel);
      },
      clear() { data.replaceChildren(); },
      label(text) { svg.setAttribute("aria-label", text); },
      line(xs, ys, kind, extra = {}) {
        let d = "", pen = "M";
        for (let i = 0; i < xs.length; i++) {
          if (!Number.isFinite(ys[i])) { pen = "M"; continue; }
          d += `${pen}${X(xs[i]).toFixed(1)},${Math.max(-1e4, Math.min(1e4, Y(ys[i]))).toFixed(1)}`;
          pen = "L";
        }
        return el("path", { d, class: `ex-line ${kind}`, ...extra }, data);
      },
      dot(x0, y0, kind, radius = 3) {
        return el("circle", { cx: X(x0).toFixed(1), cy: Y(y0).toFixed(1), r: radius, class: `ex-dot ${kind}` }, data);
      },
      band(x0, x1, kind) {
        el("rect", { x: X(x0), width: Math.max(0, X(x1) - X(x0)), y: t, height: height - t - b, class: `ex-band ${kind}` }, data);
      },
      bar(x0, x1, y1, kind) {
        el("rect", { x: X(x0), width: X(x1) - X(x0), y: Y(y1), height: Y(0) - Y(y1), class: `ex-bar ${kind}` }, data);
      },
      text(x0, y0, words, kind = "", anchor = "start") {
        el("text", { x: X(x0), y: Y(y0), class: kind, "text-anchor": anchor }, data, words);
      },
      whisker(x0, low, high, kind) {
        el("path", { d: `M${X(x0)},${Y(low)}V${Y(high)}`, class: `ex-line ${kind}` }, data);
      },
    };
    me.scale(x, y);
    return me;
  }

  const makers = {};
  let count = 0;

  /* A button under the still figure puts the interactive one in its place, and the still one back. */
  function start(root) {
    const figure = document.getElementById(root.dataset.figure);
    const still = figure && figure.querySelector(".cell_output, img, svg, a.image-reference");
    let built = null;
    const make = () => built || (built = build(root, still ? figure : null));
    root.explorable = { set: (values) => { if (still) show(true); return make().set(values); }, read: () => make().read() };
    if (!still) { make(); return; }
    const toggle = el("button", { type: "button", class: "ex-toggle" });
    function show(live) {
      if (live) make();
      figure.classList.toggle("ex-live", live);
      toggle.setAttribute("aria-pressed", String(live));
      toggle.textContent = live ? "Back to the picture" : "Move it yourself";
    }
    toggle.addEventListener("click", () => show(!figure.classList.contains("ex-live")));
    figure.insertBefore(toggle, figure.querySelector("figcaption"));
    show(false);
  }

  /* Build one: `make(kit)` gets sliders, panels and the data, and returns what tests may read. */
  function build(root, figure) {
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    if (data.series) setSeries(data.series);
    const body = el("div", { class: "ex-body", role: "group", "aria-label": `Interactive figure: ${root.dataset.title}` });
    const panels = el("div", { class: "ex-panels" }, body), controls = el("div", { class: "ex-controls" }, body);
    const caption = el("p", { class: "ex-caption", "aria-live": "polite" });
    const room = Math.max(330, (figure || root.parentElement).clientWidth); // on a phone panels are drawn narrow, their words as large
    const state = {}, changed = [], id = `ex-${++count}`;
    let update = () => {}, waiting = false;
    const later = () => { // at most one drawing a frame, however fast the slider moves
      if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; update(); }); }
    };
    const kit = {
      data, state,
      panel: (options) => panel(panels, { ...options, width: Math.min(options.width || 340, room) }),
      slider(name, label, min, max, step, value, words = (v) => String(v)) {
        const row = el("div", { class: "ex-row" }, controls);
        el("label", { for: `${id}-${name}` }, row, label);
        const input = el("input", { type: "range", id: `${id}-${name}`, min, max, step, value }, row);
        const out = el("output", { for: input.id }, row);
        const show = () => {
          state[name] = Number(input.value);
          out.textContent = words(state[name]);
          input.setAttribute("aria-valuetext", out.textContent);
        };
        input.addEventListener("input", () => { show(); later(); });
        changed.push([name, input, show]);
        show();
        return input;
      },
      choice(name, label, options, value) {
        const row = el("div", { class: "ex-row" }, controls);
        el("label", { for: `${id}-${name}` }, row, label);
        const select = el("select", { id: `${id}-${name}` }, row);
        for (const [key, words] of Object.entries(options)) el("option", { value: key }, select, words);
        select.value = value;
        const show = () => { state[name] = select.value; };
        select.addEventListener("change", () => { for (const row of changed) row[2](); later(); }); // words may hang on it
        changed.push([name, select, show]);
        show();
        return select;
      },
      button(label, action) {
        const row = el("div", { class: "ex-row" }, controls);
        el("button", { type: "button" }, row, label).addEventListener("click", () => { action(); later(); });
      },
      say(words) { if (caption.textContent !== words) caption.textContent = words; },
      later,
    };
    const read = makers[root.dataset.name](kit, (draw) => { update = draw; });
    body.appendChild(caption);
    if (figure) figure.insertBefore(body, figure.firstChild);
    else root.after(body);
    update();
    return {
      set(values) {
        for (const [name, input] of changed) if (name in values) input.value = values[name];
        for (const row of changed) row[2]();
        update();
        return this.read();
      },
      read: () => ({ ...state, caption: caption.textContent, ...(read ? read() : {}) }),
    };
  }
  function startAll() { for (const root of document.querySelectorAll(".explorable")) if (makers[root.dataset.name] && !root.explorable) start(root); }
  for (const [who, event] of [[document, "DOMContentLoaded"], [window, "load"]]) who.addEventListener(event, startAll); // after all deferred scripts

  const range = (low, high, n) => Array.from({ length: n }, (_, i) => low + (high - low) * i / (n - 1));
  const hz = (r) => `${(1000 * r).toFixed(1)} Hz`;
  const num = (x, digits = 1) => x.toFixed(digits).replace("-", "−");
  return { rate, slope, LIF, random, range, hz, num, setSeries, register(name, make) { makers[name] = make; }, startAll };
})();
