"""Which database the environment names, in which order, and what is refused."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from helpdesk.databases import default_database
from helpdesk.legacy.php_config import parse_php_configuration

pytestmark = pytest.mark.once

MYSQL = "helpdesk.legacy.backends.mysql"
POSTGRESQL = "helpdesk.legacy.backends.postgresql"
SQLITE = "helpdesk.legacy.backends.sqlite3"
DATA = Path("/srv/ostler")
PHP = parse_php_configuration(
    "define('DBHOST','db.acme.test:3307'); define('DBNAME','helpdesk'); define('DBUSER','ost'); define('DBPASS','pw');"
)
NAMES = (
    "DATABASE_URL", "DATABASE_URL_FILE", "DB_DIALECT", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD",
    "DB_PASSWORD_FILE", "DB_POOL_MIN", "DB_POOL_MAX", "DB_CONN_MAX_AGE", "DB_TIME_ZONE",
)  # fmt: skip


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Start without any variable that names a database."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_nothing_set_means_sqlite_in_the_data_directory(given: pytest.MonkeyPatch) -> None:
    database = default_database(DATA, None)
    assert (database["ENGINE"], database["NAME"]) == (SQLITE, "/srv/ostler/ostler.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 20
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "engine"),
    [
        ("mysql://ost:p%40ss@db:3307/helpdesk", MYSQL),
        ("mariadb://ost:p%40ss@db:3307/helpdesk", MYSQL),
        ("postgres://ost:p%40ss@db:3307/helpdesk", POSTGRESQL),
        ("postgresql://ost:p%40ss@db:3307/helpdesk", POSTGRESQL),
        ("pgsql://ost:p%40ss@db:3307/helpdesk", POSTGRESQL),
    ],
)
def test_an_address_names_everything(given: pytest.MonkeyPatch, url: str, engine: str) -> None:
    given.setenv("DATABASE_URL", url)
    database = default_database(DATA, PHP)
    assert [database[key] for key in ("ENGINE", "NAME", "HOST", "PORT", "USER", "PASSWORD")] == [
        engine, "helpdesk", "db", 3307, "ost", "p@ss",
    ]  # fmt: skip


def test_an_address_may_name_an_sqlite_file(given: pytest.MonkeyPatch) -> None:
    given.setenv("DATABASE_URL", "sqlite:////srv/other.sqlite3")
    database = default_database(DATA, None)
    assert (database["ENGINE"], database["NAME"]) == (SQLITE, "/srv/other.sqlite3")


def test_an_address_may_come_from_a_file(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgres://ost@db/helpdesk\n")
    given.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    assert default_database(DATA, None)["ENGINE"] == POSTGRESQL


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("oracle://ost@db/helpdesk", "begins with 'oracle'"),
        ("localhost/helpdesk", "begins with 'localhost/helpdesk'"),
        ("mysql://ost:pw@db:port/helpdesk", "cannot be understood"),
        ("mysql://ost:pw@db", "names no database"),
        ("sqlite://:memory:", "names no database"),
    ],
)
def test_an_address_that_cannot_work_is_refused(given: pytest.MonkeyPatch, url: str, message: str) -> None:
    given.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=message):
        default_database(DATA, None)


def test_the_address_wins_over_the_names(given: pytest.MonkeyPatch) -> None:
    given.setenv("DATABASE_URL", "postgres://ost@db/helpdesk")
    given.setenv("DB_DIALECT", "mysql")
    assert default_database(DATA, PHP)["ENGINE"] == POSTGRESQL


def test_the_names_win_over_the_php_configuration(given: pytest.MonkeyPatch) -> None:
    given.setenv("DB_NAME", "copy")
    database = default_database(DATA, PHP)
    assert [database[key] for key in ("ENGINE", "NAME", "HOST", "PORT")] == [MYSQL, "copy", "localhost", 3306]


@pytest.mark.parametrize(
    ("dialect", "engine", "port"),
    [
        ("mysql", MYSQL, 3306),
        ("mariadb", MYSQL, 3306),
        ("postgres", POSTGRESQL, 5432),
        ("POSTGRESQL", POSTGRESQL, 5432),
    ],
)
def test_each_dialect_has_its_port(given: pytest.MonkeyPatch, dialect: str, engine: str, port: int) -> None:
    given.setenv("DB_DIALECT", dialect)
    database = default_database(DATA, None)
    assert (database["ENGINE"], database["PORT"], database["NAME"]) == (engine, port, "osticket")


@pytest.mark.parametrize("name", ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"])
def test_a_single_name_is_enough_to_leave_sqlite(given: pytest.MonkeyPatch, name: str) -> None:
    given.setenv(name, "33")
    assert default_database(DATA, None)["ENGINE"] == MYSQL


def test_the_password_may_come_from_a_file(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    given.setenv("DB_PASSWORD_FILE", str(tmp_path / "password"))
    database = default_database(DATA, None)
    assert (database["ENGINE"], database["PASSWORD"]) == (MYSQL, "s3cret")


def test_the_sqlite_dialect_needs_no_name(given: pytest.MonkeyPatch) -> None:
    given.setenv("DB_DIALECT", "sqlite")
    assert default_database(DATA, None)["NAME"] == "/srv/ostler/ostler.sqlite3"


@pytest.mark.parametrize(("name", "value"), [("DB_DIALECT", "mssql"), ("DB_PORT", "mysql"), ("DB_PORT", "70000")])
def test_a_name_that_cannot_work_is_refused(given: pytest.MonkeyPatch, name: str, value: str) -> None:
    given.setenv("DB_HOST", "db")
    given.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name}="):
        default_database(DATA, None)


def test_the_php_configuration_names_everything(given: pytest.MonkeyPatch) -> None:
    database = default_database(DATA, PHP)
    assert [database[key] for key in ("ENGINE", "NAME", "HOST", "PORT", "USER", "PASSWORD")] == [
        MYSQL, "helpdesk", "db.acme.test", 3307, "ost", "pw",
    ]  # fmt: skip


def test_the_php_configuration_may_name_a_socket_and_a_certificate_authority(given: pytest.MonkeyPatch) -> None:
    php = parse_php_configuration(
        "define('DBHOST','localhost:/run/mysqld/s.sock');define('DBNAME','h');define('DBUSER','o');"
        "define('DBSSLCA','/etc/ca.pem');"
    )
    database = default_database(DATA, php)
    assert (database["HOST"], database["OPTIONS"]["ssl"]) == ("/run/mysqld/s.sock", {"ca": "/etc/ca.pem"})


def test_connections_to_a_server_are_kept_and_checked(given: pytest.MonkeyPatch) -> None:
    given.setenv("DATABASE_URL", "mysql://ost@db/helpdesk")
    given.setenv("DB_CONN_MAX_AGE", "5")
    given.setenv("DB_TIME_ZONE", "Europe/Berlin")
    database = default_database(DATA, None)
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (5, True)
    assert (database["OPTIONS"]["charset"], database["TIME_ZONE"]) == ("utf8mb4", "Europe/Berlin")


def test_postgresql_may_have_a_pool_of_connections(given: pytest.MonkeyPatch) -> None:
    given.setenv("DATABASE_URL", "postgres://ost@db/helpdesk")
    given.setenv("DB_POOL_MAX", "8")
    database = default_database(DATA, None)
    assert (database["OPTIONS"]["pool"], database["CONN_MAX_AGE"]) == ({"min_size": 2, "max_size": 8}, 0)
    given.setenv("DB_POOL_MIN", "9")
    with pytest.raises(ImproperlyConfigured, match="DB_POOL_MIN=9"):
        default_database(DATA, None)
