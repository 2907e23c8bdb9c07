"""The first administrator (`manage.py create_administrator`)."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from helpdesk.accounts.services import create_administrator
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.models import Agent, Department, DepartmentAccess
from helpdesk.people.permissions import AgentPermission, RolePermission
from tests.accounts.conftest import WELCOME, agent_of, configure, sign_in

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("create_administrator", *arguments, stdout=output)
    return output.getvalue()


def test_the_administrator_is_the_installers() -> None:
    agent, is_new = create_administrator("ada", "Secret-pw-1", "ada@acme.test")
    assert is_new
    stored = Agent.objects.get(pk=agent.pk)
    assert (stored.isadmin, stored.isactive, stored.dept_id, stored.role_id) == (True, True, 1, 1)
    rows = DepartmentAccess.objects.filter(staff=agent).values_list("dept_id", "role_id", "flags")
    assert sorted(rows) == [(2, 1, 1), (3, 1, 1)]
    access = access_of(stored)
    assert {access.permissions_in(department.pk) for department in Department.objects.all()} == {
        frozenset(RolePermission)
    }
    assert len(access.agent_permissions) == 12
    assert not access.has_agent_permission(AgentPermission.SEARCH_ALL)


def test_the_default_department_is_the_primary_one() -> None:
    configure(default_dept_id=3)
    agent, _ = create_administrator("ada", "Secret-pw-1", "ada@acme.test")
    assert agent.dept_id == 3
    assert set(DepartmentAccess.objects.filter(staff=agent).values_list("dept_id", flat=True)) == {1, 2}


def test_a_second_call_changes_nothing() -> None:
    first, _ = create_administrator("ada", "Secret-pw-1", "ada@acme.test")
    again, is_new = create_administrator("ADA", "Other-pw-2", "other@acme.test")
    assert (again.pk, is_new) == (first.pk, False)
    assert (again.email, again.passwd) == ("ada@acme.test", first.passwd)
    assert Agent.objects.count() == 1


def test_bad_input_makes_nobody() -> None:
    for username, password, email in [
        ("x", "Secret-pw-1", "a@b.test"),
        ("ada", "short", "a@b.test"),
        ("ada", "Secret-pw-1", "ada"),
    ]:
        with pytest.raises(ValidationFailed):
            create_administrator(username, password, email)
    assert not Agent.objects.exists()


def test_an_empty_house_is_refused() -> None:
    Department.objects.all().delete()
    with pytest.raises(Conflict):
        create_administrator("ada", "Secret-pw-1", "ada@acme.test")


class TestCommand:
    def test_a_random_password_is_shown_once_and_works(self, settings: Any) -> None:
        settings.ADMIN_PASSWORD = ""
        password = run("--username", "ada", "--email", "ada@acme.test").split()[-1]
        assert len(password) >= 16
        browser = Client()
        assert sign_in(browser, "ada", password) == WELCOME
        assert agent_of(browser) == "ada"
        assert password not in run("--username", "ada", "--email", "ada@acme.test")

    def test_a_given_password_is_not_shown(self, settings: Any) -> None:
        settings.ADMIN_PASSWORD = "Given-pw-1"
        assert "Given-pw-1" not in run("--username", "ada")
        assert sign_in(Client(), "ada", "Given-pw-1") == WELCOME

    def test_a_refusal_is_an_error(self, settings: Any) -> None:
        settings.ADMIN_PASSWORD = "short"
        with pytest.raises(CommandError, match="at least 6 characters"):
            run("--username", "ada")
