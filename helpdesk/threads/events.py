"""What happened to a ticket or task: rows of `thread_event` (osticket/tickets.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from helpdesk.legacy.characters import storable_text
from helpdesk.legacy.fields import encode_php_json
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import EndUser, UserAccount
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Event, Thread, ThreadEvent

SYSTEM_NAME = "SYSTEM"
LONGEST_VALUE = 200
LONGEST_DATA = 1024
LONGEST_USERNAME = 128

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
        username=storable_text(username or _username(actor), max_length=LONGEST_USERNAME),
        uid=uid,
        uid_type=kind,
        timestamp=now,
    )


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
