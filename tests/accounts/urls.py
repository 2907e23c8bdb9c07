"""A small site with both doors: the real sign-in pages and a few pages that tell who is there."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import URLPattern, URLResolver, include, path

from helpdesk.accounts.doors import PORTAL_DOOR
from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.accounts.models import Account
from helpdesk.people.models import EndUser


def whoami(request: HttpRequest) -> JsonResponse:
    account = request.user if isinstance(request.user, Account) else None
    return JsonResponse({"account": account and f"{account.kind}:{account.legacy_id}", "token": get_token(request)})


def enter(request: HttpRequest, user_id: int) -> HttpResponse:
    """What the portal's sign-in will do once a user has proved who he is."""
    user = EndUser.objects.get(pk=user_id)
    account, _ = Account.objects.get_or_create(kind=Account.Kind.END_USER, legacy_id=user.pk)
    login(request, account, backend=PORTAL_DOOR.backend)
    return HttpResponse("in")


def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse("out")


@agent_required
def agent_page(request: AgentRequest) -> JsonResponse:
    return JsonResponse(
        {
            "agent": request.agent.username,
            "departments": sorted(request.access.department_ids),
            "actor": [request.actor.kind, request.actor.name, request.actor.ip_address],
        }
    )


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody said who may")


agent_patterns: list[URLPattern | URLResolver] = [
    path("", agent_page, name="index"),
    path("index.php", agent_page),
    path("tickets.php", agent_page),
    path("unmarked/", unmarked),
    path("", include("helpdesk.accounts.agent_urls")),
]
portal_patterns: list[URLPattern | URLResolver] = [
    path("", whoami, name="home"),
    path("enter/<int:user_id>/", enter),
    path("leave/", leave),
    path("api/whoami", whoami),
]
urlpatterns = [
    path("scp/", include((agent_patterns, "agent"))),
    path("", include((portal_patterns, "portal"))),
]
