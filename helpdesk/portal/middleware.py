"""What every page needs before its view runs: the viewer's time zone, and whether the help desk is on line at all."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from helpdesk import configuration
from helpdesk.accounts.models import Account
from helpdesk.knowledge.selectors import offline_page_html
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


class OfflineMiddleware:
    """Shows end users the offline page, with 503, while the setting `isonline` is off (osticket/config.md §2)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the decision needs the view."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer in place of the views of the end users' portal."""
        match = request.resolver_match
        is_portal = match is not None and match.namespaces == ["portal"]
        if not is_portal or configuration.current().boolean("isonline", default=True):
            return None
        response = render(request, "portal/offline.html", {"offline_html": offline_page_html()}, status=503)
        response["Retry-After"] = "600"
        return response


def zone_of_viewer(request: HttpRequest) -> datetime.tzinfo:
    """Give the zone that an agent chose, else that of the help desk."""
    account = getattr(request, "user", None)
    agent = account.agent if isinstance(account, Account) else None
    return zone_named((agent.timezone if agent else None) or configuration.current().text("default_timezone"))
