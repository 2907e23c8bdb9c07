"""`/metrics`: figures for Prometheus, to who shows METRICS_TOKEN; without that setting there is no such address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from helpdesk.health.job_runs import DONE, job_runs
from helpdesk.health.models import HealthNote
from helpdesk.health.selectors import WORKER
from helpdesk.mail.models import EmailAccount
from helpdesk.outbox.models import Effect
from helpdesk.schedule import RECURRING_JOBS

PATH = "/metrics"
State = Effect.State


def metrics(request: HttpRequest) -> HttpResponse:
    """Give the figures; 404 where METRICS_TOKEN is not set, 403 without it."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        text = "Send the header “Authorization: Bearer …” with the value of METRICS_TOKEN.\n"
        return HttpResponse(text, status=HTTPStatus.FORBIDDEN, content_type="text/plain; charset=utf-8")
    registry = CollectorRegistry()
    registry.register(_Figures(timezone.now()))
    answer = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    answer["Cache-Control"] = "no-store"
    return answer


class _Figures:
    """Reads the figures of a moment; nothing in them names a person or a ticket."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._jobs()
        yield from self._outbox()
        yield from self._accounts()
        seen = GaugeMetricFamily(
            "ostler_worker_seen_timestamp_seconds", "When a worker last reported.", labels=["worker"]
        )
        for note in HealthNote.objects.filter(name__startswith=WORKER):
            seen.add_metric([note.name.removeprefix(WORKER)], note.at.timestamp())
        yield seen

    def _jobs(self) -> Iterator[Metric]:
        begun = GaugeMetricFamily("ostler_job_last_run_timestamp_seconds", "When the last run began.", labels=["job"])
        took = GaugeMetricFamily("ostler_job_last_run_seconds", "How long the last run took.", labels=["job"])
        well = GaugeMetricFamily("ostler_job_last_run_success", "1 when the last ended run was good.", labels=["job"])
        runs = CounterMetricFamily("ostler_job_runs", "Runs.", labels=["job"])
        failures = CounterMetricFamily("ostler_job_failures", "Runs that failed.", labels=["job"])
        known = job_runs()
        for name, job in RECURRING_JOBS.items():
            run = known.get(job["task"])
            if run is None:
                continue
            begun.add_metric([name], run.at.timestamp())
            runs.add_metric([name], run.runs)
            failures.add_metric([name], run.failures)
            if run.seconds is not None:
                took.add_metric([name], run.seconds)
                well.add_metric([name], float(run.state == DONE))
        yield from (begun, took, well, runs, failures)

    def _outbox(self) -> Iterator[Metric]:
        counted = GaugeMetricFamily("ostler_outbox_effects", "Mails and calls by state.", labels=["kind", "state"])
        open_states = (State.WAITING, State.RUNNING, State.FAILED)
        rows = Effect.objects.filter(state__in=open_states).values("kind", "state").annotate(count=Count("pk"))
        found = {(row["kind"], row["state"]): row["count"] for row in rows}
        for kind in sorted({"mail", *(kind for kind, _state in found)}):
            for state in open_states:
                counted.add_metric([kind, state.value], found.get((kind, state.value), 0))
        yield counted
        oldest = Effect.objects.filter(state=State.WAITING).aggregate(oldest=Min("created"))["oldest"]
        age = (self.now - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily("ostler_outbox_oldest_waiting_seconds", "Age of what waits longest.", value=age)

    def _accounts(self) -> Iterator[Metric]:
        labels = ["address", "type"]
        active = GaugeMetricFamily("ostler_mail_account_active", "1 while a mail account is on.", labels=labels)
        errors = GaugeMetricFamily("ostler_mail_account_errors", "Errors in a row.", labels=labels)
        used = GaugeMetricFamily(
            "ostler_mail_account_last_activity_timestamp_seconds", "When it was used last.", labels=labels
        )
        for account in EmailAccount.objects.select_related("email").exclude(email=None).order_by("pk"):
            place = [account.email.email, account.type]
            active.add_metric(place, float(account.active))
            errors.add_metric(place, account.num_errors)
            if account.last_activity is not None:
                used.add_metric(place, account.last_activity.timestamp())
        yield from (active, errors, used)
