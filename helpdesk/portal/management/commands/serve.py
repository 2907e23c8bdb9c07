"""`manage.py serve`: the whole help desk in one terminal."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from helpdesk import serving
from helpdesk.supervisor import Supervisor


class Command(BaseCommand):
    """Runs web server, worker and scheduler until Ctrl-C, restarting what dies."""

    help = "Serve the help desk: web server, a worker for jobs and the scheduler, until Ctrl-C."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare address and size."""
        threads = min(8, 2 * (os.cpu_count() or 1) + 1)
        parser.add_argument("--host", default=settings.HOST, help="address to listen at (HOST, %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen at (PORT, %(default)s)")
        parser.add_argument("--workers", type=int, default=2, help="web server processes (%(default)s)")
        parser.add_argument("--threads", type=int, default=threads, help="requests at once per process (%(default)s)")
        parser.add_argument("--job-threads", type=int, default=4, help="jobs at once (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop; the exit status is 1 when the web server cannot start."""
        address = serving.Address(options["host"], options["port"])
        try:
            serving.require_free_port(address)
        except serving.CannotServe as error:
            raise CommandError(str(error)) from error
        self.prepare(options)
        if serving.collect_static_files():
            self.stdout.write("Static files collected.")
        self._warn_of_foreign_host(address)
        connections.close_all()
        supervisor = Supervisor(
            serving.programs(
                address,
                web_workers=options["workers"],
                web_threads=options["threads"],
                job_threads=options["job_threads"],
            ),
            environment=serving.environment(),
            output=sys.stderr,
            on_ready=lambda: self._announce(address),
        )
        status = supervisor.run()
        if status:
            raise CommandError("The web server could not be started; its last lines above say why.", returncode=status)

    def prepare(self, options: dict[str, Any]) -> None:
        """Do what has to be done before the programs start: nothing here, see `quickstart`."""

    def announcement(self, address: serving.Address) -> list[str]:
        """Give the lines for the moment in which the web server answers for the first time."""
        return ["The help desk is open.", f"  End users  {address.url}", f"  Agents     {address.url}scp/"]

    def _announce(self, address: serving.Address) -> None:
        self.stdout.write("\n".join(["", *self.announcement(address), "  Stop       Ctrl-C", ""]))
        self.stdout.flush()

    def _warn_of_foreign_host(self, address: serving.Address) -> None:
        reachable_from_elsewhere = address.host not in {"localhost", "127.0.0.1", "::1"}
        if reachable_from_elsewhere and "ALLOWED_HOSTS" not in os.environ:
            self.stderr.write(
                "Requests from other machines will be refused: name the hosts under which they reach this one, "
                "for example ALLOWED_HOSTS=localhost,desk.example.com"
            )
