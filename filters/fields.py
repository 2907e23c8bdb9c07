"""What rules may ask for, in the words of the forms (osticket/filters.md §3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.constants import EntryObject, FormFlag
from helpdesk.forms.field_types import type_of
from helpdesk.forms.field_types.base import LIST_PREFIX
from helpdesk.forms.form_services import CUSTOM, LIST_PROPERTIES
from helpdesk.forms.models import Form, FormField

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TOPIC = "topicId"
EMAIL = "email"


@dataclass(frozen=True)
class RuleField:
    """Something that a rule can ask for; `field` is the field of a form, if it is one."""

    key: str
    label: StrOrPromise
    group: StrOrPromise
    field: FormField | None = None


def rule_fields() -> list[RuleField]:
    """Give all fields in osTicket's groups and their order, in three queries."""
    forms = Form.objects.filter(type__in=_GROUPS).exclude(flags__has=FormFlag.DELETED).order_by("type", "title", "id")
    fields: dict[int, list[FormField]] = {}
    for field in FormField.objects.filter(form__in=forms).order_by("sort", "id"):
        fields.setdefault(field.form_id or 0, []).append(field)
    properties: dict[str, list[FormField]] = {}
    for field in (
        FormField.objects.filter(form__type__startswith=LIST_PROPERTIES).select_related("form").order_by("sort")
    ):
        if field.form is not None:
            properties.setdefault(field.form.type.removeprefix(LIST_PROPERTIES), []).append(field)
    of_forms: dict[str, list[RuleField]] = {}
    for form in forms:
        group = _GROUPS[form.type] if form.type != CUSTOM else form.title
        for field in fields.get(form.pk, ()):
            of_forms.setdefault(form.type, []).extend(_of_field(field, group, properties))
    return [
        *of_forms.get(EntryObject.USER, ()),
        *of_forms.get(EntryObject.TICKET, ()),
        RuleField(TOPIC, _("Help topic asked for"), _("Help topic")),
        *of_forms.get(EntryObject.ORGANIZATION, ()),
        RuleField("reply-to", _("Reply-To address"), _("Headers of the email")),
        RuleField("reply-to-name", _("Reply-To name"), _("Headers of the email")),
        RuleField("addressee", _("Other recipients (To and Cc)"), _("Headers of the email")),
        RuleField("name", _("Name of the sender"), _("Sender")),
        RuleField(EMAIL, _("Address of the sender"), _("Sender")),
        *of_forms.get(CUSTOM, ()),
    ]


def label_of(key: str, fields: Iterable[RuleField]) -> str:
    """Give what a key means, the key itself where nobody knows."""
    found = next((field for field in fields if field.key == key), None)
    return str(found.label) if found else str(_OLD.get(key, key))


_GROUPS: dict[str, StrOrPromise] = {
    EntryObject.USER: _("Person"),
    EntryObject.TICKET: _("Ticket"),
    EntryObject.ORGANIZATION: _("Organization"),
    CUSTOM: _("Custom forms"),
}
_OLD: dict[str, StrOrPromise] = {"body": _("Text of the message"), "subject": _("Subject (never matches)")}
"""Keys that osTicket understands but does not offer, and one that it forgot."""


def _of_field(field: FormField, group: StrOrPromise, properties: dict[str, list[FormField]]) -> Iterable[RuleField]:
    if type_of(field).is_presentation:
        return
    key, label = f"field.{field.pk}", field.label or field.name
    yield RuleField(key, label, group, field)
    if field.type.startswith(LIST_PREFIX):
        yield RuleField(f"{key}.abb", _("%(label)s: abbreviation") % {"label": label}, group)
        for one in properties.get(field.type.removeprefix(LIST_PREFIX), ()):
            yield RuleField(f"{key}.{one.pk}", f"{label}: {one.label}", group)
