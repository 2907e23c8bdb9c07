"""`manage.py create_administrator`: an agent who may do everything."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.accounts.services import create_administrator
from helpdesk.legacy.errors import DomainError


class Command(BaseCommand):
    """Creates the administrator; harmless when there is one of that name."""

    help = "Create an administrator (ADMIN_USERNAME, ADMIN_PASSWORD, ADMIN_EMAIL); a random password is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take name and address; the password comes from the environment, where no process list shows it."""
        parser.add_argument("--username", default=settings.ADMIN_USERNAME)
        parser.add_argument("--email", default=settings.ADMIN_EMAIL)

    def handle(self, *args: Any, username: str, email: str, **options: Any) -> None:
        """Create the agent and say so."""
        password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
        try:
            agent, is_new = create_administrator(username, password, email)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if not is_new:
            self.stdout.write(f"There is an agent “{agent.username}” already; nothing was changed.")
        elif settings.ADMIN_PASSWORD:
            self.stdout.write(f"Created the administrator “{agent.username}” with the password of ADMIN_PASSWORD.")
        else:
            self.stdout.write(f"Created the administrator “{agent.username}”. Password, shown only now: {password}")
