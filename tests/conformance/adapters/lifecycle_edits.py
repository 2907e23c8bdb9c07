"""Operations of `lifecycle.json` that edit what a ticket says (osticket/tickets.md §12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from helpdesk.forms.bound import BoundForm, Origin, bind
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.submission_services import parts_of
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.models import EndUser
from sla.models import SlaPlan
from tests.conformance.lifecycle.operations import Step, operation
from tickets.constants import TicketSource
from tickets.models import HelpTopic, Ticket
from tickets.services import (
    TicketEdit,
    change_answer,
    change_due_date,
    change_sla,
    change_source,
    change_topic,
    update_ticket,
)


@operation("ticket.update_form")
def update(step: Step) -> bool:
    return _update(step, step.world.ticket(step.args["ticket"]), step.args["vars"])


@operation("POST /scp/tickets.php?id=<id> a=update")
def update_on_the_page(step: Step) -> bool:
    return _update(step, step.world.ticket(step.ids[0]), step.args)


def _update(step: Step, ticket: Ticket, values: Mapping[str, Any]) -> bool:
    update_ticket(
        ticket,
        TicketEdit(
            topic=HelpTopic.objects.filter(pk=values["topicId"] or 0).first(),
            sla=SlaPlan.objects.filter(pk=values["slaId"] or 0).first(),
            source=_source(values["source"]),
            duedate=_moment(values["duedate"]),
            user=EndUser.objects.filter(pk=values["user_id"] or 0).first(),
            form=_form(step, ticket, values),
            kept_forms=[int(number) for number in values["forms"]],
        ),
        actor=step.actor,
        note=values.get("note", ""),
    )
    return True


@operation("POST /scp/ajax.php/tickets/<id>/field/topic/edit")
def topic(step: Step) -> Any:
    chosen = HelpTopic.objects.filter(pk=step.args["topic_id"]).first()
    return change_topic(_ticket(step), topic=chosen, actor=step.actor, comments=step.args["comments"])


@operation("POST /scp/ajax.php/tickets/<id>/field/sla/edit")
def sla(step: Step) -> Any:
    chosen = SlaPlan.objects.filter(pk=step.args["sla_id"]).first()
    return change_sla(_ticket(step), sla=chosen, actor=step.actor, comments=step.args["comments"])


@operation("POST /scp/ajax.php/tickets/<id>/field/source/edit")
def source(step: Step) -> Any:
    chosen = _source(step.args["source"])
    return change_source(_ticket(step), source=chosen, actor=step.actor, comments=step.args["comments"])


@operation("POST /scp/ajax.php/tickets/<id>/field/duedate/edit")
def due_date(step: Step) -> Any:
    chosen = _moment(step.args["duedate"])
    return change_due_date(_ticket(step), duedate=chosen, actor=step.actor, comments=step.args["comments"])


@operation("POST /scp/ajax.php/tickets/<id>/field/<id>/edit", "POST /scp/ajax.php/tickets/<id>/field/priority/edit")
def answer(step: Step) -> Any:
    ticket, named = _ticket(step), step.name.split("/")[-2]
    known = [bound.field for bound in _form(step, ticket, {})]
    wanted = [field.pk for field in known if named in {str(field.pk), field.name}]
    form = _form(step, ticket, step.args, only=wanted)
    return change_answer(ticket, form, actor=step.actor, comments=step.args["comments"])


def _ticket(step: Step) -> Ticket:
    return step.world.ticket(step.ids[0])


def _form(step: Step, ticket: Ticket, values: Mapping[str, Any], only: list[int] | None = None) -> BoundForm:
    asked = Asked(is_agent=True, agent=step.actor.agent)
    parts = parts_of(EntryObject.TICKET, ticket.pk)
    return bind(parts, asked=asked, origin=Origin.AGENT_UPDATE, data=dict(values), only=only)


def _source(name: str) -> TicketSource:
    if name not in {source.value for source in TicketSource}:
        raise ValidationFailed(f"Invalid source given - {name}", code="source_invalid", field="source")
    return TicketSource(name)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
