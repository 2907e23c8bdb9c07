"""Drafts of both portals: scripts keep a text while somebody writes it (`drafts.js`)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.threads.bodies import HTML, TEXT
from helpdesk.threads.drafts import delete_draft, find_draft, owner_of, save_draft


@never_cache
@require_http_methods(["GET", "POST", "DELETE"])
def draft(request: HttpRequest, namespace: str) -> HttpResponse:
    """Give, keep or delete the draft that the person behind the request has in this namespace.

    `format` is `html` or `text`, for plain text fields. GET answers 204 when there is none. POST takes `body`; an empty
    one deletes the draft. Namespaces that are none, or of somebody else, answer 404.
    """
    try:
        owner_id = owner_of(request, namespace)
        return _METHODS[request.method or "GET"](request, namespace, owner_id)
    except NotFound as refusal:
        return _refusal(refusal, 404)
    except DomainError as refusal:
        return _refusal(refusal, 422)


def _give(request: HttpRequest, namespace: str, owner_id: int) -> HttpResponse:
    found = find_draft(namespace, owner_id=owner_id, format=_format(request.GET))
    if found is None:
        return HttpResponse(status=204)
    return JsonResponse({"draft_id": found.id, "body": found.body, "written": found.written})


def _keep(request: HttpRequest, namespace: str, owner_id: int) -> HttpResponse:
    body = request.POST.get("body", "")
    kept = save_draft(namespace, owner_id=owner_id, body=body, format=_format(request.POST))
    return JsonResponse({"draft_id": kept.pk if kept is not None else None})


def _delete(request: HttpRequest, namespace: str, owner_id: int) -> HttpResponse:
    delete_draft(namespace, owner_id=owner_id)
    return HttpResponse(status=204)


_METHODS = {"GET": _give, "POST": _keep, "DELETE": _delete}


def _format(values: Any) -> str:
    return TEXT if values.get("format") == TEXT else HTML


def _refusal(refusal: DomainError, status: int) -> JsonResponse:
    return JsonResponse({"code": refusal.code, "message": str(refusal.message)}, status=status)
