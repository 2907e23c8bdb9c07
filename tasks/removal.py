"""What becomes of tasks when a department is deleted; agents and teams who are gone stay named (tickets.md §15.7)."""

from helpdesk.people.models import Department
from tasks.models import Task


def release_department(department: Department, default: Department) -> None:
    """Move its tasks to the default department."""
    Task.objects.filter(dept=department).update(dept=default)
