"""Sets of templates: texts that come with the program, what messages know, services (osticket/mail.md §1.3, §8)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.files.models import Attachment
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.mail.message_types import MESSAGE_TYPES, Audience
from helpdesk.mail.models import EmailTemplate, TemplateSet
from helpdesk.mail.rendering import template_of
from helpdesk.mail.shipped import LANGUAGES, shipped_template
from helpdesk.mail.template import Template
from helpdesk.mail.template_services import (
    SetDraft,
    UnknownVariables,
    delete_set,
    install_set,
    reset_template,
    store_set,
    store_template,
)
from helpdesk.mail.variables.catalogue import FORMS, KINDS, TEXT, unknown_variables
from helpdesk.mail.variables.roots import roots_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.variables.language import VariableObject
from tests.desk import busy_ticket, set_up_desk

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


def default_set() -> TemplateSet:
    return TemplateSet.objects.order_by("pk")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_a_text_in_every_language_that_uses_only_what_it_knows(language: str) -> None:
    for code, kind in MESSAGE_TYPES.items():
        text = shipped_template(code, language)
        assert text is not None
        assert "{{" not in text.subject + text.body
        for part in (text.subject, text.body):
            assert unknown_variables(part, kind.roots, for_agents=kind.audience is not Audience.USER) == [], code
        if language != "en_US":
            english = shipped_template(code, "en_US")
            assert english is not None
            assert text.body != english.body


def test_translations_say_what_the_english_texts_say() -> None:
    for code in MESSAGE_TYPES:
        english = shipped_template(code, "en_US")
        assert english is not None
        wanted = _names(english.body) - {"recipient.name.first", "ticket.name.first"}
        for language in LANGUAGES:
            text = shipped_template(code, language)
            assert text is not None
            assert wanted - _names(text.body) == set(), (code, language)


def _names(text: str) -> set[str]:
    return set(re.findall(r"%\{([\w.]+)\}", text))


def test_languages_without_texts_speak_english() -> None:
    assert shipped_template("ticket.reply", "xx") == shipped_template("ticket.reply", "en_US")
    assert shipped_template("ticket.reply", "../../x") == shipped_template("ticket.reply", "en_US")
    assert shipped_template("no.such", "de") is None


def test_a_set_speaks_its_language_where_it_has_no_text_of_its_own() -> None:
    german = store_set(SetDraft(name="Deutsch", language="de"), actor=SYSTEM)
    assert template_of("ticket.reply", german.pk) == shipped_template("ticket.reply", "de")
    store_template(german, "ticket.reply", Template("Antwort", "<p>%{response}</p>"), actor=SYSTEM)
    assert template_of("ticket.reply", german.pk) == Template("Antwort", "<p>%{response}</p>")
    reset_template(german, "ticket.reply", actor=SYSTEM)
    assert template_of("ticket.reply", german.pk) == shipped_template("ticket.reply", "de")
    assert template_of("ticket.reply", 0).subject == default_set().templates.get(code_name="ticket.reply").subject
    assert template_of("ticket.reply", 9999) == template_of("ticket.reply", 0)


def test_unknown_variables_are_named_with_their_places() -> None:
    text = Template(
        "Hello %{recipient.name}", "<p>%{ticket.number}</p>\n<p>Dear %{tikcet.number} %{ticket.nmae.first}</p>"
    )
    with pytest.raises(UnknownVariables, match=r"line 2, column 9") as refusal:
        store_template(default_set(), "ticket.reply", text, actor=SYSTEM)
    assert [(one.name, one.line, one.column) for one in refusal.value.unknown] == [
        ("tikcet.number", 2, 9), ("ticket.nmae.first", 2, 26),
    ]  # fmt: skip
    assert refusal.value.field == "body"
    row = store_template(default_set(), "ticket.reply", text, actor=SYSTEM, keeps_unknown=True)
    assert row.body == text.body


def test_the_link_to_the_portal_is_nothing_for_agents() -> None:
    assert unknown_variables("%{ticket.topic.parent.name} %{TICKET.number}", ["ticket"], for_agents=True) != []
    assert unknown_variables("%{ticket.priority} %{ticket.subject}", ["ticket"], for_agents=True) == []
    assert (
        unknown_variables("%{message.files} %{message.staff.dept.manager.name.first}", ["message"], for_agents=True)
        == []
    )


def test_a_copy_has_all_texts_and_keeps_their_images() -> None:
    copied = store_set(SetDraft(name="Copy"), actor=SYSTEM, copy_of=default_set())
    assert copied.templates.count() == default_set().templates.count() == len(MESSAGE_TYPES)
    alert = copied.templates.get(code_name="ticket.alert")
    assert Attachment.objects.filter(type="T", object_id=alert.pk, inline=True).count() == 1
    store_template(copied, "ticket.alert", Template("x", "<p>%{ticket.number}</p>"), actor=SYSTEM)
    assert not Attachment.objects.filter(type="T", object_id=alert.pk).exists()


def test_installed_texts_are_rows_that_osticket_reads() -> None:
    first, second = install_set("fr", actor=SYSTEM), install_set("fr", actor=SYSTEM)
    assert (first.name, second.name, first.lang, first.isactive) == ("Français", "Français 2", "fr", True)
    assert set(first.templates.values_list("code_name", flat=True)) == set(MESSAGE_TYPES)
    with pytest.raises(ValidationFailed):
        install_set("xx", actor=SYSTEM)


def test_a_set_that_is_in_use_stays() -> None:
    german = install_set("de", actor=SYSTEM)
    Department.objects.filter(name="Support").update(tpl_id=german.pk)
    with pytest.raises(Conflict):
        delete_set(german, actor=SYSTEM)
    with pytest.raises(Conflict):
        store_set(SetDraft(name="Deutsch", language="de", is_active=False), actor=SYSTEM, template_set=german)
    set_settings("core", {"default_template_id": str(german.pk)}, SYSTEM)
    Department.objects.update(tpl_id=0)
    with pytest.raises(Conflict):
        delete_set(german, actor=SYSTEM)
    set_settings("core", {"default_template_id": str(default_set().pk)}, SYSTEM)
    delete_set(german, actor=SYSTEM)
    assert not EmailTemplate.objects.filter(tpl_id=german.pk).exists()


def test_names_are_needed_and_unique_and_messages_exist() -> None:
    for name in ("", "x" * 33, default_set().name):
        with pytest.raises(ValidationFailed):
            store_set(SetDraft(name=name), actor=SYSTEM)
    with pytest.raises(NotFound):
        store_template(default_set(), "no.such", Template("x", "y"), actor=SYSTEM)


def test_the_catalogue_names_what_the_variables_know() -> None:
    """Walk over the objects of a real ticket: what they offer is in the catalogue, and the reverse."""
    desk = set_up_desk()
    ticket = busy_ticket(desk)
    roots = roots_of({"ticket": ticket.pk, "staff": {"agent": desk.grace.pk}, "activity": {"title": "x"}})
    seen: set[str] = set()

    def compare(value: Any, kind: str) -> None:
        if not isinstance(value, VariableObject) or kind in seen or kind == TEXT:
            return
        seen.add(kind)
        known = {**value.properties()}
        assert set(known) <= set(KINDS[kind]), kind
        missing = set(KINDS[kind]) - set(known) - {"files"}
        assert not missing or kind in FORMS, (kind, missing)
        for name, getter in known.items():
            compare(getter(), KINDS[kind][name])

    for root, kind in (("ticket", "ticket"), ("staff", "agent"), ("activity", "activity"), ("company", "company")):
        compare(roots[root], kind)
    assert {"ticket", "agent", "user", "dept", "moment", "thread", "entry", "topic", "sla", "status"} <= seen
