"""Trying filters out: what they would make of a ticket, and why. Nothing here writes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from filters.actions import ChoosingAction, action_type
from filters.matching import BAN_LIST_NAME, TARGETS_OF_ORIGINS, ReadyFilter, ReadyRule, keys_of, ready
from filters.models import TicketFilter
from filters.running import Outcome
from filters.selectors import filter_rows
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Clean, StoredAnswer, type_of
from helpdesk.forms.selectors import answers_of, subject_of
from helpdesk.mail.incoming import Mailbox, read_mail
from helpdesk.people.selectors import user_of_address
from helpdesk.threads.models import EntryEmail
from tickets.constants import TicketSource
from tickets.filter_choices import everything_known
from tickets.intake import intake
from tickets.models import Ticket
from tickets.names import address_of
from tickets.new_ticket import NewTicket, Origin
from tickets.services.assignment import fit_for_automatic
from tickets.services.filtering import decide
from tickets.services.incoming_mail import ticket_of_mail
from tickets.services.routing import Route, resolve
from tickets.services.submission import Refusal, filled_forms, unwelcome
from tickets.states import thread_of

ORIGINS = {
    TicketSource.WEB: Origin.WEB,
    TicketSource.PHONE: Origin.STAFF,
    TicketSource.OTHER: Origin.STAFF,
    TicketSource.EMAIL: Origin.EMAIL,
    TicketSource.API: Origin.API,
}


class Standing(StrEnum):
    """What became of a filter."""

    OFF = "off"
    OTHER_ORIGIN = "other origin"
    NO_MATCH = "no match"
    APPLIED = "applied"
    REJECTED = "rejected"
    STOPPED = "stopped"
    """It matches, but an earlier filter stopped all that come after it, or rejected the ticket."""


@dataclass(frozen=True)
class TriedRule:
    """A rule with the value that it saw; `is_true` is None for one that counts for nothing or was not asked."""

    rule: ReadyRule
    value: str
    is_true: bool | None


@dataclass(frozen=True)
class TriedFilter:
    """A filter and what became of it."""

    ready: ReadyFilter
    standing: Standing
    rules: Sequence[TriedRule]


@dataclass(frozen=True)
class Trial:
    """What would become of a ticket: nothing (`route` is None) when a filter rejects it or the sender is unwelcome.

    `decided_by` names the filter that chose a value, by kind (`department`, `agent` …); `passed_over` has the kinds
    of those who are chosen but get no ticket now: agents who are not available, teams that are switched off.
    """

    new: NewTicket
    outcome: Outcome
    filters: Sequence[TriedFilter]
    refusal: Refusal | None
    route: Route | None
    decided_by: dict[str, str]
    passed_over: frozenset[str] = frozenset()


def try_out(new: NewTicket) -> Trial:
    """Let all filters decide about a ticket, and say what each of them saw."""
    if new.user is None and new.email:
        new = replace(new, user=user_of_address(new.email))
    filled = filled_forms(new, new.topic)
    filters = _all_filters()
    filtered = decide(new, filled, keys=keys_of(filters))
    outcome = filtered.outcome
    refusal = None if outcome.rejected_by else unwelcome(filtered.new)
    route = None if outcome.rejected_by or refusal else resolve(filtered.new)
    return Trial(
        new=filtered.new,
        outcome=outcome,
        filters=[_tried(one, new, outcome) for one in filters],
        refusal=refusal,
        route=route,
        decided_by=_deciders(outcome) if route else {},
        passed_over=_passed_over(route) if route else frozenset(),
    )


def _passed_over(route: Route) -> frozenset[str]:
    agent, team = fit_for_automatic(route.agent, route.team)
    pairs = (("agent", route.agent, agent), ("team", route.team, team))
    return frozenset(kind for kind, chosen, fit in pairs if chosen is not None and fit is None)


def of_mail(raw: bytes) -> NewTicket:
    """Give the ticket that a mail asks for."""
    return ticket_of_mail(read_mail(raw))


def of_ticket(ticket: Ticket) -> NewTicket:
    """Give the request that a ticket may have come from: its origin, person, topic, answers and first message.

    What filters changed at that time is no longer known: help topic and sender are those of today.
    """
    message = thread_of(ticket).entries.filter(type="M").order_by("id").first()
    mail = EntryEmail.objects.filter(entry=message).first() if message is not None else None
    headers = read_mail(mail.headers.encode() + b"\n\n") if mail is not None and mail.headers else None
    return NewTicket(
        origin=ORIGINS.get(TicketSource(ticket.source or TicketSource.OTHER), Origin.STAFF),
        source=TicketSource(ticket.source or TicketSource.OTHER),
        user=ticket.user,
        email=address_of(ticket.user),
        name=ticket.user.name if ticket.user else "",
        subject=subject_of(ticket.pk),
        message=message.body if message is not None else "",
        format=message.format if message is not None else "text",
        topic=ticket.topic,
        mailbox=ticket.email,
        answers=_answers(ticket),
        answer_address=headers.reply_to if headers else None,
        addressees=_others(headers.to, headers.cc) if headers else (),
    )


def _others(*groups: Sequence[Mailbox]) -> list[Mailbox]:
    own = intake().own_addresses
    return [one for group in groups for one in group if one.address.lower() not in own]


def _answers(ticket: Ticket) -> dict[str, Clean]:
    """Give the stored answers as clean values, by field id; the priority is what filters decide, not what was asked."""
    found = {}
    for answer in answers_of(EntryObject.TICKET, ticket.pk):
        if answer.field is not None and answer.field.type != "priority":
            clean = type_of(answer.field).from_database(answer.field, StoredAnswer(answer.value, answer.value_id))
            found[str(answer.field.pk)] = Clean(clean)
    return found


def _all_filters() -> list[ReadyFilter]:
    """Give all filters, those that are switched off too, with what is wrong with them today."""
    known = everything_known()
    return [ready(row, known) for row in filter_rows(TicketFilter.objects.all())]


def _tried(one: ReadyFilter, new: NewTicket, outcome: Outcome) -> TriedFilter:
    mailbox_id = new.mailbox.pk if new.mailbox else 0
    rules = [_tried_rule(rule, outcome) for rule in one.rules]
    return TriedFilter(one, _standing(one, new, outcome, mailbox_id), rules)


def _tried_rule(rule: ReadyRule, outcome: Outcome) -> TriedRule:
    is_true = rule.is_true(outcome.values) if rule.comparison is not None else None
    return TriedRule(rule, outcome.values.get(rule.row.what, ""), is_true)


def _standing(one: ReadyFilter, new: NewTicket, outcome: Outcome, mailbox_id: int) -> Standing:
    in_use = {ready.row.id for ready in intake().filters.filters}
    applied = [ready.row.id for ready in outcome.applied]
    if one.row.id not in in_use:
        return Standing.OFF
    if outcome.rejected_by == one.name and (one.name.upper() == BAN_LIST_NAME or one.row.id in applied[-1:]):
        return Standing.REJECTED
    if one.row.id in applied:
        return Standing.APPLIED
    if not one.is_for(TARGETS_OF_ORIGINS[new.origin], mailbox_id):
        return Standing.OTHER_ORIGIN
    return Standing.STOPPED if one.matches(outcome.values, mailbox_id) else Standing.NO_MATCH


def _deciders(outcome: Outcome) -> dict[str, str]:
    found = {}
    for one in outcome.applied:
        for action in one.actions:
            kind = action_type(action.row.type)
            if isinstance(kind, ChoosingAction) and action.step is not None:
                found[kind.choice] = one.name
            elif kind is not None and kind.key == "noresp":
                found["autorespond"] = one.name
    return found
