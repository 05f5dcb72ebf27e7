/* What a page of the book does besides being read: names for what scrolls, and previews of what is linked. */
"use strict";

/* ---- Boxes that scroll sideways can be reached by the keyboard, have a name, and show that they go on ------------- */
(() => {
  const boxes = ".picture, .bd-article pre, div.math, mjx-container[display=true], mjx-container.long, .pst-scrollable-table-container, .cell_output";
  const kinds = { "PRE": "Code", "MJX-CONTAINER": "Equation" };
  let count = 0;
  const mark = (box) => {
    const wide = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
    box.classList.toggle("scrolls", wide);
    if (wide) {
      box.tabIndex = 0;
      box.dataset.name ||= `${kinds[box.tagName] || "Part"} ${++count} of the page`;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${box.dataset.name}, scrolls sideways`);
    } else if (box.getAttribute("role") === "region") {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
    if (wide && box.matches(".picture") && !box.nextElementSibling?.matches(".picture-hint")) {
      const hint = document.createElement("p");
      hint.className = "picture-hint";
      hint.textContent = "The figure goes on to the right: swipe, or scroll.";
      box.after(hint);
    }
  };
  const all = () => {
    for (const inline of document.querySelectorAll(".bd-article mjx-container:not([display=true])")) {
      const line = inline.closest("p, li, dd, dt, td, figcaption");
      if (line) inline.classList.toggle("long", inline.firstElementChild.offsetWidth > line.clientWidth);
    }
    document.querySelectorAll(boxes).forEach(mark);
  };
  let waiting = 0;
  const soon = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(all); };
  addEventListener("load", soon);
  addEventListener("resize", soon);
  document.addEventListener("toggle", soon, true); // a folded box has been opened
  document.addEventListener("DOMContentLoaded", () => {
    all();
    if (window.MathJax?.startup?.promise) MathJax.startup.promise.then(soon);
  });
})();

/* ---- A notebook in the browser needs a page that is served: from a file, say so instead --------------------------- */
if (location.protocol === "file:") {
  for (const link of document.querySelectorAll("a.btn-lite")) link.href = "run.html#run-none";
}

/* ---- Previews: what a link leads to, beside the link, for pointer and keyboard ----------------------------------- */
(() => {
  const root = document.documentElement.dataset.content_root || "./";
  let shown = null, timer = 0, loading = null;

  const load = () => loading ||= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = `${root}_static/previews.js`;
    script.onload = script.onerror = resolve;
    document.head.append(script);
  });
  const key = (link) => { // "book/glossary#term-rate", as the build names what can be previewed
    const url = new URL(link.href), base = new URL(root, location.href);
    if (!url.hash || !url.href.startsWith(base.href)) return null;
    return url.pathname.slice(base.pathname.length).replace(/\.html$/, "") + decodeURIComponent(url.hash);
  };
  const math = async (box) => {
    if (!box.querySelector(".math") || !window.MathJax?.typesetPromise) return;
    await MathJax.typesetPromise([box]);
  };
  function hide() {
    clearTimeout(timer);
    if (!shown) return;
    shown.link.removeAttribute("aria-describedby");
    shown.box.remove();
    shown = null;
  }
  async function show(link) {
    const name = key(link);
    if (!name) return;
    await load();
    const html = window.netmodPreviews?.[name];
    if (!html || !(link.matches(":hover") || link === document.activeElement)) return;
    hide();
    const box = document.createElement("div");
    box.className = "preview";
    box.id = "preview";
    box.setAttribute("role", "tooltip");
    box.innerHTML = html.replaceAll('="@/', `="${root}`);
    document.querySelector("main").append(box);
    link.setAttribute("aria-describedby", "preview");
    shown = { link, box };
    box.addEventListener("pointerleave", later);
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    place(link, box);
    await math(box);
    if (shown?.box === box) place(link, box);
  }
  function place(link, box) {
    const at = link.getClientRects()[0], room = document.documentElement;
    const left = Math.max(8, Math.min(at.left, room.clientWidth - box.offsetWidth - 8));
    const below = at.bottom + 6 + box.offsetHeight < room.clientHeight || at.top < box.offsetHeight + 6;
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${(below ? at.bottom + 6 : at.top - box.offsetHeight - 6) + scrollY}px`;
  }
  const later = () => { clearTimeout(timer); timer = setTimeout(hide, 250); };
  const link = (event) => event.target.closest?.("article a.internal[href*='#']:not(.headerlink), article a.reference[href*='#']:not(.headerlink)");
  addEventListener("pointerover", (event) => {
    const over = event.pointerType === "mouse" && link(event);
    if (!over || over === shown?.link) { if (over) clearTimeout(timer); return; }
    clearTimeout(timer);
    timer = setTimeout(show, 200, over);
  });
  addEventListener("pointerout", (event) => { if (link(event)) later(); });
  addEventListener("focusin", (event) => { const at = link(event); if (at?.matches(":focus-visible")) show(at); else hide(); });
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
})();

/* ---- The search button is called what is written on it ------------------------------------------------------------ */
for (const button of document.querySelectorAll("button.search-button__button")) {
  if (button.textContent.trim()) button.removeAttribute("aria-label");
}

/* ---- The menu of downloads; words beside the pointer are the browser's own, so that the theme's script finds none -- */
window.bootstrap ??= { Tooltip: class { show() {} hide() {} dispose() {} } };
for (const button of document.querySelectorAll('[data-bs-toggle="dropdown"]')) {
  const menu = button.nextElementSibling, items = [...menu.querySelectorAll("a, button")];
  const show = (open) => {
    menu.classList.toggle("show", open);
    button.setAttribute("aria-expanded", String(open));
  };
  button.parentElement.style.position = "relative";
  menu.style.cssText = "top: 100%; right: 0; left: auto";
  button.addEventListener("click", () => show(!menu.classList.contains("show")));
  document.addEventListener("click", (event) => { if (!button.parentElement.contains(event.target)) show(false); });
  button.parentElement.addEventListener("focusout", (event) => { if (event.relatedTarget && !button.parentElement.contains(event.relatedTarget)) show(false); });
  button.parentElement.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") { show(false); button.focus(); }
    if (!step) return;
    event.preventDefault();
    show(true);
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  });
}
