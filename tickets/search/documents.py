"""Documents beside `_search`: what PostgreSQL and SQLite find words in. MySQL searches `_search` itself, as PHP does.

A document has one number for type and id, so that those of a type lie together and the newest come last. Texts are
stored as folded words, so that every engine finds the same (`helpdesk.legacy.folding`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from helpdesk.threads.constants import ObjectType
from tickets.models import SearchDocument
from tickets.search.words import tokens

WORDS_TABLE, PARTS_TABLE = "hd_search_words", "hd_search_parts"
"""SQLite's tables for words and, of everything but entries in alphabets with blanks, for parts of words."""
TYPES = (ObjectType.THREAD_ENTRY, ObjectType.TICKET, ObjectType.USER, ObjectType.ORGANIZATION, ObjectType.FAQ)
_SPAN = 1 << 40
"""Numbers that a type has room for."""
_WITHOUT_BLANKS = (("\u0e00", "\u0eff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uac00", "\ud7af"))
"""Thai and Lao, Japanese, Chinese, Korean: words are not told apart by blanks."""


@dataclass(frozen=True)
class Document:
    """What is found: `ticket_id` is the ticket that it leads to, None for those of several or of none."""

    object_type: str
    object_id: int
    ticket_id: int | None
    title: str
    content: str


def number_of(object_type: str, object_id: int) -> int:
    """Give the number of a document."""
    return TYPES.index(ObjectType(object_type)) * _SPAN + object_id


def object_of(number: int) -> tuple[str, int]:
    """Give type and id by the number."""
    place, object_id = divmod(number, _SPAN)
    return str(TYPES[place]), object_id


def bounds_of(object_type: str) -> tuple[int, int]:
    """Give the lowest and the highest number of a type."""
    first = number_of(object_type, 0)
    return first, first + _SPAN - 1


def has_documents() -> bool:
    """Whether this engine searches in documents of ours."""
    return connection.vendor != "mysql"


def write_documents(documents: Sequence[Document]) -> None:
    """Write documents, or replace them."""
    known = [document for document in documents if document.object_type in {str(one) for one in TYPES}]
    if not known or not has_documents():
        return
    if connection.vendor == "postgresql":
        _write_postgresql(known)
    else:
        _write_sqlite(known)


def remove_documents(object_type: str, ids: Collection[int]) -> None:
    """Remove the documents of deleted objects."""
    numbers = [number_of(object_type, pk) for pk in ids]
    if not numbers or not has_documents():
        return
    SearchDocument.objects.filter(pk__in=numbers).delete()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for table in (WORDS_TABLE, PARTS_TABLE):
                cursor.executemany(f"DELETE FROM {table} WHERE rowid = %s", [(number,) for number in numbers])  # noqa: S608


def forget_documents() -> None:
    """Remove all documents."""
    SearchDocument.objects.all().delete()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for table in (WORDS_TABLE, PARTS_TABLE):
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608


def _write_postgresql(documents: Sequence[Document]) -> None:
    parameters: list[Any] = []
    for document in documents:
        title, content = (" ".join(tokens(text)) for text in (document.title, document.content))
        number = number_of(document.object_type, document.object_id)
        parameters += [number, document.ticket_id, title, content]
    row = "(%s, %s::bigint, setweight(to_tsvector('simple', %s), 'A') || to_tsvector('simple', %s))"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {SearchDocument._meta.db_table} (id, ticket_id, words)"  # noqa: S608
            f" VALUES {', '.join([row] * len(documents))}"
            " ON CONFLICT (id) DO UPDATE SET ticket_id = EXCLUDED.ticket_id, words = EXCLUDED.words",
            parameters,
        )


def _write_sqlite(documents: Sequence[Document]) -> None:
    words: list[Any] = []
    parts: list[tuple[int, str]] = []
    for document in documents:
        title, content = (" ".join(tokens(text)) for text in (document.title, document.content))
        number = number_of(document.object_type, document.object_id)
        words += [number, title, content, document.ticket_id]
        if document.object_type != ObjectType.THREAD_ENTRY:
            parts.append((number, f"{title} {content}"))
        elif lacks_blanks(content):
            parts.append((number, content))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO {WORDS_TABLE} (rowid, title, content, ticket_id)"  # noqa: S608
            f" VALUES {', '.join(['(%s, %s, %s, %s)'] * len(documents))}",
            words,
        )
        if parts:
            cursor.execute(
                f"INSERT OR REPLACE INTO {PARTS_TABLE} (rowid, parts)"  # noqa: S608
                f" VALUES {', '.join(['(%s, %s)'] * len(parts))}",
                [value for part in parts for value in part],
            )


def lacks_blanks(text: str) -> bool:
    """Whether a text is (partly) in a writing that does not tell words apart by blanks."""
    return not text.isascii() and any(first <= letter <= last for letter in text for first, last in _WITHOUT_BLANKS)


def documents_of(rows: Iterable[Any], tickets: Mapping[tuple[str, int], int | None]) -> list[Document]:
    """Make documents of rows of `_search`, with the tickets that they lead to."""
    return [
        Document(
            row.object_type,
            row.object_id,
            tickets.get((row.object_type, row.object_id)),
            row.title or "",
            row.content or "",
        )
        for row in rows
    ]
