"""What end users change of their own tickets (osticket/tickets.md §5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.bound import BoundForm, Origin
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.submission_services import save_submission
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from tickets.freshness import check_fresh
from tickets.models import Ticket
from tickets.policies import UserAction, require_user
from tickets.services.common import lock, log, record, save_changes
from tickets.services.search_index import index_ticket
from tickets.signals import send_after_commit, ticket_edited


@retried
def change_own_answers(
    ticket: Ticket, form: BoundForm, *, actor: Actor, seen: str | None = None, now: datetime | None = None
) -> bool:
    """Save those answers that the ticket's owner may change, and give whether anything was.

    Raises ValidationFailed for a wrong answer, Conflict (`ticket_changed`) when `seen` is no longer the ticket's
    version, NotFound and PermissionRefused for others, and for a form that asks for anything else.
    """
    now = now or timezone.now()
    if not all(Origin.CLIENT_UPDATE.accepts(bound.field) for bound in form):
        raise PermissionRefused(_("You may not change this field."), code="permission_denied")
    with transaction.atomic():
        lock(ticket)
        if actor.user is None:
            raise PermissionRefused(_("Only the owner of the ticket may do this."), code="permission_denied")
        require_user(actor.user, UserAction.EDIT, ticket)
        check_fresh(ticket, seen)
        changes = save_submission(form, EntryObject.TICKET, ticket.pk, actor=actor, now=now)
        if changes:
            save_changes(ticket, now=now, lastupdate=now)
            index_ticket(ticket)
            record(ticket, "edited", actor=actor, now=now, data={"fields": changes})
            log("ticket_edited", ticket, actor, changed=sorted(changes))
            send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes={"fields": changes})
    return bool(changes)
