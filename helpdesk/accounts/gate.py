"""Who passes the agents' door. Every view below `/scp/` and `/admin/` stands behind this gate (`middleware.py`).

The rules are osTicket's (osticket/auth.md §3 and §10), applied at every request: the account is active, the session is
neither idle too long nor used from another address where that is forbidden, the help desk is on line or the agent an
administrator, no new password is due.
"""

import functools
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

import structlog
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.doors import AGENT_DOOR
from helpdesk.accounts.models import Account
from helpdesk.configuration.snapshot import Snapshot
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent

P = ParamSpec("P")
log = structlog.get_logger(__name__)

LAST_SEEN_KEY = "last_seen"
"""Session: when the agent was last active, seconds since 1970; renewed at most once a minute."""
ADDRESS_KEY = "address"
"""Session: the address from which the agent signed in."""
RENEWAL_SECONDS = 60
SELF_REFRESH_HEADER = "X-Self-Refresh"
"""Sent by pages that ask for news by themselves (queue.js): that is no sign that the agent is still there."""


class AgentRequest(HttpRequest):
    """A request that passed the agents' door."""

    agent: Agent
    access: AgentAccess
    actor: Actor


View = Callable[Concatenate[AgentRequest, P], HttpResponseBase]


def agent_required(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let only signed-in agents pass; the view gets `request.agent`, `request.access` and `request.actor`.

    Others are sent to the sign-in page; programs and partial page loads get 403 (osticket/auth.md §3).
    """
    return _guard(view, password_may_be_due=False)


def agent_with_any_password_required(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Like `agent_required`, but also for agents who must set a new password first."""
    return _guard(view, password_may_be_due=True)


def _guard(view: View[P], *, password_may_be_due: bool) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def guarded(request: AgentRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return admit_agent(request, password_may_be_due=password_may_be_due) or view(request, *args, **kwargs)

    guarded.agent_required = True  # type: ignore[attr-defined]
    return guarded


def admit_agent(request: HttpRequest, *, password_may_be_due: bool = False) -> HttpResponse | None:
    """Give None when the request may pass, and put `agent`, `access` and `actor` on it; else the answer to send."""
    if hasattr(request, "access"):
        return None
    agent = signed_in_agent(request)
    if agent is None:
        return ask_to_sign_in(request)
    objection = _objection(request, agent, configuration.current())
    if objection:
        log.info("agent_session_ended", staff_id=agent.pk, reason=objection[0])
        logout(request)
        return ask_to_sign_in(request, objection[1])
    _renew(request)
    if agent.change_passwd and not password_may_be_due:
        return _ask_for_new_password(request)
    passed: Any = request
    passed.agent, passed.access = agent, access_of(agent)
    passed.actor = Actor.for_agent(agent, ip_address=client_address(request))
    return None


def admit_administrator(request: HttpRequest) -> HttpResponse | None:
    """Like `admit_agent`, for the administration: raises PermissionDenied for agents who are no administrators."""
    answer = admit_agent(request)
    if answer is None and not is_administrators(request):
        raise PermissionDenied
    return answer


def is_administrators(request: HttpRequest) -> bool:
    """Whether the request passed the door and its agent is an administrator."""
    agent: Agent | None = getattr(request, "agent", None)
    return agent is not None and agent.isactive and agent.isadmin


def signed_in_agent(request: HttpRequest) -> Agent | None:
    """Give the active agent of the session, whatever else may keep him out."""
    account = request.user
    return account.agent if isinstance(account, Account) and account.is_active else None


def remember_presence(request: HttpRequest) -> None:
    """Note in a fresh session where and when the agent signed in."""
    request.session[LAST_SEEN_KEY] = int(time.time())
    request.session[ADDRESS_KEY] = client_address(request)


def ask_to_sign_in(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Send a person to the sign-in page and back afterwards; answer a program or a partial page load with 403."""
    if not wants_fragment(request):
        if reason:
            messages.warning(request, reason)
        return HttpResponseRedirect(sign_in_address(_way_back(request)))
    text = reason or "Must login: Authentication Required"
    response = _refusal(request, text)
    if request.headers.get("HX-Request") == "true":
        response["HX-Redirect"] = sign_in_address(_page_of_fragment(request))
    return response


def sign_in_address(way_back: str = "") -> str:
    """Give the address of the sign-in page, with the page to return to."""
    address = reverse("agent:sign_in")
    return f"{address}?{urlencode({'next': way_back})}" if way_back else address


def local_address(request: HttpRequest, address: str) -> str:
    """Give `address` when it leads to the agents' pages of this help desk, else ''."""
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    prefix = get_script_prefix().rstrip("/")
    behind_door = tuple(f"{prefix}{at.path}" for at in AGENT_DOOR.paths)
    return address if safe and urlsplit(address).path.startswith(behind_door) else ""


def wants_fragment(request: HttpRequest) -> bool:
    """Whether a script of ours, a program or a partial page load asks, to which a sign-in page is no use."""
    return (
        request.headers.get("HX-Request") == "true"
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
        or not request.accepts("text/html")
    )


def _refusal(request: HttpRequest, text: str) -> HttpResponse:
    if request.accepts("text/plain") or request.accepts("text/html"):
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    return JsonResponse({"message": text}, status=403)


def _way_back(request: HttpRequest) -> str:
    """The page to return to: only where asking again changes nothing, and not the start page, which is the default."""
    index = reverse("agent:index")
    if request.method != "GET" or request.path in (index, f"{index}index.php"):
        return ""
    return request.get_full_path()


def _page_of_fragment(request: HttpRequest) -> str:
    page = request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return ""
    return local_address(request, urlsplit(page)._replace(scheme="", netloc="").geturl())


def _objection(request: HttpRequest, agent: Agent, settings: Snapshot) -> tuple[str, str] | None:
    """Why this session may not go on: a name for the log and a text for the agent."""
    idle_minutes = settings.integer("staff_session_timeout")
    idle_since = request.session.get(LAST_SEEN_KEY, 0)
    if idle_minutes and time.time() - idle_since > idle_minutes * 60:
        return "idle", _("You were signed out because nothing happened for a while.")
    if settings.boolean("staff_ip_binding") and request.session.get(ADDRESS_KEY) != client_address(request):
        return "address", _("You were signed out because your network address changed.")
    if not settings.boolean("isonline") and not agent.isadmin:
        return "offline", _("System Offline")
    return None


def _renew(request: HttpRequest) -> None:
    if SELF_REFRESH_HEADER in request.headers:
        return
    now = int(time.time())
    if now - request.session.get(LAST_SEEN_KEY, 0) >= RENEWAL_SECONDS:
        request.session[LAST_SEEN_KEY] = now


def _ask_for_new_password(request: HttpRequest) -> HttpResponse:
    address = reverse("agent:password")
    if not wants_fragment(request):
        return HttpResponseRedirect(address)
    response = _refusal(request, "Password change required to continue")
    response["HX-Redirect"] = address
    return response
