"""Which tests belong into a run.

Those marked `mysql` or `servers` (several servers, MariaDB among them) are left out on another engine, those marked
`once` (no database in them) on all but SQLite, those marked `network` outside CI unless `RUN_NETWORK_TESTS=1`, those
marked `soak` unless `-m soak` asks for them.
"""

import os

import pytest
from django.conf import settings


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


def wanted(item: pytest.Item) -> bool:
    """Tell whether the test belongs into this run, by its marks."""
    marks = {mark.name for mark in item.iter_markers()}
    return not (
        ("soak" in marks and "soak" not in item.config.option.markexpr)
        or (marks & {"mysql", "servers"} and not is_mysql())
        or ("once" in marks and not is_sqlite())
        or ("network" in marks and not has_network())
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that do not belong into this run."""
    left_out = [item for item in items if not wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if wanted(item)]
