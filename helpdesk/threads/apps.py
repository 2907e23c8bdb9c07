"""The Django app `hd_threads`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ThreadsConfig(AppConfig):
    """Threads, entries, events, collaborators and referrals."""

    name = "helpdesk.threads"
    label = "hd_threads"
    verbose_name = _("Threads")
