"""How names are split and shown (osticket/mail.md §9.4, osticket/config.md §2)."""

import pytest

from helpdesk.configuration.services import set_setting
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.people.names import FORMATS, parse_name, user_name

DOCTOR = "Dr. Jane M. Doe"


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("first", "Jane"),
        ("last", "Doe"),
        ("full", "Jane Doe"),
        ("legal", "Jane M. Doe"),
        ("lastfirst", "Doe, Jane"),
        ("formal", "Dr. Doe"),
        ("short", "Jane D."),
        ("shortformal", "J. Doe"),
        ("complete", "Dr. Jane M. Doe"),
        ("original", "Dr. Jane M. Doe"),
    ],
)
def test_the_forms_of_a_name(form: str, shown: str) -> None:
    assert parse_name(DOCTOR).in_format(form) == shown
    assert form in FORMATS


def test_initials() -> None:
    assert parse_name(DOCTOR).initials == "JMD"


@pytest.mark.parametrize(
    ("text", "first", "middle", "last"),
    [
        ("Jane", "Jane", "", ""),
        ("Jane Doe", "Jane", "", "Doe"),
        ("Doe, Jane", "Jane", "", "Doe"),
        ("Doe, Jane Mary", "Jane", "Mary", "Doe"),
        ("Ludwig van Beethoven", "Ludwig", "", "van Beethoven"),
        ("Maria de la Cruz", "Maria", "", "de la Cruz"),
        ("Van Morrison", "Van", "", "Morrison"),
        ("Sammy Davis Jr.", "Sammy", "", "Davis"),
        ("Sammy Davis, Jr.", "Sammy", "", "Davis"),
        ("Mr. & Mrs. Doe", "&", "Mrs.", "Doe"),
        ("", "", "", ""),
        ("  Jane   Doe  ", "Jane", "", "Doe"),
        ("Dr.", "Dr.", "", ""),
        ("山田 太郎", "山田", "", "太郎"),
    ],
)
def test_splitting(text: str, first: str, middle: str, last: str) -> None:
    name = parse_name(text)
    assert (name.first, name.middle, name.last) == (first, middle, last)


def test_a_form_without_content_shows_the_name_as_entered() -> None:
    assert parse_name("Jane").in_format("last") == "Jane"
    assert parse_name("Jane").in_format("no such format") == "Jane"


@pytest.mark.django_db
class TestSettings:
    SYSTEM = Actor.system()

    def test_agents_are_shown_in_full_unless_set_otherwise(self) -> None:
        agent = Agent(username="bob", firstname="Bob", lastname="Agent")
        assert agent.name == "Bob Agent"
        set_setting("core", "agent_name_format", "lastfirst", self.SYSTEM)
        assert agent.name == "Agent, Bob"
        set_setting("core", "agent_name_format", "", self.SYSTEM)
        assert agent.name == "Bob Agent"

    def test_a_nameless_agent_shows_the_login_name(self) -> None:
        assert Agent(username="bob").name == "bob"
        assert Agent(username="bob", firstname="", lastname="Agent").name == "Agent"

    def test_users_are_shown_as_entered_unless_set_otherwise(self) -> None:
        assert user_name(DOCTOR) == DOCTOR
        set_setting("core", "client_name_format", "shortformal", self.SYSTEM)
        assert user_name(DOCTOR) == "J. Doe"
