"""Rows of the full-text index (osticket/queues.md §9), and the documents of the engines that search beside it.

Whoever makes something writes its row with it; what changes later is followed by `tickets.search.upkeep`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils.html import strip_tags

from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.selectors import answers_of
from helpdesk.threads.bodies import HTML
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.html import text_of_html
from helpdesk.threads.models import ThreadEntry
from tickets.models import SearchEntry, Ticket
from tickets.search.documents import documents_of, has_documents, remove_documents, write_documents

_BLANKS = re.compile(r"\s+")
LONGEST_CONTENT = 65_535
"""Bytes that the column holds."""


def index(rows: Iterable[SearchEntry], tickets: Mapping[tuple[str, int], int | None] | None = None) -> None:
    """Write rows and documents; those that are there already are replaced, empty ones are not written.

    `tickets` names the ticket that an entry leads to, by type and id; others are looked up where it matters.
    """
    rows = [row for row in rows if row.title or row.content]
    if not rows:
        return
    has_target = connection.features.supports_update_conflicts_with_target
    SearchEntry.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=["title", "content"],
        unique_fields=["object_type", "object_id"] if has_target else None,
    )
    noted().difference_update((row.object_type, row.object_id) for row in rows)
    index_documents(rows, tickets)


def index_documents(rows: Sequence[SearchEntry], tickets: Mapping[tuple[str, int], int | None] | None = None) -> None:
    """Write the documents of rows that are in the table; `tickets` as for `index`."""
    if not has_documents():
        return
    given = dict(tickets or {})
    entries = [row.object_id for row in rows if row.object_type == ObjectType.THREAD_ENTRY]
    unknown = [pk for pk in entries if (str(ObjectType.THREAD_ENTRY), pk) not in given]
    found = tickets_of_entries(unknown)
    given |= {(str(ObjectType.THREAD_ENTRY), pk): ticket_id for pk, ticket_id in found.items()}
    known = {(row.object_type, row.object_id): row.object_id for row in rows if row.object_type == ObjectType.TICKET}
    write_documents(documents_of(rows, {**known, **given}))


def index_ticket(ticket: Ticket) -> None:
    """Write the row of a ticket anew from its number and its answers, in two statements."""
    subject = ""
    texts: list[tuple[int, str]] = []
    for answer in answers_of(EntryObject.TICKET, ticket.pk):
        field = answer.field
        if field is None or not has_answers(field):
            continue
        clean = type_of(field).from_database(field, StoredAnswer(answer.value, answer.value_id))
        if field.name == "subject" and answer.entry.form is not None and answer.entry.form.type == EntryObject.TICKET:
            subject = answer.value or ""
        texts.append((field.sort or 0, type_of(field).search_text(field, clean)))
    found = [text for _place, text in sorted(texts, key=lambda one: one[0]) if text]
    index([ticket_row(ticket.pk, ticket.number or "", subject, found)])


def tickets_of_entries(ids: Collection[int]) -> dict[int, int | None]:
    """Give the tickets that entries lead to: those of their threads, of merged tickets too; tasks have none."""
    if not ids:
        return {}
    threads = (ObjectType.TICKET, ObjectType.MERGED_TICKET)
    rows = ThreadEntry.objects.filter(pk__in=ids, thread__object_type__in=threads)
    return dict(rows.values_list("pk", "thread__object_id"))


def unindex(object_type: str, ids: Collection[int]) -> None:
    """Remove the rows and documents of what is deleted."""
    if ids:
        SearchEntry.objects.filter(object_type=object_type, object_id__in=list(ids)).delete()
        remove_documents(object_type, ids)


def index_entry(entry: ThreadEntry, body: str, ticket_id: int | None) -> None:
    """Write the row of an entry that was just posted or edited; system entries are not found (§9)."""
    index([entry_row(entry, body)], {(str(ObjectType.THREAD_ENTRY), entry.pk): ticket_id})


def organization_row(organization_id: int, name: str, answers: Iterable[str]) -> SearchEntry:
    """Give the row of an organization."""
    return _row(ObjectType.ORGANIZATION, organization_id, name, "\n".join(answers))


def faq_row(faq_id: int, question: str, answer: str, keywords: str) -> SearchEntry:
    """Give the row of an FAQ: found by question, answer and keywords."""
    return _row(ObjectType.FAQ, faq_id, question, f"{html.unescape(strip_tags(_spaced(answer)))}\n{keywords}".strip())


def user_row(user_id: int, name: str, addresses: Sequence[str], answers: Iterable[str]) -> SearchEntry:
    """Give the row of an end user: found by name, answers and all addresses."""
    words = "\n".join(answers)
    return _row(ObjectType.USER, user_id, name, f"{words} " + "\n".join(addresses))


def noted() -> set[tuple[str, int]]:
    """Give type and id of what is to be indexed after the running transaction of this thread's connection.

    `django.db.connection` itself is one object for all threads, which would index what another one has not committed.
    """
    found: set[tuple[str, int]] = vars(connections[DEFAULT_DB_ALIAS]).setdefault("_noted_for_search", set())
    return found


def forget_noted() -> set[tuple[str, int]]:
    """Give what was noted, and note nothing any more."""
    found = set(noted())
    noted().clear()
    return found


def ticket_row(ticket_id: int, number: str, subject: str, answers: Iterable[str]) -> SearchEntry:
    """Give the row of a ticket: found by number, subject and answers."""
    return _row(ObjectType.TICKET, ticket_id, f"{number} {subject}", "\n".join(answers))


def entry_row(entry: ThreadEntry, body: str) -> SearchEntry:
    """Give the row of an entry; `body` is its text where that is stored as a file."""
    stored = entry.body or body
    text = text_of_html(_spaced(stored)) if entry.format == HTML else stored
    row = _row(ObjectType.THREAD_ENTRY, entry.pk, "", text.strip())
    row.title = entry.title or ""  # as it is stored, blanks and all
    return row


def _row(object_type: str, object_id: int, title: str, content: str) -> SearchEntry:
    return SearchEntry(object_type=object_type, object_id=object_id, title=_tidy(title), content=_tidy(content))


def _spaced(body: str) -> str:
    """Keep words apart that only a tag separates."""
    return re.sub(r"<(?=/?(?:br|p|div|li|tr|td|th|h\d|table|blockquote)\b)", " <", body, flags=re.IGNORECASE)


def _tidy(text: str) -> str:
    """Normalise a text; a run of blanks becomes the first of them, as osTicket does it."""
    tidy = _BLANKS.sub(lambda blanks: blanks[0][0], unicodedata.normalize("NFC", text))
    return tidy.encode("utf-8", "replace")[:LONGEST_CONTENT].decode("utf-8", "ignore")
