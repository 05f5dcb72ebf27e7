/* Python behind the page: loads Pyodide when told to, then runs one cell after another and says what came of it. */
"use strict";
const SETUP = `
import base64, io, traceback
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
from pyodide.code import eval_code

def _figures():
    drawn = []
    for number in plt.get_fignums():
        out = io.BytesIO()
        plt.figure(number).savefig(out, format="png", dpi=144, bbox_inches="tight")
        drawn.append(base64.b64encode(out.getvalue()).decode())
    plt.close("all")
    return drawn

def _run(source, space):
    try:
        value = eval_code(source, space, filename="<cell>")
        if value is not None:
            print(repr(value))
        return None
    except BaseException as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == "<cell>"]
        where = f"line {frames[-1].lineno}: " if frames else ""
        return where + "".join(traceback.format_exception_only(error)).strip()

_space = {"__name__": "__main__"}
`;
let python = null;

async function load({ pyodide, wheel }) {
  const tell = (text) => postMessage({ type: "progress", text });
  tell("Fetching Python …");
  const { loadPyodide } = await import(new URL("pyodide.mjs", pyodide).href);
  python = await loadPyodide({ indexURL: pyodide });
  for (const name of ["numpy", "scipy", "matplotlib", "networkx"]) {
    tell(`Fetching ${name} …`);
    await python.loadPackage(name, { messageCallback() {} });
  }
  tell("Fetching netmod …");
  const answer = await fetch(wheel);
  if (!answer.ok) throw new Error(`${wheel}: ${answer.status}`);
  python.unpackArchive(await answer.arrayBuffer(), "wheel");
  tell("Starting …");
  python.setStdout({ batched: (text) => postMessage({ type: "out", text: `${text}\n` }) });
  python.setStderr({ batched: (text) => postMessage({ type: "out", text: `${text}\n` }) });
  python.runPython(SETUP);
}

onmessage = async ({ data }) => {
  if (data.type === "load") {
    try {
      await load(data);
      postMessage({ type: "ready" });
    } catch (error) {
      postMessage({ type: "failed", text: String(error.message || error) });
    }
    return;
  }
  const run = python.globals.get("_run"), space = python.globals.get("_space"), figures = python.globals.get("_figures");
  const error = run(data.code, space);
  const drawn = figures();
  postMessage({ type: "done", error: error ?? null, figures: drawn.toJs() });
  drawn.destroy();
};
