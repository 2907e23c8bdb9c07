"""What runs beside the web server: worker, beat, broker, and the cache that all of them share."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django_celery_beat.models import PeriodicTask

from helpdesk.health.registry import Finding, Needs, failure, health_check, ok, warning
from helpdesk.health.selectors import SILENT_AFTER, WORKER, notes
from helpdesk.health.services import TOKEN_SECONDS, cache_mark
from helpdesk.schedule import HEARTBEAT

QUIET_WORKER = timedelta(minutes=15)
"""Of several workers each gets a heartbeat every few minutes only."""
LONG_QUEUE = 500
START_WORKER = "Start it: ostler serve, systemctl start ostler-worker, or docker compose up worker."
START_BEAT = "Start it: ostler serve, systemctl start ostler-beat, or docker compose up beat. Exactly one may run."


def ago(span: timedelta) -> str:
    """Give a time span in its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


@health_check("worker", "Worker")
def worker(now: datetime) -> Iterator[Finding]:
    """See which workers ran the job of every minute."""
    workers = [(kept.name.removeprefix(WORKER), now - kept.at) for kept in notes(WORKER)]
    if not workers:
        if _beat_is_new(now):
            yield warning(
                "No worker has reported yet; beat has only just started.", advice="Look again in two minutes."
            )
        else:
            yield failure("No worker runs: mails, deadlines and recurring jobs wait.", advice=START_WORKER)
        return
    if workers[0][1] > SILENT_AFTER:
        figure = ", ".join(f"{name} {ago(span)}" for name, span in workers)
        advice = f"{START_WORKER} If beat is silent too, start that first."
        yield failure("No worker has run a job for minutes.", figure, advice=advice)
        return
    for name, span in workers:
        if span > QUIET_WORKER:
            advice = "If it was taken away on purpose: it is forgotten an hour after its last job."
            yield warning("A worker has not taken a job for a while.", f"{name}, {ago(span)}", advice=advice)
        else:
            yield ok("The worker carries out jobs.", f"{name}, {ago(span)}")


@health_check("beat", "Beat")
def beat(now: datetime) -> Finding:
    """See when the scheduler handed out the job of every minute."""
    seen = _beat_seen()
    if seen is None:
        return failure("The scheduler has never run: no recurring job is carried out.", advice=START_BEAT)
    if now - seen > SILENT_AFTER:
        return failure("The scheduler is silent: no recurring job is carried out.", ago(now - seen), advice=START_BEAT)
    return ok("The scheduler hands out recurring jobs.", ago(now - seen))


def _beat_seen() -> datetime | None:
    """Give the moment of the last sign of beat: a job handed out, or its table of jobs brought up to date."""
    row = PeriodicTask.objects.filter(name=HEARTBEAT).values_list("last_run_at", "date_changed").first()
    return max((moment for moment in row if moment), default=None) if row else None


def _beat_is_new(now: datetime) -> bool:
    row = PeriodicTask.objects.filter(name=HEARTBEAT).values_list("total_run_count", "date_changed").first()
    return bool(row) and row[0] <= 1 and now - row[1] <= SILENT_AFTER


@health_check("broker", "Broker", needs=Needs.NOTHING)
def broker(now: datetime) -> Finding:
    """Connect to the broker and count the jobs that wait."""
    kind = settings.CELERY_BROKER_URL.partition(":")[0]
    try:
        with current_app.connection_for_write(settings.CELERY_BROKER_URL, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=2)
            queue = current_app.conf.task_default_queue
            waiting = connection.default_channel.queue_declare(queue, passive=True).message_count
    except Exception as error:  # noqa: BLE001 -- each transport raises exceptions of its own
        advice = "Is Redis running, and does BROKER_URL name it? With files: may this user write to the data directory?"
        return failure("Jobs cannot be handed over.", f"{kind}: {type(error).__name__}", advice=advice)
    figure = f"{kind}, {waiting} waiting"
    if waiting > LONG_QUEUE:
        return warning("Many jobs wait: the worker is down or too slow.", figure, advice=START_WORKER)
    return ok("Jobs can be handed over.", figure)


@health_check("cache", "Shared cache")
def shared_cache(now: datetime) -> Iterator[Finding]:
    """Look in this process's cache for the marks that the workers left in theirs."""
    kind = settings.CACHES["default"]["BACKEND"].rpartition(".")[2]
    recent = [kept for kept in notes(WORKER) if (now - kept.at).total_seconds() < TOKEN_SECONDS / 2]
    probe = f"health.probe.{now.timestamp()}"
    cache.set(probe, "1", 60)
    if cache.get(probe) != "1":
        advice = "Is Redis running, and is there room? With files: may this user write to the data directory?"
        yield failure("The cache keeps nothing.", kind, advice=advice)
        return
    strangers = [
        kept.name.removeprefix(WORKER)
        for kept in recent
        if cache.get(cache_mark(kept.name.removeprefix(WORKER))) != kept.details.get("token")
    ]
    if strangers:
        advice = "Give all processes the same CACHE_URL: limits of sign-in and changed settings go through the cache."
        yield failure("A worker has another cache than this process.", ", ".join(strangers), advice=advice)
    elif recent:
        yield ok("Web server and workers share one cache.", kind)
    else:
        yield ok("The cache works. Whether a worker shares it shows once one runs.", kind)
