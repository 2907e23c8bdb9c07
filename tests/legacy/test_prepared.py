"""Statements whose text is made once say the same as Django's own, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Upper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone as django_timezone

from helpdesk.files.models import StoredFile
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent, EndUser, Organization, UserEmail
from helpdesk.people.selectors import user_of_address
from helpdesk.threads.models import ThreadEntry
from tests.factories import AgentFactory, EndUserFactory
from tickets.models import SearchEntry, Ticket

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 1, 12, 0, 30, 999_999, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture(autouse=True)
def _nothing_prepared() -> None:
    for name in ("prepared_inserts", "prepared_reads"):
        vars(connections[DEFAULT_DB_ALIAS]).pop(name, None)


def entry(**values: Any) -> ThreadEntry:
    return ThreadEntry.objects.create(
        **{"thread_id": 1, "type": "M", "poster": "Jo", "body": "x", "created": MOMENT, **values}
    )


def stored(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = type(row).objects.filter(pk=row.pk).values().get()
    return {name: value for name, value in found.items() if name != "id"}


def test_the_second_row_is_what_the_first_one_is() -> None:
    first, second = entry(), entry()
    assert stored(first) == stored(second)
    assert stored(second)["created"] == datetime(2026, 11, 1, 10, 0, 30, tzinfo=UTC)
    assert second.pk > first.pk


def test_the_text_is_made_once() -> None:
    entry()
    with CaptureQueriesContext(connection) as captured:
        entry(poster="somebody else", staff_id=7)
    kept = vars(connections[DEFAULT_DB_ALIAS])["prepared_inserts"].values()
    (text,) = [insert.text for insert in kept if insert is not None and "ost_thread_entry" in insert.text]
    assert any(query["sql"].startswith(text.partition("%s")[0]) for query in captured)


@pytest.mark.parametrize("round_", [1, 2])
def test_nobody_no_date_and_characters(round_: int) -> None:
    for _ in range(round_):
        row = entry(staff_id=0, user_id=None, updated=None, title="a\0b", body="ü 😀", ip_address="", source="")
    assert (row.title, row.staff_id) == ("ab", None)
    found = ThreadEntry.objects.get(pk=row.pk)
    assert (found.title, found.body) == ("ab", "ü 😀")
    assert {found.staff, found.user, found.updated} == {None}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT staff_id, user_id FROM {ThreadEntry._meta.db_table} WHERE id = %s", [row.pk])  # noqa: S608
        assert cursor.fetchone() == (0, 0)


def test_a_text_that_is_too_long_is_refused_every_time() -> None:
    for _ in range(3):
        with pytest.raises(ValidationFailed), transaction.atomic():
            entry(poster="x" * 129)
        entry(poster="x" * 128)


def test_expressions_among_the_values() -> None:
    entry(poster="plain")
    for name in ("first", "second"):
        row = entry(poster=Upper(Value(name)))
        assert ThreadEntry.objects.get(pk=row.pk).poster == name.upper()
    assert ThreadEntry.objects.get(pk=entry(poster="plain").pk).poster == "plain"


def test_numbers_given_as_text_and_flags() -> None:
    for _ in range(2):
        row = StoredFile.objects.create(name="a", key="k", signature="s", size="12")
        assert StoredFile.objects.get(pk=row.pk).size == 12
    for _ in range(2):
        ticket = Ticket.objects.create(number="1", isoverdue=1, isanswered=False)  # type: ignore[misc]
        found = Ticket.objects.get(pk=ticket.pk)
        assert (found.isoverdue, found.isanswered, found.flags) == (True, False, 0)


def test_several_rows_and_conflicts() -> None:
    for title in ("first", "second"):
        rows = [SearchEntry(object_type="T", object_id=pk, title=title, content="x") for pk in (1, 2)]
        SearchEntry.objects.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=["title"],
            unique_fields=["object_type", "object_id"]
            if connection.features.supports_update_conflicts_with_target
            else None,
        )
    assert set(SearchEntry.objects.filter(object_type="T").values_list("object_id", "title")) >= {
        (1, "second"),
        (2, "second"),
    }
    now = django_timezone.now()
    for _ in range(3):
        effect = Effect(kind="mail", object_type="ticket", object_id=1, payload={}, key="once", next_try=now)
        Effect.objects.bulk_create([effect], ignore_conflicts=True)
    assert Effect.objects.filter(key="once").count() == 1


def test_people_are_read_as_they_are_now() -> None:
    organization = Organization.objects.create(name="Acme", domain="acme.test", extra="note")
    user = EndUserFactory.new(name="Jo", address="Jo@x.test")
    assert user_of_address("nobody@x.test") is None
    for name, org in (("Jo", None), ("Jo Doe", organization), ("J. Doe", None)):
        EndUser.objects.filter(pk=user.pk).update(name=name, org=org)
        found = user_of_address("jo@X.test")
        assert found is not None
        assert (found, found.name, found.org) == (user, name, org)
        assert found.default_email.address == "Jo@x.test"
        assert found.created == EndUser.objects.get(pk=user.pk).created
    other = UserEmail.objects.create(user=user, address="other@x.test")
    found = user_of_address("other@x.test")
    assert found is not None
    assert (found, found.default_email_id) == (user, user.default_email_id)
    assert found.default_email != other


def test_lists_of_ids_bring_what_hangs_on_the_rows_and_is_counted_beside_them() -> None:
    people = [EndUserFactory.new(name=f"Person {number}", address=f"{number}@x.test") for number in range(4)]
    addresses = UserEmail.objects.filter(user=OuterRef("pk"), address__endswith="@x.test")

    def build(ids: Sequence[int], name: str, least: int) -> QuerySet[EndUser]:
        return (
            EndUser.objects.filter(Q(pk__in=ids) | Q(name=name), pk__gte=least)
            .select_related("default_email", "org")
            .only("name", "default_email__address", "org__name")
            .annotate(x_address=Subquery(addresses.values("address")[:1]))
            .order_by("pk")
        )

    prepared = PreparedRead(EndUser, build)
    organization = Organization.objects.create(name="Acme", domain="acme.test")
    for round_ in range(2):
        for ids, name, least in (
            ([people[0].pk, people[2].pk], "Person 3", 0),
            ([people[1].pk, people[1].pk], "nobody", 0),
            ([people[0].pk, people[2].pk], "", people[1].pk),
            ([people[3].pk], "Person 1", 0),
        ):
            plain = list(build(ids, name, least))
            with CaptureQueriesContext(connection) as captured:
                found = prepared.all(ids, name, least)
                shown = [(row.pk, row.name, row.default_email.address, row.org, row.x_address) for row in found]  # type: ignore[attr-defined]
            assert shown == [(row.pk, row.name, row.default_email.address, row.org, row.x_address) for row in plain]  # type: ignore[attr-defined]
            assert len(captured) == 1
            assert [row.get_deferred_fields() for row in found] == [row.get_deferred_fields() for row in plain]
            first = prepared.first(ids, name, least)
            assert first == (plain[0] if plain else None)
        EndUser.objects.filter(pk=people[2].pk).update(name=f"Somebody {round_}", org=organization)


def test_a_person_found_by_address_is_saved_whole() -> None:
    user = EndUserFactory.new(name="Jo", address="jo@x.test")
    before = EndUser.objects.values().get(pk=user.pk)
    found = user_of_address("jo@x.test")
    assert found is not None
    found.name = "Joanna"
    found.save()
    assert EndUser.objects.values().get(pk=user.pk) == {**before, "name": "Joanna"}


def test_dates_flags_and_answers_in_json_come_out_as_from_columns() -> None:
    """On MySQL, rows without an order come as JSON: among them zero dates, which read as none."""
    extra = {"def_assn_role": False, "ü": ["😀", None]}
    agents = [
        AgentFactory.new(firstname='Ü 😀 \\ "q" \n%s', lastname="", extra=extra, isadmin=True, lastlogin=MOMENT),
        AgentFactory.new(firstname="x", extra=None, isadmin=False, lastlogin=None),
    ]
    ids = [agent.pk for agent in agents]
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {Agent._meta.db_table} SET updated = '0000-00-00' WHERE staff_id = %s", ids[1:])  # noqa: S608
    read = PreparedRead(Agent, lambda ids: Agent.objects.filter(pk__in=ids).select_related("dept", "role"))
    ordered = PreparedRead(Agent, lambda ids: Agent.objects.filter(pk__in=ids).select_related("dept").order_by("-pk"))
    for _ in range(2):
        found = {agent.pk: agent for agent in read.all(ids)}
        expected = {agent.pk: agent for agent in Agent.objects.filter(pk__in=ids).select_related("dept", "role")}
        assert [vars_of(found[pk]) for pk in ids] == [vars_of(expected[pk]) for pk in ids]
        assert [vars_of(found[pk].dept) for pk in ids] == [vars_of(expected[pk].dept) for pk in ids]
        assert [agent.pk for agent in ordered.all(ids)] == ids[::-1]


def vars_of(row: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}
