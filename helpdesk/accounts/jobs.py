"""Recurring jobs of sign-in."""

from datetime import datetime, timedelta
from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from helpdesk import configuration
from helpdesk.accounts.services.tokens import delete_old_tokens

SLICE = 500


def delete_expired_sessions(*, now: datetime) -> int:
    """Delete the sessions whose time was over at `now` (aware) and give their number.

    In slices, each a transaction of its own: SQLite has one writer, and sign-ins must not wait for a big sweep.
    """
    sessions = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class().objects
    deleted = 0
    while keys := list(sessions.filter(expire_date__lt=now).values_list("pk", flat=True)[:SLICE]):
        deleted += sessions.filter(pk__in=keys).delete()[0]
    return deleted


@shared_task
def purge_password_resets() -> int:
    """Delete the tokens of password resets older than `pw_reset_window` minutes (0: none); gives how many."""
    minutes = configuration.current().integer("pw_reset_window")
    return delete_old_tokens(before=timezone.now() - timedelta(minutes=minutes)) if minutes > 0 else 0


@shared_task
def purge_expired_sessions() -> int:
    """Delete expired sessions; gives their number."""
    return delete_expired_sessions(now=timezone.now())
