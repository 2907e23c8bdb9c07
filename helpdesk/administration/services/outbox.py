"""What administrators decide about effects that wait or failed."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from helpdesk.audit.services import Action, ObjectType, record_change
from helpdesk.outbox.decisions import discard_effects, retry_effects
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator


@transaction.atomic
def retry_deliveries(ids: Collection[int], *, actor: Actor) -> int:
    """Let effects be tried again at once; gives how many. Raises PermissionRefused."""
    check_is_administrator(actor)
    count = retry_effects(ids, now=timezone.now())
    _record(actor, ids, "retried")
    return count


@transaction.atomic
def discard_deliveries(ids: Collection[int], *, actor: Actor) -> int:
    """Let effects never happen; gives how many. Raises PermissionRefused."""
    check_is_administrator(actor)
    count = discard_effects(ids, now=timezone.now())
    _record(actor, ids, "discarded")
    return count


def _record(actor: Actor, ids: Collection[int], what: str) -> None:
    name = ", ".join(f"#{one}" for one in sorted(ids)[:20])
    record_change(actor, Action.CHANGED, ObjectType.OUTBOX, "", name, {what: [None, len(ids)]})
