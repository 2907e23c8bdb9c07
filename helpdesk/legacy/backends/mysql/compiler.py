"""The statements of the MySQL back end, which keep the originals of texts that utf8mb3 columns cannot hold.

Here and not in services, so that nobody can forget it: every row that the ORM writes goes through these. Where the
tables hold every character they are Django's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.db import NotSupportedError, models, transaction
from django.db.backends.mysql import compiler
from django.db.backends.mysql.compiler import SQLAggregateCompiler, SQLCompiler
from django.db.models import Case, Value
from django.db.models.lookups import Exact
from django.db.models.sql import Query
from django.db.models.sql.constants import MULTI

from helpdesk.legacy.characters import has_rare_characters

if TYPE_CHECKING:
    from helpdesk.legacy.originals import Kept, RowKey

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]

NOT_ROW_BY_ROW = (
    "This statement cannot tell which row gets which text, and osTicket's utf8mb3 tables cannot hold all of its"
    " characters. Save the rows one by one."
)


class SQLInsertCompiler(compiler.SQLInsertCompiler):
    """INSERT, and the originals of the new rows."""

    connection: Any
    query: Any

    def execute_sql(self, returning_fields: Any = None) -> Any:  # type: ignore[override]
        """Insert; give what Django gives."""
        texts = list(self._texts()) if not self.connection.holds_every_character else []
        if not texts:
            return self._insert(returning_fields)
        from helpdesk.legacy import originals

        if self.query.on_conflict is not None:
            raise NotSupportedError(NOT_ROW_BY_ROW)
        with transaction.atomic(using=self.using, savepoint=False):
            rows = self._insert(returning_fields)
            keys = self._keys(returning_fields or (), rows)
            kept = (originals.kept_text(field, text, keys[place], self.connection) for place, field, text in texts)
            originals.keep(self.connection, [one for one in kept if one])
        return rows

    def _insert(self, returning_fields: Any) -> Any:
        """Insert; where only the id of one new row is asked for, take it from the answer that every INSERT gives.

        `RETURNING` would answer with a whole result set, for MariaDB to send and for the driver to read.
        """
        new_id = self.query.get_meta().auto_field
        is_plain = len(self.query.objs) == 1 and self.query.on_conflict is None and new_id not in self.query.fields
        if new_id is None or not is_plain or list(returning_fields or ()) != [new_id]:
            return super().execute_sql(returning_fields)
        super().execute_sql(None)
        return [(self.connection.connection.insert_id(),)]

    def _texts(self) -> Iterator[tuple[int, models.Field[Any, Any], str]]:
        from helpdesk.legacy.originals import text_fields

        fields = [field for field in text_fields(self.query.get_meta().model) if field in self.query.fields]
        for place, instance in enumerate(self.query.objs):
            for field in fields:
                value = getattr(instance, field.attname)
                if isinstance(value, str) and has_rare_characters(value):
                    yield place, field, value

    def _keys(self, returning_fields: Iterable[models.Field[Any, Any]], rows: list[Any]) -> list[RowKey]:
        """Give the keys of the new rows: given, returned, or (several rows on MySQL) counted from the first one."""
        from helpdesk.legacy.originals import row_key

        parts = self.query.get_meta().pk_fields
        if all(getattr(instance, part.attname) is not None for instance in self.query.objs for part in parts):
            return [row_key([getattr(o, part.attname) for part in parts]) for o in self.query.objs]
        places = [place for place, field in enumerate(returning_fields) if field in parts]
        if places and len(rows) == len(self.query.objs):
            return [row_key([row[place] for place in places]) for row in rows]
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT LAST_INSERT_ID(), @@auto_increment_increment")
            first, step = cursor.fetchone()
        return [(first + place * step, 0) for place in range(len(self.query.objs))]


class _KnowsRows:
    """What UPDATE and DELETE share: which rows they are about."""

    def row_keys(self) -> list[RowKey]:
        """Lock the rows and give their keys."""
        from helpdesk.legacy.originals import row_key

        statement: Any = self
        statement.query.get_initial_alias()
        query = statement.query.chain(klass=Query)
        query.select_related = False
        query.clear_ordering(force=True)
        query.extra = {}
        query.select = ()
        query.add_fields([part.attname for part in query.get_meta().pk_fields])
        query.select_for_update = True
        found = query.get_compiler(connection=statement.connection).execute_sql(MULTI)
        return [row_key(row) for rows in found for row in rows]


class SQLUpdateCompiler(_KnowsRows, compiler.SQLUpdateCompiler):
    """UPDATE: originals of what the columns cannot hold; older ones of the same rows are forgotten."""

    connection: Any
    query: Any

    def execute_sql(self, result_type: Any) -> Any:  # type: ignore[override]
        """Update; give the number of rows."""
        from helpdesk.legacy import originals

        if self.connection.holds_every_character:
            return super().execute_sql(result_type)
        of_table = originals.text_fields(self.query.get_meta().model)
        texts = {field: value for field, _model, value in self.query.values if field in of_table}
        kept = {field: _texts_by_row(value) for field, value in texts.items()}
        known = originals.columns_with_originals(self.connection)
        if not any(kept.values()) and not any((originals.table_of(f.model), f.column) in known for f in texts):
            return super().execute_sql(result_type)
        with transaction.atomic(using=self.using, savepoint=False):
            keys = self.row_keys()
            number = super().execute_sql(result_type)
            originals.drop(self.connection, [field for field in texts if not kept[field]], keys)
            for field, texts_by_row in kept.items():
                self._keep(field, texts_by_row, keys)
        return number

    def _keep(self, field: Any, texts_by_row: dict[RowKey | None, str], keys: list[RowKey]) -> None:
        from helpdesk.legacy import originals

        everywhere = texts_by_row.get(None)
        found: list[Kept] = []
        for key in keys if texts_by_row else ():
            text = texts_by_row.get(key, everywhere)
            one = originals.kept_text(field, text, key, self.connection) if text is not None else None
            if one:
                found.append(one)
        originals.drop(self.connection, [field], set(keys) - {one.key for one in found} if texts_by_row else ())
        originals.keep(self.connection, found)


def _texts_by_row(value: Any) -> dict[RowKey | None, str]:
    """Give the texts that a column cannot hold: one for all rows (None), or those of `bulk_update` by row."""
    if isinstance(value, str):
        return {None: value} if has_rare_characters(value) else {}
    if not hasattr(value, "flatten"):
        return {}
    rare = [e for e in value.flatten() if isinstance(e, Value) and isinstance(e.value, str)]
    rare = [e for e in rare if has_rare_characters(e.value)]
    if not rare:
        return {}
    texts: dict[RowKey | None, str] = {}
    for case in value.cases if isinstance(value, Case) else ():
        tests = case.condition.children
        if case.result in rare and len(tests) == 1 and _is_of_one_row(tests[0]):
            texts[int(tests[0].rhs), 0] = case.result.value
    if len(texts) != len(rare):
        raise NotSupportedError(NOT_ROW_BY_ROW)
    return texts


def _is_of_one_row(test: Any) -> bool:
    return isinstance(test, Exact) and isinstance(test.rhs, int) and bool(test.lhs.target.primary_key)


class SQLDeleteCompiler(_KnowsRows, compiler.SQLDeleteCompiler):
    """DELETE: the originals of the rows go with them."""

    connection: Any
    query: Any

    def execute_sql(self, result_type: Any) -> Any:  # type: ignore[override]
        """Delete; give the number of rows."""
        from helpdesk.legacy import originals

        if self.connection.holds_every_character:
            return super().execute_sql(result_type)
        known = originals.columns_with_originals(self.connection)
        fields = originals.text_fields(self.query.get_meta().model)
        fields = tuple(f for f in fields if (originals.table_of(f.model), str(f.column)) in known)
        if not fields:
            return super().execute_sql(result_type)
        with transaction.atomic(using=self.using, savepoint=False):
            originals.drop(self.connection, fields, self.row_keys())
            return super().execute_sql(result_type)
