"""How commands end when somebody presses Ctrl-C or the system stops them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit status of a command after Ctrl-C, as shells have it."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM stop the block as Ctrl-C does, so that both leave what is committed and nothing half-done.

    Raises KeyboardInterrupt, also where the interruption surfaces as another error: cut off in the middle of a
    statement, a connection may refuse the rollback or the next command, and that refusal is what comes out then.
    """
    was_interrupted = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal was_interrupted
        was_interrupted = True
        raise KeyboardInterrupt

    # A signal that whoever started the command wants ignored (nohup, a shell's background) stays ignored.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except Exception:
        if was_interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
