"""The encodings of osTicket's columns: dates, JSON, bits, enumerations, text without case, prefixed names."""

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, connection
from django.db.models import Case, DateTimeField, F, Max, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from helpdesk.legacy.fields import (
    LegacyDateTimeField,
    NotJSON,
    PhpJSONField,
    Prefixed,
    decode_php_json,
    encode_php_json,
)
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department, Role, TeamMember, UserEmail
from helpdesk.threads.models import ThreadEntry
from tickets.models import Ticket, TicketStatus

EARLY, MIDDLE, LATE = (datetime(2026, 9, day, 8, 30, tzinfo=UTC) for day in (1, 15, 30))
on_mysql = pytest.mark.mysql


def column(model: Any, name: str, /, **where: Any) -> Any:
    """Read a column as the database holds it."""
    quote = connection.ops.quote_name
    ((key, value),) = where.items()
    text = f"CAST({quote(name)} AS CHAR)" if connection.vendor == "mysql" else quote(name)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {text} FROM {quote(model._meta.db_table)} WHERE {quote(key)} = %s",  # noqa: S608
            [value],
        )
        return cursor.fetchone()[0]


# --- dates


@pytest.fixture
def entries(db: None) -> QuerySet[ThreadEntry]:
    """Three entries; the one without `updated` is what osTicket leaves behind for every new entry."""
    for poster, created, updated in (("new", EARLY, None), ("edited", EARLY, MIDDLE), ("late", MIDDLE, LATE)):
        ThreadEntry.objects.create(poster=poster, created=created, updated=updated, body="date-test")
    ThreadEntry.objects.create(poster="timeless", created=None, updated=MIDDLE, body="date-test")
    return ThreadEntry.objects.filter(body="date-test")


DATE_LOOK_UPS: dict[str, tuple[Q, set[str]]] = {
    "none": (Q(updated=None), {"new"}),
    "isnull": (Q(updated__isnull=True), {"new"}),
    "not isnull": (Q(updated__isnull=False), {"edited", "late", "timeless"}),
    "not none": (~Q(updated=None), {"edited", "late", "timeless"}),
    "exact": (Q(updated=MIDDLE), {"edited", "timeless"}),
    "not exact": (~Q(updated=MIDDLE), {"new", "late"}),
    "in": (Q(updated__in=[MIDDLE, LATE]), {"edited", "late", "timeless"}),
    "lt": (Q(updated__lt=LATE), {"edited", "timeless"}),
    "lt itself": (Q(updated__lt=MIDDLE), set()),
    "lte": (Q(updated__lte=MIDDLE), {"edited", "timeless"}),
    "not lt": (~Q(updated__lt=LATE), {"new", "late"}),
    "not lte": (~Q(updated__lte=LATE), {"new"}),
    "gt": (Q(updated__gt=MIDDLE), {"late"}),
    "gte": (Q(updated__gte=MIDDLE), {"edited", "late", "timeless"}),
    "not gt": (~Q(updated__gt=MIDDLE), {"new", "edited", "timeless"}),
    "range": (Q(updated__range=(EARLY, MIDDLE)), {"edited", "timeless"}),
    "range from the beginning": (
        Q(updated__range=(datetime(1, 1, 1, tzinfo=UTC), LATE)),
        {"edited", "late", "timeless"},
    ),
    "not range": (~Q(updated__range=(EARLY, MIDDLE)), {"new", "late"}),
    "or": (Q(updated=None) | Q(updated__gt=MIDDLE), {"new", "late"}),
    "before a column": (Q(created__lt=F("updated")), {"edited", "late"}),
    "not after a column": (Q(created__lte=F("updated")), {"edited", "late"}),
    "after a column": (Q(updated__gt=F("created")), {"edited", "late"}),
    "not before a column": (Q(updated__gte=F("created")), {"edited", "late"}),
    "later than an expression": (
        Q(updated__gt=Coalesce(F("created"), Value(EARLY), output_field=DateTimeField())),
        {"edited", "late"},
    ),
    "through a relation": (Q(replies__updated=None), {"new", "edited", "late", "timeless"}),
}


@pytest.mark.parametrize("case", DATE_LOOK_UPS, ids=lambda name: name.replace(" ", "-"))
def test_no_date_is_neither_early_nor_late(entries: QuerySet[ThreadEntry], case: str) -> None:
    condition, expected = DATE_LOOK_UPS[case]
    if connection.vendor != "mysql" and case == "later than an expression":
        expected = {*expected, "timeless"}
    assert {entry.poster for entry in entries.filter(condition)} == expected


