"""What happened to a ticket, said in a sentence (osticket/tickets.md §2, the data of each event).

Readers accept every form that the data come in: an id, `[id, name]`, a bare name, numbers as texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from helpdesk.threads.events import SYSTEM_NAME
from helpdesk.threads.models import ThreadEvent

AUTOMATIC_NAMES = {SYSTEM_NAME, "Ticket Filter"}


@dataclass(frozen=True)
class Names:
    """Names by id, for what events mention by id alone."""

    agents: Mapping[int, str] = field(default_factory=dict)
    users: Mapping[int, str] = field(default_factory=dict)
    teams: Mapping[int, str] = field(default_factory=dict)
    departments: Mapping[int, str] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)
    fields: Mapping[int, str] = field(default_factory=dict)


def sentence(event: ThreadEvent, names: Names) -> str:
    """Say what happened and who did it; events that nobody caused have a sentence without a person."""
    name = event.event.name if event.event else ""
    data = event.data if isinstance(event.data, dict) else {}
    phrase = _PHRASES.get(name)
    actor = actor_name(event, names)
    if phrase is None:
        return _("%(actor)s: %(event)s") % {"actor": actor or SYSTEM_NAME, "event": name}
    return phrase(actor, data, names)


def actor_name(event: ThreadEvent, names: Names) -> str:
    """Give the person who caused an event, '' for the system."""
    if event.uid:
        known = names.users if event.uid_type == "U" else names.agents
        if event.uid in known:
            return known[event.uid]
    return "" if event.username in AUTOMATIC_NAMES else event.username


def number_in(value: Any) -> int | None:
    """Give the id in `3`, `"3"` or `[3, "name"]`."""
    if isinstance(value, list):
        value = value[0] if value else None
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else None


def name_in(value: Any, known: Mapping[int, str]) -> str:
    """Give the name in `[3, "name"]`, `[3, {"name": …}]` or `"name"`, else the name of the id."""
    if isinstance(value, list) and len(value) > 1:
        named = value[1]
        return str(named.get("name", "")) if isinstance(named, dict) else str(named)
    number = number_in(value)
    if number is None:
        return value if isinstance(value, str) else ""
    return known.get(number) or f"#{number}"


def _by(actor: str, with_actor: str, without: str, **values: str) -> str:
    return (with_actor if actor else without) % {"actor": actor, **values}


def _created(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _by(actor, _("%(actor)s opened the ticket"), _("The ticket was opened"))


def _closed(actor: str, data: Mapping[str, Any], names: Names) -> str:
    status = name_in(data["status"], names.statuses) if "status" in data else ""
    if not status:
        return _by(actor, _("%(actor)s closed the ticket"), _("The ticket was closed"))
    return _by(
        actor,
        _("%(actor)s closed the ticket as %(status)s"),
        _("The ticket was closed as %(status)s"),
        status=status,
    )


def _reopened(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _by(actor, _("%(actor)s reopened the ticket"), _("The ticket was reopened"))


def _assigned(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if data.get("claim"):
        return _by(actor, _("%(actor)s claimed the ticket"), _("The ticket was claimed"))
    assignees = _assignees(data, names)
    if not assignees:
        return _by(actor, _("%(actor)s assigned the ticket"), _("The ticket was assigned"))
    return _by(
        actor,
        _("%(actor)s assigned the ticket to %(assignee)s"),
        _("The ticket was assigned to %(assignee)s"),
        assignee=assignees,
    )


def _released(actor: str, data: Mapping[str, Any], names: Names) -> str:
    assignees = _assignees(data, names)
    if not assignees:
        return _by(actor, _("%(actor)s released the ticket"), _("The ticket was released"))
    return _by(
        actor,
        _("%(actor)s took the ticket from %(assignee)s"),
        _("The ticket was taken from %(assignee)s"),
        assignee=assignees,
    )


def _transferred(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _by(
        actor,
        _("%(actor)s transferred the ticket to %(department)s"),
        _("The ticket was transferred to %(department)s"),
        department=name_in(data.get("dept"), names.departments),
    )


def _referred(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _by(
        actor,
        _("%(actor)s referred the ticket to %(referee)s"),
        _("The ticket was referred to %(referee)s"),
        referee=_assignees(data, names),
    )


def _overdue(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _by(actor, _("%(actor)s marked the ticket overdue"), _("The ticket became overdue"))


def _edited(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if "filter" in data:
        values = {"filter": str(data["filter"]), "what": str(data.get("type", "")), "value": str(data.get("value", ""))}
        return _("The filter %(filter)s set %(what)s to %(value)s") % values
    if "status" in data:
        return _by(
            actor,
            _("%(actor)s changed the status to %(status)s"),
            _("The status changed to %(status)s"),
            status=name_in(data["status"], names.statuses),
        )
    if "owner" in data:
        return _by(
            actor,
            _("%(actor)s made %(owner)s the owner"),
            _("%(owner)s became the owner"),
            owner=_new_owner(data, names),
        )
    changed = ", ".join(_edited_labels(data, names))
    if not changed:
        return _by(actor, _("%(actor)s edited the ticket"), _("The ticket was edited"))
    return _by(actor, _("%(actor)s changed %(what)s"), _("%(what)s changed"), what=changed)


def _collaborators(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if "org" in data:
        return _by(
            actor,
            _("%(actor)s added collaborators of the organization"),
            _("Collaborators of the organization were added"),
        )
    if "del" in data:
        return _by(
            actor,
            _("%(actor)s removed %(people)s from the collaborators"),
            _("%(people)s no longer collaborates"),
            people=_people(data["del"], names),
        )
    return _by(
        actor,
        _("%(actor)s added %(people)s as collaborator"),
        _("%(people)s became collaborator"),
        people=_people(data.get("add"), names),
    )


def _merged(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _with_other(actor, data, _("%(actor)s merged this with %(ticket)s"), _("Merged with %(ticket)s"))


def _linked(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _with_other(actor, data, _("%(actor)s linked this with %(ticket)s"), _("Linked with %(ticket)s"))


def _unlinked(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _with_other(actor, data, _("%(actor)s unlinked this from %(ticket)s"), _("Unlinked from %(ticket)s"))


def _resent(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return _by(actor, _("%(actor)s sent a reply again"), _("A reply was sent again"))


def _with_other(actor: str, data: Mapping[str, Any], with_actor: str, without: str) -> str:
    return _by(actor, with_actor, without, ticket=str(data.get("ticket") or _("another ticket")))


def _assignees(data: Mapping[str, Any], names: Names) -> str:
    kinds = (("staff", names.agents), ("team", names.teams), ("dept", names.departments))
    return ", ".join(name_in(data[key], known) for key, known in kinds if data.get(key))


def _people(people: Any, names: Names) -> str:
    if not isinstance(people, dict):
        return ""
    found = []
    for key, person in people.items():
        name = str(person.get("name", "")) if isinstance(person, dict) else ""
        found.append(name or name_in(key, names.users))
    return ", ".join(found)


def _new_owner(data: Mapping[str, Any], names: Names) -> str:
    named = data.get("fields")
    if isinstance(named, dict) and named:
        return str(next(iter(named.values())))
    return name_in(data["owner"], names.users)


def _edited_labels(data: Mapping[str, Any], names: Names) -> list[str]:
    columns: dict[str, Callable[[], str]] = {
        "topic_id": lambda: _("the help topic"),
        "sla_id": lambda: _("the SLA plan"),
        "source": lambda: _("the source"),
        "duedate": lambda: _("the due date"),
        "user_id": lambda: _("the owner"),
    }
    labels = [label() for key, label in columns.items() if key in data]
    changed = data.get("fields")
    if isinstance(changed, dict):
        labels += [names.fields.get(number_in(key) or 0) or _("a field") for key in changed]
    return labels


_PHRASES: dict[str, Callable[[str, Mapping[str, Any], Names], str]] = {
    "created": _created,
    "closed": _closed,
    "reopened": _reopened,
    "assigned": _assigned,
    "released": _released,
    "transferred": _transferred,
    "referred": _referred,
    "overdue": _overdue,
    "edited": _edited,
    "collab": _collaborators,
    "merged": _merged,
    "linked": _linked,
    "unlinked": _unlinked,
    "resent": _resent,
}
