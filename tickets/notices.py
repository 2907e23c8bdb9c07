"""Who gets which mail about a ticket (osticket/mail.md §7, osticket/tickets.md §6.2, §7.1, §10, §11.2).

Decided in the transaction of the cause, from the settings and people of that moment; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from helpdesk import configuration
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind
from helpdesk.people.constants import AlertMembership, DepartmentAccessFlag, TeamFlag, TeamMemberFlag
from helpdesk.people.models import Agent, Department, DepartmentAccess, EndUser, Team
from helpdesk.threads.constants import CollaboratorFlag, EntryType
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.services import Recipients
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tickets.assignees import is_available, manager_of
from tickets.intake import by_id, intake
from tickets.models import Ticket
from tickets.names import address_of, full_name
from tickets.new_ticket import Signature
from tickets.states import is_open, thread_of

# --- New tickets ------------------------------------------------------------------------------------------------------


def autoresponse(ticket: Ticket, entry: ThreadEntry) -> list[NewMail]:
    """Give the confirmation for the owner of a new ticket, where settings and department want it.

    Whether the caller, the mailbox and the help topic want it is decided before (`wants_autoresponse`).
    """
    department = ticket.dept
    is_off = not _setting("ticket_autoresponder") or (department is not None and not department.ticket_auto_response)
    if is_off or ticket.user is None:
        return []
    return [
        NewMail(
            to=[user_recipient(ticket.user)],
            key=f"entry {entry.pk}",
            template="ticket.autoresp",
            sender=autoresponse_sender(department),
            context={"ticket": ticket.pk, "message": entry.pk},
        )
    ]


def new_ticket_alert(ticket: Ticket, entry: ThreadEntry) -> list[NewMail]:
    """Give the alerts for agents and the administrator, one mail each."""
    if not _setting("ticket_alert_active"):
        return []
    department = ticket.dept
    agents: list[Agent] = []
    if department is not None:
        if _setting("ticket_alert_dept_members") and ticket.staff_id is None and ticket.team_id is None:
            agents += [one for one in alert_members(department) if one.pk != department.manager_id]
        if _setting("ticket_alert_dept_manager") and department.manager is not None:
            agents.append(department.manager)
    if _setting("ticket_alert_acct_manager"):
        agents += account_managers(ticket)
    recipients = _agents_once(agents)
    if recipients and department is not None and not _alerts_reach_members(department):
        recipients = []
    if _setting("ticket_alert_admin") and not _is_silent(department):
        recipients = _with_administrator(recipients)
    return [_alert("ticket.alert", one, ticket, entry, {"message": entry.pk}) for one in recipients]


def over_limit(ticket: Ticket, *, limit: int, autorespond: bool) -> list[NewMail]:
    """Give the mails for the moment at which an owner has as many open tickets as allowed."""
    address = address_of(ticket.user)
    key = f"ticket {ticket.pk}"
    mails = _to_administrator(
        f"Maximum Open Tickets Limit ({address})", f"Maximum open tickets ({limit}) reached for {address}", key
    )
    if ticket.user is not None and autorespond and _setting("overlimit_notice_active"):
        sender = autoresponse_sender(ticket.dept)
        mails.append(
            NewMail([user_recipient(ticket.user)], key, "ticket.overlimit", sender, context={"ticket": ticket.pk})
        )
        mails += _to_administrator("Overlimit Notice", f"{address} has {limit} open tickets.", key)
    return mails


def canned_reply(ticket: Ticket, entry: ThreadEntry) -> list[NewMail]:
    """Give the mail with an answer that was posted automatically."""
    if ticket.user is None:
        return []
    context = {"ticket": ticket.pk, "response": entry.pk}
    return [
        NewMail(
            [user_recipient(ticket.user)], f"entry {entry.pk}", "ticket.autoreply", department_sender(ticket.dept),
            context=context,
        )
    ]  # fmt: skip


def wants_autoresponse(ticket: Ticket) -> bool:
    """Whether mailbox, help topic and the owner's address let a confirmation go out: never to an own address."""
    mailbox = ticket.email
    if (mailbox is not None and mailbox.noautoresp) or (ticket.topic is not None and ticket.topic.noautoresp):
        return False
    return not _is_own(address_of(ticket.user))


# --- Later ------------------------------------------------------------------------------------------------------------