def test_a_zero_date_reads_as_none(entries: QuerySet[ThreadEntry]) -> None:
    assert entries.get(poster="new").updated is None
    assert entries.values_list("updated", flat=True).get(poster="new") is None


def test_stored_is_what_osticket_stores(entries: QuerySet[ThreadEntry]) -> None:
    expected = "0000-00-00 00:00:00" if connection.vendor == "mysql" else None
    assert column(ThreadEntry, "updated", poster="new") == expected


def test_no_date_sorts_as_the_earliest_on_every_engine(entries: QuerySet[ThreadEntry]) -> None:
    timed = entries.exclude(poster="timeless")

    def posters(order: Any) -> list[str]:
        return list(timed.order_by(order).values_list("poster", flat=True))

    assert posters(F("updated").asc(nulls_first=True)) == ["new", "edited", "late"]
    assert posters(F("updated").desc(nulls_last=True)) == ["late", "edited", "new"]


def test_the_latest_ignores_zero_dates(entries: QuerySet[ThreadEntry]) -> None:
    assert entries.aggregate(latest=Max("updated"))["latest"] == LATE


CHANGES: dict[str, Any] = {
    "none": None,
    "case": Case(When(poster="edited", then=Value(None)), default=F("updated"), output_field=LegacyDateTimeField()),
    "value": Value(None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_date_can_be_taken_away(entries: QuerySet[ThreadEntry], change: str) -> None:
    assert entries.filter(poster="edited").update(updated=CHANGES[change]) == 1
    assert entries.get(poster="edited").updated is None


def test_bulk_changes_write_zero_dates(entries: QuerySet[ThreadEntry]) -> None:
    edited, new = entries.get(poster="edited"), entries.get(poster="new")
    edited.updated, new.updated = None, LATE
    ThreadEntry.objects.bulk_update([edited, new], ["updated"])
    assert dict(entries.filter(pk__in=[edited.pk, new.pk]).values_list("poster", "updated")) == {
        "edited": None,
        "new": LATE,
    }
    ThreadEntry.objects.bulk_create([ThreadEntry(poster="bulk", body="date-test", updated=None)])
    assert entries.get(poster="bulk").updated is None


def test_a_nullable_date_is_stored_as_null(db: None) -> None:
    Ticket.objects.create(number="null-date", closed=None)
    assert column(Ticket, "closed", number="null-date") is None


@on_mysql
def test_a_zero_date_in_a_nullable_column_is_no_date_either(db: None) -> None:
    """No schema keeps PHP from writing one where NULL would do."""
    ticket = Ticket.objects.create(number="zero-closed", closed=LATE)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Ticket._meta.db_table} SET closed = '0000-00-00 00:00:00' WHERE ticket_id = %s",  # noqa: S608
            [ticket.pk],
        )
    assert Ticket.objects.get(pk=ticket.pk).closed is None
    assert Ticket.objects.filter(pk=ticket.pk, closed=None).exists()
    assert not Ticket.objects.filter(pk=ticket.pk, closed__lt=LATE).exists()


def test_fractions_of_a_second_are_cut_not_rounded(db: None) -> None:
    moment = datetime(2026, 9, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    Ticket.objects.create(number="fraction", closed=moment)
    assert Ticket.objects.get(number="fraction").closed == moment.replace(microsecond=0)
    assert Ticket.objects.filter(closed=moment).exists()


def test_a_moment_of_another_zone_is_the_same_moment(db: None) -> None:
    Ticket.objects.create(number="zone", closed=MIDDLE.astimezone(timezone(timedelta(hours=-7))))
    assert Ticket.objects.get(number="zone").closed == MIDDLE


# --- JSON as PHP writes it

PHP_TEXTS = [
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "12",
    "1.5",
    "-3.0",
    '""',
    '{"ticket.create":1,"ticket.edit":1}',
    '{"def_assn_role":true}',
    '{"2":"Printer \\"Pro\\" 400","3":"Router \\u00dcn\\u00eft"}',
    '{"Europe\\/Riga":"Europe \\/ Riga"}',
    '{"regex":"\\/^[A-Z]{2}-\\\\d{4}$\\/","validator-error":"Use AA-0000"}',
    '{"choices":"r:Red\\ng:Green\\nb:Blue","multiselect":false,"x":null}',
    '["\\t\\r\\b\\f","\\u0001\\u001f","<>&\'","\\ud83d\\ude00"]',
    '[[["status__state"],"includes",{"open":"Open"}]]',
    "9007199254740993",
]


@pytest.mark.parametrize("text", PHP_TEXTS)
def test_json_of_php_comes_out_byte_for_byte(text: str) -> None:
    assert encode_php_json(decode_php_json(text)) == text


@pytest.mark.parametrize("text", ["{'a':1}", "r:Red", "007", "{", " ", "NaN-ish", "a/b", "[" * 5000, '{"a":' * 5000])
def test_what_is_no_json_stays_as_it_is(text: str) -> None:
    value = decode_php_json(text)
    assert isinstance(value, NotJSON)
    assert value == text
    assert encode_php_json(value) == text


def test_text_is_encoded_when_it_is_data() -> None:
    assert encode_php_json("a/b é") == '"a\\/b \\u00e9"'
    assert json.loads(encode_php_json("a/b é")) == "a/b é"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_php_json({"x": value})


def test_a_column_keeps_what_it_does_not_understand(db: None) -> None:
    Role.objects.create(name="Odd", permissions={"a": 1})
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Role._meta.db_table} SET permissions = 'a:1/2' WHERE name = 'Odd'")  # noqa: S608
    role = Role.objects.get(name="Odd")
    role.notes = "touched"
    role.save()
    assert column(Role, "permissions", name="Odd") == "a:1/2"


