"""Changing threads: events, entries, collaborators, referrals, drafts.

These are parts of the services of tickets and tasks: they check no permission, because a thread does not know whose it
is, and they run inside the transaction of their caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from helpdesk.legacy.characters import shortened
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.bodies import HTML, NewFile, attach_files, prepare_body
from helpdesk.threads.constants import CollaboratorFlag, EntryFlag, EntryType, ObjectType
from helpdesk.threads.events import EventFacts, record_event
from helpdesk.threads.models import Collaborator, Draft, Referral, Thread, ThreadEntry

__all__ = [
    "EventFacts",
    "MailRecipients",
    "NewEntry",
    "NewFile",
    "Recipients",
    "add_collaborator",
    "create_thread",
    "delete_drafts",
    "post_entry",
    "record_event",
    "refer",
]

POSTER_LENGTH = 128
TITLE_LENGTH = 255
SYSTEM_POSTER = "SYSTEM"


@dataclass(frozen=True)
class Recipients:
    """Whom an entry is addressed to: `Name <address>` by user id (`to`) and by collaborator id (`cc`)."""

    to: Mapping[int, str] = field(default_factory=dict)
    cc: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the addresses."""
        return len(self.to) + len(self.cc)

    def stored(self) -> Any:
        """Give what the column holds (osticket/tickets.md §1.8)."""
        groups = {"to": self.to, "cc": self.cc}
        return {name: {str(k): v for k, v in group.items()} for name, group in groups.items() if group} or None


@dataclass(frozen=True)
class MailRecipients(Recipients):
    """Whom a mail was addressed to, as its headers say it: the column holds lists (osticket/mail.md §3.3)."""

    listed_to: Sequence[str] = ()
    listed_cc: Sequence[str] = ()

    def __len__(self) -> int:
        """Count the addresses."""
        return len(self.listed_to) + len(self.listed_cc)

    def stored(self) -> Any:
        """Give what the column holds."""
        groups = {"to": list(self.listed_to), "cc": list(self.listed_cc)}
        return {name: group for name, group in groups.items() if group} or None


NOBODY = Recipients()
NO_FLAGS = EntryFlag(0)


@dataclass(frozen=True)
class NewEntry:
    """An entry to be posted. Without agent and user it is the system's; `poster` is the name shown with it."""

    type: EntryType
    body: str
    poster: str = SYSTEM_POSTER
    format: str = HTML
    title: str | None = None
    agent: Agent | None = None
    user: EndUser | None = None
    parent: ThreadEntry | None = None
    flags: EntryFlag = NO_FLAGS
    source: str = ""
    ip_address: str = ""
    recipients: Recipients = NOBODY
    files: Sequence[NewFile] = ()


def create_thread(object_type: str, object_id: int, *, now: datetime) -> Thread:
    """Make the thread of a new ticket or task."""
    return Thread.objects.create(object_type=object_type, object_id=object_id, created=now)


def post_entry(thread: Thread, new: NewEntry, *, now: datetime, is_first: bool = False) -> ThreadEntry:
    """Write an entry with its files and give its row (osticket/tickets.md §1.7, §10).

    The body is cleaned; `thread.lastmessage` or `lastresponse` become `now`. With `is_first` the thread is new: it has
    these times already, and no collaborator writes yet. Raises ValidationFailed for empty files.
    """
    prepared = prepare_body(new.body, format=new.format, files=new.files)
    entry = ThreadEntry.objects.create(
        thread=thread,
        parent=new.parent,
        staff=new.agent,
        user=new.user,
        type=new.type,
        flags=_flags(thread, new, prepared.format, is_first=is_first),
        poster=shortened(new.poster, POSTER_LENGTH),
        source=new.source,
        title=_title(new),
        body=prepared.body,
        format=prepared.format,
        ip_address=new.ip_address,
        recipients=new.recipients.stored(),
        created=now,
    )
    attach_files(entry.pk, prepared.files)
    if not is_first:
        _touch(thread, new.type, now)
    return entry


def refer(thread: Thread, object_type: ObjectType, object_id: int, *, now: datetime) -> None:
    """Give an agent, a team or a department access to a thread; an existing referral stays as it is."""
    referral = Referral(thread=thread, object_type=object_type, object_id=object_id, created=now)
    Referral.objects.bulk_create([referral], ignore_conflicts=True)


def withdraw_referral(thread: Thread, object_type: ObjectType, object_id: int) -> None:
    """Take back the referral to an agent, a team or a department, if there is one."""
    thread.referrals.filter(object_type=object_type, object_id=object_id).delete()


def add_collaborator(thread: Thread, user: EndUser, *, now: datetime, is_active: bool = True) -> Collaborator:
    """Make a user a collaborator, or give the row of one who is (osticket/tickets.md §1.11). Records no event."""
    flags = CollaboratorFlag.CC | (CollaboratorFlag.ACTIVE if is_active else CollaboratorFlag(0))
    collaborator, _created = Collaborator.objects.get_or_create(
        thread=thread, user=user, defaults={"flags": flags, "created": now, "updated": now}
    )
    return collaborator


def delete_drafts(namespace: str, *, owner_id: int | None = None) -> None:
    """Delete the drafts of a namespace, of one owner or of all; `ticket.%.7` names every kind of ticket 7's drafts."""
    start, wildcard, end = namespace.partition("%")
    drafts = Draft.objects.filter(namespace=namespace)
    if wildcard:
        drafts = Draft.objects.filter(namespace__startswith=start, namespace__endswith=end)
    if owner_id is not None:
        drafts = drafts.filter(staff_id=owner_id)
    drafts.delete()


def _flags(thread: Thread, new: NewEntry, body_format: str, *, is_first: bool) -> EntryFlag:
    flags = new.flags
    if body_format == HTML:
        flags |= EntryFlag.BALANCED
    if new.agent is None and new.user is None:
        flags |= EntryFlag.SYSTEM
    if new.user is not None and not is_first and thread.collaborators.filter(user=new.user).exists():
        flags |= EntryFlag.COLLABORATOR
    if len(new.recipients) > 1:
        flags |= EntryFlag.REPLY_ALL
    elif len(new.recipients) == 1:
        flags |= EntryFlag.REPLY_USER
    return flags


def _title(new: NewEntry) -> str | None:
    """Messages have the subject as their title, of which the whole is an answer or in the headers of the mail."""
    if new.title is None or new.type is not EntryType.MESSAGE:
        return new.title
    return shortened(new.title, TITLE_LENGTH)


def _touch(thread: Thread, entry_type: EntryType, now: datetime) -> None:
    if entry_type is EntryType.MESSAGE:
        thread.lastmessage = now
        thread.save(update_fields=["lastmessage"])
    elif entry_type is EntryType.RESPONSE:
        thread.lastresponse = now
        thread.save(update_fields=["lastresponse"])
