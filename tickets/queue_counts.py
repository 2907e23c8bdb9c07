"""Numbers beside queues that open tickets alone do not tell: counted up to a thousand (osticket/queues.md §4).

osTicket counts all of history for them. Here counting ends at a thousand, which is shown as "1,000+", and a count that
takes too long is given up. What was counted is kept for a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.time_limits import TookTooLong, time_limit
from helpdesk.people.access import AgentAccess
from tickets import ranking
from tickets.constants import TicketState
from tickets.criteria import KEYWORDS, CriteriaContext, compile_criteria
from tickets.criteria_checks import unread_paths
from tickets.criteria_kinds import asked_statuses
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.queues import QueueDefinition, sees_everything
from tickets.reference_data import status_ids

logger = structlog.get_logger(__name__)

MOST_COUNTED = 1000
KEPT_SECONDS = 60
SECONDS_PER_COUNT = 0.25


def counted_parts(
    queue: QueueDefinition, access: AgentAccess, context: CriteriaContext, *, elsewhere: bool
) -> list[TicketQuerySet]:
    """Give the tickets that the number of a queue counts: the listed ones, without archived and deleted.

    In parts that exclude each other, so that each is found by an index: what is in the agent's departments, and what is
    assigned or referred to the agent from others (`elsewhere`).
    """
    open_ids = set(status_ids(TicketState.OPEN))
    statuses = open_ids | set(status_ids(TicketState.CLOSED))
    asked = asked_statuses(queue.criteria, context)
    statuses = statuses if asked is None else statuses & asked
    tickets = Ticket.objects.filter(compile_criteria(queue.criteria, context))
    if queue.is_queue:
        tickets = tickets.without_merged_children()
    if sees_everything(queue, access):
        return [tickets.filter(status__in=statuses)]
    departments = frozenset() if access.agent.assigned_only else access.department_ids
    # One for each status: MariaDB would rather walk through the index from its beginning, past all open tickets.
    parts = [tickets.filter(status=status, dept__in=departments) for status in sorted(statuses)]
    if elsewhere:
        parts += tickets.visible_elsewhere(
            access, statuses=statuses, open_status_ids=statuses & open_ids, placed=ranking.placed_referrals()
        )
    return parts


def sees_elsewhere(access: AgentAccess) -> bool:
    """Whether there may be tickets that an assignment or a referral shows to the agent, from outside the departments.

    Asked once: an agent of all departments needs no look for that in each queue.
    """
    if access.agent.assigned_only:
        return True
    return Ticket.objects.outside(access.department_ids).exists()


def bounded_count(queue: QueueDefinition, access: AgentAccess, context: CriteriaContext) -> int | None:
    """Count the listed tickets of a queue, up to one more than MOST_COUNTED; None when that takes too long."""
    return bounded_counts([queue], access, context)[queue.id]


def bounded_counts(
    queues: Sequence[QueueDefinition], access: AgentAccess, context: CriteriaContext
) -> dict[int, int | None]:
    """Count as `bounded_count` does, for several queues in one statement; when that takes too long, one by one."""
    texts: list[str] = []
    parameters: list[Any] = []
    elsewhere = bool(queues) and sees_elsewhere(access)
    for queue in queues:
        for part in counted_parts(queue, access, context, elsewhere=elsewhere):
            try:
                sql, values = part.order_by().values("pk")[: MOST_COUNTED + 1].query.sql_with_params()
            except EmptyResultSet:
                continue
            texts.append(f"SELECT {queue.id:d}, COUNT(*) FROM ({sql}) AS part{len(texts)}")  # noqa: S608
            parameters += values
    counted: dict[int, int | None] = dict.fromkeys((queue.id for queue in queues), 0)
    if not texts:
        return counted
    try:
        with time_limit(SECONDS_PER_COUNT, is_planned_briefly=True):
            rows = cdata.with_table(EntryObject.TICKET, lambda: _rows(" UNION ALL ".join(texts), parameters))
    except TookTooLong:
        if len(queues) == 1:
            logger.info("count_given_up", queue_id=queues[0].id)
            return {queues[0].id: None}
        return {queue.id: bounded_count(queue, access, context) for queue in queues}
    for queue_id, number in rows:
        counted[queue_id] = min((counted[queue_id] or 0) + number, MOST_COUNTED + 1)
    return counted


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [(int(queue_id), int(number)) for queue_id, number in cursor.fetchall()]


def _is_counted(queue: QueueDefinition, context: CriteriaContext) -> bool:
    """Words are not counted, and a number of more than the queue means would be wrong."""
    searches = any(criterion.path == KEYWORDS for criterion in queue.criteria)
    return not searches and not unread_paths(queue.criteria, context)


def kept_counts(key: str) -> dict[int, int | None]:
    """Give the numbers that were counted for an agent within the last minute."""
    kept: dict[int, int | None] = cache.get(f"{key}.bounded") or {}
    return kept


def count_missing(
    key: str, queues: Iterable[QueueDefinition], access: AgentAccess, context: CriteriaContext
) -> dict[int, int | None]:
    """Count what is not kept, and keep it."""
    numbers = kept_counts(key)
    missing = [queue for queue in queues if queue.id not in numbers]
    if missing:
        counted = [queue for queue in missing if _is_counted(queue, context)]
        numbers |= dict.fromkeys((queue.id for queue in missing), None) | bounded_counts(counted, access, context)
        cache.set(f"{key}.bounded", numbers, KEPT_SECONDS)
    return numbers
