"""Whom a mail was addressed to: our own addresses, and others (osticket/mail.md §3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from helpdesk.mail.reading.headers import Mailbox


@dataclass(frozen=True)
class OwnAddress:
    """An address of the help desk, its row and name."""

    id: int
    mailbox: Mailbox


@dataclass(frozen=True)
class OtherRecipient:
    """Somebody else; `source` is osTicket's word for the header."""

    source: str
    name: str
    address: str


@dataclass(frozen=True)
class Recipients:
    """Ids of our addresses in the order of the headers, everybody else, and both as an entry notes them."""

    own: Sequence[int]
    others: Sequence[OtherRecipient]
    listed_to: Sequence[str]
    listed_cc: Sequence[str]


def recipients_of(
    to: Sequence[Mailbox], cc: Sequence[Mailbox], delivered_to: Sequence[Mailbox], own_addresses: Iterable[OwnAddress]
) -> Recipients:
    """Tell our own addresses from others; ours stand under their own name, among the recipients of `to`."""
    own = {one.mailbox.address.lower(): one for one in own_addresses}
    ours = [own[one.address.lower()] for one in (*to, *cc, *delivered_to) if one.address.lower() in own]
    delivered = {one.address.lower() for one in delivered_to}
    others = [
        OtherRecipient("delivered-to" if one.address.lower() in delivered else source, one.name, _stored(one.address))
        for group, source in ((to, "Email (to)"), (cc, "Email (cc)"))
        for one in group
        if one.address.lower() not in own
    ]
    listed_to = [str(own[one.address.lower()].mailbox if one.address.lower() in own else _noted(one)) for one in to]
    listed_to += [str(one.mailbox) for one in ours]
    listed_cc = [str(_noted(one)) for one in cc if one.address.lower() not in own]
    return Recipients(tuple(dict.fromkeys(one.id for one in ours)), others, list(dict.fromkeys(listed_to)), listed_cc)


def _noted(one: Mailbox) -> Mailbox:
    return Mailbox(one.name, _stored(one.address))


def _stored(address: str) -> str:
    """Give the address as osTicket keeps it: only what is before the @ is lower-cased."""
    local, at, domain = address.rpartition("@")
    return f"{local.lower()}{at}{domain}"
