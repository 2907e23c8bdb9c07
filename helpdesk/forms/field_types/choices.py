"""Fields answered by choosing: choices, custom lists, check boxes and time zones."""

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.snapshot import is_true
from helpdesk.forms.field_types.base import (
    LIST_PREFIX,
    Asked,
    Control,
    FieldType,
    StoredAnswer,
    joined,
    register,
    type_of,
)
from helpdesk.forms.models import CustomList, FormField, ListItem
from helpdesk.forms.posted import Posted
from helpdesk.legacy.fields import decode_php_json, encode_php_json
from helpdesk.legacy.folding import fold
from helpdesk.legacy.ids import id_in

Chosen = dict[str, str]
"""The chosen keys with the labels that they had at that time."""
MOST_CHOSEN = 1000
"""Keys that one answer may hold; more are not taken from a submission."""
_NOT_CHOSEN = _("Select one of the choices")


def submitted_keys(submitted: Any) -> list[str]:
    """Give the submitted keys, each once; a mapping (as stored) counts by its keys."""
    if submitted is None or submitted == "":
        return []
    if isinstance(submitted, bool | int | float):
        return [str(submitted)]
    if isinstance(submitted, str):
        return [submitted.strip()]
    if isinstance(submitted, Mapping):
        return [str(key) for key in submitted][:MOST_CHOSEN]
    if not isinstance(submitted, Iterable):
        return []
    keys = (str(item).strip() for item in submitted if isinstance(item, str | int))
    return list(dict.fromkeys(key for key in keys if key))[:MOST_CHOSEN]


def _decoded(stored: StoredAnswer) -> Any:
    """Give the mapping of key to label, or the text when it is no JSON object."""
    decoded = decode_php_json(stored.value)
    if isinstance(decoded, list) and decoded:  # PHP writes the keys 0, 1, 2 as a list
        decoded = dict(enumerate(decoded))
    return {str(key): str(label) for key, label in decoded.items()} if isinstance(decoded, dict) else stored.value


class KeyedType(FieldType):
    """Answers stored as `{"key":"Label"}`. The clean value is that mapping, or text that matched no choice."""

    def choices(self, field: FormField, asked: Asked) -> Mapping[str, str]:
        """Give what is offered, key to label."""
        return {}

    def is_multiple(self, field: FormField) -> bool:
        """Whether several may be chosen."""
        return self.flag(field, "multiselect")

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take all chosen keys where several may be."""
        return posted.many(name) if self.is_multiple(field) else posted.one(name)

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say so when something was chosen that is not offered."""
        wanted = submitted_keys(submitted)
        found = clean if isinstance(clean, Mapping) else {}
        return [str(_NOT_CHOSEN)] if wanted and len(found) < len(wanted) else []

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

    def submitted_form(self, field: FormField, clean: Any) -> Any:
        """Give the mapping: its labels show choices that are not offered any more."""
        return clean

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give a menu; several choices are check boxes, or a list with several marks where they are many."""
        offered = dict(self.choices(field, asked))
        keys = submitted_keys(value)
        if isinstance(value, Mapping):
            for key in keys:
                offered.setdefault(key, translate("%(label)s (retired)") % {"label": value[key]})
        elif value is None and (default := self.option(field, "default")):
            keys = submitted_keys(default)
        prompt = str(self.option(field, "prompt") or "")
        if not self.is_multiple(field):
            return Control("select", values=keys[:1], choices=[*offered.items()], prompt=prompt or translate("Select"))
        is_long = len(offered) > self.MOST_BOXES
        template = "select_many" if is_long else "boxes"
        return Control(template, values=keys, choices=[*offered.items()], prompt=prompt, is_group=not is_long)

    MOST_BOXES = 12


@register
class ChoicesType(KeyedType):
    """One or several of the choices written into the field (osticket/forms.md §4.6)."""

    key = "choices"
    label = _("Choices")
    defaults = {"choices": "", "default": "", "prompt": "", "multiselect": False}

    def choices(self, field: FormField, asked: Asked = Asked()) -> Chosen:  # noqa: B008 -- immutable
        """Give the configured choices: one per line, `key:Label`, without colon the label is the key."""
        lines = re.split(r"\r?\n", str(self.option(field, "choices") or ""))
        pairs = (line.split(":", 1) for line in lines if line.strip())
        return {pair[0].strip(): pair[-1].strip() for pair in pairs}

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the mapping of the known keys. An unknown single key stays as text; of several it is dropped.

        A mapping is an earlier answer: its labels stay, also those of choices that are not offered any more.
        """
        keys, choices = submitted_keys(submitted), self.choices(field)
        if isinstance(submitted, Mapping):
            return {str(key): str(label) for key, label in submitted.items()} or None
        known = {key: choices[key] for key in keys if key in choices}
        if keys and not known and not self.is_multiple(field):
            return keys[0]
        return (known if self.is_multiple(field) else dict([*known.items()][:1])) or None


