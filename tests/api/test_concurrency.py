"""The same request several times at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from helpdesk.outbox.models import Effect
from helpdesk.people.models import EndUser
from tests.api.conftest import Send, ticket_document
from tickets.models import RequestKey, Ticket


@pytest.mark.django_db(transaction=True)
def test_a_key_makes_one_ticket_however_many_ask_at_once(send: Send) -> None:
    def ask(number: int) -> tuple[int, bytes]:
        try:
            answer = send(ticket_document(), Idempotency_Key="same")
        finally:
            connection.close()
        return answer.status_code, answer.content

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(ask, range(12)))
    assert answers == {(201, (Ticket.objects.get().number or "").encode())}
    assert (RequestKey.objects.count(), Effect.objects.count()) == (1, 1)
    assert EndUser.objects.filter(name="Jo Doe").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_requests_of_one_newcomer_make_one_user_and_all_tickets(send: Send) -> None:
    def ask(number: int) -> bytes:
        try:
            answer = send(ticket_document(subject=f"Ticket {number}", attachments=[{"a.txt": "data:,same"}]))
        finally:
            connection.close()
        assert answer.status_code == 201, answer.content
        return answer.content

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(ask, range(24)))
    assert len(set(numbers)) == Ticket.objects.count() == 24
    assert EndUser.objects.filter(name="Jo Doe").count() == 1
