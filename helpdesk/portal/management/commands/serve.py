"""`manage.py serve`: the whole help desk in one terminal."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from helpdesk import serving
from helpdesk.supervisor import Program, Supervisor
from helpdesk.tls import TlsFiles, UnusableCertificate


class Command(BaseCommand):
    """Runs web server, worker and scheduler until Ctrl-C, restarting what dies."""

    help = "Serve the help desk: web server, a worker for jobs and the scheduler, until Ctrl-C."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare address and size, and how a service manager runs the programs one by one."""
        self.add_server_arguments(parser)
        parser.add_argument(
            "--only",
            choices=["web", "worker", "beat", "mail"],
            help="become this one program, without supervisor: for systemd and containers, which restart by themselves",
        )

    def add_server_arguments(self, parser: CommandParser) -> None:
        """Declare address and size."""
        threads = min(8, 2 * (os.cpu_count() or 1) + 1)
        parser.add_argument("--host", default=settings.HOST, help="address to listen at (HOST, %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen at (PORT, %(default)s)")
        parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="speak https: certificate with chain (PEM)")
        parser.add_argument("--tls-key", type=Path, metavar="FILE", help="key of the certificate (PEM, not encrypted)")
        parser.add_argument("--workers", type=int, default=2, help="web server processes (%(default)s)")
        parser.add_argument("--threads", type=int, default=threads, help="requests at once per process (%(default)s)")
        parser.add_argument("--job-threads", type=int, default=4, help="jobs at once (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop; the exit status is 1 when the web server cannot start."""
        only = options.get("only")
        try:
            address = self._address(options)
            if only in {None, "web"}:
                serving.require_free_port(address)
            self.prepare(options)
            if only in {None, "web"}:
                self._prepare_web_server(address)
        except (serving.CannotServe, UnusableCertificate) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before it was open; the next start goes on.", returncode=130) from None
        programs = serving.programs(
            address,
            web_workers=options["workers"],
            web_threads=options["threads"],
            job_threads=options["job_threads"],
        )
        connections.close_all()
        if only:
            self._become(next(program for program in programs if program.name == only), address)
        wanted = [program for program in programs if program.name != "mail" or settings.MAIL_IDLE]
        self._supervise(wanted, address)

    def _prepare_web_server(self, address: serving.Address) -> None:
        """Collect the static files where needed, and warn of what would go wrong later. Raises CannotServe."""
        if serving.collect_static_files():
            self.stdout.write("Static files collected.")
        self._warn_of_foreign_host(address)

    def _address(self, options: dict[str, Any]) -> serving.Address:
        """Give the address of the options. Raises CommandError, UnusableCertificate."""
        certificate, key = options["tls_cert"], options["tls_key"]
        if (certificate is None) != (key is None):
            raise CommandError("--tls-cert and --tls-key belong together.")
        tls = TlsFiles(certificate.absolute(), key.absolute()) if certificate and key else None
        if tls and (warning := tls.check(timezone.now())):
            self.stderr.write(warning)
        return serving.Address(options["host"], options["port"], tls)

    def _become(self, program: Program, address: serving.Address) -> None:
        """Replace this process by the program, so that signals and exit status are its own."""
        self.stdout.flush()
        os.execve(program.command[0], list(program.command), serving.environment(address))  # noqa: S606 -- no shell on purpose

    def _supervise(self, programs: list[Program], address: serving.Address) -> None:
        """Run all programs until told to stop. Raises CommandError when the web server cannot start."""
        supervisor = Supervisor(
            programs,
            environment=serving.environment(address),
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
