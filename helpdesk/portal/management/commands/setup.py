"""`manage.py setup`: the first rows of a fresh help desk."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from helpdesk.forms import cdata
from helpdesk.legacy.errors import Conflict
from helpdesk.portal.seed import InstallerAnswers, seed_database


class Command(BaseCommand):
    """Writes the initial rows once; later calls change nothing."""

    help = (
        "Write the initial rows of a fresh help desk: departments, roles, forms, queues, templates, pages, settings. "
        "Address, title, e-mail and time zone come from HELPDESK_URL, HELPDESK_TITLE, HELPDESK_EMAIL and "
        "HELPDESK_TIME_ZONE. Changes nothing when it has run before."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed the database, build the cdata tables where they are missing, and say what was done."""
        try:
            written = seed_database(InstallerAnswers.from_settings(), now=timezone.now())
        except Conflict as error:
            raise CommandError(str(error)) from error
        cdata.build_missing()
        if options["verbosity"] > 0:
            self.stdout.write(f"{written} initial rows written." if written else "Already set up: 0 changes.")
