"""`manage.py load_sample_data`: a company, its customers and their tickets, for a first look."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from helpdesk.legacy.errors import DomainError
from helpdesk.portal.sample_data import loader


@contextmanager
def _no_log_lines() -> Iterator[None]:
    """Keep hundreds of "ticket created" out of the terminal; warnings still show."""
    former = logging.root.manager.disable
    logging.disable(max(former, logging.INFO))
    try:
        yield
    finally:
        logging.disable(former)


class Command(BaseCommand):
    """Fills an empty help desk."""

    help = (
        "Fill an empty help desk with an invented company: departments, agents, teams, customers and some seventy "
        "tickets of the last sixty days, made through the same services as real ones."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the seed of the times and the agents' password."""
        parser.add_argument("--seed", type=int, default=1, help="the same number gives the same times (default 1)")
        parser.add_argument(
            "--password", help="let the sample agents sign in with this password (default: they cannot sign in)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, with a bar while it runs and a summary at the end."""
        console = Console(file=self.stdout)  # type: ignore[arg-type]
        columns = (TextColumn("{task.description:<48.48}"), BarColumn(), MofNCompleteColumn())
        try:
            with _no_log_lines(), Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task("Sample help desk", total=loader.steps())
                summary = loader.load(
                    now=timezone.now(),
                    seed=options["seed"],
                    password=options["password"],
                    progress=lambda made: bar.update(task, advance=1, description=made),
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        table = Table(title="Sample help desk", show_header=False)
        for name, number in asdict(summary).items():
            table.add_row(name.replace("_", " "), str(number))
        console.print(table)
