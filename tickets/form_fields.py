"""The field type "priority": priorities are rows of this app, which the forms cannot know (osticket/forms.md §4.8)."""

from typing import Any

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.selectors import current
from helpdesk.forms.field_types import EMPTY, Asked, Control, FieldType, StoredAnswer, register
from helpdesk.forms.field_types.choices import submitted_keys
from helpdesk.forms.models import FormField
from helpdesk.legacy.ids import ids_in
from tickets.models import TicketPriority
from tickets.reference_data import priority_objects


@register
class PriorityType(FieldType):
    """A priority, stored by its name and its id. The clean value is the TicketPriority."""

    key = "priority"
    label = _("Priority level")
    is_searched = False
    defaults = {"prompt": "", "default": None}

    def parse(self, field: FormField, submitted: Any) -> TicketPriority | None:
        """Give the priority for an id; names and unknown ids are no answer."""
        if isinstance(submitted, TicketPriority):
            return submitted
        text = next(iter(submitted_keys(submitted)), "")
        return TicketPriority.objects.filter(pk__in=ids_in([text])).first()

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say so when it is no priority."""
        return [] if clean or not submitted_keys(submitted) else [translate("Select one of the choices")]

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store name and id."""
        return StoredAnswer(clean.priority_desc, clean.pk) if clean else EMPTY

    def from_database(self, field: FormField, stored: StoredAnswer) -> TicketPriority | None:
        """Give the priority of the id, None when it is gone."""
        return priority_objects().get(stored.value_id) if stored.value_id else None

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the name as it is today."""
        return clean.priority_desc if clean else ""

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the id."""
        return str(clean.pk) if clean else ""

    def submitted_form(self, field: FormField, clean: Any) -> Any:
        """Give the id."""
        return str(clean.pk) if clean else ""

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give a menu, the most urgent first; end users choose among the public ones."""
        priorities = TicketPriority.objects.order_by("priority_urgency")
        if not asked.is_agent:
            priorities = priorities.filter(ispublic=True)
        choices = [(str(priority.pk), priority.priority_desc) for priority in priorities]
        if isinstance(value, TicketPriority):
            value = value.pk
        if value is None:
            value = self.option(field, "default") or current().text("default_priority_id")
        prompt = str(self.option(field, "prompt") or "")
        return Control("select", values=submitted_keys(value)[:1], choices=choices, prompt=prompt)
