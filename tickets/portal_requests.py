"""What the views of the end users' portal ask of a request."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.throttle import is_within_pace
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused

HOUR = 3600


def is_at_pace(request: HttpRequest, action: str, most: int) -> bool:
    """Whether the network address has done this at most so often within the hour."""
    return is_within_pace(action, client_address(request), most=most, seconds=HOUR)


def status_of(refusal: DomainError) -> int:
    """Give the HTTP status of the page that shows why a service refused."""
    if isinstance(refusal, PermissionRefused):
        return 403
    return 409 if isinstance(refusal, Conflict) else 422
