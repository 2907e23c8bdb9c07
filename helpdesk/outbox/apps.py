"""The Django app `hd_outbox`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    """Durable deliveries to the outside world."""

    name = "helpdesk.outbox"
    label = "hd_outbox"
    verbose_name = _("Outbox")
