"""How many automatic answers go out within an hour, to one address and about one ticket.

Two programs that answer each other are mostly known by their headers. These counts end what headers do not, and keep
forged senders from making us write to somebody again and again. They are in the shared cache: losing them begins anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.core.cache import cache

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.mail.outgoing import NewMail

HOUR = 3600
AUTOMATIC_ANSWERS = frozenset({"ticket.autoresp", "ticket.autoreply", "message.autoresp", "ticket.overlimit"})
"""Templates that go out without anybody having written them, to whoever wrote to us."""


def within_budget(mails: Iterable[NewMail], *, about: str) -> list[NewMail]:
    """Give the mails that may go out: automatic answers up to the budget, all others. `about` names the ticket."""
    return [mail for mail in mails if mail.template not in AUTOMATIC_ANSWERS or _is_affordable(mail, about)]


def is_affordable(what: str, most: int) -> bool:
    """Count something that happens at most so often within an hour; whether it still may."""
    return _count(what) <= most


def _is_affordable(mail: NewMail, about: str) -> bool:
    addresses = [one.address.lower() for one in (*mail.to, *mail.cc)]
    budgets = {f"address {one}": settings.AUTOMATIC_ANSWERS_PER_ADDRESS for one in addresses}
    budgets[about] = settings.AUTOMATIC_ANSWERS_PER_TICKET
    counts = {what: _count(f"automatic answer {what}") for what in budgets}  # all, also after one that is used up
    for what, most in budgets.items():
        if counts[what] == most + 1:
            log_system(
                LogLevel.WARNING,
                "Automatic answers stopped",
                f"There were {most} within an hour ({what}). No more are sent for a while; mails are taken as before.",
            )
    return all(counts[what] <= most for what, most in budgets.items())


def _count(what: str) -> int:
    """Count one more and give how many there were within the hour."""
    digest = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
    key = f"mail_budget.{digest}"
    if cache.add(key, 1, HOUR):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out in between
        cache.add(key, 1, HOUR)
        return 1
