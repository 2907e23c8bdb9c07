"""The Django app `hd_configuration`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConfigurationConfig(AppConfig):
    """Settings, the system log, translations."""

    name = "helpdesk.configuration"
    label = "hd_configuration"
    verbose_name = _("Configuration")
