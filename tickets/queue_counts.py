"""Numbers beside queues that open tickets alone do not tell: counted up to a thousand (osticket/queues.md §4).

osTicket counts all of history for them. Here counting ends at a thousand, which is shown as "1,000+", and a count that
takes too long is given up. What was counted is kept for a minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, QuerySet, When

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
from tickets.querysets import PlacedReferrals, TicketQuerySet
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
    statuses = _counted_statuses(queue, context)
    tickets = _listed(is_queue=queue.is_queue).filter(compile_criteria(queue.criteria, context))
    if sees_everything(queue, access):
        return [tickets.filter(status__in=statuses)]
    departments = frozenset() if access.agent.assigned_only else access.department_ids
    parts = [tickets.filter(status__in=statuses, dept__in=departments)]
    if elsewhere:
        parts += _elsewhere(tickets, access, statuses, ranking.placed_referrals())
    return parts


def _counted_statuses(queue: QueueDefinition, context: CriteriaContext) -> set[int]:
    statuses = {*status_ids(TicketState.OPEN), *status_ids(TicketState.CLOSED)}
    asked = asked_statuses(queue.criteria, context)
    return statuses if asked is None else statuses & asked


def _listed(*, is_queue: bool) -> TicketQuerySet:
    return Ticket.objects.without_merged_children() if is_queue else Ticket.objects.all()


def _elsewhere(
    tickets: TicketQuerySet, access: AgentAccess, statuses: set[int], placed: PlacedReferrals | None
) -> Sequence[TicketQuerySet]:
    open_ids = statuses & set(status_ids(TicketState.OPEN))
    return tickets.visible_elsewhere(access, statuses=statuses, open_status_ids=open_ids, placed=placed)


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
    """Count as `bounded_count` does, for several queues at once; when that takes too long, one by one."""
    try:
        with time_limit(SECONDS_PER_COUNT, is_planned_briefly=True):
            return cdata.with_table(EntryObject.TICKET, lambda: _counted_at_once(queues, access, context))
    except TookTooLong:
        if len(queues) == 1:
            logger.info("count_given_up", queue_id=queues[0].id)
            return {queues[0].id: None}
        return {queue.id: bounded_count(queue, access, context) for queue in queues}


def _counted_at_once(
    queues: Sequence[QueueDefinition], access: AgentAccess, context: CriteriaContext
) -> dict[int, int | None]:
    """Count in one statement, and what is in other departments in another one where it is little."""
    elsewhere = bool(queues) and sees_elsewhere(access)
    from_elsewhere = _few_elsewhere(queues, access, context) if elsewhere and len(queues) > 1 else None
    parts = [
        (f"{queue.id:d}, COUNT(*)", part.values("pk"))
        for queue in queues
        for part in counted_parts(queue, access, context, elsewhere=elsewhere and from_elsewhere is None)
    ]
    counted: Counter[int] = Counter(from_elsewhere or {})
    for queue_id, number in _rows(parts):
        counted[queue_id] += number
    return {queue.id: min(int(counted[queue.id]), MOST_COUNTED + 1) for queue in queues}


def _few_elsewhere(
    queues: Sequence[QueueDefinition], access: AgentAccess, context: CriteriaContext
) -> dict[int, int] | None:
    """Count what an assignment or a referral shows from other departments, for all queues in one look at these tickets.

    None when they are more than MOST_COUNTED: then each queue has to look for its own. With few tickets that takes
    longer for planning than for reading.
    """
    counted: Counter[int] = Counter()
    for is_queue in (True, False):
        asking = {
            queue.id: (compile_criteria(queue.criteria, context), _counted_statuses(queue, context))
            for queue in queues
            if queue.is_queue == is_queue and not sees_everything(queue, access)
        }
        fits = {
            f"fits_{queue_id}": Case(When(criteria, status__in=statuses, then=1), default=0)
            for queue_id, (criteria, statuses) in asking.items()
        }
        every = {status for _criteria, statuses in asking.values() for status in statuses}
        shown = ", ".join(("COUNT(*)", *(f"SUM({name})" for name in fits)))
        # Of closed ones nearly all that were ever referred count: their places would be one look more for each.
        placed = ranking.placed_referrals() if every & set(status_ids(TicketState.OPEN)) else None
        parts = _elsewhere(_listed(is_queue=is_queue), access, every, placed) if every else ()
        for seen, *numbers in _rows([(shown, part.annotate(**fits).values(*fits)) for part in parts]):
            if seen > MOST_COUNTED:
                return None
            counted.update({queue_id: number or 0 for queue_id, number in zip(asking, numbers, strict=True)})
    return dict(counted)


def _rows(parts: Iterable[tuple[str, QuerySet[Any, Any]]]) -> list[Sequence[Any]]:
    """Read what is shown of each part, up to one more row of it than MOST_COUNTED, all in one statement."""
    texts: list[str] = []
    parameters: list[Any] = []
    for shown, rows in parts:
        try:
            sql, values = rows.order_by()[: MOST_COUNTED + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        texts.append(f"SELECT {shown} FROM ({sql}) AS part{len(texts)}")  # noqa: S608 -- compiled by Django
        parameters += values
    if not texts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(texts), parameters)
        return list(cursor.fetchall())


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
