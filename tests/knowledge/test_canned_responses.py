"""Making canned responses (osticket/kb.md §4)."""

import pytest

from helpdesk.knowledge.models import CannedResponse
from helpdesk.knowledge.services import create_canned_response
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")


def test_it_is_kept_with_its_variables_and_without_scripts() -> None:
    sales = Department.objects.get(name="Sales")
    made = create_canned_response(
        "Greeting", "<p>Hello %{ticket.user.name}</p><script>x()</script>", actor=SYSTEM, department=sales
    )
    kept = CannedResponse.objects.get(pk=made.pk)
    assert kept.response == "<p>Hello %{ticket.user.name}</p>"
    assert (kept.dept, kept.isenabled, kept.lang) == (sales, True, "en_US")


@pytest.mark.parametrize(
    ("title", "response", "code"),
    [
        ("ab", "<p>x</p>", "title_length"),
        ("what is ostler (SAMPLE)?", "<p>x</p>", "title_taken"),
        ("Empty", "<p><br></p>", "text_required"),
    ],
)
def test_it_refuses_what_cannot_be_used(title: str, response: str, code: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        create_canned_response(title, response, actor=SYSTEM)
    assert refusal.value.code == code


@pytest.mark.parametrize(("role", "allowed"), [(1, True), (4, False)])
def test_agents_need_the_permission_in_some_department(role: int, allowed: bool) -> None:
    agent = Agent.objects.create(username="ada", dept_id=1, role_id=role)
    if allowed:
        assert create_canned_response("Greeting", "<p>Hello</p>", actor=Actor.for_agent(agent)).pk
        return
    with pytest.raises(PermissionRefused):
        create_canned_response("Greeting", "<p>Hello</p>", actor=Actor.for_agent(agent))


def test_end_users_may_not() -> None:
    with pytest.raises(PermissionRefused):
        create_canned_response("Greeting", "<p>Hello</p>", actor=Actor.for_user(EndUser.objects.create(name="Eve")))
