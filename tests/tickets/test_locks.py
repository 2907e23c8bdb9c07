"""Locks of tickets (osticket/tickets.md §15.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_setting
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.threads.models import Lock
from tests.tickets.conftest import NOW, Desk, entries, fresh
from tickets.models import Ticket
from tickets.services import post_note, post_reply
from tickets.services.locks import HeldLock, acquire_lock, break_lock, holder_of, release_lock, renew_lock

LATER = NOW + timedelta(minutes=3, seconds=1)


def acquire(ticket: Ticket, agent: Agent, *, minutes: int = 0) -> HeldLock:
    return acquire_lock(fresh(ticket), actor=Actor.for_agent(agent), now=NOW + timedelta(minutes=minutes))


class TestAcquiring:
    def test_a_lock_names_the_agent_and_ends_by_itself(self, desk: Desk) -> None:
        ticket = desk.ticket()
        held = acquire(ticket, desk.agent)
        row = Lock.objects.get()
        assert (held.id, held.seconds, held.code) == (row.pk, 180, row.code)
        assert len(held.code) == 10
        assert (row.staff_id, row.expire, fresh(ticket).lock_id) == (
            desk.agent.pk,
            NOW + timedelta(minutes=3),
            row.pk,
        )
        assert holder_of(fresh(ticket), now=NOW) == desk.agent
        assert holder_of(fresh(ticket), now=LATER) is None

    def test_ones_own_is_renewed_and_somebody_elses_refused_with_the_name(self, desk: Desk) -> None:
        ticket = desk.ticket()
        held = acquire(ticket, desk.agent)
        assert acquire(ticket, desk.agent, minutes=2) == held
        assert Lock.objects.get().expire == NOW + timedelta(minutes=5)
        with pytest.raises(Conflict, match="Ada Admin") as refusal:
            acquire(ticket, desk.colleague, minutes=4)
        assert refusal.value.code == "locked_by_other"
        assert acquire(ticket, desk.colleague, minutes=6).id != held.id

    def test_strangers_are_denied_and_nobody_locks_where_it_is_off(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(PermissionRefused, match="Lock denied!"):
            acquire(ticket, desk.stranger)
        for key in ("ticket_lock", "autolock_minutes"):
            set_setting("core", key, "0", Actor.system())
            with pytest.raises(Conflict) as refusal:
                acquire(ticket, desk.agent)
            assert refusal.value.code == "locks_disabled"
            set_setting("core", key, "2", Actor.system())


class TestRenewing:
    def test_by_id(self, desk: Desk) -> None:
        ticket = desk.ticket()
        held = acquire(ticket, desk.agent)
        assert renew_lock(fresh(ticket), actor=desk.actor, lock_id=held.id, now=NOW) == held
        assert renew_lock(fresh(ticket), actor=desk.actor, lock_id=held.id, now=LATER).id != held.id

    def test_unknown_mismatched_and_foreign(self, desk: Desk) -> None:
        ticket, other = desk.ticket(), desk.ticket()
        held = acquire(ticket, desk.agent)
        foreign = Actor.for_agent(desk.colleague)
        for found, actor, lock_id, kind, code in (
            (ticket, desk.actor, held.id + 9, NotFound, "lock_not_found"),
            (other, desk.actor, held.id, Conflict, "lock_mismatch"),
            (ticket, foreign, held.id, PermissionRefused, "lock_denied"),
        ):
            with pytest.raises(DomainError) as refusal:
                renew_lock(fresh(found), actor=actor, lock_id=lock_id, now=NOW)
            assert (type(refusal.value), refusal.value.code) == (kind, code)


class TestReleasing:
    def test_only_the_row_goes_and_only_ones_own(self, desk: Desk) -> None:
        ticket = desk.ticket()
        held = acquire(ticket, desk.agent)
        assert not release_lock(held.id, actor=Actor.for_agent(desk.colleague))
        assert release_lock(held.id, actor=desk.actor)
        assert release_lock(held.id, actor=desk.actor)
        assert fresh(ticket).lock_id == held.id
        assert holder_of(fresh(ticket), now=NOW) is None

    def test_administrators_break_a_lock_and_the_log_says_so(self, desk: Desk) -> None:
        ticket = desk.ticket()
        acquire(ticket, desk.agent)
        with pytest.raises(PermissionRefused):
            break_lock(fresh(ticket), actor=Actor.for_agent(desk.colleague), now=NOW)
        desk.colleague.isadmin = True
        break_lock(fresh(ticket), actor=Actor.for_agent(desk.colleague), now=NOW)
        assert not Lock.objects.exists()
        line = SystemLogEntry.objects.get(title="Ticket lock broken")
        assert line.log == f"cora took the lock of ticket #{ticket.number} from Ada Admin"
        with pytest.raises(Conflict):
            break_lock(fresh(ticket), actor=Actor.for_agent(desk.colleague), now=NOW)


class TestPosting:
    def test_the_lock_ends_with_the_reply(self, desk: Desk) -> None:
        ticket = desk.ticket()
        held = acquire(ticket, desk.agent)
        post_reply(fresh(ticket), actor=desk.actor, body="Yes.", lock_code=held.code, now=NOW)
        assert not Lock.objects.exists()
        assert fresh(ticket).lock_id is None

    @pytest.mark.parametrize("post", [post_reply, post_note])
    def test_without_a_valid_lock_nothing_is_posted(self, desk: Desk, post: type) -> None:
        ticket = desk.ticket()

        def refused(code: str, *, now: object = NOW) -> str:
            with pytest.raises(Conflict) as refusal:
                post(fresh(ticket), actor=desk.actor, body="Yes.", lock_code=code, now=now)
            return refusal.value.code

        assert refused("") == "lock_required"
        held = acquire(ticket, desk.agent)
        assert refused("wrong") == "lock_expired"
        assert refused(held.code, now=LATER) == "lock_expired"
        acquire(ticket, desk.colleague, minutes=9)
        assert refused(held.code, now=NOW + timedelta(minutes=9)) == "locked_by_other"
        assert refused(held.code, now=NOW + timedelta(minutes=19)) == "lock_required"
        assert len(entries(ticket)) == 1

    def test_programs_and_desks_without_locks_need_none(self, desk: Desk) -> None:
        ticket = desk.ticket()
        acquire(ticket, desk.colleague)
        post_note(fresh(ticket), actor=desk.actor, body="By a program.", now=NOW)
        set_setting("core", "ticket_lock", "0", Actor.system())
        post_reply(fresh(ticket), actor=desk.actor, body="No lock.", lock_code="", now=NOW)
        assert len(entries(ticket)) == 3
