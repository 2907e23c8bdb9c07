"""Opening tickets (osticket/tickets.md §6.1).

Everything is looked at before the transaction: what is missing or wrong, whether the sender is welcome, the files. The
transaction writes the rows in few statements and ends; mails are effects that go out later.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.forms.field_types import type_of
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.budgets import within_budget
from helpdesk.mail.outgoing import NewMail, mail_effects
from helpdesk.outbox.services import enqueue
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.people.selectors import user_of_address
from helpdesk.people.services import find_or_create_user
from helpdesk.threads.bodies import TEXT, NewFile
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.events import SYSTEM_NAME
from helpdesk.threads.mails import keep_mail
from helpdesk.threads.models import Thread, ThreadEntry
from helpdesk.threads.own_rows import noted_together
from helpdesk.threads.services import NOBODY, NewEntry, Recipients, post_entry
from tickets.constants import TicketState
from tickets.due_dates import due_by_sla
from tickets.filled_forms import FilledForm, form_of_user, search_texts_of
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.names import address_of
from tickets.new_ticket import NewTicket, Origin, ReplyTo
from tickets.notices import autoresponse, canned_reply, new_ticket_alert, over_limit, wants_autoresponse
from tickets.numbers import new_ticket_number
from tickets.prepared_answers import files_of_canned
from tickets.services.assignment import assign_automatically, assign_new
from tickets.services.collaborators import join, join_members
from tickets.services.common import log, record, save_changes
from tickets.services.filtering import Filtered, apply_filters, record_filters
from tickets.services.first_answers import insert_answers
from tickets.services.posting import join_addressed, recipients_of
from tickets.services.referrals import refer_to_departments
from tickets.services.request_keys import known_ticket, remember_key
from tickets.services.routing import Route, resolve
from tickets.services.search_index import entry_row, index, ticket_row, user_row
from tickets.services.status import close_ticket
from tickets.services.submission import (
    check_forms,
    check_request,
    filled_forms,
    open_ticket_limit,
    open_tickets_of,
    refuse_unwelcome,
)
from tickets.signals import send_after_commit, ticket_created
from tickets.states import is_open, remember_thread, thread_of
from tickets.statuses import default_status
from tickets.text_variables import with_values

__all__ = ["NewTicket", "Origin", "create_ticket", "full_topic_name"]

IMPORT_ERROR = "File Import Error"
"""Title of the note that says which file was left out, and why."""
CANNED_POSTER = "SYSTEM (Canned Reply)"
_OF_STRANGERS = frozenset({Origin.WEB, Origin.EMAIL})
"""Ways in by which anybody can make us answer to an address that may be somebody else's."""


def create_ticket(new: NewTicket, *, actor: Actor, now: datetime | None = None) -> Ticket:
    """Open a ticket with its thread, first message, answers, events, mails to send, in one transaction, and give it.

    Raises ValidationFailed for what an origin must bring, TicketInvalid with everything that is wrong in the forms,
    PermissionRefused for agents without `ticket.create` and (`denied`) for senders whom a filter rejects, Conflict when
    the requester has too many open tickets. Source: §6.1.
    """
    return create_or_find(new, actor=actor, now=now)[0]


def create_or_find(new: NewTicket, *, actor: Actor, now: datetime | None = None) -> tuple[Ticket, bool]:
    """Do what `create_ticket` does, and say whether the ticket is new; an earlier request may have made it."""
    now = now or timezone.now()
    earlier = known_ticket(new.key, actor)
    if earlier is not None:
        return earlier, False
    return write_prepared(prepare(new, actor=actor, now=now), actor=actor, now=now)


@dataclass(frozen=True)
class Prepared:
    """A ticket that may be opened: what filters made of it, and its forms."""

    filtered: Filtered
    filled: list[FilledForm]

    def with_collaborators(self, users: Sequence[EndUser]) -> Prepared:
        """The same ticket with more collaborators."""
        new = self.filtered.new
        more = replace(new, collaborators=[*new.collaborators, *users])
        return replace(self, filtered=replace(self.filtered, new=more))


