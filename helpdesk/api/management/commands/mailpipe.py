"""`manage.py mailpipe`: a mail server hands over one mail on standard input (osticket/mail.md §2.5)."""

from __future__ import annotations

import os
import sys
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from helpdesk.api.mail import open_or_continue
from helpdesk.api.refusals import ApiRefusal
from helpdesk.people.actor import Actor

_log = structlog.get_logger("mail")
_EXIT_CODES = {
    400: os.EX_NOINPUT,
    401: os.EX_NOPERM,
    403: os.EX_NOPERM,
    415: os.EX_DATAERR,
    416: os.EX_DATAERR,
    417: os.EX_DATAERR,
    501: os.EX_DATAERR,
    503: os.EX_UNAVAILABLE,
}
"""By the status that the API answers; any other failure is one for now, and the mail server tries again."""


class Command(BaseCommand):
    """Take one mail."""

    help = "Reads one mail from standard input and posts it; exits with the codes of sysexits.h."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with 0 only when the mail is stored, so that the mail server keeps it else."""
        raw = sys.stdin.buffer.read()
        if not raw.strip():
            self.stderr.write("There is no mail on standard input.")
            sys.exit(os.EX_NOINPUT)
        try:
            open_or_continue(raw, actor=Actor.system(), keep_denied=True)
        except ApiRefusal as refusal:
            self.stderr.write(refusal.text)
            sys.exit(_EXIT_CODES.get(refusal.status, os.EX_TEMPFAIL))
        except Exception:  # noqa: BLE001 -- whatever it is, the mail server must keep the mail
            _log.exception("mail.not_taken", bytes=len(raw))
            self.stderr.write("The mail could not be stored; try again later.")
            sys.exit(os.EX_TEMPFAIL)
