"""Compares the tables of a database with osTicket's own: pure functions over what the server printed.

Every difference says what it means for the help desk. What is known to differ between servers, versions and upgrade
paths (osticket/schema.md §1) is `NORMAL` and is not counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from helpdesk.legacy.column_types import Fit, compare_column_types
from helpdesk.legacy.indexes import LEGACY_INDEXES
from helpdesk.legacy.table_description import Column, Index, Table

ZERO_DATE = "0000-00-00 00:00:00"
PLUGIN_NAMES = frozenset({("plugin", "name"), ("plugin_instance", "name")})
# osTicket makes these when it needs them, and nobody reads `group` (osticket/schema.md §3.18, §3.45).
MADE_WHEN_NEEDED = frozenset({"_search"})
NEVER_READ = frozenset({"group"})
OUR_INDEXES = frozenset(index.name for index in LEGACY_INDEXES)
LEFTOVERS = frozenset(
    {
        "timezone", "groups", "group_dept_access", "ticket_lock", "ticket_collaborator", "ticket_thread",
        "ticket_attachment", "ticket_event", "ticket_email_info", "ticket_history", "email_filter",
        "email_filter_rule", "canned_attachment", "faq_attachment", "api_log", "ticket_thread_body_search",
    }
)  # fmt: skip


class Weight(Enum):
    """What follows from a difference: nothing, something that people should know, or that Ostler cannot work."""

    NORMAL = "normal"
    TOLERABLE = "difference"
    BREAKING = "breaking"


@dataclass(frozen=True)
class Difference:
    """One difference. `place` is a table, or a column or index of one; `way_out` is an SQL statement or ''."""

    place: str
    what: str
    meaning: str
    weight: Weight
    way_out: str = ""


@dataclass(frozen=True)
class FoundColumn:
    """A column as information_schema prints it (COLUMN_DEFAULT and EXTRA as they are on that server)."""

    name: str
    type: str
    nullable: bool
    default: str | None
    extra: str
    charset: str | None
    collation: str | None


@dataclass(frozen=True)
class FoundIndex:
    """An index as information_schema prints it; `lengths` are the indexed prefixes, None for whole columns."""

    name: str
    unique: bool
    type: str
    columns: tuple[str, ...]
    lengths: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class FoundTable:
    """A table of the database under its full name."""

    name: str
    engine: str
    collation: str
    columns: tuple[FoundColumn, ...]
    indexes: tuple[FoundIndex, ...]


@dataclass(frozen=True)
class Surroundings:
    """What the comparison has to know besides the tables: whose server, which osTicket, which engines have rollback."""

    is_mariadb: bool = True
    osticket_version: str = "1.18"
    transactional_engines: frozenset[str] = frozenset({"INNODB"})


@dataclass(frozen=True)
class SchemaReport:
    """The outcome of a comparison. `charsets` counts the text columns by character set."""

    differences: tuple[Difference, ...]
    charsets: Mapping[str, int] = field(default_factory=dict)

    def of(self, weight: Weight) -> tuple[Difference, ...]:
        """Give the differences of one weight."""
        return tuple(difference for difference in self.differences if difference.weight is weight)

    @cached_property
    def counted(self) -> tuple[Difference, ...]:
        """The differences that count: all but the normal ones."""
        return tuple(difference for difference in self.differences if difference.weight is not Weight.NORMAL)

    @property
    def is_utf8mb3(self) -> bool:
        """Whether some text column cannot hold every character."""
        return any(charset not in ("utf8mb4", "ascii", "binary") for charset in self.charsets)


def compare_schema(
    expected: Mapping[str, Table],
    found: Mapping[str, FoundTable],
    surroundings: Surroundings,
) -> SchemaReport:
    """Compare the tables `found` (by their names without prefix) with the expected ones."""
    differences = [
        *(d for name, table in expected.items() for d in _compare_expected(table, found.get(name), surroundings)),
        *(_unknown_table(name, table) for name, table in found.items() if name not in expected),
    ]
    ours = [table for name, table in found.items() if name in expected]
    return SchemaReport(tuple(differences), _count_charsets(ours))


def _count_charsets(tables: Iterable[FoundTable]) -> Counter[str]:
    return Counter(modern_charset(c.charset) for table in tables for c in table.columns if c.charset)


def modern_charset(name: str) -> str:
    """Give the character set under its present name: servers before MySQL 8.0.30 print utf8 for utf8mb3."""
    return re.sub(r"^utf8(?=_|$)", "utf8mb3", name)


def _unknown_table(name: str, table: FoundTable) -> Difference:
    if name in LEFTOVERS:
        return Difference(table.name, "left over from an older osTicket", "Not used; left alone.", Weight.NORMAL)
    if name.endswith("__cdata"):
        return Difference(table.name, "a cache of form answers", "Left alone.", Weight.NORMAL)
    return Difference(table.name, "not a table of osTicket", "A plugin's? Left alone.", Weight.NORMAL)


def _compare_expected(expected: Table, found: FoundTable | None, surroundings: Surroundings) -> Iterator[Difference]:
    if found is None:
        yield _missing_table(expected)
        return
    yield from _compare_engine(found, surroundings)
    if expected.is_cdata:  # its columns follow the forms of the database
        return
    have = {column.name.lower(): column for column in found.columns}
    for column in expected.columns:
        place = f"{found.name}.{column.name}"
        if column.name.lower() in have:
            yield from ColumnComparison(place, expected.name, column, have[column.name.lower()], surroundings)
        else:
            yield Difference(place, "column is missing", "Ostler reads and writes it.", Weight.BREAKING)
    known = {column.name.lower() for column in expected.columns}
    yield from (_extra_column(found, column) for column in found.columns if column.name.lower() not in known)
    yield from _compare_indexes(expected, found)


def _missing_table(expected: Table) -> Difference:
    if expected.is_cdata:
        meaning = "A cache of form answers, rebuilt from the forms when it is needed."
    elif expected.name in MADE_WHEN_NEEDED:
        meaning = "The full-text index, made when it is needed."
    elif expected.name in NEVER_READ:
        meaning = "osTicket has not read it since 1.10, and neither does Ostler."
    else:
        meaning = "Ostler cannot work without it."
        return Difference(expected.prefixed_name, "table is missing", meaning, Weight.BREAKING)
    return Difference(expected.prefixed_name, "table is missing", meaning, Weight.NORMAL)


def _compare_engine(found: FoundTable, surroundings: Surroundings) -> Iterator[Difference]:
    if found.engine.upper() == "INNODB":
        return
    what = f"engine is {found.engine or 'unknown'}, not InnoDB"
    if found.engine.upper() in surroundings.transactional_engines:
        yield Difference(found.name, what, "It has transactions, so it works.", Weight.TOLERABLE)
    else:
        meaning = "No transactions: a failed operation would leave half of its changes behind."
        way_out = f"ALTER TABLE `{found.name}` ENGINE=InnoDB;"
        yield Difference(found.name, what, meaning, Weight.BREAKING, way_out)


def _extra_column(table: FoundTable, column: FoundColumn) -> Difference:
    place, what = f"{table.name}.{column.name}", f"column is not osTicket's ({column.type})"
    fills_itself = column.nullable or column.default is not None or column.extra.strip()
    if fills_itself:
        return Difference(place, what, "Left alone; new rows get its default.", Weight.TOLERABLE)
    meaning = "It has no default, so that no new row could be written."
    way_out = f"ALTER TABLE `{table.name}` MODIFY `{column.name}` {column.type} NULL;"
    return Difference(place, what, meaning, Weight.BREAKING, way_out)


def normalise_default(text: str | None, *, is_mariadb: bool) -> str | None:
    """Give a default as its text, None for no default and for NULL.

    MariaDB quotes texts and prints `NULL` and `current_timestamp()`; MySQL 8 prints bare texts, `CURRENT_TIMESTAMP`,
    and expressions such as `_utf8mb4\\'x\\'` (for text columns).
    """
    if text is None or (is_mariadb and text == "NULL"):
        return None
    if re.fullmatch(r"(current_timestamp|now)(\(\d*\))?", text, re.IGNORECASE):
        return "current_timestamp()"
    expression = re.fullmatch(r"_\w+\\?'(.*?)\\?'", text)
    if expression:
        return expression[1]
    if is_mariadb and len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text


def normalise_extra(text: str) -> str:
    """Give EXTRA without what MySQL 8 adds, and `current_timestamp()` spelled alike."""
    text = re.sub(r"default_generated", "", text.lower()).strip()
    return re.sub(r"current_timestamp(\(\d*\))?", "current_timestamp()", text)


class ColumnComparison:
    """Compares one column; iterating gives its differences."""

    def __init__(
        self, place: str, table: str, expected: Column, found: FoundColumn, surroundings: Surroundings
    ) -> None:
        """Take both sides; `place` names the column in messages, `table` is the table without prefix."""
        self.place, self.table, self.expected, self.found, self.surroundings = (
            place, table, expected, found, surroundings,
        )  # fmt: skip
        # `timestamp` columns got defaults of their own on servers without explicit_defaults_for_timestamp.
        self.is_timestamp = expected.type.startswith("timestamp")
        self.is_plugin_name = (table, expected.name) in PLUGIN_NAMES

    def __iter__(self) -> Iterator[Difference]:
        """Give the differences in type, NULL, default, extra and character set."""
        for difference in (self._type(), self._null(), self._default(), self._extra(), self._charset()):
            if difference is not None:
                yield difference

    def _say(self, what: str, meaning: str, weight: Weight = Weight.TOLERABLE, way_out: str = "") -> Difference:
        return Difference(self.place, what, meaning, weight, way_out)

    def _type(self) -> Difference | None:
        fit = compare_column_types(self.found.type, self.expected.type)
        what = f"type is {self.found.type}, not {self.expected.type}"
        if fit is Fit.SAME:
            return None
        if fit is Fit.WIDER:
            return self._say(what, "Everything fits.", Weight.NORMAL)
        if self.is_plugin_name and fit is Fit.NARROWER and self.surroundings.osticket_version == "1.17":
            return self._say(what, "As osTicket 1.17 has it; longer names of plugins do not fit.", Weight.NORMAL)
        if fit is Fit.NARROWER:
            return self._say(what, "Values that fit osTicket's own column can be too large here; they are refused.")
        return self._say(what, "Ostler cannot read or write such a column.", Weight.BREAKING)

    def _null(self) -> Difference | None:
        if self.found.nullable == self.expected.nullable:
            return None
        what = "accepts NULL" if self.found.nullable else "does not accept NULL"
        if self.is_timestamp:
            return self._say(what, "Older servers make timestamp columns so.", Weight.NORMAL)
        if self.is_plugin_name:
            return self._say(what, "Databases upgraded from osTicket 1.17 have it so.", Weight.NORMAL)
        if self.found.nullable:
            return self._say(what, "Ostler never writes NULL here; what other programs left as NULL reads as none.")
        table = self.place.removesuffix(f".{self.expected.name}")
        way_out = f"ALTER TABLE `{table}` MODIFY `{self.expected.name}` {self.found.type} NULL;"
        return self._say(what, "Ostler writes NULL where there is no value.", Weight.BREAKING, way_out)

    def _default(self) -> Difference | None:
        have = normalise_default(self.found.default, is_mariadb=self.surroundings.is_mariadb)
        want = self.expected.default
        if have == want:
            return None
        what = f"default is {_quoted(have)}, not {_quoted(want)}"
        if self.is_timestamp and {have, want} <= {None, ZERO_DATE, "current_timestamp()"}:
            return self._say(what, "Older servers make timestamp columns so.", Weight.NORMAL)
        return self._say(what, "Ostler writes every column itself; PHP osTicket relies on some defaults.")

    def _extra(self) -> Difference | None:
        have, want = normalise_extra(self.found.extra), normalise_extra(self.expected.extra)
        if have == want:
            return None
        what = f"is {have or 'nothing special'}, not {want or 'an ordinary column'}"
        if "auto_increment" in want:
            return self._say(what, "New rows would get no number.", Weight.BREAKING)
        if self.is_timestamp:
            return self._say(what, "Older servers make timestamp columns so.", Weight.NORMAL)
        return self._say(what, "The server itself changes the column.")

    def _charset(self) -> Difference | None:
        have = modern_charset(self.found.charset or "")
        if self.expected.charset == "ascii":
            return self._ascii(have)
        if have in ("", "utf8mb3", "utf8mb4"):
            return None
        what = f"character set is {have}, not utf8"
        return self._say(what, "Characters outside it cannot be stored as they are: names, subjects, messages.")

    def _ascii(self, have: str) -> Difference | None:
        want = self.expected.collation or ""
        if have == "ascii" and self.found.collation == want:
            return None
        what = f"collation is {self.found.collation}, not {want}"
        if want.endswith("_bin") and not (self.found.collation or "").endswith("_bin"):
            return self._say(what, "It compares without regard to case, which osTicket's does not.")
        return self._say(what, "It compares alike for the characters that occur here.", Weight.NORMAL)


def _quoted(default: str | None) -> str:
    return "none" if default is None else f"“{default}”"


def _compare_indexes(expected: Table, found: FoundTable) -> Iterator[Difference]:
    have = {index.name.lower(): index for index in found.indexes}
    taken: set[str] = set()
    for index in expected.indexes:
        match = have.get(index.name.lower()) or next((other for other in found.indexes if _serves(other, index)), None)
        if match is None:
            yield _missing_index(found, index)
            continue
        taken.add(match.name)
        yield from _compare_index(found, index, match)
    for other in found.indexes:
        if other.name not in taken and other.name not in OUR_INDEXES:
            yield _extra_index(found, other)


def _columns(index: Index | FoundIndex) -> tuple[str, ...]:
    return tuple(name.lower() for name in index.columns)


def _serves(found: FoundIndex, expected: Index) -> bool:
    return (_columns(found), found.unique, found.type == "FULLTEXT") == (
        _columns(expected), expected.unique, expected.type == "FULLTEXT",
    )  # fmt: skip


def _describe_index(index: Index | FoundIndex) -> str:
    kind = "full-text " if index.type == "FULLTEXT" else "unique " if index.unique else ""
    return f"{kind}({', '.join(index.columns)})"


def _missing_index(table: FoundTable, index: Index) -> Difference:
    place, what = f"{table.name}, index {index.name}", f"missing: {_describe_index(index)}"
    if index.name == "PRIMARY":
        return Difference(place, what, "Rows cannot be told apart.", Weight.BREAKING)
    if index.unique:
        meaning = "The server does not refuse duplicates."
    elif index.type == "FULLTEXT":
        meaning = "Full-text search does not work until it is there."
    else:
        meaning = "Some pages are slower."
    return Difference(place, what, meaning, Weight.TOLERABLE)


def _compare_index(table: FoundTable, expected: Index, found: FoundIndex) -> Iterator[Difference]:
    place = f"{table.name}, index {expected.name}"
    if not _serves(found, expected):
        what = f"is {_describe_index(found)}, not {_describe_index(expected)}"
        weight = Weight.BREAKING if expected.name == "PRIMARY" else Weight.TOLERABLE
        yield Difference(place, what, "Look-ups and refusals of duplicates follow what is there.", weight)
    elif found.name.lower() != expected.name.lower():
        yield Difference(place, f"is named {found.name}", "It serves as well.", Weight.NORMAL)
    if any(found.lengths) and found.type != "FULLTEXT":
        what = f"covers the first {', '.join(str(length) for length in found.lengths if length)} characters only"
        yield Difference(place, what, "Usual after a change of the character set.", Weight.NORMAL)


def _extra_index(table: FoundTable, index: FoundIndex) -> Difference:
    place, what = f"{table.name}, index {index.name}", f"is not osTicket's: {_describe_index(index)}"
    if index.unique:
        return Difference(place, what, "The server refuses duplicates that osTicket allows.", Weight.TOLERABLE)
    return Difference(place, what, "It does no harm.", Weight.NORMAL)
