"""Ratios of medians, measured interleaved so that a machine whose speed drifts slows both sides alike.

A benchmark is a test in ``bench_<module>.py`` here, run by ``make bench`` and by nothing else::

    from tests import peers
    from tests.benchmarks._ratio import ratio


    def bench_rate(benchmark):
        peers.peers_or_skip("nnmt")
        E = np.linspace(0, 30, 10_000)
        with peers.Peer(NNMT_SOURCE, E=E) as peer:  # source text that defines work(E)
            np.testing.assert_allclose(firing_rate(E), peer.result()["rate"], rtol=1e-6)  # the same work, first
            assert ratio(lambda: firing_rate(E), peer, label="firing_rate against NNMT") > 1
        benchmark(firing_rate, E)

Both sides do the same work, checked before it is timed. What is compared is CPU time, of all threads and child
processes, so the other users of a machine count less; single times mean little, ratios carry over.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class TimesItself(Protocol):
    """What reports the CPU seconds of one run by itself, as `tests.peers.Peer` does."""

    def cpu(self) -> float:
        """Do the work once; return the CPU seconds it took."""


Side = Callable[[], object] | TimesItself


def cpu(side: Side) -> float:
    """Return the CPU seconds of one run of `side`: all threads, and child processes that have ended."""
    if hasattr(side, "cpu"):
        return side.cpu()
    start, before = time.process_time(), os.times()
    side()
    seconds, after = time.process_time() - start, os.times()
    return seconds + (after.children_user - before.children_user) + (after.children_system - before.children_system)


def both(side: Callable[[], object]) -> tuple[float, float]:
    """Return CPU and wall seconds of one run of `side`; the CPU of workers that are still there is counted too."""
    before, start = _family(), time.perf_counter()
    side()
    return _family() - before, time.perf_counter() - start


def _family() -> float:
    """Return the CPU seconds of this process and of its children, the living ones as Linux reports them."""
    times = os.times()
    seconds = time.process_time() + times.children_user + times.children_system
    for child in multiprocessing.active_children():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{child.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


class Busy:
    """So many processes that do nothing but keep a core busy."""

    def __init__(self, many: int) -> None:
        self.many: int = many
        self.running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> None:
        self.running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(self.many)]

    def __exit__(self, *error: object) -> None:
        for process in self.running:
            process.kill()
            process.wait()


def ratio(ours: Side, theirs: Side, *, rounds: int = 7, label: str = "ratio") -> float:
    """Return median(theirs) / median(ours) over interleaved rounds after one warm-up, and print it.

    Printed beside it are the least and the greatest ratio of a single round, and both medians.
    """
    cpu(ours), cpu(theirs)
    a, b = [], []
    for _ in range(rounds):
        a.append(cpu(ours))
        b.append(cpu(theirs))
    mine, other = statistics.median(a), statistics.median(b)
    single = [y / max(x, 1e-9) for x, y in zip(a, b, strict=True)]
    value = other / max(mine, 1e-9)
    print(
        f"\n{label}: {value:.1f}x ({min(single):.1f}-{max(single):.1f} over {rounds} rounds; "
        f"ours {mine:.3g} s, theirs {other:.3g} s)"
    )
    return value
