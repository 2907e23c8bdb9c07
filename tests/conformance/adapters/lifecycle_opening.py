"""Operations of `lifecycle.json` that open tickets (osticket/tickets.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.mail.models import EmailAddress
from helpdesk.people.models import Agent, Department, EndUser, Team
from helpdesk.threads.mails import MailFacts
from sla.models import SlaPlan
from tests.conformance.lifecycle.operations import Step, operation
from tests.conformance.lifecycle.world import ADDRESS
from tickets.constants import TicketSource
from tickets.models import HelpTopic, TicketPriority, TicketStatus
from tickets.new_ticket import Addressee, NewTicket, Origin, ReplyTo, Signature
from tickets.services import create_ticket
from tickets.services.opening import open_for_user


@operation("ticket.create")
def create(step: Step) -> dict[str, Any]:
    args, values = step.args, step.args["vars"]
    is_bounce = bool(values.get("mailflags", {}).get("bounce"))
    is_automatic = is_bounce or "Auto-Submitted: auto-replied" in values.get("header", "")
    ticket = create_ticket(
        NewTicket(
            origin=_origin(args["origin"]),
            message=values.get("message"),
            subject=values.get("subject", ""),
            email=values.get("email", ""),
            name=values.get("name", ""),
            source=TicketSource(values["source"]) if "source" in values else None,
            ip_address=values.get("ip", ADDRESS),
            topic=HelpTopic.objects.filter(pk=values.get("topicId", 0)).first(),
            department=Department.objects.filter(pk=values.get("deptId", 0)).first(),
            mailbox=EmailAddress.objects.filter(pk=values.get("emailId", 0)).first(),
            priority=TicketPriority.objects.filter(pk=values.get("priorityId", 0)).first(),
            sla=SlaPlan.objects.filter(pk=values.get("slaId", 0)).first(),
            status=TicketStatus.objects.filter(pk=values.get("statusId", 0)).first(),
            duedate=_moment(values.get("duedate")),
            alert=args["alertstaff"] and not is_bounce,
            autorespond=args["autorespond"] and not is_automatic,
            addressed=[Addressee(one["email"], one["name"], one["source"]) for one in values.get("recipients", ())],
            mail=MailFacts(values["mid"], values["header"]) if "mid" in values else None,
        ),
        actor=step.actor,
    )
    return {"ticket_id": ticket.pk}


@operation("ticket.open_by_agent")
def open_by_agent(step: Step) -> dict[str, Any]:
    return _open(step, step.args["vars"])


def _open(step: Step, values: Mapping[str, Any]) -> dict[str, Any]:
    opened = open_for_user(
        NewTicket(
            origin=Origin.STAFF,
            message=values["message"],
            subject=values["subject"],
            user=EndUser.objects.filter(pk=values["uid"]).first(),
            email=values.get("email", ""),
            name=values.get("name", ""),
            source=_source(values["source"]),
            topic=HelpTopic.objects.filter(pk=values["topicId"] or 0).first(),
            department=Department.objects.filter(pk=values["deptId"] or 0).first(),
            duedate=_moment(values.get("duedate")),
            status=TicketStatus.objects.filter(pk=values.get("statusId") or 0).first(),
            sla=SlaPlan.objects.filter(pk=values.get("slaId") or 0).first(),
            assign_to=_assignee(values.get("assignId") or ""),
            reply_to=ReplyTo(values["reply-to"]),
            collaborators=list(EndUser.objects.filter(pk__in=values.get("ccs", ()))),
        ),
        actor=step.actor,
        response=values["response"],
        note=values["note"],
        signature=Signature(values.get("signature", "none")),
    )
    return {"ticket_id": opened.ticket.pk}


@operation("POST /scp/tickets.php a=open")
def open_on_the_page(step: Step) -> dict[str, Any]:
    values = {"deptId": "", "reply-to": "all", "response": "", "note": "", **step.args}
    return _open(step, values)


def _assignee(named: str) -> Agent | Team | None:
    if not named:
        return None
    return Team.objects.get(pk=named[1:]) if named[0] == "t" else Agent.objects.get(pk=named[1:])


def _origin(name: str) -> Origin:
    if name.lower() not in {origin.value for origin in Origin}:
        raise ValidationFailed("Invalid ticket origin given", code="origin_invalid", field="origin")
    return Origin(name.lower())


def _source(name: str) -> TicketSource:
    if name not in {source.value for source in TicketSource}:
        raise ValidationFailed(f"Invalid source given - {name}", code="source_invalid", field="source")
    return TicketSource(name)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
