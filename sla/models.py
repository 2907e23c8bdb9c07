"""SLA plans and schedules."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    FlagsField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyTextField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
)
from sla.constants import ScheduleFlag, SlaFlag


class Schedule(models.Model):
    """Business hours or holidays (osticket/sla.md)."""

    id = UnsignedAutoField(primary_key=True)
    flags = FlagsField(flags=ScheduleFlag)
    name = LegacyCharField(max_length=255)
    timezone = LegacyCharField(max_length=64, null=True, blank=True)
    description = LegacyCharField(max_length=255, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("schedule")

    def __str__(self) -> str:
        return str(self.name)


class ScheduleEntry(models.Model):
    """One rule of a schedule."""

    id = UnsignedAutoField(primary_key=True)
    schedule = ZeroForeignKey("Schedule", related_name="entries")
    flags = UnsignedIntegerField(default=0)
    sort = models.PositiveSmallIntegerField(default=0)
    name = LegacyCharField(max_length=255)
    repeats = LegacyCharField(max_length=16, default="never")
    starts_on = models.DateField(null=True, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)
    stops_on = LegacyDateTimeField(null=True, blank=True)
    day = models.SmallIntegerField(null=True, blank=True)
    week = models.SmallIntegerField(null=True, blank=True)
    month = models.SmallIntegerField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("schedule_entry")
        indexes = [
            models.Index(fields=["repeats"], name="schedule_entry_repeats"),
            models.Index(fields=["schedule"], name="schedule_entry_schedule_id"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class SlaPlan(models.Model):
    """An SLA plan: how many hours until a ticket is due."""

    id = UnsignedAutoField(primary_key=True)
    schedule = ZeroForeignKey("Schedule", related_name="sla_plans")
    flags = FlagsField(flags=SlaFlag, default=SlaFlag(3))
    grace_period = UnsignedIntegerField(default=0)
    name = CaseInsensitiveCharField(max_length=64, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("sla")
        constraints = [
            models.UniqueConstraint(Folded("name"), name="sla_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)
