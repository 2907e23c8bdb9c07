"""The Django app `hd_mailfetch`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailFetchConfig(AppConfig):
    """Mailboxes that are fetched, and mails that were set aside."""

    name = "mailfetch"
    label = "hd_mailfetch"
    verbose_name = _("Incoming mail")
