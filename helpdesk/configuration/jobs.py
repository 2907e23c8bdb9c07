"""Recurring jobs of the configuration."""

import calendar
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from helpdesk.configuration import optimization, selectors
from helpdesk.configuration.policies import JobActor
from helpdesk.configuration.services import purge_log


def months_before(moment: datetime, months: int) -> datetime:
    """Give the same day and time so many months earlier, the last day where the month is shorter."""
    index = moment.year * 12 + moment.month - 1 - months
    year, month = divmod(index, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


@shared_task
def optimize_tables() -> int:
    """Give back the room of deleted rows in tables whose rows come and go; gives how many tables there were."""
    return optimization.optimize() if optimization.is_wanted() else 0


@shared_task
def purge_system_log() -> int:
    """Delete lines of the system log that are older than `log_graceperiod` months (0: none); gives their number."""
    months = selectors.current().integer("log_graceperiod")
    if months <= 0:
        return 0
    return purge_log(before=months_before(timezone.now(), months), actor=JobActor())
