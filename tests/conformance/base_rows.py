"""The rows on top of which `api.json` and `auth.json` were recorded, and what a case changes in them (cases/README §4).

`api_base.json` replaces the tables that it lists; the others keep the initial rows, which every test database holds.
The `*__cdata` tables and the search index are built from the other rows and not loaded.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache
from django.db import connection, models

from helpdesk.configuration.kept import forget_everything_kept
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.configuration.versioned import forget_everything_versioned
from helpdesk.legacy.fields import ZERO_DATE, LegacyDateTimeField
from helpdesk.portal.seed import model_of_table
from tests.conformance.comparison import DATABASE_TIME
from tests.conformance.recorded import support_file
from tests.conformance.repeated import empty, repeat

Row = Mapping[str, Any]
RowsByTable = Mapping[str, Sequence[Row]]
BUILT_FROM_OTHERS = frozenset({"_search", "ticket__cdata", "user__cdata"})


def load_base_rows() -> None:
    """Put the rows of `api_base.json` into the test database, ids as given."""
    repeat("api_base.json", _write_base_rows)
    forget_everything()


def _write_base_rows() -> None:
    tables: RowsByTable = support_file("api_base.json")["tables"]
    for table, rows in tables.items():
        if table not in BUILT_FROM_OTHERS:
            empty(model_of_table(table))
            insert_rows(table, rows)


def forget_everything() -> None:
    """Forget what this process keeps in memory of rows that were changed behind its back."""
    cache.clear()
    forget()
    forget_everything_versioned()
    forget_everything_kept()


def replace_rows(tables: RowsByTable) -> None:
    """Put rows keyed by column in place of all that these tables hold."""
    for table, rows in tables.items():
        model_of_table(table)._default_manager.all().delete()
        insert_rows(table, rows)
    forget()


def apply_given(given: Mapping[str, Any]) -> None:
    """Carry out the `config`, `rows` and `update` of a case."""
    for namespace, values in given.get("config", {}).items():
        for key, value in values.items():
            ConfigItem.objects.update_or_create(namespace=namespace, key=key, defaults={"value": value})
    for row in given.get("rows", []):
        insert_rows(row["table"], [row["values"]])
    for update in given.get("update", []):
        model = model_of_table(update["table"])
        model._default_manager.filter(**_values(model, update["where"])).update(**_values(model, update["set"]))
    forget()


def insert_rows(table: str, rows: Iterable[Row]) -> None:
    """Insert rows keyed by column; ids not given continue after the highest."""
    model = model_of_table(table)
    _insert(model, [_values(model, row) for row in rows])


def _insert(model: type[models.Model], rows: Iterable[Mapping[str, Any]]) -> None:
    model._default_manager.bulk_create([model(**values) for values in rows])
    with connection.cursor() as cursor:
        for statement in restart_of(model):
            cursor.execute(statement)


def _values(model: type[models.Model], row: Row) -> dict[str, Any]:
    fields = {field.column: field for field in model._meta.concrete_fields if field.column}
    return {fields[column].attname: _value(fields[column], value) for column, value in row.items()}


def _value(field: models.Field[Any, Any], value: Any) -> Any:
    """The Python value of a recorded column: times are UTC, bytes come as `base64:…`."""
    if value is None:
        return None
    if isinstance(field, LegacyDateTimeField):
        return None if value == ZERO_DATE else datetime.strptime(value, DATABASE_TIME).replace(tzinfo=UTC)
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value.removeprefix("base64:")) if value.startswith("base64:") else value.encode()
    return value if isinstance(field, models.ForeignKey) else field.to_python(value)


def restart_of(model: type[models.Model]) -> list[str]:
    """Give the statements after which new rows follow those that are there; unlike `setval` they go with the test."""
    if connection.vendor != "postgresql" or model._meta.auto_field is None:
        return []
    assert model._meta.pk is not None
    highest = model._default_manager.aggregate(highest=models.Max("pk"))["highest"] or 0
    table, column = (connection.ops.quote_name(str(name)) for name in (model._meta.db_table, model._meta.pk.column))
    return [f"ALTER TABLE {table} ALTER COLUMN {column} RESTART WITH {highest + 1}"]
