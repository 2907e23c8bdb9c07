"""The Django app `hd_api`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    """Programs' way in."""

    name = "helpdesk.api"
    label = "hd_api"
    verbose_name = _("API")
