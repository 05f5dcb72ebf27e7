/* Live cells: one button makes the cells of a chapter editable and runnable in place, and gives every exercise a cell
   for an answer. Nothing is fetched before it is pressed; without scripts the page is whole. */
"use strict";
(() => {
  const meta = document.querySelector("meta[name='netmod-live']"), heading = document.querySelector("article.bd-article h1");
  if (!meta || !heading) return;
  const settings = JSON.parse(meta.content), here = document.baseURI;
  const el = (name, attributes = {}, parent = null, text = null) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== null) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  };
  const bar = el("div", { class: "live-bar", role: "group", "aria-label": "Live cells" });
  const start = el("button", { type: "button", class: "live-start" }, bar, "Make this page live");
  const status = el("p", { class: "live-status", role: "status" }, bar, "Run and change the code of this page here. Fetches about 45 MB when pressed.");
  heading.after(bar);
  if (location.protocol === "file:") {
    start.disabled = true;
    status.textContent = "Live cells need a page that is served: “make serve” opens one.";
  }

  let worker = null, busy = null, stopped = false;
  const cells = [];
  const say = (text) => { status.textContent = text; };

  function boot() { // a worker that has loaded everything, or the reason why not
    return new Promise((resolve, reject) => {
      worker = new Worker(new URL(settings.worker, here), { type: "module" });
      worker.onmessage = ({ data }) => {
        if (data.type === "progress") say(data.text);
        if (data.type === "ready") resolve();
        if (data.type === "failed") reject(new Error(data.text));
      };
      worker.onerror = (event) => reject(new Error(event.message || "the worker could not start"));
      worker.postMessage({ type: "load", pyodide: new URL(settings.pyodide, here).href, wheel: new URL(settings.wheel, here).href });
    });
  }

  function execute(code, hear) { // resolves to {error, figures}; text goes to hear as it comes
    return new Promise((resolve, reject) => {
      busy = reject;
      worker.onmessage = ({ data }) => {
        if (data.type === "out") hear(data.text);
        if (data.type === "done") { busy = null; resolve(data); }
      };
      worker.postMessage({ type: "run", code });
    });
  }

  class Cell {
    constructor(box, index) {
      this.box = box;
      this.name = `cell ${index + 1}`;
      this.pre = box.querySelector(".cell_input pre");
      this.source = this.pre.textContent.replace(/\n$/, "");
      this.shown = [...box.querySelectorAll(".cell_output")];
      this.ran = false;
    }
    open() {
      const host = this.pre.closest(".cell_input");
      this.edit = el("div", { class: "live-edit" });
      this.area = el("textarea", { "aria-label": `Code of ${this.name}`, spellcheck: "false", autocapitalize: "off", autocomplete: "off" }, this.edit);
      this.area.value = this.source;
      const fit = () => { this.area.rows = this.area.value.split("\n").length; };
      fit();
      this.area.addEventListener("input", () => { fit(); this.ran = false; });
      this.area.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.shiftKey || event.ctrlKey)) { event.preventDefault(); runTo(this); }
      });
      const button = el("button", { type: "button", "aria-label": `Run ${this.name}` }, this.edit, "Run");
      button.addEventListener("click", () => runTo(this));
      host.hidden = true;
      host.after(this.edit);
      this.out = el("div", { class: "live-out", "aria-live": "polite" });
      this.box.appendChild(this.out);
    }
    close() {
      this.edit?.remove(); this.out?.remove();
      this.pre.closest(".cell_input").hidden = false;
      this.restore();
      this.ran = false;
    }
    restore() {
      for (const node of this.shown) node.hidden = false;
      for (const img of this.box.querySelectorAll("img[data-still]")) { img.src = img.dataset.still; delete img.dataset.still; }
    }
    async run() {
      this.restore();
      this.out.replaceChildren();
      const text = el("pre", { hidden: "" }, this.out);
      this.box.classList.add("live-running");
      try {
        const done = await execute(this.area.value, (part) => { text.hidden = false; text.textContent += part; });
        const images = [...this.box.querySelectorAll(".cell_output img")], alt = images[0]?.alt || "A figure that this cell has drawn.";
        for (const node of this.shown) if (!node.querySelector("figure")) node.hidden = true;
        if (done.figures.length && images.length && done.figures.length === 1) {
          for (const img of images) {
            img.dataset.still ??= img.getAttribute("src");
            img.src = `data:image/png;base64,${done.figures[0]}`;
          }
        } else for (const data of done.figures) el("img", { src: `data:image/png;base64,${data}`, alt }, this.out);
        if (done.error) el("pre", { class: "live-error" }, this.out, done.error);
        this.ran = !done.error;
        return this.ran;
      } finally {
        this.box.classList.remove("live-running");
      }
    }
  }

  let queue = Promise.resolve();
  function runTo(last) { // a cell needs those above it: whatever has not run yet runs first
    const todo = cells.slice(0, cells.indexOf(last) + 1).filter((cell) => !cell.ran || cell === last);
    queue = queue.then(async () => {
      stopped = false;
      for (const [k, cell] of todo.entries()) {
        say(`Running ${cell.name}, ${k + 1} of ${todo.length} …`);
        if (!(await cell.run())) { say(`${cell.name} raised an error: it is printed below the cell.`); return; }
        if (stopped) return;
      }
      say(`Done: ${last.name} has run.`);
    }).catch((error) => say(error.message));
    return queue;
  }

  function answerCell(exercise, number) {
    const checked = settings.exercises.includes(number), host = el("div", { class: "live-answer" });
    const label = `Your answer to exercise ${number}`;
    const area = el("textarea", { "aria-label": label, spellcheck: "false", rows: "3", autocomplete: "off" }, host);
    area.value = checked ? "answer = ...\n" : "# a place to try things\n";
    const button = el("button", { type: "button", "aria-label": checked ? `Check your answer to exercise ${number}` : `Run your code for exercise ${number}` }, host, checked ? "Check your answer" : "Run");
    const out = el("pre", { class: "live-said", "aria-live": "polite", hidden: "" }, host);
    const go = () => {
      queue = queue.then(async () => {
        if (cells[0] && !cells[0].ran) await cells[0].run(); // the imports
        out.textContent = "";
        const hear = (part) => { out.hidden = false; out.textContent += part; };
        const code = area.value + (checked ? `\nfrom netmod_check import check as _check\n_check("${number}", answer)\n` : "");
        const done = await execute(code, hear);
        if (done.error) hear(done.error + (done.error.includes("NameError") ? "\nIf a name is from a cell above, run that cell first." : ""));
        for (const data of done.figures) el("img", { src: `data:image/png;base64,${data}`, alt: `A figure drawn for exercise ${number}.` }, host);
      }).catch((error) => say(error.message));
    };
    button.addEventListener("click", go);
    area.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.shiftKey || event.ctrlKey)) { event.preventDefault(); go(); } });
    exercise.after(host);
    return host;
  }

  function stop() {
    if (!worker) return;
    worker.terminate();
    stopped = true;
    busy?.(new Error("Stopped. Python was started anew: cells above run again when they are needed."));
    busy = null;
    for (const cell of cells) cell.ran = false;
    queue = queue.then(() => boot()).then(() => say("Stopped. Python was started anew, with nothing in its memory.")).catch((error) => say(error.message));
  }

  const answers = [];
  function begin() {
    start.hidden = true;
    for (const [label, action] of [["Run all cells", () => runTo(cells.at(-1))], ["Stop", stop], ["Reset", reset]])
      el("button", { type: "button", class: "live-tool" }, bar, label).addEventListener("click", action);
    for (const cell of cells) cell.open();
    for (const box of document.querySelectorAll("div.exercise")) {
      const number = /\d+\.\d+/.exec(box.querySelector(".caption-number")?.textContent || "")?.[0];
      if (number) answers.push(answerCell(box, number));
    }
    document.documentElement.classList.add("live");
    say("Live. Change a cell and press Run, or Shift+Enter in it. Python runs in this page; nothing is sent anywhere.");
  }
  function reset() {
    worker?.terminate();
    worker = null;
    busy?.(new Error("Reset."));
    busy = null;
    queue = Promise.resolve();
    for (const cell of cells) cell.close();
    for (const node of answers.splice(0)) node.remove();
    for (const node of bar.querySelectorAll(".live-tool")) node.remove();
    document.documentElement.classList.remove("live");
    start.hidden = false;
    start.disabled = false;
    start.focus();
    say("As it was. Press again to make the page live.");
  }

  start.addEventListener("click", async () => {
    start.disabled = true;
    const boxes = [...document.querySelectorAll("div.cell")].filter((box) => box.querySelector(".cell_input pre") && !box.closest(".solution"));
    cells.splice(0, cells.length, ...boxes.map((box, i) => new Cell(box, i)));
    try {
      await boot();
      begin();
    } catch (error) {
      worker?.terminate();
      worker = null;
      start.disabled = false;
      say(`Python could not be fetched (${error.message}). The page is as it was; press again to try again.`);
    }
  });
  window.netmodLive = { cells, runAll: () => runTo(cells.at(-1)), settled: () => queue };
})();
