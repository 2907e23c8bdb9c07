"""What criteria compare: a column, something of a related row, an answer to a form.

Each gives the condition that its text, date or number fulfils a look-up. Related rows are asked for by sub-query, never
by joining them to the tickets: so that a ticket is found once, and the planner may begin with the few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Exists, F, Lookup, Model, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Func
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject


class Operand(Protocol):
    """Something of a ticket that can be compared."""

    def test(self, lookup: str, value: Any) -> Q:
        """Give the condition that a look-up holds."""

    def lacks(self, lookup: str, value: Any) -> Q:
        """Give the condition that a look-up does not hold, as it does not where there is no value."""

    def present(self) -> Q:
        """Give the condition that there is a value."""


@dataclass(frozen=True)
class Column:
    """A column of the ticket, or of a row that it refers to."""

    path: str

    def test(self, lookup: str, value: Any) -> Q:
        """Compare the column."""
        return Q(**{f"{self.path}__{lookup}": value})

    def lacks(self, lookup: str, value: Any) -> Q:
        """The column is something else or NULL."""
        return ~self.test(lookup, value)

    def present(self) -> Q:
        """The column is not NULL."""
        return Q(**{f"{self.path}__isnull": False})


@dataclass(frozen=True)
class Related:
    """A column of rows that the ticket refers to by one of its own: `rows` give the keys."""

    reference: str
    rows: Callable[[], QuerySet[Any]]
    column: str
    key: str = "pk"

    def test(self, lookup: str, value: Any) -> Q:
        """Compare the column of the related rows."""
        return self._whose(Q(**{f"{self.column}__{lookup}": value}))

    def lacks(self, lookup: str, value: Any) -> Q:
        """No related row is so: asked of one ticket after the other, since most fulfil it and a page needs few.

        Not by EXISTS, for which MariaDB gathers all related rows that are so, and looks at each of the others for it.
        """
        rows = self.rows().filter(**{f"{self.column}__{lookup}": value, self.key: OuterRef(self.reference)})
        is_so = Subquery(rows.annotate(is_so=Value(1)).values("is_so")[:1])
        return ~Q(Exact(Coalesce(is_so, 0), 1))

    def present(self) -> Q:
        """There is a related row with a value."""
        return self._whose(Q(**{f"{self.column}__isnull": False}))

    def _whose(self, condition: Q) -> Q:
        return Q(**{f"{self.reference}__in": self.rows().filter(condition).order_by().values(self.key)})


@dataclass(frozen=True)
class Hanging:
    """A column of rows that refer to the ticket: `rows` are those of the outer ticket."""

    rows: Callable[[], QuerySet[Any]]
    column: str

    def test(self, lookup: str, value: Any) -> Q:
        """There is such a row."""
        return Q(Exists(self.rows().filter(**{f"{self.column}__{lookup}": value})))

    def lacks(self, lookup: str, value: Any) -> Q:
        """There is no such row."""
        return ~self.test(lookup, value)

    def present(self) -> Q:
        """There is a row with a value."""
        return Q(Exists(self.rows().filter(**{f"{self.column}__isnull": False})))


@dataclass(frozen=True)
class Answer:
    """An answer in a cdata table, of the ticket or of its owner: `reference` holds the key of the row."""

    object_type: EntryObject
    name: str
    reference: str = "pk"

    def test(self, lookup: str, value: Any) -> Q:
        """Compare the text of the answer."""
        found = TextField().get_lookup(lookup)
        if found is None or not issubclass(found, Lookup):
            raise ValueError(f"Texts have no look-up {lookup}")
        return Q(found(self.expression(), value))

    def lacks(self, lookup: str, value: Any) -> Q:
        """The text is not so, or there is none."""
        return ~self.test(lookup, value) | ~self.present()

    def present(self) -> Q:
        """There is an answer."""
        return self.test("isnull", False)

    def expression(self) -> AnswerText:
        """Give the text of the answer as an expression."""
        return AnswerText(self.object_type, self.name, F(self.reference))


class AnswerText(Func):
    """The text of an answer, looked up in a cdata table by its key; NULL where there is none."""

    output_field = TextField()
    is_text_of_osticket = True

    def __init__(self, object_type: EntryObject, name: str, key: Any) -> None:
        """Take the table, the column and the expression of the key."""
        self.object_type, self.name = object_type, name
        super().__init__(key)

    def as_sql(self, compiler: SQLCompiler, connection: Any, **_kwargs: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        """Look up the row by its primary key."""
        key, parameters = compiler.compile(self.get_source_expressions()[0])
        table = cdata.TABLES[self.object_type]
        quote = connection.ops.quote_name
        column = quote(self.name).replace("%", "%%")
        sql = f"(SELECT answers.{column} FROM {quote(table.prefixed_name)} answers WHERE answers.{quote(table.key)} = {key})"  # noqa: S608, E501
        return sql, tuple(parameters)


def of_outer_ticket(model: type[Model], **conditions: Any) -> Callable[[], QuerySet[Any]]:
    """Give rows whose conditions name the outer ticket; values "outer" stand for its id."""

    def rows() -> QuerySet[Any]:
        filled = {name: OuterRef("pk") if value == "outer" else value for name, value in conditions.items()}
        return model._default_manager.filter(**filled)

    return rows


def keys_in_answer(answer: Operand, keys: Collection[str]) -> Q:
    """Whether a choice or list answer names one of these keys, in any encoding of cdata (`1`, `1, 2`, `1,Label`,
    `{"1":"Label"}`; `helpdesk.forms.cdata.has_key`)."""
    condition = Q(pk__in=())
    for key in keys:
        condition |= answer.test("folded", key)
        for around in ("%s,", '"%s"'):
            condition |= answer.test("folded_startswith", around % key)
        for around in (",%s,", ", %s,", '"%s"'):
            condition |= answer.test("folded_contains", around % key)
        for around in (",%s", ", %s"):
            condition |= answer.test("folded_endswith", around % key)
    return condition
