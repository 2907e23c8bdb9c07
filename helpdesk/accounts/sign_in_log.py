"""What the logs say about sign-ins: events for the operator, lines of the system log as osTicket writes them."""

import structlog
from django.http import HttpRequest

from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.doors import AGENT_DOOR
from helpdesk.accounts.models import Account
from helpdesk.accounts.signals import excessive_sign_in_attempts
from helpdesk.accounts.throttle import Limits
from helpdesk.configuration.services import LogLevel, log_system

log = structlog.get_logger(__name__)
FAILURES_PER_LINE = 3


def note_sign_in(request: HttpRequest, account: Account) -> None:
    """An agent came in."""
    address = client_address(request)
    log.info("signed_in", kind=str(account.kind), legacy_id=account.legacy_id, ip_address=address)
    log_system(LogLevel.DEBUG, "Agent Login", f"{account} signed in.", address)


def note_sign_out(request: HttpRequest, account: Account) -> None:
    """An agent left."""
    address = client_address(request)
    log.info("signed_out", kind=str(account.kind), legacy_id=account.legacy_id, ip_address=address)
    log_system(LogLevel.DEBUG, "Agent Logout", f"{account} signed out.", address)


def note_failure(request: HttpRequest, userid: str, *, failures: int, limits: Limits) -> None:
    """A wrong name or password: a line for every third one, and for those that are too many (osticket/auth.md §3)."""
    address = client_address(request)
    log.warning("sign_in_failed", door=AGENT_DOOR.name, failures=failures, ip_address=address)
    if failures > limits.failures:
        note_excess(request, userid)
    elif failures % FAILURES_PER_LINE == 0:
        text = f"{_where(userid, address)}\nFailed attempts: {failures}"
        log_system(LogLevel.WARNING, f"Failed agent login attempt ({userid})", text, address)


def note_excess(request: HttpRequest, userid: str) -> None:
    """Too many failures."""
    address = client_address(request)
    log.warning("sign_in_attempts_excessive", door=AGENT_DOOR.name, ip_address=address)
    log_system(LogLevel.WARNING, f"Excessive login attempts ({userid})", _where(userid, address), address)
    excessive_sign_in_attempts.send(sender=AGENT_DOOR, userid=userid, ip_address=address)


def note_second_step(request: HttpRequest, event: str, staff_id: int) -> None:
    """Something went wrong between password and code."""
    log.warning(event, staff_id=staff_id, ip_address=client_address(request))


def _where(userid: str, address: str) -> str:
    return f"User name: {userid}\nIP address: {address}"
