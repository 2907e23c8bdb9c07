"""Which tests belong to the database engine under test: those marked `mysql` are not collected on another one."""

import pytest
from django.conf import settings


def is_mysql() -> bool:
    """Tell whether the run is on MySQL or MariaDB."""
    engine: str = settings.DATABASES["default"]["ENGINE"]
    return engine.endswith(".mysql")


def pytest_report_header() -> str:
    """Say what is left out, and why."""
    engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    return f"database: {engine}" + ("" if is_mysql() else " (tests of MySQL's own ways, marked mysql, are left out)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `mysql` where another engine is under test."""
    if is_mysql():
        return
    left_out = [item for item in items if item.get_closest_marker("mysql")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("mysql")]
