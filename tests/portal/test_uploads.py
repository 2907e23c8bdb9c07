"""Uploading files before the form is sent, at both doors, and what becomes of a form that is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.services import read_file, store_file
from helpdesk.forms.field_types import agent_owner
from helpdesk.forms.field_types.files import upload_ticket
from helpdesk.forms.models import Form, FormField
from helpdesk.forms.uploads import message_field
from helpdesk.people.models import Agent
from tests.factories import AgentFactory, EndUserFactory, new_ticket
from tests.sign_in import agent_client, sign_in_user
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def field() -> FormField:
    found = message_field()
    assert found is not None
    return found


@pytest.fixture
def ticket() -> Ticket:
    return new_ticket()


@pytest.fixture
def agent(ticket: Ticket) -> Client:
    return agent_client(AgentFactory.new(dept=ticket.dept))


def set_setting(key: str, value: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


def upload(client: Client, field: FormField, *files: SimpleUploadedFile, door: str = "/scp") -> Any:
    return client.post(f"{door}/uploads/{field.pk}/", {"files": list(files)}, headers={"accept": "application/json"})


def a_file(name: str = "a.txt", content: bytes = b"one", media_type: str = "text/plain") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=media_type)


def image(media_type: str = "image/png", size: tuple[int, int] = (2, 2)) -> bytes:
    stream = io.BytesIO()
    Image.new("1", size).save(stream, media_type.rpartition("/")[2].upper())
    return stream.getvalue()


def test_files_are_stored_and_sent_with_the_reply(agent: Client, field: FormField, ticket: Ticket) -> None:
    answer = upload(agent, field, a_file(), a_file("b.txt", b"two")).json()
    assert [(file["name"], file["size"]) for file in answer["files"]] == [("a.txt", 3), ("b.txt", 3)]
    tickets = [file["ticket"] for file in answer["files"]]
    files = [*tickets, "", a_file("c.txt", b"three")]  # browsers send an empty text for an empty control
    reply = {"body": "See files", "reply_to": "all", "attachments": files}
    assert agent.post(f"/scp/tickets/{ticket.pk}/reply/", reply).status_code == 302
    attached = Attachment.objects.filter(type="H").select_related("file").order_by("id")
    assert [(row.file.name, b"".join(read_file(row.file))) for row in attached] == [
        ("a.txt", b"one"),
        ("b.txt", b"two"),
        ("c.txt", b"three"),
    ]


def test_files_of_the_same_content_are_taken_as_one(agent: Client, field: FormField, ticket: Ticket) -> None:
    tickets = [file["ticket"] for file in upload(agent, field, a_file(), a_file("b.txt")).json()["files"]]
    note = {"body": "x", "attachments": tickets}
    assert agent.post(f"/scp/tickets/{ticket.pk}/note/", note).status_code == 302
    assert Attachment.objects.get(type="H").file.name == "a.txt"


def test_files_survive_a_refused_form(agent: Client, ticket: Ticket) -> None:
    refused = agent.post(f"/scp/tickets/{ticket.pk}/note/", {"body": "", "attachments": [a_file()]})
    assert refused.status_code == 422
    kept = refused.context["note_form"].kept_files
    assert [file.name for file in kept] == ["a.txt"]
    assert f'value="{kept[0].ticket}"' in refused.content.decode()
    agent.post(f"/scp/tickets/{ticket.pk}/note/", {"body": "now", "attachments": [kept[0].ticket]})
    assert Attachment.objects.get(type="H").file == StoredFile.objects.get(name="a.txt")


def test_good_files_survive_a_bad_one(agent: Client, ticket: Ticket) -> None:
    set_setting("max_file_size", "10")
    files = [a_file(), a_file("big.bin", b"x" * 11)]
    refused = agent.post(f"/scp/tickets/{ticket.pk}/note/", {"body": "x", "attachments": files})
    assert refused.status_code == 422
    assert "big.bin: File is too large" in refused.content.decode()
    assert [file.name for file in refused.context["note_form"].kept_files] == ["a.txt"]
    assert not StoredFile.objects.filter(name="big.bin").exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda field, file, agent: "forged",
        lambda field, file, agent: upload_ticket(field.pk + 1, file.pk, "a.txt", owner=agent),
        lambda field, file, agent: upload_ticket(field.pk, 4_000_000, "a.txt", owner=agent),
        lambda field, file, agent: upload_ticket(field.pk, file.pk, "a.txt", owner=""),
        lambda field, file, agent: str(file.pk),
    ],
    ids=["forged", "of another field", "of a file that is gone", "of nobody", "a bare id"],
)
def test_ticket_that_is_none_attaches_nothing(agent: Client, field: FormField, ticket: Ticket, make: Any) -> None:
    secret = store_file(b"secret", name="secret.txt")
    forged = make(field, secret, agent_owner(Agent.objects.get(dept=ticket.dept)))
    answer = agent.post(f"/scp/tickets/{ticket.pk}/note/", {"body": "x", "attachments": [forged]})
    assert answer.status_code == 422
    assert not Attachment.objects.filter(file=secret).exists()


GONE = "An uploaded file is no longer there: choose it again."


def ticket_of(client: Client, field: FormField, *, door: str) -> str:
    """Upload a file and give what the page is told to send for it."""
    return str(upload(client, field, a_file(), door=door).json()["files"][0]["ticket"])


def test_an_agent_cannot_hand_in_what_another_uploaded(agent: Client, field: FormField, ticket: Ticket) -> None:
    colleague = agent_client(AgentFactory.new(dept=ticket.dept))
    note = {"body": "x", "attachments": ticket_of(agent, field, door="/scp")}
    refused = colleague.post(f"/scp/tickets/{ticket.pk}/note/", note)
    assert refused.status_code == 422
    assert GONE in refused.content.decode()
    assert not Attachment.objects.filter(type="H").exists()
    assert agent.post(f"/scp/tickets/{ticket.pk}/note/", note).status_code == 302
    assert Attachment.objects.get(type="H").file == StoredFile.objects.get(name="a.txt")


def test_an_end_user_cannot_hand_in_what_others_uploaded(agent: Client, field: FormField) -> None:
    own = new_ticket()
    assert own.user is not None
    user, stranger = sign_in_user(Client(), own.user), sign_in_user(Client(), EndUserFactory.new())
    address = f"/tickets/{own.pk}/reply/"
    for client, door in ((stranger, ""), (Client(), ""), (agent, "/scp")):
        refused = user.post(address, {"body": "x", "attachments": ticket_of(client, field, door=door)})
        assert refused.status_code == 422
        assert GONE in refused.content.decode()
    assert not Attachment.objects.filter(type="H").exists()
    reply = {"body": "x", "attachments": ticket_of(user, field, door="")}
    assert user.post(address, reply).status_code == 302
    assert Attachment.objects.filter(type="H").count() == 1


@pytest.mark.parametrize("type_", ["thread", "files"])
def test_a_guest_cannot_hand_in_what_another_uploaded(field: FormField, type_: str) -> None:
    asked = field if type_ == "thread" else _field_for_files("T")
    guest, other = Client(), Client()
    name = f"field-{asked.pk}{'-files' if type_ == 'thread' else ''}"
    page = guest.get("/tickets/new/")
    assert not guest.session.keys()  # it begins with the first file
    sent = {**_inputs(page), name: ticket_of(guest, asked, door="")}
    assert GONE in other.post("/tickets/new/", sent).content.decode()
    ticket_of(other, asked, door="")  # now the other has a session, too
    assert GONE in other.post("/tickets/new/", sent).content.decode()
    own = guest.post("/tickets/new/", sent).content.decode()
    assert "a.txt" in own
    assert GONE not in own


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (a_file("big.bin", b"x" * 3000), "big.bin: File is too large"),
        (a_file("page.exe", b"MZ"), "page.exe: File type is not allowed"),
        (a_file("empty.txt", b""), "empty.txt: the file is empty"),
        (a_file("fake.txt", b"<html>", "image/png"), "fake.txt: Invalid File"),
        (a_file("bomb.txt", image(size=(20_000, 20_000))[:1000], "image/png"), "bomb.txt: Invalid File"),
    ],
    ids=["size", "type", "empty", "no image", "too many pixels"],
)
def test_what_the_field_does_not_take_is_refused(
    agent: Client, field: FormField, file: SimpleUploadedFile, reason: str
) -> None:
    set_setting("max_file_size", "2000")
    field.configuration = {"extensions": ".txt .bin", "attachments": True}
    field.save()
    files = StoredFile.objects.count()
    file.seek(0)
    answer = upload(agent, field, file)
    assert (answer.status_code, answer.json()) == (422, {"files": [{"name": file.name, "error": reason}]})
    assert StoredFile.objects.count() == files


def test_real_images_are_taken(agent: Client, field: FormField) -> None:
    for media_type in ("image/png", "image/gif", "image/jpeg"):
        answer = upload(agent, field, a_file("picture", image(media_type), media_type))
        assert answer.status_code == 200
        assert StoredFile.objects.latest("pk").type == media_type
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    assert upload(agent, field, a_file("drawing.svg", drawing, "image/svg+xml")).status_code == 200


def test_field_with_a_limit_of_its_own_takes_more(agent: Client, field: FormField) -> None:
    set_setting("max_file_size", "10")
    assert upload(agent, field, a_file(content=b"x" * 20)).status_code == 422
    field.configuration = {"size": 30}
    field.save()
    assert upload(agent, field, a_file(content=b"x" * 20)).status_code == 200
    assert upload(agent, field, a_file(content=b"x" * 31)).status_code == 422


def test_upload_that_nobody_takes_is_not_kept_while_it_comes_in(agent: Client, field: FormField, tmp_path: Any) -> None:
    set_setting("max_file_size", "2000000")
    answer = upload(agent, field, a_file("big.bin", b"x" * 5_000_000), a_file())
    assert answer.status_code == 200
    assert [file.get("error") for file in answer.json()["files"]] == ["big.bin: File is too large", None]


def test_people_upload_where_they_may_fill_in(field: FormField) -> None:
    guest, user = Client(), sign_in_user(Client(), EndUserFactory.new())
    internal = FormField.objects.create(form=field.form, type="files", label="Internal", name="x", sort=9, flags=0x3001)
    other = FormField.objects.get(name="subject", form=field.form)
    for client in (guest, user):
        assert upload(client, field, a_file(), door="").status_code == 200
        assert upload(client, internal, a_file(), door="").status_code == 404
        assert upload(client, other, a_file(), door="").status_code == 404
    assert upload(agent_client(AgentFactory.new()), internal, a_file()).status_code == 200
    assert upload(guest, field, a_file()).status_code == 403
    set_setting("clients_only", "1")
    assert upload(guest, field, a_file(), door="").status_code == 404
    assert upload(user, field, a_file(), door="").status_code == 200


def test_guests_upload_a_hundred_files_an_hour(field: FormField) -> None:
    def some(count: int) -> Iterator[SimpleUploadedFile]:
        return (a_file(f"{number}.txt") for number in range(count))

    guest = Client()
    assert upload(guest, field, *some(99), door="").status_code == 200
    assert upload(guest, field, *some(2), door="").status_code == 429
    assert upload(guest, field, *some(1), door="").status_code == 429


def test_uploads_need_a_token_and_a_file(field: FormField) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/uploads/{field.pk}/", {"files": [a_file()]}).status_code == 403
    assert Client().post(f"/uploads/{field.pk}/").status_code == 400
    assert Client().get(f"/uploads/{field.pk}/").status_code == 405


def _field_for_files(object_type: str) -> FormField:
    form = Form.objects.filter(type=object_type).order_by("pk")[0]
    return FormField.objects.create(form=form, type="files", name="papers", label="Papers", sort=90, flags=0x3301)


def _inputs(page: Any) -> dict[str, str]:
    """Give what a browser would send of the page's form, without its file controls."""
    form = BeautifulSoup(page.content, "html.parser").select_one("main form[method=post]")
    assert form is not None
    sent = {}
    for control in form.select("input[name], textarea[name]"):
        if control.get("type") == "file" or (control.get("type") == "checkbox" and not control.has_attr("checked")):
            continue
        sent[str(control["name"])] = str(control.get("value") or control.get_text())
    return sent


