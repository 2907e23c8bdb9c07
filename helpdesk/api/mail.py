"""`POST /api/tickets.email`: a mail server hands over a mail (osticket/api.md §16)."""

from __future__ import annotations

from helpdesk.api.tickets import as_refusal
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.incoming import read_mail_as_set_up
from helpdesk.people.actor import Actor
from tickets.registries import MailPlace
from tickets.services.incoming_mail import receive_mail


def open_or_continue(raw: bytes, *, actor: Actor, keep_denied: bool = False) -> MailPlace:
    """Give the ticket (or task) that the mail opened, went to, or had come to before; raises ApiRefusal.

    `keep_denied` as in `receive_mail`.
    """
    mail = read_mail_as_set_up(raw)
    try:
        return receive_mail(mail, actor=actor, keep_denied=keep_denied)
    except DomainError as error:
        raise as_refusal(error, mail.sender.address if mail.sender else "") from error
