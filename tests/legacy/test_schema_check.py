"""The comparison of schemas, over what different servers print. No database takes part."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from helpdesk.legacy.schema_check import (
    Difference,
    FoundColumn,
    FoundIndex,
    FoundTable,
    SchemaReport,
    Surroundings,
    Weight,
    compare_schema,
    normalise_default,
    normalise_extra,
)
from helpdesk.legacy.table_description import Column, Table, legacy_tables

TEXT = re.compile(r"(char|varchar|text|tinytext|mediumtext|enum)\b")
MARIADB = Surroundings(is_mariadb=True)
MYSQL = Surroundings(is_mariadb=False)
OLD = Surroundings(osticket_version="1.17")


# --- how servers print the same tables


def on_mariadb(column: Column, charset: str = "utf8mb3") -> FoundColumn:
    """Print a column as MariaDB 10.11 does."""
    default = column.default
    if default is None:
        default = "NULL" if column.nullable else None
    elif (default != "current_timestamp()" and not default.isdigit()) or (
        default.isdigit() and TEXT.match(column.type)
    ):
        default = f"'{default}'"
    return FoundColumn(
        column.name, column.type, column.nullable, default, column.extra, *character_set(column, charset)
    )


def on_mysql_8(column: Column) -> FoundColumn:
    """Print a column as MySQL 8.4 does: no display widths, bare texts, DEFAULT_GENERATED."""
    is_generated = column.default == "current_timestamp()"
    kept = column.type == "tinyint(1)"
    type_ = column.type if kept else re.sub(r"((?:tiny|small|medium|big)?int)\(\d+\)", r"\1", column.type)
    extra = column.extra.replace("current_timestamp()", "CURRENT_TIMESTAMP")
    return FoundColumn(
        column.name,
        type_,
        column.nullable,
        "CURRENT_TIMESTAMP" if is_generated else column.default,
        f"{'DEFAULT_GENERATED ' if is_generated or 'update' in extra else ''}{extra}".strip(),
        *character_set(column, "utf8mb3"),
    )


def on_old_mariadb(column: Column) -> FoundColumn:
    """Print a column as MariaDB 10.5 does, which gives timestamps defaults and calls the character set utf8."""
    printed = on_mariadb(column, charset="utf8")
    if column.type != "timestamp":
        return printed
    if column.nullable:
        return printed
    if column.default is None:
        return replace(printed, default="current_timestamp()", extra="on update current_timestamp()")
    return printed


def on_old_timestamps(column: Column) -> FoundColumn:
    """Print the second timestamp of a table on a server without explicit defaults."""
    if column.type != "timestamp":
        return on_mariadb(column)
    return replace(on_mariadb(column), nullable=False, default="'0000-00-00 00:00:00'", extra="")


def character_set(column: Column, utf8: str) -> tuple[str | None, str | None]:
    """Give character set and collation."""
    if column.charset == "ascii":
        return "ascii", column.collation
    return (utf8, f"{utf8}_general_ci") if TEXT.match(column.type) else (None, None)


def printed(table: Table, style: Callable[[Column], FoundColumn] = on_mariadb, **changes: Any) -> FoundTable:
    """Print a whole table."""
    return FoundTable(
        **{
            "name": table.prefixed_name,
            "engine": "InnoDB",
            "collation": table.collation,
            "columns": tuple(map(style, table.columns)),
            "indexes": tuple(FoundIndex(i.name, i.unique, i.type, i.columns) for i in table.indexes),
            **changes,
        }
    )


def everything(style: Callable[[Column], FoundColumn] = on_mariadb) -> dict[str, FoundTable]:
    """Print all tables."""
    return {name: printed(table, style) for name, table in legacy_tables().items()}


STYLES: dict[str, tuple[Callable[[Column], FoundColumn], Surroundings]] = {
    "MariaDB 10.11": (on_mariadb, MARIADB),
    "MySQL 8.4": (on_mysql_8, MYSQL),
    "MariaDB 10.5": (on_old_mariadb, MARIADB),
    "old timestamps": (on_old_timestamps, MARIADB),
    "utf8mb4": (lambda column: on_mariadb(column, charset="utf8mb4"), MARIADB),
}


@pytest.mark.parametrize("style", STYLES)
def test_no_server_s_way_of_printing_is_a_difference(style: str) -> None:
    printing, surroundings = STYLES[style]
    report = compare_schema(legacy_tables(), everything(printing), surroundings)
    assert report.counted == ()
    has_variations = style in {"MariaDB 10.5", "old timestamps"}
    assert bool(report.differences) == has_variations


def test_reversed_columns_and_capital_letters_are_no_difference() -> None:
    found = {
        name: replace(
            table,
            columns=tuple(replace(c, name=c.name.upper()) for c in reversed(table.columns)),
            indexes=tuple(replace(i, name=i.name.upper()) for i in reversed(table.indexes)),
        )
        for name, table in everything().items()
    }
    assert compare_schema(legacy_tables(), found, MARIADB).differences == ()


@pytest.mark.parametrize(
    ("charset", "is_utf8mb3"), [("utf8mb3", True), ("utf8", True), ("utf8mb4", False), ("latin1", True)]
)
def test_the_character_sets_are_counted(charset: str, is_utf8mb3: bool) -> None:
    found = everything(lambda column: on_mariadb(column, charset=charset))
    report = compare_schema(legacy_tables(), found, MARIADB)
    assert report.is_utf8mb3 is is_utf8mb3
    modern = {"utf8": "utf8mb3"}.get(charset, charset)
    assert set(report.charsets) == {"ascii", modern}
    assert report.charsets["ascii"] == 6


# --- one change at a time

BREAKING, TOLERABLE, NORMAL = Weight.BREAKING, Weight.TOLERABLE, Weight.NORMAL
Tables = dict[str, FoundTable]
Change = Callable[[Tables], None]


def drop(name: str) -> Change:
    """Leave a table out."""
    return lambda tables: tables.__delitem__(name)


def engine(name: str, value: str) -> Change:
    """Give a table another engine."""
    return lambda tables: tables.update({name: replace(tables[name], engine=value)})


def column(table: str, name: str, /, **changes: Any) -> Change:
    """Change one column; with no changes leave it out."""

    def change(tables: Tables) -> None:
        columns = [
            replace(c, **changes) if c.name == name else c for c in tables[table].columns if changes or c.name != name
        ]
        tables[table] = replace(tables[table], columns=tuple(columns))

    return change


def extra_column(table: str, type_: str, *, nullable: bool, default: str | None = None, extra: str = "") -> Change:
    """Add a column `custom`."""
    added = FoundColumn("custom", type_, nullable, default, extra, None, None)
    return lambda tables: tables.update({table: replace(tables[table], columns=(*tables[table].columns, added))})


def index(table: str, name: str, /, **changes: Any) -> Change:
    """Change one index; with no changes leave it out."""

    def change(tables: Tables) -> None:
        indexes = [
            replace(i, **changes) if i.name == name else i for i in tables[table].indexes if changes or i.name != name
        ]
        tables[table] = replace(tables[table], indexes=tuple(indexes))

    return change


def extra_index(table: str, found: FoundIndex) -> Change:
    """Add an index."""
    return lambda tables: tables.update({table: replace(tables[table], indexes=(*tables[table].indexes, found))})


def extra_table(name: str) -> Change:
    """Add a table."""
    return lambda tables: tables.update({name: FoundTable(f"ost_{name}", "MyISAM", "latin1_swedish_ci", (), ())})


CHANGES: dict[str, tuple[Change, Surroundings, str, str, Weight]] = {
    "table": (drop("ticket"), MARIADB, "ost_ticket", "table is missing", BREAKING),
    "cdata": (drop("ticket__cdata"), MARIADB, "ost_ticket__cdata", "table is missing", NORMAL),
    "search": (drop("_search"), MARIADB, "ost__search", "table is missing", NORMAL),
    "group": (drop("group"), MARIADB, "ost_group", "table is missing", NORMAL),
    "leftover": (extra_table("ticket_lock"), MARIADB, "ost_ticket_lock", "left over from an older osTicket", NORMAL),
    "plugin table": (extra_table("audit"), MARIADB, "ost_audit", "not a table of osTicket", NORMAL),
    "other cache": (extra_table("list_3__cdata"), MARIADB, "ost_list_3__cdata", "a cache of form answers", NORMAL),
    "MyISAM": (engine("ticket", "MyISAM"), MARIADB, "ost_ticket", "engine is MyISAM, not InnoDB", BREAKING),
    "MyISAM search": (engine("_search", "MyISAM"), MARIADB, "ost__search", "engine is MyISAM, not InnoDB", BREAKING),
    "RocksDB": (
        engine("ticket", "ROCKSDB"),
        replace(MARIADB, transactional_engines=frozenset({"INNODB", "ROCKSDB"})),
        "ost_ticket",
        "engine is ROCKSDB, not InnoDB",
        TOLERABLE,
    ),
    "column": (column("ticket", "closed"), MARIADB, "ost_ticket.closed", "column is missing", BREAKING),
    "narrower": (
        column("ticket", "number", type="varchar(10)"),
        MARIADB, "ost_ticket.number", "type is varchar(10), not varchar(20)", TOLERABLE,
    ),
    "wider": (
        column("thread_entry", "body", type="mediumtext"),
        MARIADB, "ost_thread_entry.body", "type is mediumtext, not text", NORMAL,
    ),
    "other type": (
        column("ticket", "closed", type="varchar(20)"),
        MARIADB, "ost_ticket.closed", "type is varchar(20), not datetime", BREAKING,
    ),
    "plugin 1.17": (
        column("plugin", "name", type="varchar(30)"),
        OLD, "ost_plugin.name", "type is varchar(30), not varchar(255)", NORMAL,
    ),
    "instance 1.17": (
        column("plugin_instance", "name", type="varchar(60)"),
        OLD, "ost_plugin_instance.name", "type is varchar(60), not varchar(255)", NORMAL,
    ),
    "plugin 1.18": (
        column("plugin", "name", type="varchar(30)"),
        MARIADB, "ost_plugin.name", "type is varchar(30), not varchar(255)", TOLERABLE,
    ),
    "plugin upgraded": (column("plugin", "name", nullable=True), MARIADB, "ost_plugin.name", "accepts NULL", NORMAL),
    "NULL": (
        column("ticket", "number", nullable=False),
        MARIADB, "ost_ticket.number", "does not accept NULL", BREAKING,
    ),
    "NOT NULL": (column("ticket", "source", nullable=True), MARIADB, "ost_ticket.source", "accepts NULL", TOLERABLE),
    "default": (
        column("ticket", "staff_id", default="1"),
        MARIADB, "ost_ticket.staff_id", "default is “1”, not “0”", TOLERABLE,
    ),
    "no default": (
        column("ticket", "staff_id", default=None),
        MARIADB, "ost_ticket.staff_id", "default is none, not “0”", TOLERABLE,
    ),
    "auto_increment": (
        column("ticket", "ticket_id", extra=""),
        MARIADB, "ost_ticket.ticket_id", "is nothing special, not auto_increment", BREAKING,
    ),
    "on update": (
        column("ticket", "updated", extra="on update current_timestamp()"),
        MARIADB, "ost_ticket.updated", "is on update current_timestamp(), not an ordinary column", TOLERABLE,
    ),
    "latin1": (
        column("ticket", "number", charset="latin1", collation="latin1_swedish_ci"),
        MARIADB, "ost_ticket.number", "character set is latin1, not utf8", TOLERABLE,
    ),
    "signature": (
        column("file", "signature", charset="utf8mb4", collation="utf8mb4_general_ci"),
        MARIADB, "ost_file.signature", "collation is utf8mb4_general_ci, not ascii_bin", TOLERABLE,
    ),
    "key": (
        column("file", "key", charset="utf8mb4", collation="utf8mb4_general_ci"),
        MARIADB, "ost_file.key", "collation is utf8mb4_general_ci, not ascii_general_ci", NORMAL,
    ),
    "own column": (
        extra_column("ticket", "varchar(20)", nullable=True),
        MARIADB, "ost_ticket.custom", "column is not osTicket's (varchar(20))", TOLERABLE,
    ),
    "own column with default": (
        extra_column("ticket", "int", nullable=False, default="0"),
        MARIADB, "ost_ticket.custom", "column is not osTicket's (int)", TOLERABLE,
    ),
    "generated column": (
        extra_column("ticket", "int", nullable=False, extra="VIRTUAL GENERATED"),
        MARIADB, "ost_ticket.custom", "column is not osTicket's (int)", TOLERABLE,
    ),
    "obligatory column": (
        extra_column("ticket", "int", nullable=False),
        MARIADB, "ost_ticket.custom", "column is not osTicket's (int)", BREAKING,
    ),
    "index": (index("ticket", "topic_id"), MARIADB, "ost_ticket, index topic_id", "missing: (topic_id)", TOLERABLE),
    "unique": (
        index("staff", "username"), MARIADB, "ost_staff, index username", "missing: unique (username)", TOLERABLE,
    ),
    "primary": (
        index("ticket", "PRIMARY"), MARIADB, "ost_ticket, index PRIMARY", "missing: unique (ticket_id)", BREAKING,
    ),
    "full text": (
        index("_search", "search"),
        MARIADB, "ost__search, index search", "missing: full-text (title, content)", TOLERABLE,
    ),
    "renamed index": (
        index("ticket", "topic_id", name="ix_topic"),
        MARIADB, "ost_ticket, index topic_id", "is named ix_topic", NORMAL,
    ),
    "no longer unique": (
        index("staff", "username", unique=False),
        MARIADB, "ost_staff, index username", "is (username), not unique (username)", TOLERABLE,
    ),
    "other columns": (
        index("ticket", "topic_id", columns=("topic_id", "sort")),
        MARIADB, "ost_ticket, index topic_id", "is (topic_id, sort), not (topic_id)", TOLERABLE,
    ),
    "other key": (
        index("ticket", "PRIMARY", columns=("ticket_id", "number")),
        MARIADB, "ost_ticket, index PRIMARY", "is unique (ticket_id, number), not unique (ticket_id)", BREAKING,
    ),
    "shortened": (
        index("api_key", "apikey", lengths=(191,)),
        MARIADB, "ost_api_key, index apikey", "covers the first 191 characters only", NORMAL,
    ),
    "own index": (
        extra_index("ticket", FoundIndex("mine", False, "BTREE", ("number",))),
        MARIADB, "ost_ticket, index mine", "is not osTicket's: (number)", NORMAL,
    ),
    "own unique index": (
        extra_index("ticket", FoundIndex("mine", True, "BTREE", ("number",))),
        MARIADB, "ost_ticket, index mine", "is not osTicket's: unique (number)", TOLERABLE,
    ),
}  # fmt: skip


def report_after(change: Change, surroundings: Surroundings) -> SchemaReport:
    """Compare after one change."""
    tables = everything()
    change(tables)
    return compare_schema(legacy_tables(), tables, surroundings)


@pytest.mark.parametrize("case", CHANGES, ids=lambda name: name.replace(" ", "-"))
def test_one_change_is_one_difference(case: str) -> None:
    change, surroundings, place, what, weight = CHANGES[case]
    (difference,) = report_after(change, surroundings).differences
    assert (difference.place, difference.what, difference.weight) == (place, what, weight)
    assert difference.meaning


WAYS_OUT = {
    "MyISAM": "ALTER TABLE `ost_ticket` ENGINE=InnoDB;",
    "NULL": "ALTER TABLE `ost_ticket` MODIFY `number` varchar(20) NULL;",
    "obligatory column": "ALTER TABLE `ost_ticket` MODIFY `custom` int NULL;",
}


@pytest.mark.parametrize("case", WAYS_OUT)
def test_the_way_out_is_a_statement(case: str) -> None:
    change, surroundings, *_ = CHANGES[case]
    (difference,) = report_after(change, surroundings).of(BREAKING)
    assert difference.way_out == WAYS_OUT[case]


def test_the_columns_of_caches_are_not_compared() -> None:
    assert report_after(extra_column("ticket__cdata", "mediumtext", nullable=False), MARIADB).differences == ()


def test_a_report_sorts_by_weight() -> None:
    differences = tuple(Difference("x", weight.value, "", weight) for weight in Weight)
    report = SchemaReport(differences)
    assert [difference.weight for difference in report.counted] == [TOLERABLE, BREAKING]
    assert report.of(NORMAL)[0].what == "normal"


DEFAULTS: list[tuple[str | None, bool, str | None]] = [
    (None, True, None),
    (None, False, None),
    ("NULL", True, None),
    ("NULL", False, "NULL"),
    ("'0'", True, "0"),
    ("0", True, "0"),
    ("0", False, "0"),
    ("''", True, ""),
    ("", False, ""),
    ("'it''s'", True, "it's"),
    ("'x'", False, "'x'"),
    ("current_timestamp()", True, "current_timestamp()"),
    ("CURRENT_TIMESTAMP", False, "current_timestamp()"),
    ("CURRENT_TIMESTAMP(6)", False, "current_timestamp()"),
    ("now()", False, "current_timestamp()"),
    ("_utf8mb4\\'text\\'", False, "text"),
    ("_utf8mb4'text'", False, "text"),
    ("'0000-00-00 00:00:00'", True, "0000-00-00 00:00:00"),
    ("'", True, "'"),
]


@pytest.mark.parametrize(("text", "is_mariadb", "expected"), DEFAULTS)
def test_defaults_are_read_as_their_server_prints_them(
    text: str | None, is_mariadb: bool, expected: str | None
) -> None:
    assert normalise_default(text, is_mariadb=is_mariadb) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("auto_increment", "auto_increment"),
        ("DEFAULT_GENERATED", ""),
        ("DEFAULT_GENERATED on update CURRENT_TIMESTAMP", "on update current_timestamp()"),
        ("on update current_timestamp()", "on update current_timestamp()"),
        ("STORED GENERATED", "stored generated"),
    ],
)
def test_extras_are_read_as_their_server_prints_them(text: str, expected: str) -> None:
    assert normalise_extra(text) == expected
