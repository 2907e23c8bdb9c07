"""What scripts ask for while an agent writes: the lock of the ticket (`drafts.js`), prepared answers.

The answers about locks are osTicket's (osticket/tickets.md §15.3): `id`, `time` in seconds and `code`, or `id` 0 with
`msg` and what to try next (`retry`: false, or `acquire`). An agent whom another one locks out is no error of the
request: 200.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.files.links import LinkMaker
from helpdesk.legacy.errors import DomainError, NotFound, PermissionRefused
from tickets.agent_pages import not_found_is_404
from tickets.models import Ticket
from tickets.policies import get_ticket_for_agent
from tickets.prepared_answers import prepared_answer
from tickets.services.locks import HeldLock, acquire_lock, break_lock, release_lock, renew_lock

STATUS_OF_REFUSAL = {"locks_disabled": 418, "lock_not_found": 404, "lock_mismatch": 400}
"""HTTP status by the code of the refusal; for any other 200, but 403 for renewing the lock of somebody else."""


@agent_required
@never_cache
@require_POST
def acquire(request: AgentRequest, ticket_id: int) -> JsonResponse:
    """Take the lock of a ticket, or renew one's own."""
    return _answer(request, ticket_id, lambda ticket: acquire_lock(ticket, actor=request.actor))


@agent_required
@never_cache
@require_POST
def renew(request: AgentRequest, ticket_id: int, lock_id: int) -> JsonResponse:
    """Keep a lock."""
    return _answer(
        request, ticket_id, lambda ticket: renew_lock(ticket, actor=request.actor, lock_id=lock_id), denied=403
    )


@agent_required
@never_cache
@require_POST
def release(request: AgentRequest, lock_id: int) -> JsonResponse:
    """Give a lock back; 0 for one of another agent."""
    return JsonResponse(int(release_lock(lock_id, actor=request.actor)), safe=False)


@agent_required
@require_POST
def break_open(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Let an administrator take the lock from another agent, then show the ticket."""
    try:
        break_lock(get_ticket_for_agent(request.access, ticket_id), actor=request.actor)
    except NotFound as error:
        raise Http404(str(error)) from error
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The lock is gone. The system log says that you broke it."))
    return redirect("agent:ticket", ticket_id)


@agent_required
@never_cache
@require_safe
@not_found_is_404
def prepared_answer_of(request: AgentRequest, ticket_id: int, key: str) -> JsonResponse:
    """Give a prepared answer for the reply, or a quotation (`original`, `lastmessage`), as HTML and as text."""
    found = get_ticket_for_agent(request.access, ticket_id)
    links = LinkMaker(reverse("agent:file"), timezone.now())
    answer = prepared_answer(request.access, found, key, links=links)
    return JsonResponse(
        {
            "id": answer.id,
            "title": answer.title,
            "response": answer.html,
            "text": answer.text,
            "html": answer.shown,
            "files": [asdict(file) for file in answer.files],
        }
    )


def _answer(
    request: AgentRequest, ticket_id: int, service: Callable[[Ticket], HeldLock], *, denied: int = 200
) -> JsonResponse:
    """Say what came of it. A ticket that the agent may not see answers like one whose lock is denied."""
    try:
        ticket = get_ticket_for_agent(request.access, ticket_id)
    except NotFound:
        return JsonResponse({"id": 0, "retry": False, "msg": _("Lock denied!")})
    try:
        held = service(ticket)
    except DomainError as refusal:
        answer: dict[str, Any] = {"id": 0, "retry": "acquire" if refusal.code == "lock_not_found" else False}
        status = STATUS_OF_REFUSAL.get(refusal.code, denied if isinstance(refusal, PermissionRefused) else 200)
        if refusal.code not in STATUS_OF_REFUSAL:
            answer["msg"] = str(refusal.message)
        return JsonResponse(answer, status=status)
    return JsonResponse({"id": held.id, "time": held.seconds, "code": held.code})
