"""What was changed of a ticket, from which value to which, as people say it (osticket/tickets.md §2, `edited`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from tickets.event_sentences import Names

LONGEST_VALUE = 60
DATABASE_TIME = "%Y-%m-%d %H:%M:%S"


def changes_in(data: Mapping[str, Any], names: Names) -> list[str]:
    """Give each change in the data of an event as a phrase: `the source from Web to Phone`, or its subject alone."""
    columns: dict[str, tuple[str, Callable[[Any], str]]] = {
        "topic_id": (_("the help topic"), lambda value: _named(value, names.topics)),
        "sla_id": (_("the SLA plan"), lambda value: _named(value, names.plans)),
        "source": (_("the source"), _text),
        "duedate": (_("the due date"), _moment),
        "user_id": (_("the owner"), lambda value: _named(value, names.users)),
    }
    phrases = [_phrase(label, data[key], show) for key, (label, show) in columns.items() if key in data]
    fields = data.get("fields")
    if isinstance(fields, dict):
        phrases += [_phrase(_label(key, names), change, _text) for key, change in fields.items()]
    return phrases


def _phrase(label: str, change: Any, show: Callable[[Any], str]) -> str:
    if not isinstance(change, list) or len(change) != 2:
        return label
    before, after = show(change[0]), show(change[1])
    values = {"what": label, "before": before, "after": after}
    if before and after:
        return _("%(what)s from “%(before)s” to “%(after)s”") % values
    if after:
        return _("%(what)s to “%(after)s”") % values
    return _("%(what)s: “%(before)s” was taken away") % values if before else label


def _label(key: object, names: Names) -> str:
    number = int(str(key)) if str(key).isascii() and str(key).isdecimal() else 0
    return names.fields.get(number) or _("a field")


def _named(value: Any, known: Mapping[int, str]) -> str:
    number = int(str(value)) if str(value).isascii() and str(value).isdecimal() else 0
    return known.get(number) or (f"#{number}" if number else "")


def _text(value: Any) -> str:
    """Give a stored answer in short: a text, `[name, id]`, `{key: name}`; what has markup has no such text."""
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, str)), "")
    if isinstance(value, dict):
        value = ", ".join(str(one) for one in value.values())
    text = " ".join(str(value).split()) if isinstance(value, str | int) else ""
    if "<" in text:
        return ""
    return f"{text[: LONGEST_VALUE - 1]}…" if len(text) > LONGEST_VALUE else text


def _moment(value: Any) -> str:
    """Give a time that the database stored, in the viewer's zone."""
    try:
        naive = datetime.strptime(str(value), DATABASE_TIME)  # noqa: DTZ007 -- it gets the database's zone below
    except ValueError:
        return ""
    moment = timezone.make_aware(naive, connection.timezone)
    return date_format(timezone.localtime(moment), "j M Y, H:i")
