"""The e-mail templates of the recorded help desk: its subjects (osticket/mail.md §8); our own texts are others."""

from __future__ import annotations

from helpdesk.mail.models import EmailTemplate
from tests.conformance.repeated import repeat

SUBJECTS = {
    "ticket.autoresp": "Support Ticket Opened [#%{ticket.number}]",
    "ticket.autoreply": "Re: %{ticket.subject} [#%{ticket.number}]",
    "message.autoresp": "Message Confirmation",
    "ticket.notice": "%{ticket.subject} [#%{ticket.number}]",
    "ticket.overlimit": "Open Tickets Limit Reached",
    "ticket.reply": "Re: %{ticket.subject} [#%{ticket.number}]",
    "ticket.activity.notice": "Re: %{ticket.subject} [#%{ticket.number}]",
    "ticket.alert": "New Ticket Alert",
    "message.alert": "New Message Alert",
    "note.alert": "New Internal Activity Alert",
    "assigned.alert": "Ticket Assigned to you",
    "transfer.alert": "Ticket #%{ticket.number} transfer - %{ticket.dept.name}",
    "ticket.overdue": "Stale Ticket Alert",
    "task.alert": "New Task Alert",
    "task.activity.notice": "Re: %{task.title} [#%{task.number}]",
    "task.activity.alert": "Task Activity [#%{task.number}] - %{activity.title}",
    "task.assignment.alert": "Task Assigned to you",
    "task.transfer.alert": "Task #%{task.number} transfer - %{task.dept.name}",
    "task.overdue.alert": "Stale Task Alert",
}


def use_recorded_subjects() -> None:
    """Give the templates of the test's help desk the recorded subjects; their bodies stay ours."""
    repeat("subjects", _write_subjects)


def _write_subjects() -> None:
    for code, subject in SUBJECTS.items():
        EmailTemplate.objects.filter(code_name=code).update(subject=subject)
