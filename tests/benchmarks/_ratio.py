"""Ratios of medians, measured interleaved so that a machine whose speed drifts slows both sides alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def cpu(call: Callable[[], object]) -> float:
    """Return the CPU seconds of one call (all threads of this process)."""
    start = time.process_time()
    call()
    return time.process_time() - start


def ratio(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 7, label: str = ""
) -> float:
    """Return median(theirs) / median(ours) over interleaved rounds after one warm-up, and print it."""
    ours(), theirs()
    a, b = [], []
    for _ in range(rounds):
        a.append(cpu(ours))
        b.append(cpu(theirs))
    value = statistics.median(b) / statistics.median(a)
    print(
        f"\n{label or 'ratio'}: {value:.1f}x  (ours {statistics.median(a):.3g} s, theirs {statistics.median(b):.3g} s)"
    )
    return value
