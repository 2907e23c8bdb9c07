"""What every page needs before its view runs: the time zone of the person who looks at it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from helpdesk import configuration
from helpdesk.accounts.models import Account
from tickets.periods import zone_named


class ViewerTimeZoneMiddleware:
    """Shows times in the agent's own zone, else in that of the help desk (`default_timezone`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, and leave no zone behind for the next visitor of this thread."""
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Switch the zone once it is known who looks."""
        timezone.activate(zone_of_viewer(request))


def zone_of_viewer(request: HttpRequest) -> datetime.tzinfo:
    """Give the zone that an agent chose, else that of the help desk."""
    account = getattr(request, "user", None)
    agent = account.agent if isinstance(account, Account) else None
    return zone_named((agent.timezone if agent else None) or configuration.current().text("default_timezone"))
