"""One operation on many tasks: each has its own transaction and its own result (osticket/tasks.md §4.11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from helpdesk.legacy.errors import DomainError
from helpdesk.people.access import AgentAccess
from tasks.models import Task
from tasks.policies import get_task_for_agent

MOST_TASKS = 500


@dataclass(frozen=True)
class BulkResult:
    """What became of one task; `refusal` is None where the operation succeeded."""

    task_id: int
    number: str
    refusal: DomainError | None = None


def for_each_task(
    access: AgentAccess, task_ids: Sequence[int], operation: Callable[[Task], object]
) -> list[BulkResult]:
    """Carry out the operation on every task that the agent may open, and say what became of each.

    Those that are gone or not for this agent are refused like any other. More than `MOST_TASKS` are not looked at.
    """
    results = []
    for task_id in list(dict.fromkeys(task_ids))[:MOST_TASKS]:
        number = ""
        try:
            task = get_task_for_agent(access, task_id)
            number = task.number or ""
            operation(task)
        except DomainError as refusal:
            results.append(BulkResult(task_id, number, refusal))
        else:
            results.append(BulkResult(task_id, number))
    return results
