"""The Django app `hd_legacy`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LegacyConfig(AppConfig):
    """What knows the format of osTicket's database."""

    name = "helpdesk.legacy"
    label = "hd_legacy"
    verbose_name = _("osTicket database")
