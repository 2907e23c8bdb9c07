"""What becomes of a mail: a message, answer or note where it belongs, or a new ticket (osticket/mail.md §4, §5).

In whose name it is posted is decided in `mail_senders`. What is less certain is posted in nobody's name, with the
address in its text.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.legacy.characters import shortened
from helpdesk.legacy.errors import DomainError, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.mail.budgets import is_affordable
from helpdesk.mail.incoming import IncomingMail, Verdict, name_of_sender
from helpdesk.mail.reading.bounces import DeliveryReport
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.threads.bodies import is_empty
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.mails import MailFacts, MailTaken, forget_mail
from helpdesk.threads.models import EntryEmail, EntryMerge
from helpdesk.threads.services import TITLE_LENGTH
from tickets.intake import intake
from tickets.models import Ticket
from tickets.new_ticket import NewTicket, Origin
from tickets.registries import MailPlace, mail_receiver
from tickets.services.creation import create_ticket
from tickets.services.mail_contents import (
    addressed_others,
    files_of,
    is_from_own_address,
    mailbox_of,
    name_in_entry,
    noted_recipients,
    own_mailboxes,
    priority_of,
    received_facts,
    text_of,
    with_sender,
)
from tickets.services.mail_matching import KnownMails, Match, earlier_mail, known_mails, match_of, own_mail
from tickets.services.mail_senders import FOR_AGENTS, Author, author_on_ticket, target_of
from tickets.services.posting import MAIL, post_message, post_note, post_reply
from tickets.services.referrals import refer_to_departments
from tickets.services.status import may_reopen_by_itself
from tickets.states import is_closed

_log = structlog.get_logger("mail")
LOOP = "Email loop detected"
"""Title of the row in the system log, as in osTicket."""


def receive_mail(mail: IncomingMail, *, actor: Actor, keep_denied: bool = False) -> MailPlace:
    """Post a mail where it belongs and give that: a ticket, or what else has a conversation (a task).

    One that came before, also in this very moment to somebody else, and one that is ours change nothing. With
    `keep_denied` (mails from a mailbox) the Message-ID of a mail that is refused is kept; it does not refuse the same
    mail again when that is allowed later. Raises what `create_ticket` raises for a mail that opens a ticket.
    """
    known = known_mails(mail)
    seen = earlier_mail(mail, known)
    if seen is not None:
        return seen
    looped = own_mail(mail)
    if looped is not None:
        _note_loop(mail, looped)
        return looped
    facts = received_facts(mail)
    try:
        return _take_once(mail, known, facts, actor)
    except PermissionRefused:
        if keep_denied:
            EntryEmail.objects.create(entry_id=0, mid=facts.message_id, headers=facts.headers)
        raise


def _take_once(mail: IncomingMail, known: KnownMails, facts: MailFacts, actor: Actor) -> MailPlace:
    """Take a mail, or give where somebody else has just put it; what osTicket has deleted since may come in again."""
    try:
        return _take(mail, known, facts, actor)
    except MailTaken:
        taken = earlier_mail(mail, known_mails(mail))
    if taken is not None:
        return taken
    forget_mail(facts.message_id)
    return _take(mail, known, facts, actor)


def _note_loop(mail: IncomingMail, place: MailPlace) -> None:
    """Say it in the system log: an address of the help desk is forwarded to itself, or to one of its users."""
    address = mail.sender.address if mail.sender else ""
    _log.warning("mail.loop", place_id=place.pk)
    log_system(
        LogLevel.ERROR,
        LOOP,
        f"A mail that this help desk has sent came back from <{address}>. An address is fetched or forwarded here that "
        "is also written to as a user's or an agent's.",
        "",
    )


@dataclass(frozen=True)
class _Delivery:
    """A mail that is to be posted: what it says, what is kept of it, where it belongs, and who handed it over."""

    mail: IncomingMail
    facts: MailFacts
    match: Match
    actor: Actor


def _take(mail: IncomingMail, known: KnownMails, facts: MailFacts, actor: Actor) -> MailPlace:
    match = match_of(mail, known)
    if match is not None and not is_from_own_address(mail):
        delivery = _Delivery(mail, facts, match, actor)
        if not isinstance(match.place, Ticket):
            return _post_elsewhere(delivery)
        if _post_on_ticket(match.place, delivery):
            return match.place
    return create_ticket(ticket_of_mail(mail, facts), actor=actor)


def _post_elsewhere(delivery: _Delivery) -> MailPlace:
    match = delivery.match
    receiver = mail_receiver(match.thread.object_type) if match.thread is not None else None
    if receiver is None:  # it has found the place
        raise AssertionError(match.place)
    receiver.post(match.place, match, delivery.mail, delivery.facts, actor=delivery.actor)
    return match.place


def _post_on_ticket(ticket: Ticket, delivery: _Delivery) -> bool:
    """Post a mail on the ticket that it belongs to; False for one of a user whose ticket may not open again."""
    author = author_on_ticket(ticket, delivery.match, delivery.mail)
    if _tells_of_delivery(delivery, author):
        _note_delivery(ticket, delivery)
        return True
    if author.agent is not None:
        _post_of_agent(ticket, delivery, author, author.agent)
        return True
    target = target_of(ticket)
    if is_closed(target) and not may_reopen_by_itself(target):
        return False
    _continue(ticket, delivery, author)
    return True


# --- What agents write ------------------------------------------------------------------------------------------------


def _post_of_agent(ticket: Ticket, delivery: _Delivery, author: Author, agent: Agent) -> None:
    """Post an agent's answer, which goes out like one written on the page; what may not go out is an internal note."""
    mail, title = delivery.mail, ""
    if author.may_answer and not _has_budget(ticket, agent):
        title = _("Not sent: %(reason)s") % {"reason": _("there were too many answers by mail within an hour.")}
    elif author.may_answer and not is_empty(mail.body, mail.format):
        try:
            post_reply(
                ticket,
                actor=Actor.for_agent(agent),
                body=mail.body,
                format=mail.format,
                files=files_of(mail),
                source=MAIL,
                parent=delivery.match.entry,
                mail=delivery.facts,
            )
        except MailTaken:
            raise
        except DomainError as refusal:
            title = _("Not sent: %(reason)s") % {"reason": refusal.message}
        else:
            return
    _post_note(ticket, delivery, title=title, author=agent)


