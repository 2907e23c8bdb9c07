"""The Django app `hd_tasks`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TasksConfig(AppConfig):
    """Tasks."""

    name = "tasks"
    label = "hd_tasks"
    verbose_name = _("Tasks")

    def ready(self) -> None:
        """Decide about downloads from tasks, and keep tickets with open tasks open."""
        from helpdesk.threads.access import register_thread_gate
        from helpdesk.threads.constants import ObjectType
        from tasks.gates import may_see_entry
        from tasks.obstacles import open_tasks_obstacle
        from tickets.registries import register_close_obstacle

        register_thread_gate(ObjectType.TASK, may_see_entry)
        register_close_obstacle(open_tasks_obstacle)
