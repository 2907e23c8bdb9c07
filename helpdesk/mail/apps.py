"""The Django app `hd_mail`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    """Addresses and templates of outgoing mail."""

    name = "helpdesk.mail"
    label = "hd_mail"
    verbose_name = _("Outgoing mail")
