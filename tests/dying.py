"""Processes that kill themselves between two steps of their work, for the tests of crashes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections


@dataclass(frozen=True)
class Step:
    """Where a process dies: before or after the work of the function that `place` has under `name`."""

    place: Any
    name: str
    is_before: bool = False


def run_and_die(work: Callable[[], object], step: Step, *, at_call: int) -> bool:
    """Work in a process of its own that kills itself at a step, at its n-th time; gives whether it died."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            deadly = _deadly(getattr(step.place, step.name), step.is_before, at_call)
            setattr(step.place, step.name, deadly)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _deadly(work: Callable[..., Any], is_before: bool, at_call: int) -> Callable[..., Any]:
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if is_before and calls == at_call:
            os.kill(os.getpid(), signal.SIGKILL)
        result = work(*args, **kwargs)
        if calls == at_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped
