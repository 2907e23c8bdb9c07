"""Correcting entries and sending answers again (osticket/tickets.md §10.6)."""

from __future__ import annotations

from typing import Any

import pytest

from helpdesk.files.models import Attachment
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.constants import EntryFlag
from helpdesk.threads.models import ThreadEntry
from tests.desk import PIXEL
from tests.factories import AgentFactory, RoleFactory
from tests.tickets.conftest import NOW, Desk, entries, events
from tickets.models import SearchEntry, Ticket
from tickets.services import Edited, Signature, edit_entry, post_note, post_reply, resend_entry
from tickets.services.common import post_note_of
from tickets.states import thread_of
from tickets.thread_items import visible_entries

HIDDEN, EDITED = EntryFlag.HIDDEN, EntryFlag.EDITED


def edit(desk: Desk, ticket: Ticket, entry: ThreadEntry, body: str = "<p>Corrected.</p>", **values: Any) -> Edited:
    return edit_entry(ticket, **{"actor": desk.actor, "entry": entry, "body": body, "now": NOW, **values})


def note(desk: Desk, ticket: Ticket, **values: Any) -> ThreadEntry:
    return post_note(ticket, actor=desk.actor, body="<p>Note.</p>", **values).entry


def texts(ticket: Ticket) -> list[str]:
    return [entry.body for entry in visible_entries(thread_of(ticket))]


class TestEdit:
    def test_the_new_text_takes_the_place_and_the_old_one_stays_hidden(self, desk: Desk) -> None:
        ticket = desk.ticket()
        old = note(desk, ticket, title="Before")
        new = edit(desk, ticket, old, title="After").entry
        old.refresh_from_db()
        assert old.flags & HIDDEN
        assert (new.parent_id, new.type, new.staff_id, new.created) == (old.pk, "N", desk.agent.pk, old.created)
        assert (new.editor, new.editor_type, new.updated, new.title) == (desk.agent.pk, "S", NOW, "After")
        assert new.flags == EDITED | EntryFlag.BALANCED
        assert texts(ticket)[-1] == "<p>Corrected.</p>"
        assert len(texts(ticket)) == 2
        assert not SearchEntry.objects.filter(object_type="H", object_id=old.pk).exists()
        assert SearchEntry.objects.filter(object_type="H", object_id=new.pk).exists()

    def test_a_further_correction_of_ones_own_replaces_the_first(self, desk: Desk) -> None:
        ticket = desk.ticket()
        old = note(desk, ticket)
        first = edit(desk, ticket, old).entry
        second = edit(desk, ticket, first, "<p>Again.</p>").entry
        assert second.parent_id == old.pk
        assert not ThreadEntry.objects.filter(pk=first.pk).exists()
        third = edit(desk, ticket, second, "<p>By somebody else.</p>", actor=Actor.for_agent(desk.colleague)).entry
        assert third.parent_id == second.pk
        assert ThreadEntry.objects.get(pk=second.pk).flags & HIDDEN

    def test_the_same_text_changes_nothing(self, desk: Desk) -> None:
        ticket = desk.ticket()
        old = note(desk, ticket)
        edited = edit(desk, ticket, old, "<p>Note.</p>")
        assert (edited.entry, edited.is_new) == (old, False)
        assert len(entries(ticket)) == 2

    def test_files_move_along_and_pictures_stay_in_both(self, desk: Desk) -> None:
        ticket = desk.ticket()
        picture = NewFile("p.png", PIXEL, media_type="image/png", content_id="p")
        body = '<p>See <img src="cid:p"></p>'
        old = post_note(ticket, actor=desk.actor, body=body, files=[picture, NewFile("log.txt", b"log")]).entry
        new = edit(desk, ticket, old, old.body.replace("See", "Look at")).entry
        names = {row.file.name: row.inline for row in Attachment.objects.filter(type="H", object_id=new.pk)}
        assert names == {"log.txt": False, "p.png": True}
        assert [row.inline for row in Attachment.objects.filter(type="H", object_id=old.pk)] == [True]

    def test_empty_foreign_replaced_and_system_entries_are_refused(self, desk: Desk) -> None:
        ticket = desk.ticket()
        old = note(desk, ticket)
        with pytest.raises(ValidationFailed):
            edit(desk, ticket, old, "<p> </p>")
        with pytest.raises(NotFound):
            edit(desk, desk.ticket(), old)
        edit(desk, ticket, old)
        system = post_note_of(ticket, actor=Actor.system(), title="", body="x", now=NOW)
        for entry, code in ((old, "entry_replaced"), (system, "entry_of_system")):
            with pytest.raises(Conflict) as refusal:
                edit(desk, ticket, entry)
            assert refusal.value.code == code

    def test_authors_managers_and_who_holds_the_permission(self, desk: Desk) -> None:
        ticket = desk.ticket()
        author = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.reply"]))
        other = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.reply"]))
        entry = post_note(ticket, actor=Actor.for_agent(author), body="Mine.").entry
        with pytest.raises(PermissionRefused):
            edit(desk, ticket, entry, actor=Actor.for_agent(other))
        with pytest.raises(NotFound):
            edit(desk, ticket, entry, actor=Actor.for_agent(desk.stranger))
        entry = edit(desk, ticket, entry, "One.", actor=Actor.for_agent(author)).entry
        entry = edit(desk, ticket, entry, "Two.").entry
        desk.department.manager = other
        desk.department.save()
        assert edit(desk, ticket, entry, "Three.", actor=Actor.for_agent(other)).is_new


class TestResend:
    def test_a_response_goes_out_again_with_an_event(self, desk: Desk) -> None:
        ticket = desk.ticket()
        entry = post_reply(ticket, actor=desk.actor, body="Answer.").entry
        Effect.objects.all().delete()
        for _time in range(2):
            resend_entry(ticket, actor=desk.actor, entry=entry, signature=Signature.DEPARTMENT, now=NOW)
        entry.refresh_from_db()
        assert entry.flags & EntryFlag.RESENT
        assert events(ticket)[-1] == ("resent", {"entry": entry.pk})
        mails = [effect.payload for effect in Effect.objects.all()]
        assert [mail["template"] for mail in mails] == ["ticket.reply", "ticket.reply"]
        assert mails[0]["context"]["signature"] == "dept"

    def test_a_correction_that_was_mailed_is_guarded(self, desk: Desk) -> None:
        ticket = desk.ticket()
        old = post_reply(ticket, actor=desk.actor, body="Answer.").entry
        mailed = edit(desk, ticket, old, resend=True).entry
        assert mailed.flags & EntryFlag.GUARDED
        again = edit(desk, ticket, mailed, "<p>Third.</p>").entry
        assert again.parent_id == mailed.pk
        assert ThreadEntry.objects.filter(pk=mailed.pk).exists()
        assert not again.flags & EntryFlag.GUARDED

    def test_notes_and_messages_are_not_sent(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(DomainError) as refusal:
            resend_entry(ticket, actor=desk.actor, entry=note(desk, ticket))
        assert refusal.value.code == "not_a_response"
