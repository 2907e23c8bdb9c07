"""Registering the functions that carry out operations; see the package's docstring for how to add one."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.lifecycle.observation import observe
from tests.conformance.lifecycle.steps import OPERATIONS, Operation, Step
from tests.conformance.lifecycle.verdict import ASPECTS
from tests.conformance.registry import adapter

__all__ = ["FILE", "Step", "operation"]

FILE = "lifecycle.json"


def operation(*kinds: str, measured: bool = True) -> Callable[[Operation], Operation]:
    """Register the decorated function for operations of these kinds, and the adapter of their cases.

    Without `measured` it serves set-ups only, and cases that measure it are not run yet.
    """

    def register(function: Operation) -> Operation:
        for kind in kinds:
            OPERATIONS[kind] = function
            if measured:
                adapter(FILE, kind, aspects=ASPECTS, uses_database=True)(observe)
        return function

    return register
