"""What a test commits is gone after it: its rows, those it deleted or changed are back, and so are dropped tables."""

import pytest
from django.db import connection
from django.test import TransactionTestCase

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.people.models import Department, Role


def rows() -> list[object]:
    """Give what the tables hold that the test changes."""
    columns = [cdata.columns(object_type) for object_type in cdata.TABLES]
    return [*Department.objects.order_by("pk").values(), *Role.objects.order_by("pk").values(), columns]


@pytest.mark.django_db(transaction=True)
def test_the_next_one_finds_the_rows_of_a_fresh_help_desk() -> None:
    before = rows()
    Department.objects.create(name="Left behind", signature="", created=None, updated=None)
    Department.objects.filter(name="Sales").update(signature="Changed")
    Role.objects.filter(name="View only").delete()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {connection.ops.quote_name(cdata.TABLES[EntryObject.TICKET].prefixed_name)}")
    assert rows() != before
    TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]
    assert rows() == before
