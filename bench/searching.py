"""The full-text index of a generated help desk, written by a few statements instead of row by row.

Entries get two words more that each stand in one per cent of them: what searches for words of that kind look for.
"""

# ruff: noqa: S608 -- names of tables of ours
from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.db.models import Model

from helpdesk.people.models import EndUser, UserEmail
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread, ThreadEntry
from tickets.models import SearchDocument, SearchEntry, Ticket
from tickets.search.documents import PARTS_TABLE, WORDS_TABLE, number_of

RARE, ODD = 100, 97
"""In one of so many entries stands a word of the first and of the second kind: `rare7`, `odd9`."""


def search_statements() -> Iterator[str]:
    """Give the statements that index all tickets, entries and users."""
    index, ticket, entry = _table(SearchEntry), _table(Ticket), _table(ThreadEntry)
    user, email = _table(EndUser), _table(UserEmail)
    yield f"DELETE FROM {index}"
    words = _joined("COALESCE(body, '')", "' rare'", f"(id % {RARE})", "' odd'", f"(id % {ODD})")
    yield (
        f"INSERT INTO {index} (object_type, object_id, title, content)"
        f" SELECT 'H', id, COALESCE(title, ''), {words} FROM {entry}"
    )
    subject = "COALESCE(answers.subject, '')"
    yield (
        f"INSERT INTO {index} (object_type, object_id, title, content)"
        f" SELECT 'T', t.ticket_id, {_joined('t.number', chr(39) + ' ' + chr(39), subject)}, {subject} FROM {ticket} t"
        f" LEFT JOIN {ticket}__cdata answers ON answers.ticket_id = t.ticket_id"
    )
    yield (
        f"INSERT INTO {index} (object_type, object_id, title, content)"
        f" SELECT 'U', u.id, u.name, COALESCE(e.address, '') FROM {user} u"
        f" LEFT JOIN {email} e ON e.id = u.default_email_id"
    )
    yield from _documents(index, entry)


def _documents(index: str, entry: str) -> Iterator[str]:
    """Give the statements for what PostgreSQL and SQLite search in."""
    if connection.vendor == "mysql":
        return
    offsets = {one: number_of(one, 0) for one in (ObjectType.THREAD_ENTRY, ObjectType.TICKET, ObjectType.USER)}
    number = (
        f"CASE s.object_type {' '.join(f'WHEN {one.value!r} THEN {offset}' for one, offset in offsets.items())} END"
    )
    tickets = (
        f" FROM {index} s LEFT JOIN {entry} e ON s.object_type = 'H' AND e.id = s.object_id"
        f" LEFT JOIN {_table(Thread)} th ON th.id = e.thread_id"
    )
    ticket_id = "CASE s.object_type WHEN 'T' THEN s.object_id WHEN 'H' THEN th.object_id END"
    if connection.vendor == "postgresql":
        plain = "to_tsvector('simple', regexp_replace(hd_fold({}), '[^[:alnum:]]+', ' ', 'g'))"
        yield f"DELETE FROM {SearchDocument._meta.db_table}"
        yield (
            f"INSERT INTO {SearchDocument._meta.db_table} (id, ticket_id, words)"
            f" SELECT {number} + s.object_id, {ticket_id}, setweight({plain.format('s.title')}, 'A')"
            f" || {plain.format('s.content')}{tickets}"
        )
        yield f"VACUUM ANALYZE {SearchDocument._meta.db_table}"
        return
    yield f"DELETE FROM {WORDS_TABLE}"
    yield f"DELETE FROM {PARTS_TABLE}"
    yield (
        f"INSERT INTO {WORDS_TABLE} (rowid, title, content, ticket_id)"
        f" SELECT {number} + s.object_id, hd_fold(s.title), hd_fold(s.content), {ticket_id}{tickets} ORDER BY 1"
    )
    yield f"INSERT INTO {WORDS_TABLE} ({WORDS_TABLE}) VALUES ('optimize')"


def _joined(*parts: str) -> str:
    return f"CONCAT({', '.join(parts)})" if connection.vendor == "mysql" else " || ".join(parts)


def _table(model: type[Model]) -> str:
    return str(model._meta.db_table)
