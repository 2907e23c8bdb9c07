"""Entries: what the row holds, what becomes of files, long texts and characters that a table cannot hold."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.selectors import attachments_of
from helpdesk.files.services import read_file, store_file
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.threads.bodies import HTML, TEXT, NewFile, offloaded_bodies
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.html import displayed_html, displayed_text
from helpdesk.threads.models import Draft, Thread, ThreadEntry
from helpdesk.threads.services import NewEntry, Recipients, create_thread, delete_drafts, post_entry
from tests.factories import AgentFactory, EndUserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PIXEL = b"\x89PNG\r\n\x1a\n pixel"


@pytest.fixture
def thread() -> Thread:
    return create_thread(ObjectType.TICKET, 7, now=NOW)


def post(thread: Thread, body: str, **values: Any) -> ThreadEntry:
    entry = post_entry(thread, NewEntry(type=values.pop("type", EntryType.NOTE), body=body, **values), now=NOW)
    return ThreadEntry.objects.get(pk=entry.pk)


def test_entry_of_an_agent(thread: Thread) -> None:
    agent = AgentFactory.new()
    recipients = Recipients(to={3: "Jo <jo@x.test>"}, cc={9: "Al <al@x.test>"})
    entry = post(thread, "<p>Done.</p>", type=EntryType.RESPONSE, agent=agent, poster="Ada", recipients=recipients)
    thread.refresh_from_db()
    assert (entry.staff_id, entry.user_id, entry.poster, entry.body, entry.format) == (
        agent.pk,
        None,
        "Ada",
        "<p>Done.</p>",
        HTML,
    )
    assert entry.flags == EntryFlag.BALANCED | EntryFlag.REPLY_ALL
    assert entry.recipients == {"to": {"3": "Jo <jo@x.test>"}, "cc": {"9": "Al <al@x.test>"}}
    assert entry.created == NOW
    assert entry.updated is None
    assert (thread.lastresponse, thread.lastmessage) == (NOW, None)


def test_entry_of_a_user_touches_the_last_message(thread: Thread) -> None:
    user = EndUserFactory.new()
    entry = post(thread, "Help", type=EntryType.MESSAGE, user=user, format=TEXT)
    thread.refresh_from_db()
    assert (entry.flags, entry.user_id, thread.lastmessage) == (0, user.pk, NOW)


def test_message_of_a_collaborator_is_marked(thread: Thread) -> None:
    user = EndUserFactory.new()
    thread.collaborators.create(user=user)
    assert post(thread, "x", type=EntryType.MESSAGE, user=user).flags & EntryFlag.COLLABORATOR


def test_entry_of_nobody_is_the_systems(thread: Thread) -> None:
    entry = post(thread, "Overdue")
    assert (entry.poster, entry.flags) == ("SYSTEM", EntryFlag.BALANCED | EntryFlag.SYSTEM)


@pytest.mark.parametrize("body", ["", "  ", "<p><br></p>", "<script>x()</script>", "&nbsp;"])
def test_empty_body_is_stored_as_a_dash(thread: Thread, body: str) -> None:
    assert post(thread, body).body == "-"


def test_body_with_nothing_but_an_image_is_not_empty(thread: Thread) -> None:
    assert post(thread, '<img src="https://x.test/a.png">').body != "-"


def test_embedded_and_attached_images_become_references(thread: Thread) -> None:
    data = base64.b64encode(PIXEL).decode()
    body = f'<p><img src="data:image/png;base64,{data}"> <img src="cid:photo@mail"></p>'
    files = [
        NewFile("photo.png", PIXEL + b"2", media_type="image/png", content_id="photo@mail"),
        NewFile("unused.png", PIXEL + b"3", media_type="image/png", content_id="elsewhere@mail"),
        NewFile("log.txt", b"log"),
    ]
    entry = post(thread, body, files=files)
    attached = {a.file.name: a for a in attachments_of(ObjectType.THREAD_ENTRY, [entry.pk])[entry.pk] if a.file}
    embedded = next(a for name, a in attached.items() if name.startswith("image"))
    assert {name: a.inline for name, a in attached.items()} == {
        "photo.png": True,
        "unused.png": False,
        "log.txt": False,
        embedded.file.name: True,
    }
    assert f'src="cid:{attached["photo.png"].file.key}"' in entry.body
    assert f'src="cid:{embedded.file.key}"' in entry.body
    assert b"".join(read_file(embedded.file)) == PIXEL


def test_reference_to_a_file_of_somebody_else_shows_nothing(thread: Thread) -> None:
    """The key of a stored file, put into a text, gives no link: only own attachments are looked up."""
    secret = store_file(PIXEL, name="secret.png", media_type="image/png")
    entry = post(thread, f'<img src="cid:{secret.key}">')
    assert attachments_of(ObjectType.THREAD_ENTRY, [entry.pk]) == {}
    assert "src=" not in displayed_html(entry.body)


def test_stored_file_can_be_attached_again(thread: Thread) -> None:
    file = store_file(b"manual", name="manual.pdf")
    for name in ("manual.pdf", "Handbook.pdf"):
        entry = post(thread, "see", files=[NewFile(name, file)])
        attachment = Attachment.objects.get(object_id=entry.pk, type=ObjectType.THREAD_ENTRY)
        assert attachment.file_id == file.pk
    assert attachment.name == "Handbook.pdf"


@pytest.mark.parametrize("body", ["<p>" + "x" * 65_000 + "</p>", "<p>" + "ä" * 40_000 + "</p>"])
def test_long_body_is_stored_as_a_file_and_read_back_whole(thread: Thread, body: str) -> None:
    """Counted in characters as osTicket does, and in bytes as the column does."""
    entry = post(thread, body)
    attachments = attachments_of(ObjectType.THREAD_ENTRY, [entry.pk])
    (attachment,) = attachments[entry.pk]
    assert (entry.body, attachment.inline, attachment.file.type) == ("", True, "text/html")
    assert offloaded_bodies(attachments, [entry.pk]) == {entry.pk: body}


def test_plain_text_is_stored_escaped_and_shown_as_it_was(thread: Thread) -> None:
    text = 'a < b && c > d "q" &lt;b&gt;'
    entry = post(thread, f"  {text}\n\n\n\nend\n", format=TEXT)
    assert entry.body == 'a &lt; b &amp;&amp; c &gt; d "q" &amp;lt;b&amp;gt;\n\nend'
    assert BeautifulSoup(displayed_text(entry.body), "html.parser").get_text().startswith(text)


@pytest.mark.parametrize("body", ["", " \n ", "0"])
def test_nothing_is_a_dash(thread: Thread, body: str) -> None:
    assert post(thread, body, format=TEXT).body == "-"


def test_nul_and_lone_surrogates_are_dropped(thread: Thread) -> None:
    entry = post(thread, "a\x00b\ud800c", format=TEXT, title="t\x00itle", poster="Jo\x00")
    assert (entry.body, entry.title, entry.poster) == ("abc", "title", "Jo")


def test_title_of_a_message_is_shortened_because_the_subject_is_kept_whole(thread: Thread) -> None:
    title = post(thread, "x", title="😀" * 300, type=EntryType.MESSAGE).title
    assert title == "😀" * 254 + "…"


@pytest.mark.parametrize("entry_type", [EntryType.NOTE, EntryType.RESPONSE])
def test_long_title_of_a_note_is_refused_not_cut(thread: Thread, entry_type: EntryType) -> None:
    assert post(thread, "x", title="😀" * 255, type=entry_type).title == "😀" * 255
    with pytest.raises(ValidationFailed, match="255 characters") as refusal, transaction.atomic():
        post(thread, "x", title="t" * 256, type=entry_type)
    assert (refusal.value.code, refusal.value.field) == ("too_long", "title")
    assert thread.entries.count() == 1


def test_every_character_is_kept_where_the_tables_hold_it(thread: Thread) -> None:
    entry = post(thread, "<p>😀 𠀋 漢</p>", title="😀")
    assert (entry.body, entry.title) == ("<p>😀 𠀋 漢</p>", "😀")


@pytest.mark.mysql
@pytest.mark.parametrize("body_format", [HTML, TEXT])
@pytest.mark.usefixtures("utf8mb3")
def test_character_references_keep_what_old_tables_cannot_hold(thread: Thread, body_format: str) -> None:
    title, poster = "😀 \N{MATHEMATICAL BOLD CAPITAL H}i", "Jo 😀"
    entry = post(thread, "smile 😀 漢", format=body_format, title=title, poster=poster)
    assert "&#x1F600;" in entry.body
    assert "smile 😀 漢" in displayed_html(entry.body)
    assert stored(entry, "format", "title", "poster") == (HTML, "[grinning face] Hi", "Jo [grinning face]")
    entry.refresh_from_db()
    assert (entry.title, entry.poster) == (title, poster)


def stored(entry: ThreadEntry, *columns: str) -> Any:
    """Give what the columns of an entry hold, as PHP sees it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM ost_thread_entry WHERE id = %s", [entry.pk])  # noqa: S608
        return cursor.fetchone()


