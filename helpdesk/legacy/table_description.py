"""osTicket's table definitions, from the committed description `schema/osticket-1.18.json`.

The description was read off a database that osTicket 1.18.1 itself installed. It is the one place that says how a
legacy table looks on MySQL: fresh tables are made from it, existing ones are compared with it.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from django.conf import settings


@dataclass(frozen=True)
class Column:
    """One column. `default` is the text of the default, None for none; `extra` such as `auto_increment`."""

    name: str
    type: str
    nullable: bool
    default: str | None
    extra: str
    charset: str | None
    collation: str | None


@dataclass(frozen=True)
class Index:
    """One index; `type` is BTREE or FULLTEXT."""

    name: str
    unique: bool
    type: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table under its name without prefix. `collation` is that of osTicket's own utf8mb3 table."""

    name: str
    collation: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]

    @property
    def prefixed_name(self) -> str:
        """The name in the database."""
        return f"{settings.TABLE_PREFIX}{self.name}"

    @property
    def is_cdata(self) -> bool:
        """Whether the table is a cache of form answers, made from the forms and not from this description."""
        return self.name.endswith("__cdata")


@cache
def legacy_tables() -> dict[str, Table]:
    """Give all 72 tables of osTicket 1.18 by name."""
    source = resources.files("helpdesk.legacy").joinpath("schema/osticket-1.18.json").read_text(encoding="utf-8")
    return {
        table["name"]: Table(
            name=table["name"],
            collation=table["collation"],
            columns=tuple(Column(**column) for column in table["columns"]),
            indexes=tuple(Index(**{**index, "columns": tuple(index["columns"])}) for index in table["indexes"]),
        )
        for table in json.loads(source)["tables"]
    }


def schema_signature() -> str:
    """Give the md5 by which osTicket 1.18 recognises its schema (`config`, namespace core)."""
    source = resources.files("helpdesk.legacy").joinpath("schema/osticket-1.18.json").read_text(encoding="utf-8")
    return str(json.loads(source)["schema_signature"])


def _default_sql(column: Column) -> str:
    if column.default is None:
        return " DEFAULT NULL" if column.nullable and "timestamp" not in column.type else ""
    if column.default == "current_timestamp()":
        return " DEFAULT current_timestamp()"
    if column.type.startswith(("text", "mediumtext")):
        # MySQL 8 takes a default of a text column only as an expression; MariaDB takes both.
        return f" DEFAULT ('{column.default}')"
    return f" DEFAULT '{column.default}'"


def column_sql(column: Column) -> str:
    """Give the definition of one column for CREATE TABLE."""
    charset = f" CHARACTER SET {column.charset} COLLATE {column.collation}" if column.charset == "ascii" else ""
    null = " NULL" if column.nullable and column.type == "timestamp" else ("" if column.nullable else " NOT NULL")
    extra = {"auto_increment": " AUTO_INCREMENT", "on update current_timestamp()": " ON UPDATE current_timestamp()"}
    return f"`{column.name}` {column.type}{charset}{null}{_default_sql(column)}{extra.get(column.extra, '')}"


def index_sql(index: Index) -> str:
    """Give the definition of one index for CREATE TABLE."""
    columns = ", ".join(f"`{name}`" for name in index.columns)
    if index.name == "PRIMARY":
        return f"PRIMARY KEY ({columns})"
    kind = "FULLTEXT KEY" if index.type == "FULLTEXT" else "UNIQUE KEY" if index.unique else "KEY"
    return f"{kind} `{index.name}` ({columns})"


def create_table_sql(name: str) -> str:
    """Give the CREATE TABLE statement of a legacy table for MySQL, in utf8mb4 so that every character fits."""
    table = legacy_tables()[name]
    parts = [*map(column_sql, table.columns), *map(index_sql, table.indexes)]
    collation = table.collation.replace("utf8mb3", "utf8mb4")
    return (
        f"CREATE TABLE `{table.prefixed_name}` (\n  "
        + ",\n  ".join(parts)
        + f"\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}"
    )
