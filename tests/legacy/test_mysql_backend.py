"""What our MySQL back end does with fewer trips than Django's: beginning transactions, giving new ids."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import connection, transaction

from helpdesk.legacy.backends.mysql.base import USES_PYMYSQL
from helpdesk.people.models import EndUser
from helpdesk.threads.models import Thread

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "mysql", reason="MariaDB and MySQL"),
]


def session(variable: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT @@{variable}")
        return int(cursor.fetchone()[0])


@transaction.atomic
def make_and_fail(name: str) -> None:
    EndUser.objects.create(name=name)
    raise ZeroDivisionError


def test_a_transaction_begins_and_ends() -> None:
    with transaction.atomic():
        kept = EndUser.objects.create(name="Kept")
        with pytest.raises(ZeroDivisionError):
            make_and_fail("Undone by the savepoint")
        assert session("in_transaction") == 1
    with pytest.raises(ZeroDivisionError):
        make_and_fail("Undone")
    assert (session("in_transaction"), session("autocommit")) == (0, 1)
    assert list(EndUser.objects.values_list("pk", "name")) == [(kept.pk, "Kept")]


def test_new_rows_know_their_ids() -> None:
    one = EndUser.objects.create(name="One")
    given = EndUser.objects.create(pk=one.pk + 500, name="Given")
    several = EndUser.objects.bulk_create([EndUser(name="Several 1"), EndUser(name="Several 2")])
    single = EndUser.objects.bulk_create([EndUser(name="Single")])
    names = dict(EndUser.objects.values_list("pk", "name"))
    assert names == {row.pk: row.name for row in (one, given, *several, *single)}
    thread = Thread.objects.create(object_type="T", object_id=7)
    assert Thread.objects.get(pk=thread.pk).object_id == 7


def test_joined_texts_are_not_cut() -> None:
    """MySQL's own bound is 1,024 bytes: the numbers beside the queues need more."""
    assert session("SESSION.group_concat_max_len") == 16 * 1024 * 1024


@pytest.mark.skipif(not USES_PYMYSQL, reason="PyMySQL")
def test_connections_share_their_tls_context() -> None:
    """Making one reads every certificate of the machine, which takes ten times as long as the rest of a connection."""
    with closing(connection.copy()) as another:
        another.connect()
        connection.ensure_connection()
        assert another.connection.ctx is connection.connection.ctx
