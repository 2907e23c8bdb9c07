"""Which forms a help topic asks for, in which order, and which of their fields it leaves out (osticket/forms.md §7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.forms.constants import EntryObject, FormFlag
from helpdesk.forms.models import Form, FormField
from helpdesk.forms.selectors import disabled_field_ids
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from tickets.models import HelpTopic, HelpTopicForm

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TopicFormChoice:
    """A form of a topic, with the ids of the fields that are left out."""

    form: Form
    disabled: Collection[int] = ()


@transaction.atomic
def set_topic_forms(topic: HelpTopic, choices: Sequence[TopicFormChoice], *, actor: Actor) -> None:
    """Let a topic ask for these forms in this order; the ticket form stays even when it is not named.

    Tickets that exist keep their forms. Raises PermissionRefused, ValidationFailed for a form that no topic can have.
    """
    check_is_administrator(actor)
    list(HelpTopic.objects.select_for_update().filter(pk=topic.pk).values_list("pk"))
    before = _in_words(topic)
    named = {choice.form.pk for choice in choices}
    if len(named) < len(choices):
        raise ValidationFailed(_("A form can be used once."), code="form_twice", field="forms")
    present = {row.form_id: row for row in HelpTopicForm.objects.filter(topic=topic).select_related("form")}
    for choice in choices:
        _check_usable(choice.form, is_present=choice.form.pk in present)
    for form_id, row in present.items():
        if form_id not in named and not (row.form is not None and row.form.type == EntryObject.TICKET):
            row.delete()
    known = _fields_of([choice.form for choice in choices])
    for position, choice in enumerate(choices, start=1):
        row = present.get(choice.form.pk) or HelpTopicForm(topic=topic, form=choice.form)
        row.sort = position
        row.extra = {"disable": sorted(known.get(choice.form.pk, set()) & set(choice.disabled))}
        row.save()
    changes = difference({"forms": before}, {"forms": _in_words(topic)})
    record_change(actor, Action.CHANGED, ObjectType.HELP_TOPIC, topic.pk, topic.topic, changes)
    log.info("topic_forms_set", topic=topic.pk, forms=len(choices))


def _in_words(topic: HelpTopic) -> list[str]:
    """Give the forms of a topic in their order, with the fields that it leaves out, for the trail."""
    rows = HelpTopicForm.objects.filter(topic=topic).select_related("form").order_by("sort", "id")
    found = [(row.form.title if row.form else "?", sorted(disabled_field_ids(row.extra))) for row in rows]
    return [f"{title} without {off}" if off else title for title, off in found]


def _check_usable(form: Form, *, is_present: bool) -> None:
    is_deleted = bool(form.flags & FormFlag.DELETED)
    if form.type not in {EntryObject.TICKET, "G"} or (is_deleted and not is_present):
        raise ValidationFailed(_("This form cannot be used for tickets."), code="form_unusable", field="forms")


def _fields_of(forms: Collection[Form]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for pk, form_id in FormField.objects.filter(form__in=forms).values_list("pk", "form"):
        found.setdefault(form_id, set()).add(pk)
    return found
