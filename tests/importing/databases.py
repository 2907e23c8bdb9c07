"""Databases of the tests' own on every engine that answers, reached over drivers and not over the code under test."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import ConnectionHandler
from psycopg import sql
from pymysql.constants import CLIENT

from helpdesk.databases import database_from_url
from helpdesk.legacy.folding import FUNCTION, fold_or_none
from tests.adoption.scratch import reference_dump
from tests.servers import MARIADB, POSTGRESQL, Server

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("sqlite", "postgresql", "mariadb")
SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
SQLITE_COMMAND = "PRAGMA journal_mode = WAL"
PROGRAM_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class Database(Protocol):
    """A database that a test may do anything to."""

    @property
    def url(self) -> str:
        """Its DATABASE_URL."""

    def create(self) -> None:
        """Make it anew, without tables."""

    def drop(self) -> None:
        """Remove it."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, with `%s` for values; give its rows."""


def address_of(server: Server) -> str:
    """Give where a server answers; skip the test when none does (`make test-db-up` starts one)."""
    found = server.find()
    if found is None:
        pytest.skip(f"{server.name} does not answer")
    return found[0].rpartition("/")[0]


class SqliteFile:
    """A file of SQLite."""

    def __init__(self, path: Path) -> None:
        """Take its path."""
        self.path = path

    @property
    def url(self) -> str:
        """Its DATABASE_URL."""
        return f"sqlite:///{self.path}"

    def create(self) -> None:
        """Begin without a file."""
        self.drop()

    def drop(self) -> None:
        """Remove the file and what lies beside it."""
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement."""
        with closing(sqlite3.connect(self.path, timeout=20, isolation_level=None)) as link:
            link.create_function(FUNCTION, 1, fold_or_none, deterministic=True)
            return list(link.execute(statement.replace("%s", "?"), values))


class PostgresDatabase:
    """A database on the PostgreSQL of the tests."""

    def __init__(self, name: str) -> None:
        """Take its name."""
        self.name = name
        self.server = address_of(POSTGRESQL)

    @property
    def url(self) -> str:
        """Its DATABASE_URL."""
        return f"{self.server}/{self.name}"

    def _administer(self, *statements: sql.Composed) -> None:
        parts = urlsplit(self.server)
        address = parts._replace(scheme="postgresql", path="/postgres").geturl()
        with psycopg.connect(address, autocommit=True) as link:
            for statement in statements:
                link.execute(statement)

    def create(self) -> None:
        """Make it."""
        self.drop()
        self._administer(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(self._identifier))

    def copy_from(self, other: "PostgresDatabase") -> None:
        """Make it with everything that another one holds."""
        self.drop()
        self._administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(self._identifier, other._identifier))

    @property
    def _identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name)

    def drop(self) -> None:
        """Remove it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(self._identifier))

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement."""
        address = urlsplit(self.url)._replace(scheme="postgresql").geturl()
        with psycopg.connect(address, autocommit=True) as link:
            cursor = link.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


class MariaDatabase:
    """A database on the MariaDB of the tests."""

    def __init__(self, name: str, options: str = "CHARACTER SET utf8mb4") -> None:
        """Take its name and the options of CREATE DATABASE."""
        self.name = name
        self.options = options
        self.server = address_of(MARIADB)

    @property
    def url(self) -> str:
        """Its DATABASE_URL."""
        return f"{self.server}/{self.name}"

    @contextmanager
    def _link(self, database: str | None) -> Iterator[Any]:
        parts = urlsplit(self.server)
        link = pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=parts.username,
            password=parts.password or "",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )
        with closing(link), link.cursor() as cursor:
            yield cursor

    def create(self) -> None:
        """Make it."""
        self.drop()
        with self._link(None) as cursor:
            cursor.execute(f"CREATE DATABASE `{self.name}` {self.options}")

    def copy_from(self, other: "MariaDatabase") -> None:
        """Make it with everything that another one holds, except for constraints between tables."""
        self.create()
        with self._link(self.name) as cursor:
            cursor.execute(f"SHOW TABLES FROM `{other.name}`")
            for (table,) in cursor.fetchall():
                cursor.execute(f"CREATE TABLE `{table}` LIKE `{other.name}`.`{table}`")
                cursor.execute(f"INSERT INTO `{table}` SELECT * FROM `{other.name}`.`{table}`")  # noqa: S608

    def drop(self) -> None:
        """Remove it."""
        with self._link(None) as cursor:
            cursor.execute("SET SESSION sql_notes = 0")
            cursor.execute(f"DROP DATABASE IF EXISTS `{self.name}`")

    def load(self, prefix: str = "ost_") -> "MariaDatabase":
        """Fill it with the reference dump, its tables under another prefix if wanted."""
        self.create()
        text = reference_dump()
        self.execute(text if prefix == "ost_" else text.replace("`ost_", f"`{prefix}"))
        return self

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, or several without values; give the rows of the last one."""
        with self._link(self.name) as cursor:
            cursor.execute(statement, values or None)
            rows = cursor.fetchall()
            while cursor.nextset():
                rows = cursor.fetchall()
            return list(rows)


def environment(url: str, data_directory: Path, **variables: str) -> dict[str, str]:
    """Give the environment of a help desk on this database, without anything a developer's shell may hold."""
    clean = {name: os.environ[name] for name in PROGRAM_VARIABLES if name in os.environ}
    ours = {"DATABASE_URL": url, "DATA_DIR": str(data_directory), "SECRET_SALT": SALT, "LOG_LEVEL": "warning"}
    return clean | ours | variables


def manage(url: str, *arguments: object, data_directory: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py` on a database in a process of its own, as people do."""
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT,
        env=environment(url, data_directory, **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@contextmanager
def as_default(url: str) -> Iterator[None]:
    """Let Django's default connection, and with it every model, work on this database; nothing is rolled back."""
    given = connections[DEFAULT_DB_ALIAS]
    database = {**database_from_url(url), "ATOMIC_REQUESTS": False}
    if url.startswith("sqlite"):
        database["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_COMMAND}
    other = ConnectionHandler({DEFAULT_DB_ALIAS: database})[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = other
    try:
        yield
    finally:
        other.close()
        connections[DEFAULT_DB_ALIAS] = given


def make_database(engine: str, name: str, directory: Path) -> Database:
    """Give a database of this engine that does not exist yet."""
    makers: dict[str, Callable[[], Database]] = {
        "sqlite": lambda: SqliteFile(directory / f"{name}.sqlite3"),
        "postgresql": lambda: PostgresDatabase(name),
        "mariadb": lambda: MariaDatabase(name),
    }
    return makers[engine]()


def copy_of(template: Database, name: str, directory: Path) -> Database:
    """Give a copy of a database of the tests'."""
    if isinstance(template, SqliteFile):
        file = SqliteFile(directory / f"{name}.sqlite3")
        file.create()
        shutil.copy(template.path, file.path)
        return file
    copied: Any = PostgresDatabase(name) if isinstance(template, PostgresDatabase) else MariaDatabase(name)
    copied.copy_from(template)
    made: Database = copied
    return made
