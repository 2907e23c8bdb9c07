"""Looking words up in the three engines.

`find_documents` gives the newest or the best matching documents of a type, each with the ticket it leads to. What is
asked of an engine is bounded: a number of documents, and the newest slice where words are so common that all matches
would take long (`tickets.search.common_words`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import connection

from helpdesk.threads.constants import ObjectType
from tickets.models import SearchDocument, SearchEntry
from tickets.search.documents import PARTS_TABLE, WORDS_TABLE, bounds_of, lacks_blanks, number_of, object_of
from tickets.search.words import Term, WordQuery, tokens
from tickets.services.search_index import tickets_of_entries

SLICE = 10_000
"""How many of the newest entries are looked at for common words."""

_AT_ONCE = 500
"""For how many objects one statement asks whether they match."""


@dataclass(frozen=True)
class Found:
    """A document that matches: of a user it leads to no single ticket."""

    object_id: int
    ticket_id: int | None


def find_documents(
    query: WordQuery, object_type: str, *, ranked: bool, limit: int, newest_slice: bool = False
) -> list[Found]:
    """Give the documents of a type that match, the newest or (`ranked`) the best ones first.

    `newest_slice` looks at the last SLICE of them only.
    """
    if query.is_empty:
        return []
    if connection.vendor == "mysql":
        return _mysql(query, object_type, ranked=ranked, limit=limit, newest_slice=newest_slice)
    lowest, highest = bounds_of(object_type)
    if newest_slice:
        lowest = max(lowest, _newest(object_type, lowest, highest) - SLICE)
    if connection.vendor == "postgresql":
        is_few = object_type == ObjectType.USER  # people have an index of their own, which asks for their numbers
        sql, parameters = _postgresql(query, ranked=ranked, newest_slice=newest_slice or is_few)
    elif any(lacks_blanks(word) for term in query.terms() for word in term.words):
        return _sqlite_parts(query, object_type, lowest, highest, limit)
    else:
        sql, parameters = _sqlite(query, ranked=ranked)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, lowest, highest, limit])
        return [Found(object_of(number)[1], ticket_id) for number, ticket_id in cursor.fetchall()]


def find_documents_of(
    query: WordQuery, limits: Mapping[str, int], *, ranked: bool, newest_slice: bool = False
) -> dict[str, list[Found]]:
    """Give what `find_documents` gives, for several types, each with its limit.

    MySQL finds the matches of all types for each: the newest ones are asked for together.
    """
    if connection.vendor == "mysql" and not (query.is_empty or ranked or newest_slice):
        return _mysql_together(query, limits)
    return {
        object_type: find_documents(query, object_type, ranked=ranked, limit=limit, newest_slice=newest_slice)
        for object_type, limit in limits.items()
    }


def matching_of(query: WordQuery, object_type: str, ids: Sequence[int]) -> set[int]:
    """Give those of these objects of a type whose documents match, however many others do."""
    found: set[int] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        if connection.vendor == "mysql":
            # Its index would give all matches before it looks at the ids.
            rows = SearchEntry.objects.filter(object_type=object_type, object_id__in=some)
            texts = rows.values_list("object_id", "title", "content")
            found |= {pk for pk, title, content in texts if matches(query, f"{title or ''}\n{content or ''}")}
            continue
        numbers = [number_of(object_type, pk) for pk in some]
        marks = ", ".join(["%s"] * len(numbers))
        if connection.vendor == "postgresql":
            # Added to nothing, the words are no reason to go through the index of all that have them.
            table = SearchDocument._meta.db_table
            sql = f"SELECT id FROM {table} WHERE id IN ({marks}) AND (words || ''::tsvector) @@ %s::tsquery"  # noqa: S608
            text = tsquery_text(query)
        else:
            is_part = any(lacks_blanks(word) for term in query.terms() for word in term.words)
            table, text = WORDS_TABLE, fts5_text(query)
            if is_part:
                table, text = PARTS_TABLE, text.replace('"*', '"')
            sql = f"SELECT rowid FROM {table} WHERE rowid IN ({marks}) AND {table} MATCH %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [*numbers, text])
            found |= {object_of(row[0])[1] for row in cursor.fetchall()}
    return found


def _newest(object_type: str, lowest: int, highest: int) -> int:
    """Give the number of the newest document."""
    table = WORDS_TABLE if connection.vendor == "sqlite" else SearchDocument._meta.db_table
    column = "rowid" if connection.vendor == "sqlite" else "id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {table} WHERE {column} BETWEEN %s AND %s ORDER BY {column} DESC LIMIT 1",  # noqa: S608
            [lowest, highest],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else lowest


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _sqlite(query: WordQuery, *, ranked: bool) -> tuple[str, list[str]]:
    order = "bm25(hd_search_words, 4.0, 1.0)" if ranked else "rowid DESC"
    sql = (
        f"SELECT rowid, ticket_id FROM {WORDS_TABLE} WHERE {WORDS_TABLE} MATCH %s"  # noqa: S608
        f" AND rowid BETWEEN %s AND %s ORDER BY {order} LIMIT %s"
    )
    return sql, [fts5_text(query)]


def _sqlite_parts(query: WordQuery, object_type: str, lowest: int, highest: int, limit: int) -> list[Found]:
    """Look for parts of words: a word of a writing without blanks stands within a longer run of letters."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid FROM {PARTS_TABLE} WHERE {PARTS_TABLE} MATCH %s"  # noqa: S608
            " AND rowid BETWEEN %s AND %s ORDER BY rowid DESC LIMIT %s",
            [fts5_text(query).replace('"*', '"'), lowest, highest, limit],
        )
        ids = [object_of(row[0])[1] for row in cursor.fetchall()]
    return [Found(pk, ticket_id) for pk, ticket_id in with_tickets(object_type, ids)]


