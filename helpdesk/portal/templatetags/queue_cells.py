"""The rows in a list of tickets, and the buttons below it.

They are drawn here because a template asks ten questions of each cell, which took a third of the time of the page.
For the same reason they are written as plain text: whatever comes out of a row goes through `escape`.
"""

from __future__ import annotations

import functools
from datetime import date, datetime
from html import escape

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from helpdesk.portal.addresses import numbered_address
from helpdesk.portal.templatetags import ostler
from tickets.agent_actions.registry import BulkOffer
from tickets.constants import TicketState
from tickets.screens import QueueCell, QueueRow, TimeStyle

register = template.Library()


@register.simple_tag
def queue_row(row: QueueRow, bulk_bar: object) -> SafeString:
    """Draw a row, with a box to choose it where something can be done with chosen ones (`bulk_bar`).

    The link in one of its cells leads to the ticket and covers the row.
    """
    marks = {"is-unanswered": _is_unanswered(row), "is-overdue": row.is_overdue, escape(row.ground): row.ground}
    looks = " ".join(["queue-row", *(mark for mark, is_set in marks.items() if is_set)])
    return SafeString(f'<tr class="{looks}">{_box(row) if bulk_bar else ""}{row_cells(row)}</tr>')


def row_cells(row: QueueRow) -> SafeString:
    """Draw the cells of a row."""
    return SafeString("".join([_cell(row, cell) for cell in row.cells]))


def _box(row: QueueRow) -> str:
    words = f"{escape(_('Choose'))} #{escape(row.number)}"
    box = f'<input type="checkbox" class="form-check-input" name="ticket" value="{row.ticket_id:d}" form="bulk">'
    return f'<td class="cell-choose"><label>{box}<span class="visually-hidden">{words}</span></label></td>'


def _is_unanswered(row: QueueRow) -> bool:
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
    if isinstance(cell.value, date):
        words = _time(cell.value, cell)
    else:
        words = escape(str(cell.value or (row.subject if cell.key == "subject" else row.number)))
    address = escape(numbered_address("agent:ticket", row.ticket_id))
    looks = f"subject-link {_truncation(cell)}"
    link = f'<a class="{looks}" dir="auto" id="ticket-{row.ticket_id:d}" href="{address}">{words}</a>'
    if not _is_unanswered(row):
        return link
    return f'<span class="visually-hidden">{escape(_("Unanswered"))}</span> {link}'


def _value(row: QueueRow, cell: QueueCell) -> str:
    shown = _shown(row, cell)
    if cell.leads_to is None or not cell.value:
        return shown
    name, number = cell.leads_to
    # The row leads to its ticket anyway: the tab key stops at it once.
    skipped = ' tabindex="-1"' if name == "agent:ticket" else ""
    return f'<a class="cell-link" href="{escape(numbered_address(name, number))}"{skipped}>{shown}</a>'


def _shown(row: QueueRow, cell: QueueCell) -> str:
    if cell.key == "number":
        return f'<span class="number {_truncation(cell)}">{escape(row.number)}</span>'
    if cell.key == "priority" and row.priority_name:
        return _priority(row)
    if cell.key == "assignee" and not cell.value:
        return f'<span class="nobody">{escape(_("Unassigned"))}</span>'
    if cell.key == "requester" and row.requester_name:
        return _text(f"<bdi>{escape(row.requester_name)}</bdi>", cell, title=row.requester_email)
    if isinstance(cell.value, date):
        return _time(cell.value, cell)
    return _text("" if cell.value is None else escape(str(cell.value)), cell)


def _text(html: str, cell: QueueCell, title: str = "") -> str:
    titled = f' title="{escape(title)}"' if title else ""
    return f'<span class="{_truncation(cell)}"{titled}>{html}</span>'


def _time(moment: date, cell: QueueCell) -> str:
    if not isinstance(moment, datetime):
        return ostler.day(moment)
    if cell.time_style == TimeStyle.FULL:
        return ostler.full_time(moment)
    return ostler.relative_time(moment, cell.time_style)


_TRUNCATIONS = {"wrap": "text-wrap", "clip": "text-clip", "lclip": "text-lclip"}


def _truncation(cell: QueueCell) -> str:
    return _TRUNCATIONS.get(cell.truncation, "clip")


def _priority(row: QueueRow) -> str:
    return f'<span class="priority priority-{row.priority_urgency:d}">{escape(row.priority_name)}</span>'


@register.simple_tag
def bulk_button(offer: BulkOffer, css_class: str) -> SafeString:
    """Draw the button of something that may be done with chosen tickets."""
    drawn = ostler.icon(offer.action.icon, "icon-small")
    return _bulk_button(drawn, offer.id, offer.address, offer.label, offer.shortcut, css_class)


@functools.lru_cache(maxsize=512)
def _bulk_button(drawn: SafeString, name: str, address: str, label: str, shortcut: str, css_class: str) -> SafeString:
    """Draw a button once for all pages: a list has twenty, which are the same on each of them."""
    to = escape(address)
    key = f'<kbd aria-hidden="true">{escape(shortcut)}</kbd>' if shortcut else ""
    data = f' data-key="{escape(shortcut)}"' if shortcut else ""
    return SafeString(
        f'<button type="submit" class="{escape(css_class)}" id="{escape(name)}" formaction="{to}" hx-get="{to}"'
        f' hx-include="#bulk" hx-target="#dialog-place"{data}>{drawn}{escape(label)} {key}</button>'
    )
