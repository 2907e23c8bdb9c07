"""Several small tables read in one statement, where each of their own would cost more than its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

from helpdesk.legacy.json_rows import Rows, fits, rows_of
from helpdesk.legacy.prepared_reads import MOST_STATEMENTS, Value, kind_of, stand_in, what_stands_for


class JointRead:
    """The rows of several querysets for some values, in one statement that is compiled once.

    The querysets must use the values as those of a `PreparedRead` do.

    `values_list`, `select_related`, `only` and annotations count, prefetching does not. The querysets have no order:
    whoever needs one sorts the rows.
    """

    def __init__(self, *builds: Callable[..., models.QuerySet[Any, Any]]) -> None:
        """Take what gives the querysets for the values."""
        self._builds = builds

    def __call__(self, *values: Value) -> list[list[Any]]:
        """Give the rows of each queryset: objects, or tuples for `values_list`."""
        parts, given = self._parts(values)
        texts = [
            f"SELECT {place:d} AS part, told{place:d}.told FROM ({part.text}) AS told{place:d}"  # noqa: S608 -- compiled by Django
            for place, part in enumerate(parts)
        ]
        found: list[list[Any]] = [[] for _ in parts]
        with connection.cursor() as cursor:
            parameters = [given.get(one, one) for part in parts for one in part.parameters]
            cursor.execute(" UNION ALL ".join(texts), parameters)
            for place, told in cursor.fetchall():
                found[place].append(parts[place].made((told,), connection))
        return found

    def _parts(self, values: Sequence[Value]) -> tuple[Sequence[Rows], dict[Any, Any]]:
        """Compile the querysets, and give what goes in for their parameters: each time anew where the tables are
        utf8mb3, as it depends on which columns have originals.
        """
        if not getattr(connection, "holds_every_character", True):
            return self._compiled(values), {}
        kept: dict[Any, Sequence[Rows]] = connection.__dict__.setdefault("joint_reads", {})
        stand_ins = [stand_in(place, value) for place, value in enumerate(values)]
        key = (self, *(kind_of(value) for value in values))
        if key not in kept:
            if len(kept) >= MOST_STATEMENTS:
                kept.clear()
            kept[key] = self._compiled(stand_ins)
        return kept[key], what_stands_for(stand_ins, values, connection)

    def _compiled(self, values: Sequence[Value]) -> Sequence[Rows]:
        querysets = [build(*values) for build in self._builds]
        unfit = [queryset.model.__name__ for queryset in querysets if not fits(queryset, connection)]
        if unfit:
            raise TypeError(f"These rows have an order, or do not fit into JSON: {', '.join(unfit)}.")
        return [rows_of(queryset, connection, as_json=True) for queryset in querysets]
