"""The two doors: agents at `/scp/` and `/admin/`, end users at `/`, each with cookies of its own.

A door that leads to two paths has its cookies twice, once for each, and always with the same values: browsers send
neither of them to the end users' pages. One browser can stand in both doors at once. A session belongs to the door that
made it and does not exist at the other one, whatever cookie it is presented in (`sessions.SessionStore`).
"""

from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

from helpdesk.accounts.models import Account
from helpdesk.accounts.sessions import SessionStore

ADMINISTRATION_PATH = "/admin/"


class DoorPath(NamedTuple):
    """A path behind a door, and what its cookies are called beside the door's name."""

    path: str
    suffix: str = ""


@dataclass(frozen=True)
class Door:
    """One way in: who may use it, below which path its cookies live; `others` are further paths behind it."""

    name: str
    kind: Account.Kind
    path: str
    backend: str
    others: tuple[DoorPath, ...] = ()

    @property
    def paths(self) -> tuple[DoorPath, ...]:
        """All paths behind this door."""
        return (DoorPath(self.path), *self.others)

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

    def cookies(self, at: DoorPath) -> dict[str, str]:
        """Give the cookies that Django's middleware knows by another name: Django's name to ours below this path."""
        return {
            settings.SESSION_COOKIE_NAME: self.cookie_name(at.suffix),
            settings.CSRF_COOKIE_NAME: self.cookie_name(f"{at.suffix}_csrf"),
        }


AGENT_DOOR = Door(
    "agent",
    Account.Kind.AGENT,
    "/scp/",
    "helpdesk.accounts.backends.AgentBackend",
    others=(DoorPath(ADMINISTRATION_PATH, "_administration"),),
)
PORTAL_DOOR = Door("portal", Account.Kind.END_USER, "/", "helpdesk.accounts.backends.EndUserBackend")


def door_of(request: HttpRequest) -> Door:
    """Give the door at which a request stands."""
    return AGENT_DOOR if any(_is_below(request, at.path) for at in AGENT_DOOR.paths) else PORTAL_DOOR


def is_in_administration(request: HttpRequest) -> bool:
    """Whether a request asks for a page of the administration, which only administrators may see."""
    return _is_below(request, ADMINISTRATION_PATH)


def _is_below(request: HttpRequest, path: str) -> bool:
    return f"{request.path_info}/".startswith(path)


def _path_of(request: HttpRequest, door: Door) -> DoorPath:
    return next((at for at in door.others if _is_below(request, at.path)), DoorPath(door.path))


class DoorSessionMiddleware(SessionMiddleware):
    """Opens the session of the door. Replaces Django's SessionMiddleware; must stand before CsrfViewMiddleware.

    Django's middleware reads and writes two cookies under fixed names; they are renamed here on the way in and out.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Hand the door's cookies to Django under its own names and open the door's session."""
        door = door_of(request)
        for name, own_name in door.cookies(_path_of(request, door)).items():
            request.COOKIES.pop(name, None)
            if own_name in request.COOKIES:
                request.COOKIES[name] = request.COOKIES[own_name]
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = SessionStore(session_key, door=door.name)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session as Django does, then give the cookies the door's names and paths."""
        response = super().process_response(request, response)
        door = door_of(request)
        for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
            morsel = response.cookies.pop(name, None)
            if morsel is None:
                continue
            for at in door.paths:
                own_name = door.cookies(at)[name]
                response.cookies[own_name] = morsel.value
                response.cookies[own_name].update(morsel)
                response.cookies[own_name]["path"] = get_script_prefix().rstrip("/") + at.path
                response.cookies[own_name]["secure"] = settings.SESSION_COOKIE_SECURE
        return response
