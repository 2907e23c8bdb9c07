"""Mails that answer a mail about a task: messages in its conversation, without alerts (osticket/mail.md §4.4)."""

from __future__ import annotations

from helpdesk.mail.incoming import IncomingMail, Verdict
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.people.selectors import user_of_address
from helpdesk.threads.mails import MailFacts
from tasks.models import Task
from tasks.policies import can
from tasks.services.posting import post_task_message
from tasks.states import find_thread
from tickets.services.mail_contents import files_of, name_in_entry, noted_recipients, with_sender
from tickets.services.mail_matching import Match
from tickets.services.mail_senders import agent_of_address, is_token_of


class TaskMail:
    """Takes the mails of tasks (`tickets.registries.MailReceiver`)."""

    def find(self, object_id: int) -> Task | None:
        """Give the task of a thread."""
        return Task.objects.filter(pk=object_id).first()

    def post(self, place: Task, match: Match, mail: IncomingMail, facts: MailFacts, *, actor: Actor) -> None:
        """Post a mail: of the agent whom it was sent to, of a collaborator, or in nobody's name."""
        writer = _agent(place, match, mail)
        user = None if writer is not None else _collaborator(place, mail)
        is_known = writer is not None or user is not None
        post_task_message(
            place,
            actor=writer or actor,
            user=user,
            poster="" if writer is not None else name_in_entry(mail, user),
            body=mail.body if is_known else with_sender(mail),
            format=mail.format,
            files=files_of(mail),
            source="Email",
            parent=match.entry,
            recipients=noted_recipients(mail),
            mail=facts,
        )


def _agent(task: Task, match: Match, mail: IncomingMail) -> Actor | None:
    agent = agent_of_address(mail.sender.address) if mail.sender else None
    if agent is None or not is_token_of(agent, match, mail):
        return None
    actor = Actor.for_agent(agent)
    return actor if can(actor, None, task) else None


def _collaborator(task: Task, mail: IncomingMail) -> EndUser | None:
    user = user_of_address(mail.sender.address) if mail.sender and mail.verdict is not Verdict.FAILED else None
    thread = find_thread(task)
    is_taking_part = thread is not None and user is not None and thread.collaborators.filter(user=user).exists()
    return user if is_taking_part else None
