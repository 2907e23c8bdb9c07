"""Mails about accounts (osticket/auth.md §4, §7): content pages with a link that holds a token, or with a code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.people.models import Agent, EndUser
from helpdesk.people.names import agent_name


def write_account_mail(person: EndUser | Agent, content: str, key: str, now: datetime, code_id: str = "") -> None:
    """Write a mail to a user or an agent down, made from a content page.

    `user` or `account_of` in its context tells whose token to look up, `code` which code.
    """
    context: dict[str, Any]
    if isinstance(person, Agent):
        name = agent_name(person.firstname, person.lastname, username=person.username)
        recipient = Recipient(RecipientKind.AGENT, str(person.email), name, person.pk)
        context = {"account_of": person.pk, **({"code": code_id} if code_id else {})}
    elif person.default_email is None:
        return
    else:
        recipient = Recipient(RecipientKind.USER, str(person.default_email.address), str(person.name), person.pk)
        context = {"user": person.pk}
    kind = "agent" if isinstance(person, Agent) else "user"
    mail = NewMail(to=[recipient], key=key, template=content, context=context)
    queue_mails([mail], object_type=kind, object_id=person.pk, now=now)
