"""A disk without room, as the server and its driver tell of it, is told from a row that the table refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from helpdesk.legacy.copying.shapes import table_shape
from helpdesk.legacy.copying.writing import RowWriter, is_disk_full
from helpdesk.people.models import Role
from helpdesk.portal.copying import describe_failure

pytestmark = pytest.mark.django_db(transaction=True)

# Without room in a file (3, 28 of the system; 1021), in a table space (1114); PostgreSQL's class 53.
CODES = {"mysql": ["3", "28", "1021", "1114"], "postgresql": ["53100"], "sqlite": [""]}
OTHER_CODES = {"mysql": ["1205", "1213", "1290"], "postgresql": ["53200", "53400", "25006"], "sqlite": []}
MOST_PAGES = 1073741823
A_ROW = [[900, 1, "A", "x" * 50_000, None, "2026-01-01 00:00:00", None]]


@contextmanager
def server_says(code: str) -> Iterator[None]:
    """Let every row written to the table of roles end with this error of the server; SQLite has no page more."""
    with connection.cursor() as cursor:
        _begin(cursor, code)
        try:
            yield
        finally:
            if connection.vendor == "sqlite":
                cursor.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
            else:
                cursor.execute(
                    f"DROP TRIGGER hd_test_full{' ON ost_role' if connection.vendor == 'postgresql' else ''}"
                )


def _begin(cursor: CursorWrapper, code: str) -> None:
    if connection.vendor == "sqlite":
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    elif connection.vendor == "mysql":
        signal = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'said by the server'"
        cursor.execute(f"CREATE TRIGGER hd_test_full BEFORE INSERT ON ost_role FOR EACH ROW {signal}")
    else:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION pg_temp.hd_test_full() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'said by the server' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER hd_test_full BEFORE INSERT ON ost_role FOR EACH ROW EXECUTE FUNCTION pg_temp.hd_test_full()"
        )


def error_of_writing() -> DatabaseError:
    """Give the error with which rows are not written."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        RowWriter(connection, table_shape(Role)).write(A_ROW)
    assert not Role.objects.filter(pk=900).exists()
    return caught.value


def test_each_way_of_the_server_to_tell_of_a_full_disk_is_known() -> None:
    for code in CODES[connection.vendor]:
        with server_says(code):
            error = error_of_writing()
        assert is_disk_full(error), code
        assert is_disk_full(error.__cause__ or error), code  # as the driver raises it, too
        assert describe_failure(error) == "The disk is full. Make room first."
    assert RowWriter(connection, table_shape(Role)).write(A_ROW) == []


def test_other_errors_of_the_server_are_not_taken_for_it() -> None:
    for code in OTHER_CODES[connection.vendor]:
        with server_says(code):
            error = error_of_writing()
        assert not is_disk_full(error), code
        assert "said by the server" in describe_failure(error)
    Role.objects.create(pk=900, name="A")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Role.objects.create(pk=901, name="a")
    assert not is_disk_full(caught.value)


@pytest.mark.mysql
def test_a_table_that_may_not_grow_is_full() -> None:
    """Here the server itself runs out of room: rows that it keeps in memory have an upper bound."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION max_heap_table_size = 16384")
        cursor.execute("CREATE TEMPORARY TABLE hd_test_small (text CHAR(200)) ENGINE = MEMORY")
        try:
            with pytest.raises(DatabaseError) as caught:
                cursor.executemany("INSERT INTO hd_test_small VALUES (%s)", [["x"]] * 1000)
        finally:
            cursor.execute("DROP TEMPORARY TABLE hd_test_small")
            cursor.execute("SET SESSION max_heap_table_size = DEFAULT")
    assert is_disk_full(caught.value)
