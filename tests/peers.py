"""Run other people's software, which needs an older NumPy, in `.venv-peers` (``make peers`` sets it up).

The work is a function, or source text that defines ``work``; it gets the inputs as keywords and returns a dict of
arrays and numbers. It is sent as text: a function imports what it needs (``np`` is there) and uses nothing else::

    def work(E):
        from nnmt.lif.delta import _firing_rates_for_given_input as siegert

        return {"rate": siegert(E, np.full(E.shape, 12**0.5), 0.0, 10.0, 20.0, 2.0)}


    peers_or_skip("nnmt")
    run(work, E=np.array([5.0, 10.0]))["rate"]

For benchmarks a `Peer` stays alive between calls and reports its own CPU time, so that `ratio` can interleave the two
sides; source text can do its imports and set-up once, outside ``work``, where they are not timed.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class PeerError(RuntimeError):
    """The work failed in the peers' environment; the message holds its traceback and what it printed."""


class Peer:
    """A piece of work waiting in the peers' environment.

    Parameters
    ----------
    work : function or str
        A function, or source text that defines one called ``work``.
    **inputs
        Its keyword arguments: arrays, or anything JSON can hold.
    """

    def __init__(self, work: str | Callable[..., Any], **inputs: Any) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="netmod-peer-"))
        arrays = {name: value for name, value in inputs.items() if isinstance(value, np.ndarray)}
        others = {name: _plain(value) for name, value in inputs.items() if name not in arrays}
        np.savez(self._folder / "inputs.npz", **arrays)
        (self._folder / "inputs.json").write_text(json.dumps(others), encoding="utf-8")
        (self._folder / "work.py").write_text(source(work), encoding="utf-8")
        self._log = (self._folder / "log.txt").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [PYTHON, "-I", ROOT / "tests" / "_peer_child.py", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
            cwd=self._folder,
        )

    def cpu(self) -> float:
        """Do the work once and return the CPU seconds it took, its child processes' included."""
        return self._ask("cpu")

    def result(self) -> dict[str, Any]:
        """Do the work once and return its outputs: arrays, with 0-d ones as Python numbers or strings."""
        self._ask("result")
        with np.load(self._folder / "outputs.npz", allow_pickle=False) as outputs:
            return {name: outputs[name] if outputs[name].ndim else outputs[name].item() for name in outputs.files}

    def _ask(self, request: str) -> float:
        with contextlib.suppress(BrokenPipeError):  # it failed before it was asked: its answer says why
            print(request, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"the process ended with {self._process.wait()}"}
        if "error" in answer:
            self._log.seek(0)
            raise PeerError(f"{answer['error']}\nIt printed:\n{self._log.read()[-3000:]}")
        return answer["cpu"]

    def close(self) -> None:
        """End the process and remove its files."""
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def run(work: str | Callable[..., Any], **inputs: Any) -> dict[str, Any]:
    """Return the outputs of `work`, done once in the peers' environment."""
    with Peer(work, **inputs) as peer:
        return peer.result()


@functools.cache
def missing(module: str) -> str:
    """Return why `module` cannot be used as a peer, or "" if it can."""
    if not PYTHON.exists():
        return "the peers' environment is not set up: make peers"
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    if subprocess.run([PYTHON, "-I", "-c", code], check=False).returncode:
        return f"{module} is not installed in the peers' environment: make peers"
    return ""


def peers_or_skip(*modules: str) -> None:
    """Skip the calling test, saying why, unless every one of `modules` can be used."""
    for reason in filter(None, map(missing, modules)):
        pytest.skip(reason)


def source(work: str | Callable[..., Any]) -> str:
    """Return source text that defines ``work``."""
    if isinstance(work, str):
        return textwrap.dedent(work)
    text = textwrap.dedent(inspect.getsource(work))
    if not text.startswith("def "):
        raise TypeError(f"work must be source text or a function written with def and no decorator, got {work!r}")
    return f"import numpy as np\n{text}\nwork = {work.__name__}\n"


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
