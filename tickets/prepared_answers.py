"""Texts that an agent puts into a reply: prepared answers, and what was written before (osticket/tickets.md §15.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape, unescape
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of, display_name
from helpdesk.forms.field_types import agent_owner
from helpdesk.forms.field_types.files import upload_ticket
from helpdesk.forms.uploads import message_field
from helpdesk.knowledge.models import CannedResponse
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import ids_in
from helpdesk.people.access import AgentAccess
from helpdesk.threads.bodies import HTML, NewFile, offloaded_bodies
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.drafts import draft_as_text
from helpdesk.threads.html import clean_html, displayed_html, text_as_html
from helpdesk.threads.models import ThreadEntry
from tickets.models import Ticket
from tickets.states import thread_of
from tickets.text_variables import with_values
from tickets.thread_items import visible_entries

if TYPE_CHECKING:
    from helpdesk.knowledge.querysets import CannedResponseQuerySet

CANNED = "C"
"""`attachment.type` of the files of canned responses."""
ORIGINAL = "original"
LAST_MESSAGE = "lastmessage"
ENTRY = "entry-"
"""What keys of quotations of single entries begin with."""
_PICTURE_KEY = re.compile(r'<img\b[^>]*\bsrc="cid:([\w.-]{32})"')
_OWN_PICTURE = re.compile(r'<img\b[^>]*\bsrc="cid:[^>]*>')


@dataclass(frozen=True)
class PreparedFile:
    """A file that comes with an answer; `ticket` hands it in with the reply, as one that was uploaded for it."""

    id: int
    name: str
    size: int
    download_url: str
    ticket: str


@dataclass(frozen=True)
class PreparedAnswer:
    """An answer with its variables replaced, as HTML and as plain text; `id` 0 for a quotation.

    `shown` is the HTML as pages and the editor show it: with links to its pictures.
    """

    id: int
    title: str
    html: str
    text: str
    shown: SafeString
    files: list[PreparedFile] = field(default_factory=list)


def canned_responses(access: AgentAccess, ticket: Ticket | None = None) -> CannedResponseQuerySet:
    """Give the prepared answers that the agent may use: those of all and of the agent's departments (kb.md §4).

    For a ticket, of the departments only its own counts.
    """
    if not configuration.current().boolean("enable_premade"):
        return CannedResponse.objects.none()
    of_ticket = None if ticket is None else ticket.dept_id or 0
    return CannedResponse.objects.usable_in(access.department_ids, ticket_department_id=of_ticket)


def prepared_choices(access: AgentAccess, ticket: Ticket | None = None) -> list[tuple[str, str]]:
    """Give the same by id and title, for people to choose from; their texts are not read."""
    return [(str(pk), title) for pk, title in canned_responses(access, ticket).values_list("pk", "title")]


def prepared_answer(access: AgentAccess, ticket: Ticket, key: str, *, links: LinkMaker) -> PreparedAnswer:
    """Give a canned response by its id, or quote the first message (`original`), the last one (`lastmessage`) or any
    entry (`entry-7`).

    Raises NotFound for what there is not, or not for this agent; the caller has checked the ticket.
    """
    if key in {ORIGINAL, LAST_MESSAGE} or key.startswith(ENTRY):
        return _quotation(ticket, key, links)
    chosen = canned_responses(access, ticket).filter(pk__in=ids_in([key])).first()
    if chosen is None:
        raise NotFound(_("There is no such prepared answer."), code="answer_not_found")
    html = clean_html(with_values(chosen.response, ticket)).html
    shown = _shown(html, CANNED, chosen.pk, links)
    return PreparedAnswer(chosen.pk, chosen.title, html, draft_as_text(html), shown, _files(chosen, links, access))


def files_of_canned(canned: CannedResponse) -> list[NewFile]:
    """Give the files that go with a prepared answer, and the pictures that its text shows."""
    shown = _picture_keys(canned.response)
    rows = Attachment.objects.filter(type=CANNED, object_id=canned.pk, file__isnull=False).select_related("file")
    return [_new_file(row) for row in rows.order_by("pk") if not row.inline or row.file.key.lower() in shown]


def shown_files(access: AgentAccess, ticket: Ticket | None, html: str) -> list[NewFile]:
    """Give the files of the pictures that a text shows, as far as they are the ticket's own or come with a prepared
    answer that the agent may use: an answer that shows them takes them along. A ticket yet to be made has none."""
    keys = _picture_keys(html)
    if not keys:
        return []
    usable = Q(type=CANNED, object_id__in=canned_responses(access).order_by().values("pk"))
    if ticket is not None:
        entries = visible_entries(thread_of(ticket)).order_by().values("pk")
        usable |= Q(type=ObjectType.THREAD_ENTRY, object_id__in=entries)
    rows = Attachment.objects.filter(usable, inline=True, file__isnull=False).select_related("file").order_by("pk")
    found = {row.file.key: row for row in rows if row.file.key.lower() in keys}
    return [_new_file(row) for row in found.values()]


def _picture_keys(html: str) -> set[str]:
    return {key.lower() for key in _PICTURE_KEY.findall(clean_html(html).html)}


def _new_file(row: Attachment) -> NewFile:
    return NewFile(display_name(row), row.file, content_id=row.file.key.lower() if row.inline else "")


def _shown(html: str, object_type: str, object_id: int, links: LinkMaker) -> SafeString:
    rows = attachments_of(object_type, [object_id]).get(object_id, [])
    pictures = {row.file.key.lower(): row for row in rows if row.inline and row.file is not None}

    def address(key: str) -> str | None:
        return links.url(pictures[key], inline=True) if key in pictures else None

    return displayed_html(html, image_url=address)


def _files(canned: CannedResponse, links: LinkMaker, access: AgentAccess) -> list[PreparedFile]:
    message, owner = message_field(), agent_owner(access.agent)

    def ticket_of(file_id: int, name: str) -> str:
        return upload_ticket(message.pk, file_id, name, owner=owner) if message is not None else ""

    return [
        PreparedFile(
            id=row.file.pk,
            name=display_name(row),
            size=row.file.size,
            download_url=links.url(row),
            ticket=ticket_of(row.file.pk, display_name(row)),
        )
        for row in attachments_of(CANNED, [canned.pk]).get(canned.pk, [])
        if row.file is not None and not row.inline
    ]


def _quotation(ticket: Ticket, key: str, links: LinkMaker) -> PreparedAnswer:
    entry = _quoted(ticket, key)
    if entry is None:
        raise NotFound(_("Nobody has written a message yet."), code="answer_not_found")
    body = _body(entry)
    line = _("%(name)s wrote:") % {"name": entry.poster}
    frame = "<p>{}</p><blockquote>{}</blockquote><p></p>"
    html = frame.format(escape(line), _OWN_PICTURE.sub("", body))
    shown = _shown(frame.format(escape(line), body), ObjectType.THREAD_ENTRY, entry.pk, links)
    text = "\n".join([line, *(f"> {row}".rstrip() for row in draft_as_text(body).splitlines()), "", ""])
    return PreparedAnswer(0, str(_("Quotation")), html, text, shown)


def _quoted(ticket: Ticket, key: str) -> ThreadEntry | None:
    entries = visible_entries(thread_of(ticket))
    if key.startswith(ENTRY):
        number = key.removeprefix(ENTRY)
        return entries.filter(pk__in=ids_in([number])).first()
    messages = entries.filter(type=EntryType.MESSAGE)
    if key == LAST_MESSAGE:
        return messages.last()
    return next((one for one in messages if one.flags & EntryFlag.ORIGINAL_MESSAGE), messages.first())


def _body(entry: ThreadEntry) -> str:
    """Give the text as HTML."""
    stored = entry.body
    if not stored:
        attachments = attachments_of(ObjectType.THREAD_ENTRY, [entry.pk])
        stored = offloaded_bodies(attachments, [entry.pk]).get(entry.pk, "")
    if entry.format != HTML:
        return text_as_html(unescape(stored))
    return clean_html(stored).html
