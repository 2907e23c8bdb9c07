"""What follows from rows that were left out of an import into a database with rows of its own.

The id of such a row may be that of another row there. A ticket that names user 5 must not show the stranger who is
user 5 in the target: who refers to a row of people or content that was left out is left out as well, and so on down.
"""

# ruff: noqa: S608 -- names of our own models, quoted

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.copying.codec import Row
from helpdesk.legacy.copying.shapes import TableShape
from helpdesk.legacy.copying.writing import TAKEN
from helpdesk.legacy.importing.references import CONTENT, Reference, all_references, digest_of_answer
from helpdesk.legacy.importing.values import Finding
from helpdesk.legacy.models import ImportProblem, ImportRun

ANOTHER_ROW = "is another row here"
NOT_COPIED = "was left out"
STANDS_FOR = "; rows that name it now mean that row"
"""Ends the reason when the target's row is taken for the one that was left out."""
PROBLEMS_AT_ONCE = 5000
IDS_AT_ONCE = 1000
SAME_BY = {"team": ("name",)}
"""Content that both help desks may have from their set-up; a team is known by its name, of which there is only one."""
ANSWERS = "form_entry_values"


def referred_content() -> frozenset[str]:
    """Give the tables of people and content that others refer to by id."""
    return frozenset(r.target for references in all_references().values() for r in references if not r.is_digest) & (
        CONTENT
    )


def referred_configuration() -> frozenset[str]:
    """Give the other tables that are referred to: their rows stand for each other."""
    return frozenset(r.target for references in all_references().values() for r in references) - CONTENT


def ids_in_target(
    connection: BaseDatabaseWrapper, shape: TableShape, *columns: str
) -> Iterator[Mapping[int, list[Any]]]:
    """Give the ids of a table with these columns of its rows, some at a time."""
    quote = connection.ops.quote_name
    key, last = quote(shape.key[0]), -1
    names = ", ".join([key, *map(quote, columns)])
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {names} FROM {quote(shape.database_name)} WHERE {key} > %s ORDER BY {key} LIMIT {IDS_AT_ONCE}",
                [last],
            )
            rows = {int(row[0]): list(row[1:]) for row in cursor.fetchall()}
        if not rows:
            return
        yield rows
        last = max(rows)


class LeftOut:
    """The ids of the rows of people and content that were left out: sets of numbers, nothing else of the rows."""

    def __init__(self) -> None:
        """Begin with none."""
        self._taken: dict[str, set[int]] = {name: set() for name in referred_content()}
        self._others: dict[str, set[int]] = {name: set() for name in (*referred_content(), ANSWERS)}

    @classmethod
    def of(cls, run: ImportRun) -> "LeftOut":
        """Give those that a run has named so far, which is the same whether it was interrupted or not."""
        found, last = cls(), 0
        problems = run.problems.filter(kind=ImportProblem.Kind.LEFT_OUT, table__in=[*referred_content(), ANSWERS])
        while rows := list(
            problems.filter(id__gt=last)
            .order_by("id")
            .values_list("id", "table", "key", "column", "reason")[:PROBLEMS_AT_ONCE]
        ):
            for last, table, key, column, reason in rows:  # noqa: B007 -- the last one is where to go on
                if not reason.endswith(STANDS_FOR):
                    found.add(table, key.split(", "), is_taken=not column and reason.startswith(TAKEN))
        return found

    def add(self, table: str, key: Sequence[Any], *, is_taken: bool) -> None:
        """Take a row that is left out; `is_taken`: because the target has another one with its id."""
        if table == ANSWERS:
            self._others[table].add(digest_of_answer(*map(int, key)))
        elif table in self._others:
            (self._taken if is_taken else self._others)[table].add(int(key[0]))

    def is_taken(self, table: str, key: Sequence[Any]) -> bool:
        """Whether the target has another row with this id."""
        return table in self._taken and key[0] in self._taken[table]

    def judge(self, shape: TableShape) -> Callable[[Row], Finding | None]:
        """Give the function that says why a row of this table is left out because of those before it; None: it stays.

        It knows of rows that are added later, too.
        """
        tests = list(self._tests(shape))

        def judge(row: Row) -> Finding | None:
            for reference, place, type_place, taken, others in tests:
                if not (taken or others) or (type_place is not None and not reference.applies(row[type_place])):
                    continue
                number = reference.number(row[place])
                if number and (number in taken or number in others):
                    why = ANOTHER_ROW if number in taken else NOT_COPIED
                    return Finding(
                        reference.column, ImportProblem.Kind.LEFT_OUT, f"{reference.column} {row[place]} {why}"
                    )
            return None

        return judge

    def _tests(self, shape: TableShape) -> Iterator[tuple[Reference, int, int | None, set[int], set[int]]]:
        names = shape.column_names
        for reference in all_references()[shape.name]:
            if reference.target in self._others:
                yield (
                    reference,
                    names.index(reference.column),
                    names.index(reference.type_column) if reference.type_column else None,
                    self._taken.get(reference.target, set()),
                    self._others[reference.target],
                )
