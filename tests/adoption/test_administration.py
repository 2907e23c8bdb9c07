"""The administration on an adopted database: every page opens, and saving what was not changed changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.subjects import SUBJECTS
from helpdesk.people.models import Agent, Department, Role, Team
from tests.administration.forms import save
from tests.adoption.conftest import Adopted
from tests.sign_in import agent_client

pytestmark = [pytest.mark.mysql, pytest.mark.usefixtures("day"), pytest.mark.ignore_template_errors]
TABLES = ("department", "staff", "staff_dept_access", "team", "team_member", "role", "config")
MODELS: tuple[Any, ...] = (Department, Agent, Team, Role)


@pytest.fixture
def day(adopted: Adopted, working_on: Callable[..., AbstractContextManager[None]]) -> Iterator[None]:
    """Work on the adopted reference database; what happens is taken back."""
    with working_on(adopted.scratch), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def browser() -> Client:
    return agent_client(Agent.objects.get(username="adminada"))


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Give all rows of the tables that the pages write."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM ost_{table} ORDER BY 1, 2")  # noqa: S608
            found[table] = list(cursor.fetchall())
    return found


def pages() -> list[str]:
    """Give the address of every row's page and of every page of settings."""
    rows = [f"/admin/hd_people/{model._meta.model_name}/{row.pk}/" for model in MODELS for row in model.objects.all()]
    return [f"{row}change/" for row in rows] + [f"/admin/settings/{subject.name}/" for subject in SUBJECTS]


def test_every_list_opens(browser: Client) -> None:
    names = ("hd_people/agent", "hd_people/team", "hd_people/role", "hd_people/department")
    for name in (*names, "hd_configuration/systemlogentry", "hd_audit/administrativechange"):
        assert browser.get(f"/admin/{name}/").status_code == 200, name


def test_saving_what_was_not_changed_changes_nothing(browser: Client) -> None:
    before, addresses = contents(), pages()
    for address in addresses:
        response = save(browser, address)
        assert response.status_code == 302, (address, response.context["errors"])
    assert contents() == before
    assert not AdministrativeChange.objects.exists()
    assert len(addresses) > 20


def test_a_role_changed_here_reads_as_osticket_would_have_stored_it(browser: Client) -> None:
    role = Role.objects.get(name="Limited Access")
    save(browser, f"/admin/hd_people/role/{role.pk}/change/", permissions=["ticket.reply", "ticket.close"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT permissions, updated >= created FROM ost_role WHERE id = %s", [role.pk])
        assert cursor.fetchone() == ('{"ticket.close":1,"ticket.reply":1}', 1)
