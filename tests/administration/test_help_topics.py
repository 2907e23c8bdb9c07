"""Help topics, changed through the real forms."""

import pytest
from django.test import Client

from helpdesk.configuration.services import set_setting
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tests.administration.forms import errors_of, save
from tests.factories import HelpTopicFactory
from tickets.models import HelpTopic

pytestmark = pytest.mark.django_db
TOPICS = "/admin/hd_tickets/helptopic/"


def test_made_changed_and_deleted(browser: Client, admin: Agent) -> None:
    response = save(browser, f"{TOPICS}add/", name="Printers", department="1", assignee=f"s{admin.pk}")
    assert response.status_code == 302, errors_of(response)
    topic = HelpTopic.objects.get(topic="Printers")
    assert (topic.dept_id, topic.staff_id, int(topic.flags or 0), topic.ispublic) == (1, admin.pk, 2, True)
    response = save(browser, f"{TOPICS}{topic.pk}/change/", name="Scanners", state="archived", number_format="S###")
    assert response.status_code == 302, errors_of(response)
    topic.refresh_from_db()
    assert (topic.topic, int(topic.flags or 0), topic.number_format) == ("Scanners", 5, "S###")
    listed = browser.get(TOPICS).content.decode()
    assert "Scanners" in listed
    assert "ispublic</" not in listed.lower()
    assert "Printers" in browser.get(f"{TOPICS}{topic.pk}/history/").content.decode()
    assert browser.post(f"{TOPICS}{topic.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not HelpTopic.objects.filter(pk=topic.pk).exists()


def test_refusals_stand_at_their_fields(browser: Client) -> None:
    HelpTopicFactory.new(topic="Printers")
    for values, field in (
        ({"name": "printers"}, "name"),
        ({"name": "Copiers", "number_format": "none"}, "number_format"),
    ):
        response = save(browser, f"{TOPICS}add/", **values)
        assert response.status_code == 200
        assert field in errors_of(response)


def test_the_default_topic_cannot_be_deleted(browser: Client) -> None:
    topic = HelpTopicFactory.new(topic="Printers")
    set_setting("core", "default_help_topic", topic.pk, Actor.system())
    response = browser.post(f"{TOPICS}{topic.pk}/delete/", {"post": "yes"}, follow=True)
    assert "The default help topic cannot be deleted." in response.content.decode()
    assert HelpTopic.objects.filter(pk=topic.pk).exists()
