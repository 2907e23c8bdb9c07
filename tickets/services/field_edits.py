"""Changing one thing of a ticket where it stands (osticket/tickets.md §12.2).

Each change is an event with the value before and after, and an optional note; `lastupdate` becomes now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.submission_services import save_submission
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from sla.models import SlaPlan
from tickets.constants import TicketSource
from tickets.due_dates import recomputed
from tickets.filled_forms import is_active
from tickets.freshness import check_fresh
from tickets.models import HelpTopic, Ticket
from tickets.policies import require
from tickets.services.common import lock, log, post_note_of, record, save_changes
from tickets.services.search_index import index_ticket
from tickets.signals import send_after_commit, ticket_edited
from tickets.states import is_closed

TOPIC, SLA, SOURCE, DUE_DATE = "Help Topic", "SLA Plan", "Ticket Source", "Due Date"
"""The names of the columns in notes, which everybody reads in one language."""
_LABELS = {TOPIC: _("Help Topic"), SLA: _("SLA Plan"), SOURCE: _("Ticket Source"), DUE_DATE: _("Due Date")}
DATABASE_TIME = "%Y-%m-%d %H:%M:%S"


@retried
def change_topic(
    ticket: Ticket,
    *,
    topic: HelpTopic | None,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Give the ticket another help topic; its forms and everything else stay.

    Raises ValidationFailed (`topic`) for none or an inactive one, Conflict for the one it has and (`ticket_changed`)
    when `seen` is no longer its version, PermissionRefused without `ticket.edit`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        _begin(ticket, actor, seen)
        check_topic(topic)
        data = {"topic_id": [ticket.topic_id or 0, topic.pk if topic else 0]}
        _set(ticket, TOPIC, {"topic": topic}, data, actor, comments, format, now)
    return ticket


@retried
def change_sla(
    ticket: Ticket,
    *,
    sla: SlaPlan | None,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Give the ticket another SLA plan, or none; when it is due is computed anew. Raises like `change_topic`."""
    now = now or timezone.now()
    with transaction.atomic():
        _begin(ticket, actor, seen)
        data = {"sla_id": [ticket.sla_id or 0, sla.pk if sla else 0]}
        columns = {"sla": sla, **recomputed(ticket, now=now, sla=sla)}
        _set(ticket, SLA, columns, data, actor, comments, format, now)
    return ticket


@retried
def change_source(
    ticket: Ticket,
    *,
    source: TicketSource,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Say anew how the ticket came in. Raises like `change_topic`."""
    now = now or timezone.now()
    with transaction.atomic():
        _begin(ticket, actor, seen)
        _set(
            ticket,
            SOURCE,
            {"source": str(source)},
            {"source": [ticket.source, str(source)]},
            actor,
            comments,
            format,
            now,
        )
    return ticket


@retried
def change_due_date(
    ticket: Ticket,
    *,
    duedate: datetime | None,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Set the due date by hand, which counts before that by SLA; None takes it away again.

    A ticket that was overdue is so no longer. Raises like `change_topic`; ValidationFailed (`duedate`) also for a date
    that has passed, Conflict for a closed ticket.
    """
    now = now or timezone.now()
    with transaction.atomic():
        _begin(ticket, actor, seen)
        duedate = duedate.replace(microsecond=0) if duedate is not None else None
        check_due_date(ticket, duedate, now)
        data = {"duedate": [recorded_time(ticket.duedate), recorded_time(duedate)]}
        columns = {"duedate": duedate, **recomputed(ticket, now=now, duedate=duedate)}
        _set(ticket, DUE_DATE, columns, data, actor, comments, format, now)
    return ticket


@retried
def change_answer(
    ticket: Ticket,
    form: BoundForm,
    *,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Save a form that asks for one field of the ticket: its subject, its priority, any other answer.

    Raises NotFound for a form that asks for nothing (no such field, or not for agents), ValidationFailed for a wrong
    answer, Conflict for the same one and (`ticket_changed`) when `seen` is no longer the ticket's version,
    PermissionRefused without `ticket.edit`.
    """
    now = now or timezone.now()
    bound = next(iter(form), None)
    if bound is None:
        raise NotFound(_("No such field"), code="field_not_found")
    with transaction.atomic():
        _begin(ticket, actor, seen)
        changes = save_submission(form, EntryObject.TICKET, ticket.pk, actor=actor, now=now)
        if not changes:
            raise _same(bound.label, bound.name)
        before, after = next(iter(changes.values()))
        index_ticket(ticket)
        data = {"0": before, "1": after, "fields": changes}
        _finish(ticket, bound.label, {}, data, actor, comments, format, now)
    return ticket


def check_topic(topic: HelpTopic | None) -> None:
    """Raise ValidationFailed for no help topic, and for one that is switched off."""
    if topic is None:
        raise ValidationFailed(_("Help topic selection is required"), code="topic_required", field="topic")
    if not is_active(topic):
        raise ValidationFailed(_("Help Topic selected must be active"), code="topic_inactive", field="topic")


def check_due_date(ticket: Ticket, duedate: datetime | None, now: datetime) -> None:
    """Raise Conflict for a due date on a closed ticket, ValidationFailed for one that has passed; None is no date."""
    if duedate is None:
        return
    if is_closed(ticket):
        raise Conflict(_("Due date can NOT be set on a closed ticket"), code="ticket_closed", field="duedate")
    if duedate <= now:
        raise ValidationFailed(_("Due date must be in the future"), code="duedate_past", field="duedate")


def recorded_time(moment: datetime | None) -> str | None:
    """Give a time as events write it: as the database stores it."""
    return moment.astimezone(connection.timezone or UTC).strftime(DATABASE_TIME) if moment is not None else None


def _begin(ticket: Ticket, actor: Actor, seen: str | None) -> None:
    lock(ticket)
    require(actor, RolePermission.TICKET_EDIT, ticket)
    check_fresh(ticket, seen)


def _set(
    ticket: Ticket,
    label: str,
    columns: Mapping[str, Any],
    data: Mapping[str, list[Any]],
    actor: Actor,
    comments: str,
    body_format: str,
    now: datetime,
) -> None:
    """Save columns, unless the value that the event is about is the same."""
    (name, (before, after)) = next(iter(data.items()))
    if before == after:
        raise _same(_LABELS[label], name.removesuffix("_id"))
    _finish(ticket, label, columns, data, actor, comments, body_format, now)


def _finish(
    ticket: Ticket,
    label: str,
    columns: Mapping[str, Any],
    data: Mapping[str, Any],
    actor: Actor,
    comments: str,
    body_format: str,
    now: datetime,
) -> None:
    save_changes(ticket, now=now, lastupdate=now, **columns)
    record(ticket, "edited", actor=actor, now=now, data=data)
    if comments.strip():
        post_note_of(ticket, actor=actor, title=f"{label} updated", body=comments, format=body_format, now=now)
    log("ticket_edited", ticket, actor, changed=sorted(data))
    send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes=data)


def _same(label: object, name: str) -> Conflict:
    return Conflict(_("%(field)s is already assigned this value") % {"field": label}, code="unchanged", field=name)
