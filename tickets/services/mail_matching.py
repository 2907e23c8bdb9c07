"""Which thread a mail belongs to: signed Message-IDs, mails that are stored, numbers in subjects (mail.md §4.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from helpdesk.legacy.message_ids import OutgoingMessageId, find_outgoing_message_ids
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.mail.incoming import IncomingMail
from helpdesk.people.selectors import user_of_address
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.mails import LONGEST_MESSAGE_ID
from helpdesk.threads.models import Collaborator, EntryEmail, Thread, ThreadEntry
from tickets.intake import by_id, intake
from tickets.models import Ticket
from tickets.registries import MailPlace, mail_receiver
from tickets.services.posting import last_message
from tickets.states import remember_thread

MOST_REFERENCES = 50
_NUMBER = re.compile(r"#((?:[^\w\s]*\w+)+)")
_MARK = re.compile(r"(?:class=\"mid-|Ref-Mid: )([^\"\s]*)(?:\s?\Z|\")")
_TICKETS = (ObjectType.TICKET, ObjectType.MERGED_TICKET)


@dataclass(frozen=True)
class Match:
    """Where a mail belongs: `place` is a ticket, or what else has a conversation (a task).

    `signed` is the Message-ID of ours that it answers, None where only its headers say so. Without `is_told` the mail
    answers another mail that came in: its writers have each other's addresses, nobody needs to hear of it from us.
    """

    place: MailPlace
    entry: ThreadEntry | None
    signed: OutgoingMessageId | None = None
    is_told: bool = True
    thread: Thread | None = None


@dataclass(frozen=True)
class KnownMails:
    """The stored mails that a mail may be or may answer: Message-IDs as they are stored and entries, newest first."""

    rows: Sequence[tuple[str, ThreadEntry]]

    def exactly(self, message_id: str) -> ThreadEntry | None:
        """Give the newest entry with this Message-ID, letter by letter."""
        return next((entry for mid, entry in self.rows if mid == message_id), None)

    def first_of(self, message_ids: Sequence[str]) -> ThreadEntry | None:
        """Give the oldest entry of the first of these Message-IDs that is known, in any letter case."""
        found = {mid.lower(): entry for mid, entry in self.rows}
        return next((found[one.lower()] for one in message_ids if one.lower() in found), None)


def known_mails(mail: IncomingMail) -> KnownMails:
    """Read what is stored of a mail and of those that it answers, all at once; denied mails came to nothing."""
    wanted = _stored([mail.message_id, *_candidates(mail)])
    found = EntryEmail.objects.filter(mid__in=wanted).order_by("-id").values_list("mid", "entry_id")
    rows = [(mid, pk) for mid, pk in found if pk]
    if not rows:
        return KnownMails(())
    entries = ThreadEntry.objects.select_related("thread").defer("body").in_bulk({pk for _mid, pk in rows})
    return KnownMails([(mid, entries[pk]) for mid, pk in rows if pk in entries])


def earlier_mail(mail: IncomingMail, known: KnownMails) -> MailPlace | None:
    """Give where exactly this mail came to before."""
    entry = known.exactly(*_stored([mail.message_id]))
    return _place_of(entry.thread) if entry is not None else None


def own_mail(mail: IncomingMail) -> MailPlace | None:
    """Give what a mail is about that we sent ourselves and that came back (a loop)."""
    for signed in _genuine([mail.message_id]):
        place = _place_of(Thread.objects.filter(pk=signed.thread_id).first())
        if place is not None:
            return place
    return None


def match_of(mail: IncomingMail, known: KnownMails) -> Match | None:
    """Find where a mail belongs: the first of the ways of osTicket's order that leads somewhere."""
    candidates = _candidates(mail)
    genuine = _genuine(candidates)
    return (
        _by_spelling(mail, known)
        or _by_entry(genuine)
        or _by_stored_mail(candidates, known)
        or _by_number(mail)
        or _by_thread(genuine)
    )


