"""Numbers are given once: what the register knows, and what becomes of numbers that others gave."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.legacy.errors import ValidationFailed
from tests.factories import new_ticket
from tickets import jobs, number_register, numbers
from tickets.models import NumberPosition, NumberReservation, Sequence, Ticket
from tickets.number_register import TICKETS
from tickets.numbers import new_ticket_number, next_number

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _without_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_register, "LAG", 0)


def sequence(**columns: object) -> int:
    return Sequence.objects.create(**{"name": "Test", "next": 1, "increment": 1, "padding": "0", **columns}).pk


def tickets(*wanted: str | None) -> list[Ticket]:
    """Make tickets as PHP does: without a word to us."""
    return [Ticket.objects.create(number=number) for number in wanted]


@pytest.mark.parametrize("is_noted", [False, True])
def test_numbers_that_osticket_gave_are_not_given_again(is_noted: bool) -> None:
    tickets("2", "3", None, "")
    if is_noted:
        assert jobs.note_numbers() == 4
    counter = sequence()
    assert [next_number(counter, "#", TICKETS) for _ in range(3)] == ["1", "4", "5"]
    assert Sequence.objects.get(pk=counter).next == 6


def test_number_that_is_taken_in_another_letter_case_is_taken() -> None:
    tickets("ab-1")
    jobs.note_numbers()
    assert next_number(sequence(), "AB-#", TICKETS) == "AB-2"


def test_number_of_a_deleted_ticket_is_free_again() -> None:
    """As for osTicket; an administrator who deletes trial tickets starts the sequence anew."""
    (ticket,) = tickets("1")
    jobs.note_numbers()
    ticket.delete()
    assert next_number(sequence(), "#", TICKETS) == "1"


def test_released_numbers_are_free() -> None:
    assert next_number(sequence(), "#", TICKETS) == "1"
    TICKETS.release(["1"])
    assert next_number(sequence(), "#", TICKETS) == "1"


def test_sequence_finds_its_way_past_thousands_of_taken_numbers(django_assert_max_num_queries: object) -> None:
    Ticket.objects.bulk_create([Ticket(number=f"{number:06}") for number in range(1, 1501)])
    jobs.note_numbers()
    counter = sequence()
    with django_assert_max_num_queries(80):  # type: ignore[operator]
        assert next_number(counter, "######", TICKETS) == "001501"


def test_random_numbers_get_longer_when_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where osTicket looks for one for ever."""
    monkeypatch.setattr(numbers, "FEWEST_RANDOM_DIGITS", 1)
    tickets(*map(str, range(1, 10)))
    assert len(next_number(None, "#", TICKETS)) == 2


def test_last_free_random_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "FEWEST_RANDOM_DIGITS", 1)
    tickets(*map(str, range(1, 9)))
    assert next_number(0, "#", TICKETS) == "9"


def test_used_up_sequence_gives_random_numbers() -> None:
    tickets("0", "1", "2")
    assert len(next_number(sequence(next=2, increment=-1), "#", TICKETS)) == 6


def test_format_that_does_not_fit_the_column_is_refused() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        next_number(sequence(), "#" * 21, TICKETS)
    assert refusal.value.code == "number_too_long"
    assert not NumberReservation.objects.exists()


def test_new_number_costs_one_statement_while_warm(django_assert_num_queries: object) -> None:
    new_ticket_number(None)
    with django_assert_num_queries(1):  # type: ignore[operator]
        new_ticket_number(None)


def test_newest_tickets_wait_for_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """PHP may be about to commit a ticket with a lower id."""
    monkeypatch.setattr(number_register, "LAG", 2)
    first, *_rest = tickets("1", "2", "3")
    assert jobs.note_numbers() == 1
    assert NumberPosition.objects.get().position == first.pk
    assert next_number(sequence(), "#", TICKETS) == "4"


def test_noting_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_register, "SLICE", 2)
    made = tickets(*"12345")
    assert TICKETS.note_slice(2) == 2
    assert TICKETS.note_all() == 3
    assert dict(NumberReservation.objects.values_list("key", "object_id")) == {
        f"T{ticket.number}": ticket.pk for ticket in made
    }
    assert TICKETS.note_all() == 0


def test_own_reservations_learn_whose_they_are() -> None:
    (ticket,) = tickets(next_number(sequence(), "#", TICKETS))
    jobs.note_numbers()
    assert NumberReservation.objects.get(pk="T1").object_id == ticket.pk
    assert not SystemLogEntry.objects.filter(title="Numbers given twice").exists()


def test_number_given_twice_is_told_to_administrators() -> None:
    first, second = tickets("7", "7")
    jobs.note_numbers()
    line = SystemLogEntry.objects.get(title="Numbers given twice")
    assert line.log == f"7: ids {first.pk} and {second.pk}"
    assert NumberReservation.objects.get(pk="T7").object_id == first.pk


def test_numbers_are_noted_every_now_and_then_while_tickets_come_in(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Between two runs of the job thousands may be made."""
    monkeypatch.setattr(number_register, "SLICE", 1)
    with django_capture_on_commit_callbacks(execute=True):
        ticket = new_ticket()
    assert TICKETS.position() == ticket.pk


@pytest.mark.mysql
def test_no_number_is_looked_for_in_all_tickets() -> None:
    """The column has no index in osTicket's table: a search for a number reads every row."""
    Ticket.objects.bulk_create([Ticket(number=f"{number:06}") for number in range(1, 1501)])
    jobs.note_numbers()

    def rows_read() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%%'")
            return sum(int(value) for _name, value in cursor.fetchall())

    new_ticket_number(None)  # the settings are read with it
    before = rows_read()
    new_ticket_number(None)
    assert rows_read() - before < 100
