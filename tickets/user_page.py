"""What an end user sees of a ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.files.links import LinkMaker
from helpdesk.forms.attached import linked_files
from helpdesk.forms.bound import Origin
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import ShownAnswer, answered_forms
from helpdesk.people.models import Department, EndUser
from tickets.models import Ticket
from tickets.names import shown_user
from tickets.policies import UserAction, user_actions
from tickets.screens import AuthorKind, CustomAnswer, ThreadItem
from tickets.services.status import may_reopen_by_itself
from tickets.states import find_thread, is_open
from tickets.thread_items import ThreadPart, public_part_of


@dataclass(frozen=True)
class UserCollaborator:
    """Somebody who takes part; `is_reader` is he who reads the page."""

    id: int
    name: str
    is_reader: bool


@dataclass(frozen=True)
class UserTicketPage:
    """The page; texts are plain, `items` are messages and replies, `older` leads to those before them."""

    ticket_id: int
    number: str
    subject: str
    status_name: str
    status_state: str
    department_name: str
    topic_name: str
    requester_name: str
    collaborators: list[UserCollaborator]
    created: datetime | None
    closed: datetime | None
    custom_answers: list[CustomAnswer]
    items: list[ThreadItem]
    older: int | None
    is_newest_part: bool
    may_reply: bool
    reopens: bool
    may_close: bool
    may_reopen: bool
    may_edit: bool
    may_manage_collaborators: bool

    @property
    def draft_namespace(self) -> str:
        """Where what the reader writes is kept (osticket/tickets.md §15.4)."""
        return f"ticket.client.{self.ticket_id}"


def user_ticket_page(ticket: Ticket, reader: EndUser, *, links: LinkMaker, before: int | None = None) -> UserTicketPage:
    """Give what the page shows `reader`; `ticket` comes from `get_ticket_for_user`."""
    actions = user_actions(reader, ticket)
    thread = find_thread(ticket)
    part = public_part_of(ticket, thread, links=links, before=before) if thread else ThreadPart([], None)
    forms = answered_forms(EntryObject.TICKET, ticket.pk, for_agent=False)
    answered = [(form, answer) for form in forms for answer in form.answers]
    answers = [(form, answer) for form, answer in answered if not answer.is_empty]
    subject = next((answer.text for _form, answer in answers if answer.name == "subject"), "")
    files = linked_files(forms, links)
    others = thread.collaborators.select_related("user").order_by("id") if thread else []
    reopens = may_reopen_by_itself(ticket)
    return UserTicketPage(
        ticket_id=ticket.pk,
        number=ticket.number or "",
        subject=subject or _("(no subject)"),
        status_name=ticket.status.name if ticket.status else "",
        status_state=(ticket.status.state or "") if ticket.status else "",
        department_name=ticket.dept.name if ticket.dept and _is_public(ticket.dept) else "",
        topic_name=ticket.topic.topic if ticket.topic else "",
        requester_name=shown_user(ticket.user),
        collaborators=[
            UserCollaborator(row.pk, shown_user(row.user), is_reader=row.user_id == reader.pk)
            for row in others
            if row.user
        ],
        created=ticket.created,
        closed=ticket.closed,
        custom_answers=[
            CustomAnswer(form.form.title, one.label, files.get((form.entry.pk, one.field.pk), one.text))
            for form, one in answers
            if one.name != "subject"
        ],
        items=[_without_agent(item) for item in part.items],
        older=part.older,
        is_newest_part=before is None,
        may_reply=is_open(ticket) or reopens,
        reopens=reopens,
        may_close=UserAction.CLOSE in actions and is_open(ticket),
        may_reopen=UserAction.CLOSE in actions and reopens,
        may_edit=UserAction.EDIT in actions and any(_is_editable(answer) for _form, answer in answered),
        may_manage_collaborators=UserAction.MANAGE_COLLABORATORS in actions,
    )


def _without_agent(item: ThreadItem) -> ThreadItem:
    """Put the help desk in the place of an agent whose name the setting `hide_staff_name` keeps back."""
    current = configuration.current()
    if item.author_kind is AuthorKind.USER or not current.boolean("hide_staff_name") or item.kind == "message":
        return item
    return replace(item, author_name=current.text("helpdesk_title"))


def _is_editable(answer: ShownAnswer) -> bool:
    return Origin.CLIENT_UPDATE.accepts(answer.field)


def _is_public(department: Department) -> bool:
    return bool(department.ispublic)
