"""Operations of `lifecycle.json` on threads: what is posted, changed, sent again; who takes part (tickets.md §10)."""

from __future__ import annotations

from typing import Any
from unittest import mock

from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import TEXT
from helpdesk.threads.mails import MailFacts
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.services import NOBODY
from tests.conformance.lifecycle.operations import Step, operation
from tickets.new_ticket import Addressee, ReplyTo, Signature
from tickets.services import (
    add_collaborator,
    edit_entry,
    post_message,
    post_note,
    post_reply,
    resend_entry,
    update_collaborators,
)
from tickets.states import thread_of

DELIVERED_TO = "delivered-to"


@operation("ticket.post_message")
def message(step: Step) -> Any:
    values, world = step.args["vars"], step.world
    by_mail = step.args["origin"] == "Email"
    others = [one for one in values.get("recipients", ()) if one["source"] != DELIVERED_TO]
    entry = post_message(
        world.ticket(step.args["ticket"]),
        actor=step.actor,
        user=world.user(values["userId"]),
        body=values["message"],
        poster=values["poster"],
        recipients=NOBODY if by_mail else None,
        addressed=[Addressee(one["email"], one["name"], one["source"]) for one in others],
    )
    return {"entry_id": entry.pk}


@operation("ticket.post_reply")
def reply(step: Step) -> Any:
    values, world = step.args["vars"], step.world
    status_id = values.get("reply_status_id")
    with mock.patch("tickets.services.posting.require"):  # the routine does not ask who may: the page did
        posted = post_reply(
            world.ticket(step.args["ticket"]),
            actor=step.actor,
            body=values["response"],
            reply_to=ReplyTo(values["reply-to"]),
            alert=step.args.get("alert", True),
            cc=[int(pk) for pk in values["ccs"]] if "ccs" in values else None,
            signature=Signature(values.get("signature", "none")),
            sender=values.get("from_email_id"),
            status=world.status(status_id) if status_id else None,
        )
    return {"entry_id": posted.entry.pk}


@operation("ticket.post_note")
def note(step: Step) -> Any:
    values, world = step.args["vars"], step.world
    status_id = values.get("note_status_id")
    posted = post_note(
        world.ticket(step.args["ticket"]),
        actor=step.actor,
        body=values["note"],
        status=world.status(status_id) if status_id else None,
    )
    return {"entry_id": posted.entry.pk}


@operation("POST /scp/tickets.php?id=<id> a=reply")
def reply_on_the_page(step: Step) -> Any:
    values, world = step.args, step.world
    return post_reply(
        world.ticket(step.ids[0]),
        actor=step.actor,
        body=values["response"],
        reply_to=ReplyTo(values["reply-to"]),
        collaborators=list(EndUser.objects.filter(pk__in=values["ccs"])) if "ccs" in values else None,
        signature=Signature(values["signature"]),
        status=world.status(values["reply_status_id"]),
        lock_code=values.get("lockCode", ""),
    )


@operation("POST /scp/tickets.php?id=<id> a=postnote")
def note_on_the_page(step: Step) -> Any:
    values, world = step.args, step.world
    return post_note(
        world.ticket(step.ids[0]),
        actor=step.actor,
        body=values["note"],
        title=values.get("title", ""),
        status=world.status(values["note_status_id"]),
        lock_code=values.get("lockCode", ""),
    )


@operation("thread.post_email")
def mail(step: Step) -> Any:
    """What an agent answers by mail is an internal note; mails of others have cases of their own (mail-thread.json)."""
    found = step.args["mailinfo"]
    posted = post_note(
        step.world.ticket(step.args["ticket"]),
        actor=step.actor,
        author=step.world.agent(found["staffId"]),
        body=found["message"],
        format=TEXT,
        mail=MailFacts(found["mid"], found["header"]),
    )
    return {"entry_id": posted.entry.pk}


@operation("entry.edit")
def edit(step: Step) -> Any:
    entry, values = ThreadEntry.objects.get(pk=step.args["entry"]), step.args["post"]
    ticket = step.world.ticket(entry.thread.object_id if entry.thread else 0)
    edited = edit_entry(ticket, actor=step.actor, entry=entry, body=values["body"], title=values["title"])
    return {"entry_id": edited.entry.pk}


@operation("entry.resend")
def resend(step: Step) -> bool:
    entry = ThreadEntry.objects.get(pk=step.args["entry"])
    ticket = step.world.ticket(entry.thread.object_id if entry.thread else 0)
    resend_entry(ticket, actor=step.actor, entry=entry, signature=Signature(step.args["post"]["signature"]))
    return True


# --- Collaborators ----------------------------------------------------------------------------------------------------


@operation("ticket.add_collaborator", "POST /scp/tickets.php?id=<id> do=addcc")
def collaborator(step: Step) -> Any:
    number = step.args.get("ticket") or step.ids[0]
    user = step.world.user(step.args.get("user") or step.args["user_id"])
    return {"collaborator_id": add_collaborator(step.world.ticket(number), actor=step.actor, user=user).pk}


@operation("thread.update_collaborators")
def collaborators(step: Step) -> bool:
    ticket, values = step.world.ticket(step.args["ticket"]), step.args["vars"]
    known = [row.pk for row in thread_of(ticket).collaborators.order_by("pk")]  # numbered from 1 in the cases
    update_collaborators(
        ticket,
        actor=step.actor,
        active=[known[number - 1] for number in values["cid"]],
        removed=[known[number - 1] for number in values.get("del", ())],
    )
    return True
