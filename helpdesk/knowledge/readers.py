"""Whether the person behind a request finds a knowledge base."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.accounts.models import Account
from helpdesk.knowledge.policies import is_open_to_readers


def knowledge_base_is_open(request: HttpRequest) -> bool:
    """Whether there is a knowledge base for this end user; asked at most once per request.

    Guests whom a link let into one ticket do not count as signed in.
    """
    if not hasattr(request, "_knowledge_base_is_open"):
        account = getattr(request, "user", None)
        is_signed_in = isinstance(account, Account) and account.end_user is not None
        request._knowledge_base_is_open = is_open_to_readers(is_signed_in=is_signed_in)  # type: ignore[attr-defined]  # noqa: SLF001
    is_open: bool = request._knowledge_base_is_open  # type: ignore[attr-defined]  # noqa: SLF001
    return is_open
