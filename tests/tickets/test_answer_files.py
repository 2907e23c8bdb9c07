"""Files of answers are linked on the ticket's pages and open for those who see the answer, nobody else."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from helpdesk.forms.field_types.files import Files
from helpdesk.forms.models import Form, FormField
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory, HelpTopicFactory, give_access, new_ticket
from tests.sign_in import agent_client
from tickets.models import Ticket
from tickets.services.topic_forms import TopicFormChoice, set_topic_forms

pytestmark = pytest.mark.django_db


def ticket_with_file(name: str, flags: int = 0x3301) -> Ticket:
    form = Form.objects.create(type="G", title=f"Form of {name}")
    field = FormField.objects.create(form=form, type="files", name="papers", label="Papers", sort=1, flags=flags)
    topic = HelpTopicFactory.new()
    set_topic_forms(topic, [TopicFormChoice(form)], actor=Actor.system("tests"))
    upload = SimpleUploadedFile(name, f"content of {name}".encode(), content_type="text/plain")
    return new_ticket(topic=topic, answers={field.pk: Files(uploads=[upload])})


def link_on(browser: Client, ticket: Ticket) -> str:
    page = browser.get(f"/scp/tickets/{ticket.pk}/").content.decode()
    found = re.search(r'href="(/scp/file\.php\?[^"]*answer=[^"]*)"', page)
    assert found, page
    return found[1].replace("&amp;", "&")


def test_agents_who_see_the_ticket_open_its_files() -> None:
    ticket, other = ticket_with_file("plan.txt"), ticket_with_file("other.txt")
    agent, stranger = AgentFactory.new(), AgentFactory.new()
    assert ticket.dept is not None
    give_access(agent, ticket.dept)
    browser = agent_client(agent)
    address = link_on(browser, ticket)
    answer = browser.get(address)
    assert b"".join(answer.streaming_content) == b"content of plan.txt"  # type: ignore[attr-defined]
    assert agent_client(stranger).get(address).status_code == 404
    place = re.search(r"answer=([\d-]+)", link_on(browser, other))
    assert place
    for wrong in (re.sub(r"&answer=[\d-]+", "", address), re.sub(r"answer=[\d-]+", place[0], address)):
        assert browser.get(wrong).status_code == 404


def test_nobody_outside_opens_them(client: Client) -> None:
    ticket = ticket_with_file("plan.txt")
    agent = AgentFactory.new()
    assert ticket.dept is not None
    give_access(agent, ticket.dept)
    address = link_on(agent_client(agent), ticket).replace("/scp/", "/")
    assert client.get(address).status_code == 404
