"""The rows of osTicket's tables as the recordings write them: by column name, times as database text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC
from functools import cache
from typing import Any

from django.db import models

from helpdesk.files.models import FileChunk
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.fields import ZERO_DATE, LegacyDateTimeField, ZeroForeignKey, ZeroIntegerField
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.portal.seed import model_of_table
from tests.conformance.comparison import DATABASE_TIME

Rows = dict[Any, dict[str, Any]]
JSON_COLUMNS = {"extra", "recipients", "data", "properties"}
CDATA = {"user__cdata": "U", "ticket__cdata": "T", "task__cdata": "A"}


def rows_of(table: str) -> Rows:
    """Give the rows of a table by primary key; of bytes only the content of files."""
    read, fields = _reading(table)
    found = {}
    for row in read.all():
        columns = {column: write(getattr(row, attribute)) for column, attribute, write in fields}
        if isinstance(row, FileChunk):
            columns["filedata"] = bytes(row.filedata)
        found[row.pk] = columns
    return found


@cache
def _reading(table: str) -> tuple[PreparedRead[models.Model], list[tuple[str, str, Callable[[Any], Any]]]]:
    """Give what reads a table, and of each field its column, its attribute and how its values are written."""
    model = model_of_table(table)
    fields = [
        (str(field.column), field.attname, _writing(field))
        for field in model._meta.concrete_fields
        if field.column and not isinstance(field, models.BinaryField)
    ]
    return PreparedRead(model, model._default_manager.all), fields


def cdata_rows(table: str, also: Iterable[int] = ()) -> Rows:
    """Give the rows of a table of answers, by the id of the object: of all that exist, and of those named."""
    key = cdata.TABLES[EntryObject(CDATA[table])].key
    objects = model_of_table(table.partition("__")[0])._default_manager.values_list("pk", flat=True)
    return {pk: {key: pk, **columns} for pk, columns in cdata.fetch(CDATA[table], {*objects, *also}).items()}


def _writing(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """Give what makes a value of the field into the recorded one."""
    if isinstance(field, LegacyDateTimeField):
        no_time = ZERO_DATE if getattr(field, "zero_for_none", False) else None
        return lambda value: no_time if value is None else value.astimezone(UTC).strftime(DATABASE_TIME)
    is_json = field.column in JSON_COLUMNS
    missing = 0 if isinstance(field, ZeroForeignKey | ZeroIntegerField) or not field.null else None

    def write(value: Any) -> Any:
        if value is None:
            return missing
        if is_json and isinstance(value, dict | list):
            return json.dumps(value)
        return int(value) if isinstance(value, int) else value

    return write
