"""The cells of a row in a list of tickets.

They are drawn here because a template asks ten questions of each of them, which took a third of the time of the page.
For the same reason they are written as plain text: whatever comes out of a row goes through `escape`.
"""

from __future__ import annotations

from datetime import datetime
from html import escape

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from helpdesk.portal.addresses import numbered_address
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
        start, before = ostler.annotations(cell.start), ostler.annotations(cell.before)
        after, end = ostler.annotations(cell.after), ostler.annotations(cell.end, "annotations-end")
        shown = f"{start} {before} {shown} {after} {end}"
    place = "subject" if cell.is_link else "annotated"
    return f'<td class="{escape(cell.css_class)}"><div class="{place}">{shown}</div></td>'


def _link(row: QueueRow, cell: QueueCell) -> str:
    if cell.key == "subject":
        words = escape(row.subject)
    elif isinstance(cell.value, datetime):
        words = ostler.relative_time(cell.value, "short")
    else:
        words = escape(str(cell.value or row.number))
    address = escape(numbered_address("agent:ticket", row.ticket_id))
    link = f'<a class="subject-link" dir="auto" id="ticket-{row.ticket_id:d}" href="{address}">{words}</a>'
    if not is_unanswered(row):
        return link
    return f'<span class="visually-hidden">{escape(_("Unanswered"))}</span> {link}'


def _value(row: QueueRow, cell: QueueCell) -> str:
    if cell.key == "number":
        return f'<span class="number">{escape(row.number)}</span>'
    if cell.key == "priority":
        return _priority(row)
    if cell.key == "assignee":
        if row.assignee_name:
            return f'<span class="clip">{escape(row.assignee_name)}</span>'
        return f'<span class="nobody">{escape(_("Unassigned"))}</span>'
    if cell.key == "requester":
        name = f"<bdi>{escape(row.requester_name)}</bdi>"
        return f'<span class="clip" title="{escape(row.requester_email)}">{name}</span>'
    if isinstance(cell.value, datetime):
        return ostler.relative_time(cell.value, "short")
    return f'<span class="clip">{"" if cell.value is None else escape(str(cell.value))}</span>'


def _priority(row: QueueRow) -> str:
    if not row.priority_name:
        return ""
    return f'<span class="priority priority-{row.priority_urgency:d}">{escape(row.priority_name)}</span>'
