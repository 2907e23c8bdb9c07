"""Recurring jobs: switching them off and on, running one now. Their times come with the program (`schedule.py`)."""

import json

from celery import current_app
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from kombu.exceptions import OperationalError

from helpdesk.audit.services import Action, ObjectType, record_change
from helpdesk.legacy.errors import Conflict
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator


@transaction.atomic
def switch_job(job: PeriodicTask, *, is_on: bool, actor: Actor) -> None:
    """Let beat run a job at its times, or not; beat notices within seconds. Raises PermissionRefused."""
    check_is_administrator(actor)
    if job.enabled == is_on:
        return
    PeriodicTask.objects.filter(pk=job.pk).update(enabled=is_on)
    PeriodicTasks.update_changed()
    changes = {"enabled": [job.enabled, is_on]}
    job.enabled = is_on
    record_change(actor, Action.CHANGED, ObjectType.JOB, job.pk, job.name, changes)


def run_job_now(job: PeriodicTask, *, actor: Actor) -> None:
    """Hand a job to the worker at once.

    Raises PermissionRefused; Conflict for one that this program does not know, and where the broker does not answer:
    nothing is recorded then.
    """
    check_is_administrator(actor)
    current_app.loader.import_default_modules()
    if job.task not in current_app.tasks:
        raise Conflict(_("This program has no such job: it belongs to another version."), code="job_unknown")
    with transaction.atomic():
        record_change(actor, Action.CHANGED, ObjectType.JOB, job.pk, job.name, {"run": [None, "now"]})
        try:
            current_app.tasks[job.task].apply_async(
                args=json.loads(job.args or "[]"), kwargs=json.loads(job.kwargs or "{}")
            )
        except OperationalError as error:
            message = _("The broker does not answer, so no worker can be told. Start it and try again.")
            raise Conflict(message, code="broker_unreachable") from error