def fts5_text(query: Term | WordQuery) -> str:
    """Give the query in the language of FTS5."""
    if isinstance(query, Term):
        return f'"{" ".join(query.words)}"{"*" if query.is_prefix else ""}'
    if query.required:
        text = " AND ".join(f"({fts5_text(part)})" for part in query.required)
    else:
        text = " OR ".join(f"({fts5_text(part)})" for part in query.optional)
    if query.excluded:  # all at once: FTS5 counts how deep brackets go
        text = f"({text}) NOT ({' OR '.join(f'({fts5_text(part)})' for part in query.excluded)})"
    return text


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _postgresql(query: WordQuery, *, ranked: bool, newest_slice: bool) -> tuple[str, list[str]]:
    table, text = SearchDocument._meta.db_table, tsquery_text(query)
    order = "ts_rank(words, %s::tsquery) DESC, id DESC" if ranked else "id DESC"
    # Added to a number, the id is nothing to walk along: otherwise planners look at all documents for rare words.
    column = "id" if newest_slice else "id + 0"
    if not ranked:
        order = f"{column} DESC"
    sql = (
        f"SELECT id, ticket_id FROM {table} WHERE words @@ %s::tsquery AND {column} BETWEEN %s AND %s"  # noqa: S608
        f" ORDER BY {order} LIMIT %s"
    )
    if not ranked:
        return sql, [text]
    # The parameters of the order come after those of the range.
    ranked_sql = (
        f"SELECT id, ticket_id FROM {table}, (SELECT %s::tsquery AS asked) AS query"  # noqa: S608
        f" WHERE words @@ asked AND {column} BETWEEN %s AND %s ORDER BY ts_rank(words, asked) DESC, id DESC LIMIT %s"
    )
    return ranked_sql, [text]


def tsquery_text(query: Term | WordQuery) -> str:
    """Give the query in the language of PostgreSQL; words are folded, so they need no escaping but quotes."""
    if isinstance(query, Term):
        words = [f"'{word}'" for word in query.words]
        return " <-> ".join(words) + (":*" if query.is_prefix else "")
    parts, operator = (query.required, " & ") if query.required else (query.optional, " | ")
    text = operator.join(f"({tsquery_text(part)})" for part in parts)
    for part in query.excluded:
        text = f"({text}) & !({tsquery_text(part)})"
    return text


# --- MySQL ------------------------------------------------------------------------------------------------------------


def _mysql(query: WordQuery, object_type: str, *, ranked: bool, limit: int, newest_slice: bool) -> list[Found]:
    table = connection.ops.quote_name(SearchEntry._meta.db_table)
    if newest_slice:
        ids = _mysql_slice(query, object_type, table, limit)
    else:
        match = "MATCH (title, content) AGAINST (%s IN BOOLEAN MODE)"
        order = f"{match} DESC, object_id DESC" if ranked else "object_id DESC"
        text = boolean_text(query)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT object_id FROM {table} WHERE {match} AND object_type = %s ORDER BY {order} LIMIT %s",  # noqa: S608
                [text, object_type, *([text] if ranked else []), limit],
            )
            ids = [int(row[0]) for row in cursor.fetchall()]
    return [Found(pk, ticket_id) for pk, ticket_id in with_tickets(object_type, ids)]


