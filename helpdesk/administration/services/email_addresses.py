"""The help desk's own addresses: from which it writes, and what becomes of mail to them (osticket/mail.md §1.1)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.administration.services.mail_accounts import forget_account
from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_address, checked_text
from tickets.models import HelpTopic, TicketPriority

LONGEST = 255
"""Characters of an address and of a name."""


@dataclass(frozen=True, kw_only=True)
class AddressDraft:
    """Everything that an administrator says about an address.

    Numbers are ids, 0 for none: then the help topic, else the settings decide about new tickets.
    """

    email: str
    name: str
    department_id: int = 0
    priority_id: int = 0
    topic_id: int = 0
    sends_confirmation: bool = True
    notes: str = ""


@transaction.atomic
def store_address(draft: AddressDraft, *, actor: Actor, address: EmailAddress | None = None) -> EmailAddress:
    """Create an address from a draft, or change the given one into it, and give it.

    Raises PermissionRefused; ValidationFailed that names the field: what is no address, or that of somebody else (mail
    from it would come back to us), a missing name, and a department, topic or priority that is not there. One that is
    gone may stay where it stands already.
    """
    check_is_administrator(actor)
    if address is not None:
        address = EmailAddress.objects.select_for_update().get(pk=address.pk)
    before = values_of(address) if address is not None else {}
    row = address or EmailAddress()
    row.email = _free_address(draft.email, but=address)
    row.name = checked_text(draft.name, field="name", longest=LONGEST)
    row.dept_id = _known(Department, draft.department_id, "department", row.dept_id) or None
    row.priority_id = _known(TicketPriority, draft.priority_id, "priority", row.priority_id)
    row.topic_id = _known(HelpTopic, draft.topic_id, "topic", row.topic_id)
    row.noautoresp = not draft.sends_confirmation
    row.notes = clean_text(draft.notes)
    row.updated = timezone.now()
    row.save()
    action = Action.CREATED if address is None else Action.CHANGED
    changes = row_difference(before, values_of(row))
    record_change(actor, action, ObjectType.EMAIL_ADDRESS, row.pk, row.email, changes)
    return row


@transaction.atomic
def delete_address(address: EmailAddress, *, actor: Actor) -> None:
    """Delete an address with its accounts and their credentials.

    Departments that write from it write from the default address afterwards, those that confirm from it from their own
    one; filters for mails to it are switched off. Raises PermissionRefused; Conflict for the default address and the
    one of alerts.
    """
    check_is_administrator(actor)
    address = EmailAddress.objects.select_for_update().get(pk=address.pk)
    present = configuration.current()
    default = present.integer("default_email_id")
    if address.pk in (default, present.integer("alert_email_id")):
        message = _("Mail goes out from this address. Choose another one in the settings of e-mail first.")
        raise Conflict(message, code="address_is_default")
    for account in address.accounts.order_by("type", "pk"):
        forget_account(account, actor=actor)
    for department in Department.objects.filter(models.Q(email_id=address.pk) | models.Q(autoresp_email_id=address.pk)):
        if department.email_id == address.pk:
            department.email_id = default
        if department.autoresp_email_id == address.pk:
            department.autoresp_email_id = 0
        department.save(update_fields=["email_id", "autoresp_email_id"])
    changes = row_difference(values_of(address), {})
    record_change(actor, Action.DELETED, ObjectType.EMAIL_ADDRESS, address.pk, address.email, changes)
    address.delete()


def _free_address(text: str, *, but: EmailAddress | None) -> str:
    email = checked_address(text, longest=LONGEST)
    others = EmailAddress.objects.filter(email=email)
    if (others.exclude(pk=but.pk) if but is not None else others).exists():
        raise ValidationFailed(_("Email already exists"), code="address_taken", field="email")
    if email.lower() == configuration.current().text("admin_email").strip().lower():
        message = _("Email already used as admin email!")
        raise ValidationFailed(message, code="address_of_administrator", field="email")
    if Agent.objects.filter(email__iexact=email).exists():
        message = _("Email in use by an agent")
        raise ValidationFailed(message, code="address_of_agent", field="email")
    return email


def _known(model: type[models.Model], number: int, field: str, current: int | None) -> int:
    """Give the id. One that is gone is kept only where it stands already."""
    if number and number != current and not model._default_manager.filter(pk=number).exists():
        raise ValidationFailed(_("This is none of the choices."), code="unknown_choice", field=field)
    return number
