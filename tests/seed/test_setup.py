"""`manage.py setup` writes the committed initial rows, once."""

import pytest


@pytest.mark.django_db
def test_x():
    from helpdesk.people.models import Department

    assert Department.objects.count() == 3
