"""What the search box offers while somebody types: ticket numbers and people, found in indexes alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.folding import fold
from helpdesk.legacy.time_limits import TookTooLong, time_limit
from helpdesk.people.access import AgentAccess
from helpdesk.people.models import EndUser, UserEmail
from helpdesk.threads.constants import ObjectType
from tickets.models import Ticket
from tickets.search.engines import find_documents
from tickets.search.words import Term, WordQuery, tokens

SHORTEST_NUMBER, SHORTEST_NAME = 2, 2
MOST = 6
_LOOKED_AT = 60
_SECONDS = 0.05


@dataclass(frozen=True)
class SuggestedTicket:
    """A ticket whose number begins as it was typed."""

    id: int
    number: str
    subject: str


def suggest_tickets(access: AgentAccess, text: str) -> list[SuggestedTicket]:
    """Give the tickets that the agent may open whose number begins so, in the order of their numbers."""
    number = text.strip().lstrip("#").strip()
    if len(number) < SHORTEST_NUMBER or len(number) > 20 or not number.isalnum():
        return []
    rows = Ticket.objects.filter(number__gte=number, number__lt=f"{number}{_last_letter()}").order_by("number")
    ids = list(rows.values_list("pk", flat=True)[:_LOOKED_AT])
    tickets = list(
        Ticket.objects.accessible_to(access).filter(pk__in=ids).order_by("number").values_list("pk", "number")[:MOST]
    )
    subjects = cdata.fetch(EntryObject.TICKET, [pk for pk, _number in tickets], {"subject"}) if tickets else {}
    return [SuggestedTicket(pk, text or "", subjects.get(pk, {}).get("subject") or "") for pk, text in tickets]


def people_ids(text: str, *, most: int) -> list[int]:
    """Give people by the beginnings of words of their names and addresses, in indexes alone."""
    words = [word for word in tokens(text) if word]
    if not words or len(fold(text)) < SHORTEST_NAME:
        return []
    if connection.vendor == "mysql":
        return _people_of_mysql(text, words, most)
    query = WordQuery(required=tuple(Term((word,), is_prefix=True) for word in words))
    return [found.object_id for found in find_documents(query, ObjectType.USER, ranked=False, limit=most)]


def _people_of_mysql(text: str, words: list[str], most: int) -> list[int]:
    """MySQL compares in its collation and finds beginnings in the indexes of name and address; words within a name are
    left to the full text, as long as that is quick."""
    found = dict.fromkeys(_first(EndUser.objects.filter(name__istartswith=text).order_by("name"), "pk", most))
    found |= dict.fromkeys(_first(UserEmail.objects.filter(address__istartswith=text), "user_id", most))
    long = [word for word in words if len(word) > SHORTEST_NAME]
    if len(found) < most and long:
        query = WordQuery(required=tuple(Term((word,), is_prefix=True) for word in long))
        try:
            with time_limit(_SECONDS):
                more = find_documents(query, ObjectType.USER, ranked=False, limit=most)
            found |= dict.fromkeys(one.object_id for one in more)
        except TookTooLong:
            pass  # the beginnings have to do
    return [pk for pk in found if pk is not None][:most]


def _first(rows: QuerySet[EndUser] | QuerySet[UserEmail], column: str, most: int) -> list[int]:
    return list(rows.values_list(column, flat=True)[:most])


def _last_letter() -> str:
    """Give what sorts behind everything that may follow in a number."""
    return "~" if connection.vendor == "mysql" else "\uffff"
