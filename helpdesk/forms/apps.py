"""The Django app `hd_forms`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FormsConfig(AppConfig):
    """Dynamic forms, answers, lists and their cdata tables."""

    name = "helpdesk.forms"
    label = "hd_forms"
    verbose_name = _("Forms")