def prepare(new: NewTicket, *, actor: Actor, now: datetime) -> Prepared:
    """Look at everything that could keep a ticket from being opened; raises what `create_ticket` raises.

    To be called outside of transactions: what it writes into the system log has to stay when it refuses.
    """
    new = _with_requester(new)
    check_request(new, actor, now)
    filled = filled_forms(new, new.topic)  # those of other topics, by filter, mailbox or default, are not asked
    filtered = apply_filters(new, filled, actor)
    new = filtered.new
    refuse_unwelcome(new, actor)
    check_forms(new, filled)
    new = replace(new, files=_stored_once(new.files))
    for one in filled:
        one.prepare()
    return Prepared(replace(filtered, new=new), filled)


def write_prepared(prepared: Prepared, *, actor: Actor, now: datetime) -> tuple[Ticket, bool]:
    """Write what `prepare` found good in one transaction; gives ticket and novelty as `create_or_find` does."""
    new = prepared.filtered.new
    try:
        with transaction.atomic(), noted_together():
            ticket = _write(prepared.filtered, prepared.filled, actor, now)
            remember_key(new.key, actor, ticket)
    except IntegrityError:
        earlier = known_ticket(new.key, actor)
        if earlier is None:
            raise
        return earlier, False  # the same request came twice at once, and the other one was faster
    return ticket, True


def full_topic_name(topic: HelpTopic | None) -> str:
    """Give `Parent / Child`, '' without topic; a topic that is its own ancestor ends the list."""
    names: list[str] = []
    seen: set[int] = set()
    while topic is not None and topic.pk not in seen:
        seen.add(topic.pk)
        names.insert(0, topic.topic)
        topic = topic.parent
    return " / ".join(names)


def _with_requester(new: NewTicket) -> NewTicket:
    if new.user is not None or not new.email:
        return new
    return replace(new, user=user_of_address(new.email))


def _stored_once(files: Sequence[NewFile]) -> list[NewFile]:
    """Store the files before the transaction opens; the same content twice is one file, under its last name."""
    stored = [(one, one.stored()) for one in files]
    return list({row.pk: replace(one, content=row) for one, row in stored}.values())


def _write(filtered: Filtered, filled: list[FilledForm], actor: Actor, now: datetime) -> Ticket:
    new = filtered.new
    is_new_user = new.user is None
    if is_new_user:
        new = replace(new, user=_new_user(new, actor, now))
    route = resolve(new)
    subject = _subject(new, filled) or full_topic_name(route.topic)
    ticket = _insert(new, route, actor, now)
    _complete(filled, subject, route)
    insert_answers([(one, ticket.pk) for one in filled], now=now)
    _record_creation(ticket, actor, now)
    has_others = _add_collaborators(ticket, new, actor, now)
    entry = _post_message(ticket, new, subject, has_others=has_others, now=now)
    join_addressed(ticket, new.addressed, writer=ticket.user, actor=actor, now=now)
    mails = record_filters(ticket, filtered, now=now)
    _set_first_status(ticket, new, route.status, actor, now)
    if is_open(ticket):
        _assign(ticket, new, route, actor, now)
    refer_to_departments(ticket, new.own_addressees, now=now)
    canned = _answer_automatically(ticket, entry, new, now)
    _index(ticket, new, filled, subject, entry, is_new_user=is_new_user)
    mails += _mails(ticket, entry, canned, new, actor)
    enqueue(*mail_effects(mails, object_type="ticket", object_id=ticket.pk), now=now)
    log("ticket_created", ticket, actor, origin=new.origin.value)
    send_after_commit(ticket_created, ticket=ticket, actor=actor, entry=entry)
    return ticket


def _new_user(new: NewTicket, actor: Actor, now: datetime) -> EndUser:
    """Make the requester. Guests and programs make themselves known by writing: the system does it for them."""
    maker = actor if actor.agent is not None else Actor.system()
    return find_or_create_user(new.email, new.name, actor=maker, answers=new.user_answers, now=now)


