"""What happened to a task, said in a sentence; what is the same as with tickets is said by theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tickets.event_sentences import Names, Phrase, assignees_in, by_actor, name_in


def _created(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s created the task"), _("The task was created"))


def _closed(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s completed the task"), _("The task was completed"))


def _reopened(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s reopened the task"), _("The task was reopened"))


def _overdue(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(actor, _("%(actor)s marked the task overdue"), _("The task became overdue"))


def _assigned(actor: str, data: Mapping[str, Any], names: Names) -> str:
    if data.get("claim"):
        return by_actor(actor, _("%(actor)s claimed the task"), _("The task was claimed"))
    assignee = assignees_in(data, names)
    return by_actor(
        actor,
        _("%(actor)s assigned the task to %(assignee)s"),
        _("The task was assigned to %(assignee)s"),
        assignee=assignee or _("somebody"),
    )


def _transferred(actor: str, data: Mapping[str, Any], names: Names) -> str:
    return by_actor(
        actor,
        _("%(actor)s transferred the task to %(department)s"),
        _("The task was transferred to %(department)s"),
        department=name_in(data.get("dept"), names.departments),
    )


def _edited(actor: str, data: Mapping[str, Any], names: Names) -> str:
    """osTicket keeps no data of a changed due date."""
    changed = data.get("fields")
    if not isinstance(changed, dict) or not changed:
        return by_actor(actor, _("%(actor)s changed the due date"), _("The due date changed"))
    labels = [names.fields.get(int(key) if str(key).isdecimal() else 0) or _("a field") for key in changed]
    return by_actor(actor, _("%(actor)s changed %(what)s"), _("%(what)s changed"), what=", ".join(labels))


PHRASES: Mapping[str, Phrase] = {
    "created": _created,
    "closed": _closed,
    "reopened": _reopened,
    "overdue": _overdue,
    "assigned": _assigned,
    "transferred": _transferred,
    "edited": _edited,
}