def _candidates(mail: IncomingMail) -> list[str]:
    """Give the Message-IDs that the mail answers, the nearest first, then the one in its text."""
    found = list(mail.answers_to[:MOST_REFERENCES])
    if (mark := _MARK.search(mail.body)) is not None:
        found.append(f"<{mark[1]}>")
    return list(dict.fromkeys(found))


def _stored(message_ids: Sequence[str]) -> list[str]:
    return [one[:LONGEST_MESSAGE_ID] for one in message_ids]


def _genuine(candidates: Sequence[str]) -> list[OutgoingMessageId]:
    return [
        one for text in candidates for one in find_outgoing_message_ids(text) if one.is_genuine(settings.SECRET_SALT)
    ]


def _by_spelling(mail: IncomingMail, known: KnownMails) -> Match | None:
    """Find a mail whose Message-ID differs from this one's by case only; osTicket takes this one for a reply to it."""
    return _by_stored_mail([mail.message_id], known, is_told=True)


def _by_entry(genuine: Sequence[OutgoingMessageId]) -> Match | None:
    entries = ThreadEntry.objects.select_related("thread").in_bulk({one.entry_id for one in genuine if one.entry_id})
    for one in genuine:
        entry = entries.get(one.entry_id)
        if entry is not None and entry.thread_id == one.thread_id:
            place = _place_of(entry.thread)
            if place is not None:
                return Match(place, entry, one, thread=entry.thread)
    return None


def _by_stored_mail(message_ids: Sequence[str], known: KnownMails, *, is_told: bool = False) -> Match | None:
    entry = known.first_of(_stored(message_ids))
    place = _place_of(entry.thread) if entry is not None else None
    return Match(place, entry, is_told=is_told) if place is not None else None


def _by_number(mail: IncomingMail) -> Match | None:
    """Find the ticket whose number is in the subject, if the sender is its owner or a collaborator."""
    number = _NUMBER.search(mail.subject)
    if number is None or mail.sender is None or (user := user_of_address(mail.sender.address)) is None:
        return None
    threads = Collaborator.objects.filter(user=user, thread__object_type=ObjectType.TICKET)
    tickets = _tickets().filter(number=number[1])
    own = tickets.filter(Q(user=user) | Q(pk__in=threads.values("thread__object_id")))
    ticket = _with_kept_rows(own.first())
    entry = last_message(ticket) if ticket is not None else None
    return Match(ticket, entry) if ticket is not None and entry is not None else None


def _by_thread(genuine: Sequence[OutgoingMessageId]) -> Match | None:
    """Find the thread where the entry has gone, or has moved to the ticket that this one was merged into."""
    threads = Thread.objects.in_bulk({one.thread_id for one in genuine})
    for one in genuine:
        thread = threads.get(one.thread_id)
        if (place := _place_of(thread)) is not None:
            return Match(place, None, one, thread=thread)
    return None


def _place_of(thread: Thread | None) -> MailPlace | None:
    if thread is None:
        return None
    if thread.object_type in _TICKETS:
        ticket = _with_kept_rows(_ticket_by_id.first(thread.object_id))
        if ticket is not None and thread.object_type == ObjectType.TICKET:
            remember_thread(ticket, thread)
        return ticket
    receiver = mail_receiver(thread.object_type)
    return receiver.find(thread.object_id) if receiver is not None else None


def _tickets() -> QuerySet[Ticket]:
    return Ticket.objects.select_related("user__default_email")


_ticket_by_id = PreparedRead(Ticket, lambda ticket_id: _tickets().filter(pk=ticket_id))


def _with_kept_rows(ticket: Ticket | None) -> Ticket | None:
    """Give a ticket whose status and department come from memory."""
    if ticket is not None:
        kept = intake()
        for name, rows, pk in (
            ("status", kept.statuses, ticket.status_id),
            ("dept", kept.departments, ticket.dept_id),
        ):
            if (row := by_id(rows, pk)) is not None:
                setattr(ticket, name, row)
    return ticket
