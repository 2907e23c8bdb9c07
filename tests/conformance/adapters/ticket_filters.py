"""Adapters for `filters.json`: matching, what filters decide, and how a new ticket gets its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from filters.actions import Draft
from filters.ban_list import is_banned
from filters.matching import TARGETS_OF_ORIGINS, FilterRow, RuleRow, ready, trimmed
from filters.running import run
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser, Team
from helpdesk.people.selectors import organization_of_address
from helpdesk.threads.models import ThreadEntry, ThreadEvent
from tests.conformance.filter_world import load_world, mailbox
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tickets.constants import TicketSource
from tickets.filled_forms import Part, Problem, TicketInvalid
from tickets.filter_world import KnownRows
from tickets.intake import by_id, intake
from tickets.models import Ticket, TicketStatus
from tickets.names import address_of
from tickets.new_ticket import NewTicket, Origin
from tickets.services import create_ticket
from tickets.states import thread_of

FILE = "filters.json"
NAMES = {
    "department": "deptId",
    "priority": "priorityId",
    "sla": "slaId",
    "team": "teamId",
    "agent": "staffId",
    "topic": "topicId",
    "status": "statusId",
    "canned_response": "cannedResponseId",
}
"""What osTicket calls the variables."""
GENERAL = "Missing or invalid data — Correct any errors below and try again"


@adapter(FILE, "match")
def match_one_filter(case: RecordedCase) -> dict[str, Any]:
    (given,) = case.given["filters"]
    row = FilterRow(
        id=given["id"],
        name=given["name"],
        target=given.get("target", "Any"),
        mailbox_id=given.get("email_id", 0),
        match_all=bool(given.get("match_all_rules", 0)),
        rules=[RuleRow(rule["what"], rule["how"], rule["val"]) for rule in given.get("rules", ())],
    )
    values = trimmed(case.input["vars"])
    return {"matched": ready(row, KnownRows()).matches(values, int(values.get("emailId", 0) or 0))}


@adapter(FILE, "apply", uses_database=True)
def let_filters_decide(case: RecordedCase) -> dict[str, Any]:
    load_world(case)
    given = case.input["vars"]
    draft = Draft(
        sender=given.get("email", ""),
        name=given.get("name", ""),
        answer_to=given.get("reply-to", ""),
        answer_to_name=given.get("reply-to-name", ""),
        chosen={kind: int(given[name]) for kind, name in NAMES.items() if name in given},
    )
    before = _variables(draft)
    recipients = " ".join(
        part for one in given.get("recipients", []) for part in (one.get("name"), one["email"]) if part
    )

    def values_of(draft: Draft) -> dict[str, str]:
        known = {**given, "addressee": recipients, "body": given.get("message", "")}
        return trimmed({**known, "email": draft.sender, "name": draft.name})

    outcome = run(
        intake().filters.filters,
        draft,
        target=TARGETS_OF_ORIGINS.get(case.input["origin"].lower()),
        mailbox_id=int(given.get("emailId") or 0),
        values_of=values_of,
        is_banned=is_banned,
    )
    if outcome.rejected_by:
        return {"rejected": True, "by": outcome.rejected_by}
    after = _variables(outcome.draft)
    return {"rejected": False, "vars_set": {name: value for name, value in after.items() if before.get(name) != value}}


def _variables(draft: Draft) -> dict[str, Any]:
    chosen = {NAMES[kind]: pk for kind, pk in draft.chosen.items()}
    silent = {} if draft.autorespond else {"autorespond": False}
    return {**chosen, **silent, "email": draft.sender, "name": draft.name}


@adapter(FILE, "org_domain", uses_database=True)
def organization_by_domain(case: RecordedCase) -> dict[str, Any]:
    load_world(case)
    found = organization_of_address(case.input["email"])
    return {"organization_id": found.pk if found else None}


# --- Whole tickets ----------------------------------------------------------------------------------------------------


@adapter(
    FILE,
    "route",
    uses_database=True,
)
def open_a_ticket(case: RecordedCase) -> dict[str, Any]:
    load_world(case)
    before = Ticket.objects.count()
    try:
        ticket = create_ticket(_new_ticket(case), actor=Actor.system())
    except DomainError as refusal:
        return {"created": Ticket.objects.count() > before, "errors": _errors(refusal)}
    ticket = Ticket.objects.select_related("user__default_email").get(pk=ticket.pk)
    return {"created": True, "ticket": _columns(ticket), "events": _events(ticket)}


def _new_ticket(case: RecordedCase) -> NewTicket:
    given, known = case.input["vars"], intake()
    source = str(given.get("source") or "").capitalize() if given.get("source") != "API" else "API"
    return NewTicket(
        origin=Origin(case.input["origin"].lower()),
        email=given.get("email", ""),
        name=given.get("name", ""),
        user=EndUser.objects.filter(pk=given.get("uid", 0)).first(),
        subject=given.get("subject", ""),
        message=given.get("message"),
        format="text",
        topic=by_id(known.topics, given.get("topicId")),
        department=by_id(known.departments, given.get("deptId")),
        status=by_id(known.statuses, given.get("statusId")),
        priority=by_id(known.priorities, given.get("priorityId")),
        sla=by_id(known.plans, given.get("slaId")),
        agent=Agent.objects.filter(pk=given.get("staffId", 0)).first(),
        team=Team.objects.filter(pk=given.get("teamId", 0)).first(),
        gone=_gone(given),
        assign_to=_assignee(given.get("assignId", "")),
        mailbox=mailbox(given.get("emailId")),
        source=TicketSource(source) if source else None,
        answers={"priority": given["priority"]} if "priority" in given else {},
    )


def _gone(given: Mapping[str, Any]) -> frozenset[str]:
    """Say of which kinds a row is named that does not exist."""
    tables: tuple[tuple[str, type[Model]], ...] = (("agent", Agent), ("team", Team), ("status", TicketStatus))
    named = {kind: (table, given.get(NAMES[kind]) or 0) for kind, table in tables}
    return frozenset(
        kind for kind, (table, pk) in named.items() if pk and not table._default_manager.filter(pk=pk).exists()
    )


def _errors(refusal: DomainError) -> dict[str, Any]:
    if refusal.code == "denied":
        return {"errno": 403, "err": str(refusal.message)}
    names = {"topic": "topicId", "mailbox": "emailId"}
    if isinstance(refusal, TicketInvalid):
        return _errors_of_forms(refusal.problems)
    if refusal.field is None:
        return {"err": str(refusal.message)}
    return {names.get(refusal.field, refusal.field): str(refusal.message), "err": GENERAL}


def _errors_of_forms(problems: list[Problem]) -> dict[str, Any]:
    """Name mistakes as osTicket does: one word for all about the user, those of forms by the ids of their fields."""
    found: dict[str, Any] = {}
    for problem in problems:
        if problem.part is Part.USER:
            found["user"] = "Incomplete client information"
        else:
            found.setdefault(str(problem.form_field.pk if problem.form_field else problem.name), []).append(
                problem.message
            )
    return found


def _assignee(wanted: str) -> Agent | Team | None:
    """Give the agent (`s3`) or team (`t1`) that is asked for."""
    model: type[Agent] | type[Team] = Team if wanted.startswith("t") else Agent
    return model._default_manager.get(pk=wanted[1:]) if wanted else None


def _columns(ticket: Ticket) -> dict[str, Any]:
    from helpdesk.forms.selectors import priority_of

    references = ("dept", "topic", "sla", "staff", "team", "status", "email")
    assert ticket.user is not None
    return {
        **{f"{name}_id": getattr(ticket, f"{name}_id") or 0 for name in references},
        "source": ticket.source,
        "email": address_of(ticket.user),
        "user_name": ticket.user.name,
        "org_id": ticket.user.org_id or 0,
        "priority": priority_of(ticket.pk),
        "has_est_duedate": ticket.est_duedate is not None,
        "thread_entries": ThreadEntry.objects.filter(thread=thread_of(ticket)).count(),
    }


def _events(ticket: Ticket) -> list[dict[str, Any]]:
    rows = ThreadEvent.objects.filter(thread=thread_of(ticket)).select_related("event").order_by("id")
    return [{"event": row.event.name if row.event else "", "username": row.username, "data": row.data} for row in rows]
