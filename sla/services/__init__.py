"""The verbs of SLA plans and schedules. Administrators only."""

from sla.services.entries import EntryDraft, add_entries, delete_entry, store_entry
from sla.services.plans import PlanDraft, delete_plan, store_plan
from sla.services.schedules import ScheduleDraft, delete_schedule, store_schedule

__all__ = [
    "EntryDraft",
    "PlanDraft",
    "ScheduleDraft",
    "add_entries",
    "delete_entry",
    "delete_plan",
    "delete_schedule",
    "store_entry",
    "store_plan",
    "store_schedule",
]
