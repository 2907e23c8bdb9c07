"""`python -m bench make-database`: fills the database of the environment; one process per database (internal)."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime


def main(arguments: argparse.Namespace) -> int:
    """Migrate, set up, generate."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.management.base import OutputWrapper

    from bench.generator import generate
    from bench.plan import Plan
    from helpdesk.interruption import interruptible
    from helpdesk.portal.terminal_progress import TerminalProgress, console_for

    plan = Plan(
        tickets=arguments.tickets,
        entries=arguments.entries,
        seed=arguments.seed,
        until=datetime.fromisoformat(arguments.until).replace(tzinfo=UTC),
    )
    console = console_for(OutputWrapper(sys.stdout))
    with interruptible(), TerminalProgress(console) as progress:
        progress.begin("Making tables", 0)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("setup", verbosity=0)
        generate(plan, progress)
    return 0
