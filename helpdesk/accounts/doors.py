"""The two doors: agents at `/scp/`, end users at `/`, each with cookies of its own.

One browser can stand in both at once. A session belongs to the door that made it and does not exist at the other one,
whatever cookie it is presented in (`sessions.SessionStore`).
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

from helpdesk.accounts.models import Account
from helpdesk.accounts.sessions import SessionStore


@dataclass(frozen=True)
class Door:
    """One way in: who may use it, below which path its cookies live."""

    name: str
    kind: Account.Kind
    path: str
    backend: str

    @property
    def cookie_path(self) -> str:
        """The path of the cookies, including the prefix under which the help desk is mounted."""
        return get_script_prefix().rstrip("/") + self.path

    def cookie_name(self, suffix: str = "") -> str:
        """Give the name of a cookie; over HTTPS with the prefix that makes browsers guard it (RFC 6265bis §4.1.3)."""
        name = f"ostler_{self.name}{suffix}"
        if not settings.SESSION_COOKIE_SECURE:
            return name
        return f"__Host-{name}" if self.cookie_path == "/" else f"__Secure-{name}"

    def cookies(self) -> dict[str, str]:
        """Give the cookies that Django's middleware knows by another name: Django's name to ours."""
        return {settings.SESSION_COOKIE_NAME: self.cookie_name(), settings.CSRF_COOKIE_NAME: self.cookie_name("_csrf")}


AGENT_DOOR = Door("agent", Account.Kind.AGENT, "/scp/", "helpdesk.accounts.backends.AgentBackend")
PORTAL_DOOR = Door("portal", Account.Kind.END_USER, "/", "helpdesk.accounts.backends.EndUserBackend")


def door_of(request: HttpRequest) -> Door:
    """Give the door at which a request stands."""
    return AGENT_DOOR if f"{request.path_info}/".startswith(AGENT_DOOR.path) else PORTAL_DOOR


class DoorSessionMiddleware(SessionMiddleware):
    """Opens the session of the door. Replaces Django's SessionMiddleware; must stand before CsrfViewMiddleware.

    Django's middleware reads and writes two cookies under fixed names; they are renamed here on the way in and out.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Hand the door's cookies to Django under its own names and open the door's session."""
        door = door_of(request)
        for name, own_name in door.cookies().items():
            request.COOKIES.pop(name, None)
            if own_name in request.COOKIES:
                request.COOKIES[name] = request.COOKIES[own_name]
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = SessionStore(session_key, door=door.name)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session as Django does, then give the cookies the door's names and path."""
        response = super().process_response(request, response)
        door = door_of(request)
        for name, own_name in door.cookies().items():
            morsel = response.cookies.pop(name, None)
            if morsel is not None:
                response.cookies[own_name] = morsel.value
                response.cookies[own_name].update(morsel)
                response.cookies[own_name]["path"] = door.cookie_path
                response.cookies[own_name]["secure"] = settings.SESSION_COOKIE_SECURE
        return response
