"""Requests that a caller may repeat: the key of each, and the ticket that came of it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from helpdesk.people.actor import Actor
from tickets.models import RequestKey, Ticket

KEPT = timedelta(days=7)
SLICE = 500


def known_ticket(key: str, actor: Actor) -> Ticket | None:
    """Give the ticket that this actor opened with this key; None for a new key and for none."""
    if not key:
        return None
    found = RequestKey.objects.filter(pk=_digest(key, actor)).values_list("ticket_id", flat=True).first()
    ticket = Ticket.objects.filter(pk=found).first() if found else None
    if found and ticket is None:  # it was deleted
        RequestKey.objects.filter(pk=_digest(key, actor), ticket_id=found).delete()
    return ticket


def remember_key(key: str, actor: Actor, ticket: Ticket) -> None:
    """Note, in the running transaction, that this key is used up; IntegrityError when somebody was faster."""
    if key:
        RequestKey(digest=_digest(key, actor), ticket_id=ticket.pk).save(force_insert=True)


def purge_request_keys(*, now: datetime) -> int:
    """Forget keys after a week, in slices; give how many. Nobody repeats a request that late."""
    old = RequestKey.objects.filter(created__lt=now - KEPT)
    purged = 0
    while digests := list(old.values_list("pk", flat=True)[:SLICE]):
        purged += RequestKey.objects.filter(pk__in=digests).delete()[0]
    return purged


def _digest(key: str, actor: Actor) -> str:
    """Keys of different programs have nothing to do with each other."""
    return hashlib.sha256(f"{actor.kind}\n{actor.name}\n{key}".encode("utf-8", "surrogatepass")).hexdigest()
