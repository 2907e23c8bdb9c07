"""The world of `lifecycle.json`: its base rows, what was done before, direct changes of rows.

Ids of base rows are those of the cases; tickets count from 1 in the cases and are mapped to their real ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import F, Model
from django.utils import timezone

from helpdesk.configuration.services import set_settings
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import (
    Agent,
    Department,
    DepartmentAccess,
    EndUser,
    Organization,
    Role,
    Team,
    TeamMember,
    UserEmail,
)
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.services import refer
from sla.models import SlaPlan
from tests.conformance.recorded import RecordedCase
from tickets.constants import TicketSource
from tickets.models import HelpTopic, HelpTopicForm, Sequence, Ticket, TicketPriority, TicketStatus
from tickets.services import (
    NewTicket,
    Origin,
    assign_automatically,
    assign_ticket,
    change_status,
    claim_ticket,
    create_ticket,
)
from tickets.states import thread_of

SYSTEM = Actor.system()
ADDRESS = "203.0.113.9"
Step = Mapping[str, Any]


class LifecycleWorld:
    """The rows of a case, and the tickets in the order in which they were made."""

    def __init__(self, case: RecordedCase) -> None:
        """Load the base of the case and carry out its set-up."""
        self.given = case.given
        self.tickets: list[int] = []
        load_base(case.given["base"])
        set_settings("core", dict(case.given.get("config", {})), SYSTEM)
        for step in case.given.get("setup", []):
            self.carry_out(step)
        for statement in case.given.get("sql", []):
            run_statement(statement, self)

    def ticket(self, number: int | str) -> Ticket:
        """Give the n-th ticket of the case."""
        return Ticket.objects.get(pk=self.tickets[int(number) - 1])

    def number_of(self, ticket_id: int) -> int:
        """Give the id that the case has for a ticket."""
        return self.tickets.index(ticket_id) + 1

    def carry_out(self, step: Step) -> None:
        """Do what a step of the set-up says."""
        operation, actor = str(step["operation"]), actor_of(step["actor"])
        page = re.fullmatch(r"POST /scp/ajax\.php/tickets/(\d+)/(.+)", operation)
        if page:
            _PAGES[page[2]](self.ticket(page[1]), actor, step["body"])
        else:
            _CALLS[operation](self, actor, step["args"])

    def create(self, actor: Actor, args: Mapping[str, Any]) -> Ticket:
        """Open a ticket with the variables of a case."""
        values = args["vars"]
        ticket = create_ticket(
            NewTicket(
                origin=Origin(args["origin"].lower()),
                message=values.get("message", ""),
                subject=values.get("subject", ""),
                email=values.get("email", ""),
                name=values.get("name", ""),
                source=TicketSource(values["source"]) if "source" in values else None,
                ip_address=values.get("ip", ADDRESS),
                topic=HelpTopic.objects.filter(pk=values.get("topicId", 0)).first(),
                department=Department.objects.filter(pk=values.get("deptId", 0)).first(),
                mailbox=EmailAddress.objects.filter(pk=values.get("emailId", 0)).first(),
                priority=TicketPriority.objects.filter(pk=values.get("priorityId", 0)).first(),
            ),
            actor=actor,
        )
        self.tickets.append(ticket.pk)
        return ticket


def actor_of(recorded: Any) -> Actor:
    """Give the actor of a step."""
    if recorded == "system":
        return SYSTEM
    return Actor.for_agent(Agent.objects.get(pk=recorded["agent"]), ip_address=ADDRESS)


def load_base(base: Mapping[str, Any]) -> None:
    """Replace the initial rows of those tables that the base lists."""
    set_settings("core", dict(base["config"]), SYSTEM)
    for name, model in _TABLES.items():
        model._default_manager.all().delete()
        for row in base[name]:
            model._default_manager.create(**_columns(model, _PREPARED.get(name, dict)(row)))
    UserEmail.objects.all().delete()
    for row in base["users"]:
        email = UserEmail.objects.create(pk=row["id"], user_id=row["id"], address=row["email"])
        EndUser.objects.filter(pk=row["id"]).update(default_email=email)


_TABLES: dict[str, type[Model]] = {
    "departments": Department,
    "roles": Role,
    "agents": Agent,
    "dept_access": DepartmentAccess,
    "teams": Team,
    "team_members": TeamMember,
    "slas": SlaPlan,
    "statuses": TicketStatus,
    "topics": HelpTopic,
    "topic_forms": HelpTopicForm,
    "sequences": Sequence,
    "organizations": Organization,
    "users": EndUser,
    "emails": EmailAddress,
}


def _columns(model: type[Model], row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the model's attributes for columns; JSON in text becomes the value."""
    attributes = {field.column: field.attname for field in model._meta.concrete_fields}
    values = {attributes[column]: value for column, value in row.items() if column in attributes}
    return {name: _decoded(value) for name, value in values.items()}


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def _prepare_role(row: Mapping[str, Any]) -> dict[str, Any]:
    keys = {key.value for key in RolePermission}
    if "all_except" in row:
        held = keys - set(row["all_except"])
    else:
        held = keys if row["permissions"] == "all role permissions" else set(row["permissions"])
    return {**row, "permissions": dict.fromkeys(sorted(held), 1)}


def _prepare_agent(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "permissions": dict.fromkeys(row.get("permissions", ()), 1)}


def _prepare_status(row: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: row[key] for key in ("allowreopen", "reopenstatus") if key in row}
    return {**row, "properties": properties}


_PREPARED: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "roles": _prepare_role,
    "agents": _prepare_agent,
    "statuses": _prepare_status,
}


