"""The databases of the benchmark: where they are, whether they are finished, making and dropping them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pymysql
from psycopg import sql

ENGINES = ("sqlite", "mariadb", "postgresql")
SERVER_VARIABLES = {"mariadb": "BENCH_MARIADB", "postgresql": "BENCH_POSTGRESQL"}
DEFAULT_SERVERS = {
    "mariadb": "mysql://root@127.0.0.1:3306/",
    "postgresql": "postgres://postgres@127.0.0.1:5432/",
}


@dataclass(frozen=True)
class BenchDatabase:
    """One database: an engine, a size, and the directory for what programs keep beside it."""

    engine: str
    tickets: int
    directory: Path
    purpose: str = ""
    """What it is for beside the pages, such as `creating`; that is part of its name."""

    def __str__(self) -> str:
        return f"{self.engine}, {self.tickets:,} tickets{f', {self.purpose}' if self.purpose else ''}"

    @property
    def name(self) -> str:
        """The name on the server."""
        return f"ostler_bench_{f'{self.purpose}_' if self.purpose else ''}{self.tickets}"

    @property
    def data_directory(self) -> Path:
        """The DATA_DIR of programs that use it."""
        return self.directory / f"{f'{self.purpose}-' if self.purpose else ''}{self.engine}-{self.tickets}"

    @property
    def file(self) -> Path:
        """The file, on SQLite."""
        return self.data_directory / f"{self.name}.sqlite3"

    @property
    def url(self) -> str:
        """The DATABASE_URL."""
        if self.engine == "sqlite":
            return f"sqlite:///{self.file}"
        return urlunsplit(urlsplit(self._server)._replace(path=f"/{self.name}"))

    @property
    def _server(self) -> str:
        return os.environ.get(SERVER_VARIABLES[self.engine], DEFAULT_SERVERS[self.engine])

    def environment(self) -> dict[str, str]:
        """Give the environment of a program that uses it as in production."""
        kept = {key: value for key, value in os.environ.items() if not re.match("DB_|DATABASE_|OSTICKET_|DEBUG", key)}
        return {
            **kept,
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.data_directory),
            "DEBUG": "0",
            "LOG_LEVEL": "warning",
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
        }

    def create_empty(self) -> None:
        """Drop what is there and make an empty database."""
        self.data_directory.mkdir(parents=True, exist_ok=True)
        self._drop()
        if self.engine == "mariadb":
            with self._mysql() as connection, connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE `{self.name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        elif self.engine == "postgresql":
            with psycopg.connect(self._server_database("postgres"), autocommit=True) as session:
                session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))

    def throw_away(self) -> None:
        """Drop the database and what programs kept beside it."""
        self._drop()
        shutil.rmtree(self.data_directory, ignore_errors=True)

    def _drop(self) -> None:
        if self.engine == "sqlite":
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{self.file}{ending}").unlink(missing_ok=True)
        elif self.engine == "mariadb":
            with self._mysql() as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS `{self.name}`")
        else:
            with psycopg.connect(self._server_database("postgres"), autocommit=True) as session:
                session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))

    def marker(self) -> Mapping[str, Any] | None:
        """Give what was noted when the database was finished; None for one that is not there or not finished."""
        path = self.data_directory / "finished.json"
        if not path.is_file() or not self._exists():
            return None
        noted: Mapping[str, Any] = json.loads(path.read_text())
        return noted

    def note_finished(self, facts: Mapping[str, Any]) -> None:
        """Note that everything was written."""
        (self.data_directory / "finished.json").write_text(json.dumps(facts, indent=2))

    def forget_finished(self) -> None:
        """Note that it is being written."""
        (self.data_directory / "finished.json").unlink(missing_ok=True)

    def unreachable(self) -> str:
        """Say why the server cannot be used, '' when it can."""
        try:
            self._exists()
        except (pymysql.Error, psycopg.Error) as error:
            return f"{SERVER_VARIABLES[self.engine]}: {error}".splitlines()[0]
        return ""

    def _exists(self) -> bool:
        if self.engine == "sqlite":
            return self.file.is_file()
        if self.engine == "mariadb":
            with self._mysql() as connection, connection.cursor() as cursor:
                return bool(cursor.execute("SHOW DATABASES LIKE %s", [self.name]))
        with psycopg.connect(self._server_database("postgres"), connect_timeout=5) as session:
            found = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.name])
            return found.fetchone() is not None

    def _server_database(self, name: str) -> str:
        return urlunsplit(urlsplit(self._server)._replace(scheme="postgresql", path=f"/{name}"))

    def _mysql(self) -> pymysql.Connection[Any]:
        parts = urlsplit(self._server)
        return pymysql.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user=parts.username or "root",
            password=parts.password or "",
            connect_timeout=5,
            autocommit=True,
        )
