"""What an agent may do with a ticket as it is now (osticket/tickets.md §3.4): what pages offer.

The services decide again when it is done; these rules only spare agents buttons that would be refused.
"""

from __future__ import annotations

from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import AgentPermission
from tickets.assignees import may_be_assigned
from tickets.constants import TicketFlag
from tickets.models import Ticket
from tickets.policies import permissions_on
from tickets.screens import Action
from tickets.states import MERGED, is_closed, is_merged_child, is_open


def allowed_actions(access: AgentAccess, ticket: Ticket) -> frozenset[Action]:
    """Give what the agent may do with a ticket that he sees; EDIT_ENTRY is about what others wrote."""
    held = permissions_on(access, ticket)
    open_now, has_assignee = is_open(ticket), ticket.staff_id is not None or ticket.team_id is not None
    is_manager = access.manages(ticket.dept)
    may_mark_answered = "ticket.markanswered" in held or is_manager
    may_release = "ticket.release" in held or access.manages(access.agent.dept)
    possible = {
        Action.REPLY: "ticket.reply" in held and not is_merged_child(ticket),
        Action.NOTE: True,
        Action.CLAIM: "ticket.assign" in held and open_now and ticket.staff_id is None and _may_claim(access, ticket),
        Action.ASSIGN: "ticket.assign" in held,
        Action.RELEASE: may_release and open_now and has_assignee,
        Action.CLOSE: "ticket.close" in held and open_now,
        Action.REOPEN: bool({"ticket.close", "ticket.create"} & held) and is_closed(ticket),
        Action.STATUS: bool({"ticket.close", "ticket.create"} & held),
        Action.TRANSFER: "ticket.transfer" in held,
        Action.REFER: {"ticket.assign", "ticket.refer"} <= held,
        Action.ANSWERED: may_mark_answered and open_now and not ticket.isanswered,
        Action.UNANSWERED: may_mark_answered and open_now and ticket.isanswered,
        Action.OVERDUE: is_manager and open_now and not ticket.isoverdue,
        Action.NOT_OVERDUE: is_manager and ticket.isoverdue,
        Action.OWNER: "ticket.edit" in held,
        Action.EDIT_TOPIC: "ticket.edit" in held,
        Action.EDIT_SLA: "ticket.edit" in held,
        Action.EDIT_SOURCE: "ticket.edit" in held,
        Action.EDIT_DUE: "ticket.edit" in held and open_now,
        Action.EDIT_ANSWER: "ticket.edit" in held,
        Action.FORMS: "ticket.edit" in held,
        Action.COLLABORATORS: bool({"ticket.edit", "ticket.reply"} & held),
        Action.MERGE: "ticket.merge" in held and not is_merged_child(ticket),
        Action.LINK: "ticket.link" in held and not ticket.flags & MERGED and ticket.parent_id is None,
        Action.UNLINK: "ticket.link" in held and bool(ticket.flags & TicketFlag.LINKED),
        Action.BAN: access.has_agent_permission(AgentPermission.EMAILS_BANLIST) and ticket.user_id is not None,
        Action.DELETE: "ticket.delete" in held,
        Action.EDIT_ENTRY: "thread.edit" in held or is_manager,
    }
    return frozenset(action for action, is_possible in possible.items() if is_possible)


def _may_claim(access: AgentAccess, ticket: Ticket) -> bool:
    return not access.agent.onvacation and may_be_assigned(access.agent, ticket.dept)
