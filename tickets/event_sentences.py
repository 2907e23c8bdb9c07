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
from tickets.edit_sentences import changes_in

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
    topics: Mapping[int, str] = field(default_factory=dict)
    plans: Mapping[int, str] = field(default_factory=dict)


Phrase = Callable[[str, Mapping[str, Any], Names], str]
"""What says an event: the actor or '', its data, names by id."""


def sentence(event: ThreadEvent, names: Names) -> str:
    """Say what happened and who did it; events that nobody caused have a sentence without a person."""
    name = event.event.name if event.event else ""
    data = event.data if isinstance(event.data, dict) else {}
    phrase = _OTHER_PHRASES.get(event.thread_type, {}).get(name) or _PHRASES.get(name)
    actor = actor_name(event, names)
    if phrase is None:
        return _("%(actor)s: %(event)s") % {"actor": actor or SYSTEM_NAME, "event": name}
    return phrase(actor, data, names)


def register_phrases(object_type: str, phrases: Mapping[str, Phrase]) -> None:
    """Let events of threads of another type than tickets' have sentences of their own, by the name of the event."""
    _OTHER_PHRASES[object_type] = phrases


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


def by_actor(actor: str, with_actor: str, without: str, **values: str) -> str:
    """Give the sentence with the person who did it, or the other one where nobody did."""
    return (with_actor if actor else without) % {"actor": actor, **values}


def _created(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s opened the ticket"), _("The ticket was opened"))


def _closed(actor: str, data: Mapping[str, Any], names: Names) -> str:
    status = name_in(data["status"], names.statuses) if "status" in data else ""
    if not status:
        return by_actor(actor, _("%(actor)s closed the ticket"), _("The ticket was closed"))
    return by_actor(
        actor,
        _("%(actor)s closed the ticket as %(status)s"),
        _("The ticket was closed as %(status)s"),
        status=status,
    )


def _reopened(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s reopened the ticket"), _("The ticket was reopened"))


def _assigned(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if data.get("claim"):
        return by_actor(actor, _("%(actor)s claimed the ticket"), _("The ticket was claimed"))
    assignees = assignees_in(data, names)
    if not assignees:
        return by_actor(actor, _("%(actor)s assigned the ticket"), _("The ticket was assigned"))
    return by_actor(
        actor,
        _("%(actor)s assigned the ticket to %(assignee)s"),
        _("The ticket was assigned to %(assignee)s"),
        assignee=assignees,
    )


def _released(actor: str, data: Mapping[str, Any], names: Names) -> str:
    assignees = assignees_in(data, names)
    if not assignees:
        return by_actor(actor, _("%(actor)s released the ticket"), _("The ticket was released"))
    return by_actor(
        actor,
        _("%(actor)s took the ticket from %(assignee)s"),
        _("The ticket was taken from %(assignee)s"),
        assignee=assignees,
    )


def _transferred(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(
        actor,
        _("%(actor)s transferred the ticket to %(department)s"),
        _("The ticket was transferred to %(department)s"),
        department=name_in(data.get("dept"), names.departments),
    )


def _referred(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(
        actor,
        _("%(actor)s referred the ticket to %(referee)s"),
        _("The ticket was referred to %(referee)s"),
        referee=assignees_in(data, names),
    )


def _overdue(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s marked the ticket overdue"), _("The ticket became overdue"))


def _edited(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if "filter" in data:
        values = {"filter": str(data["filter"]), "what": str(data.get("type", "")), "value": str(data.get("value", ""))}
        return _("The filter %(filter)s set %(what)s to %(value)s") % values
    if "status" in data:
        return by_actor(
            actor,
            _("%(actor)s changed the status to %(status)s"),
            _("The status changed to %(status)s"),
            status=name_in(data["status"], names.statuses),
        )
    if "owner" in data:
        return by_actor(
            actor,
            _("%(actor)s made %(owner)s the owner"),
            _("%(owner)s became the owner"),
            owner=_new_owner(data, names),
        )
    changed = ", ".join(changes_in(data, names))
    if not changed:
        return by_actor(actor, _("%(actor)s edited the ticket"), _("The ticket was edited"))
    return by_actor(actor, _("%(actor)s changed %(what)s"), _("%(what)s changed"), what=changed)


def _collaborators(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if "org" in data:
        return by_actor(
            actor,
            _("%(actor)s added collaborators of the organization"),
            _("Collaborators of the organization were added"),
        )
    if "del" in data:
        return by_actor(
            actor,
            _("%(actor)s removed %(people)s from the collaborators"),
            _("%(people)s no longer collaborates"),
            people=_people(data["del"], names),
        )
    return by_actor(
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
    return by_actor(actor, _("%(actor)s sent a reply again"), _("A reply was sent again"))


def _with_other(actor: str, data: Mapping[str, Any], with_actor: str, without: str) -> str:
    return by_actor(actor, with_actor, without, ticket=str(data.get("ticket") or _("another ticket")))


def assignees_in(data: Mapping[str, Any], names: Names) -> str:
    """Give the names of the agents, teams and departments that an event names."""
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


_OTHER_PHRASES: dict[str, Mapping[str, Phrase]] = {}
_PHRASES: dict[str, Phrase] = {
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
