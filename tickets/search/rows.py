"""The rows of the index, made from what is stored: of objects that changed, or of all (`manage.py reindex`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from django.db.models import Q

from helpdesk.files.models import Attachment
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.models import FormAnswer
from helpdesk.knowledge.models import Faq
from helpdesk.people.models import EndUser, Organization, UserEmail
from helpdesk.threads.bodies import offloaded_bodies
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import ThreadEntry
from tickets.models import SearchEntry, Ticket
from tickets.services.search_index import (
    entry_row,
    faq_row,
    index,
    index_documents,
    organization_row,
    ticket_row,
    unindex,
    user_row,
)

INDEXED_TYPES = (
    ObjectType.TICKET,
    ObjectType.THREAD_ENTRY,
    ObjectType.USER,
    ObjectType.ORGANIZATION,
    ObjectType.FAQ,
)
_TICKET_THREADS = frozenset({ObjectType.TICKET, ObjectType.MERGED_TICKET})
Tickets = dict[tuple[str, int], int | None]


def reindex(object_type: str, ids: Collection[int]) -> int:
    """Write the rows of these objects that say something else now, and remove those of objects that are gone.

    Gives how many objects there are. What osTicket wrote stays as it is while it says the same.
    """
    tickets: Tickets = {}
    rows = [row for row in _MAKERS[ObjectType(object_type)](ids, tickets) if row.title or row.content]
    stored = SearchEntry.objects.filter(object_type=object_type, object_id__in=ids)
    known = {pk: (title, content) for pk, title, content in stored.values_list("object_id", "title", "content")}
    changed = [row for row in rows if known.get(row.object_id) != (row.title, row.content)]
    index(changed, tickets)
    index_documents([row for row in rows if known.get(row.object_id) == (row.title, row.content)], tickets)
    unindex(object_type, set(ids) - {row.object_id for row in rows})
    return len(rows)


def _tickets(ids: Collection[int], tickets: Tickets) -> list[SearchEntry]:
    texts, subjects = _answers(EntryObject.TICKET, ids)
    numbers = Ticket.objects.filter(pk__in=ids).values_list("pk", "number")
    return [ticket_row(pk, number or "", subjects.get(pk, ""), texts.get(pk, ())) for pk, number in numbers]


def _entries(ids: Collection[int], tickets: Tickets) -> list[SearchEntry]:
    """Entries of people alone: what the system noted is not searched for (osticket/queues.md §9)."""
    by_people = Q(user__isnull=False) | Q(staff__isnull=False)
    written = ThreadEntry.objects.filter(by_people, pk__in=ids).select_related("thread")
    found = list(written.only("title", "body", "format", "thread__object_id", "thread__object_type"))
    stored_elsewhere = [entry.pk for entry in found if not entry.body]
    bodies = _bodies(stored_elsewhere)
    for entry in found:
        of_ticket = entry.thread is not None and entry.thread.object_type in _TICKET_THREADS
        tickets[ObjectType.THREAD_ENTRY, entry.pk] = entry.thread.object_id if of_ticket and entry.thread else None
    return [entry_row(entry, bodies.get(entry.pk, "")) for entry in found]


def _bodies(ids: Collection[int]) -> Mapping[int, str]:
    if not ids:
        return {}
    attached: dict[int, list[Attachment]] = defaultdict(list)
    rows = Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, object_id__in=ids).select_related("file")
    for attachment in rows:
        attached[attachment.object_id].append(attachment)
    return offloaded_bodies(attached, ids)


def _users(ids: Collection[int], tickets: Tickets) -> list[SearchEntry]:
    texts, _names = _answers(EntryObject.USER, ids)
    addresses: dict[int | None, list[str]] = defaultdict(list)
    for user_id, address in UserEmail.objects.filter(user__in=ids).order_by("pk").values_list("user_id", "address"):
        addresses[user_id].append(address)
    people = EndUser.objects.filter(pk__in=ids).values_list("pk", "name", "default_email__address")
    return [
        user_row(pk, name, [default, *addresses[pk]] if default else addresses[pk], texts.get(pk, ()))
        for pk, name, default in people
    ]


def _organizations(ids: Collection[int], tickets: Tickets) -> list[SearchEntry]:
    texts, _names = _answers(EntryObject.ORGANIZATION, ids)
    rows = Organization.objects.filter(pk__in=ids).values_list("pk", "name")
    return [organization_row(pk, name, texts.get(pk, ())) for pk, name in rows]


def _faqs(ids: Collection[int], tickets: Tickets) -> list[SearchEntry]:
    return [
        faq_row(pk, question, answer or "", keywords or "")
        for pk, question, answer, keywords in Faq.objects.filter(pk__in=ids).values_list(
            "pk", "question", "answer", "keywords"
        )
    ]


_MAKERS: dict[ObjectType, Callable[[Collection[int], Tickets], list[SearchEntry]]] = {
    ObjectType.TICKET: _tickets,
    ObjectType.THREAD_ENTRY: _entries,
    ObjectType.USER: _users,
    ObjectType.ORGANIZATION: _organizations,
    ObjectType.FAQ: _faqs,
}


def _answers(object_type: EntryObject, ids: Collection[int]) -> tuple[dict[int, list[str]], dict[int, str]]:
    """Give the searchable answers of objects by id, and the one of the field `subject`."""
    answers = FormAnswer.objects.filter(entry__object_type=object_type, entry__object_id__in=ids, value__isnull=False)
    texts: dict[int, list[str]] = defaultdict(list)
    subjects: dict[int, str] = {}
    rows = answers.exclude(value="").select_related("field", "entry").order_by("field__sort", "entry__sort", "entry_id")
    for answer in rows:
        field, object_id = answer.field, answer.entry.object_id if answer.entry else None
        if field is None or object_id is None or not has_answers(field):
            continue
        field_type = type_of(field)
        clean = field_type.from_database(field, StoredAnswer(answer.value, answer.value_id))
        text = field_type.search_text(field, clean)
        if text:
            texts[object_id].append(text)
            if field.name == "subject":
                subjects[object_id] = text
    return texts, subjects
