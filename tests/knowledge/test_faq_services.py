"""Writing categories, FAQs, canned responses and pages (osticket/kb.md §1, §4 and §5)."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.services import set_settings
from helpdesk.files.models import Attachment
from helpdesk.knowledge.constants import PageType
from helpdesk.knowledge.models import CannedResponse, Faq, FaqCategory, FaqTopic, Page
from helpdesk.knowledge.services import (
    CannedDraft,
    CategoryDraft,
    FaqDraft,
    PageDraft,
    delete_category,
    delete_faq,
    delete_page,
    store_canned_response,
    store_category,
    store_faq,
    store_page,
)
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import NewFile
from tests.factories import AgentFactory
from tests.knowledge.conftest import SYSTEM, Library

pytestmark = pytest.mark.django_db


def faq_draft(library: Library, **changes: Any) -> FaqDraft:
    values: dict[str, Any] = {
        "question": "Is there coffee?",
        "answer": "<p>Yes</p>",
        "category_id": library.categories["Printers"].pk,
        **changes,
    }
    return FaqDraft(**values)


def test_an_faq_is_stored_as_osticket_stores_it(library: Library) -> None:
    made = store_faq(
        faq_draft(
            library, question=" Is <b>there</b> coffee? ", topic_ids=[1, 2], answer="<p>Yes<script></script></p>"
        ),
        actor=SYSTEM,
    )
    row = Faq.objects.get(pk=made.pk)
    assert (row.question, row.answer, row.keywords, row.ispublished) == ("Is there coffee?", "<p>Yes</p>", " ", 0)
    assert sorted(FaqTopic.objects.filter(faq=made).values_list("topic_id", flat=True)) == [1, 2]


def test_changing_keeps_the_files_that_stay_and_the_trail_says_what_changed(library: Library) -> None:
    files = [NewFile("a.txt", b"a", "text/plain"), NewFile("b.txt", b"b", "text/plain")]
    faq = store_faq(faq_draft(library, files=files, topic_ids=[1]), actor=SYSTEM)
    first, _second = Attachment.objects.filter(type="F", object_id=faq.pk).order_by("id")
    store_faq(faq_draft(library, answer="<p>No</p>", topic_ids=[2], kept=[first.pk]), actor=SYSTEM, faq=faq)
    assert [one.pk for one in Attachment.objects.filter(type="F", object_id=faq.pk)] == [first.pk]
    change = AdministrativeChange.objects.filter(object_type="FAQ", object_id=str(faq.pk)).latest("pk")
    assert change.changes == {"answer": ["<p>Yes</p>", "<p>No</p>"], "help topics": [[1], [2]]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"question": "  "}, "required"),
        ({"question": "how do I LOAD paper?"}, "question_taken"),
        ({"question": "x" * 256}, "too_long"),
        ({"answer": "<p><br></p>"}, "text_required"),
        ({"answer": f"<p>{'ä' * 40000}</p>"}, "too_long"),
        ({"category_id": 4711}, "category_unknown"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(
    library: Library, changes: dict[str, Any], code: str
) -> None:
    before = Faq.objects.count()
    with pytest.raises(DomainError) as refusal:
        store_faq(faq_draft(library, **changes), actor=SYSTEM)
    assert refusal.value.code == code
    assert Faq.objects.count() == before


def test_only_agents_with_the_permission_write(library: Library) -> None:
    allowed = Actor.for_agent(AgentFactory.new(permissions={"faq.manage": 1}))
    refused = Actor.for_agent(AgentFactory.new(isadmin=True))
    assert store_faq(faq_draft(library), actor=allowed).pk
    faq = library.faqs["How do I load paper?"]
    for attempt in (
        lambda: store_faq(faq_draft(library, question="Another?"), actor=refused),
        lambda: delete_faq(faq, actor=refused),
        lambda: store_category(CategoryDraft(name="Cars", description="<p>x</p>"), actor=refused),
        lambda: delete_category(library.categories["Printers"], actor=refused),
    ):
        with pytest.raises(PermissionRefused):
            attempt()


def test_a_category_needs_a_place_of_its_own(library: Library) -> None:
    printers = library.categories["Printers"]
    below = CategoryDraft(name="Servers", description="<p>x</p>", parent_id=printers.pk)
    assert store_category(below, actor=SYSTEM).parent_id == printers.pk  # the same name elsewhere is fine
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"name": "SERVERS"}, "name_taken"),
        ({"name": "ab"}, "name_length"),
        ({"name": "Cars", "description": " "}, "text_required"),
        ({"name": "Cars", "parent_id": 4711}, "parent_unknown"),
    )
    for changes, code in wrong:
        with pytest.raises(DomainError) as refusal:
            store_category(CategoryDraft(**{"description": "<p>x</p>", **changes}), actor=SYSTEM)
        assert refusal.value.code == code
    child = library.categories["Colour printers"]
    cycle = CategoryDraft(name="Printers", description="<p>x</p>", parent_id=child.pk)
    with pytest.raises(Conflict) as conflict:
        store_category(cycle, actor=SYSTEM, category=printers)
    assert conflict.value.code == "category_cycle"


def test_deleting_a_category_takes_its_faqs_and_lifts_what_lies_below(library: Library) -> None:
    delete_category(library.categories["Printers"], actor=SYSTEM)
    assert sorted(Faq.objects.values_list("question", flat=True)) == [
        "What is the password of root?",
        "Why is magenta pale?",
    ]
    assert FaqCategory.objects.get(name="Colour printers").parent_id is None


def test_a_canned_response_can_be_changed(db: None) -> None:
    canned = CannedResponse.objects.order_by("pk")[0]
    draft = CannedDraft(title=canned.title, response="<p>New</p>", department_id=1, is_enabled=False)
    store_canned_response(draft, actor=SYSTEM, canned=canned)
    canned.refresh_from_db()
    assert (canned.response, canned.dept_id, canned.isenabled) == ("<p>New</p>", 1, False)
    with pytest.raises(DomainError) as refusal:
        store_canned_response(CannedDraft(title="Other", response="<p>x</p>", department_id=99), actor=SYSTEM)
    assert refusal.value.code == "department_unknown"


def test_a_page_in_use_stays(db: None) -> None:
    page = store_page(PageDraft(name="Welcome all", body="<p>Hi</p>", type=PageType.LANDING), actor=SYSTEM)
    set_settings("core", {"landing_page_id": str(page.pk)}, SYSTEM)
    for attempt in (
        lambda: store_page(PageDraft(name="Welcome all", body="<p>Hi</p>", is_active=False), actor=SYSTEM, page=page),
        lambda: delete_page(page, actor=SYSTEM),
        lambda: delete_page(Page.objects.exclude(type__in=PageType.values)[0], actor=SYSTEM),
    ):
        with pytest.raises(Conflict):
            attempt()
    set_settings("core", {"landing_page_id": "0"}, SYSTEM)
    delete_page(page, actor=SYSTEM)
    assert not Page.objects.filter(pk=page.pk).exists()


def test_a_page_of_its_own_has_an_address(client: Any, db: None) -> None:
    page = store_page(PageDraft(name="Privacy & Terms (2026)", body="<p>Be nice, %{company.name}</p>"), actor=SYSTEM)
    answer = client.get("/pages/privacy-terms-2026")
    assert answer.status_code == 200
    assert "Be nice" in answer.content.decode()
    draft = PageDraft(name="Privacy & Terms (2026)", body="<p>Be nice</p>", is_active=False)
    store_page(draft, actor=SYSTEM, page=page)
    assert client.get("/pages/privacy-terms-2026").status_code == 404


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Контакты и адреса", "контакты-и-адреса"),
        ("ÜBER", "ber"),  # as osTicket has it
        ("お問い合わせ", "お問い合わせ"),
        ("\uff21\uff06\uff22", "ab"),  # full width
        ("¿?", ""),
    ],
)
def test_a_page_without_a_latin_letter_has_an_address_too(client: Any, db: None, name: str, address: str) -> None:
    page = store_page(PageDraft(name=name, body="<p>Be nice</p>"), actor=SYSTEM)
    place = reverse("portal:page", args=[address or page.pk])
    for path in (place, f"{place}/"):
        assert "Be nice" in client.get(path).content.decode()
    assert client.get(f"/pages/{address.upper() or page.pk}").status_code == 200


def test_a_page_that_osticket_finds_comes_before_one_named_by_its_number(client: Any, db: None) -> None:
    odd = store_page(PageDraft(name="¿?", body="<p>by its number</p>"), actor=SYSTEM)
    assert "by its number" in client.get(f"/pages/{odd.pk}").content.decode()
    store_page(PageDraft(name=str(odd.pk), body="<p>by its name</p>"), actor=SYSTEM)
    assert "by its name" in client.get(f"/pages/{odd.pk}").content.decode()
