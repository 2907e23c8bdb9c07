"""One thing that is done in a case, and who knows how to do it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpdesk.people.actor import Actor

if TYPE_CHECKING:
    from tests.conformance.lifecycle.world import LifecycleWorld


@dataclass(frozen=True)
class Answer:
    """What one of our addresses for scripts answered: status and decoded JSON, None without content."""

    status: int
    json: Any


@dataclass(frozen=True)
class Step:
    """What is to be done: `kind` and `name` of the operation, by whom, with which `args` (or form fields)."""

    world: LifecycleWorld
    kind: str
    name: str
    actor: Actor
    args: Mapping[str, Any]

    @property
    def ids(self) -> list[int]:
        """The numbers in the address, in order."""
        return [int(number) for number in re.findall(r"(?<=[/=])\d+", self.name)]


Operation = Callable[[Step], Any]
OPERATIONS: dict[str, Operation] = {}


def carry_out(step: Step) -> Any:
    """Carry out an operation; raises LookupError when no function is registered for it."""
    if step.kind not in OPERATIONS:
        raise LookupError(f"Nothing carries out {step.kind}")
    return OPERATIONS[step.kind](step)
