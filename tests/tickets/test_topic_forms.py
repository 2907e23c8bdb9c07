"""Help topics bring forms: in their order, without the fields that they leave out, files included (forms.md §7)."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from helpdesk.files.models import Attachment
from helpdesk.forms.field_types import Clean
from helpdesk.forms.field_types.files import Files, attachment_object
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory, HelpTopicFactory, new_ticket
from tickets.models import HelpTopic, HelpTopicForm
from tickets.services.topic_forms import TopicFormChoice, set_topic_forms

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture
def vpn() -> Form:
    return Form.objects.create(type="G", title="VPN access")


@pytest.fixture
def topic() -> HelpTopic:
    return HelpTopicFactory.new(topic="Access")


def add(form: Form, type_: str, name: str, **more: Any) -> FormField:
    return FormField.objects.create(form=form, type=type_, name=name, label=name, sort=1, flags=0x3301, **more)


def test_a_new_ticket_gets_the_forms_in_their_order_and_says_what_was_left_out(vpn: Form, topic: HelpTopic) -> None:
    where, why = add(vpn, "text", "where"), add(vpn, "text", "why")
    ticket_form = Form.objects.get(type="T")
    choices = [TopicFormChoice(vpn, [why.pk, 99999]), TopicFormChoice(ticket_form)]
    set_topic_forms(topic, choices, actor=SYSTEM)
    ticket = new_ticket(topic=topic, answers={"where": "Riga", "why": "nobody is asked"})
    entries = FormEntry.objects.filter(object_type="T", object_id=ticket.pk).order_by("sort")
    assert [(entry.form_id, entry.extra) for entry in entries] == [
        (vpn.pk, {"disable": [why.pk]}),
        (ticket_form.pk, {"disable": []}),
    ]
    assert FormAnswer.objects.get(entry=entries[0], field=where).value == "Riga"


def test_files_of_an_answer_are_stored_and_attached(vpn: Form, topic: HelpTopic) -> None:
    papers = add(vpn, "files", "papers")
    set_topic_forms(topic, [TopicFormChoice(vpn)], actor=SYSTEM)
    upload = SimpleUploadedFile("plan.pdf", b"%PDF-1.4", content_type="application/pdf")
    ticket = new_ticket(topic=topic, answers={papers.pk: Files(uploads=[upload])})
    entry = FormEntry.objects.get(object_type="T", object_id=ticket.pk, form=vpn)
    link = Attachment.objects.get(type="E", object_id=attachment_object(papers.pk, entry.pk))
    assert link.file.name == "plan.pdf"
    assert FormAnswer.objects.get(entry=entry, field=papers).value == f'{{"{link.file_id}":"plan.pdf"}}'


def test_clean_values_are_not_parsed_again(vpn: Form, topic: HelpTopic) -> None:
    where = add(vpn, "text", "where")
    set_topic_forms(topic, [TopicFormChoice(vpn)], actor=SYSTEM)
    ticket = new_ticket(topic=topic, answers={where.pk: Clean("AT&amp;T")})
    assert FormAnswer.objects.get(field=where, entry__object_id=ticket.pk).value == "AT&amp;T"


def test_what_no_topic_can_have_is_refused(vpn: Form, topic: HelpTopic) -> None:
    contact, deleted = Form.objects.get(type="U"), Form.objects.create(type="G", title="Old", flags=3)
    for choices in ([contact], [deleted], [vpn, vpn]):
        with pytest.raises(ValidationFailed):
            set_topic_forms(topic, [TopicFormChoice(form) for form in choices], actor=SYSTEM)
    with pytest.raises(PermissionRefused):
        set_topic_forms(topic, [TopicFormChoice(vpn)], actor=Actor.for_agent(AgentFactory.new()))
    assert not HelpTopicForm.objects.filter(topic=topic).exists()


def test_a_deleted_form_stays_where_it_is_used(vpn: Form, topic: HelpTopic) -> None:
    set_topic_forms(topic, [TopicFormChoice(vpn)], actor=SYSTEM)
    Form.objects.filter(pk=vpn.pk).update(flags=3)
    vpn.refresh_from_db()
    set_topic_forms(topic, [TopicFormChoice(vpn)], actor=SYSTEM)
    assert HelpTopicForm.objects.filter(topic=topic).count() == 1