@pytest.mark.parametrize(
    ("value", "stored"),
    [({"a/b": ["ü"]}, '{"a\\/b":["\\u00fc"]}'), ({}, "{}"), ([], "[]"), (False, "false"), (0, "0"), (None, None)],
)
def test_stored_json(db: None, value: Any, stored: str | None) -> None:
    Role.objects.create(name="JSON", permissions=value)
    assert column(Role, "permissions", name="JSON") == stored
    assert Role.objects.get(name="JSON").permissions == value


def test_none_is_empty_text_where_the_column_has_no_null(db: None) -> None:
    TicketStatus.objects.create(name="JSON", properties=None)
    assert column(TicketStatus, "properties", name="JSON") == ""
    assert TicketStatus.objects.get(name="JSON").properties is None


def test_json_look_ups(db: None) -> None:
    Role.objects.create(name="First", permissions={"ticket.create": 1})
    Role.objects.create(name="Second", permissions=None)
    roles = Role.objects.filter(name__in=["First", "Second"])
    assert [role.name for role in roles.filter(permissions={"ticket.create": 1})] == ["First"]
    assert [role.name for role in roles.filter(permissions__contains="ticket.create")] == ["First"]
    assert [role.name for role in roles.filter(permissions=None)] == ["Second"]


def test_a_json_field_survives_serialising(db: None) -> None:
    role = Role(permissions={"a/b": 1})
    field = Role._meta.get_field("permissions")
    assert isinstance(field, PhpJSONField)
    assert field.value_to_string(role) == '{"a\\/b":1}'
    assert field.to_python(field.value_to_string(role)) == {"a/b": 1}


# --- bits

ACTIVE, ARCHIVED = DepartmentFlag(0x04), DepartmentFlag(0x08)


@pytest.fixture
def departments(db: None) -> QuerySet[Department]:
    """No bits; active; archived; both; a bit that no enumeration knows."""
    for name, flags in (("none", 0), ("active", 4), ("archived", 8), ("both", 12), ("unknown", 0x4000)):
        Department.objects.create(name=name, flags=flags, signature="bit-test")
    return Department.objects.filter(signature="bit-test")


BIT_LOOK_UPS: dict[str, tuple[Callable[[QuerySet[Department]], QuerySet[Department]], set[str]]] = {
    "exact": (lambda d: d.filter(flags=ACTIVE), {"active"}),
    "exact number": (lambda d: d.filter(flags=12), {"both"}),
    "has": (lambda d: d.filter(flags__has=ACTIVE), {"active", "both"}),
    "has number": (lambda d: d.filter(flags__has=4), {"active", "both"}),
    "has all": (lambda d: d.filter(flags__has=ACTIVE | ARCHIVED), {"both"}),
    "has any": (lambda d: d.filter(flags__has_any=ACTIVE | ARCHIVED), {"active", "archived", "both"}),
    "has not": (lambda d: d.exclude(flags__has=ACTIVE), {"none", "archived", "unknown"}),
    "has none": (lambda d: d.exclude(flags__has_any=ACTIVE | ARCHIVED), {"none", "unknown"}),
    "has unknown": (lambda d: d.filter(flags__has=0x4000), {"unknown"}),
    "has high bit": (lambda d: d.filter(flags__has=0x80000000), set()),
    "django's own": (lambda d: d.annotate(bit=F("flags").bitand(ACTIVE)).filter(bit=ACTIVE), {"active", "both"}),
}


