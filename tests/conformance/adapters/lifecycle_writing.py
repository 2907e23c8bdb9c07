"""Operations of `lifecycle.json` while somebody writes: drafts, locks, prepared answers (tickets.md §15.3-15.5).

Those of scripts go through our own addresses, whose JSON is that of osTicket.
"""

from __future__ import annotations

import json

from django.http import HttpResponse

from filters.ban_list import ban
from helpdesk.people.actor import Actor
from helpdesk.threads.drafts import save_draft
from helpdesk.threads.models import Draft
from helpdesk.threads.services import delete_drafts
from tests.conformance.lifecycle.operations import Step, operation
from tests.conformance.lifecycle.steps import Answer
from tests.sign_in import agent_client
from tickets.services.locks import acquire_lock


@operation("draft.create", measured=False)
def create_draft(step: Step) -> None:
    agent = step.actor.agent
    assert agent is not None
    save_draft(step.args["namespace"], owner_id=agent.pk, body=step.args["body"])


@operation("draft.delete_namespace")
def forget_drafts(step: Step) -> bool:
    delete_drafts(step.args["namespace"], owner_id=step.args.get("staff"))
    return True


@operation("POST /scp/ajax.php/draft/<id>")
def update_draft(step: Step) -> Answer:
    namespace = Draft.objects.get(pk=step.ids[0]).namespace
    return _asked(step, f"/scp/drafts/{namespace}/", {"body": step.args["response"]})


@operation("GET /scp/ajax.php/draft/ticket.response.1")
def read_draft(step: Step) -> Answer:
    return _asked(step, f"/scp/drafts/{step.name.rpartition('/')[2]}/")


@operation("ticket.acquire_lock", measured=False)
def lock(step: Step) -> None:
    acquire_lock(step.world.ticket(step.args["ticket"]), actor=Actor.for_agent(step.world.agent(step.args["staff"])))


@operation("POST /scp/ajax.php/lock/ticket/<id>")
def lock_by_script(step: Step) -> Answer:
    return _asked(step, f"/scp/tickets/{step.ids[0]}/lock/", {})


@operation("POST /scp/ajax.php/lock/<id>/ticket/<id>/renew")
def renew_by_script(step: Step) -> Answer:
    lock_id, ticket_id = step.ids
    return _asked(step, f"/scp/tickets/{ticket_id}/lock/{lock_id}/renew/", {})


@operation("POST /scp/ajax.php/lock/<id>/release")
def release_by_script(step: Step) -> Answer:
    return _asked(step, f"/scp/locks/{step.ids[0]}/release/", {})


@operation("GET /scp/ajax.php/tickets/<id>/canned-resp/<id>.json")
def prepared_answer(step: Step) -> Answer:
    ticket_id, canned_id = step.ids
    return _asked(step, f"/scp/tickets/{ticket_id}/answers/{canned_id}/")


@operation("banlist.add", measured=False)
def ban_address(step: Step) -> None:
    ban(step.args["email"], actor=Actor.system())


def _asked(step: Step, url: str, values: dict[str, str] | None = None) -> Answer:
    agent = step.actor.agent
    assert agent is not None
    client = agent_client(agent)
    answer: HttpResponse = client.get(url) if values is None else client.post(url, values)  # type: ignore[assignment]
    return Answer(answer.status_code, json.loads(answer.content) if answer.content else None)
