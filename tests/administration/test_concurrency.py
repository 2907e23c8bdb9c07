"""Two administrators at the same moment."""

import threading

import pytest
from django.db import connection

from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Role
from helpdesk.people.services import AgentDraft, create_agent, store_agent


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_take_the_administration_from_each_other() -> None:
    system, department, role = Actor.system(), Department.objects.get(pk=1), Role.objects.get(pk=1)
    pair = [
        create_agent(name, email=f"{name}@acme.test", department=department, role=role, isadmin=True, actor=system)
        for name in ("ada", "eve")
    ]
    start, refused = threading.Barrier(2), []

    def demote(agent: Agent, by: Agent) -> None:
        start.wait(120)
        draft = AgentDraft(username=agent.username, email=str(agent.email), department_id=1, role_id=1, isadmin=False)
        try:
            store_agent(draft, actor=Actor.for_agent(by), agent=agent)
        except DomainError as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=(agent, by)) for agent, by in (pair, reversed(pair))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert Agent.objects.filter(isadmin=True, isactive=True).count() == 1
    assert refused == ["last_administrator"]
