"""The reads of the directory: which users and organizations, what is known of them, their tickets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.configuration.models import QuickNote
from helpdesk.directory.paging import Page, newest_first
from helpdesk.forms.rich_text import html_as_typed, shown_answer
from helpdesk.forms.selectors import subjects_of
from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.people.access import AgentAccess
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import Agent, EndUser, Organization, UserAccount, UserEmail
from helpdesk.people.selectors import notes_on
from tickets.models import Ticket

LONGEST_QUERY = 100
TICKETS_SHOWN = 25
GUEST = gettext_lazy("Guest")


@dataclass(frozen=True)
class ShownNote:
    """A quick note as the page shows it: `html` is safe, `typed` what a form edits; `on_organization` tells where."""

    id: int
    html: SafeString
    typed: str
    author: str
    note: QuickNote
    on_organization: bool


@dataclass(frozen=True)
class TicketLine:
    """A ticket in the list of a user or organization."""

    ticket: Ticket
    subject: str


def users_matching(query: str) -> QuerySet[EndUser]:
    """Give users whose name holds the words, or one of whose addresses begins so; all of them without words."""
    users = EndUser.objects.select_related("default_email", "org")
    text = " ".join(clean_text(query).split())[:LONGEST_QUERY]
    if not text:
        return users
    addresses = UserEmail.objects.filter(address__istartswith=text)
    words = Q()
    for word in text.split():
        words &= Q(name__folded_contains=word)
    return users.filter(words | Q(pk__in=addresses.values("user")))


def organizations_matching(query: str) -> QuerySet[Organization]:
    """Give organizations whose name or mail domains hold the text; all of them without one."""
    text = " ".join(clean_text(query).split())[:LONGEST_QUERY]
    organizations = Organization.objects.all()
    return organizations.filter(Q(name__folded_contains=text) | Q(domain__icontains=text)) if text else organizations


def ticket_counts(user_ids: Collection[int], access: AgentAccess) -> dict[int, int]:
    """Give how many tickets of each user the agent may see, in one query."""
    tickets = Ticket.objects.visible_to(access).filter(user__in=user_ids)
    return dict(tickets.order_by().values_list("user").annotate(number=Count("pk")))


def account_states(user_ids: Collection[int]) -> dict[int, str]:
    """Give the state of the account of each user who has one, in words, in one query."""
    accounts = UserAccount.objects.filter(user__in=user_ids).values_list("user_id", "status")
    return {user_id: account_state(status) for user_id, status in accounts}


def account_state(status: int | None) -> str:
    """Give the state of an account in osTicket's words; None is a guest."""
    if status is None:
        return str(GUEST)
    if status & int(AccountStatus.LOCKED):
        return _("Locked (Administrative)")
    return _("Active (Registered)") if status & int(AccountStatus.CONFIRMED) else _("Locked (Pending Activation)")


def member_counts(organization_ids: Collection[int]) -> dict[int, int]:
    """Give how many members each organization has, in one query."""
    users = EndUser.objects.filter(org__in=organization_ids)
    return dict(users.order_by().values_list("org").annotate(number=Count("pk")))


def get_user(user_id: int) -> EndUser:
    """Give a user with organization and address. Raises NotFound."""
    users = EndUser.objects.select_related("default_email", "org")
    user = users.filter(pk=user_id).first() if 0 < user_id <= LARGEST_ID else None
    if user is None:
        raise NotFound(_("There is no such user."), code="user_unknown")
    return user


def get_organization(organization_id: int) -> Organization:
    """Give an organization. Raises NotFound."""
    is_number = 0 < organization_id <= LARGEST_ID
    organization = Organization.objects.filter(pk=organization_id).first() if is_number else None
    if organization is None:
        raise NotFound(_("There is no such organization."), code="organization_unknown")
    return organization


def get_note(note_id: int) -> QuickNote:
    """Give a quick note. Raises NotFound."""
    note = QuickNote.objects.filter(pk=note_id).first() if 0 < note_id <= LARGEST_ID else None
    if note is None:
        raise NotFound(_("Note not found"), code="note_unknown")
    return note


def tickets_of(
    access: AgentAccess, *, user: EndUser | None = None, organization: Organization | None = None, after: str = ""
) -> tuple[list[TicketLine], Page[Ticket]]:
    """Give a page of the tickets of a user or of all members of an organization that the agent may see."""
    condition = Q(user=user) if user is not None else Q(user__org=organization)
    tickets = Ticket.objects.visible_to(access).filter(condition)
    page = newest_first(tickets.select_related("status", "dept", "user"), after=after, size=TICKETS_SHOWN)
    subjects = subjects_of([ticket.pk for ticket in page.rows])
    return [TicketLine(ticket, subjects.get(ticket.pk) or _("(no subject)")) for ticket in page.rows], page


def shown_notes(*, user: EndUser | None = None, organization: Organization | None = None) -> list[ShownNote]:
    """Give the notes on a user, with those on his organization, or on an organization; two queries."""
    notes = notes_on(user, organization)
    agents = {agent.pk: agent.name for agent in Agent.objects.filter(pk__in={note.staff_id for note in notes})}
    return [
        ShownNote(
            note.pk,
            shown_answer(note.body or ""),
            html_as_typed(note.body or ""),
            agents.get(note.staff_id, ""),
            note,
            on_organization=(note.ext_id or "").startswith("O"),
        )
        for note in notes
    ]
