"""What end users find in the knowledge base (osticket/kb.md §2 and §3)."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db.models.signals import post_init
from django.test import Client

from helpdesk.configuration.services import set_settings
from helpdesk.files.models import Attachment
from helpdesk.files.services import attach, store_file
from helpdesk.knowledge.constants import FaqPublication
from helpdesk.knowledge.faq_pages import suggested_faqs, teaser_of
from helpdesk.knowledge.models import Faq
from helpdesk.knowledge.services import FaqDraft, store_faq
from helpdesk.threads.bodies import NewFile
from tests.knowledge.conftest import SYSTEM, Library
from tickets.models import HelpTopic

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def page(client: Client, path: str) -> BeautifulSoup:
    answer: Any = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return BeautifulSoup(answer.content, "html.parser")


def questions(found: BeautifulSoup) -> list[str]:
    main = found.select_one("main")
    assert main
    return [link.get_text(" ", strip=True) for link in main.select(".kb-faqs a")]


def test_the_start_page_lists_public_categories_and_what_is_published(client: Client, library: Library) -> None:
    found = page(client, "/kb/")
    sections = {
        section.h2.a.get_text(strip=True): section.h2.select_one(".kb-count")
        for section in found.select(".kb-section")
        if section.h2 and section.h2.a
    }
    assert list(sections) == ["Below servers", "Printers"]  # a public one below a private one stands on top
    assert sections["Below servers"] is None
    assert sections["Printers"] is not None
    assert sections["Printers"].get_text() == "3"
    assert questions(found)[:2] == ["Où sont les Réglages de l'imprimante?", "How do I load paper?"]
    assert [child.a.get_text(strip=True) for child in found.select(".kb-children li") if child.a] == ["Colour printers"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=reglages", ["Où sont les Réglages de l'imprimante?"]),
        ("q=PAPER", ["How do I load paper?"]),
        ("q=pap%00er", ["How do I load paper?"]),  # what is no character stands for nothing
        ("q=colour+printers", ["Why is magenta pale?"]),  # the name of the category
        ("q=spare", []),
        ("q=root", []),
        ("q=100%25", []),
        ("cid={printers}", ["How do I load paper?", "Où sont les Réglages de l'imprimante?"]),
        ("cid={servers}", []),
        ("cid={printers}&q=paper", ["How do I load paper?"]),
        ("topicId=1", ["How do I load paper?"]),
        ("topicId=999999999999", []),
    ],
)
def test_a_search_finds_what_fulfils_all_conditions(
    client: Client, library: Library, query: str, expected: list[str]
) -> None:
    set_topic(library.faqs["How do I load paper?"])
    query = query.format(printers=library.categories["Printers"].pk, servers=library.categories["Servers"].pk)
    if query == "topicId=999999999999":
        assert client.get(f"/kb/?{query}").status_code == 200
        return
    found = page(client, f"/kb/?{query}")
    assert questions(found) == expected
    words = found.get_text(" ", strip=True)
    assert ("The search did not match any FAQs." in words) == (not expected)


@pytest.mark.parametrize("nothing", ["", "%00", "+%00%00+", "%20"])
def test_a_question_of_no_characters_is_none(client: Client, library: Library, nothing: str) -> None:
    def shown(address: str) -> str:
        return page(client, address).select("main")[0].get_text(" ", strip=True)

    assert shown(f"/kb/?q={nothing}") == shown("/kb/")
    assert shown("/kb/?q=spare") != shown("/kb/")


def set_topic(faq: Faq) -> None:
    topic = HelpTopic.objects.order_by("pk").first()
    assert topic is not None
    assert topic.pk == 1
    draft = FaqDraft(
        question=faq.question,
        answer=faq.answer,
        category_id=faq.category_id or 0,
        publication=FaqPublication(faq.ispublished),
        topic_ids=[1],
    )
    store_faq(draft, actor=SYSTEM, faq=faq)


def test_what_is_not_public_answers_as_what_is_not_there(client: Client, library: Library) -> None:
    for question in ("Where is the spare key?", "What is the password of root?"):
        assert client.get(f"/kb/faqs/{library.faqs[question].pk}/").status_code == 404
        assert client.get(f"/kb/faq.php?id={library.faqs[question].pk}")["Location"] == "/kb/"
    assert client.get("/kb/faqs/4711/").status_code == 404
    assert client.get(f"/kb/categories/{library.categories['Servers'].pk}/").status_code == 404
    public = library.faqs["How do I load paper?"].pk
    assert client.get(f"/kb/faq.php?id={public}")["Location"] == f"/kb/faqs/{public}/"


def test_an_answer_shows_its_images_and_files(client: Client, library: Library) -> None:
    category = library.categories["Printers"]
    faq = store_faq(
        FaqDraft(
            question="How does it look?",
            answer=f'<p onclick="x()">Like this: <img src="{PIXEL}"></p>',
            category_id=category.pk,
            publication=FaqPublication.PUBLIC,
            files=[NewFile("manual.txt", b"Read me", "text/plain")],
        ),
        actor=SYSTEM,
    )
    found = page(client, f"/kb/faqs/{faq.pk}/")
    image, file = found.select_one(".message-text img"), found.select_one(".attachments a")
    assert image
    assert file
    assert "onclick" not in str(found)
    shown: Any = client.get(str(image["src"]))
    assert shown.status_code == 200
    assert shown["Content-Type"] == "image/png"
    sent: Any = client.get(str(file["href"]))
    assert b"".join(sent.streaming_content) == b"Read me"
    store_faq(
        FaqDraft(question=faq.question, answer=faq.answer, category_id=category.pk), actor=SYSTEM, faq=faq
    )  # no longer public
    assert client.get(str(file["href"])).status_code == 404


WHY_CLOSED = {
    "enable_kb": "The knowledge base is switched off.",
    "restrict_kb": "The knowledge base is for those who are signed in.",
}


@pytest.mark.parametrize("setting", ["enable_kb", "restrict_kb"])
def test_it_is_hidden_when_it_is_off_or_for_members_only(client: Client, library: Library, setting: str) -> None:
    assert page(client, "/").select_one("nav a[href='/kb/']")
    set_settings("core", {setting: "0" if setting == "enable_kb" else "1"}, SYSTEM)
    pk = library.faqs["How do I load paper?"].pk
    for address in ("/kb/", f"/kb/faqs/{pk}/", f"/kb/faq.php?id={pk}"):
        assert client.get(address)["Location"] == "/"
        home = page(client, "/")
        assert not home.select_one("nav a[href='/kb/']")
        assert questions(home) == []
        assert [message.get_text(strip=True) for message in home.select(".messages p")] == [WHY_CLOSED[setting]]
    assert not page(client, "/").select(".messages p")
    assert client.get("/kb/suggestions/?subject=load+paper").content.strip() == b""


def test_the_start_page_of_the_portal_features_questions_and_categories(client: Client, library: Library) -> None:
    home = page(client, "/")
    assert questions(home) == [
        "Où sont les Réglages de l'imprimante?",
        "Où sont les Réglages de l'imprimante?",
        "How do I load paper?",
    ]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("cannot load any paper today", ["How do I load paper?"]),
        ("REGLAGES imprimante", ["Où sont les Réglages de l'imprimante?"]),
        ("the spare key please", []),
        ("a", []),
    ],
)
def test_suggestions_come_while_a_ticket_is_written(
    client: Client, library: Library, subject: str, expected: list[str]
) -> None:
    answer = client.get("/kb/suggestions/", {"field": "_field_20", "_field_20": subject})
    links = BeautifulSoup(answer.content, "html.parser").select("a")
    assert [link.get_text(strip=True) for link in links] == expected
    form = page(client, "/tickets/new/?topicId=1")
    asker = form.select_one("[hx-get^='/kb/suggestions/']")
    assert asker
    name = str(asker["hx-get"]).partition("field=")[2]
    subject_input = form.select_one(f"input[name='{name}']")
    assert subject_input is not None
    field = asker.find_previous_sibling()
    assert field is not None
    assert subject_input in field.select("input"), "right below it, where whoever writes looks"


@pytest.mark.parametrize(
    ("html", "teaser"),
    [
        (
            "<p>Press it for <b>five seconds</b>, then<br>wait.</p><ul><li>One</li><li>Two</li></ul>",
            "Press it for five seconds, then wait. One Two",
        ),
        ("<h2>Up&amp;down</h2><P>A &lt;b&gt; <code>x</code>.</P>", "Up&down A <b> x."),
        (f"<p>{'word ' * 40}</p>", f"{'word ' * 30}".rstrip() + "…"),
    ],
)
def test_a_teaser_is_the_text_as_it_is_read(html: str, teaser: str) -> None:
    assert teaser_of(html) == teaser


def test_suggestions_read_only_what_they_show(library: Library) -> None:
    category = library.categories["Printers"]
    for number in range(30):
        Faq.objects.create(category=category, ispublished=1, question=f"Paper {number:02}", answer="<p>Long</p>")
    Faq.objects.create(category=category, ispublished=1, question="Zebra: load paper", answer="<p>Best</p>")
    read: list[str] = []

    def note(instance: Faq, **_: object) -> None:
        read.append(instance.question)

    post_init.connect(note, sender=Faq)
    try:
        found = [line.question for line in suggested_faqs("load paper")]
    finally:
        post_init.disconnect(note, sender=Faq)
    assert found == ["How do I load paper?", "Zebra: load paper", "Paper 00", "Paper 01", "Paper 02"]
    assert sorted(read) == sorted(found)


def test_files_for_readers_of_another_language_are_not_shown(client: Client, library: Library) -> None:
    faq = library.faqs["How do I load paper?"]
    for name, language in (("all.txt", None), ("english.txt", "en_US"), ("german.txt", "de")):
        attach(store_file(name.encode(), name=name), object_type="F", object_id=faq.pk)
        Attachment.objects.filter(type="F", object_id=faq.pk, file__name=name).update(lang=language)
    page = client.get(f"/kb/faqs/{faq.pk}/").content.decode()
    assert [name in page for name in ("all.txt", "english.txt", "german.txt")] == [True, True, False]
