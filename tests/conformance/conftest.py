"""The closing lines about recorded cases that nothing replays yet."""

from tests.conformance.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]
