"""The verbs of tasks. Everything that changes a task goes through one of these."""

from tasks.new_task import NewTask
from tasks.services.assignment import assign_task, claim_task, transfer_task
from tasks.services.bulk import BulkResult, for_each_task
from tasks.services.collaborators import add_task_collaborator, update_task_collaborators
from tasks.services.creation import Created, TaskInvalid, create_task
from tasks.services.deletion import delete_task
from tasks.services.editing import change_due_date, edit_task, edit_task_answer
from tasks.services.entries import edit_task_entry
from tasks.services.overdue import mark_overdue_tasks
from tasks.services.posting import (
    TaskPosted,
    TaskState,
    post_task_message,
    post_task_note,
    post_task_update,
)
from tasks.services.status import close_task, reopen_task

__all__ = [
    "BulkResult",
    "Created",
    "NewTask",
    "TaskInvalid",
    "TaskPosted",
    "TaskState",
    "add_task_collaborator",
    "assign_task",
    "change_due_date",
    "claim_task",
    "close_task",
    "create_task",
    "delete_task",
    "edit_task",
    "edit_task_answer",
    "edit_task_entry",
    "for_each_task",
    "mark_overdue_tasks",
    "post_task_message",
    "post_task_note",
    "post_task_update",
    "reopen_task",
    "transfer_task",
    "update_task_collaborators",
]
