"""Scratch databases beside the test database, for what adoption does to a whole database.

They are reached over a driver connection of their own, not over the code under test.
"""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pymysql
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from pymysql.constants import CLIENT

from helpdesk.legacy.originals import forget_columns

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
# What a developer's shell may hold must not reach the commands.
FOREIGN = ("DATABASE_URL", "DB_", "OSTICKET_CONFIG", "TABLE_PREFIX", "SECRET_SALT", "DATA_DIR", "DEBUG", "NODE_ENV")


@cache
def reference_dump() -> str:
    """Give the SQL of the reference database, written by osTicket 1.18.1."""
    with gzip.open(HERE / "reference-dump.sql.gz", "rt", encoding="utf-8") as file:
        return file.read()


def server() -> dict[str, Any]:
    """Give the connection arguments of the server under test."""
    database = settings.DATABASES["default"]
    return {
        "host": database["HOST"] or "127.0.0.1",
        "port": int(database["PORT"] or 3306),
        "user": database["USER"],
        "password": database["PASSWORD"] or "",
    }


class Scratch:
    """One scratch database; `name` tells it apart from those of parallel runs."""

    def __init__(self, name: str) -> None:
        """Name the database; `create` makes it."""
        self.name = f"ostler_scratch_{os.getpid()}_{name}"[:64]

    @cached_property
    def _link(self) -> Any:
        return pymysql.connect(**server(), charset="utf8mb4", autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS)

    def create(self, options: str = "CHARACTER SET utf8mb3") -> "Scratch":
        """Make the database anew."""
        self.execute(
            f"DROP DATABASE IF EXISTS `{self.name}`; CREATE DATABASE `{self.name}` {options}; USE `{self.name}`"
        )
        return self

    def load(self, prefix: str = "ost_") -> "Scratch":
        """Fill it with the reference dump, its tables under another prefix if wanted."""
        sql = reference_dump()
        self.execute(sql if prefix == "ost_" else sql.replace("`ost_", f"`{prefix}"))
        return self

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run statements; give the rows of the last one."""
        with self._link.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall()
            while cursor.nextset():
                rows = cursor.fetchall()
            return list(rows)

    def value(self, sql: str) -> Any:
        """Give the first column of the first row."""
        return self.execute(sql)[0][0]

    def tables(self) -> set[str]:
        """Give the names of all tables."""
        return {name for (name,) in self.execute("SHOW TABLES")}

    def checksums(self, beginning: str = "ost_") -> dict[str, int]:
        """Give the checksum of every table of osTicket's."""
        names = sorted(name for name in self.tables() if name.startswith(beginning))
        rows = self.execute("CHECKSUM TABLE " + ", ".join(f"`{name}`" for name in names))
        return {name.removeprefix(f"{self.name}."): checksum for name, checksum in rows}

    def definitions(self, beginning: str = "ost_") -> dict[str, str]:
        """Give the CREATE statement of every table of osTicket's."""
        names = sorted(name for name in self.tables() if name.startswith(beginning))
        return {name: self.execute(f"SHOW CREATE TABLE `{name}`")[0][1] for name in names}

    def drop(self) -> None:
        """Remove the database."""
        self.execute(f"DROP DATABASE IF EXISTS `{self.name}`")
        self._link.close()

    @property
    def url(self) -> str:
        """The DATABASE_URL of this database."""
        where = server()
        password = f":{where['password']}" if where["password"] else ""
        return f"mysql://{where['user']}{password}@{where['host']}:{where['port']}/{self.name}"

    def manage(self, *arguments: str, data_directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` on this database in a process of its own, as people do."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        clean |= {"DATA_DIR": str(data_directory), "DJANGO_SETTINGS_MODULE": "helpdesk.settings"}
        if "OSTICKET_CONFIG" not in environment:
            clean |= {"DATABASE_URL": self.url, "SECRET_SALT": SALT}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=clean | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def as_default(self, **database_settings: Any) -> Iterator[None]:
        """Let Django's default connection, and with it every model, work on this database.

        Nothing is rolled back. The connection's settings may be changed meanwhile (`USER`, `TIME_ZONE`).
        """
        given = dict(connections[DEFAULT_DB_ALIAS].settings_dict)
        _start_afresh({**given, "NAME": self.name, **database_settings})
        try:
            yield
        finally:
            _start_afresh(given)


def _start_afresh(database_settings: Mapping[str, Any]) -> None:
    """Close the connection and make it forget what it knew of the database before."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(database_settings)
    for known in ("timezone", "timezone_name", "mysql_server_data", "mysql_server_info", "mysql_version"):
        connection.__dict__.pop(known, None)
    if connection.vendor == "mysql":
        forget_columns(connection)
        connection.forget_installation()  # type: ignore[attr-defined]
