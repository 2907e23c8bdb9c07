"""Several tables in one statement give the same as each of them alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Count, F
from django.test.utils import CaptureQueriesContext

from helpdesk.legacy.joint_reads import JointRead
from helpdesk.people.models import Agent, Department, Role
from tests.factories import AgentFactory, DepartmentFactory

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_compiled() -> None:
    for one in connections.all():
        vars(one).pop("joint_reads", None)


def columns_of(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in type(row)._meta.concrete_fields}


def test_objects_tuples_and_what_hangs_on_them() -> None:
    department = DepartmentFactory.new(name='Ü 😀 \\ "q" %s\n')
    AgentFactory.new(dept=department, extra={"a": ["ü", None, True]}, lastlogin=MOMENT, isadmin=True)
    AgentFactory.new(extra=None, lastlogin=None, isadmin=False)
    counts = Department.objects.annotate(agents=Count("primary_members")).values_list("pk", "agents")
    read = JointRead(
        lambda: Agent.objects.select_related("dept").annotate(alias=F("dept__name")),
        lambda: Department.objects.values_list("pk", "name", "manager_id", "updated"),
        lambda: Role.objects.filter(name="%s nobody's"),
        counts.all,
    )
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            agents, departments, none, counted = read()
        assert len(captured) == 1
        expected = {agent.pk: agent for agent in Agent.objects.select_related("dept")}
        assert {agent.pk: columns_of(agent) for agent in agents} == {
            pk: columns_of(row) for pk, row in expected.items()
        }
        assert all(agent.alias == agent.dept.name == expected[agent.pk].dept.name for agent in agents)
        assert set(departments) == set(Department.objects.values_list("pk", "name", "manager_id", "updated"))
        assert set(counted) == set(
            Department.objects.annotate(agents=Count("primary_members")).values_list("pk", "agents")
        )
        assert none == []


def test_an_order_would_get_lost() -> None:
    with pytest.raises(TypeError, match="Agent"):
        JointRead(lambda: Agent.objects.order_by("pk"))()


def test_originals_of_what_a_column_cannot_hold(utf8mb3: None) -> None:
    names = JointRead(lambda: Department.objects.values_list("pk", "name"))
    names()
    department = DepartmentFactory.new(name="Fire 🔥")
    assert (department.pk, "Fire 🔥") in names()[0]