@pytest.mark.parametrize(
    ("address", "object_type", "answers"),
    [
        ("/scp/users/new/", "U", {"name": "Ada", "email": "ada@acme.test"}),
        ("/scp/organizations/new/", "O", {"name": "Acme"}),
    ],
)
def test_files_about_people_survive_a_refused_form(address: str, object_type: str, answers: dict[str, str]) -> None:
    _field_for_files(object_type)
    client = agent_client(AgentFactory.new(permissions={"user.dir": 1, "user.create": 1, "org.create": 1}))
    page = client.get(address)
    names = {bound.field.name: bound.name for bound in page.context["form"]}
    refused = client.post(address, {**_inputs(page), names["papers"]: [a_file()]})
    assert refused.status_code == 422
    assert "a.txt" in refused.content.decode()
    again = {**_inputs(refused), **{names[name]: value for name, value in answers.items()}}
    assert client.post(address, again).status_code == 302
    assert Attachment.objects.get(type="E").file == StoredFile.objects.get(name="a.txt")


def test_files_of_an_answer_survive_a_refused_form(ticket: Ticket, agent: Client) -> None:
    field = _field_for_files("T")
    address = f"/scp/tickets/{ticket.pk}/edit/answers/{field.pk}/"
    set_setting("max_file_size", "10")
    page = agent.get(address)
    control = BeautifulSoup(page.content, "html.parser").select_one("main input[type=file]")
    assert control is not None
    files = [a_file(), a_file("big.bin", b"x" * 11)]
    refused = agent.post(address, {**_inputs(page), str(control["name"]): files})
    assert refused.status_code == 422
    assert agent.post(address, _inputs(refused)).status_code == 302
    assert Attachment.objects.get(type="E").file == StoredFile.objects.get(name="a.txt")


def test_files_of_a_canned_response_survive_a_refused_form() -> None:
    client = agent_client(AgentFactory.new(permissions={"canned.manage": 1}))
    refused = client.post("/scp/canned/new/", {"title": "", "response": "<p>So</p>", "attachments": [a_file()]})
    assert refused.status_code == 422
    [kept] = refused.context["form"].kept_files
    assert f'value="{kept.ticket}"' in refused.content.decode()
