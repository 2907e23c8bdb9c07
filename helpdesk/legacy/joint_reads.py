"""Several small tables read in one statement, where each of their own would cost more than its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

from helpdesk.legacy.json_rows import Rows, fits, rows_of


class JointRead:
    """The rows of several querysets that depend on nothing, in one statement that is compiled once.

    `values_list`, `select_related`, `only` and annotations count, prefetching does not. The querysets have no order:
    whoever needs one sorts the rows.
    """

    def __init__(self, *builds: Callable[[], models.QuerySet[Any, Any]]) -> None:
        """Take what gives the querysets."""
        self._builds = builds

    def __call__(self) -> list[list[Any]]:
        """Give the rows of each queryset: objects, or tuples for `values_list`."""
        parts = self._parts()
        texts = [
            f"SELECT {place:d} AS part, told{place:d}.told FROM ({part.text}) AS told{place:d}"  # noqa: S608 -- compiled by Django
            for place, part in enumerate(parts)
        ]
        found: list[list[Any]] = [[] for _ in parts]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(texts), [value for part in parts for value in part.parameters])
            for place, told in cursor.fetchall():
                found[place].append(parts[place].made((told,), connection))
        return found

    def _parts(self) -> Sequence[Rows]:
        """Compile the querysets: each time where the tables are utf8mb3, as it depends on which columns have
        originals.
        """
        if not getattr(connection, "holds_every_character", True):
            return self._compiled()
        kept: dict[JointRead, Sequence[Rows]] = connection.__dict__.setdefault("joint_reads", {})
        if self not in kept:
            kept[self] = self._compiled()
        return kept[self]

    def _compiled(self) -> Sequence[Rows]:
        querysets = [build() for build in self._builds]
        unfit = [queryset.model.__name__ for queryset in querysets if not fits(queryset, connection)]
        if unfit:
            raise TypeError(f"These rows have an order, or do not fit into JSON: {', '.join(unfit)}.")
        return [rows_of(queryset, connection, as_json=True) for queryset in querysets]
