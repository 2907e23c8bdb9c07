"""Letting filters decide about a ticket that does not exist yet (osticket/filters.md §2, §5, §6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from filters.actions import Draft, Rejected, SenderChanged
from filters.matching import BAN_LIST_NAME, ReadyAction, ReadyFilter, Target, Values

log = structlog.get_logger(__name__)

ValuesOf = Callable[[Draft], Values]
"""Gives what rules see of a draft. It may put the sender's default address and stored name into the draft (§3)."""


@dataclass(frozen=True)
class Outcome:
    """What filters decided. `matched` are all that match, `applied` those that ran, in their order.

    `rejected_by` names the filter that refused the ticket, '' for none; `failed` holds actions that broke down.
    """

    draft: Draft
    values: Values
    matched: Sequence[ReadyFilter] = ()
    applied: Sequence[ReadyFilter] = ()
    rejected_by: str = ""
    failed: Sequence[tuple[ReadyFilter, ReadyAction]] = ()


def run(
    filters: Sequence[ReadyFilter],
    draft: Draft,
    *,
    target: Target | None,
    mailbox_id: int = 0,
    values_of: ValuesOf,
    is_banned: Callable[[str], bool],
) -> Outcome:
    """Ask all filters for this origin, then let those that match act on the draft, and give what came of it.

    All are asked before the first one acts, so that none sees what an earlier one changed; only another sender makes
    everything begin anew, once. `filters` are in the order in which they run. Never raises what an action raises.
    """
    while True:
        values = values_of(draft)
        if draft.sender and is_banned(draft.sender):
            return Outcome(draft, values, rejected_by=BAN_LIST_NAME)
        matched = matching(filters, values, target=target, mailbox_id=mailbox_id)
        try:
            return _apply(matched, draft, values)
        except SenderChanged:
            continue


def matching(
    filters: Sequence[ReadyFilter], values: Values, *, target: Target | None, mailbox_id: int
) -> list[ReadyFilter]:
    """Give the filters that match, whether or not an earlier one stops them."""
    return [one for one in filters if one.is_for(target, mailbox_id) and one.matches(values, mailbox_id)]


def until_stop(matched: Sequence[ReadyFilter]) -> list[ReadyFilter]:
    """Give the matching filters up to the first one that stops the others."""
    for place, one in enumerate(matched):
        if one.row.stops:
            return list(matched[: place + 1])
    return list(matched)


def _apply(matched: Sequence[ReadyFilter], draft: Draft, values: Values) -> Outcome:
    applied: list[ReadyFilter] = []
    failed: list[tuple[ReadyFilter, ReadyAction]] = []
    for one in until_stop(matched):
        applied.append(one)
        for action in one.actions:
            try:
                if action.step is not None:
                    action.step(draft)
            except Rejected:
                return Outcome(draft, values, matched, applied, one.name, failed)
            except SenderChanged:
                raise
            except Exception:
                log.exception("filter_action_failed", filter=one.row.id, action=action.row.type)
                failed.append((one, action))
    return Outcome(draft, values, matched, applied, failed=failed)
