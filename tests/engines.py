"""Which tests belong into a run.

Those marked `mysql` or `servers` (several servers, MariaDB among them) are left out on another engine. Those that ask
for no database run with SQLite only: pytest-django lets them read and write no row (one that looks at the engine asks
for `db`). So do those marked `once`, which use one but say nothing about it. Those marked `network` are left out
outside CI unless `RUN_NETWORK_TESTS=1`, those marked `soak` unless `-m soak` asks for them.
"""

import os
from collections.abc import Container

import pytest
from django.conf import settings

DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server", "django_db_setup", "_django_db_helper"})
"""What opens the database to a test; fixtures that ask for one of them hand it on."""


def is_mysql() -> bool:
    """Tell whether the run is on MySQL or MariaDB."""
    engine: str = settings.DATABASES["default"]["ENGINE"]
    return engine.endswith(".mysql")


def is_sqlite() -> bool:
    """Tell whether the run is on SQLite."""
    engine: str = settings.DATABASES["default"]["ENGINE"]
    return engine.endswith(".sqlite3")


def has_network() -> bool:
    """Tell whether tests may ask a package registry: in CI, and where somebody says so."""
    return os.environ.get("RUN_NETWORK_TESTS", os.environ.get("CI", "")).lower() in {"1", "true"}


def pytest_report_header() -> str:
    """Say what is left out, and why."""
    engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    return f"database: {engine}" + ("" if is_mysql() else " (tests of MySQL's own ways, marked mysql, are left out)")


def asks_for_database(item: pytest.Item) -> bool:
    """Tell whether the test may read or write rows of the run's database, by its mark or through its fixtures."""
    if item.get_closest_marker("django_db") is not None:
        return True
    return not DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", DATABASE_FIXTURES))


def runs_once(item: pytest.Item, marks: Container[str]) -> bool:
    """Tell whether the test says the same on every engine; what brings servers of its own has its own mark."""
    if "once" in marks:
        return True
    return not (asks_for_database(item) or "mysql" in marks or "servers" in marks)


def wanted(item: pytest.Item) -> bool:
    """Tell whether the test belongs into this run, by its marks and by what it asks for."""
    marks = {mark.name for mark in item.iter_markers()}
    return not (
        ("soak" in marks and "soak" not in item.config.option.markexpr)
        or (marks & {"mysql", "servers"} and not is_mysql())
        or (runs_once(item, marks) and not is_sqlite())
        or ("network" in marks and not has_network())
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that do not belong into this run."""
    left_out = [item for item in items if not wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if wanted(item)]
