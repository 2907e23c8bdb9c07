"""How fast the machine is at this moment, so that figures of one moment can be compared with those of another.

A virtual machine whose host is busy may run at half or a third of its speed, and change within a minute. A loop of
fixed length, timed right before each request, tells by how much.
"""

from __future__ import annotations

import time

STEPS = 100_000
USUAL_SECONDS = 0.007
"""What the loop takes on the machine with which the aims were set, while nothing else runs on it."""


def slowness() -> float:
    """Give by how many times the machine is slower now than usual: 1.0 on the usual machine, 2.0 at half its speed."""
    started = time.perf_counter()
    total = 0
    for step in range(STEPS):
        total += step * step
    return (time.perf_counter() - started) / USUAL_SECONDS
