"""The Django app `hd_tasks`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TasksConfig(AppConfig):
    """Tasks."""

    name = "tasks"
    label = "hd_tasks"
    verbose_name = _("Tasks")