@pytest.mark.parametrize("case", BIT_LOOK_UPS, ids=lambda name: name.replace(" ", "-"))
def test_bits_can_be_looked_up(departments: QuerySet[Department], case: str) -> None:
    look_up, expected = BIT_LOOK_UPS[case]
    assert {department.name for department in look_up(departments)} == expected


def test_bits_read_as_members_and_keep_what_is_unknown(departments: QuerySet[Department]) -> None:
    both = departments.get(name="both")
    assert isinstance(both.flags, DepartmentFlag)
    assert ACTIVE in both.flags
    assert departments.get(name="unknown").flags == 0x4000


def test_bits_are_changed_in_the_database(departments: QuerySet[Department]) -> None:
    departments.filter(name="none").update(flags=F("flags").bitor(ACTIVE))
    departments.filter(name="both").update(flags=ACTIVE)
    assert {d.name: int(d.flags) for d in departments.filter(name__in=["none", "both"])} == {"none": 4, "both": 4}


def test_bits_through_a_composite_key(db: None) -> None:
    member = TeamMember.objects.create(team_id=77, staff_id=78, flags=1)
    assert TeamMember.objects.get(pk=(77, 78), flags__has=1) == member


# --- enumerations


@pytest.mark.parametrize("source", ["Web", "Email", "Phone", "API", "Other"])
def test_an_enumeration_takes_its_values(db: None, source: str) -> None:
    Ticket.objects.create(number="enum", source=source)
    assert column(Ticket, "source", number="enum") == source
    assert Ticket.objects.filter(source=source, number="enum").exists()


def test_an_enumeration_refuses_others_in_forms() -> None:
    with pytest.raises(ValidationError, match="Pigeon"):
        Ticket._meta.get_field("source").clean("Pigeon", None)


@on_mysql
def test_an_enumeration_refuses_others_in_the_database(db: None) -> None:
    with pytest.raises(DataError):
        Ticket.objects.create(number="enum", source="Pigeon")


def test_an_enumeration_is_written_into_migrations_by_its_values() -> None:
    _, path, _, keywords = Ticket._meta.get_field("source").deconstruct()
    assert path == "helpdesk.legacy.fields.EnumField"
    assert keywords == {"values": ["Web", "Email", "Phone", "API", "Other"], "default": "Other"}


# --- text without case

SPELLINGS = ["bruno", "Bruno", "BRUNO"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_names_are_found_in_any_case(db: None, spelling: str) -> None:
    Agent.objects.create(username="Bruno")
    Agent.objects.create(username="Carla")
    for condition in (Q(username=spelling), Q(username__in=[spelling, "x"]), Q(username__iexact=spelling)):
        assert [agent.username for agent in Agent.objects.filter(condition)] == ["Bruno"]
    others = Agent.objects.filter(username__in=["bruno", "carla"])
    assert [agent.username for agent in others.exclude(username=spelling)] == ["Carla"]
    assert [agent.username for agent in others.exclude(username__in=[spelling])] == ["Carla"]


def test_a_name_with_an_accent_is_found_as_it_is_written(db: None) -> None:
    """Engines differ in what else they take for equal; this much holds everywhere."""
    Department.objects.create(name="Façade é")
    assert Department.objects.filter(name="façade é").exists()
    assert Department.objects.filter(name__in=["façade é"]).exists()


def test_columns_and_subqueries_compare_too(db: None) -> None:
    agent = Agent.objects.create(username="same@test", email="SAME@test")
    UserEmail.objects.create(address="same@test", user_id=1)
    assert list(Agent.objects.filter(username=F("email"), pk=agent.pk)) == [agent]
    addresses = UserEmail.objects.values("address")
    assert list(Agent.objects.filter(username__in=addresses, pk=agent.pk)) == [agent]


def test_a_name_is_unique_in_any_case(db: None) -> None:
    from django.db import IntegrityError, transaction

    Agent.objects.create(username="only")
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.create(username="ONLY")


# --- table names


def test_migrations_carry_the_name_without_prefix() -> None:
    assert Prefixed("ticket") == "ost_ticket"
    assert Prefixed("ticket").deconstruct() == ("helpdesk.legacy.fields.Prefixed", ("ticket",), {})
    assert Prefixed("_search") == "ost__search"


def test_a_prefixed_name_survives_copying() -> None:
    copied = pickle.loads(pickle.dumps(Prefixed("ticket")))  # noqa: S301 -- our own bytes
    assert copied == "ost_ticket"
