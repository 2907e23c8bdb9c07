"""Tasks."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    FlagsField,
    LegacyCharField,
    LegacyDateTimeField,
    Prefixed,
    UnsignedAutoField,
    ZeroForeignKey,
)
from tasks.constants import TaskFlag
from tasks.querysets import TaskQuerySet


class Task(models.Model):
    """A task, of a ticket (`object_type` T) or on its own."""

    id = UnsignedAutoField(primary_key=True)
    object_id = models.IntegerField(default=0)
    object_type = LegacyCharField(max_length=1)
    number = LegacyCharField(max_length=20, null=True, blank=True)
    dept = ZeroForeignKey("hd_people.Department", related_name="tasks")
    staff = ZeroForeignKey("hd_people.Agent", related_name="tasks")
    team = ZeroForeignKey("hd_people.Team", related_name="tasks")
    lock = ZeroForeignKey("hd_threads.Lock", related_name="+")
    flags = FlagsField(flags=TaskFlag)
    duedate = LegacyDateTimeField(null=True, blank=True)
    closed = LegacyDateTimeField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = TaskQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("task")
        indexes = [
            models.Index(fields=["created"], name="task_created"),
            models.Index(fields=["dept"], name="task_dept_id"),
            models.Index(fields=["flags"], name="task_flags"),
            models.Index(fields=["object_id", "object_type"], name="task_object"),
            models.Index(fields=["staff"], name="task_staff_id"),
            models.Index(fields=["team"], name="task_team_id"),
        ]

    def __str__(self) -> str:
        return str(self.number)
