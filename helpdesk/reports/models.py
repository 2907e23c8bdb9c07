"""What has been counted of days that are over (side tables; `counting.py` keeps them).

All days and hours are those on the clock of the database, so that a row of `thread_event` belongs to one of them on
every engine. The rows of one day stand and fall together with its `CountedDay`.
"""

from django.db import models

GROUPED_BY_TOPIC, GROUPED_BY_AGENT = "T", "S"


class CountedDay(models.Model):
    """A day that has been counted. `orphans` are its events whose thread is gone: more of them, and it is recounted."""

    day = models.DateField(primary_key=True)
    orphans = models.PositiveIntegerField(default=0)
    counted = models.DateTimeField()

    class Meta:
        db_table = "hd_statistics_day"
        indexes = [models.Index(fields=["counted"], name="hd_statistics_day_at")]

    def __str__(self) -> str:
        return str(self.day)


class DaySum(models.Model):
    """Sums of a day for a department and one of its help topics or agents (`grouped_by`), 0 for none.

    `happened` is the number of events that count at all; the hours are those of `sql.sums_by`.
    """

    grouped_by = models.CharField(max_length=1)
    day = models.DateField()
    dept_id = models.PositiveBigIntegerField()
    member_id = models.PositiveBigIntegerField()
    happened = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    assigned = models.PositiveIntegerField(default=0)
    overdue = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    service_hours = models.BigIntegerField(default=0)
    services = models.PositiveBigIntegerField(default=0)
    response_hours = models.BigIntegerField(default=0)
    responses = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "hd_statistics_sum"
        constraints = [
            models.UniqueConstraint(fields=["grouped_by", "day", "dept_id", "member_id"], name="hd_statistics_sum_of")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.dept_id}/{self.member_id}"


class QuarterCount(models.Model):
    """How often an event happened to tickets in a quarter of an hour (`quarter` 0 to 3), and how many count still."""

    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    event_id = models.PositiveBigIntegerField()
    happened = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()

    class Meta:
        db_table = "hd_statistics_quarter"
        constraints = [
            models.UniqueConstraint(fields=["day", "hour", "quarter", "event_id"], name="hd_statistics_quarter_of")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}:{self.quarter * 15:02}"


class CountingPosition(models.Model):
    """How far the counting is, one row: what came after `event_id` and `entry_id` may have changed days that are over.

    `next_…` is what the newest rows were at `noted`. It becomes the position at a later run: a transaction that was
    open then and has lower numbers is over by that time.
    """

    event_id = models.PositiveBigIntegerField(default=0)
    entry_id = models.PositiveBigIntegerField(default=0)
    next_event_id = models.PositiveBigIntegerField(default=0)
    next_entry_id = models.PositiveBigIntegerField(default=0)
    noted = models.DateTimeField()

    class Meta:
        db_table = "hd_statistics_position"

    def __str__(self) -> str:
        return f"{self.event_id}, {self.entry_id}"
