"""What a rule about a deviation is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tests.conformance.recorded import RecordedCase


class Reason(Enum):
    """Why a recorded behaviour is not reproduced."""

    SECURITY = "security"
    DATA_LOSS = "data loss"
    CRASH = "crash"
    PLAINLY_WRONG_RESULT = "plainly wrong result"


@dataclass(frozen=True)
class Deviation:
    """One rule: `applies` decides by the content of a case, `expectation` gives what we promise instead."""

    name: str
    reason: Reason
    explanation: str
    applies: Callable[[RecordedCase], bool]
    expectation: Callable[[RecordedCase], Any]


Change = Callable[[RecordedCase, dict[str, Any]], None]
"""Makes, of a copy of what was recorded, what we promise instead."""


def changed(change: Change) -> Callable[[RecordedCase], dict[str, Any]]:
    """Make an expectation out of a function that changes a copy of the recorded one."""

    def expectation(case: RecordedCase) -> dict[str, Any]:
        expect: dict[str, Any] = copy.deepcopy(case.expect)
        change(case, expect)
        return expect

    return expectation
