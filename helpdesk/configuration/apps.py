"""The Django app `hd_configuration`."""

from celery.signals import task_prerun
from django.apps import AppConfig
from django.core.signals import request_started
from django.utils.translation import gettext_lazy as _


class ConfigurationConfig(AppConfig):
    """Settings, the system log, translations."""

    name = "helpdesk.configuration"
    label = "hd_configuration"
    verbose_name = _("Configuration")

    def ready(self) -> None:
        """Look for changed settings at the start of every request and background task."""
        from helpdesk.configuration.changes import start_unit_of_work

        request_started.connect(start_unit_of_work, dispatch_uid="hd_configuration.request")
        task_prerun.connect(start_unit_of_work, dispatch_uid="hd_configuration.task")
