"""Rows that many cases begin with: worked out for the first of them, written as the same statements for the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, router, transaction

Statement = tuple[str, Any, bool]
"""A text, its parameters, and whether these are those of many."""

_CHANGE_NOTHING = frozenset({"SELECT", "SAVEPOINT", "RELEASE"})
_known: dict[Hashable, list[Statement]] = {}


def repeat(key: Hashable, write: Callable[[], object]) -> None:
    """Write rows; after the first time with this key the statements of that time do it.

    Only for what finds the same rows each time, and emits nothing but statements: a signal would be heard once. Forget
    afterwards what is kept in memory of the rows.
    """
    if key not in _known:
        with transaction.atomic(savepoint=False), _noted() as statements:
            write()
        _known[key] = statements
        return
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for text, parameters, of_many in _known[key]:
            (cursor.executemany if of_many else cursor.execute)(text, parameters)


def empty(model: type[models.Model]) -> None:
    """Delete all rows of a table, and no other: nobody is told of it, nothing that belonged to them is looked for."""
    model._default_manager.all()._raw_delete(router.db_for_write(model))


@contextmanager
def _noted() -> Iterator[list[Statement]]:
    statements: list[Statement] = []

    def note(execute: Callable[..., Any], text: str, parameters: Any, many: bool, context: Any) -> Any:
        result = execute(text, parameters, many, context)
        if text.split(None, 1)[0] not in _CHANGE_NOTHING:
            statements.append((text, parameters, many))
        return result

    with connection.execute_wrapper(note):
        yield statements
