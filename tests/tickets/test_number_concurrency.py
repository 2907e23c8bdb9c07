"""Fifty people open tickets at the same moment, some of them in osTicket."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from tests.factories import EndUserFactory, HelpTopicFactory, new_ticket
from tickets import jobs, numbers
from tickets.constants import TopicFlag
from tickets.models import Sequence, Ticket
from tickets.number_register import TICKETS

CREATORS = 50
pytestmark = pytest.mark.django_db(transaction=True)


def all_at_once(work: Callable[[int], None], *, creators: int = CREATORS) -> None:
    """Let every creator begin when the last one is ready."""
    start = threading.Barrier(creators)

    def begin(number: int) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=180)
            work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(creators) as pool:
        for _ in pool.map(begin, range(creators)):
            pass


def given_numbers() -> list[str]:
    found = [number for number in Ticket.objects.values_list("number", flat=True) if number]
    assert [number for number, count in Counter(found).items() if count > 1] == []
    return found


def create_here(sequence_id: int | None, number_format: str) -> None:
    with transaction.atomic():
        Ticket.objects.create(number=numbers.next_number(sequence_id, number_format, TICKETS))


def create_in_osticket(sequence_id: int, number_format: str) -> None:
    """What PHP does: lock the sequence, count on, commit; then look for the number, then insert."""
    while True:
        with transaction.atomic():
            sequence = Sequence.objects.select_for_update().get(pk=sequence_id)
            number = numbers.preview(sequence, number_format)
            Sequence.objects.filter(pk=sequence_id).update(next=sequence.next + 1)
        if not Ticket.objects.filter(number=number).exists():
            Ticket.objects.create(number=number)
            return


def test_fifty_creators_get_fifty_numbers_of_one_sequence() -> None:
    sequence_id = Sequence.objects.create(name="Shared", next=1).pk
    Ticket.objects.create(number="0007")
    all_at_once(lambda number: (create_in_osticket if number % 5 == 0 else create_here)(sequence_id, "####"))
    assert sorted(given_numbers()) == [f"{number:04}" for number in range(1, CREATORS + 2)]


def test_fifty_creators_get_fifty_random_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ninety there are, so that they meet."""
    monkeypatch.setattr(numbers, "FEWEST_RANDOM_DIGITS", 2)
    all_at_once(lambda _number: create_here(None, "##"))
    assert len(given_numbers()) == CREATORS


def test_a_refused_ticket_gives_its_number_back() -> None:
    sequence_id = Sequence.objects.create(name="Shared", next=1).pk

    def create_or_fail(number: int) -> None:
        with transaction.atomic():
            Ticket.objects.create(number=numbers.next_number(sequence_id, "#", TICKETS))
            transaction.set_rollback(bool(number % 2))

    all_at_once(create_or_fail, creators=10)
    assert sorted(given_numbers()) == ["1", "2", "3", "4", "5"]


@pytest.mark.soak
@pytest.mark.parametrize("is_random", [False, True], ids=["sequence", "random"])
def test_fifty_creators_open_thousands_of_whole_tickets(is_random: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the job that notes numbers at work between them."""
    monkeypatch.setattr(numbers, "FEWEST_RANDOM_DIGITS", 4)
    sequence = None if is_random else Sequence.objects.create(name="Shared", next=1)
    flags = TopicFlag.ACTIVE | TopicFlag.CUSTOM_NUMBERS
    topic = HelpTopicFactory.new(flags=flags, number_format="####", sequence=sequence)
    user = EndUserFactory.new()

    turns = 4 if connection.vendor == "sqlite" else 40  # one writer at a time: fifty that never rest starve each other

    def create(number: int) -> None:
        for turn in range(turns):
            new_ticket(topic=topic, user=user)
            if (number, turn % 10) == (0, 3):
                jobs.note_numbers()

    all_at_once(create)
    assert len(given_numbers()) == CREATORS * turns
