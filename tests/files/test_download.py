"""The download page: who may see the ticket gets its files by a genuine link that has not ended (osticket/files.md §5).

For everybody else, and whatever else is wrong, there is nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.files.moving import move_file
from helpdesk.files.services import attach, store_file
from helpdesk.legacy.file_keys import DownloadLink, link_expiry
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tests.factories import AgentFactory, EndUserFactory, RoleFactory, collaborate, new_ticket
from tests.sign_in import agent_client, sign_in_user
from tickets.models import Ticket
from tickets.services import post_note
from tickets.states import thread_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONTENT = b"61.250 installed\n"
PIXEL = b"\x89PNG\r\n\x1a\n pixel"


@dataclass
class World:
    """A ticket with an attachment, its agent, a colleague who may only look, and a stranger."""

    ticket: Ticket
    attachment: Attachment
    agent: Agent
    colleague: Agent
    stranger: Agent

    def url(self, attachment: Attachment | None = None, *, door: str = "/scp/file.php", inline: bool = False) -> str:
        chosen = Attachment.objects.select_related("file").get(pk=(attachment or self.attachment).pk)
        return LinkMaker(door, NOW).url(chosen, inline=inline)


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world() -> World:
    agent = AgentFactory.new()
    files = [NewFile("driver-log.txt", CONTENT, media_type="text/plain")]
    ticket = new_ticket(department=agent.dept, files=files, now=NOW)
    return World(
        ticket=ticket,
        attachment=Attachment.objects.get(type=ObjectType.THREAD_ENTRY),
        agent=agent,
        colleague=AgentFactory.new(dept=agent.dept, role=RoleFactory.new(keys=[])),
        stranger=AgentFactory.new(),
    )


def with_parameters(url: str, **changes: str | None) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    return f"{parts.path}?{urlencode({k: v for k, v in query.items() if v is not None})}"


def get(client: Client, url: str, **headers: str) -> Any:
    return client.get(url, headers=headers)


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_those_who_see_the_ticket_get_the_file(world: World) -> None:
    for agent in (world.agent, world.colleague):
        response = get(agent_client(agent), world.url())
        assert (response.status_code, body_of(response)) == (200, CONTENT)


def test_stranger_gets_404_with_a_genuine_link(world: World) -> None:
    assert get(agent_client(world.stranger), world.url()).status_code == 404


def test_agent_who_lost_access_gets_404(world: World) -> None:
    world.ticket.dept = world.stranger.dept
    world.ticket.save()
    assert get(agent_client(world.agent), world.url()).status_code == 404


def test_without_sign_in_there_is_only_the_way_to_it(world: World) -> None:
    assert get(Client(), world.url()).status_code == 302
    assert get(Client(), world.url(door="/file.php")).status_code == 404


def test_headers_keep_the_browser_from_running_it(world: World) -> None:
    response = get(agent_client(world.agent), world.url())
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="driver-log.txt"'
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["X-Content-Type-Options"] == "nosniff"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("page.html", "text/html", b"<script>pwned()</script>"),
        ("image.svg", "image/svg+xml", b"<svg onload=pwned()>"),
        ("shell.pht", "application/x-httpd-php", b"<?php"),
        ("fake.png", "image/png", b"<html><script>pwned()</script>"),
        ("poly.gif", "text/javascript", b"GIF89a/*x*/=1;pwned()"),
        ("doc.pdf", "application/pdf", b"%PDF-1.4"),
        ("feed.xml", "application/xml", b"<x xmlns='http://www.w3.org/1999/xhtml'/>"),
    ],
)
def test_dangerous_types_are_saved_never_shown(world: World, name: str, media_type: str, content: bytes) -> None:
    file = store_file(content, name=name, media_type=media_type)
    attachment = attach(file, object_type="H", object_id=world.attachment.object_id)
    response = get(agent_client(world.agent), world.url(attachment, inline=True))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert body_of(response) == content


def test_raster_images_are_shown_in_the_page(world: World) -> None:
    file = store_file(PIXEL, name="pixel.png", media_type="image/png")
    attachment = attach(file, object_type="H", object_id=world.attachment.object_id, inline=True)
    shown = get(agent_client(world.agent), world.url(attachment, inline=True))
    assert (shown["Content-Type"], shown["Content-Disposition"]) == ("image/png", 'inline; filename="pixel.png"')
    saved = get(agent_client(world.agent), world.url(attachment))
    assert saved["Content-Disposition"].startswith("attachment")


def test_names_cannot_break_the_header(world: World) -> None:
    Attachment.objects.filter(pk=world.attachment.pk).update(name='a"; evil="1\u202e.txt')
    response = get(agent_client(world.agent), world.url())
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''a%22%3B%20evil")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda url: with_parameters(url, signature="0" * 64),
        lambda url: with_parameters(url, signature=None),
        lambda url: with_parameters(url, signature=""),
        lambda url: with_parameters(url, signature="ä"),
        lambda url: with_parameters(url, expires=None),
        lambda url: with_parameters(url, expires="x"),
        lambda url: with_parameters(url, expires="9" * 30),
        lambda url: with_parameters(url, expires="9" * 5000),
        lambda url: with_parameters(url, expires=str(link_expiry(NOW) + 999_999)),
        lambda url: with_parameters(url, key="a" * 32),
        lambda url: with_parameters(url, key=None),
        lambda url: with_parameters(url, id="0"),
        lambda url: with_parameters(url, id="-1"),
        lambda url: with_parameters(url, id="999999999999999999999"),
        lambda url: with_parameters(url, id="9" * 5000),
        lambda url: with_parameters(url, id="1 OR 1=1"),
    ],
)
def test_tampered_links_are_404(world: World, tamper: Callable[[str], str]) -> None:
    assert get(agent_client(world.agent), tamper(world.url())).status_code == 404


def test_link_is_bound_to_its_attachment(world: World) -> None:
    """The same file on two entries of one ticket: a link to one is none to the other."""
    note = post_note(world.ticket, actor=Actor.for_agent(world.agent), body="x").entry
    other = attach(world.attachment.file, object_type="H", object_id=note.pk)
    client = agent_client(world.agent)
    assert get(client, with_parameters(world.url(), id=str(other.pk))).status_code == 404
    assert get(client, world.url(other)).status_code == 200


def test_links_end(world: World) -> None:
    client, url = agent_client(world.agent), world.url()
    expires = datetime.fromtimestamp(int(dict(parse_qsl(urlsplit(url).query))["expires"]), UTC)
    assert expires - NOW >= timedelta(hours=12)
    with time_machine.travel(expires - timedelta(seconds=1), tick=False):
        world_client = agent_client(world.agent)
        assert get(world_client, url).status_code == 200
    with time_machine.travel(expires + timedelta(seconds=1), tick=False):
        world_client = agent_client(world.agent)
        assert get(world_client, url).status_code == 404
    assert get(client, url).status_code == 200


def osticket_url(file: StoredFile, **more: str) -> str:
    link = DownloadLink("testserver", "/", file.pk, file.key, file.signature, link_expiry(NOW))
    return "/scp/file.php?" + urlencode(
        {"key": file.key.lower(), "expires": link.expires, "signature": link.signature(settings.SECRET_SALT), **more}
    )


def test_links_made_by_osTicket_work_for_their_day(world: World) -> None:  # noqa: N802
    file = StoredFile.objects.get(pk=world.attachment.file_id or 0)
    for url in (osticket_url(file), osticket_url(file, id=str(world.attachment.pk)), osticket_url(file, key=file.key)):
        assert get(agent_client(world.agent), url).status_code == 200
        assert get(agent_client(world.stranger), url).status_code == 404
    url = osticket_url(file)
    assert agent_client(world.agent).get(url, headers={"host": "other.test"}).status_code == 404
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert get(agent_client(world.agent), url).status_code == 404


def test_unchanged_files_are_not_sent_again(world: World) -> None:
    client, url = agent_client(world.agent), world.url()
    etag = get(client, url)["ETag"]
    again = get(client, url, **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    stranger = get(agent_client(world.stranger), url, **{"If-None-Match": etag})
    assert stranger.status_code == 404


def test_head_has_the_headers_without_the_body(world: World) -> None:
    response = agent_client(world.agent).head(world.url())
    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))
    assert b"".join(response.streaming_content) == b""  # type: ignore[attr-defined]
    assert agent_client(world.stranger).head(world.url()).status_code == 404


def test_other_methods_are_refused(world: World) -> None:
    assert agent_client(world.agent).post(world.url()).status_code == 405


def test_large_files_come_whole(world: World) -> None:
    content = bytes(range(256)) * 5000
    attachment = attach(store_file(content, name="b.bin"), object_type="H", object_id=world.attachment.object_id)
    client = agent_client(world.agent)
    response = client.get(world.url(attachment), headers={"accept-encoding": "gzip"})
    assert body_of(response) == content
    assert response["Content-Length"] == str(len(content))


def test_objects_without_a_gate_are_closed(world: World) -> None:
    """Attachments of canned responses, drafts and so on: nobody has said who may, so nobody may."""
    file = store_file(b"template", name="t.txt")
    for letter in "CDTLXO":
        attachment = attach(file, object_type=letter, object_id=500 + ord(letter))
        assert get(agent_client(world.agent), world.url(attachment)).status_code == 404


def test_file_in_a_foreign_storage_is_404(world: World) -> None:
    StoredFile.objects.filter(pk=world.attachment.file_id or 0).update(bk="3")
    assert get(agent_client(world.agent), world.url()).status_code == 404


def test_entry_that_is_gone_is_404(world: World) -> None:
    ThreadEntry.objects.all().delete()
    assert get(agent_client(world.agent), world.url()).status_code == 404


def user_client(user: EndUser) -> Client:
    return sign_in_user(Client(), user)


def test_end_users_get_the_files_of_their_tickets(world: World) -> None:
    owner, collaborator, stranger = world.ticket.user, EndUserFactory.new(), EndUserFactory.new()
    collaborate(world.ticket, collaborator, active=False)
    url = world.url(door="/file.php")
    assert owner is not None
    for user, status in ((owner, 200), (collaborator, 200), (stranger, 404)):
        assert get(user_client(user), url).status_code == status


def test_files_of_notes_are_for_agents_only(world: World) -> None:
    files = [NewFile("secret.txt", b"internal")]
    note = post_note(world.ticket, actor=Actor.for_agent(world.agent), body="x", files=files).entry
    attachment = Attachment.objects.get(type=ObjectType.THREAD_ENTRY, object_id=note.pk)
    assert world.ticket.user is not None
    assert get(user_client(world.ticket.user), world.url(attachment, door="/file.php")).status_code == 404
    assert get(agent_client(world.agent), world.url(attachment)).status_code == 200


def test_files_of_tasks_follow_the_task(world: World) -> None:
    task = Task.objects.create(object_type="", dept=world.agent.dept)
    thread = thread_of(world.ticket)
    thread.pk, thread.object_type, thread.object_id = None, ObjectType.TASK, task.pk
    thread.save()
    entry = ThreadEntry.objects.create(thread=thread, type="N", body="x")
    attachment = attach(store_file(b"task", name="task.txt"), object_type="H", object_id=entry.pk)
    assert get(agent_client(world.agent), world.url(attachment)).status_code == 200
    assert get(agent_client(world.stranger), world.url(attachment)).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-0", 206, slice(0, 1)),
        ("bytes=511999-512000", 206, slice(511_999, 512_001)),
        ("bytes=1279990-", 206, slice(1_279_990, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=-99999999", 206, slice(None)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("bytes=9-5", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("bytes=x-y", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=1280000-", 416, slice(0)),
        ("bytes=-0", 416, slice(0)),
        (f"bytes=0-{'9' * 400}", 200, slice(None)),
    ],
)
@pytest.mark.parametrize("storage", ["D", "F"])
def test_interrupted_downloads_go_on(
    world: World, wanted: str, status: int, part: slice, storage: str, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_STORAGE_PATH = str(tmp_path)
    content = bytes(range(256)) * 5000
    file = store_file(content, name="b.bin")
    if storage != file.bk:
        move_file(file, storage)
    attachment = attach(file, object_type="H", object_id=world.attachment.object_id)
    response = get(agent_client(world.agent), world.url(attachment), Range=wanted)
    assert response.status_code == status
    if status == 416:
        assert response["Content-Range"] == "bytes */1280000"
        return
    assert response["Accept-Ranges"] == "bytes"
    assert body_of(response) == content[part]
    assert response["Content-Length"] == str(len(content[part]))
    start, stop, _step = part.indices(len(content))
    assert response.get("Content-Range") == (f"bytes {start}-{stop - 1}/1280000" if status == 206 else None)


def test_part_of_another_state_of_the_file_is_not_sent(world: World) -> None:
    client, url = agent_client(world.agent), world.url()
    whole = get(client, url)
    for state, status in (
        (whole["ETag"], 206),
        (whole["Last-Modified"], 206),
        ('"another"', 200),
        (f"W/{whole['ETag']}", 200),
        ("Mon, 02 Mar 2020 09:00:00 GMT", 200),
        ("yesterday", 200),
    ):
        response = get(client, url, **{"Range": "bytes=0-3", "If-Range": state})
        assert (response.status_code, len(body_of(response))) == (status, 4 if status == 206 else len(CONTENT))


def test_part_needs_the_right_to_the_whole(world: World) -> None:
    assert get(agent_client(world.stranger), world.url(), Range="bytes=0-3").status_code == 404


def test_head_asks_for_no_part(world: World) -> None:
    response = agent_client(world.agent).head(world.url(), headers={"Range": "bytes=0-3"})
    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))


def test_link_is_enough_where_the_administrator_says_so(world: World) -> None:
    """As in osTicket with `files_req_auth` = 0; a link that is wrong or has ended opens nothing then either."""
    url = world.url(door="/file.php")
    assert get(Client(), url).status_code == 404
    ConfigItem.objects.update_or_create(namespace="core", key="files_req_auth", defaults={"value": "0"})
    forget()
    assert body_of(get(Client(), url)) == CONTENT
    assert get(Client(), with_parameters(url, signature="0" * 64)).status_code == 404
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert get(Client(), url).status_code == 404
    unguarded = attach(store_file(b"template", name="t.txt"), object_type="Z", object_id=500)
    assert get(Client(), world.url(unguarded, door="/file.php")).status_code == 404


def test_content_that_is_gone_is_404(world: World) -> None:
    FileChunk.objects.all().delete()
    response = get(agent_client(world.agent), world.url())
    assert response.status_code == 404
    assert "Unknown or invalid file" in response.content.decode()
    assert "sandbox" not in response["Content-Security-Policy"]
