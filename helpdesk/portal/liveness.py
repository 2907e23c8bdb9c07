"""`/health`: whether this web server can work, for load balancers, containers and monitoring.

It says "ok" (200), or which part does not answer (503), and nothing else: no version, no address, no error text.
`/health?full` gives the whole report of helpdesk/health to who shows HEALTH_TOKEN. Being on this machine is no proof:
behind a proxy everybody is.
"""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from helpdesk.health.registry import Level
from helpdesk.health.selectors import examine
from helpdesk.portal import metrics

PATH = "/health"
GetResponse = Callable[[HttpRequest], HttpResponseBase]

log = structlog.get_logger(__name__)


class LivenessMiddleware:
    """Answers before everything else: who asks has no session, may come by address and without https."""

    def __init__(self, get_response: GetResponse) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer `/health` and `/metrics`; pass on what is for others."""
        if request.path_info == metrics.PATH:
            return metrics.metrics(request)
        if request.path_info != PATH:
            return self.get_response(request)
        return full_report(request) if "full" in request.GET else health()


def health() -> HttpResponse:
    """Ask the database and the cache for an answer each; both are needed by every page."""
    silent = [name for name, answers in (("database", database_answers), ("cache", cache_answers)) if not answers()]
    text = f"no answer: {', '.join(silent)}" if silent else "ok"
    status = HTTPStatus.SERVICE_UNAVAILABLE if silent else HTTPStatus.OK
    return _plain(text, status)


def full_report(request: HttpRequest) -> HttpResponse:
    """Give all checks as JSON, with 503 when something fails; 403 without the token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.HEALTH_TOKEN
    is_known = scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected)
    if not expected or not is_known:
        text = "The full report needs the header “Authorization: Bearer …” with the value of HEALTH_TOKEN."
        return _plain(text, HTTPStatus.FORBIDDEN)
    report = examine(now=timezone.now())
    status = HTTPStatus.SERVICE_UNAVAILABLE if report.level is Level.FAILURE else HTTPStatus.OK
    answer = JsonResponse(report.as_json(), status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _plain(text: str, status: HTTPStatus) -> HttpResponse:
    answer = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


def database_answers() -> bool:
    """Whether the database carries out the smallest statement."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("health.database", error=type(error).__name__)
        return False
    return True


def cache_answers() -> bool:
    """Whether the shared cache can be read."""
    try:
        cache.get("health")
    except Exception as error:  # noqa: BLE001 -- each kind of cache has exceptions of its own, and drivers are optional
        log.warning("health.cache", error=type(error).__name__)
        return False
    return True
