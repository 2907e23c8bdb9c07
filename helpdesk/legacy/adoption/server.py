"""The database server: old enough to be refused, read-only, and what the database user may do."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.adoption.judgement import Problem
from helpdesk.legacy.schema_introspection import fetch_rows

# For the side tables and what they refer to; SELECT to DELETE also for osTicket's tables.
NEEDED = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "REFERENCES", "DROP")
_GRANT = re.compile(r"GRANT (?P<privileges>.+?) ON (?P<place>\S+) TO ", re.IGNORECASE)
_ROLE_GRANT = re.compile(r"GRANT [^ ]+ TO ", re.IGNORECASE)


@dataclass(frozen=True)
class ServerFacts:
    """What the server says of itself and of the user."""

    database: str
    user: str
    host: str
    grants: tuple[str, ...]
    is_read_only: bool = False

    @property
    def quoted_user(self) -> str:
        """The user as a GRANT statement names it."""
        return f"'{self.user}'@'{self.host}'"


def read_server_facts(connection: BaseDatabaseWrapper) -> ServerFacts:
    """Ask the server."""
    ((database, account, read_only, innodb_read_only, role),) = fetch_rows(
        connection, "SELECT DATABASE(), CURRENT_USER(), @@global.read_only, @@global.innodb_read_only, CURRENT_ROLE()"
    )
    user, _, host = str(account).rpartition("@")
    statement = "SHOW GRANTS"
    if not connection.mysql_is_mariadb and role and role != "NONE":  # type: ignore[attr-defined]
        # MariaDB adds the present role by itself, MySQL only when it is named (quoted by the server).
        statement = f"SHOW GRANTS FOR CURRENT_USER() USING {role}"
    return ServerFacts(
        database=str(database),
        user=user,
        host=host,
        grants=tuple(str(row[0]) for row in fetch_rows(connection, statement)),
        is_read_only=_is_on(read_only) or _is_on(innodb_read_only),
    )


def _is_on(value: object) -> bool:
    return str(value).upper() in {"1", "ON"}


def granted_privileges(grants: Iterable[str], database: str) -> frozenset[str]:
    """Give the privileges that lines of SHOW GRANTS confer on every table of the database."""
    privileges: set[str] = set()
    for line in grants:
        match = _GRANT.match(line)
        if match and _covers(match["place"], database):
            names = re.sub(r"\([^)]*\)", "", match["privileges"]).upper().split(",")
            privileges |= {name.strip() for name in names}
    return frozenset(NEEDED) if {"ALL", "ALL PRIVILEGES"} & privileges else frozenset(privileges)


def _covers(place: str, database: str) -> bool:
    """Whether `*.*` or a pattern such as `` `osticket\\_%`.* `` covers the database."""
    if place == "*.*":
        return True
    match = re.fullmatch(r"[`\"]?(?P<pattern>.+?)[`\"]?\.\*", place)
    if match is None:
        return False
    parts = re.split(r"(\\.|[%_])", match["pattern"])
    pattern = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.fullmatch(pattern, database, re.IGNORECASE) is not None


def check_server(facts: ServerFacts) -> Iterator[Problem]:
    """Give what keeps this user on this server from adopting the database."""
    if facts.is_read_only:
        yield Problem(
            "server-read-only",
            "The database server is read-only, as replicas are.",
            ("Point DB_HOST (or DATABASE_URL) at the server that takes the writes.",),
        )
    missing = [name for name in NEEDED if name not in granted_privileges(facts.grants, facts.database)]
    if missing and not any(_ROLE_GRANT.match(line) for line in facts.grants):
        yield Problem(
            "privileges-missing",
            f"The database user {facts.quoted_user} lacks {', '.join(missing)} on “{facts.database}”.",
            (
                "As an administrator of the server:",
                f"GRANT {', '.join(NEEDED)} ON `{_escaped(facts.database)}`.* TO {facts.quoted_user};",
            ),
        )


def _escaped(database: str) -> str:
    """The name in a GRANT, where `_` and `%` would match other databases too."""
    return re.sub(r"([_%])", r"\\\1", database)
