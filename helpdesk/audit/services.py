"""Writing the trail; called by the services that change something, in their transaction."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from enum import IntFlag
from typing import Any, Protocol

from django.db import models

from helpdesk.audit.models import AdministrativeChange
from helpdesk.legacy.fields import FlagsField

Action = AdministrativeChange.Action
ObjectType = AdministrativeChange.ObjectType
Values = Mapping[str, Any]

HIDDEN = "(hidden)"
"""What stands in the trail for a secret that is there."""
SECRET_COLUMNS = frozenset({"passwd"})
COLUMNS_LEFT_OUT = frozenset({"created", "updated", "lastlogin", "passwdreset"})
LONGEST_VALUE = 2000
"""Characters of one value that are kept; longer texts (signatures) end in `…`."""


class TrailActor(Protocol):
    """Who made a change; `people.actor.Actor` fits (this package is below `people`)."""

    @property
    def kind(self) -> str:
        """The kind of actor: `agent`, `system`, …"""

    @property
    def name(self) -> str:
        """The name of the actor."""

    @property
    def agent(self) -> Any:
        """The agent, for actors of that kind."""

    @property
    def ip_address(self) -> str:
        """Where the request came from, '' when there was none."""


def record_change(
    actor: TrailActor, action: Action, object_type: ObjectType, object_id: object, name: object, changes: Values
) -> AdministrativeChange | None:
    """Write a row of the trail; `changes` comes from `difference`. A change of nothing leaves no trace: gives None.

    Call it inside the transaction of the change, so that one never stands without the other.
    """
    if action == Action.CHANGED and not changes:
        return None
    return AdministrativeChange.objects.create(
        actor_kind=str(actor.kind)[:10],
        agent_id=actor.agent.pk if actor.agent is not None else None,
        actor_name=actor.name[:128],
        ip_address=actor.ip_address[:45],
        action=action,
        object_type=object_type,
        object_id=str(object_id)[:64],
        object_name=str(name)[:255],
        changes=dict(changes),
    )


def difference(before: Values, after: Values, *, secrets: Collection[str] = ()) -> dict[str, list[Any]]:
    """Give the fields that differ, each with its value before and after; those of `secrets` without their values."""
    changes = {}
    for field in [*before, *(field for field in after if field not in before)]:
        old, new = before.get(field), after.get(field)
        if old != new:
            changes[field] = [_mask(old), _mask(new)] if field in secrets else [_plain(old), _plain(new)]
    return changes


def values_of(row: models.Model) -> dict[str, Any]:
    """Give the columns of a row as the trail shows them: bits by name, references with the name of what they mean.

    A secret is told apart from another one only as long as it stays in memory: pass the result to `row_difference`.
    """
    return {
        field.name: _value(row, field)
        for field in row._meta.concrete_fields
        if field.name not in COLUMNS_LEFT_OUT and not field.primary_key
    }


def row_difference(before: Values, after: Values) -> dict[str, list[Any]]:
    """Give the difference of two results of `values_of`, passwords hidden."""
    return difference(before, after, secrets=SECRET_COLUMNS)


def _value(row: models.Model, field: Any) -> Any:
    if isinstance(field, models.ForeignKey):
        number = getattr(row, field.attname)
        return f"{getattr(row, field.name) or '?'} ({number})" if number else None
    value = getattr(row, field.attname)
    return bit_names(value) if isinstance(field, FlagsField) else value


def bit_names(value: Any) -> list[str]:
    """Give the names of the bits that are set; one without a name as a number."""
    if not isinstance(value, IntFlag):
        return [str(value)] if value else []
    number, names = int(value), []
    for member in type(value):
        if number & int(member):
            names.append(str(member.name).lower())
            number &= ~int(member)
    return [*names, hex(number)] if number else names


def _mask(value: Any) -> str | None:
    return HIDDEN if value else None


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
