"""What a template would say of a real ticket or task. Nothing is stored or sent, and no link opens anything."""

from __future__ import annotations

import html as html_text
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.legacy.errors import NotFound
from helpdesk.mail.message_types import Audience, MessageType
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.template import Template
from helpdesk.mail.variables import Part, expand, roots_of
from helpdesk.people.access import AgentAccess
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.constants import EntryType
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.plain_text import html_as_text
from tasks.models import Task
from tasks.policies import get_task_for_agent
from tasks.states import find_thread as thread_of_task
from tickets.lookup import ticket_id_by_number
from tickets.names import address_of, full_name, shown_user
from tickets.policies import get_ticket_for_agent
from tickets.states import find_thread

FRAME = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light">'
    "<title>{title}</title></head><body>{body}</body></html>"
)


@dataclass(frozen=True)
class Preview:
    """A mail as it would be: `document` is a page of its own, for a frame that runs and opens nothing."""

    to: str
    subject: str
    document: str
    text: str


def preview(kind: MessageType, template: Template, number: str, *, access: AgentAccess, agent: Agent) -> Preview:
    """Fill a text with the values of the ticket or task of this number, as the agent would send it, or get it.

    Raises NotFound for a number that the agent may not see.
    """
    about: Any
    if kind.is_about_task:
        about = _task(access, number)
        thread, owner, name = thread_of_task(about), None, "task"
    else:
        about = get_ticket_for_agent(access, ticket_id_by_number(access, number))
        thread, owner, name = find_thread(about), about.user, "ticket"
    recipient = _reader(kind, agent, owner)
    context: dict[str, Any] = {name: about.pk, "signature": "mine", "comments": f"<p>{_('Please have a look.')}</p>"}
    entries = ThreadEntry.objects.filter(thread=thread).order_by("-pk") if thread else ThreadEntry.objects.none()
    newest = {one: entries.filter(type=one).values_list("pk", flat=True).first() for one in EntryType}
    message = newest[EntryType.MESSAGE]
    context |= {
        "message": message,
        "response": newest[EntryType.RESPONSE] or message,
        "note": newest[EntryType.NOTE] or message,
        "poster": {"user": owner.pk} if owner is not None else {"agent": agent.pk},
        "activity": {"title": _("New activity"), "description": _("Somebody has written something.")},
    }
    context |= {one: {"agent": agent.pk} for one in ("staff", "assignee", "assigner")}
    if kind.code in {"ticket.reply", "task.activity.notice"}:
        context["poster"] = {"agent": agent.pk}
    roots = roots_of({key: value for key, value in context.items() if value}, recipient)
    base = configuration.current().text("helpdesk_url").rstrip("/")
    roots |= {"recipient.ticket_link": f"{base}/view.php?id={about.pk}", "ticket.auth_token": "…"}
    subject = expand(html_text.unescape(template.subject), roots, part=Part.SUBJECT).text
    body = clean_html(expand(template.body, roots).text).html
    document = FRAME.format(title=html_text.escape(subject), body=body)
    return Preview(f"{recipient.name} <{recipient.address}>", subject, document, html_as_text(body))


def _reader(kind: MessageType, agent: Agent, owner: EndUser | None) -> Recipient:
    if kind.audience is Audience.USER and owner is not None:
        return Recipient(RecipientKind.USER, address_of(owner), shown_user(owner), owner.pk)
    return Recipient(RecipientKind.AGENT, agent.email or "", full_name(agent), agent.pk)


def _task(access: AgentAccess, number: str) -> Task:
    wanted = number.strip().lstrip("#").strip()
    for pk in Task.objects.filter(number=wanted).order_by("-pk").values_list("pk", flat=True)[:20]:
        try:
            return get_task_for_agent(access, pk)
        except NotFound:
            continue
    raise NotFound(_("There is no task with this number, or you may not see it."), code="task_not_found")