@register
class ListType(KeyedType):
    """One or several items of a custom list (osticket/forms.md §4.9); `list-<id>` of all lists."""

    key = LIST_PREFIX
    label = _("Custom list")
    defaults = {"multiselect": False, "widget": "dropdown", "prompt": "", "default": "", "validator-error": ""}

    def list_id(self, field: FormField) -> int | None:
        """Give the id of the list, None for a name that holds none."""
        return id_in(field.type.removeprefix(LIST_PREFIX))

    def items(self, field: FormField) -> list[ListItem]:
        """Give the items of the list in its order, disabled ones included; a list that is gone has none."""
        list_id = self.list_id(field)
        custom_list = CustomList.objects.filter(pk=list_id).first() if list_id is not None else None
        return items_of(custom_list) if custom_list else []

    def choices(self, field: FormField, asked: Asked) -> Mapping[str, str]:
        """Give the enabled items."""
        return {str(item.pk): item.value for item in self.items(field) if item.status & 1}

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Find each item by id, exact value or abbreviation; what is unknown counts as not chosen."""
        wanted = submitted_keys(submitted)
        if not wanted:
            return None
        index = _ItemIndex(self.items(field))
        earlier = submitted if isinstance(submitted, Mapping) else {}
        found: Chosen = {}
        for name in wanted:
            item = index.find(name)
            if item is not None:
                found[str(item.pk)] = str(earlier.get(name) or item.value)
            elif name in earlier:
                found[name] = str(earlier[name])
        return found or None

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say it in the words of the field, if it has any."""
        found = super().misread(field, submitted, clean)
        own = self.option(field, "validator-error")
        return [str(own)] if found and own else found

    def filter_values(self, field: FormField, clean: Any) -> dict[str, str]:
        """Give the texts, and of each chosen item its properties (`.<field id>`) and abbreviation (`.abb`)."""
        values = {"": self.to_string(field, clean)}
        found = [id_in(key) for key in clean] if isinstance(clean, Mapping) else []
        keys = [key for key in found if key is not None]
        if not keys:
            return values
        by_id = {item.pk: item for item in ListItem.objects.filter(pk__in=keys)}
        items = [by_id[key] for key in keys if key in by_id]
        for property_field in FormField.objects.filter(form__type=f"L{self.list_id(field)}").order_by("sort", "id"):
            texts = (property_text(item, property_field) for item in items)
            values[f".{property_field.pk}"] = " ".join(text for text in texts if text)
        values[".abb"] = " ".join(item.extra for item in items if item.extra)
        return values

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give a menu, or an input that completes what is typed (`typeahead`, `textbox`)."""
        widget = str(self.option(field, "widget") or "")
        if widget not in {"typeahead", "textbox"} or self.is_multiple(field):
            return super().control(field, value, asked)
        offered = self.choices(field, asked)
        shown = [str(label) for label in value.values()][:1] if isinstance(value, Mapping) else submitted_keys(value)
        suggestions = [(label, label) for label in offered.values()] if widget == "typeahead" else []
        prompt = str(self.option(field, "prompt") or "")
        return Control("text", values=shown, choices=suggestions, attributes={"type": "text", "placeholder": prompt})


SORT_ORDERS = {"Alpha": ("value", "id"), "-Alpha": ("-value", "id"), "SortCol": ("sort", "id")}


def items_of(custom_list: CustomList) -> list[ListItem]:
    """Give the items of a list in the order that it asks for."""
    order = SORT_ORDERS.get(custom_list.sort_mode, SORT_ORDERS["SortCol"])
    return list(ListItem.objects.filter(list=custom_list).order_by(*order))


def property_answer(item: ListItem, property_field: FormField) -> StoredAnswer:
    """Give the stored value of a property; those of priorities are pairs (osticket/forms.md §9)."""
    properties = item.properties if isinstance(item.properties, dict) else {}
    value = properties.get(str(property_field.pk))
    if isinstance(value, list):
        text, number = [*value, None, None][:2]
        return StoredAnswer(None if text is None else str(text), number if isinstance(number, int) else None)
    return StoredAnswer(value if isinstance(value, str) or value is None else encode_php_json(value))


def property_text(item: ListItem, property_field: FormField) -> str:
    """Give a property as text."""
    field_type = type_of(property_field)
    return field_type.to_string(
        property_field, field_type.from_database(property_field, property_answer(item, property_field))
    )


class _ItemIndex:
    """Items by id, by value and by abbreviation, in that order of preference; letters of any case."""

    def __init__(self, items: Iterable[ListItem]) -> None:
        self._by_id: dict[str, ListItem] = {}
        self._by_value: dict[str, ListItem] = {}
        self._by_abbreviation: dict[str, ListItem] = {}
        for item in items:
            self._by_id.setdefault(str(item.pk), item)
            self._by_value.setdefault(fold(item.value), item)
            if item.extra:
                self._by_abbreviation.setdefault(fold(item.extra), item)

    def find(self, name: str) -> ListItem | None:
        folded = fold(name)
        return self._by_id.get(name) or self._by_value.get(folded) or self._by_abbreviation.get(folded)


@cache
def time_zones() -> Mapping[str, str]:
    """Give the time zones that people choose from, with their names in words."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
    hidden = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    return {name: name.replace("/", " / ") for name in names if not name.startswith(hidden)}


