"""What happened to a ticket or task: rows of `thread_event` (osticket/tickets.md §2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from helpdesk.legacy.characters import shortened
from helpdesk.legacy.fields import LegacyDateTimeField, encode_php_json
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import EndUser, UserAccount
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Event, Thread, ThreadEvent
from helpdesk.threads.own_rows import is_followed, note_events_of_system

SYSTEM_NAME = "SYSTEM"
LONGEST_VALUE = 200
LONGEST_DATA = 1024
LONGEST_USERNAME = 128

_TICKET_THREADS = (ObjectType.TICKET, ObjectType.MERGED_TICKET)

_event_ids: dict[str, int] = {}


@dataclass(frozen=True)
class EventFacts:
    """The columns of the object at the moment of the event (after a change of department or assignee)."""

    dept_id: int | None = None
    team_id: int | None = None
    staff_id: int | None = None
    topic_id: int | None = None
    object_type: str = ObjectType.TICKET


def record_event(
    thread: Thread,
    name: str,
    *,
    actor: Actor,
    facts: EventFacts,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    annul: str | None = None,
    username: str | None = None,
) -> ThreadEvent:
    """Record the event `name` of the seed names (`created`, `closed` …) and give its row.

    An event of an unassigned ticket carries the acting agent in `staff_id`, one of a task never does. With `annul` all
    earlier events of that name in this thread stop counting first. `username` replaces the name that the actor would
    get. Texts in `data` are cut to 200 characters each. Source: osticket/tickets.md §2.
    """
    if annul:
        thread.events.filter(event_id=event_id(annul), annulled=False).update(annulled=True)
    kind, uid = _identity(actor)
    return ThreadEvent.objects.create(
        thread=thread,
        thread_type=facts.object_type,
        event_id=event_id(name),
        staff_id=facts.staff_id or _acting_agent_id(actor, facts),
        team_id=facts.team_id,
        dept_id=facts.dept_id,
        topic_id=facts.topic_id or 0,
        data=_fitting(data) if data is not None else None,
        username=shortened(username or _username(actor), LONGEST_USERNAME),
        uid=uid,
        uid_type=kind,
        timestamp=now,
    )


def record_events_of_system(objects: QuerySet[Any], name: str, *, now: datetime) -> None:
    """Record an event that the system caused in the threads of many tickets, in one statement.

    `objects` are tickets, with a thread each; their columns are copied as they are at this moment. See `record_event`.
    """
    # As an expression the letter is nothing to look threads up by: nearly all are of tickets, and an engine without
    # statistics would read all of them for each ticket. "T", the own one, comes after "C", which a merged ticket left.
    of_ticket = Thread.objects.alias(kind=Coalesce("object_type", Value(""))).filter(object_id=OuterRef("pk"))
    threads = of_ticket.filter(kind__in=_TICKET_THREADS)
    values: dict[str, Any] = {
        "thread": Subquery(threads.order_by("-kind", "pk").values("pk")[:1]),
        "thread_type": Value(str(ObjectType.TICKET)),
        "event": Value(event_id(name)),
        **{column: F(f"{column}_id") for column in ("staff", "team", "dept")},
        "topic_id": F("topic_id"),
        "username": Value(SYSTEM_NAME),
        "uid_type": Value(str(ObjectType.AGENT)),
        "annulled": Value(False),
        "timestamp": Value(now, output_field=LegacyDateTimeField()),
    }
    table, quote = ThreadEvent._meta, connection.ops.quote_name
    columns = ", ".join(quote(str(table.get_field(field).column)) for field in values)  # type: ignore[union-attr]
    select, params = objects.order_by().values_list(*values.values()).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(table.db_table)} ({columns}) {select}", params)
    if is_followed():
        of_objects = Thread.objects.alias(kind=Coalesce("object_type", Value(""))).filter(
            object_id__in=objects.values("pk"), kind__in=_TICKET_THREADS
        )
        note_events_of_system(of_objects.values_list("pk", flat=True), event_id(name), now=now)


def threads_with_event(thread_ids: Collection[int], name: str) -> set[int]:
    """Give in which of these threads an event of that name counts: has happened and was not annulled since."""
    events = ThreadEvent.objects.filter(thread_id__in=thread_ids, event_id=event_id(name), annulled=False)
    return set(events.values_list("thread_id", flat=True))


def event_id(name: str) -> int:
    """Give the id of an event name, creating the row on an installation without it; known ids cost no query."""
    known = _event_ids.get(name)
    if known is not None:
        return known
    event = Event.objects.using(DEFAULT_DB_ALIAS).filter(name=name).first()
    if event is None:
        return Event.objects.create(name=name).pk  # not remembered: the transaction may still fail
    _event_ids[name] = event.pk
    return event.pk


def forget_event_ids() -> None:
    """Forget the ids (another database, emptied tables)."""
    _event_ids.clear()


def _acting_agent_id(actor: Actor, facts: EventFacts) -> int | None:
    if facts.object_type == ObjectType.TASK or actor.agent is None:
        return None
    return actor.agent.pk


def _identity(actor: Actor) -> tuple[str, int | None]:
    if actor.user is not None:
        return ObjectType.USER, actor.user.pk
    return ObjectType.AGENT, actor.agent.pk if actor.agent else None


def _username(actor: Actor) -> str:
    if actor.agent is not None:
        return actor.agent.username
    if actor.user is not None:
        return _name_of_user(actor.user)
    return actor.name if actor.kind is ActorKind.SYSTEM else SYSTEM_NAME


def _name_of_user(user: EndUser) -> str:
    """Name of somebody with an account, address of a guest."""
    if UserAccount.objects.filter(user=user).exists():
        return user.name
    return user.default_email.address if user.default_email else user.name


def _fitting(data: Mapping[str, Any]) -> Any:
    """Shorten the texts inside until the column can hold the JSON."""
    length = LONGEST_VALUE
    shortened = _shortened(data, length)
    while len(encode_php_json(shortened)) > LONGEST_DATA and length > 1:
        length //= 2
        shortened = _shortened(data, length)
    return shortened


def _shortened(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return value[:length]
    if isinstance(value, Mapping):
        return {key: _shortened(inner, length) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(inner, length) for inner in value]
    return value
