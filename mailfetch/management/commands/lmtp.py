"""`manage.py lmtp`: take mails from a mail server over LMTP."""

from __future__ import annotations

import asyncio
import re
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailfetch.lmtp import listening


class Command(BaseCommand):
    """Listen until told to stop."""

    help = (
        "Takes mails for the help desk's addresses over LMTP; for a mail server on this machine or a trusted network."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen."""
        parser.add_argument(
            "--listen", default="127.0.0.1:8024", metavar="PLACE", help="host:port or unix:/path (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; mails in hand are finished before the end."""
        place = options["listen"]
        if not re.fullmatch(r"unix:/.+|[^\s/]+:\d{1,5}", place):
            raise CommandError("Listen where? Give host:port, or unix:/path.")
        try:
            asyncio.run(self._serve(place))
        except OSError as error:
            raise CommandError(f"Cannot listen at {place}: {error.strerror}") from error

    async def _serve(self, place: str) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with listening(place):
            self.stdout.write(f"Listening at {place}")
            self.stdout.flush()
            await stop.wait()
