"""The ranks of tickets: what queues that sort by priority sort them by, in a side table of ours.

A priority is a form answer. No index holds it together with status, department and date, so that a page of such a queue
would read every ticket of the queue. `hd_ticket_rank` has these columns side by side. PHP does not know of it, and our
own services need not either: a rank counts only while its ticket was not saved since the watermark (`ticket.updated`),
and the few tickets saved since are read from their own rows (`tickets.paging`). A job of every minute moves the
watermark on and puts right what was changed without `updated`; a nightly one goes over everything.

The same jobs give each referral its place in `hd_ticket_referred`: beside the status and the dates of its ticket, which
stand in another table than the referral. So of thousands of referrals only those of open tickets are looked at, and of
closed tickets only the first ones by a date.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import connection
from django.db.models import Exists, IntegerField, Max, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Referral, Thread
from tickets.constants import TicketState
from tickets.models import RankingState, ReferredTicket, Ticket, TicketRank
from tickets.querysets import PlacedReferrals, TicketQuerySet
from tickets.reference_data import forget_ranking_state, priorities, ranking_state, status_ids
from tickets.sorting import URGENCY, TicketOrder, order_of

logger = structlog.get_logger(__name__)

DATES = ("lastupdate", "created", "est_duedate")
"""By which dates a queue can sort within a priority at the same cost."""
NO_DATE = datetime(1971, 1, 1, 12, tzinfo=UTC)
"""Stands for a missing date, which counts as smaller than all others."""
SLICE = 1000
"""Tickets ranked in one transaction."""
LAG = timedelta(minutes=2)
"""How long the transaction of a save may take, and how far PHP's clock may be behind, without a ticket being missed."""
REFERRED_DATES = (*DATES, "closed")
"""By which dates alone a queue can sort referred tickets at the same cost."""
_RANKED = (*REFERRED_DATES, "status_id", "dept_id", "staff_id", "team_id")
_TICKET_THREADS = (ObjectType.TICKET, ObjectType.MERGED_TICKET)


def watermark() -> datetime | None:
    """Give the moment since which tickets must be read themselves; None while there are not ranks for all."""
    return ranking_state()[0]


def placed_referrals() -> PlacedReferrals | None:
    """Give the places of the referrals, with what must be looked for elsewhere; None while not all have theirs."""
    since, newest = ranking_state()
    if since is None or newest is None:
        return None
    return PlacedReferrals(ReferredTicket.objects.all(), since, newest)


def ranked(tickets: TicketQuerySet, *, since: datetime) -> QuerySet[TicketRank]:
    """Give the ranks of these tickets, as far as they still hold: those of tickets not saved since the watermark."""
    own = tickets.filter(
        pk=OuterRef("ticket_id"), status_id=OuterRef("status_id"), dept_id=OuterRef("dept_id"), updated__lt=since
    )
    # A scalar sub-query and no EXISTS: planners must look tickets up in the order of the ranks, not join all of a kind.
    found = Subquery(own.annotate(one=Value(1)).values("one"), output_field=IntegerField())
    return TicketRank.objects.filter(Exact(found, 1))


def date_of(order: TicketOrder) -> str | None:
    """Give the date by which an order sorts within the priority; None for orders that the ranks do not serve."""
    if len(order.keys) != 3:
        return None
    urgency, date, last = order.keys
    fits = urgency.name == URGENCY and date.name in DATES and date.descending == last.descending
    return date.name if fits else None


# --- Keeping up -------------------------------------------------------------------------------------------------------


def keep_up(*, now: datetime, slices: int | None = None) -> int:
    """Rank what changed, and go on with a run over all tickets for at most `slices` slices; give how many were ranked.

    The first call begins the first run. May be killed at any point and run twice at once.
    """
    state, _is_new = RankingState.objects.get_or_create(pk=1, defaults={"started": now - LAG})
    count = 0
    if state.started is None and state.referral is None:
        start_over(now=now)  # ranked by an earlier version
    count += _go_on(slices)
    state.refresh_from_db()
    if state.watermark is not None:
        until = now - LAG
        if state.referral is not None:
            count += _place_newer(state.referral, until)
        count += _rank_saved(state.watermark, until)
        count += _rank_differing(until)
    forget_ranking_state()
    return count


def start_over(*, now: datetime) -> None:
    """Begin a run over all tickets, which `keep_up` carries out; the ranks there are count meanwhile."""
    RankingState.objects.update_or_create(pk=1, defaults={"started": now - LAG, "position": 0})


def forget() -> None:
    """Let nothing count that was ranked before: tickets came from elsewhere, saved long before the watermark."""
    RankingState.objects.all().delete()
    forget_ranking_state()


def _go_on(slices: int | None) -> int:
    count = 0
    while slices is None or slices > 0:
        slices = None if slices is None else slices - 1
        state = RankingState.objects.get(pk=1)
        if state.started is None:
            return count
        ids = list(Ticket.objects.filter(pk__gt=state.position).order_by("pk").values_list("pk", flat=True)[:SLICE])
        behind = TicketRank.objects.filter(pk__gt=state.position)
        # Only the run that is still at this place moves on: another worker may do the same at the same time.
        place = RankingState.objects.filter(pk=1, started=state.started, position=state.position)
        if not ids:
            behind.delete()
            ReferredTicket.objects.filter(~Exists(Referral.objects.filter(pk=OuterRef("pk")))).delete()
            newest = max(state.referral or 0, _newest_referral(0, state.started))
            watermark = max(filter(None, (state.watermark, state.started)))
            place.update(watermark=watermark, referral=newest, started=None, position=0)
            return count
        _rank(ids)
        known = set(ids)
        gone = [pk for pk in behind.filter(pk__lte=ids[-1]).values_list("pk", flat=True) if pk not in known]
        TicketRank.objects.filter(pk__in=gone).delete()
        place.update(position=ids[-1])
        count += len(ids)
    return count


