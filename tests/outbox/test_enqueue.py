"""Effects are written with their cause, and each key once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from helpdesk.outbox.models import Effect
from helpdesk.outbox.services import NewEffect, enqueue, known_keys

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


def test_an_effect_as_it_waits() -> None:
    enqueue(NewEffect("mail", "a", {"to": "jo@customer.test"}, "ticket", 7), now=NOW)
    effect = Effect.objects.get()
    assert (effect.kind, effect.key, effect.payload) == ("mail", "a", {"to": "jo@customer.test"})
    assert (effect.object_type, effect.object_id) == ("ticket", 7)
    assert (effect.state, effect.attempts, effect.next_try, effect.created) == (Effect.State.WAITING, 0, NOW, NOW)


def test_not_before() -> None:
    enqueue(NewEffect("mail", "a", not_before=LATER), now=NOW)
    assert Effect.objects.get().next_try == LATER


def test_a_key_is_written_once() -> None:
    enqueue(NewEffect("mail", "a", {"n": 1}), NewEffect("mail", "b", {"n": 1}))
    enqueue(NewEffect("mail", "a", {"n": 2}), NewEffect("mail", "c", {"n": 2}))
    assert dict(Effect.objects.values_list("key", "payload__n")) == {"a": 1, "b": 1, "c": 2}


@pytest.mark.parametrize(("one", "other"), [("Key", "key"), ("käy", "kay"), ("x" * 300, "x" * 301)])
def test_keys_that_a_column_would_confuse(one: str, other: str) -> None:
    enqueue(NewEffect("mail", one), NewEffect("mail", other))
    assert Effect.objects.count() == 2
    enqueue(NewEffect("mail", one), NewEffect("mail", other))
    assert Effect.objects.count() == 2
    assert known_keys([one, "unknown"]) == {one}


def test_all_in_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        enqueue(*(NewEffect("mail", str(n)) for n in range(20)))
    with django_assert_num_queries(0):
        enqueue()


def test_hundreds_come_at_once_with_the_values_of_their_own() -> None:
    """PostgreSQL's driver takes longer for thousands of parameters than the server for the rows."""
    given: list[Any] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        given.extend(params or ())
        return execute(sql, params, many, context)

    effects = [NewEffect("mail", f"k{n}", {"n": n, "ü\\{,'": None}, "ticket", n, LATER) for n in range(300)]
    with connection.execute_wrapper(noted):
        enqueue(*effects, NewEffect("mail", "k299", {"n": "again"}), now=NOW)
    columns = ("key", "payload", "object_type", "object_id", "next_try", "created", "finished", "outcome")
    expected = [(one.key, one.payload, "ticket", one.object_id, LATER, NOW, None, "") for one in effects]
    assert list(Effect.objects.order_by("object_id").values_list(*columns)) == expected
    assert connection.vendor != "postgresql" or len(given) < 20


def test_what_many_have_in_common_may_hold_every_character() -> None:
    kind, object_type = "100 % 'mail' %s", '\\ "tücket" %(key)s'
    enqueue(*(NewEffect(kind, f"k{n}", {"same": "%s '"}, object_type, 7) for n in range(3)), now=NOW)
    columns = ("key", "kind", "object_type", "object_id", "payload", "next_try", "error")
    found = list(Effect.objects.order_by("key").values_list(*columns))
    assert found == [(f"k{n}", kind, object_type, 7, {"same": "%s '"}, NOW, "") for n in range(3)]


def test_it_goes_with_its_cause() -> None:
    with transaction.atomic():
        enqueue(NewEffect("mail", "a"))
        transaction.set_rollback(True)
    assert not Effect.objects.exists()


@pytest.mark.parametrize(("kind", "key"), [("", "a"), ("mail", ""), ("k" * 65, "a")])
def test_what_is_no_effect(kind: str, key: str) -> None:
    with pytest.raises(ValueError, match="An effect needs"):
        enqueue(NewEffect(kind, key))
