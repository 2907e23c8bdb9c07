"""Menus for administrators who make filters: the rows that actions may name, and values that rules may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from filters.fields import TOPIC, RuleField
from filters.selectors import filter_rows
from helpdesk.forms.field_types import Asked, type_of
from helpdesk.knowledge.models import CannedResponse
from helpdesk.legacy.folding import fold
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Team
from helpdesk.people.selectors import department_names
from sla.constants import SlaFlag
from tickets.assignees import is_enabled
from tickets.constants import TicketState
from tickets.filled_forms import is_active
from tickets.filter_world import KnownRows, known_rows
from tickets.intake import intake
from tickets.models import HelpTopic
from tickets.names import full_name

Choices = list[tuple[str, str]]
MOST_SUGGESTED = 200


def full_topic_name(topic: HelpTopic) -> str:
    """Give `Parent / Child`."""
    return f"{topic.parent.topic} / {topic.topic}" if topic.parent is not None else str(topic.topic)


def choices_of(kind: str) -> Choices:
    """Give id and name of the rows of a kind that can be chosen, by name; none for a kind nobody knows."""
    read = _CHOICES.get(kind)
    return read() if read else []


def everything_known() -> KnownRows:
    """Give the names of all rows that an action can name, as the database has them."""
    known = intake()
    rows = known_rows(
        filter_rows([]),
        departments=known.departments.values(),
        topics=known.topics.values(),
        statuses=known.statuses.values(),
        priorities=known.priorities.values(),
        plans=known.plans.values(),
        mailboxes=known.mailboxes.values(),
    )
    further = {
        "agent": {one.pk: (full_name(one), one.isactive) for one in Agent.objects.all()},
        "team": {one.pk: (one.name, is_enabled(one)) for one in Team.objects.all()},
        "canned_response": {one.pk: (one.title, bool(one.isenabled)) for one in CannedResponse.objects.all()},
    }
    return KnownRows({**rows.names, **further})


def suggestions(fields: Iterable[RuleField]) -> dict[str, list[str]]:
    """Give what the value of a rule may be, by key of the field: names of topics, choices of menus."""
    found = {TOPIC: [full_topic_name(topic) for topic in _topics()]}
    for one in fields:
        if one.field is not None:
            control = type_of(one.field).control(one.field, None, Asked(is_agent=True))
            labels = [label for _key, label in control.choices if label][:MOST_SUGGESTED]
            if labels:
                found[one.key] = labels
    return found


def topic_id(name: str) -> str:
    """Give the id of a help topic as text, for its name; what is no topic's name stays as it is."""
    wanted = fold(name.strip())
    return next((str(topic.pk) for topic in _topics() if fold(full_topic_name(topic)) == wanted), name)


def topic_name(pk: str) -> str:
    """Give the name of a help topic for its id as text; what is no id stays as it is."""
    topic = intake().topics.get(int(pk)) if pk.isascii() and pk.isdecimal() else None
    return full_topic_name(topic) if topic is not None else pk


def _topics() -> Sequence[HelpTopic]:
    return sorted(intake().topics.values(), key=lambda topic: full_topic_name(topic).casefold())


def _departments() -> Choices:
    usable = {pk for pk, row in intake().departments.items() if row.flags & DepartmentFlag.ACTIVE}
    return sorted(
        ((str(pk), name) for pk, name in department_names().items() if pk in usable), key=lambda one: one[1].casefold()
    )


def _agents() -> Choices:
    agents = Agent.objects.filter(isactive=True).order_by("firstname", "lastname", "username")
    return [(str(one.pk), full_name(one)) for one in agents]


def _canned_responses() -> Choices:
    return [(str(one.pk), one.title) for one in CannedResponse.objects.filter(isenabled=True).order_by("title")]


def _statuses() -> Choices:
    usable = (row for row in intake().statuses.values() if row.state in {TicketState.OPEN, TicketState.CLOSED})
    return [(str(one.pk), one.name) for one in usable]


def _priorities() -> Choices:
    rows = sorted(intake().priorities.values(), key=lambda row: row.priority_urgency)
    return [(str(one.pk), one.priority_desc) for one in rows]


def _rows(rows: Iterable[Any], name: str) -> Choices:
    return sorted(((str(one.pk), str(getattr(one, name))) for one in rows), key=lambda one: one[1].casefold())


_CHOICES: Mapping[str, Callable[[], Choices]] = {
    "agent": _agents,
    "canned_response": _canned_responses,
    "department": _departments,
    "mailbox": lambda: _rows(intake().mailboxes.values(), "email"),
    "priority": _priorities,
    "sla": lambda: _rows((one for one in intake().plans.values() if one.flags & SlaFlag.ACTIVE), "name"),
    "status": _statuses,
    "team": lambda: _rows(filter(is_enabled, Team.objects.all()), "name"),
    "topic": lambda: [(str(topic.pk), full_topic_name(topic)) for topic in _topics() if is_active(topic)],
}
