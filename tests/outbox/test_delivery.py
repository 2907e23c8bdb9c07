"""Effects are delivered once, in order, again after failures, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.utils import timezone

from helpdesk.outbox import handlers
from helpdesk.outbox.decisions import discard_effects, retry_effects
from helpdesk.outbox.delivery import (
    LEASE,
    LOST,
    MOST_ATTEMPTS,
    PASSED_AFTER,
    claim,
    deliver_due,
    pause_after,
    purge_finished,
    return_lost,
)
from helpdesk.outbox.handlers import GiveUp, TryLater, register_handler
from helpdesk.outbox.models import Effect
from helpdesk.outbox.services import NewEffect, enqueue

pytestmark = pytest.mark.django_db
State = Effect.State


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What a handler of the kind `tell` was given; texts tell it to fail."""
    heard: list[str] = []

    def tell(effect: Effect) -> str:
        text = effect.payload["text"]
        heard.append(text)
        if text == "never":
            raise GiveUp("no")
        if text == "later":
            raise TryLater("busy", after=timedelta(minutes=5))
        if text == "broken":
            raise RuntimeError("oops")
        return f"told {text}"

    register_handler("tell", tell)
    yield heard
    handlers._handlers.pop("tell")


def tell(text: str, *, about: int = 0, key: str = "") -> None:
    enqueue(NewEffect("tell", key or text, {"text": text}, object_type="ticket" if about else "", object_id=about))


def state_of(key: str) -> str:
    return Effect.objects.get(key=key).state


