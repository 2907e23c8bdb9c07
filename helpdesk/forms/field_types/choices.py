"""Fields answered by choosing: choices, custom lists, check boxes, time zones, agents and departments."""

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import LIST_PREFIX, FieldType, StoredAnswer, joined, register
from helpdesk.forms.models import FormField, ListItem
from helpdesk.legacy.fields import decode_php_json, encode_php_json
from helpdesk.people.models import Agent, Department, Team

Chosen = dict[str, str]
"""The chosen keys with the labels that they had at that time."""


def _items(submitted: Any) -> list[str]:
    """Give the submitted keys; a mapping (as stored) counts by its keys."""
    if submitted is None or submitted == "":
        return []
    if isinstance(submitted, str | int):
        return [str(submitted).strip()]
    return [str(item) for item in submitted]


def _decoded(stored: StoredAnswer) -> Any:
    """Give the mapping of key to label, or the text when it is no JSON object."""
    decoded = decode_php_json(stored.value)
    return {str(key): str(label) for key, label in decoded.items()} if isinstance(decoded, dict) else stored.value


class KeyedType(FieldType):
    """Answers stored as `{"key":"Label"}`. The clean value is that mapping, or text that matched no choice."""

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store the mapping as PHP encodes it; text as it is."""
        if isinstance(clean, Mapping):
            return StoredAnswer(encode_php_json(dict(clean))) if clean else StoredAnswer()
        return super().to_database(field, clean)

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the mapping."""
        return _decoded(stored)

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the labels; text that matched no choice shows as nothing, as in osTicket."""
        return joined([*clean.values()]) if isinstance(clean, Mapping) else ""

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the keys; text that matched no choice has none."""
        return joined([*clean]) if isinstance(clean, Mapping) else ""


@register
class ChoicesType(KeyedType):
    """One or several of the choices written into the field (osticket/forms.md §4.6)."""

    key = "choices"
    label = _("Choices")

    def choices(self, field: FormField) -> Chosen:
        """Give the configured choices: one per line, `key:Label`, without colon the label is the key."""
        lines = str(self.configuration(field).get("choices") or "").splitlines()
        pairs = (line.split(":", 1) for line in lines if line.strip())
        return {pair[0].strip(): pair[-1].strip() for pair in pairs}

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the mapping of the known keys. An unknown single key stays as text; of several it is dropped."""
        keys, choices = _items(submitted), self.choices(field)
        known = {key: choices[key] for key in keys if key in choices}
        if keys and not known and not self.configuration(field).get("multiselect"):
            return keys[0]
        return known or None


@register
class ListType(KeyedType):
    """One or several items of a custom list (osticket/forms.md §4.9); `list-<id>` of all lists."""

    key = LIST_PREFIX
    label = _("Custom list")

    def items(self, field: FormField) -> list[ListItem]:
        """Give the items of the list in its order, disabled ones included."""
        return list(ListItem.objects.filter(list=int(field.type.removeprefix(LIST_PREFIX))).order_by("sort", "id"))

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Find each item by id, exact value or abbreviation; what is unknown counts as not chosen."""
        wanted = _items(submitted)
        if not wanted:
            return None
        items = self.items(field)
        found = (_item_named(items, name) for name in wanted)
        return {str(item.pk): item.value for item in found if item} or None


def _item_named(items: Iterable[ListItem], name: str) -> ListItem | None:
    folded = name.casefold()
    tests = (
        lambda item: str(item.pk) == name,
        lambda item: item.value.casefold() == folded,
        lambda item: bool(item.extra) and item.extra.casefold() == folded,
    )
    return next((item for test in tests for item in items if test(item)), None)


@register
class TimezoneType(KeyedType):
    """A time zone, stored with its name in words."""

    key = "timezone"
    label = _("Timezone")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the zone; an unknown name stays as text."""
        names = _items(submitted)
        if not names:
            return None
        known = names[0] in zoneinfo.available_timezones()
        return {names[0]: names[0].replace("/", " / ")} if known else names[0]

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the zone, also one that is not known here."""
        return super().cdata_value(field, clean) or str(clean or "")


@register
class CheckboxType(FieldType):
    """A check box, stored as 1 or 0 (osticket/forms.md §4.5)."""

    key = "bool"
    label = _("Checkbox")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give what PHP takes for true."""
        return bool(submitted) and submitted not in ("0", "false")

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store 1 or 0; an untouched box is 0."""
        return StoredAnswer("1" if clean else "0")

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give True, False, or None when there is no answer yet."""
        return None if stored.value is None else stored.value not in ("", "0")

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give Yes or No in the language of the reader."""
        return "" if clean is None else translate("Yes") if clean else translate("No")


@register
class AssigneeType(KeyedType):
    """An agent (`s<id>`) or a team (`t<id>`)."""

    key = "assignee"
    label = _("Assignee")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the available agent or the active team; anything else is no answer."""
        match = re.fullmatch(r"([st])(\d+)", next(iter(_items(submitted)), ""))
        if not match:
            return None
        name = _agent_name(int(match[2])) if match[1] == "s" else _team_name(int(match[2]))
        return {match[0]: name} if name else None

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the stored JSON: osTicket does not shorten this type."""
        return self.to_database(field, clean).value or ""


def _agent_name(agent_id: int) -> str | None:
    agent = Agent.objects.filter(pk=agent_id, isactive=True, onvacation=False).first()
    return f"{agent.firstname or ''} {agent.lastname or ''}".strip() if agent else None


def _team_name(team_id: int) -> str | None:
    team = Team.objects.filter(pk=team_id, memberships__isnull=False).first()
    return team.name if team and team.flags & 1 else None


@register
class DepartmentType(FieldType):
    """A department, stored by its id."""

    key = "department"
    label = _("Department")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the id."""
        text = next(iter(_items(submitted)), "")
        return int(text) if text.isdecimal() else None

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the id."""
        return int(stored.value) if stored.value and stored.value.isdecimal() else None

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the name, '' for a department that is gone."""
        department = Department.objects.filter(pk=clean).first() if clean else None
        return department.name if department else ""

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give 0, which is what osTicket writes for every department (osticket/forms.md §4)."""
        return "0"
