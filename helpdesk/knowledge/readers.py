"""Whether the person behind a request finds a knowledge base."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.accounts.models import Account
from helpdesk.knowledge.policies import reason_to_be_closed


def knowledge_base_is_open(request: HttpRequest) -> bool:
    """Whether there is a knowledge base for this end user."""
    return not why_closed(request)


def why_closed(request: HttpRequest) -> str:
    """Say why there is no knowledge base for this end user, '' where there is; asked at most once per request.

    Guests whom a link let into one ticket do not count as signed in.
    """
    if not hasattr(request, "_knowledge_base_is_closed"):
        account = getattr(request, "user", None)
        is_signed_in = isinstance(account, Account) and account.end_user is not None
        request._knowledge_base_is_closed = reason_to_be_closed(is_signed_in=is_signed_in)  # type: ignore[attr-defined]  # noqa: SLF001
    reason: str = request._knowledge_base_is_closed  # type: ignore[attr-defined]  # noqa: SLF001
    return reason