def _insert(new: NewTicket, route: Route, actor: Actor, now: datetime) -> Ticket:
    """Insert ticket and thread. Every ticket starts open, also one that is closed in the next moment."""
    ticket = Ticket.objects.create(
        number=new_ticket_number(route.topic),
        user=new.user,
        status=default_status(),
        dept=route.department,
        sla=route.sla,
        topic=route.topic,
        email=new.mailbox,
        source=route.source,
        ip_address=new.ip_address or actor.ip_address,
        duedate=new.duedate if new.origin is Origin.STAFF else None,
        est_duedate=due_by_sla(route.sla, route.department, now),
        lastupdate=now,
        created=now,
        updated=now,
    )
    thread = Thread.objects.create(object_type=ObjectType.TICKET, object_id=ticket.pk, lastmessage=now, created=now)
    remember_thread(ticket, thread)
    return ticket


def _subject(new: NewTicket, filled: Sequence[FilledForm]) -> str:
    """Give the subject as the form keeps it; without such a field, as it was given."""
    for one in filled:
        known = one.form.field_named("subject")
        if known is not None:
            return str(one.clean.get(known.pk) or "")
    return new.subject


def _complete(filled: Sequence[FilledForm], subject: str, route: Route) -> None:
    """Put in what was decided: the subject, which may be the topic's name, and the priority."""
    for one in filled:
        for name, value in (("subject", subject), ("priority", route.priority)):
            known = one.form.field_named(name)
            if known is not None and not one.is_ignored:
                one.clean[known.pk] = type_of(known).parse(known, value)


def _record_creation(ticket: Ticket, actor: Actor, now: datetime) -> None:
    """The event names the agent, or else the requester, whose name osTicket writes as SYSTEM (§2)."""
    if actor.agent is not None or ticket.user is None:
        record(ticket, "created", actor=actor, now=now)
    else:
        record(ticket, "created", actor=Actor.for_user(ticket.user), now=now, username=SYSTEM_NAME)


def _add_collaborators(ticket: Ticket, new: NewTicket, actor: Actor, now: datetime) -> bool:
    """Add those who were named, then those whom the requester's organization wants on its tickets (§6.1 step 14).

    Gives whether there are any.
    """
    added = [user for user in new.collaborators if join(ticket, user, actor=actor, now=now)]
    return join_members(ticket, actor=actor, now=now) or bool(added)


def _post_message(ticket: Ticket, new: NewTicket, subject: str, *, has_others: bool, now: datetime) -> ThreadEntry:
    for name, reason in new.left_out:
        _post_import_error(ticket, name, reason, now)
    user = ticket.user
    entry = post_entry(
        thread_of(ticket),
        NewEntry(
            type=EntryType.MESSAGE,
            body=new.message or "",
            format=new.format,
            title=html.escape(_title(new.subject or subject), quote=False),
            user=user,
            poster=new.poster or (user.name if user else SYSTEM_NAME),
            flags=EntryFlag.ORIGINAL_MESSAGE,
            source=new.source or "" if new.entry_source is None else new.entry_source,
            ip_address=ticket.ip_address if new.entry_ip is None else new.entry_ip,
            recipients=_recipients(ticket, new, has_others=has_others),
            files=new.files,
        ),
        now=now,
        is_first=True,
    )
    keep_mail(entry, new.mail)
    return entry


def _title(subject: str) -> str:
    """Give the subject as title; nothing but blanks becomes one, as in osTicket."""
    return subject if subject.strip() or not subject else " "


def _recipients(ticket: Ticket, new: NewTicket, *, has_others: bool) -> Recipients:
    if new.recipients is not None:
        return new.recipients
    if new.reply_to is not None:
        return recipients_of(ticket, new.reply_to)
    return recipients_of(ticket, ReplyTo.ALL, without=ticket.user) if has_others else NOBODY


def _post_import_error(ticket: Ticket, name: str, reason: str, now: datetime) -> None:
    """Note a file that was refused: no attachment is lost without a word."""
    note = NewEntry(type=EntryType.NOTE, title=IMPORT_ERROR, body=f"{name}: {reason}", format=TEXT)
    post_entry(thread_of(ticket), note, now=now, is_first=True)


