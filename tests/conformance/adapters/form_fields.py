"""Adapters for `forms.json`: one field, one submitted value (cases/README §7).

"No text" is '' here where PHP has null, and a clean value is whatever the type makes of it: what matters is what is
stored, shown and found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.field_types import Asked, StoredAnswer, type_of
from helpdesk.forms.models import CustomList, Form, FormField, ListItem
from helpdesk.people.models import Agent
from tests.conformance.comparison import differences, html_differences, plain_text_differences
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter

FILE = "forms.json"
FIELD_ID, PROPERTY_ID = 901, 36
KINDS = (
    *("text", "memo", "datetime", "phone", "bool", "choices", "list", "priority", "department", "assignee"),
    *("timezone", "files", "break", "info"),
)
EXACT = ("valid", "errors", "stored_value", "stored_value_id", "cdata_value", "to_string", "filter_data")
AS_TEXT = ("searchable", "export")


def _compare(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    is_memo = found["type"] == "memo"
    result: list[str] = []
    for key in EXACT:
        wanted, present = expected.get(key, [] if key == "errors" else None), found[key]
        if key == "filter_data" and isinstance(wanted, list):
            wanted = {str(index): value for index, value in enumerate(wanted)}
        elif key == "filter_data" and not isinstance(wanted, dict):
            wanted = {"0": _text(wanted)}
        elif key == "to_string":
            wanted = _text(wanted)
        if is_memo and isinstance(wanted, str):
            result += html_differences(wanted, present or "", at=f"$.{key}")
        elif is_memo and key == "filter_data":
            result += html_differences(wanted["0"], present["0"], at=f"$.{key}")
        else:
            result += differences(wanted, present, at=f"$.{key}", exact=True)
    for key in AS_TEXT:
        result += plain_text_differences(_words(expected[key]), _words(found[key]), at=f"$.{key}")
    if not isinstance(expected["display"], dict):  # an object of PHP
        result += html_differences(_text(expected["display"]), _shown(found["display"]), at="$.display")
    return result


def _shown(html: str) -> str:
    """Breaks do not count, and links tell nobody where they were clicked on: that is ours."""
    return html.replace("<br>", " ").replace(' rel="noopener noreferrer nofollow"', "")


def _words(value: Any) -> str:
    return " ".join(_text(value).split())


def _text(value: Any) -> str:
    """PHP's null and false are no text."""
    return "" if value is None or value is False else str(value)


@adapter(FILE, *(f"field {kind}" for kind in KINDS), compare=_compare, uses_database=True)
def answer_a_field(case: RecordedCase) -> dict[str, Any]:
    is_agent = case.given.get("actor") == "agent"
    agent = Agent.objects.create(pk=1, username="adminada", firstname="Ada", lastname="Admin")
    field = _field(case)
    posted = {"f" if key == "value" else "f-ext" if key == "ext" else key: value for key, value in case.input.items()}
    with _zone(case.given.get("agent_timezone", "UTC")):
        form = BoundForm([field.form], asked=Asked(is_agent, agent if is_agent else None), data=posted, accepts=_all)
        answer = form.field(field.pk)
        field_type, stored = type_of(field), answer.stored
        loaded = field_type.from_database(field, StoredAnswer(stored.value, stored.value_id))
        filter_values = field_type.filter_values(field, loaded)
        return {
            "type": field.type,
            "valid": not answer.errors,
            "errors": answer.errors,
            "stored_value": stored.value,
            "stored_value_id": stored.value_id,
            "cdata_value": field_type.cdata_value(field, answer.clean),
            "to_string": field_type.to_string(field, loaded),
            "filter_data": {key or "0": value for key, value in filter_values.items()},
            "display": str(field_type.display(field, loaded)),
            "searchable": field_type.search_text(field, loaded) if field_type.is_searched else None,
            "export": field_type.export(field, loaded),
        }


def _all(field: FormField) -> bool:
    return True


@contextmanager
def _zone(name: str) -> Iterator[None]:
    with timezone.override(ZoneInfo(name)):
        yield


def _field(case: RecordedCase) -> FormField:
    form = Form.objects.create(type="G", title="Cases")
    given_type = case.given["type"]
    if given_type.startswith("list-"):
        _list(int(given_type.removeprefix("list-")), case.given["list_items"])
    return FormField.objects.create(
        pk=FIELD_ID,
        form=form,
        name="f",
        type=given_type,
        label=case.given["label"],
        flags=case.given["flags"],
        configuration=case.given["configuration"],
        sort=1,
    )


def _list(list_id: int, items: list[dict[str, Any]]) -> None:
    CustomList.objects.create(pk=list_id, name="Devices", sort_mode="SortCol")
    properties = Form.objects.create(type=f"L{list_id}", title="Device properties")
    FormField.objects.create(pk=PROPERTY_ID, form=properties, name="vendor", label="Vendor", type="text", sort=1)
    for number, item in enumerate(items):
        ListItem.objects.create(
            pk=item["id"],
            list_id=list_id,
            value=item["value"],
            extra=item["abbrev"],
            status=int(item["enabled"]),
            sort=item["sort"],
            properties={str(PROPERTY_ID): f"V{number}"},
        )
