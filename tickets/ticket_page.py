"""Everything on the page of one ticket."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.files.links import LinkMaker
from helpdesk.forms.attached import linked_files
from helpdesk.forms.bound import Origin
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import AnsweredForm, ShownAnswer, answered_forms, answers_of
from helpdesk.people.access import AgentAccess
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import Collaborator, Thread
from tickets.changes import mark_of
from tickets.closing import close_obstacle
from tickets.constants import TicketFlag, TicketState
from tickets.due_dates import effective_due_date
from tickets.intake import intake
from tickets.models import Ticket, TicketPriority
from tickets.names import address_of, full_name, shown_user
from tickets.new_ticket import Signature
from tickets.notices import department_sender
from tickets.possible_actions import allowed_actions
from tickets.reference_data import sending_address_ids
from tickets.screens import Action, Choice, CustomAnswer, Person, RelatedTicket, TicketPage
from tickets.services.locks import holder_of
from tickets.states import MERGED, find_thread
from tickets.statuses import choosable_statuses
from tickets.thread_items import ThreadPart, part_of

_SHOWN_ELSEWHERE = {"subject", "priority"}
_FAMILY = MERGED | TicketFlag.LINKED | TicketFlag.PARENT


def ticket_page(access: AgentAccess, ticket: Ticket, *, links: LinkMaker, before: int | None = None) -> TicketPage:
    """Give what the page of a ticket shows to this agent; `ticket` comes from `get_ticket_for_agent`.

    `links` makes the addresses of attachments and inline images; `before` asks for the entries before one of them.
    The cost does not depend on the length of the thread.
    """
    thread = find_thread(ticket)
    mark = mark_of(thread)
    collaborators = _collaborators(thread) if thread else []
    answers = answers_of(EntryObject.TICKET, ticket.pk)
    forms = answered_forms(EntryObject.TICKET, ticket.pk, answers=answers)
    subject, priority = _answer(forms, "subject"), _answer(forms, "priority")
    level = priority.clean if priority and isinstance(priority.clean, TicketPriority) else None
    allowed = allowed_actions(access, ticket)
    users = [user for user in (ticket.user, *(row.user for row in collaborators)) if user is not None]
    labels = {answer.field.pk: answer.label for form in forms for answer in form.answers}
    part = ThreadPart([], None)
    if thread is not None:
        part = part_of(ticket, thread, links=links, known_users=users, field_labels=labels, before=before)
    holder = holder_of(ticket, now=timezone.now())
    obstacle = close_obstacle(ticket, answers=answers) if Action.CLOSE in allowed else None
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
        due=effective_due_date(ticket),
        is_overdue=ticket.isoverdue,
        is_answered=ticket.isanswered,
        requester=_person(ticket.user, organization=True) if ticket.user else None,
        collaborators=[_collaborator(row) for row in collaborators if row.user is not None],
        custom_answers=_custom_answers(forms, links),
        related=_related(access, ticket),
        items=part.items,
        older=part.older,
        is_newest_part=before is None,
        allowed=allowed,
        closing_statuses=choosable_statuses(TicketState.CLOSED),
        open_statuses=choosable_statuses(TicketState.OPEN),
        mark=mark,
        senders=senders_for(ticket),
        signatures=signatures_for(access.agent, ticket),
        signature=_preferred_signature(access.agent),
        subject_field=_editable(subject),
        priority_field=_editable(priority),
        locked_by=full_name(holder) if holder is not None and holder.pk != access.agent.pk else "",
        may_break_lock=access.agent.isadmin,
        close_obstacle=str(obstacle.message) if obstacle else "",
    )


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


def _custom_answers(forms: Sequence[AnsweredForm], links: LinkMaker) -> list[CustomAnswer]:
    files = linked_files(forms, links)
    return [
        CustomAnswer(
            form.form.title,
            answer.label,
            files.get((form.entry.pk, answer.field.pk), "" if answer.is_empty else answer.text),
            _editable(answer),
        )
        for form in forms
        for answer in form.answers
        if (_editable(answer) or not answer.is_empty)
        and not (form.form.type == EntryObject.TICKET and answer.name in _SHOWN_ELSEWHERE)
    ]


def senders_for(ticket: Ticket) -> list[Choice]:
    """Give the addresses from which an agent may answer: that of the ticket's department, or the default one, and all
    others that have a server to send by (as in osTicket's form; osticket/tickets.md §10.3, step 7)."""
    known, default = intake().mailboxes, configuration.current().integer("default_email_id")
    usual = known.get(department_sender(ticket.dept) or default)
    others = [known.get(pk) for pk in sending_address_ids() if usual is None or pk != usual.pk]
    choices = [Choice(str(one.pk), f"{one.name} <{one.email}>" if one.name else one.email) for one in others if one]
    if usual is None:
        return choices
    return [Choice("", f"{usual.name} <{usual.email}>" if usual.name else usual.email), *choices]


def signatures_for(agent: Agent, ticket: Ticket) -> list[Choice]:
    """Give the signatures that the agent may put below a reply: his own, the department's, none."""
    choices = [Choice(Signature.NONE.value, _("none"))]
    if agent.signature.strip():
        choices.append(Choice(Signature.MINE.value, _("mine")))
    if ticket.dept is not None and ticket.dept.ispublic and ticket.dept.signature.strip():
        choices.append(Choice(Signature.DEPARTMENT.value, _("of the department")))
    return choices


def _preferred_signature(agent: Agent) -> str:
    preferred = {"mine": Signature.MINE, "dept": Signature.DEPARTMENT}
    return preferred.get(agent.default_signature_type, Signature.NONE).value


def _editable(answer: ShownAnswer | None) -> int:
    """Give the id of the field where agents may change its answer, else 0."""
    if answer is None or not Origin.AGENT_UPDATE.accepts(answer.field):
        return 0
    return answer.field.pk


def _related(access: AgentAccess, ticket: Ticket) -> list[RelatedTicket]:
    """Give the parent and the other members of a merge or link, two statements for tickets that have any."""
    if not ticket.flags & _FAMILY and ticket.parent_id is None:
        return []
    parent_id = ticket.parent_id or ticket.pk
    family = Ticket.objects.filter(Q(pk=parent_id) | Q(parent=parent_id)).exclude(pk=ticket.pk)
    visible = set(family.accessible_to(access).values_list("pk", flat=True))
    members = family.order_by("sort", "ticket_id").values_list("pk", "number", "flags")
    return [RelatedTicket(pk, number or "", bool(flags & MERGED), pk in visible) for pk, number, flags in members]
