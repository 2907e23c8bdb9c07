"""`manage.py outbox`: what waits to be delivered, delivering it, and deciding about what failed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Min
from django.utils import timezone

from helpdesk.outbox.decisions import discard_effects, retry_effects
from helpdesk.outbox.delivery import deliver_due
from helpdesk.outbox.models import Effect

SHOWN = 50
ACTIONS = ["status", "list", "deliver", "retry", "discard"]


class Command(BaseCommand):
    """Show and work the outbox."""

    help = "Show what waits to be delivered (mails …), deliver what is due, retry or discard what failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take one of the actions."""
        parser.add_argument("action", nargs="?", default="status", choices=ACTIONS)
        parser.add_argument("ids", nargs="*", type=int, help="ids of effects; retry without any takes all that failed")
        parser.add_argument("--state", choices=Effect.State.values, help="with list: only those")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        getattr(self, f"_{options['action']}")(options)

    def _status(self, options: dict[str, Any]) -> None:
        rows = Effect.objects.values("state").annotate(count=Count("pk"), oldest=Min("created")).order_by("state")
        for row in rows:
            self.stdout.write(f"{row['state']:<10} {row['count']:>8}   since {row['oldest']:%Y-%m-%d %H:%M} UTC")
        if not rows:
            self.stdout.write("The outbox is empty.")

    def _list(self, options: dict[str, Any]) -> None:
        found = Effect.objects.exclude(state=Effect.State.DONE)
        if options["state"]:
            found = Effect.objects.filter(state=options["state"])
        for effect in found.order_by("-pk")[:SHOWN]:
            line = f"{effect.pk:>8} {effect.state:<10} {effect.attempts:>2}x {effect.kind} {effect.key[:60]}"
            self.stdout.write(f"{line}   {effect.error[:80]}".rstrip())

    def _deliver(self, options: dict[str, Any]) -> None:
        done = deliver_due()
        self.stdout.write(f"{done.delivered} delivered, {done.postponed} to be tried again, {done.failed} given up.")

    def _retry(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{retry_effects(options['ids'] or None, now=timezone.now())} will be tried again.")

    def _discard(self, options: dict[str, Any]) -> None:
        if not options["ids"]:
            raise CommandError("Name the ids of the effects to discard: see `outbox list`.")
        self.stdout.write(f"{discard_effects(options['ids'], now=timezone.now())} discarded.")
