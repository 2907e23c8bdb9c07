"""Filters at work on a new ticket: before it exists, and once it does (osticket/filters.md §6, §9)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.cache import cache

from filters.actions import Draft, action_type
from filters.ban_list import is_banned, refusal_of
from filters.matching import TARGETS_OF_ORIGINS, ReadyFilter, Values
from filters.problems import in_words
from filters.running import Outcome, matching, run, until_stop
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.outgoing import NewMail
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Team
from helpdesk.people.selectors import user_of_address
from tickets.filled_forms import FilledForm
from tickets.filter_mails import mails_of
from tickets.filter_values import values_for, values_of_person
from tickets.intake import Intake, by_id, intake
from tickets.models import Ticket
from tickets.names import address_of
from tickets.new_ticket import NewTicket
from tickets.services.assignment import AUTOMATIC
from tickets.services.common import record

MAY_BE_GONE = frozenset({"agent", "team", "status"})
"""What nothing else stands in for, when one is named that does not exist (osticket/routing.md §5)."""
WARNED_FOR = 24 * 3600
"""Seconds for which a problem of a filter is not written into the system log again."""


@dataclass(frozen=True)
class Filtered:
    """A new ticket as filters want it, and how they came to that."""

    new: NewTicket
    outcome: Outcome


def decide(new: NewTicket, filled: Sequence[FilledForm], *, keys: AbstractSet[str] = frozenset()) -> Filtered:
    """Let the filters for this origin act, and give the ticket as it would be; writes nothing, refuses nothing.

    `filled` are the forms of the help topic that was asked for: one that a filter sets adds none. `keys` are values to
    find out besides those that these filters ask for.
    """
    known = intake()
    draft = _draft_of(new)
    users = {draft.sender: new.user}

    def values_of(draft: Draft) -> Values:
        if draft.sender not in users:
            users[draft.sender] = user_of_address(draft.sender)
        return values_for(new, filled, draft, users[draft.sender], known.filters.keys | keys)

    outcome = run(
        known.filters.filters,
        draft,
        target=TARGETS_OF_ORIGINS[new.origin],
        mailbox_id=_mailbox_id(new),
        values_of=values_of,
        is_banned=is_banned,
    )
    return Filtered(_with_decisions(new, outcome.draft, known), outcome)


def apply_filters(new: NewTicket, filled: Sequence[FilledForm], actor: Actor) -> Filtered:
    """Let the filters decide; raises PermissionRefused (`denied`) when one of them rejects the ticket.

    Lines of the system log say who was rejected and what is wrong with filters. To be called before the transaction of
    the ticket: they must stay.
    """
    filtered = decide(new, filled)
    _warn(new, filtered.outcome)
    if filtered.outcome.rejected_by:
        sender = filtered.outcome.draft.sender
        raise refusal_of(sender, filtered.outcome.rejected_by, ip_address=actor.ip_address)
    return filtered


def record_filters(ticket: Ticket, filtered: Filtered, *, now: datetime) -> list[NewMail]:
    """Say in the thread what filters did, and give the mails that they send (§9 step 8).

    The filters are asked a second time, about the ticket as it is now, as in osTicket: a rule about the help topic sees
    the one that a filter has set, and rules about somebody new see what is now stored of them.
    """
    known = intake()
    mails: list[NewMail] = []
    for one in until_stop(_matched_now(ticket, filtered, known)):
        for event in events_of(one, known):
            record(ticket, "edited", actor=Actor.system(AUTOMATIC), now=now, data=event)
        mails += mails_of(ticket, one)
    return mails


def _matched_now(ticket: Ticket, filtered: Filtered, known: Intake) -> Sequence[ReadyFilter]:
    """Give the filters that match the ticket as it is now.

    They can be others only where its help topic is another, or where its owner was new.
    """
    new, outcome = filtered.new, filtered.outcome
    topic_id = str(new.topic.pk) if new.topic else ""
    is_new_owner = new.user is None and ticket.user is not None
    if not known.filters.filters or (topic_id == outcome.values.get("topicId", "") and not is_new_owner):
        return outcome.matched
    values = {**outcome.values, "topicId": topic_id}
    if is_new_owner and ticket.user is not None:
        values |= values_of_person(new, _draft_of(new), ticket.user, known.filters.keys)
    target = TARGETS_OF_ORIGINS[new.origin]
    return matching(known.filters.filters, values, target=target, mailbox_id=_mailbox_id(new))


def events_of(one: ReadyFilter, known: Intake) -> list[dict[str, Any]]:
    """Give what the thread says of the actions of a filter; nothing of those that name a row which is gone."""
    found = []
    for action in one.actions:
        kind = action_type(action.row.type)
        if kind is None or not kind.event_label or action.step is None:
            continue
        name = kind.chosen_name(action.row.configuration, known.filters.rows)
        if name is not None:
            found.append({"value": name, "filter": one.name, "type": kind.event_label})
    return found


def _draft_of(new: NewTicket) -> Draft:
    rows: dict[str, Any] = {
        "topic": new.topic,
        "department": new.department,
        "status": new.status,
        "priority": new.priority,
        "sla": new.sla,
        "agent": new.agent,
        "team": new.team,
        "canned_response": new.canned_response,
    }
    return Draft(
        sender=new.email or address_of(new.user),
        name=new.name,
        answer_to=new.answer_address.address if new.answer_address else "",
        answer_to_name=new.answer_address.name if new.answer_address else "",
        chosen={kind: row.pk for kind, row in rows.items() if row is not None},
        autorespond=new.autorespond,
    )


def _mailbox_id(new: NewTicket) -> int:
    return new.mailbox.pk if new.mailbox else 0


def _with_decisions(new: NewTicket, draft: Draft, known: Intake) -> NewTicket:
    """Put the rows that were chosen into the new ticket.

    An agent, team or status that is gone is noted as such; everything else that is gone counts as not chosen.
    """
    before = _draft_of(new)
    kept = {
        "topic": known.topics,
        "department": known.departments,
        "status": known.statuses,
        "priority": known.priorities,
        "sla": known.plans,
    }
    tables = {"agent": Agent, "team": Team, "canned_response": CannedResponse}
    changes: dict[str, Any] = {}
    gone = set(new.gone)
    for kind, pk in draft.chosen.items():
        if before.chosen.get(kind) == pk:
            continue
        if kind in kept:
            changes[kind] = by_id(kept[kind], pk)
        elif kind in tables:
            changes[kind] = tables[kind]._default_manager.filter(pk=pk).first()
        if kind in MAY_BE_GONE and kind in changes:
            (gone.add if changes[kind] is None else gone.discard)(kind)
    if gone != new.gone:
        changes["gone"] = frozenset(gone)
    if draft.answer_to != before.answer_to:
        changes |= {"user": user_of_address(draft.sender), "email": draft.sender, "name": draft.name}
    if draft.autorespond != new.autorespond:
        changes["autorespond"] = draft.autorespond
    return replace(new, **changes) if changes else new


def _warn(new: NewTicket, outcome: Outcome) -> None:
    """Write what is wrong with filters that were asked into the system log, once a day for each problem."""
    for one in intake().filters.of(TARGETS_OF_ORIGINS[new.origin], _mailbox_id(new)):
        for problem in one.problems:
            if problem.kind.is_serious:
                _warn_once(one, in_words(problem, one.row))
    for one, action in outcome.failed:
        _warn_once(one, f"The action {action.row.type} broke down and was left out.")


def _warn_once(one: ReadyFilter, text: str) -> None:
    digest = hashlib.sha256(f"{one.row.id} {text}".encode()).hexdigest()[:32]
    if cache.add(f"filters.warned.{digest}", 1, WARNED_FOR):
        log_system(LogLevel.WARNING, "Ticket filter", f'Filter "{one.name}": {text}', "")
