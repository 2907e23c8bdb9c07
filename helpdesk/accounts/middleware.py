"""What stands before every page: the administrator's address list, and the agents' door."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address, is_within, parse_networks
from helpdesk.accounts.doors import AGENT_DOOR, door_of, is_in_administration
from helpdesk.accounts.gate import admit_administrator, admit_agent

GetResponse = Callable[[HttpRequest], HttpResponseBase]

OPEN_PATHS = ("/api/", "/static/")
"""What the address list does not guard: programs have their own keys (osticket/api.md §4)."""
DOORS_OF_LIST = {"1": frozenset({"agent", "portal"}), "2": frozenset({"portal"}), "3": frozenset({"agent"})}
"""Setting `acl_backend`: which doors are closed to addresses that are not on the list."""


class AddressListMiddleware:
    """Refuses visitors whose address is not in the setting `acl`, if there is one (osticket/auth.md §3)."""

    def __init__(self, get_response: GetResponse) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 403 in plain text, or pass on."""
        if not request.path_info.startswith(OPEN_PATHS) and not is_address_welcome(request):
            return HttpResponse("Access Denied", status=403, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def is_address_welcome(request: HttpRequest) -> bool:
    """Whether the address list lets this visitor through the door; an empty list lets everybody through.

    Entries are addresses or CIDR ranges; one that is neither matches nobody.
    """
    settings = configuration.current()
    entries = [entry.strip() for entry in settings.text("acl").split(",") if entry.strip()]
    closed = DOORS_OF_LIST.get(settings.text("acl_backend"), frozenset())
    if not entries or door_of(request).name not in closed:
        return True
    address = client_address(request)
    return any(_matches(address, entry) for entry in entries)


def _matches(address: str, entry: str) -> bool:
    try:
        return entry != "*" and is_within(address, parse_networks((entry,)))
    except ValueError:
        return False


class AgentDoorMiddleware:
    """Lets nobody but signed-in agents reach a view below `/scp/` that does not say who may.

    A view says so with `agent_required`, or with Django's `login_not_required` (the sign-in page). Below `/admin/`
    nobody but administrators passes, whatever a view says.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the decision needs the view."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer in place of the view when the visitor is no signed-in agent."""
        if is_in_administration(request):
            return admit_administrator(request)
        says_who_may = getattr(view, "agent_required", False) or not getattr(view, "login_required", True)
        return None if says_who_may or door_of(request) is not AGENT_DOOR else admit_agent(request)
