"""How much of a mail is read. Past a limit the mail is still readable, says so, and keeps its original as a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one mail. osTicket has none, and runs out of memory or time instead."""

    mail_bytes: int = 64 * 1024 * 1024
    """Larger mails are read by their headers and the beginning of their text."""
    beginning_bytes: int = 256 * 1024
    """As much is read of a mail that is too large."""
    lines: int = 1_000_000
    """A mail with more is read like one that is too large: it would take thirty times its size in memory."""
    parts: int = 500
    headers: int = 5000
    """Of all parts together."""
    depth: int = 20
    """Multiparts within multiparts, and mails within mails."""
    header_bytes: int = 512 * 1024
    """Of the mail's own headers; what comes after is not looked at."""
    header_characters: int = 100_000
    """Of one header."""
    addresses: int = 1000
    """Of one header."""
    html_to_text: int = 1024 * 1024
    """Characters; longer HTML stays HTML where text is wanted."""
    unpacked_bytes: int = 64 * 1024 * 1024
    """Of what a winmail.dat holds, all together."""


LIMITS = Limits()
