/* On the search page: formulas in what is shown of a page are read as text, "σ²/2" and not "\sigma^2/2". */
"use strict";
(() => {
  const words = {
    alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", varepsilon: "ε", zeta: "ζ", eta: "η", theta: "θ", kappa: "κ",
    lambda: "λ", mu: "μ", nu: "ν", xi: "ξ", pi: "π", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", varphi: "φ", chi: "χ", psi: "ψ",
    omega: "ω", Gamma: "Γ", Delta: "Δ", Theta: "Θ", Lambda: "Λ", Sigma: "Σ", Phi: "Φ", Psi: "Ψ", Omega: "Ω",
    sum: "Σ", prod: "Π", int: "∫", infty: "∞", partial: "∂", nabla: "∇", sqrt: "√", cdot: "·", times: "×", pm: "±", mp: "∓",
    le: "≤", leq: "≤", ge: "≥", geq: "≥", ne: "≠", neq: "≠", approx: "≈", sim: "∼", equiv: "≡", propto: "∝", ll: "≪", gg: "≫",
    in: "∈", to: "→", rightarrow: "→", mapsto: "↦", Rightarrow: "⇒", iff: "⇔", dots: "…", ldots: "…", cdots: "…",
    lVert: "‖", rVert: "‖", Vert: "‖", lvert: "|", rvert: "|", langle: "⟨", rangle: "⟩", prime: "′", top: "ᵀ", forall: "∀", exists: "∃",
  };
  const plain = (tex) => tex
    .replace(/\\[([\])]|\\(begin|end)\{[^}]*\}|\\label\{[^}]*\}|&|\\\\/g, " ")
    .replace(/\\d?frac\{([^{}]*)\}\{([^{}]*)\}/g, "$1/$2")
    .replace(/\\(?:left|right|[bB]igg?[lr]?|mathrm|mathbf|mathbb|mathcal|operatorname|text|displaystyle|quad|qquad)\b\*?/g, "")
    .replace(/\\([A-Za-z]+)/g, (_, name) => words[name] ?? name)
    .replace(/\\[,;:! ]/g, " ").replace(/\\([|{}_%])/g, "$1")
    .replace(/\^\{?2\}?/g, "²").replace(/[{}]/g, "").replace(/\s+/g, " ").trim();
  const decode = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;
  const formula = /<(span|div) class="math[^>]*>([\s\S]*?)<\/\1>/g;
  const original = Search.htmlToText;
  Search.htmlToText = (html, anchor) =>
    original.call(Search, html.replace(formula, (_, tag, tex) => plain(decode(tex.replace(/<span class="eqno">[\s\S]*/, "")))), anchor);
})();