# --- Operations -------------------------------------------------------------------------------------------------------


def _set_status(ticket: Ticket, actor: Actor, body: Mapping[str, Any]) -> None:
    change_status(
        ticket, actor=actor, status=TicketStatus.objects.get(pk=body["status_id"]), comments=body.get("comments", "")
    )


def _assign(ticket: Ticket, actor: Actor, body: Mapping[str, Any]) -> None:
    kind, number = body["assignee"][0], body["assignee"][1:]
    assignee: dict[str, Any] = {"agent": Agent.objects.get(pk=number)} if kind == "s" else {}
    if kind == "t":
        assignee = {"team": Team.objects.get(pk=number)}
    refers = str(body.get("refer", "0")) == "1"
    assign_ticket(ticket, actor=actor, comments=body.get("comments", ""), refer=refers, **assignee)


def _claim(ticket: Ticket, actor: Actor, body: Mapping[str, Any]) -> None:
    claim_ticket(ticket, actor=actor, comments=body.get("comments", ""))


def _refer(ticket: Ticket, actor: Actor, body: Mapping[str, Any]) -> None:
    letters = {"agent": ObjectType.AGENT, "team": ObjectType.TEAM, "dept": ObjectType.DEPARTMENT}
    refer(thread_of(ticket), letters[body["target"]], int(body[body["target"]]), now=timezone.now())


_PAGES: dict[str, Callable[[Ticket, Actor, Mapping[str, Any]], None]] = {
    "status": _set_status,
    "assign/agents": _assign,
    "assign/teams": _assign,
    "claim": _claim,
    "refer/agents": _refer,
    "refer/teams": _refer,
    "refer/depts": _refer,
}


def _create(world: LifecycleWorld, actor: Actor, args: Mapping[str, Any]) -> None:
    world.create(actor, args)


def _auto_assign_agent(world: LifecycleWorld, actor: Actor, args: Mapping[str, Any]) -> None:
    agent = Agent.objects.get(pk=args["staff"])
    assign_automatically(world.ticket(args["ticket"]), agent=agent, now=timezone.now())


def _run_sql(world: LifecycleWorld, actor: Actor, args: Mapping[str, Any]) -> None:
    for statement in args["statements"]:
        run_statement(statement, world)


_CALLS: dict[str, Callable[[LifecycleWorld, Actor, Mapping[str, Any]], None]] = {
    "ticket.create": _create,
    "ticket.auto_assign_agent": _auto_assign_agent,
    "sql": _run_sql,
}


# --- Direct changes of rows -------------------------------------------------------------------------------------------

_UPDATE = re.compile(r"UPDATE (?P<table>\w+) SET (?P<changes>.+?)(?: WHERE (?P<where>.+))?")
_INSERT = re.compile(r"INSERT INTO (?P<table>\w+) \((?P<columns>[^)]+)\) VALUES (?P<rows>.+)")
_INTERVAL = re.compile(r"(?P<base>NOW\(\)|\w+)(?: (?P<sign>[+-]) INTERVAL (?P<count>\d+) (?P<unit>HOUR|MINUTE))?")


def run_statement(statement: str, world: LifecycleWorld) -> None:
    """Carry out one of the simple MySQL statements of the cases on any engine. Raises ValueError for others."""
    update, insert = _UPDATE.fullmatch(statement), _INSERT.fullmatch(statement)
    if update:
        model = _model_of(update["table"])
        rows = model._default_manager.all()
        for condition in (update["where"] or "").split(" AND ") if update["where"] else ():
            column, value = condition.split("=")
            rows = rows.filter(**{_attribute(model, column): _mapped(column, _value(value, model), world)})
        changes = (change.split("=", 1) for change in re.split(r", (?=\w+=)", update["changes"]))
        rows.update(**{_attribute(model, column): _value(value, model) for column, value in changes})
    elif insert:
        model = _model_of(insert["table"])
        columns = insert["columns"].split(",")
        for row in re.findall(r"\(((?:[^()]|\(\))+)\)", insert["rows"]):
            values = [_mapped(c, _value(v, model), world) for c, v in zip(columns, row.split(","), strict=True)]
            attributes = [_attribute(model, column) for column in columns]
            model._default_manager.create(**dict(zip(attributes, values, strict=True)))
    else:
        raise ValueError(f"Not understood: {statement}")


def _model_of(table: str) -> type[Model]:
    return next(model for model in apps.get_models() if getattr(model._meta.db_table, "base", "") == table)


def _attribute(model: type[Model], column: str) -> str:
    return next(field.attname for field in model._meta.concrete_fields if field.column == column.strip())


def _value(text: str, model: type[Model]) -> Any:
    text = text.strip()
    if text == "NULL":
        return None
    if text.startswith("'"):
        return text.strip("'")
    if text.isdigit():
        return int(text)
    if "|" in text:
        column, bits = text.split("|")
        return F(column).bitor(int(bits))
    moment = _INTERVAL.fullmatch(text)
    if moment is None:
        raise ValueError(f"Not understood: {text}")
    base: datetime | F = timezone.now() if moment["base"] == "NOW()" else F(_attribute(model, moment["base"]))
    if moment["sign"] is None:
        return base
    count = int(moment["count"]) * (1 if moment["sign"] == "+" else -1)
    return base + (timedelta(hours=count) if moment["unit"] == "HOUR" else timedelta(minutes=count))


def _mapped(column: str, value: Any, world: LifecycleWorld) -> Any:
    """Give the real id for a ticket or thread of the case."""
    if column == "ticket_id":
        return world.tickets[value - 1]
    return thread_of(world.ticket(value)).pk if column == "thread_id" else value
