"""The mail servers: one session with a mailbox, over IMAP or POP3, and what can go wrong with it."""

from mailfetch.servers.opening import AccessToken, current_access_token, open_session
from mailfetch.servers.session import ArchiveFailed, Listed, MailboxFailed, MailRefused, Session

__all__ = [
    "AccessToken",
    "ArchiveFailed",
    "Listed",
    "MailRefused",
    "MailboxFailed",
    "Session",
    "current_access_token",
    "open_session",
]
