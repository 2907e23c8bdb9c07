"""The field type "priority": priorities are rows of this app, which the forms cannot know (osticket/forms.md §4.8)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types import EMPTY, FieldType, StoredAnswer, register
from helpdesk.forms.models import FormField
from tickets.models import TicketPriority


@register
class PriorityType(FieldType):
    """A priority, stored by its name and its id. The clean value is the TicketPriority."""

    key = "priority"
    label = _("Priority level")

    def parse(self, field: FormField, submitted: Any) -> TicketPriority | None:
        """Give the priority for an id; names and unknown ids are no answer."""
        if isinstance(submitted, TicketPriority):
            return submitted
        text = str(submitted or "").strip()
        return TicketPriority.objects.filter(pk=int(text)).first() if text.isdecimal() else None

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store name and id."""
        return StoredAnswer(clean.priority_desc, clean.pk) if clean else EMPTY

    def from_database(self, field: FormField, stored: StoredAnswer) -> TicketPriority | None:
        """Give the priority of the id, None when it is gone."""
        return TicketPriority.objects.filter(pk=stored.value_id).first() if stored.value_id else None

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the name as it is today."""
        return clean.priority_desc if clean else ""

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the id."""
        return str(clean.pk) if clean else ""
