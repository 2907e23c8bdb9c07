"""The end users' start page, the choice of the look, and the pages that say what went wrong."""

import pytest
from bs4 import BeautifulSoup
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import include, path

from helpdesk.configuration.services import set_setting
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.forms.selectors import form_for
from helpdesk.knowledge.models import Page
from helpdesk.people.actor import Actor

ERROR_PAGES = ("400", "403", "403_csrf", "404", "500")


def fail_with(request: HttpRequest, status: int) -> HttpResponse:
    if status == 400:
        raise BadRequest
    if status == 403:
        raise PermissionDenied
    raise RuntimeError("on purpose")


urlpatterns = [path("fail/<int:status>/", fail_with), path("", include("helpdesk.urls"))]


def answer_company(name: str, value: str) -> None:
    """Answer a field of the company form."""
    form = form_for("C")
    assert form is not None
    entry, _ = FormEntry.objects.get_or_create(form=form, object_type="C", defaults={"object_id": None})
    field = FormField.objects.get(form=form, name=name)
    FormAnswer.objects.update_or_create(entry=entry, field=field, defaults={"value": value})


def heading(html: bytes | str) -> str:
    found = BeautifulSoup(html, "html.parser").h1
    return found.get_text(strip=True) if found else ""


@pytest.mark.django_db
def test_the_start_page_shows_the_landing_page(client: Client) -> None:
    page = BeautifulSoup(client.get("/").content, "html.parser")
    assert heading(str(page)) == "How can we help?"
    assert page.title is not None
    assert " ".join(page.title.get_text().split()) == "Start page · Acme Support"


@pytest.mark.django_db
def test_the_landing_page_is_cleaned(client: Client) -> None:
    body = '<h1>Hi</h1><script>alert(1)</script><p onclick="x()" style="position:fixed">Text</p>'
    Page.objects.filter(type="landing").update(body=body)
    landing = BeautifulSoup(client.get("/").content, "html.parser").find(class_="landing")
    assert landing is not None
    assert landing.decode_contents().strip() == "<h1>Hi</h1><p>Text</p>"


def landing_of(client: Client, body: str) -> str:
    Page.objects.filter(type="landing").update(body=body)
    landing = BeautifulSoup(client.get("/").content, "html.parser").find(class_="landing")
    assert landing is not None
    return landing.decode_contents().strip()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p>%{company.name}, %{company}, %{company.Name}</p>", "<p>Acme &lt;b&gt; &amp; Co, {0}, {0}</p>"),
        ("<p>%{company.unknown}|%{url}|%{URL}</p>", "<p>|https://desk.acme.test/help|%{URL}</p>"),
        ("<p>%{ticket.number} %{u} 100% {url}</p>", "<p>%{ticket.number} %{u} 100% {url}</p>"),
        ('<p title="%{company.name}">x</p>', '<p title="Acme &lt;b&gt; &amp; Co">x</p>'),
        ("<p>%{company.phone}</p>", "<p>%{url}</p>"),
    ],
    ids=["company", "url", "others stay", "in an attribute", "once only"],
)
def test_variables_of_the_landing_page_are_replaced(client: Client, body: str, shown: str) -> None:
    set_setting("core", "helpdesk_url", "https://desk.acme.test/help/", Actor.system())
    answer_company("name", "Acme <b> & Co")
    answer_company("phone", "%{url}")
    assert landing_of(client, body) == shown.replace("{0}", "Acme &lt;b&gt; &amp; Co")


@pytest.mark.django_db
@pytest.mark.parametrize("opener", ["%{url}", "%%7Burl%7D"])
def test_a_variable_may_begin_an_address(client: Client, opener: str) -> None:
    set_setting("core", "helpdesk_url", "https://desk.acme.test/", Actor.system())
    assert 'href="https://desk.acme.test/open.php"' in landing_of(client, f'<a href="{opener}/open.php">x</a>')


