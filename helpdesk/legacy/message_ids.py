"""The Message-IDs of osTicket's outgoing mail: they name entry and thread, signed with SECRET_SALT (mail.md §4.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass

RANDOM_ALPHABET = "abcdefghiklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_="
_TAG = struct.Struct("<III1s5s")
_OUTGOING = re.compile(
    r"<?B(?P<system>[A-Za-z0-9/=]{6})-(?P<random>[A-Za-z0-9_=]{5})-(?P<tag>[A-Za-z0-9+/]{24})-(?P<sender>[^\s<>]*@[^\s<>]+)>?"
)


@dataclass(frozen=True)
class OutgoingMessageId:
    """A Message-ID of the form that osTicket gives, unverified. `sender` is the address it was sent from."""

    system: str
    random: str
    tag: bytes
    sender: str

    @property
    def person_id(self) -> int:
        """The agent or end user that the mail went to, 0 for lists."""
        return int(_TAG.unpack(self.tag)[0])

    @property
    def entry_id(self) -> int:
        """The thread entry that was sent."""
        return int(_TAG.unpack(self.tag)[1])

    @property
    def thread_id(self) -> int:
        """Its thread."""
        return int(_TAG.unpack(self.tag)[2])

    @property
    def kind(self) -> str:
        """The class of the recipient: `S` agent, `U` owner, `C` collaborator, `M` several, `?` another."""
        return self.tag[12:13].decode("latin-1")

    def is_genuine(self, secret_salt: str) -> bool:
        """Whether an osTicket with this salt made it: system code and signature fit. Constant time."""
        signed = self.tag[:13] + f"{self.random}{self.system}".encode()
        signature = hmac.new(secret_salt.encode(), signed, hashlib.sha1).digest()[-5:]
        is_signed = hmac.compare_digest(signature, self.tag[13:])
        return is_signed and hmac.compare_digest(system_code(secret_salt), self.system)


def system_code(secret_salt: str) -> str:
    """The six characters by which every outgoing mail of one installation begins."""
    digest = hashlib.md5(b"mail" + secret_salt.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")[:6].replace("+", "=")


def find_outgoing_message_ids(text: str) -> list[OutgoingMessageId]:
    """Give what looks like osTicket's Message-IDs in a text, such as the headers of a reply."""
    return [
        OutgoingMessageId(match["system"], match["random"], base64.b64decode(match["tag"]), match["sender"])
        for match in _OUTGOING.finditer(text)
    ]


def outgoing_message_id(
    *, person_id: int, entry_id: int, thread_id: int, kind: str, sender: str, random: str, secret_salt: str
) -> str:
    """Give a Message-ID (without brackets) by which an answer is recognised (osticket/mail.md §4.2).

    `kind` is the letter of the recipient's class: `S` agent, `U` owner, `C` collaborator, `M` several, `?` another.
    `random` are five characters of `RANDOM_ALPHABET`; `sender` the address that it is sent from.
    """
    system = system_code(secret_salt)
    head = _TAG.pack(person_id, entry_id, thread_id, kind.encode("ascii"), b"")[:13]
    signature = hmac.new(secret_salt.encode(), head + f"{random}{system}".encode(), hashlib.sha1).digest()[-5:]
    tag = base64.b64encode(head + signature).decode("ascii")
    return f"B{system}-{random}-{tag}-{sender or '@osTicketMailer'}"
