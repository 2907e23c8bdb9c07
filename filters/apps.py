"""The Django app `hd_filters`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiltersConfig(AppConfig):
    """Ticket filters."""

    name = "filters"
    label = "hd_filters"
    verbose_name = _("Ticket filters")