def test_what_another_worker_took_meanwhile_is_left_to_it(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The mails before it took longer than the lease."""
    monkeypatch.setattr("helpdesk.outbox.delivery.RENEWED_AFTER", timedelta(0))
    tell("one")
    tell("two")

    def taken_by_another(effect: Effect) -> str:
        Effect.objects.filter(key="two").update(attempts=2)
        return "told"

    register_handler("slow", taken_by_another)
    Effect.objects.filter(key="one").update(kind="slow")
    assert deliver_due().delivered == 1
    assert told == []
    assert state_of("two") == State.RUNNING
    handlers._handlers.pop("slow")


def test_what_is_due_is_delivered_once(told: list[str]) -> None:
    tell("one")
    tell("two")
    assert deliver_due().delivered == 2
    assert deliver_due().total == 0
    assert told == ["one", "two"]
    done = Effect.objects.get(key="one")
    assert (done.state, done.outcome, done.attempts) == (State.DONE, "told one", 1)
    assert done.finished is not None


def test_each_failure_has_its_own_end(told: list[str]) -> None:
    for text in ("never", "later", "broken", "fine"):
        tell(text)
    before = timezone.now()
    result = deliver_due()
    assert (result.delivered, result.postponed, result.failed) == (1, 2, 1)
    assert state_of("never") == State.FAILED
    later, broken = Effect.objects.get(key="later"), Effect.objects.get(key="broken")
    assert later.next_try >= before + timedelta(minutes=5)
    assert broken.state == State.WAITING
    assert broken.error == "RuntimeError: oops"


def test_an_effect_of_an_object_waits_for_the_one_before_it(told: list[str]) -> None:
    tell("later", about=7)
    tell("second", about=7)
    tell("other", about=8)
    deliver_due()
    assert told == ["later", "other"]
    discard_effects([Effect.objects.get(key="later").pk], now=timezone.now())
    deliver_due()
    assert told == ["later", "other", "second"]


def test_an_effect_that_fails_for_long_holds_up_nothing_more(told: list[str]) -> None:
    tell("broken", about=7)
    tell("second", about=7)
    for _attempt in range(PASSED_AFTER):
        assert "second" not in told
        Effect.objects.filter(key="broken").update(next_try=timezone.now())
        deliver_due()
    assert told == ["broken"] * PASSED_AFTER + ["second"]
    Effect.objects.filter(key="broken").update(payload={"text": "mended"}, next_try=timezone.now())
    deliver_due()
    assert (told[-1], state_of("broken")) == ("mended", State.DONE)


def test_the_order_is_kept_behind_one_that_is_being_delivered_however_often_it_was_tried(told: list[str]) -> None:
    tell("one", about=7)
    tell("two", about=7)
    Effect.objects.filter(key="one").update(attempts=PASSED_AFTER, error="busy", state=State.RUNNING)
    assert claim(now=timezone.now()) == []


def test_an_effect_that_cannot_even_be_tried_holds_up_others_for_an_hour(told: list[str]) -> None:
    def wait(_effect: Effect) -> str:
        raise TryLater("no server", counts=False)

    register_handler("tell", wait)
    tell("one", about=7)
    tell("two", about=7)
    deliver_due()
    assert Effect.objects.get(key="one").error == "no server"
    later = timezone.now() + timedelta(minutes=30)
    assert [one.key for one in claim(now=later)] == ["one"]
    Effect.objects.update(state=State.WAITING, attempts=0)
    assert [one.key for one in claim(now=timezone.now() + timedelta(minutes=61))] == ["one", "two"]


def test_what_waits_for_a_worker_keeps_its_order_however_long(told: list[str]) -> None:
    tell("one", about=7)
    tell("two", about=7)
    assert [one.key for one in claim(now=timezone.now() + timedelta(days=1))] == ["one"]


def test_it_is_given_up_after_so_many_attempts(told: list[str]) -> None:
    tell("broken")
    for _attempt in range(MOST_ATTEMPTS):
        Effect.objects.update(next_try=timezone.now())
        deliver_due()
    assert state_of("broken") == State.FAILED
    assert retry_effects(None, now=timezone.now()) == 1
    assert (state_of("broken"), Effect.objects.get().attempts) == (State.WAITING, 0)


def test_what_a_dead_worker_had_is_taken_by_another(told: list[str]) -> None:
    tell("one")
    now = timezone.now()
    assert len(claim(now=now)) == 1
    assert deliver_due().total == 0
    assert told == []
    assert deliver_due(now=now + timedelta(minutes=11)).delivered == 1
    assert told == ["one"]


class Died(BaseException):
    """Stands for the end of a process: nothing catches it."""


@pytest.fixture
def deadly(told: list[str]) -> Iterator[list[str]]:
    """Let the handler of `tell` die at the text `deadly`; gives whom somebody was told of."""
    people: list[str] = []

    def tell_or_die(effect: Effect) -> str:
        if effect.payload["text"] == "deadly":
            raise Died
        told.append(effect.payload["text"])
        return "told"

    register_handler("tell", tell_or_die, tell=lambda effect, words: people.append(f"{effect.key}: {words}"))
    yield people
    handlers._tellers.pop("tell")


def deliver_and_die() -> None:
    """Deliver in a process that dies; afterwards its lease is over, and no pause is."""
    with pytest.raises(Died):
        deliver_due()
    Effect.objects.filter(state=State.RUNNING).update(lease=timezone.now() - timedelta(seconds=1))


def test_only_what_a_dead_worker_had_in_hand_counts_as_tried(told: list[str], deadly: list[str]) -> None:
    for text in ("one", "deadly", "three", "four"):
        tell(text)
    deliver_and_die()
    assert told == ["one"]
    assert return_lost(now=timezone.now()) == 3
    assert [one.attempts for one in Effect.objects.order_by("pk")] == [1, 1, 0, 0]
    deliver_and_die()
    before = timezone.now()
    assert return_lost(now=before) == 1
    assert [one.attempts for one in Effect.objects.order_by("pk")] == [1, 2, 0, 0]
    in_hand = Effect.objects.get(key="deadly")
    assert (in_hand.state, in_hand.error) == (State.WAITING, LOST)
    assert in_hand.next_try > before + timedelta(seconds=20)
    assert deliver_due().delivered == 2
    assert told == ["one", "three", "four"]


def test_what_a_worker_died_of_is_claimed_alone_and_holds_up_nobody(told: list[str], deadly: list[str]) -> None:
    for text in ("deadly", "two", "three"):
        tell(text)
    deliver_and_die()
    return_lost(now=timezone.now())
    Effect.objects.update(next_try=timezone.now())
    assert [one.key for one in claim(now=timezone.now())] == ["deadly"]
    assert [one.key for one in claim(now=timezone.now())] == ["two", "three"]


def test_what_comes_before_one_that_a_worker_died_of_is_claimed_without_it(told: list[str], deadly: list[str]) -> None:
    for text in ("one", "deadly", "three"):
        tell(text)
    Effect.objects.filter(key="deadly").update(error=LOST, attempts=1)
    assert [one.key for one in claim(now=timezone.now())] == ["one"]
    assert [one.key for one in claim(now=timezone.now())] == ["deadly"]


def test_what_workers_always_die_of_is_given_up_visibly(told: list[str], deadly: list[str]) -> None:
    tell("deadly")
    tell("two")
    for _attempt in range(MOST_ATTEMPTS):
        deliver_and_die()
        return_lost(now=timezone.now())
        Effect.objects.filter(state=State.WAITING).update(next_try=timezone.now())
    deliver_due()
    given_up = Effect.objects.get(key="deadly")
    assert (given_up.state, given_up.attempts, given_up.error) == (State.FAILED, MOST_ATTEMPTS, LOST)
    assert deadly == [f"deadly: {LOST}"]
    assert (told, state_of("two")) == (["two"], State.DONE)


def test_a_claim_stays_together_when_its_lease_is_renewed(
    told: list[str], deadly: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.outbox.delivery.RENEWED_AFTER", timedelta(0))
    for text in ("one", "two", "deadly", "four"):
        tell(text)
    with pytest.raises(Died):
        deliver_due()
    assert Effect.objects.filter(state=State.RUNNING).values("lease").distinct().count() == 1
    return_lost(now=timezone.now() + LEASE)
    assert [one.attempts for one in Effect.objects.order_by("pk")] == [1, 1, 1, 0]


def test_who_was_taken_for_dead_notes_nothing_more(told: list[str]) -> None:
    """The number of attempts is the same for the other one, as what was not begun goes back uncharged."""
    tell("one")
    tell("two")

    later = timezone.now() + LEASE * 2
    taken: list[str] = []

    def is_slow(_effect: Effect) -> str:
        return_lost(now=later)
        taken.extend(one.key for _claim in range(2) for one in claim(now=later))
        return "told"

    register_handler("slow", is_slow)
    Effect.objects.filter(key="one").update(kind="slow")
    with patch("helpdesk.outbox.delivery.RENEWED_AFTER", timedelta(0)):
        deliver_due()
    handlers._handlers.pop("slow")
    assert (taken, told) == (["one", "two"], [])
    assert set(Effect.objects.values_list("state", flat=True)) == {State.RUNNING}


def test_a_delivery_costs_one_statement_beside_those_of_its_claim(
    told: list[str], django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        tell(f"text {number}")
    with django_assert_max_num_queries(28):
        assert deliver_due().delivered == 20


def test_two_workers_never_claim_the_same(told: list[str]) -> None:
    for number in range(30):
        tell(f"text {number}")
    first, second = claim(now=timezone.now()), claim(now=timezone.now())
    assert len(first) + len(second) == 30
    assert not {one.pk for one in first} & {one.pk for one in second}


def test_a_kind_that_nothing_delivers_is_given_up_visibly() -> None:
    enqueue(NewEffect("pigeon", "p"))
    assert deliver_due().failed == 1
    assert "pigeon" in Effect.objects.get().error


def test_pauses_grow_to_some_hours() -> None:
    assert timedelta(seconds=24) <= pause_after(1) <= timedelta(seconds=36)
    assert timedelta(hours=4) <= pause_after(30) <= timedelta(hours=8)


def test_what_was_delivered_long_ago_is_forgotten(told: list[str]) -> None:
    tell("one")
    tell("never")
    deliver_due()
    assert purge_finished(now=timezone.now() + timedelta(days=91)) == 1
    assert state_of("never") == State.FAILED


def test_the_command_shows_and_decides(told: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    tell("never")
    call_command("outbox", "deliver")
    assert Effect.objects.get().error == "no"
    Effect.objects.update(error="no mailbox of this name")
    call_command("outbox", "list")
    call_command("outbox", "retry")
    call_command("outbox", "discard", str(Effect.objects.get().pk))
    call_command("outbox")
    shown = capsys.readouterr().out
    assert "0 delivered, 0 to be tried again, 1 given up." in shown
    assert "no mailbox of this name" in shown
    assert "1 will be tried again." in shown
    assert "dropped" in shown