@pytest.mark.django_db
def test_a_variable_cannot_smuggle_a_script_into_an_address(client: Client) -> None:
    answer_company("website", "javascript:alert(1)")
    assert "javascript" not in landing_of(client, '<a href="%{company.website}">x</a>')


@pytest.mark.django_db
def test_without_a_landing_page_the_start_page_is_there_all_the_same(client: Client) -> None:
    Page.objects.filter(type="landing").update(isactive=False)
    response = client.get("/")
    assert response.status_code == 200
    assert BeautifulSoup(response.content, "html.parser").find(class_="landing") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "title"),
    [
        *((path, "There is nothing here") for path in ("/nothing/", "/scpnothing", "/tickets/x/", "/pages/none")),
        *((path, "Unknown or invalid file") for path in ("/file.php", "/file.php?key=x")),
    ],
)
def test_unknown_addresses_get_the_page_for_it(client: Client, address: str, title: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert heading(response.content) == title
    assert b'href="/"' in response.content


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    ("status", "title"),
    [
        (400, "This request makes no sense"),
        (403, "You may not do this"),
        (500, "Something went wrong on our side"),
    ],
)
def test_errors_get_pages_in_our_look(client: Client, status: int, title: str) -> None:
    client.raise_request_exception = False
    response = client.get(f"/fail/{status}/")
    assert response.status_code == status
    assert heading(response.content) == title


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_error_pages_need_no_context(name: str) -> None:
    """Django renders 400 and 500 without a request, for whatever failed may be what the context needs."""
    assert heading(render_to_string(f"{name}.html"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.django_db
def test_the_look_is_remembered_and_rendered(client: Client, theme: str) -> None:
    response = client.post("/appearance/", {"theme": theme, "next": "/?x=1"})
    assert response.status_code == 302
    assert response.headers["Location"] == "/?x=1"
    cookie = response.cookies["theme"]
    assert (cookie.value, cookie["path"], cookie["samesite"]) == (theme, "/", "Lax")
    html = BeautifulSoup(client.get("/").content, "html.parser").html
    assert html is not None
    assert html["data-bs-theme"] == theme


@pytest.mark.django_db
def test_auto_leaves_the_look_to_the_operating_system(client: Client) -> None:
    client.post("/appearance/", {"theme": "dark"})
    client.post("/appearance/", {"theme": "auto"})
    html = BeautifulSoup(client.get("/").content, "html.parser").html
    assert html is not None
    assert not html.has_attr("data-bs-theme")


@pytest.mark.django_db
def test_a_foreign_cookie_value_reaches_no_page(client: Client) -> None:
    client.cookies["theme"] = '"><script>'
    assert b"data-bs-theme" not in client.get("/").content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "", "word", "agent:index", "a\x00"],
)
def test_choosing_a_look_never_leads_away(client: Client, target: str) -> None:
    assert client.post("/appearance/", {"theme": "dark", "next": target}).headers["Location"] == "/"


@pytest.mark.django_db
def test_the_look_is_changed_by_post_with_a_token_only() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.get("/appearance/").status_code == 405
    assert strict.post("/appearance/", {"theme": "dark"}).status_code == 403


@pytest.mark.django_db
def test_every_page_carries_the_strict_policy(client: Client) -> None:
    for address in ("/", "/nothing/", "/scp/login.php"):
        policy = dict(
            directive.strip().partition(" ")[::2]
            for directive in client.get(address).headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["img-src"] == "'self' data:"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"


@pytest.mark.django_db
def test_a_form_in_a_foreign_character_set_is_a_bad_request() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(
        "/scp/login.php", b"userid=x", content_type="application/x-www-form-urlencoded; charset=utf-16"
    )
    assert response.status_code == 400
    assert heading(response.content) == "This request makes no sense"


@pytest.mark.django_db
def test_the_start_page_leads_to_tickets(client: Client) -> None:
    page = BeautifulSoup(client.get("/").content, "html.parser")
    links = [link["href"] for link in page.select(".portal-choices a")]
    assert links == ["/tickets/new/", "/tickets/status/"]
