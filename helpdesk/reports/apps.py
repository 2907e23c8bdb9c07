"""The Django app `hd_reports`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """Statistics of tickets."""

    name = "helpdesk.reports"
    label = "hd_reports"
    verbose_name = _("Statistics")
