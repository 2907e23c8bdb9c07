"""The addresses that osTicket's clients use, below `/api/` (osticket/api.md §2).

They are answered before anything else: programs have no session, no cookies, no language, send no CSRF token and must
never be redirected. What they get is plain text, labelled as HTML, with osTicket's status codes.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from helpdesk.accounts.client_address import client_address
from helpdesk.api.cron import run_due_jobs
from helpdesk.api.keys import NOT_ALLOWED, identify, key_sent
from helpdesk.api.mail import open_or_continue
from helpdesk.api.models import ApiKey
from helpdesk.api.refusals import ApiRefusal
from helpdesk.api.ticket_document import document_of_json, document_of_xml
from helpdesk.api.tickets import open_ticket
from helpdesk.configuration.selectors import current
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.mail.oauth.clients import CALLBACK
from helpdesk.people.actor import Actor

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Handler = Callable[[HttpRequest, ApiKey, Actor], HttpResponse]

ROOT = "/api/"
SCRIPT = "/http.php"
CONSENT = f"/{CALLBACK}"
"""Where OAuth2 providers send people back to, as they do in osTicket; the page itself is the administration's, because
sessions of agents are known there only."""
CONSENT_PAGE = "admin:mail_sign_in_answer"
NOT_SUPPORTED = "URL not supported"
HTTPS_REQUIRED = "HTTPS Protocol Required"
LONGEST_REQUEST_KEY = 200
HEADERS = {
    "Expires": "Thu, 19 Nov 1981 08:52:00 GMT",
    "Cache-Control": "no-store, no-cache, must-revalidate",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
}

logger = structlog.get_logger(__name__)


class ApiGateway:
    """Answers everything below `/api/`; passes on what is for people."""

    def __init__(self, get_response: GetResponse) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or pass on."""
        return respond(request) if request.path_info.startswith(ROOT) else self.get_response(request)


def respond(request: HttpRequest) -> HttpResponse:
    """Carry out what a program asks for, and say how it went."""
    if (answer := _way_to_https(request)) is not None:
        return answer
    if request.path_info == CONSENT and request.method == "GET":
        return HttpResponseRedirect(f"{reverse(CONSENT_PAGE)}?{request.META.get('QUERY_STRING', '')}", headers=HEADERS)
    handler = _handler(request)
    if handler is None:
        return plain(400, "" if request.method == "HEAD" else NOT_SUPPORTED)
    address = client_address(request)
    try:
        key = identify(request)
        return handler(request, key, Actor.for_api_key(f"key {key.pk}", ip_address=address))
    except ApiRefusal as refusal:
        _note(refusal, key_sent(request), address)
        return plain(refusal.status, refusal.text)


def plain(status: int, text: str) -> HttpResponse:
    """Give an answer as osTicket labels it."""
    answer = HttpResponse(text, status=status, content_type="text/html; charset=UTF-8", headers=HEADERS)
    answer["Content-Length"] = str(len(answer.content))
    return answer


# --- Routes -----------------------------------------------------------------------------------------------------------


def _create_from_json(request: HttpRequest, key: ApiKey, actor: Actor) -> HttpResponse:
    _require(key.can_create_tickets)
    ticket = open_ticket(
        document_of_json(_body(request)), actor=actor, key=key_sent(request), request_key=_request_key(request)
    )
    return plain(201, ticket.number or "")


def _create_from_xml(request: HttpRequest, key: ApiKey, actor: Actor) -> HttpResponse:
    _require(key.can_create_tickets)
    ticket = open_ticket(
        document_of_xml(_body(request)), actor=actor, key=key_sent(request), request_key=_request_key(request)
    )
    return plain(201, ticket.number or "")


def _take_mail(request: HttpRequest, key: ApiKey, actor: Actor) -> HttpResponse:
    _require(key.can_create_tickets)
    return plain(201, open_or_continue(_body(request), actor=actor).number or "")


def _run_jobs(request: HttpRequest, key: ApiKey, actor: Actor) -> HttpResponse:
    _require(key.can_exec_cron)
    run_due_jobs()
    return plain(200, "Completed")


ROUTES: dict[str, Handler] = {
    "/tickets.json": _create_from_json,
    "/tickets.xml": _create_from_xml,
    "/tickets.email": _take_mail,
    "/tasks/cron": _run_jobs,
    "/cron": _run_jobs,
}
"""All of them are POST."""


def _handler(request: HttpRequest) -> Handler | None:
    """Find the route; the query parameter `_method` counts in place of the method, as osTicket has it."""
    method = request.GET.get("_method") or request.method or ""
    path = request.path_info[len(ROOT) - 1 :]
    if path == SCRIPT or path.startswith(f"{SCRIPT}/"):
        path = path[len(SCRIPT) :]
    return ROUTES.get(path) if method.upper() == "POST" else None


def _way_to_https(request: HttpRequest) -> HttpResponse | None:
    """Refuse what came without https where it is demanded; only GET is shown the way, as POST must not be moved."""
    is_demanded = current().text("force_https") == "on" or settings.SECURE_SSL_REDIRECT
    if not is_demanded or _is_https(request):
        return None
    try:
        host = request.get_host() if request.method == "GET" else ""
    except DisallowedHost:
        host = ""
    if not host:
        return plain(400, HTTPS_REQUIRED)
    answer = plain(302, "<html></html>")
    answer["Location"] = f"https://{host}{request.get_full_path()}"
    return answer


def _is_https(request: HttpRequest) -> bool:
    """Believe the header from anybody: whoever lies about it harms nobody else."""
    return request.is_secure() or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def _require(is_allowed: bool) -> None:
    if not is_allowed:
        raise ApiRefusal(401, NOT_ALLOWED)


def _body(request: HttpRequest) -> bytes:
    """Read the whole body, of any content type; raise ApiRefusal (413) when it is larger than API_MAX_BODY."""
    most: int = settings.API_MAX_BODY
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > most:
        raise _too_large(most)
    is_chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    stream = request.environ["wsgi.input"] if is_chunked and hasattr(request, "environ") else request
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(min(1 << 20, most + 1 - size)):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise _too_large(most)
    return b"".join(pieces)


def _too_large(most: int) -> ApiRefusal:
    return ApiRefusal(413, f"Request too large: at most {most} bytes")


def _request_key(request: HttpRequest) -> str:
    """Give the key by which a program may repeat its request; an own addition, which osTicket ignores."""
    return str(request.headers.get("Idempotency-Key", "")).strip()[:LONGEST_REQUEST_KEY]


def _note(refusal: ApiRefusal, key: str, address: str) -> None:
    """Write the refusal into the system log, with the key that was sent."""
    text = f"{refusal.text}\n[{key}]\n" if key else refusal.text
    log_system(LogLevel.WARNING, f"API Error ({refusal.status})", text, address)
    logger.info("api_refused", status=refusal.status)
