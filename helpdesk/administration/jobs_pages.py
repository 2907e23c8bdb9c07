"""The recurring jobs: when they run, when they last did; to be paused and to be run now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from helpdesk.administration.model_admin import ReadOnlyAdmin, actor_of
from helpdesk.administration.names import call
from helpdesk.administration.services import run_job_now, switch_job
from helpdesk.administration.site import site
from helpdesk.health.job_runs import DONE, FAILED, RUNNING, JobRun, job_runs
from helpdesk.legacy.errors import DomainError

call(
    PeriodicTask,
    _("recurring job"),
    _("recurring jobs"),
    enabled=_("on"),
    last_run_at=_("last run"),
    total_run_count=_("runs"),
    task=_("program"),
    name=_("job"),
)


STATES = {RUNNING: _("running"), DONE: _("done"), FAILED: _("failed")}


class JobList(ChangeList):
    """The jobs of a page, each with its last run."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the runs of all of them at once."""
        super().get_results(request)
        runs = job_runs()
        rows: list[Any] = list(self.result_list)
        for row in rows:
            row.run = runs.get(row.task)
        self.result_list = rows


@admin.register(PeriodicTask, site=site)
class JobAdmin(ReadOnlyAdmin):
    """Jobs, with what can be done about them as actions."""

    list_display = ("name", "enabled", "schedule_text", "last_begun", "seconds", "result", "total_run_count")
    list_filter = ("enabled",)
    list_select_related = ("interval", "crontab", "solar", "clocked")
    search_fields = ("name", "task")
    ordering = ("name",)
    fields = ("name", "task", "enabled", "schedule_text", "last_begun", "seconds", "result", "total_run_count")
    readonly_fields = fields
    actions = ("run_now", "pause", "resume")

    @admin.display(description=_("times (UTC)"))
    def schedule_text(self, row: Any) -> str:
        """Give the times as beat describes them."""
        return str(row.scheduler) if getattr(row, "scheduler", None) else str(_("none"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Give the list that knows the runs."""
        return JobList

    @admin.display(description=_("last run"))
    def last_begun(self, row: Any) -> datetime | None:
        """Give when the last run began, whether a worker or cron did it."""
        run = _run_of(row)
        return run.at if run else None

    @admin.display(description=_("seconds"))
    def seconds(self, row: Any) -> str | None:
        """Give how long it took."""
        run = _run_of(row)
        return f"{run.seconds:.1f}" if run and run.seconds is not None else None

    @admin.display(description=_("result"))
    def result(self, row: Any) -> str | None:
        """Give how it ended and what it gave: mostly how many rows it treated, of a failure the kind of error."""
        run = _run_of(row)
        if run is None:
            return None
        state = str(STATES.get(run.state, run.state))
        return f"{state}: {run.result}" if run.result else state

    @admin.action(description=_("Run now"))
    def run_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Hand the chosen jobs to the worker."""
        for job in queryset:
            try:
                run_job_now(job, actor=actor_of(request))
            except DomainError as refusal:
                messages.error(request, f"{job.name}: {refusal}")
            else:
                messages.success(request, _("%(name)s was handed to the worker.") % {"name": job.name})

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Take the chosen jobs off the schedule."""
        self._switch(request, queryset, is_on=False)

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Put the chosen jobs back on the schedule."""
        self._switch(request, queryset, is_on=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, is_on: bool) -> None:
        for job in queryset:
            switch_job(job, is_on=is_on, actor=actor_of(request))
        messages.success(request, _("Resumed.") if is_on else _("Paused."))


def _run_of(row: Any) -> JobRun | None:
    if not hasattr(row, "run"):
        row.run = job_runs().get(row.task)
    found: JobRun | None = row.run
    return found
