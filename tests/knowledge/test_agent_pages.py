"""How agents read and write the knowledge base and canned responses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.files.models import Attachment
from helpdesk.knowledge.models import CannedResponse, Faq, FaqCategory, Page
from tests.factories import AgentFactory, EndUserFactory, RoleFactory, new_ticket
from tests.knowledge.conftest import Library
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def writer() -> Client:
    return agent_client(AgentFactory.new(permissions={"faq.manage": 1}))


@pytest.fixture
def reader() -> Client:
    return agent_client(AgentFactory.new(role=RoleFactory.new(keys=["ticket.reply"])))


def soup(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def test_agents_see_everything_and_what_end_users_do_not(reader: Client, library: Library) -> None:
    found = soup(reader.get("/scp/kb/"))
    names = [title.a.get_text(strip=True) for title in found.select(".kb-title") if title.a]
    assert names == ["Printers", "Servers"]
    hidden = soup(reader.get(f"/scp/kb/faqs/{library.faqs['Where is the spare key?'].pk}/"))
    assert hidden.select_one(".kb-mark.is-private")
    results = soup(reader.get("/scp/kb/?q=ROOT")).select(".kb-faqs a")
    assert [one.get_text(strip=True) for one in results] == ["What is the password of root?"]
    assert not found.select("a[href$='/new/']")


def test_without_the_permission_nothing_can_be_written(reader: Client, library: Library) -> None:
    faq, category = library.faqs["How do I load paper?"], library.categories["Printers"]
    for path in ("/scp/kb/faqs/new/", f"/scp/kb/faqs/{faq.pk}/edit/", "/scp/kb/categories/new/", "/scp/canned/"):
        assert reader.get(path).status_code == 403, path
    reader.post(f"/scp/kb/faqs/{faq.pk}/delete/")
    reader.post(f"/scp/kb/categories/{category.pk}/delete/")
    assert Faq.objects.filter(pk=faq.pk).exists()
    assert FaqCategory.objects.filter(pk=category.pk).exists()


def test_an_faq_is_written_with_a_file_and_changed(writer: Client, library: Library) -> None:
    category = library.categories["Printers"]
    data = {
        "question": "Is there coffee?",
        "category": category.pk,
        "publication": 1,
        "answer": "<p>On floor <b>2</b></p>",
        "topics": [1],
        "notes": "",
        "attachments": SimpleUploadedFile("map.txt", b"floor 2", content_type="text/plain"),
    }
    made: Any = writer.post("/scp/kb/faqs/new/", data)
    faq = Faq.objects.get(question="Is there coffee?")
    assert made["Location"] == f"/scp/kb/faqs/{faq.pk}/"
    attachment = Attachment.objects.get(type="F", object_id=faq.pk)
    form = soup(writer.get(f"/scp/kb/faqs/{faq.pk}/edit/"))
    box = form.select_one(f"input[name=kept][value='{attachment.pk}']")
    assert box
    assert box.has_attr("checked")
    data.pop("attachments")
    writer.post(f"/scp/kb/faqs/{faq.pk}/edit/", {**data, "answer": "<p>No</p>"})
    faq.refresh_from_db()
    assert faq.answer == "<p>No</p>"
    assert not Attachment.objects.filter(type="F", object_id=faq.pk).exists()


def test_a_refusal_stands_at_its_field(writer: Client, library: Library) -> None:
    data = {"question": "HOW do i load paper?", "category": library.categories["Printers"].pk, "publication": 0}
    answer = writer.post("/scp/kb/faqs/new/", {**data, "answer": "<p>x</p>"})
    assert answer.status_code == 422
    field = soup(answer).select_one(".form-field.has-errors")
    assert field
    assert "Question already exists" in field.get_text()


def test_canned_responses_are_made_changed_and_deleted() -> None:
    client = agent_client(AgentFactory.new(role=RoleFactory.new(keys=["canned.manage"])))
    data = {"title": "Thanks", "response": "<p>Thank you, %{ticket.name.first}</p>", "is_enabled": "on"}
    assert client.post("/scp/canned/new/", data).status_code == 302
    canned = CannedResponse.objects.get(title="Thanks")
    for words in ("thank+you", "thank%00+you"):
        assert "Thanks" in soup(client.get(f"/scp/canned/?q={words}")).get_text()
    client.post(f"/scp/canned/{canned.pk}/", {**data, "title": "Many thanks", "department": 1})
    canned.refresh_from_db()
    assert (canned.title, canned.dept_id) == ("Many thanks", 1)
    client.post(f"/scp/canned/{canned.pk}/delete/")
    assert not CannedResponse.objects.filter(pk=canned.pk).exists()


def test_old_addresses_lead_on(reader: Client, library: Library) -> None:
    faq = library.faqs["How do I load paper?"]
    assert reader.get(f"/scp/faq.php?id={faq.pk}")["Location"] == f"/scp/kb/faqs/{faq.pk}/"
    assert reader.get(f"/scp/faq.php?cid={faq.category_id}")["Location"] == f"/scp/kb/categories/{faq.category_id}/"
    assert reader.get("/scp/faq.php?id=9999999999999")["Location"] == "/scp/kb/"
    assert reader.get("/scp/kb/faqs/4711/").status_code == 404


@pytest.mark.ignore_template_errors
def test_administrators_change_pages(db: None) -> None:
    client = agent_client(AgentFactory.new(isadmin=True))
    listed = soup(client.get("/admin/hd_knowledge/page/")).get_text(" ", strip=True)
    assert "Mail: new password of a user" in listed
    assert "pwreset-client" not in listed
    assert "isactive" not in listed.lower()
    narrowed = soup(client.get("/admin/hd_knowledge/page/?type=landing")).select("#result_list tbody tr")
    assert [row.select("a")[0].get_text(strip=True) for row in narrowed] == ["Landing"]
    made: Any = client.post(
        "/admin/hd_knowledge/page/add/", {"name": "Imprint", "type": "other", "is_active": "on", "body": "<p>We</p>"}
    )
    assert made.status_code == 302
    assert "We" in client.get("/pages/imprint").content.decode()
    post = {"name": "Контакты", "type": "other", "is_active": "on", "body": "<p>Call</p>"}
    assert client.post("/admin/hd_knowledge/page/add/", post).status_code == 302
    link = soup(client.get("/admin/hd_knowledge/page/?q=Контакты")).select_one("a[href^='/pages/']")
    assert link
    assert link.get_text() == "/pages/контакты"
    assert "Call" in client.get(str(link["href"])).content.decode()
    refused = client.post(
        "/admin/hd_knowledge/page/add/", {"name": "imprint", "type": "other", "is_active": "on", "body": "<p>We</p>"}
    )
    assert "Name already exists" in refused.content.decode()


@pytest.mark.ignore_template_errors
def test_administrators_look_at_a_page_before_they_save_it(db: None) -> None:
    admin = AgentFactory.new(isadmin=True)
    client = agent_client(admin)
    ticket = new_ticket(user=EndUserFactory.new(name="Eve Adams"), department=admin.dept)
    thanks = Page.objects.get(type="thank-you")
    stored = thanks.body
    body = f'<p>Hello %{{ticket.name}}, #%{{ticket.number}}<script>x()</script></p><img src="{PICTURE}" onload="x()">'
    shown = soup(client.post(f"/admin/pages/preview/?page={thanks.pk}", {"name": "Thanks", "body": body}))
    article = shown.select_one("article")
    assert article is not None
    assert f"Hello Eve Adams, #{ticket.number}" in article.get_text()
    assert not article.select("script, [onload]")
    assert [image["src"] for image in article.select("img")] == [PICTURE]
    assert Page.objects.get(pk=thanks.pk).body == stored
    assert not Attachment.objects.filter(type="P").exists()
    new = soup(
        client.post("/admin/pages/preview/", {"type": "other", "body": "<p>%{company.name} %{ticket.number}</p>"})
    )
    assert "%{ticket.number}" in new.get_text()
    assert "%{company.name}" not in new.get_text()
    assert client.get("/admin/pages/preview/").status_code == 405
    assert agent_client(AgentFactory.new()).post("/admin/pages/preview/", {"body": "x"}).status_code == 403


@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("kind", ["page", "faq", "canned"])
def test_images_are_seen_while_a_text_is_changed_and_stored_by_their_key(library: Library, kind: str) -> None:
    agent = AgentFactory.new(isadmin=True, permissions={"faq.manage": 1}, role=RoleFactory.new(keys=["canned.manage"]))
    client = agent_client(agent)
    row: Any = {
        "page": Page.objects.get(type="landing"),
        "faq": library.faqs["How do I load paper?"],
        "canned": CannedResponse.objects.order_by("pk").first(),
    }[kind]
    address, name = {
        "page": (f"/admin/hd_knowledge/page/{row.pk}/change/", "body"),
        "faq": (f"/scp/kb/faqs/{row.pk}/edit/", "answer"),
        "canned": (f"/scp/canned/{row.pk}/", "response"),
    }[kind]

    def save(text: str) -> tuple[str, str]:
        """Give the text that the form shows after saving it, and the stored one."""
        form = soup(client.get(address)).select_one(f"form:has(textarea[name={name}])")
        assert form is not None
        values = {str(one["name"]): one.get("value", "") for one in form.select("input[name]:not([type=checkbox])")}
        values |= {str(one["name"]): "on" for one in form.select("input[type=checkbox][name^=is_][checked]")}
        values |= {
            str(one["name"]): chosen["value"]
            for one in form.select("select[name]")
            if (chosen := one.select_one("option[selected]")) is not None
        }
        assert client.post(address, {**values, name: text}).status_code == 302
        row.refresh_from_db()
        shown = soup(client.get(address)).select_one(f"textarea[name={name}]")
        assert shown is not None
        return shown.get_text().strip(), str(getattr(row, name))

    shown, stored = save(f'<p>Look: <img src="{PICTURE}"></p>')
    [image] = BeautifulSoup(shown, "html.parser").select("img")
    assert client.get(str(image["src"])).headers["Content-Type"] == "image/png"
    assert 'src="cid:' in stored
    assert save(shown)[1].lower() == stored.lower()


@pytest.mark.ignore_template_errors
def test_the_list_of_pages_takes_as_many_statements_for_many_pages_as_for_few(db: None) -> None:
    client = agent_client(AgentFactory.new(isadmin=True))

    def statements() -> int:
        assert client.get("/admin/hd_knowledge/page/").status_code == 200
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/admin/hd_knowledge/page/").status_code == 200
        return len(captured)

    few = statements()
    for number in range(20):
        Page.objects.create(name=f"Page {number}", type="other", isactive=True, body="<p>We</p>")
    assert statements() == few


@pytest.mark.parametrize("kind", ["faq", "category", "canned"])
def test_nobody_replaces_what_somebody_else_wrote_without_seeing_it(library: Library, kind: str) -> None:
    client = agent_client(AgentFactory.new(permissions={"faq.manage": 1}, role=RoleFactory.new(keys=["canned.manage"])))
    row: Any = {
        "faq": library.faqs["How do I load paper?"],
        "category": library.categories["Printers"],
        "canned": CannedResponse.objects.order_by("pk").first(),
    }[kind]
    address = f"/scp/canned/{row.pk}/" if kind == "canned" else f"/scp/kb/{FOLDERS[kind]}/{row.pk}/edit/"
    name = {"faq": "answer", "category": "description", "canned": "response"}[kind]
    type(row).objects.filter(pk=row.pk).update(updated=datetime(2030, 1, 1, tzinfo=UTC))
    mine, theirs = (filled(soup(client.get(address))) for _ in range(2))
    assert client.post(address, {**theirs, name: "<p>Theirs</p>"}).status_code == 302
    refused = client.post(address, {**mine, name: "<p>Mine</p>"})
    assert refused.status_code == 422
    assert "Somebody else has changed this meanwhile." in refused.content.decode()
    row.refresh_from_db()
    assert getattr(row, name) == "<p>Theirs</p>"
    assert client.post(address, filled(soup(refused))).status_code == 302
    row.refresh_from_db()
    assert getattr(row, name) == "<p>Mine</p>"
    type(row).objects.filter(pk=row.pk).delete()
    assert client.post(address, mine).status_code == 404


FOLDERS = {"faq": "faqs", "category": "categories"}


def filled(page: BeautifulSoup) -> dict[str, Any]:
    """Give what a browser sends for the form of the page as it stands."""
    data: dict[str, Any] = {}
    for one in page.select("form.kb-form [name]"):
        if one.name == "textarea":
            data[str(one["name"])] = one.get_text()
        elif one.name == "select":
            chosen = one.select_one("option[selected]") or one.select_one("option")
            data[str(one["name"])] = chosen["value"] if chosen else ""
        elif one.get("type") in {"checkbox", "radio"}:
            if one.has_attr("checked"):
                data.setdefault(str(one["name"]), []).append(one.get("value", "on"))
        elif one.get("type") != "file":
            data[str(one["name"])] = one.get("value", "")
    return data
