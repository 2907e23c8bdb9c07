"""`manage.py quickstart`: from nothing to a running help desk, and the same again next time."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from helpdesk import serving
from helpdesk.legacy.errors import DomainError
from helpdesk.portal.first_start import FirstStart, SignIn
from helpdesk.portal.management.commands import serve


class Command(serve.Command):
    """Prepares the database where that is still to do, then serves."""

    help = "Prepare the database (tables, first rows, an administrator, sample data) where needed, then serve."
    sign_in: SignIn | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what `serve` takes, and whether a new help desk is filled."""
        self.add_server_arguments(parser)
        parser.add_argument(
            "--no-demo", action="store_false", dest="sample_data", help="leave a new help desk empty (DEMO=0)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; a password that was made is shown in any case, even when the start fails half-way."""
        try:
            super().handle(*args, **options)
        finally:
            self.stdout.write("\n".join(self._take_sign_in()))

    def prepare(self, options: dict[str, Any]) -> None:
        """Prepare the database. Nothing is lost when this is interrupted: the next start goes on."""
        start = FirstStart(say=self._say, sample_data=options["sample_data"])
        try:
            start.prepare()
        except DomainError as error:
            raise CommandError(str(error)) from error
        finally:
            self.sign_in = start.sign_in

    def announcement(self, address: serving.Address) -> list[str]:
        """Add how to sign in, at the start that made the administrator."""
        return [*super().announcement(address), *self._take_sign_in()]

    def _take_sign_in(self) -> list[str]:
        """Give the lines about the new administrator, once."""
        sign_in, self.sign_in = self.sign_in, None
        if sign_in is None:
            return []
        if not sign_in.password:
            return [f"  Sign in    {sign_in.username} with the password of ADMIN_PASSWORD"]
        return [f"  Sign in    {sign_in.username}", f"  Password   {sign_in.password}   (not shown again)"]

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