def _mysql_together(query: WordQuery, limits: Mapping[str, int]) -> dict[str, list[Found]]:
    table = connection.ops.quote_name(SearchEntry._meta.db_table)
    types = ", ".join(["%s"] * len(limits))
    most = " ".join(["WHEN %s THEN %s"] * len(limits))
    ids: dict[str, list[int]] = {object_type: [] for object_type in limits}
    values: list[Any] = [boolean_text(query), *limits, *chain.from_iterable(limits.items())]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object_type, object_id FROM (SELECT object_type, object_id,"  # noqa: S608
            " ROW_NUMBER() OVER (PARTITION BY object_type ORDER BY object_id DESC) AS place"
            f" FROM {table} WHERE MATCH (title, content) AGAINST (%s IN BOOLEAN MODE) AND object_type IN ({types})"
            f") AS found WHERE place <= CASE object_type {most} END ORDER BY place",
            values,
        )
        for object_type, object_id in cursor.fetchall():
            ids[object_type.upper()].append(int(object_id))
    return {
        object_type: [Found(pk, ticket_id) for pk, ticket_id in with_tickets(object_type, found)]
        for object_type, found in ids.items()
    }


def boolean_text(query: Term | WordQuery) -> str:
    """Give the query in the language of MySQL's boolean mode."""
    if isinstance(query, Term):
        if query.is_phrase:
            return f'"{" ".join(query.words)}"'
        return f"{query.words[0]}{'*' if query.is_prefix else ''}"

    def signed(sign: str, parts: Sequence[Term | WordQuery]) -> Iterable[str]:
        for part in parts:
            text = boolean_text(part)
            yield f"{sign}({text})" if isinstance(part, WordQuery) else f"{sign}{text}"

    return " ".join([*signed("+", query.required), *signed("", query.optional), *signed("-", query.excluded)])


def _mysql_slice(query: WordQuery, object_type: str, table: str, limit: int) -> list[int]:
    """Look for common words in the newest documents only: InnoDB's index would give all matches first.

    LIKE finds candidates, the words of the text decide.
    """
    terms = list(query.terms())
    patterns = [f"%{term.words[0]}%" for term in terms]
    joined = (" AND " if query.required else " OR ").join(["content LIKE %s OR title LIKE %s"] * len(patterns))
    if query.required:
        joined = " AND ".join(["(content LIKE %s OR title LIKE %s)"] * len(patterns))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MAX(object_id) FROM {table} WHERE object_type = %s", [object_type])  # noqa: S608
        row = cursor.fetchone()
        lowest = max(int(row[0] or 0) - SLICE, 0)
        cursor.execute(
            f"SELECT object_id, title, content FROM {table} WHERE object_type = %s AND object_id > %s"  # noqa: S608
            f" AND ({joined}) ORDER BY object_id DESC LIMIT %s",
            [object_type, lowest, *(pattern for pattern in patterns for _twice in range(2)), limit],
        )
        rows = cursor.fetchall()
    return [int(pk) for pk, title, content in rows if matches(query, f"{title or ''}\n{content or ''}")]


def matches(query: Term | WordQuery, text: str) -> bool:
    """Whether a text fulfils a query."""
    return _matches(query, " ".join(tokens(text)))


def _matches(query: Term | WordQuery, plain: str) -> bool:
    if isinstance(query, Term):
        end = "" if query.is_prefix else r"\b"
        return re.search(rf"\b{re.escape(' '.join(query.words))}{end}", plain) is not None
    if any(_matches(part, plain) for part in query.excluded):
        return False
    if query.required:
        return all(_matches(part, plain) for part in query.required)
    return any(_matches(part, plain) for part in query.optional)


def with_tickets(object_type: str, ids: Sequence[int]) -> list[tuple[int, int | None]]:
    """Give the ticket that each object leads to: its own, or that of the entry's thread; others lead to none."""
    if object_type == ObjectType.TICKET:
        return [(pk, pk) for pk in ids]
    if object_type != ObjectType.THREAD_ENTRY:
        return [(pk, None) for pk in ids]
    tickets = tickets_of_entries(ids)
    return [(pk, tickets.get(pk)) for pk in ids]
