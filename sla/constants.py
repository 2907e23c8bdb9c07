"""Flag bits of SLA plans and schedules (osticket/schema.md §3.27, §3.30)."""

from enum import IntFlag


class SlaFlag(IntFlag):
    """`sla.flags`."""

    ACTIVE = 0x01
    ESCALATE = 0x02
    NO_ALERTS = 0x04
    TRANSIENT = 0x08


class ScheduleFlag(IntFlag):
    """`schedule.flags`: without the bit the schedule holds holidays."""

    BUSINESS_HOURS = 0x01