def _place_newer(newest: int, until: datetime) -> int:
    """Give referrals newer than the newest one their places, unless they were made since `until`."""
    reached = _newest_referral(newest, until)
    if reached <= newest:
        return 0
    referrals = Referral.objects.filter(pk__gt=newest, pk__lte=reached, thread__object_type__in=_TICKET_THREADS)
    count = _rank_all(Ticket.objects.filter(pk__in=list(referrals.values_list("thread__object_id", flat=True))))
    RankingState.objects.filter(pk=1, referral__lt=reached).update(referral=reached)
    return count


def _newest_referral(known: int, until: datetime) -> int:
    """Give the id up to which no referral was made since `until`, at least a known one."""
    referrals = Referral.objects.filter(pk__gt=known)
    first_later = referrals.filter(created__gte=until).aggregate(first=Min("pk"))["first"]
    if first_later is not None:
        referrals = referrals.filter(pk__lt=first_later)
    return referrals.aggregate(last=Max("pk"))["last"] or known


def _rank_saved(since: datetime, until: datetime) -> int:
    """Rank the tickets saved from the watermark on, and move it to `until`."""
    if until <= since:
        return 0
    count = _rank_all(Ticket.objects.filter(updated__gte=since, updated__lt=until))
    RankingState.objects.filter(pk=1, watermark__lt=until).update(watermark=until)
    return count


def _rank_differing(until: datetime) -> int:
    """Rank the open tickets whose rank is missing or says something else: somebody wrote rows without `updated`."""
    same = TicketRank.objects.filter(
        ticket_id=OuterRef("pk"),
        status_id=OuterRef("status_id"),
        dept_id=OuterRef("dept_id"),
        staff_id=OuterRef("staff_id"),
        team_id=OuterRef("team_id"),
        created=OuterRef("created"),
    )
    open_tickets = Ticket.objects.filter(status__in=status_ids(TicketState.OPEN), updated__lt=until)
    count = _rank_all(open_tickets.filter(~Exists(same), created__isnull=False))
    if count:
        logger.info("ranks_put_right", count=count)
    return count


def _rank_all(tickets: TicketQuerySet) -> int:
    ids = list(tickets.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), SLICE):
        _rank(ids[start : start + SLICE])
    return len(ids)


def _rank(ids: Collection[int]) -> None:
    """Write the ranks of these tickets anew. One saved meanwhile is ranked again: that was after the watermark."""
    by_priority = order_of(["-cdata__priority"])
    tickets = by_priority.annotated(Ticket.objects.filter(pk__in=ids), priorities()).order_by()
    rows = cdata.with_table(EntryObject.TICKET, lambda: list(tickets.values("pk", URGENCY, *_RANKED)))
    fields = [field.name for field in TicketRank._meta.fields if not field.primary_key]
    targets = ["ticket_id"] if connection.features.supports_update_conflicts_with_target else None
    TicketRank.objects.bulk_create(
        map(_rank_of, rows), update_conflicts=True, update_fields=fields, unique_fields=targets
    )
    _place({row["pk"]: row for row in rows})


def _place(tickets: Mapping[int, Mapping[str, Any]]) -> None:
    """Write the places of the referrals of these tickets, given with what they are ranked by, anew."""
    # In two steps, so that no engine begins with all referrals; the letter as an expression, so that SQLite begins with
    # these tickets.
    threads = Thread.objects.alias(kind=Coalesce("object_type", Value(""))).filter(object_id__in=tickets)
    threads = threads.filter(kind__in=_TICKET_THREADS)
    ticket_ids = dict(threads.values_list("pk", "object_id"))
    referrals = Referral.objects.filter(thread__in=ticket_ids).values_list("pk", "object_type", "object_id", "thread")
    places = [
        ReferredTicket(
            referral_id=pk,
            object_type=letter,
            object_id=of_whom,
            ticket_id=ticket_ids[thread_id],
            status_id=tickets[ticket_ids[thread_id]]["status_id"] or 0,
            dept_id=tickets[ticket_ids[thread_id]]["dept_id"] or 0,
            **{name: tickets[ticket_ids[thread_id]][name] for name in REFERRED_DATES},
        )
        for pk, letter, of_whom, thread_id in referrals
    ]
    targets = ["referral_id"] if connection.features.supports_update_conflicts_with_target else None
    fields = ["object_type", "object_id", "ticket_id", "status_id", "dept_id", *REFERRED_DATES]
    ReferredTicket.objects.bulk_create(places, update_conflicts=True, update_fields=fields, unique_fields=targets)


def _rank_of(row: dict[str, Any]) -> TicketRank:
    dates = {name: row[name] or NO_DATE for name in DATES}
    return TicketRank(
        ticket_id=row["pk"],
        status_id=row["status_id"] or 0,
        dept_id=row["dept_id"] or 0,
        staff_id=row["staff_id"] or 0,
        team_id=row["team_id"] or 0,
        urgency=row[URGENCY],
        **dates,
    )
