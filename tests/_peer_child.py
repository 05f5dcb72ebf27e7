"""Run by the Python of `.venv-peers`: loads a piece of work and does it, once for each line on standard input."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback

import numpy as np


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def load(folder: str) -> dict:
    """Return the inputs that tests/peers.py left in `folder`."""
    with open(os.path.join(folder, "inputs.json"), encoding="utf-8") as file:
        inputs = json.load(file)
    with np.load(os.path.join(folder, "inputs.npz"), allow_pickle=False) as arrays:
        inputs.update({name: arrays[name] for name in arrays.files})
    return inputs


def save(folder: str, outputs: object) -> None:
    """Leave `outputs` (a dict, or one value called "result") in `folder`."""
    values = outputs if isinstance(outputs, dict) else {"result": outputs}
    np.savez(os.path.join(folder, "outputs.npz"), **{name: np.asarray(value) for name, value in values.items()})


def main(folder: str) -> None:
    """Answer "cpu" with the seconds the work took and "result" with its outputs, until standard input closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what peers print must not mix with the answers
    path = os.path.join(folder, "work.py")
    names: dict = {"__name__": "peer_work"}
    try:
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), names)
        inputs, work = load(folder), names["work"]
        for request in sys.stdin:
            start = cpu_seconds()
            outputs = work(**inputs)
            seconds = cpu_seconds() - start
            if request.strip() == "result":
                save(folder, outputs)
            print(json.dumps({"cpu": seconds}), file=answers, flush=True)
    except BaseException:
        print(json.dumps({"error": traceback.format_exc()}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
