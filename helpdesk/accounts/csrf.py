"""The answer to a form without the right token (setting CSRF_FAILURE_VIEW; osticket/auth.md §11)."""

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure as page_for_people

from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.gate import wants_fragment
from helpdesk.configuration.services import LogLevel, log_system

TOKEN_REQUIRED = "Valid CSRF Token Required"  # noqa: S105 -- osTicket's answer
SECONDS_BETWEEN_LOG_LINES = 60


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Send the sign-in form back to its page, answer scripts with 400 and people with a page that explains."""
    _note(request)
    if request.path == reverse("agent:sign_in"):
        if "ajax" in request.POST:
            return JsonResponse({"status": 302, "redirect": request.path})
        messages.error(request, _("The sign-in form had grown too old. Please try again."))
        return redirect("agent:sign_in")
    if wants_fragment(request):
        return HttpResponse(TOKEN_REQUIRED, status=400, content_type="text/plain; charset=utf-8")
    return page_for_people(request, reason)


def _note(request: HttpRequest) -> None:
    """Write osTicket's line to the system log, at most one a minute and visitor: anybody could fill the table."""
    address = client_address(request)
    if cache.add(f"csrf.noted.{address}", 1, SECONDS_BETWEEN_LOG_LINES):
        log_system(LogLevel.WARNING, "Invalid CSRF Token __CSRFToken__", f"{TOKEN_REQUIRED}: {request.path}", address)
