"""What is in the way of closing a task (osticket/tasks.md §4.5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.models import FormAnswer
from helpdesk.forms.selectors import disabled_field_ids
from helpdesk.legacy.errors import Conflict, DomainError
from tasks.models import Task


def close_obstacle(task: Task) -> DomainError | None:
    """Give the reason why the task cannot be closed: a field that must be answered first. An empty text answers it."""
    unanswered = FormAnswer.objects.filter(
        value=None, entry__object_type=EntryObject.TASK, entry__object_id=task.pk, field__isnull=False
    ).select_related("field", "entry")
    if not any(_is_needed(answer) for answer in unanswered):
        return None
    return Conflict(
        _("This task is missing data on one or more required fields and cannot be closed"),
        code="required_fields_missing",
    )


def _is_needed(answer: FormAnswer) -> bool:
    is_demanded = answer.field is not None and bool((answer.field.flags or 0) & FieldFlag.CLOSE_REQUIRED)
    return is_demanded and answer.field_id not in disabled_field_ids(answer.entry.extra)
