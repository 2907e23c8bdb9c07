"""The forms that every object of a type has are known without asking, and a change of one is seen at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.forms.selectors import built_in_form, form_for
from helpdesk.people.actor import Actor
from helpdesk.people.services import create_end_user

pytestmark = pytest.mark.django_db


def new_user(name: str) -> list[str]:
    """Make an end user; give the statements that asked for forms."""
    with CaptureQueriesContext(connection) as captured:
        create_end_user(f"{name}@example.test", actor=Actor.system())
    asked = [f"FROM {connection.ops.quote_name(model._meta.db_table)}" for model in (Form, FormField)]
    return [query["sql"] for query in captured if any(one in query["sql"] for one in asked)]


@pytest.mark.usefixtures("warm")
def test_the_second_user_asks_for_no_form() -> None:
    new_user("ann")
    assert new_user("bob") == []


@pytest.mark.usefixtures("warm")
def test_a_new_field_is_answered_at_once() -> None:
    new_user("ann")
    form = form_for(EntryObject.USER)
    values = {"label": "Floor", "name": "floor", "type": "text", "sort": 9, "flags": FieldFlag.ENABLED}
    field = FormField.objects.create(form=form, **values)
    new_user("bob")
    entry = FormEntry.objects.filter(object_type=EntryObject.USER).order_by("id").last()
    assert FormAnswer.objects.filter(entry=entry, field=field).exists()


def test_of_several_forms_of_a_type_the_first_counts() -> None:
    first = form_for(EntryObject.USER)
    Form.objects.create(type=EntryObject.USER, title="Another")
    known = built_in_form(EntryObject.USER)
    assert first is not None
    assert known is not None
    assert (known.form, [field.pk for field in known.fields]) == (
        first,
        [field.pk for field in first.fields.order_by("sort", "id")],
    )