def _has_budget(ticket: Ticket, agent: Agent) -> bool:
    """Whether an agent may answer a ticket by mail once more: a program that answers in his place must end."""
    return is_affordable(f"ticket {ticket.pk} agent {agent.pk}", settings.AUTOMATIC_ANSWERS_PER_TICKET)


def _post_note(
    ticket: Ticket, delivery: _Delivery, *, title: str, author: Agent | None = None, tell: bool = True
) -> None:
    mail = delivery.mail
    post_note(
        ticket,
        actor=delivery.actor,
        author=author,
        title=shortened(title, TITLE_LENGTH),
        body=text_of(mail),
        format=mail.format,
        files=files_of(mail),
        parent=delivery.match.entry,
        recipients=noted_recipients(mail),
        mail=delivery.facts,
        tell=tell,
    )


# --- Mails that did not arrive ----------------------------------------------------------------------------------------


def _tells_of_delivery(delivery: _Delivery, author: Author) -> bool:
    """Whether a mail server says what became of a mail of ours; osTicket means to look and never finds it (§3.5).

    A person whose address looks like a mail server's is a person.
    """
    report = delivery.mail.report
    is_report = report is not None and bool(report.action or report.recipients)
    is_person = author.user is not None or author.agent is not None
    return delivery.match.signed is not None and delivery.mail.is_bounce and (is_report or not is_person)


def _note_delivery(ticket: Ticket, delivery: _Delivery) -> None:
    """Note on the ticket which mail did not arrive; agents hear of it unless the mail was an alert of theirs."""
    report, signed = delivery.mail.report, delivery.match.signed
    has_failed = report is not None and report.has_failed
    is_alert = signed is not None and signed.kind == FOR_AGENTS
    _post_note(ticket, delivery, title=_title_of(report), tell=has_failed and not is_alert)


def _title_of(report: DeliveryReport | None) -> str:
    if report is None:
        return ""
    values = {"recipients": ", ".join(report.recipients) or "?", "status": report.status or report.action or "?"}
    if report.has_failed:
        return _("Not delivered to %(recipients)s (%(status)s)") % values
    return _("Delivery to %(recipients)s: %(status)s") % values


# --- What users write -------------------------------------------------------------------------------------------------


@retried
def _continue(ticket: Ticket, delivery: _Delivery, author: Author) -> None:
    """Post a mail on a ticket; one of somebody who has nothing to do with it says from whom it is (mail.md §4.4)."""
    mail, match = delivery.mail, delivery.match
    is_moved = match.thread is not None and match.thread.object_type == ObjectType.MERGED_TICKET
    with transaction.atomic():
        entry = post_message(
            ticket,
            actor=delivery.actor,
            user=author.user,
            poster=name_in_entry(mail, author.user),
            body=mail.body if author.user is not None else with_sender(mail),
            format=mail.format,
            files=files_of(mail),
            source=MAIL,
            flags=EntryFlag.CHILD if is_moved else EntryFlag(0),
            reopen=not (mail.is_bounce or mail.is_automatic),
            tell=match.is_told,
            recipients=noted_recipients(mail),
            addressed=addressed_others(mail),
            parent=match.entry,
            mail=delivery.facts,
        )
        if is_moved and match.thread is not None:
            EntryMerge.objects.create(entry=entry, data={"thread": match.thread.pk})
        refer_to_departments(target_of(ticket), own_mailboxes(mail), now=timezone.now())


# --- New tickets ------------------------------------------------------------------------------------------------------


def ticket_of_mail(mail: IncomingMail, facts: MailFacts | None = None) -> NewTicket:
    """Give the new ticket that a mail asks for. Nobody is answered whose address was forged."""
    sender = mail.sender
    is_answered = not (mail.is_bounce or mail.is_automatic or mail.verdict is Verdict.FAILED)
    return NewTicket(
        origin=Origin.EMAIL,
        email=sender.address if sender else "",
        name=name_of_sender(sender) if sender else "",
        subject=mail.subject,
        message=mail.body,
        format=mail.format,
        mailbox=mailbox_of(mail),
        priority=priority_of(mail),
        entry_source=MAIL,
        files=files_of(mail),
        recipients=noted_recipients(mail),
        addressed=addressed_others(mail),
        own_addressees=own_mailboxes(mail),
        mail=facts,
        answer_address=mail.reply_to,
        addressees=[one for one in (*mail.to, *mail.cc) if one.address.lower() not in intake().own_addresses],
        alert=not mail.is_bounce,
        autorespond=is_answered,
    )
