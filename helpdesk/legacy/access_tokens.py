"""osTicket's links into one ticket: `view.php?auth=<token>` and the older `view.php?t=…&e=…&a=…`.

Both are checksums over ids, a date and SECRET_SALT; they never expire, so whoever accepts them decides for how long
(osticket/auth.md §6.2, §6.3). Pure functions: looking up the ticket and the person is the caller's business.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed

_ALPHABET = "abcdefghijklmnopqrstuvwxyz012345"
_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_OSTICKET = str.maketrans(_RFC_4648, _ALPHABET)
_FROM_OSTICKET = str.maketrans(_ALPHABET, _RFC_4648)
_TOKEN = re.compile(r"(?P<holder>[oc])1x(?P<packed>[a-z0-5]{13})[A-Za-z0-9+/]{14}..", re.ASCII)
_LARGEST_ID = 0xFFFFFFFF


class TokenHolder(Enum):
    """For whom a link was made; the value is the first letter of the token."""

    OWNER = "o"
    COLLABORATOR = "c"


@dataclass(frozen=True)
class AccessToken:
    """What a link token claims, unverified. `holder_id` is the owner's `user.id` or a `thread_collaborator.id`."""

    holder: TokenHolder
    holder_id: int
    ticket_id: int


def owner_token(*, user_id: int, ticket_id: int, created: str, secret_salt: str) -> str:
    """The link token of a ticket's owner. `created` is `ticket.created` as the database holds it, without a zone.

    Raises `ValidationFailed` for ids that do not fit 32 bits.
    """
    return _token(AccessToken(TokenHolder.OWNER, user_id, ticket_id), created, secret_salt)


def collaborator_token(*, collaborator_id: int, ticket_id: int, created: str, secret_salt: str) -> str:
    """The link token of a collaborator, made of `thread_collaborator.id` (not of the user's id).

    osTicket gives a collaborator whose row id happens to be the owner's user id the owner's own token; we never do.
    """
    return _token(AccessToken(TokenHolder.COLLABORATOR, collaborator_id, ticket_id), created, secret_salt)


def parse_token(token: str) -> AccessToken | None:
    """Read whom and which ticket `token` names; None when it is no token. Nothing is verified yet.

    Letter case counts in the first letter only, as in osTicket.
    """
    match = _TOKEN.fullmatch(token[:1] + token[1:].lower())
    if match is None:
        return None
    packed = _base32_decode(match["packed"])
    holder_id, ticket_id = struct.unpack("<II", packed)
    return AccessToken(TokenHolder(match["holder"]), holder_id, ticket_id)


def is_genuine(token: str, *, created: str, secret_salt: str) -> bool:
    """Whether `token` was made with this salt for the ticket that it names, whose `created` is given.

    The caller has checked that the named person owns, or collaborates on, that ticket. Compared in constant time.
    """
    claim = parse_token(token)
    if claim is None or not secret_salt:
        return False
    return _same_text(_token(claim, created, secret_salt)[1:], token[1:])


def token_link(helpdesk_url: str, token: str) -> str:
    """The address of the ticket page for the holder of `token`; `helpdesk_url` with or without a final slash."""
    return f"{helpdesk_url.rstrip('/')}/view.php?auth={quote(token, safe='')}"


def legacy_code(*, ticket_id: int, email: str, secret_salt: str) -> str:
    """The parameter `a` of links made by old versions: md5 hex over ticket id, lower-case address and salt."""
    return _md5(str(ticket_id).encode() + _lower(email) + _encode(secret_salt)).hex()


def is_genuine_legacy_code(code: str, *, ticket_id: int, email: str, secret_salt: str) -> bool:
    """Whether `code` opens the ticket for `email` (which the caller has found on that ticket). Constant time."""
    return bool(secret_salt) and _same_text(
        legacy_code(ticket_id=ticket_id, email=email, secret_salt=secret_salt), code
    )


def base32_encode(data: bytes) -> str:
    """Base 32 with osTicket's alphabet `a-z0-5`, without padding."""
    return base64.b32encode(data).decode("ascii").rstrip("=").translate(_TO_OSTICKET)


def pack_ids(holder_id: int, ticket_id: int) -> str:
    """The 13 characters of a token that name its holder and its ticket (two 32-bit numbers, little-endian)."""
    if not (0 <= holder_id <= _LARGEST_ID and 0 <= ticket_id <= _LARGEST_ID):
        raise ValidationFailed(_("The number does not fit into a link."), code="id_too_large")
    return base32_encode(struct.pack("<II", holder_id, ticket_id))


def _token(claim: AccessToken, created: str, secret_salt: str) -> str:
    checksum = _md5(_encode(f"{claim.holder_id}{created}{claim.ticket_id}{secret_salt}"))
    packed = pack_ids(claim.holder_id, claim.ticket_id)
    return f"{claim.holder.value}1x{packed}{base64.b64encode(checksum).decode('ascii')[8:]}"


def _base32_decode(text: str) -> bytes:
    return base64.b32decode(text.translate(_FROM_OSTICKET) + "=" * (-len(text) % 8))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _same_text(expected: str, given: str) -> bool:
    return hmac.compare_digest(_lower(expected), _lower(given))


def _lower(text: str) -> bytes:
    """Lower case of the ASCII letters only, as PHP does."""
    return _encode(text).lower()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
