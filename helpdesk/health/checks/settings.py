"""What was set up, and what was left undone: https, cookies, backups, errors that nobody has read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.health.checks.processes import ago
from helpdesk.health.registry import Finding, Needs, failure, health_check, ok, warning
from helpdesk.health.selectors import note
from helpdesk.health.services import BACKUP

OLD_BACKUP = timedelta(hours=36)
OPTIONAL = frozenset({"security.W005", "security.W021"})
"""HSTS for sub-domains and preload lists: a decision about other hosts than ours."""
OF_PLAIN_HTTP = frozenset({"security.W004", "security.W008", "security.W012", "security.W016", "security.W010"})
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@health_check("settings", "Settings", needs=Needs.NOTHING)
def deployment(now: datetime) -> Iterator[Finding]:
    """Make the checks of `check --deploy` that concern secrets, https, cookies, cache and proxies."""
    tags = [checks.Tags.security, checks.Tags.caches]
    messages = [
        message
        for message in checks.run_checks(tags=tags, include_deployment_checks=True)
        if not message.is_silenced() and message.id not in OPTIONAL and message.level >= checks.WARNING
    ]
    is_local = urlsplit(settings.HELPDESK_URL).hostname in LOOPBACK and settings.HOST in LOOPBACK
    if is_local:
        messages = [message for message in messages if message.id not in OF_PLAIN_HTTP]
    for message in messages:
        say = failure if message.level >= checks.ERROR else warning
        sentence = " ".join(str(message.msg).split())
        yield say(sentence, str(message.id), advice=str(message.hint or "manage.py check --deploy says more."))
    if not messages:
        way = "http, for this machine only" if is_local and not settings.HTTPS else "https"
        yield ok("The settings are fit for use.", way)


@health_check("backup", "Backup")
def backup(now: datetime) -> Finding:
    """See when `backup` wrote a file last."""
    advice = "manage.py backup --with-secrets FILE, every night. Other ways of backing up are not seen here."
    last = note(BACKUP)
    if last is None:
        return warning("No backup was made with Ostler's own command.", advice=advice)
    size = f"{last.details['size'] / 1024**2:,.1f} MB, {last.details['rows']:,} rows, {ago(now - last.at)}"
    if now - last.at > OLD_BACKUP:
        return warning("The last backup is old.", size, advice=advice)
    return ok("There is a recent backup.", size)


@health_check("system-log", "System log")
def system_log(now: datetime) -> Finding:
    """Count the errors of the last day."""
    day = now - timedelta(days=1)
    errors = SystemLogEntry.objects.filter(log_type="Error", created__gte=day)
    count = errors.count()
    if not count:
        return ok("The system log has no error of the last day.")
    newest = errors.order_by("-log_id").values_list("title", flat=True).first()
    advice = f"Read the system log. The newest: {newest}"
    page = "admin:hd_configuration_systemlogentry_changelist"
    return warning("The system log has errors of the last day.", f"{count}", advice=advice, page=page)
