"""Writing down what is to be done in the outside world."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models.constants import OnConflict
from django.utils import timezone

from helpdesk.outbox.models import Effect
from helpdesk.outbox.waking import wake_workers

LONGEST_KEY = 190
LONGEST_KIND = 64
_encoded = DjangoJSONEncoder().encode
_ESCAPES = re.compile(r"\\\\|\\ud[89ab]..\\ud[c-f]..|(?P<foreign>\\u0000|\\ud[89a-f]..)")
_SUBSTITUTE = "\\u001a"
"""ASCII's sign for a character that could not be kept: what is addressed with it cannot be reached, as before."""


@dataclass(frozen=True)
class NewEffect:
    """Something to be done once its transaction has committed; the fields are those of `Effect`.

    `key` says what may happen only once, in words that the same cause gives again (`ticket.alert:entry 7:a@b.test`).
    Without `not_before` it is due at once.
    """

    kind: str
    key: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    object_type: str = ""
    object_id: int = 0
    not_before: datetime | None = None


def enqueue(*effects: NewEffect, now: datetime | None = None) -> None:
    """Write effects down in the running transaction, those whose key is known are left out.

    Call it in the transaction of the cause: both are there, or neither. Raises ValueError for an effect without kind or
    key.
    """
    moment = now or timezone.now()
    if effects:
        _write(effects, moment)
        transaction.on_commit(wake_workers, robust=True)


def known_keys(keys: Iterable[str]) -> set[str]:
    """Give those of the keys that were written down before."""
    stored = {_stored_key(key): key for key in keys}
    return {stored[key] for key in Effect.objects.filter(key__in=stored).values_list("key", flat=True)}


_GIVEN = ("key", "payload", "kind", "object_type", "object_id", "next_try", "created")
"""The fields that may differ from effect to effect."""
_Columns = dict[str, Any]


def _write(effects: Sequence[NewEffect], moment: datetime) -> None:
    """Insert the rows. Tens of thousands come at once (overdue tickets), for which `bulk_create` takes long: it has
    each value of each row prepared by its field. What all rows have in common is prepared once."""
    fields: list[Any] = [one for one in Effect._meta.concrete_fields if not one.primary_key]
    others = [one for one in fields if one.name not in _GIVEN]
    common: _Columns = {one.column: one.get_db_prep_save(one.get_default(), connection) for one in others}
    differing: _Columns = {}
    for name, values in zip(_GIVEN, zip(*_rows(effects, moment), strict=True), strict=True):
        if name != "key" and len(set(values)) == 1:
            common[name] = values[0]
        else:
            differing[name] = values
    operations, quote = connection.ops, connection.ops.quote_name
    names = [*differing, *common]
    insert = f"{operations.insert_statement(on_conflict=OnConflict.IGNORE)} {quote(Effect._meta.db_table)}"
    insert += f" ({', '.join(map(quote, names))})"
    end = operations.on_conflict_suffix_sql(fields, OnConflict.IGNORE, names, [])
    write = {"mysql": _write_mysql, "postgresql": _write_postgresql}.get(connection.vendor, _write_sqlite)
    write(insert, differing, common, end)


def _rows(effects: Iterable[NewEffect], moment: datetime) -> Iterator[tuple[Any, ...]]:
    """Give the values of _GIVEN for each effect, as the engine takes them."""
    next_try = Effect._meta.get_field("next_try")
    created = next_try.get_db_prep_save(moment, connection)
    for effect in effects:
        _check(effect)
        due = created if effect.not_before is None else next_try.get_db_prep_save(effect.not_before, connection)
        key, payload = _stored_key(effect.key), _stored_payload(effect.payload)
        yield key, payload, effect.kind, effect.object_type, effect.object_id, due, created


def _write_sqlite(insert: str, differing: _Columns, common: _Columns, end: str) -> None:
    places = ", ".join(["%s"] * (len(differing) + len(common)))
    rows = [(*row, *common.values()) for row in zip(*differing.values(), strict=True)]
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(f"{insert} VALUES ({places}) {end}", rows[0])
        else:
            cursor.executemany(f"{insert} VALUES ({places}) {end}", rows)


def _write_mysql(insert: str, differing: _Columns, common: _Columns, end: str) -> None:
    """Insert in one statement. The driver, written in Python, has no value to write for each row that is as simple as
    most are that all rows have in common."""
    literals = [_literal(value) for value in common.values()]
    repeated = [value for value, literal in zip(common.values(), literals, strict=True) if literal is None]
    place = f"({', '.join([*['%s'] * len(differing), *(literal or '%s' for literal in literals)])})"
    rows = [(*row, *repeated) for row in zip(*differing.values(), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} VALUES {', '.join([place] * len(rows))} {end}", list(chain.from_iterable(rows)))


def _literal(value: Any) -> str | None:
    """Give a value as it stands in a statement; None for one that the driver had better write."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else f"{value:d}"
    return f"'{value}'" if isinstance(value, str) and _PLAIN.fullmatch(value) else None


_PLAIN = re.compile(r"[A-Za-z0-9_ .:-]*")


def _write_postgresql(insert: str, differing: _Columns, common: _Columns, end: str) -> None:
    """Insert from one text: the driver takes a statement with thousands of placeholders, or lists of texts, apart for
    longer than the server works on them."""
    quote, field_of = connection.ops.quote_name, Effect._meta.get_field
    rows = [dict(zip(differing, row, strict=True)) for row in zip(*differing.values(), strict=True)]
    columns = ", ".join(f"{quote(name)} text" for name in differing)
    given = [f"given.{quote(name)}::{field_of(name).db_type(connection)}" for name in differing]
    select = f"SELECT {', '.join([*given, *['%s'] * len(common)])}"
    with connection.cursor() as cursor:
        source = f"{select} FROM json_to_recordset(%s) AS given({columns})"
        cursor.execute(f"{insert} {source} {end}", [*common.values(), json.dumps(rows, default=str)])


def _stored_payload(payload: Mapping[str, Any]) -> str:
    """Give a payload as JSON that every engine takes: MariaDB and PostgreSQL know no halves of surrogate pairs, and
    PostgreSQL no NUL."""
    text = _encoded(dict(payload))
    return _ESCAPES.sub(_storable, text) if "\\ud" in text or "\\u0000" in text else text


def _storable(escape: re.Match[str]) -> str:
    return _SUBSTITUTE if escape["foreign"] else escape[0]


def _check(effect: NewEffect) -> None:
    if not effect.kind or len(effect.kind) > LONGEST_KIND or not effect.key:
        raise ValueError(f"An effect needs a kind of at most {LONGEST_KIND} characters and a key: {effect!r}")


def _stored_key(key: str) -> str:
    """Give the key as its column holds it: one that is too long, or not plain ASCII, by its digest.

    Columns compare without regard to case or accents on some engines, keys do not.
    """
    if len(key) <= LONGEST_KEY and key.isascii() and key.isprintable() and key == key.lower():
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    readable = "".join(c for c in key.lower() if c.isascii() and c.isprintable())
    return f"{readable[: LONGEST_KEY - len(digest) - 1]}#{digest}"
