"""Writing down what is to be done in the outside world."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models.constants import OnConflict
from django.utils import timezone

from helpdesk.outbox.models import Effect
from helpdesk.outbox.waking import wake_workers

LONGEST_KEY = 190
LONGEST_KIND = 64
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


_GIVEN = ("kind", "key", "payload", "object_type", "object_id", "next_try", "created")
"""The fields that differ from effect to effect."""


def _write(effects: Sequence[NewEffect], moment: datetime) -> None:
    """Insert the rows. Tens of thousands come at once (overdue tickets), for which `bulk_create` takes long: it has
    each value of each row prepared by its field."""
    fields: list[Any] = [Effect._meta.get_field(name) for name in _GIVEN]
    others: list[Any] = [one for one in Effect._meta.concrete_fields if not one.primary_key and one.name not in _GIVEN]
    defaults = [one.get_db_prep_save(one.get_default(), connection) for one in others]
    operations, quote = connection.ops, connection.ops.quote_name
    names = [one.column for one in (*fields, *others)]
    insert = f"{operations.insert_statement(on_conflict=OnConflict.IGNORE)} {quote(Effect._meta.db_table)}"
    insert += f" ({', '.join(map(quote, names))})"
    end = operations.on_conflict_suffix_sql(fields, OnConflict.IGNORE, names, [])
    next_try = fields[_GIVEN.index("next_try")]
    created = next_try.get_db_prep_save(moment, connection)
    size = operations.bulk_batch_size([*fields, *others], effects)
    for start in range(0, len(effects), size):
        rows: list[tuple[Any, ...]] = []
        for effect in effects[start : start + size]:
            _check(effect)
            due = created if effect.not_before is None else next_try.get_db_prep_save(effect.not_before, connection)
            key, payload = _stored_key(effect.key), _stored_payload(effect.payload)
            rows.append((effect.kind, key, payload, effect.object_type, effect.object_id, due, created))
        source, values = _rows(rows, fields, defaults)
        with connection.cursor() as cursor:
            cursor.execute(f"{insert} {source} {end}", values)


def _rows(rows: Sequence[tuple[Any, ...]], fields: Sequence[Any], others: Sequence[Any]) -> tuple[str, list[Any]]:
    """Give the source of an INSERT and its parameters: the values of `fields` for each row, and `others` for all.

    PostgreSQL gets a list for each column: its driver takes a statement with thousands of placeholders apart for longer
    than the server works on it.
    """
    same = ", ".join(["%s"] * len(others))
    if connection.vendor == "postgresql":
        lists = ", ".join(f"%s::{one.db_type(connection)}[]" for one in fields)
        source = f"SELECT given.*, {same} FROM unnest({lists}) AS given"  # noqa: S608 -- types of our columns
        return source, [*others, *map(list, zip(*rows, strict=True))]
    place = f"({', '.join(['%s'] * len(fields))}, {same})"
    return f"VALUES {', '.join([place] * len(rows))}", [value for row in rows for value in (*row, *others)]


def _stored_payload(payload: Mapping[str, Any]) -> str:
    """Give a payload as JSON that every engine takes: MariaDB and PostgreSQL know no halves of surrogate pairs, and
    PostgreSQL no NUL."""
    text = json.dumps(dict(payload), cls=DjangoJSONEncoder)
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