@pytest.mark.mysql
@pytest.mark.usefixtures("utf8mb3")
def test_body_fits_into_a_utf8mb3_table(thread: Thread) -> None:
    """What we write for old tables has no character beyond the basic plane, which MySQL would refuse."""
    entry = post(thread, "".join(map(chr, range(0x1F600, 0x1F640))))
    assert max(map(ord, entry.body)) < 0x10000
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONVERT(body USING utf8mb3) = body FROM ost_thread_entry WHERE id = %s", [entry.pk])
        assert cursor.fetchone() == (1,)


def test_empty_file_is_refused(thread: Thread) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        post(thread, "x", files=[NewFile("empty.txt", b"")])
    assert refusal.value.code == "file_empty"
    assert StoredFile.objects.filter(name="empty.txt").count() == 0


def test_drafts_go_by_namespace_and_owner() -> None:
    for namespace in ("ticket.response.7", "ticket.note.7", "ticket.response.17", "ticket.client.7"):
        for owner in (1, 2):
            Draft.objects.create(namespace=namespace, staff_id=owner, body="x")
    delete_drafts("ticket.response.7", owner_id=1)
    assert Draft.objects.filter(namespace="ticket.response.7").count() == 1
    delete_drafts("ticket.%.7")
    assert set(Draft.objects.values_list("namespace", flat=True)) == {"ticket.response.17"}
