"""What happened to tasks, for plug-ins and integrations. Sent after the commit; receivers cannot spoil the operation.

Every signal carries `task` (Task), `actor` (Actor) and what is named beside it.
"""

from django.dispatch import Signal

task_created = Signal()
"""A task was made."""
task_closed = Signal()
task_reopened = Signal()
task_assigned = Signal()
"""`staff` or `team`: the new assignee; the other one is None."""
task_transferred = Signal()
"""`department`: the one that it came from."""
task_overdue = Signal()
"""The task was marked as overdue."""
task_edited = Signal()
"""Answers or the due date changed."""
task_deleted = Signal()
"""`task` is the row as it was; `task_id` its former id."""
task_entry_posted = Signal()
"""`entry`: a message, response or internal note of the task."""

CHANGING_COUNTS = (
    task_created,
    task_closed,
    task_reopened,
    task_assigned,
    task_transferred,
    task_overdue,
    task_deleted,
)
"""The signals after which the numbers beside the lists may be others."""
