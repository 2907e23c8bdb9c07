"""To whom mails of filters go: a list of addresses, among them a word for whoever opened the ticket."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import getaddresses

from helpdesk.people.validation import is_address

OWNER = "%{user}"


@dataclass(frozen=True)
class Recipients:
    """Names and addresses of a list, whether the owner of the ticket is on it, and the parts that are no address."""

    addresses: list[tuple[str, str]]
    has_owner: bool
    unusable: list[str]


def listed_recipients(listed: str) -> Recipients:
    """Read a list with commas or semicolons between its parts."""
    parts = getaddresses([listed.replace(";", ",").replace(OWNER, "")])
    found = [(name.strip(), address.strip()) for name, address in parts if name.strip() or address.strip()]
    return Recipients(
        addresses=[(name, address) for name, address in found if is_address(address)],
        has_owner=OWNER in listed,
        unusable=[address or name for name, address in found if not is_address(address)],
    )
