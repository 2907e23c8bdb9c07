"""The rows of osTicket's tables as the recordings write them: by column name, times as database text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.db import models

from helpdesk.files.models import FileChunk
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.fields import ZERO_DATE, LegacyDateTimeField, ZeroForeignKey, ZeroIntegerField
from helpdesk.portal.seed import model_of_table
from tests.conformance.comparison import DATABASE_TIME

Rows = dict[Any, dict[str, Any]]
JSON_COLUMNS = {"extra", "recipients", "data", "properties"}
CDATA = {"user__cdata": "U", "ticket__cdata": "T", "task__cdata": "A"}


def rows_of(table: str) -> Rows:
    """Give the rows of a table by primary key; of bytes only the content of files."""
    model = model_of_table(table)
    fields = [
        field for field in model._meta.concrete_fields if field.column and not isinstance(field, models.BinaryField)
    ]
    found = {}
    for row in model._default_manager.all():
        columns = {str(field.column): _column(field, row) for field in fields}
        if isinstance(row, FileChunk):
            columns["filedata"] = bytes(row.filedata)
        found[row.pk] = columns
    return found


def cdata_rows(table: str, also: Iterable[int] = ()) -> Rows:
    """Give the rows of a table of answers, by the id of the object: of all that exist, and of those named."""
    key = cdata.TABLES[EntryObject(CDATA[table])].key
    objects = model_of_table(table.partition("__")[0])._default_manager.values_list("pk", flat=True)
    return {pk: {key: pk, **columns} for pk, columns in cdata.fetch(CDATA[table], {*objects, *also}).items()}


def _column(field: models.Field[Any, Any], row: models.Model) -> Any:
    value = field.value_from_object(row)
    if isinstance(field, LegacyDateTimeField):
        if value is None:
            return ZERO_DATE if getattr(field, "zero_for_none", False) else None
        return value.astimezone(UTC).strftime(DATABASE_TIME)
    if isinstance(value, bool):
        return int(value)
    if field.column in JSON_COLUMNS and isinstance(value, dict | list):
        return json.dumps(value)
    if value is None and (isinstance(field, ZeroForeignKey | ZeroIntegerField) or not field.null):
        return 0
    return int(value) if isinstance(value, int) else value
