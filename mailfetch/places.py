"""Where a mail is on its server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A mail by its account, the UIDVALIDITY of the folder (0 on POP3) and its UID. `has_row`: it is a KnownMail."""

    account_id: int
    validity: int = 0
    uid: str = ""
    has_row: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """Give the columns that name it."""
        return {"account_id": self.account_id, "validity": self.validity, "uid": self.uid}

    @property
    def number(self) -> int:
        """Give its UID as a number (IMAP alone)."""
        return int(self.uid)
