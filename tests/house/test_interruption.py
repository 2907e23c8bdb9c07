"""A long command that is interrupted says so, whatever the interruption broke on its way out."""

import signal

import pytest
from django.db import OperationalError

from helpdesk.interruption import interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_an_interruption_breaks_is_an_interruption(number: signal.Signals) -> None:
    """A connection cut off within a statement refuses the rollback: not the database's failure."""

    def cut_off() -> None:
        try:
            signal.raise_signal(number)
        finally:
            raise OperationalError("connection in transaction status ACTIVE")

    with pytest.raises(KeyboardInterrupt), interruptible():
        cut_off()


def test_another_failure_stays_what_it_is() -> None:
    """Without a signal, nobody is told of an interruption."""
    with pytest.raises(OperationalError), interruptible():
        raise OperationalError("the server is gone")


def test_a_signal_that_is_ignored_stays_ignored_and_handlers_come_back() -> None:
    """`nohup` and shells ignore signals on purpose; what was in place before is in place afterwards."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.getsignal(signal.SIGTERM)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) == before[1]
    finally:
        signal.signal(signal.SIGINT, before[0])