def _set_first_status(ticket: Ticket, new: NewTicket, status: TicketStatus, actor: Actor, now: datetime) -> None:
    """Go from the default status to the wanted one; a ticket that cannot be closed keeps the default (§6.1 step 17)."""
    if status.pk == ticket.status_id:
        return
    if status.state == TicketState.OPEN:
        save_changes(ticket, now=now, status=status)
        record(ticket, "edited", actor=actor, now=now, data={"status": status.pk})
        return
    closer = actor if new.origin is Origin.STAFF and actor.agent is not None else Actor.system()
    try:
        with transaction.atomic():
            close_ticket(ticket, actor=closer, status=status, now=now)
    except DomainError as refusal:
        log("ticket_stays_open", ticket, actor, reason=refusal.code)


def _assign(ticket: Ticket, new: NewTicket, route: Route, actor: Actor, now: datetime) -> None:
    """Assign as it was asked for, else as topic, filter and account manager want it."""
    wanted = new.assign_to
    if wanted is None:
        assign_automatically(ticket, agent=route.agent, team=route.team, now=now)
    elif actor.agent is not None:
        assign_new(ticket, wanted, actor=actor, comments=new.assign_comments, now=now)
    elif isinstance(wanted, Agent):
        assign_automatically(ticket, agent=wanted, now=now, username=SYSTEM_NAME, by_name=True)
    else:
        assign_automatically(ticket, team=wanted, now=now, username=SYSTEM_NAME)


def _answer_automatically(ticket: Ticket, message: ThreadEntry, new: NewTicket, now: datetime) -> ThreadEntry | None:
    """Post the prepared answer that was asked for; the ticket stays unanswered (§15.5)."""
    canned = new.canned_response
    if canned is None or not canned.isenabled:
        return None
    answer = NewEntry(
        type=EntryType.RESPONSE,
        body=with_values(canned.response, ticket),
        poster=CANNED_POSTER,
        parent=message,
        ip_address=message.ip_address,
        files=files_of_canned(canned),
    )
    return post_entry(thread_of(ticket), answer, now=now)


def _index(
    ticket: Ticket,
    new: NewTicket,
    filled: Sequence[FilledForm],
    subject: str,
    entry: ThreadEntry,
    *,
    is_new_user: bool,
) -> None:
    """Make ticket, message and new requester findable, in one statement."""
    rows = [
        ticket_row(ticket.pk, ticket.number or "", subject, search_texts_of(filled)),
        entry_row(entry, new.message or ""),
    ]
    if is_new_user and ticket.user is not None:
        contact = form_of_user(new.user_answers)
        rows.append(
            user_row(
                ticket.user.pk,
                ticket.user.name,
                [address_of(ticket.user)] * 2,  # as osTicket writes the row of a new user
                contact.search_texts() if contact else [],
            )
        )
    index(rows, {(str(ObjectType.THREAD_ENTRY), entry.pk): ticket.pk})


def _mails(
    ticket: Ticket, entry: ThreadEntry, canned: ThreadEntry | None, new: NewTicket, actor: Actor
) -> list[NewMail]:
    """Give the mails about a new ticket (§6.2); reaching the limit of open tickets is noted in the system log."""
    autorespond = new.autorespond and new.origin is not Origin.STAFF and wants_autoresponse(ticket)
    mails: list[NewMail] = []
    if canned is not None:
        mails += canned_reply(ticket, canned) if autorespond else []
    elif autorespond:
        mails += autoresponse(ticket, entry)
    mails += new_ticket_alert(ticket, entry) if new.alert else []
    limit = 0 if new.origin is Origin.STAFF else open_ticket_limit()
    if limit and ticket.user_id is not None and open_tickets_of(ticket.user_id) == limit:
        address = address_of(ticket.user)
        title, text = f"Maximum Open Tickets Limit ({address})", f"Maximum open tickets ({limit}) reached for {address}"
        log_system(LogLevel.WARNING, title, text, actor.ip_address)
        mails += over_limit(ticket, limit=limit, autorespond=autorespond)
    return within_budget(mails, about=f"ticket {ticket.pk}") if new.origin in _OF_STRANGERS else mails