def assignment_alert(
    ticket: Ticket, *, agent: Agent | None = None, team: Team | None = None, event_id: int, assigner: str
) -> list[NewMail]:
    """Give the alerts for a new assignee; nobody is told where the department has nobody to be told (§7.1)."""
    if not _setting("assigned_alert_active") or (ticket.dept is not None and not _alerts_reach_members(ticket.dept)):
        return []
    told: list[Agent] = []
    if agent is not None and _setting("assigned_alert_staff"):
        told = [agent]
    if team is not None and not (team.flags or TeamFlag(0)) & TeamFlag.NO_ALERTS:
        if _setting("assigned_alert_team_members"):
            told = team_members(team)
        elif _setting("assigned_alert_team_lead") and team.lead is not None:
            told = [team.lead]
    context = {"ticket": ticket.pk, "assigner": assigner, "assignee": full_name(agent) if agent else str(team)}
    return [
        NewMail([one], f"event {event_id}", "assigned.alert", department_sender(ticket.dept), context=context)
        for one in _agents_once(told)
    ]


def transfer_alert(ticket: Ticket, *, note: ThreadEntry | None, event_id: int, mover: str) -> list[NewMail]:
    """Give the alerts for the department that a ticket came to; whoever moved it is told like the others (§8.1)."""
    department = ticket.dept
    if not _setting("transfer_alert_active") or department is None or not _alerts_reach_members(department):
        return []
    agents: list[Agent] = []
    if ticket.staff_id or ticket.team_id:
        agents += _assignees(ticket) if _setting("transfer_alert_assigned") else []
    elif _setting("transfer_alert_dept_members"):
        agents += alert_members(department)
    if _setting("transfer_alert_dept_manager") and department.manager is not None:
        agents.append(department.manager)
    context = {"ticket": ticket.pk, "staff": mover, "note": note.pk if note is not None else None}
    return [
        NewMail([one], f"event {event_id}", "transfer.alert", department_sender(department), context=context)
        for one in _agents_once(agents)
    ]


def message_mails(ticket: Ticket, entry: ThreadEntry, *, by_mail: bool) -> list[NewMail]:
    """Give the mails about what an end user wrote on a ticket (§10.1, steps 8 to 10).

    A confirmation for the writer, word to the other participants (unless it came by mail, which they got themselves),
    and alerts for agents.
    """
    mails: list[NewMail] = []
    writer = entry.user
    department = ticket.dept
    key, context = f"entry {entry.pk}", {"ticket": ticket.pk, "message": entry.pk}
    confirms = _setting("message_autoresponder") and department is not None and department.message_auto_response
    if confirms and writer is not None and not _is_own(address_of(writer)):
        sender = autoresponse_sender(department)
        mails.append(NewMail([user_recipient(writer)], key, "message.autoresp", sender, context=context))
    if not by_mail and _setting("message_autoresponder_collabs"):
        told = [one for one in _participants(ticket) if writer is None or one.id != writer.pk]
        sender = department_sender(department)
        mails.append(NewMail(told[:1], key, "ticket.activity.notice", sender, cc=told[1:], context=context))
    if _setting("message_alert_active"):
        agents = _concerned(ticket, "message_alert")
        agents += account_managers(ticket) if _setting("message_alert_acct_manager") else []
        mails += [_alert("message.alert", one, ticket, entry, {"message": entry.pk}) for one in _agents_once(agents)]
    return mails


def reply_mails(
    ticket: Ticket,
    entry: ThreadEntry,
    recipients: Recipients,
    *,
    signature: Signature = Signature.NONE,
    sender: int | None = None,
) -> list[NewMail]:
    """Give the one mail with an agent's answer: to the owner, with the collaborators in copy (§10.3, step 7).

    `sender` is the id of the address to write from, where the agent chose one.
    """
    addressed = [one for one in _participants(ticket) if _is_addressed(one, recipients)]
    return [_reply_mail(ticket, entry, addressed, f"entry {entry.pk}", signature, sender)]


def repeated_reply_mails(
    ticket: Ticket, entry: ThreadEntry, *, event_id: int, signature: Signature = Signature.NONE
) -> list[NewMail]:
    """Give the mail with an answer that is sent once more: to the owner and those it was addressed to (§10.6)."""
    stored = entry.recipients if isinstance(entry.recipients, dict) else {}
    copies = set(stored["cc"].values()) if isinstance(stored.get("cc"), dict) else set()
    addressed = [one for one in _participants(ticket) if one.id == ticket.user_id or _mailbox(one) in copies]
    return [_reply_mail(ticket, entry, addressed, f"event {event_id}", signature, None)]


