"""How many entries, attachments, collaborators hang on a ticket: expressions for queries of tickets, one by one row.

The letter of a thread's type is compared as an expression: nearly all threads are of tickets, and a database without
statistics would look for the few threads of one object by the index of the type, which means reading all of them for
every row.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from helpdesk.files.models import Attachment
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.models import Collaborator, ThreadEntry, ThreadEvent

_OF_ROW = {"thread__object_id": OuterRef("pk")}


def of_tickets(rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """Leave only what belongs to threads of tickets; `path` leads to the letter."""
    return of_type(rows, path, ObjectType.TICKET)


def of_type(rows: QuerySet[Any], path: str, object_type: str) -> QuerySet[Any]:
    """Leave only what belongs to threads of one kind of objects; `path` leads to the letter."""
    found: QuerySet[Any] = rows.alias(kind=Coalesce(path, Value(""))).filter(kind=object_type)
    return found


def count_of(rows: QuerySet[Any]) -> Subquery:
    """Count the rows of a correlated query; COUNT as a plain function needs no grouping."""
    counted = rows.order_by().annotate(counted=Func(F("pk"), function="COUNT")).values("counted")
    return Subquery(counted, output_field=IntegerField())


def entry_count() -> Subquery:
    """Count the visible entries of the outer ticket."""
    return count_of(of_tickets(_visible_entries().filter(**_OF_ROW), "thread__object_type"))


def attachment_count() -> Subquery:
    """Count the attachments of the outer ticket's visible entries, without pictures within texts."""
    entries = _visible_entries().filter(thread__object_id=OuterRef(OuterRef("pk")))
    of_thread = of_tickets(entries, "thread__object_type")
    return count_of(
        Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, inline=False, object_id__in=of_thread.values("pk"))
    )


def collaborator_count() -> Subquery:
    """Count the collaborators of the outer ticket."""
    return count_of(of_tickets(Collaborator.objects.filter(**_OF_ROW), "thread__object_type"))


def reopen_count() -> Subquery:
    """Count how often the outer ticket was opened again."""
    events = ThreadEvent.objects.filter(**_OF_ROW, event__name="reopened", annulled=False)
    return count_of(of_tickets(events, "thread__object_type"))


def _visible_entries() -> QuerySet[ThreadEntry]:
    return ThreadEntry.objects.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN))).filter(hidden=0)
