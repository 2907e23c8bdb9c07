"""The object behind every address, and the five who knock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from helpdesk.forms.models import FormField
from helpdesk.knowledge.services import (
    CannedDraft,
    CategoryDraft,
    FaqDraft,
    store_canned_response,
    store_category,
    store_faq,
)
from helpdesk.people.actor import Actor
from helpdesk.threads.models import Lock, ThreadEntry
from tasks.services import post_task_note
from tests.desk import open_ticket, set_up_desk
from tests.factories import EndUserFactory, TeamFactory, collaborate, new_task
from tests.security.routes import Who
from tests.sign_in import agent_client, sign_in_user
from tickets.criteria import Criterion
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.names import address_of
from tickets.services import claim_ticket, post_reply
from tickets.services.queues import QueueDraft, create_queue
from tickets.states import thread_of


def knowledge() -> dict[str, int]:
    """Make an internal FAQ in a private category."""
    system = Actor.system("tests")
    category = store_category(CategoryDraft(name="Secrets", description="<p>x</p>"), actor=system)
    faq = store_faq(FaqDraft(question="Which?", answer="<p>x</p>", category_id=category.pk), actor=system)
    canned = store_canned_response(CannedDraft(title="Thanks", response="<p>x</p>"), actor=system)
    return {"category_id": category.pk, "faq_id": faq.pk, "canned_id": canned.pk}


@dataclass
class Scene:
    """What the tests need: clients, the ids of the objects by the names in addresses, and plausible input."""

    clients: dict[Who, Client]
    ids: dict[str, str]
    data: dict[str, str]


def set_the_scene() -> Scene:
    """Make a ticket of Support with everything on it, and who is to be refused."""
    desk = set_up_desk()
    ticket = open_ticket()
    grace = Actor.for_agent(desk.grace)
    claim_ticket(ticket, actor=grace)
    post_reply(ticket, actor=grace, body="<p>Hello</p>")
    stranger, member = EndUserFactory.new(), EndUserFactory.new()
    collaborator = collaborate(ticket, member)
    other = open_ticket("Another one")
    expire = timezone.now() + timedelta(minutes=3)
    lock = Lock.objects.create(staff=desk.grace, expire=expire, code="secret", created=timezone.now())
    Ticket.objects.filter(pk=ticket.pk).update(lock=lock)
    entry = ThreadEntry.objects.filter(thread=thread_of(ticket), type="R").get()
    closed = TicketStatus.objects.get(name="Resolved")
    topic = HelpTopic.objects.order_by("pk").first()
    assert topic is not None
    assert ticket.user is not None
    field = FormField.objects.filter(form__type="T", name="message").get()
    task = new_task(ticket)
    draft = QueueDraft(title="Mine alone", criteria=[Criterion("isanswered", "nset")])
    private = create_queue(draft, actor=grace)
    ids = {
        "ticket_id": ticket.pk,
        "task_id": task.pk,
        "task_entry_id": post_task_note(task, actor=grace, body="<p>Look at it</p>").entry.pk,
        "queue_id": private.pk,
        "entry_id": entry.pk,
        "lock_id": lock.pk,
        "field_id": field.pk,
        "form_id": field.form_id,
        "topic_id": topic.pk,
        "user_id": ticket.user.pk,
        "collaborator_id": collaborator.pk,
        "list_id": 1,
        "item_id": 1,
        "object_id": 1,
        "content_type_id": 1,
        "namespace": f"ticket.response.{ticket.pk}",
        "client_namespace": f"ticket.client.{ticket.pk}",
        "name": "subject",
        "list_key": "open",
        "key": "original",
        "filter_id": 1,
        "schedule_id": 1,
        "organization_id": 1,
        "import_id": 1,
        "note_id": 1,
        "export_format": "csv",
        **knowledge(),
        "slug": "imprint",
    }
    data = {
        "body": "I try",
        "comments": "I try",
        "reply_to": "all",
        "assignee": f"s{desk.vera.pk}",
        "status": str(closed.pk),
        "agent": "on",
        "department": str(desk.sam.dept_id),
        "referee": f"t{TeamFactory.new(members=[desk.grace]).pk}",
        "user": address_of(stranger),
        "kind": "combine",
        "participants": "user",
        "sure": "on",
        "signature": "none",
        "title": "I try",
        "tickets": f"{ticket.pk} {other.number}",
        "ticket": str(ticket.pk),
        "code": "secret",
        "number": str(other.number),
        "next": "/",
    }
    clients = {
        Who.STRANGER_AGENT: agent_client(desk.sam),
        Who.LIMITED_AGENT: agent_client(desk.vera),
        Who.STRANGER_USER: sign_in_user(Client(), stranger),
        Who.COLLABORATOR: sign_in_user(Client(), member),
        Who.ANONYMOUS: Client(),
    }
    return Scene(clients, {name: str(value) for name, value in ids.items()}, data)
