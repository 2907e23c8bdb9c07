"""Who may download files from tickets (`helpdesk.threads.access`, `helpdesk.forms.attached`)."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.files.models import Attachment
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormField
from helpdesk.knowledge.models import CannedResponse
from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import EntryFlag
from helpdesk.threads.models import Thread, ThreadEntry
from tickets.models import Ticket
from tickets.prepared_answers import canned_responses
from tickets.thread_items import SHOWN_TO_USERS
from tickets.visitors import visitor_of


def may_see_entry(request: HttpRequest, thread: Thread, entry: ThreadEntry) -> bool:
    """Whether the agent may open the ticket, or the end user may and the entry is no internal note."""
    access: AgentAccess | None = getattr(request, "access", None)
    if access is not None:
        return Ticket.objects.accessible_to(access).filter(pk=thread.object_id).exists()
    visitor = visitor_of(request)
    if visitor is None or entry.type not in SHOWN_TO_USERS or entry.flags & EntryFlag.HIDDEN:
        return False
    return visitor.tickets().filter(pk=thread.object_id).exists()


def may_see_answer(request: HttpRequest, ticket_id: int, field: FormField) -> bool:
    """Whether the agent may open the ticket and agents see the field, or the end user and end users do."""
    flags = field.flags or 0
    access: AgentAccess | None = getattr(request, "access", None)
    if access is not None:
        return bool(flags & FieldFlag.AGENT_VIEW) and Ticket.objects.accessible_to(access).filter(pk=ticket_id).exists()
    visitor = visitor_of(request)
    if visitor is None or not flags & FieldFlag.CLIENT_VIEW:
        return False
    return visitor.tickets().filter(pk=ticket_id).exists()


def may_see_canned(request: HttpRequest, attachment: Attachment) -> bool:
    """Whether the file comes with a prepared answer that the agent may use or manages; a reply brings it along."""
    access: AgentAccess | None = getattr(request, "access", None)
    if access is None:
        return False
    manages = access.has_permission_anywhere(RolePermission.CANNED_MANAGE)
    responses = CannedResponse.objects.all() if manages else canned_responses(access)
    return responses.filter(pk=attachment.object_id).exists()
