"""Texts of every kind through the services, on every engine: whole, or refused with the name of the field."""

from __future__ import annotations

import pytest
from django.db import transaction

from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.selectors import subject_of
from helpdesk.legacy.errors import NotFound, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.html import displayed_html
from tests.legacy.test_every_character import every_text, tables
from tests.tickets.conftest import Desk, entries
from tickets.constants import TicketSource
from tickets.lookup import ticket_id_by_number
from tickets.models import Ticket
from tickets.services import NewTicket, Origin, create_ticket, post_note, post_reply

__all__ = ["tables"]

pytestmark = pytest.mark.django_db
ODD = ("\x00", "\ud83d", "1\x002", "#\udc00", "😀", "\u202e12", "١٢٣", "' OR 1=1 --", "%", "_" * 300)


def create(**values: object) -> Ticket:
    given: dict[str, object] = {"email": "zoe@customer.test", "name": "Zoe", "subject": "x", "message": "<p>x</p>"}
    new = NewTicket(origin=Origin.API, source=TicketSource.API, **{**given, **values})  # type: ignore[arg-type]
    return create_ticket(new, actor=Actor.system())


@every_text
@pytest.mark.usefixtures("tables")
def test_a_ticket_and_its_conversation_keep_every_text(desk: Desk, text: str) -> None:
    text = text.strip()
    ticket = create(
        subject=text,
        name=text,
        message=f"<p>{text}</p>",
        files=[NewFile("a 😀.txt", b"x")],
        department=desk.department,
    )
    agent = Actor.for_agent(desk.agent)
    post_reply(ticket, body=f"<p>{text}</p>", actor=agent)
    post_note(ticket, body=f"<p>{text}</p>", title=text, actor=agent)
    assert Ticket.objects.select_related("user").get(pk=ticket.pk).user.name == " ".join(text.split())
    assert cdata.fetch("T", [ticket.pk])[ticket.pk]["subject"] == subject_of(ticket.pk) == text
    message, reply, note = entries(ticket)
    assert (message.title, message.poster, note.title) == (text, " ".join(text.split()), text)
    assert {displayed_html(entry.body) for entry in (message, reply, note)} == {displayed_html(f"<p>{text}</p>")}
    assert Attachment.objects.select_related("file").get(object_id=message.pk, type="H").file.name == "a 😀.txt"


@pytest.mark.usefixtures("tables")
def test_what_is_no_character_is_left_out_everywhere(desk: Desk) -> None:
    odd = "a\x00b\ud800c \ud83d\ude00"
    ticket = create(subject=odd, name=odd, message=f"<p>{odd}</p>", department=desk.department)
    post_note(ticket, body=odd, title=odd, actor=Actor.for_agent(desk.agent), format="text")
    message, note = entries(ticket)
    assert (subject_of(ticket.pk), message.title, message.poster, note.title) == ("abc 😀",) * 4
    assert "abc 😀" in displayed_html(message.body)


@pytest.mark.parametrize("number", ODD, ids=ascii)
@pytest.mark.usefixtures("tables")
def test_any_text_may_be_searched_as_a_number(desk: Desk, number: str) -> None:
    create()
    with pytest.raises(NotFound):
        ticket_id_by_number(access_of(desk.agent), number)


@pytest.mark.usefixtures("tables")
class TestLengths:
    def test_a_name_counts_characters(self) -> None:
        assert EndUser.objects.get(pk=create(name="😀" * 128).user_id or 0).name == "😀" * 128
        with pytest.raises(ValidationFailed) as refusal:
            create(email="other@customer.test", name="😀" * 129)
        assert (refusal.value.code, refusal.value.field) == ("too_long", "name")
        assert not EndUser.objects.filter(emails__address="other@customer.test").exists()

    def test_a_long_subject_is_whole_in_the_ticket(self) -> None:
        ticket = create(subject="漢" * 300)
        assert subject_of(ticket.pk) == "漢" * 300
        assert entries(ticket)[0].title == "漢" * 254 + "…"

    def test_a_subject_beyond_its_column_is_refused(self) -> None:
        assert subject_of(create(subject="漢" * 21_845).pk) == "漢" * 21_845
        number = Ticket.objects.count()
        with pytest.raises(ValidationFailed, match="65535 bytes") as refusal, transaction.atomic():
            create(subject="漢" * 21_846)
        assert refusal.value.field == "subject"
        assert Ticket.objects.count() == number

    @pytest.mark.parametrize("character", ["x", "ä", "😀"])
    def test_a_long_message_becomes_a_file(self, character: str) -> None:
        (message,) = entries(create(message=f"<p>{character * 66_000}</p>"))
        assert message.body == ""
        assert Attachment.objects.filter(object_id=message.pk, type="H", inline=True).count() == 1