def _reply_mail(
    ticket: Ticket, entry: ThreadEntry, to: list[Recipient], key: str, signature: Signature, sender: int | None
) -> NewMail:
    context = {"ticket": ticket.pk, "response": entry.pk, "signature": str(signature)}
    sender = _known_mailbox(sender) or department_sender(ticket.dept)
    return NewMail(to[:1], key, "ticket.reply", sender, cc=to[1:], context=context)


def activity_alert(ticket: Ticket, entry: ThreadEntry, *, assigned_before: Agent | None) -> list[NewMail]:
    """Give the alerts about a note or an answer; whoever wrote it is not told (§10.5)."""
    if not _setting("note_alert_active") or (ticket.dept is not None and not _alerts_reach_members(ticket.dept)):
        return []
    agents = _concerned(ticket, "note_alert", assigned_before=assigned_before)
    others = [agent for agent in agents if agent.pk != entry.staff_id]
    return [
        NewMail(
            [one], f"entry {entry.pk}", "note.alert", alert_sender(), context={"ticket": ticket.pk, "note": entry.pk}
        )
        for one in _agents_once(others)
    ]


def overdue_alert(ticket: Ticket, *, now: datetime) -> list[NewMail]:
    """Give the alerts for a ticket that became overdue just now (§11.2)."""
    if tells_nobody(ticket.sla):
        return []
    return overdue_mails(ticket.pk, overdue_recipients(ticket), department_sender(ticket.dept), overdue_moment(now))


def overdue_moment(now: datetime) -> str:
    """Give what keys of mails say of the moment; a ticket becomes overdue once at a time."""
    return f"{now:%Y-%m-%d %H:%M:%S}"


def overdue_mails(ticket_id: int, recipients: Iterable[Recipient], sender: int, moment: str) -> list[NewMail]:
    """Give the mails for those who are to be told that a ticket became overdue at a moment (`overdue_moment`)."""
    key = f"ticket {ticket_id} overdue {moment}"
    return [NewMail([one], key, "ticket.overdue", sender, context={"ticket": ticket_id}) for one in recipients]


def tells_nobody(plan: SlaPlan | None) -> bool:
    """Whether nobody is told of tickets of this SLA plan that become overdue."""
    return plan is not None and bool(plan.flags & SlaFlag.NO_ALERTS)


def overdue_recipients(
    ticket: Ticket,
    *,
    members_of: Callable[[Department], list[Agent]] | None = None,
    members_of_team: Callable[[Team], list[Agent]] | None = None,
) -> list[Recipient]:
    """Give those who are to be told that the ticket is overdue, unless its SLA plan tells nobody: by its department and
    assignees.

    `members_of` is `alert_members`, or something that remembers what it gave; `members_of_team` likewise.
    """
    department, members_of = ticket.dept, members_of or alert_members
    if not _setting("overdue_alert_active") or department is None or not members_of(department):
        return []
    agents: list[Agent] = []
    if ticket.staff_id or ticket.team_id:
        agents += _assignees(ticket, members_of_team) if _setting("overdue_alert_assigned") else []
    elif _setting("overdue_alert_dept_members"):
        agents += members_of(department)
    if _setting("overdue_alert_dept_manager") and department.manager is not None:
        agents.append(department.manager)
    return _agents_once(agents)


def alert_members(department: Department) -> list[Agent]:
    """Give the agents who get the alerts of a department, by name (osticket/routing.md §1)."""
    if department.group_membership == AlertMembership.NOBODY:
        return []
    members = list(Agent.objects.available().filter(dept=department).order_by("pk"))
    if department.group_membership == AlertMembership.ALL_MEMBERS:
        extended = DepartmentAccess.objects.filter(dept=department).select_related("staff")
        wanted = [row.staff for row in extended if row.flags & DepartmentAccessFlag.ALERTS and row.staff is not None]
        members += [one for one in wanted if is_available(one)]
    return sorted(members, key=lambda agent: (agent.firstname or "", agent.lastname or "", agent.pk))


def team_members(team: Team) -> list[Agent]:
    """Give the members of a team who want its alerts."""
    rows = team.memberships.select_related("staff").order_by("staff_id")
    return [row.staff for row in rows if row.staff is not None and row.flags & TeamMemberFlag.ALERTS]


# --- Senders and recipients -------------------------------------------------------------------------------------------


def user_recipient(user: EndUser) -> Recipient:
    """Give an end user as recipient, under the default address."""
    return Recipient(RecipientKind.USER, address_of(user), user.name, user.pk)


def department_sender(department: Department | None) -> int:
    """Give the address from which a department writes; 0 for the default one (osticket/mail.md §6.5)."""
    return _known_mailbox(department.email_id if department else 0)


