"""Fixtures for all tests: the test database holds the initial rows of a fresh help desk."""

import gc
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.template import Engine
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django.plugin import DjangoDbBlocker

from helpdesk.configuration import kept, selectors, versioned
from helpdesk.configuration.kept import forget_everything_kept
from helpdesk.configuration.selectors import forget
from helpdesk.configuration.versioned import forget_everything_versioned
from helpdesk.forms import cdata, uploads
from helpdesk.legacy import originals
from helpdesk.legacy.models import Installation
from helpdesk.legacy.originals import forget_columns
from helpdesk.mail import ahead
from helpdesk.portal.seed import InstallerAnswers, is_set_up, seed_database
from helpdesk.reports import statistics
from helpdesk.threads.own_rows import is_followed
from tests.conformance.summary import pytest_terminal_summary
from tests.engines import pytest_collection_modifyitems, pytest_report_header
from tests.initial_rows import keep_initial_rows, keep_rows, put_back_after_tests
from tests.ready_made import MIGRATED, migrated_folder, prepared
from tickets import queue_counts, reference_data
from tickets.search import hits, suggestions

# Here and not only beside the recorded cases: the controller of a parallel run reads no inner conftest.
__all__ = [
    "migrated_folder",
    "prepared",
    "pytest_collection_modifyitems",
    "pytest_report_header",
    "pytest_terminal_summary",
]

# How long an example takes, or is thought up, says something about the machine only.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts into the background with Ctrl-C ignored, and programs pass that on to their children:
    # those that our tests interrupt must hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

COUNTING_FIXTURES = frozenset({"django_assert_num_queries", "django_assert_max_num_queries"})
INSTALLED_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ANSWERS = InstallerAnswers(
    helpdesk_url="http://testserver/",
    helpdesk_title="Acme Support",
    default_email="support@acme.test",
    admin_email="ada@acme.test",
)


def seed() -> None:
    """Write the initial rows as `manage.py setup` does, with the answers of the tests."""
    seed_database(ANSWERS, now=INSTALLED_AT)
    for object_type in cdata.TABLES:
        cdata.rebuild(object_type)
    is_followed()  # read once in a process: no test that plays an adopted database decides it for the others


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what stays to the end: modules, models, thousands of collected tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, pytestconfig: pytest.Config
) -> Iterator[None]:
    """Seed the test database once; ordinary tests roll back to these rows. With --reuse-db they are there already."""
    with django_db_blocker.unblock():
        pytestconfig.stash[MIGRATED] = None
        if not is_set_up():
            pytestconfig.stash[MIGRATED] = keep_rows()
            seed()
        rows = keep_initial_rows()
    with put_back_after_tests(rows):
        yield
    with django_db_blocker.unblock():
        rows.forget()


@pytest.fixture(autouse=True)
def _initial_rows_after_flush(request: pytest.FixtureRequest, _django_db_marker: None) -> None:
    """Seed again for a transactional test if one before it broke off with empty tables."""
    marker = request.node.get_closest_marker("django_db")
    is_transactional = marker is not None and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    is_transactional = is_transactional or bool({"transactional_db", "live_server"} & set(request.fixturenames))
    if is_transactional and not is_set_up():
        seed()


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the process knows for the time of a test: on a busy machine it would be read anew meanwhile."""
    for module in (ahead, kept, reference_data, selectors, versioned):
        monkeypatch.setattr(module, "LONGEST_AGE", 3600.0)
    monkeypatch.setattr(cdata, "READ_KEPT_SECONDS", 3600)
    monkeypatch.setattr(originals, "COLUMNS_KNOWN_SECONDS", 3600)
    monkeypatch.setattr(uploads, "MESSAGE_FIELD_KEPT_SECONDS", 3600)


@pytest.fixture(autouse=True, scope="session")
def _time_for_every_statement() -> Iterator[None]:
    """Cut no statement off for the fractions of a second that the machine did something else."""
    limits = {
        hits: ("SECONDS", "SECONDS_APART"),
        queue_counts: ("SECONDS_PER_COUNT",),
        statistics: ("SECONDS_WAITED",),
        suggestions: ("_SECONDS",),
    }
    with pytest.MonkeyPatch.context() as patch:
        for module, names in limits.items():
            for name in names:
                patch.setattr(module, name, 60.0)
        yield


@pytest.fixture(autouse=True)
def _warm_where_statements_are_counted(request: pytest.FixtureRequest) -> None:
    """Read nothing anew in the middle of a test that counts statements: on a slow machine a second passes there."""
    counts = COUNTING_FIXTURES.intersection(request.fixturenames) or hasattr(request.module, "CaptureQueriesContext")
    if counts:
        request.getfixturevalue("warm")


@pytest.fixture
def utf8mb3(db: None) -> Iterator[None]:
    """Note that osTicket's tables are utf8mb3, on MySQL only.

    The tables of the tests hold every character: what reaches them is to be looked at.
    """
    if connection.vendor == "mysql":
        Installation.objects.update(utf8mb3_tables=True)
        _forget_installation()
    yield
    if connection.vendor == "mysql":
        _forget_installation()


def _forget_installation() -> None:
    connection.forget_installation()  # type: ignore[attr-defined]
    forget_columns(connection)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """No test sees what another one cached or read of the settings."""
    cache.clear()
    forget()
    forget_everything_versioned()
    forget_everything_kept()
    yield
    cache.clear()
    forget()
    forget_everything_versioned()
    forget_everything_kept()


@pytest.fixture(autouse=True)
def _missing_variables_are_empty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test marked `ignore_template_errors` see nothing where a variable is missing, as a help desk does.

    pytest-django would look through all frames and their source for the template each time, only to ignore it.
    """
    if request.node.get_closest_marker("ignore_template_errors") is not None:
        monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "")
