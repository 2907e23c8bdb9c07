"""Who may download files from tickets (`helpdesk.threads.access`)."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.people.access import AgentAccess
from helpdesk.people.models import EndUser
from helpdesk.threads.constants import EntryFlag, EntryType
from helpdesk.threads.models import Thread, ThreadEntry
from tickets.models import Ticket

_SHOWN_TO_USERS = {EntryType.MESSAGE, EntryType.RESPONSE}


def may_see_entry(request: HttpRequest, thread: Thread, entry: ThreadEntry) -> bool:
    """Whether the agent may open the ticket, or the end user may and the entry is no internal note."""
    access: AgentAccess | None = getattr(request, "access", None)
    if access is not None:
        return Ticket.objects.accessible_to(access).filter(pk=thread.object_id).exists()
    user: EndUser | None = getattr(request.user, "end_user", None)
    if user is None or entry.type not in _SHOWN_TO_USERS or entry.flags & EntryFlag.HIDDEN:
        return False
    return Ticket.objects.accessible_to_user(user).filter(pk=thread.object_id).exists()
