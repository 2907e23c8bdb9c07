"""Links into one ticket: whom they let in, and what they look like (osticket/auth.md §6)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from helpdesk import configuration
from helpdesk.configuration.kept import Kept
from helpdesk.legacy.access_tokens import (
    AccessToken,
    TokenHolder,
    collaborator_token,
    is_genuine,
    is_genuine_legacy_code,
    owner_token,
    parse_token,
    token_link,
)
from helpdesk.legacy.models import ImportRun
from helpdesk.people.models import EndUser, UserEmail
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Collaborator
from tickets.models import Ticket
from tickets.periods import zone_named
from tickets.states import find_thread

MOST_TICKETS_WITH_NUMBER = 20
"""Numbers are unique by check only; more than a few tickets with the same one are nobody's honest case."""


class Pass(NamedTuple):
    """A ticket and the person who may see it."""

    ticket: Ticket
    user: EndUser


def pass_of_link(parameters: Mapping[str, str]) -> Pass | None:
    """Give whom the parameters of a link (`auth`, or `t`, `e` and `a`) let into which ticket; None for nobody.

    Codes are compared in constant time; nothing tells a wrong code from a ticket that does not exist.
    """
    if not configuration.current().boolean("allow_auth_tokens", default=True):
        return None
    if "auth" in parameters:
        return _pass_of_token(parameters["auth"])
    if {"t", "e", "a"} <= parameters.keys():
        found = pass_of_number(parameters["e"], parameters["t"])
        ticket_id = found.ticket.pk if found else 0
        genuine = is_genuine_legacy_code(
            parameters["a"], ticket_id=ticket_id, email=parameters["e"].strip(), secret_salt=settings.SECRET_SALT
        )
        return found if genuine else None
    return None


def pass_of_number(address: str, number: str) -> Pass | None:
    """Give the ticket with this number that the owner of the address owns or collaborates on; the newest of several."""
    email = UserEmail.objects.filter(address=address.strip()).select_related("user__org").first()
    user_id = email.user.pk if email is not None else 0
    number = number.strip().lstrip("#").strip()
    mine = Ticket.objects.filter(user_id=user_id, number=number)
    threads = Collaborator.objects.filter(
        user_id=user_id, thread__object_type__in=(ObjectType.TICKET, ObjectType.MERGED_TICKET)
    ).values("thread__object_id")
    shared = Ticket.objects.filter(pk__in=threads, number=number)
    related = ("user__default_email", "dept", "status")
    found = [
        *mine.select_related(*related).order_by("-pk")[:MOST_TICKETS_WITH_NUMBER],
        *shared.select_related(*related).order_by("-pk")[:MOST_TICKETS_WITH_NUMBER],
    ]
    return Pass(found[0], email.user) if found and email is not None else None


def link_of(ticket: Ticket, user: EndUser) -> str:
    """Give the link that lets the owner or a collaborator into the ticket, '' for anybody else."""
    created = _database_text(ticket, _zones()[0])
    salt = settings.SECRET_SALT
    if ticket.user_id == user.pk:
        token = owner_token(user_id=user.pk, ticket_id=ticket.pk, created=created, secret_salt=salt)
    else:
        thread = find_thread(ticket)
        row = thread.collaborators.filter(user=user).first() if thread else None
        if row is None:
            return ""
        token = collaborator_token(collaborator_id=row.pk, ticket_id=ticket.pk, created=created, secret_salt=salt)
    return token_link(configuration.current().text("helpdesk_url"), token)


def _pass_of_token(token: str) -> Pass | None:
    claim = parse_token(token)
    if claim is None:
        return None
    ticket = Ticket.objects.filter(pk=claim.ticket_id).select_related("user__org").first()
    if ticket is None or ticket.created is None:
        return None
    genuine = [
        is_genuine(token, created=_database_text(ticket, zone), secret_salt=settings.SECRET_SALT) for zone in _zones()
    ]
    user = _holder(claim, ticket)
    return Pass(ticket, user) if user is not None and any(genuine) else None


def _holder(claim: AccessToken, ticket: Ticket) -> EndUser | None:
    if claim.holder is TokenHolder.OWNER:
        return ticket.user if ticket.user_id == claim.holder_id else None
    thread = find_thread(ticket)
    if thread is None:
        return None
    row = thread.collaborators.select_related("user__org").filter(pk=claim.holder_id).first()
    return row.user if row is not None else None


def _database_text(ticket: Ticket, zone: datetime.tzinfo) -> str:
    """Give the date of the ticket as osTicket's database holds it, which is part of the checksum."""
    return ticket.created.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _zones() -> list[datetime.tzinfo]:
    """Give the zone of this database first, then those of databases that it was copied from: links live on."""
    return [connection.timezone or datetime.UTC, *(zone_named(name) for name in _copied_zones() if name)]


_copied_zones = Kept(lambda: tuple(ImportRun.objects.values_list("source_time_zone", flat=True).distinct()))
_copied_zones.forget_with(ImportRun)
