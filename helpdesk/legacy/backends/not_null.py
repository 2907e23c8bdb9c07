"""What the schema editors of all three engines share."""

import copy
from collections.abc import Iterator
from typing import Any

from django.db import models


class NotNullColumnsMixin:
    """Makes the column of a field with `db_not_null` NOT NULL although the field accepts None in Python."""

    def _iter_column_sql(
        self, column_db_type: str, params: Any, model: type[models.Model], field: Any, *args: Any
    ) -> Iterator[str]:
        if getattr(field, "db_not_null", False):
            field = copy.copy(field)
            field.null = False
        yield from super()._iter_column_sql(column_db_type, params, model, field, *args)  # type: ignore[misc]