def autoresponse_sender(department: Department | None) -> int:
    """Give the address from which a department answers automatically."""
    return _known_mailbox(department.autoresp_email_id if department else 0) or department_sender(department)


def alert_sender() -> int:
    """Give the address from which administrators are written to."""
    return _known_mailbox(configuration.current().integer("alert_email_id"))


def _participants(ticket: Ticket) -> list[Recipient]:
    """Give the owner and the active collaborators; `id` is that of the user."""
    found = [user_recipient(ticket.user)] if ticket.user is not None else []
    rows = thread_of(ticket).collaborators.select_related("user__default_email").order_by("id")
    active = [row.user for row in rows if row.flags & CollaboratorFlag.ACTIVE and row.user is not None]
    return [*found, *(replace(user_recipient(user), kind=RecipientKind.COLLABORATOR) for user in active)]


def _is_addressed(one: Recipient, recipients: Recipients) -> bool:
    return _mailbox(one) in recipients.to.values() or _mailbox(one) in recipients.cc.values()


def _mailbox(one: Recipient) -> str:
    return f"{one.name} <{one.address}>"


def _concerned(ticket: Ticket, group: str, *, assigned_before: Agent | None = None) -> list[Agent]:
    """Give the agents whom a group of settings names: who answered last, who has the ticket, the manager."""
    agents: list[Agent] = []
    if _setting(f"{group}_laststaff"):
        agents += _last_respondent(ticket)
    if _setting(f"{group}_assigned"):
        agents += [assigned_before] if assigned_before is not None else []
        agents += _assignees(ticket) if is_open(ticket) else []
    if _setting(f"{group}_dept_manager") and ticket.dept is not None and ticket.dept.manager is not None:
        agents.append(ticket.dept.manager)
    return agents


def _assignees(ticket: Ticket, members_of: Callable[[Team], list[Agent]] | None = None) -> list[Agent]:
    """Give the agent who has the ticket, else the members of the team."""
    if ticket.staff is not None:
        return [ticket.staff]
    return (members_of or team_members)(ticket.team) if ticket.team is not None else []


def _last_respondent(ticket: Ticket) -> list[Agent]:
    responses = thread_of(ticket).entries.filter(type=EntryType.RESPONSE, staff__isnull=False)
    newest = responses.select_related("staff").order_by("-id").first()
    return [newest.staff] if newest is not None and newest.staff is not None else []


def _is_own(address: str) -> bool:
    return address.strip().lower() in intake().own_addresses


def _known_mailbox(mailbox_id: int | None) -> int:
    return mailbox_id if mailbox_id and by_id(intake().mailboxes, mailbox_id) is not None else 0


def _setting(name: str) -> bool:
    return configuration.current().boolean(name)


def _is_silent(department: Department | None) -> bool:
    return department is not None and department.group_membership == AlertMembership.NOBODY


def _alerts_reach_members(department: Department) -> bool:
    """Whether anybody in the department may get alerts; without them nobody else is told either."""
    return bool(alert_members(department))


def _agents_once(agents: Iterable[Agent]) -> list[Recipient]:
    """Give available agents as recipients, each address once."""
    found: dict[str, Recipient] = {}
    for agent in agents:
        address = (agent.email or "").strip()
        if address and is_available(agent):
            recipient = Recipient(RecipientKind.AGENT, address, full_name(agent), agent.pk)
            found.setdefault(address.lower(), recipient)
    return list(found.values())


def account_managers(ticket: Ticket) -> list[Agent]:
    """Give who looks after the organization of the owner: an agent, or the members of a team."""
    manager = manager_of(ticket.user.org if ticket.user else None)
    if isinstance(manager, Team):
        return team_members(manager)
    return [manager] if manager is not None else []


def _with_administrator(recipients: list[Recipient]) -> list[Recipient]:
    address = configuration.current().text("admin_email").strip()
    is_told = any(one.address.lower() == address.lower() for one in recipients)
    return recipients if is_told or not address else [*recipients, Recipient(RecipientKind.ADDRESS, address)]


def _to_administrator(subject: str, text: str, key: str) -> list[NewMail]:
    return [
        NewMail([one], f"{key} {subject}", sender=alert_sender(), subject=subject, text=text)
        for one in _with_administrator([])
    ]


def _alert(template: str, to: Recipient, ticket: Ticket, entry: ThreadEntry, context: dict[str, Any]) -> NewMail:
    return NewMail(
        [to], f"entry {entry.pk}", template, department_sender(ticket.dept), context={"ticket": ticket.pk, **context}
    )