@register
class TimezoneType(KeyedType):
    """A time zone, stored with its name in words."""

    key = "timezone"
    label = _("Timezone")
    is_searched = False
    defaults = {"autodetect": True, "prompt": ""}

    def choices(self, field: FormField, asked: Asked) -> Mapping[str, str]:
        """Give all zones."""
        return time_zones()

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the zone; an unknown name stays as text."""
        names = submitted_keys(submitted)
        if not names:
            return None
        known = names[0] in zoneinfo.available_timezones()
        return {names[0]: names[0].replace("/", " / ")} if known else names[0]

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the zone, also one that is not known here."""
        return super().cdata_value(field, clean) or str(clean or "")


CHECKBOXES = "_field-checkboxes"
"""Under this name osTicket's pages list the ids of the ticked boxes."""


@register
class CheckboxType(FieldType):
    """A check box, stored as 1 or 0 (osticket/forms.md §4.5)."""

    key = "bool"
    label = _("Checkbox")
    defaults = {"desc": ""}

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """A box that is not ticked posts nothing."""
        return posted.has(name)

    def read_named(self, field: FormField, posted: Posted, name: str) -> Any:
        """Look at the value, then into osTicket's list of ticked boxes."""
        if posted.has(name):
            return posted.any(name)
        return True if str(field.pk) in map(str, posted.many(CHECKBOXES)) else None

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give what PHP takes for true."""
        return is_true(submitted) and submitted != "false"

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store 1 or 0; an untouched box is 0."""
        return StoredAnswer("1" if clean else "0")

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give True, False, or None when there is no answer yet."""
        return None if stored.value is None else stored.value not in ("", "0")

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give Yes or No in the language of the reader."""
        return "" if clean is None else translate("Yes") if clean else translate("No")

    def submitted_form(self, field: FormField, clean: Any) -> Any:
        """Give the state of the box."""
        return bool(clean)

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the box with its description."""
        is_ticked = self.parse(field, value)
        return Control("box", values=["1"] if is_ticked else [], description=str(self.option(field, "desc") or ""))
