"""The cells of a row in a list of tickets.

They are drawn here because a template asks ten questions of each of them, which took a third of the time of the page.
"""

from __future__ import annotations

from datetime import datetime

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from helpdesk.portal.templatetags import ostler
from tickets.constants import TicketState
from tickets.screens import QueueCell, QueueRow

register = template.Library()


@register.simple_tag
def row_cells(row: QueueRow) -> SafeString:
    """Draw the cells of a row. The link in one of them leads to the ticket and covers the row."""
    return SafeString("".join([_cell(row, cell) for cell in row.cells]))


@register.filter
def is_unanswered(row: QueueRow) -> bool:
    """Whether the ticket is open and the requester waits for an answer."""
    return row.status_state == TicketState.OPEN and not row.is_answered


def _cell(row: QueueRow, cell: QueueCell) -> str:
    shown = _link(row, cell) if cell.is_link else _value(row, cell)
    if cell.is_annotated:
        around = (ostler.annotations(cell.start), ostler.annotations(cell.before), shown)
        shown = format_html(
            "{} {} {} {} {}", *around, ostler.annotations(cell.after), ostler.annotations(cell.end, "annotations-end")
        )
    place = "subject" if cell.is_link else "annotated"
    return format_html('<td class="{}"><div class="{}">{}</div></td>', cell.css_class, place, shown)


def _link(row: QueueRow, cell: QueueCell) -> SafeString:
    if cell.key == "subject":
        words: object = row.subject
    elif isinstance(cell.value, datetime):
        words = ostler.relative_time(cell.value, "short")
    else:
        words = cell.value or row.number
    address = reverse("agent:ticket", args=[row.ticket_id])
    link = format_html(
        '<a class="subject-link" dir="auto" id="ticket-{}" href="{}">{}</a>', row.ticket_id, address, words
    )
    if not is_unanswered(row):
        return link
    return format_html('<span class="visually-hidden">{}</span> {}', _("Unanswered"), link)


def _value(row: QueueRow, cell: QueueCell) -> str:
    if cell.key == "number":
        return format_html('<span class="number">{}</span>', row.number)
    if cell.key == "priority":
        return _priority(row)
    if cell.key == "assignee":
        if row.assignee_name:
            return format_html('<span class="clip">{}</span>', row.assignee_name)
        return format_html('<span class="nobody">{}</span>', _("Unassigned"))
    if cell.key == "requester":
        name = format_html("<bdi>{}</bdi>", row.requester_name)
        return format_html('<span class="clip" title="{}">{}</span>', row.requester_email, name)
    if isinstance(cell.value, datetime):
        return ostler.relative_time(cell.value, "short")
    return format_html('<span class="clip">{}</span>', "" if cell.value is None else cell.value)


def _priority(row: QueueRow) -> SafeString:
    if not row.priority_name:
        return ostler.NOTHING
    return format_html('<span class="priority priority-{}">{}</span>', row.priority_urgency, row.priority_name)
