"""Everything on the page of one ticket."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from helpdesk.files.links import LinkMaker
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import AnsweredForm, ShownAnswer, answered_forms
from helpdesk.people.access import AgentAccess
from helpdesk.people.models import EndUser
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import Collaborator, Thread
from tickets.assignees import assignable_agents, may_be_assigned
from tickets.closing import close_obstacle
from tickets.constants import StatusMode, TicketFlag, TicketState
from tickets.models import Ticket, TicketPriority
from tickets.names import address_of, full_name, shown_user
from tickets.policies import permissions_on
from tickets.reference_data import StatusRow, assignable_team_names, statuses
from tickets.screens import Action, Choice, CustomAnswer, Person, RelatedTicket, TicketPage
from tickets.states import MERGED, find_thread, is_closed, is_merged_child, is_open
from tickets.thread_items import items_of

_SHOWN_ELSEWHERE = {"subject", "priority"}
_FAMILY = MERGED | TicketFlag.LINKED | TicketFlag.PARENT


def ticket_page(access: AgentAccess, ticket: Ticket, *, links: LinkMaker) -> TicketPage:
    """Give what the page of a ticket shows to this agent; `ticket` comes from `get_ticket_for_agent`.

    `links` makes the addresses of attachments and inline images. The number of statements does not depend on the
    length of the thread.
    """
    thread = find_thread(ticket)
    collaborators = _collaborators(thread) if thread else []
    forms = answered_forms(EntryObject.TICKET, ticket.pk)
    subject, priority = _answer(forms, "subject"), _answer(forms, "priority")
    level = priority.clean if priority and isinstance(priority.clean, TicketPriority) else None
    allowed = allowed_actions(access, ticket)
    users = [user for user in (ticket.user, *(row.user for row in collaborators)) if user is not None]
    labels = {answer.field.pk: answer.label for form in forms for answer in form.answers}
    obstacle = close_obstacle(ticket) if Action.CLOSE in allowed else None
    return TicketPage(
        ticket_id=ticket.pk,
        number=ticket.number or "",
        subject=(subject.text if subject else "") or _("(no subject)"),
        status_name=ticket.status.name if ticket.status else "",
        status_state=(ticket.status.state or "") if ticket.status else "",
        department_name=ticket.dept.name if ticket.dept else "",
        topic_name=ticket.topic.topic if ticket.topic else "",
        sla_name=ticket.sla.name if ticket.sla else "",
        assignee_name=full_name(ticket.staff) if ticket.staff else "",
        team_name=ticket.team.name if ticket.team else "",
        priority_name=level.priority_desc if level else "",
        priority_urgency=level.priority_urgency if level else 0,
        source=ticket.source,
        created=ticket.created,
        last_update=ticket.lastupdate,
        closed=ticket.closed,
        reopened=ticket.reopened,
        due=ticket.duedate or ticket.est_duedate,
        is_overdue=ticket.isoverdue,
        is_answered=ticket.isanswered,
        requester=_person(ticket.user, organization=True) if ticket.user else None,
        collaborators=[_collaborator(row) for row in collaborators if row.user is not None],
        custom_answers=_custom_answers(forms),
        related=_related(access, ticket),
        items=items_of(ticket, thread, links=links, known_users=users, field_labels=labels) if thread else [],
        allowed=allowed,
        assignable_agents=_agents(access, ticket) if Action.ASSIGN in allowed else [],
        assignable_teams=_teams() if Action.ASSIGN in allowed else [],
        closing_statuses=_statuses(TicketState.CLOSED),
        open_statuses=_statuses(TicketState.OPEN),
        close_obstacle=str(obstacle.message) if obstacle else "",
    )


def allowed_actions(access: AgentAccess, ticket: Ticket) -> frozenset[Action]:
    """Give what the agent may do with a ticket that he sees, as it is now (osticket/tickets.md §3.4)."""
    held = permissions_on(access, ticket)
    open_now, has_assignee = is_open(ticket), ticket.staff_id is not None or ticket.team_id is not None
    may_release = "ticket.release" in held or access.manages(access.agent.dept)
    possible = {
        Action.REPLY: "ticket.reply" in held and not is_merged_child(ticket),
        Action.NOTE: True,
        Action.CLAIM: "ticket.assign" in held and open_now and ticket.staff_id is None and _may_claim(access, ticket),
        Action.ASSIGN: "ticket.assign" in held,
        Action.RELEASE: may_release and open_now and has_assignee,
        Action.CLOSE: "ticket.close" in held and open_now,
        Action.REOPEN: bool({"ticket.close", "ticket.create"} & held) and is_closed(ticket),
    }
    return frozenset(action for action, is_possible in possible.items() if is_possible)


def _may_claim(access: AgentAccess, ticket: Ticket) -> bool:
    return not access.agent.onvacation and may_be_assigned(access.agent, ticket.dept)


def _collaborators(thread: Thread) -> list[Collaborator]:
    return list(thread.collaborators.select_related("user__default_email").order_by("id"))


def _person(user: EndUser, *, organization: bool = False, is_active: bool = True) -> Person:
    return Person(
        id=user.pk,
        name=shown_user(user),
        email=address_of(user),
        organization_name=user.org.name if organization and user.org else "",
        is_active=is_active,
    )


def _collaborator(row: Collaborator) -> Person:
    if row.user is None:
        raise ValueError("The collaborator's user is gone.")
    return _person(row.user, is_active=bool(row.flags & CollaboratorFlag.ACTIVE))


def _answer(forms: Sequence[AnsweredForm], name: str) -> ShownAnswer | None:
    """Give the answer of the ticket form with this name."""
    for form in forms:
        if form.form.type == EntryObject.TICKET:
            return next((answer for answer in form.answers if answer.name == name), None)
    return None


def _custom_answers(forms: Sequence[AnsweredForm]) -> list[CustomAnswer]:
    return [
        CustomAnswer(form.form.title, answer.label, answer.text)
        for form in forms
        for answer in form.answers
        if not answer.is_empty and not (form.form.type == EntryObject.TICKET and answer.name in _SHOWN_ELSEWHERE)
    ]


def _related(access: AgentAccess, ticket: Ticket) -> list[RelatedTicket]:
    """Give the parent and the other members of a merge or link, two statements for tickets that have any."""
    if not ticket.flags & _FAMILY and ticket.parent_id is None:
        return []
    parent_id = ticket.parent_id or ticket.pk
    family = Ticket.objects.filter(Q(pk=parent_id) | Q(parent=parent_id)).exclude(pk=ticket.pk)
    visible = set(family.accessible_to(access).values_list("pk", flat=True))
    members = family.order_by("sort", "ticket_id").values_list("pk", "number", "flags")
    return [RelatedTicket(pk, number or "", bool(flags & MERGED), pk in visible) for pk, number, flags in members]


def _agents(access: AgentAccess, ticket: Ticket) -> list[Choice]:
    agents = assignable_agents(access, ticket.dept).exclude(pk=ticket.staff_id or 0)
    return [Choice(f"s{agent.pk}", full_name(agent)) for agent in agents]


def _teams() -> list[Choice]:
    return [Choice(f"t{pk}", name) for pk, name in assignable_team_names().items()]


def _statuses(state: TicketState) -> list[Choice]:
    rows: list[StatusRow] = [row for row in statuses().values() if row.state == state]
    return [Choice(str(row.id), row.name) for row in rows if row.mode & StatusMode.ENABLED]
