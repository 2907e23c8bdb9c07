"""Who opens the pages of the directory, and what they share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.views.decorators.cache import never_cache

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.forms.models import FormField
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused
from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import AgentPermission

P = ParamSpec("P")
View = Callable[Concatenate[AgentRequest, P], HttpResponseBase]
STATUS_OF_REFUSAL: dict[type[DomainError], int] = {PermissionRefused: 403, Conflict: 409}
"""HTTP status of a page that shows why a service refused; for any other reason 422."""


def directory_required(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let agents pass who may open the directory (`user.dir`); what is not there answers 404, what one may not, 403."""

    @agent_required
    @never_cache
    @functools.wraps(view)
    def guarded(request: AgentRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.access.has_agent_permission(AgentPermission.USER_DIRECTORY):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(str(error)) from error

    return guarded


def require(request: AgentRequest, permission: AgentPermission) -> None:
    """Raise PermissionDenied unless the agent holds the permission: for pages that only lead to a service."""
    if not request.access.has_agent_permission(permission):
        raise PermissionDenied


def posted(request: HttpRequest) -> QueryDict | None:
    """Give what was posted, also where that is nothing; None when nobody posted."""
    return request.POST if request.method == "POST" else None


def status_of(refusal: DomainError) -> int:
    """Give the HTTP status for a page that shows the refusal."""
    return STATUS_OF_REFUSAL.get(type(refusal), 422)


def attempt(request: AgentRequest, action: Callable[[], object], done: str) -> bool:
    """Do something and say so, or say why not: for actions of one click, after which the same page comes again."""
    try:
        action()
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, done)
    return True


def may_see_answer(request: HttpRequest, _object_id: int, _field: FormField) -> bool:
    """Whether files of answers about a user or organization open: to agents who may open the directory."""
    access: AgentAccess | None = getattr(request, "access", None)
    return access is not None and access.has_agent_permission(AgentPermission.USER_DIRECTORY)
