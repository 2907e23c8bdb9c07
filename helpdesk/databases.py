"""Builds Django's `DATABASES` from the environment.

In this order: `DATABASE_URL`, the `DB_*` names, an existing `ost-config.php` (`OSTICKET_CONFIG`), SQLite in `var/`.
"""

import re
import zoneinfo
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from helpdesk import environment
from helpdesk.legacy.php_config import PhpConfiguration

BACKENDS = {
    "mysql": "helpdesk.legacy.backends.mysql",
    "mariadb": "helpdesk.legacy.backends.mysql",
    "postgres": "helpdesk.legacy.backends.postgresql",
    "postgresql": "helpdesk.legacy.backends.postgresql",
    "pgsql": "helpdesk.legacy.backends.postgresql",
    "sqlite": "helpdesk.legacy.backends.sqlite3",
}
CONNECTION_NAMES = ("DB_DIALECT", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE")
SQLITE_FILE = "ostler.sqlite3"
DEFAULT_PORTS = {"mysql": 3306, "mariadb": 3306, "postgres": 5432, "postgresql": 5432, "pgsql": 5432}


def database_from_url(url: str, *, called: str = "DATABASE_URL") -> dict[str, Any]:
    """Give an entry of `DATABASES` for an address; raise ImproperlyConfigured, naming it `called`, for a bad one."""
    scheme = url.partition(":")[0].lower()
    if scheme not in BACKENDS:
        raise ImproperlyConfigured(
            f"{called} begins with {scheme!r}: use mysql://, postgres:// or sqlite:///path/of/file."
        )
    try:
        # The library knows no mariadb://, but the rest of the address is the same.
        database = dict(dj_database_url.parse(re.sub("^mariadb:", "mysql:", url, flags=re.IGNORECASE)))
    except ValueError as error:
        raise ImproperlyConfigured(f"{called} cannot be understood: {error}") from error
    if database["NAME"] in {"", ":memory:"}:
        raise ImproperlyConfigured(f"{called} names no database: its path is empty.")
    return database | {"ENGINE": BACKENDS[scheme]}


def _from_names(data_directory: Path) -> dict[str, Any]:
    dialect = environment.choice("DB_DIALECT", "mysql", BACKENDS)
    if dialect == "sqlite":
        return {"ENGINE": BACKENDS[dialect], "NAME": environment.text("DB_NAME", str(data_directory / SQLITE_FILE))}
    return {
        "ENGINE": BACKENDS[dialect],
        "NAME": environment.text("DB_NAME", "osticket"),
        "HOST": environment.text("DB_HOST", "localhost"),
        "PORT": environment.integer("DB_PORT", DEFAULT_PORTS[dialect], minimum=1, maximum=65535),
        "USER": environment.text("DB_USER"),
        "PASSWORD": environment.secret("DB_PASSWORD"),
    }


def database_from_php(php: PhpConfiguration) -> dict[str, Any]:
    """Give an entry of `DATABASES` for the database of osTicket's own configuration file."""
    options = {"ssl": {"ca": php.tls_authority}} if php.tls_authority else {}
    return {
        "ENGINE": BACKENDS["mysql"],
        "NAME": php.database,
        "HOST": php.socket or php.host,
        "PORT": php.port or DEFAULT_PORTS["mysql"],
        "USER": php.user,
        "PASSWORD": php.password,
        "OPTIONS": options,
    }


def default_database(data_directory: Path, php: PhpConfiguration | None) -> dict[str, Any]:
    """Give the entry `default` of `DATABASES`; raise ImproperlyConfigured for values that cannot work."""
    url = environment.secret("DATABASE_URL")
    if url:
        database = database_from_url(url)
    elif any(environment.text(name) for name in CONNECTION_NAMES):
        database = _from_names(data_directory)
    elif php is not None:
        database = database_from_php(php)
    else:
        database = {"ENGINE": BACKENDS["sqlite"], "NAME": str(data_directory / SQLITE_FILE)}
    return _with_options(database)


def _with_options(database: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = database.setdefault("OPTIONS", {})
    engine = database["ENGINE"].rpartition(".")[2]
    if engine == "sqlite3":
        # IMMEDIATE: two writers wait for each other instead of failing half-way. 16 MB for each connection: with less,
        # jobs that write much take pages from the file again and again.
        options.update(
            transaction_mode="IMMEDIATE",
            timeout=20,
            init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;",
        )
    else:
        database["CONN_MAX_AGE"] = environment.integer("DB_CONN_MAX_AGE", 60, minimum=0)
        database["CONN_HEALTH_CHECKS"] = True
    if engine == "postgresql" and environment.text("DB_POOL_MAX"):
        most = environment.integer("DB_POOL_MAX", 10, minimum=1)
        options["pool"] = {"min_size": environment.integer("DB_POOL_MIN", 2, minimum=0, maximum=most), "max_size": most}
        database["CONN_MAX_AGE"] = 0  # the pool keeps the connections
    if engine == "mysql":
        options.setdefault("charset", "utf8mb4")
        # The zone of an adopted database's naive datetimes; empty = as `manage.py adopt` recorded it, else UTC.
        database["TIME_ZONE"] = _time_zone(environment.text("DB_TIME_ZONE"))
    return database


def _time_zone(name: str) -> str | None:
    """Give the name of the zone, None for none; raise ImproperlyConfigured for a name that is no zone."""
    try:
        return zoneinfo.ZoneInfo(name).key if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ImproperlyConfigured(
            f"DB_TIME_ZONE={name!r} is no time zone: use a name such as Europe/Berlin."
        ) from None
