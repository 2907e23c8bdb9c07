"""The Django app `hd_audit`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """The trail of changes that administrators make."""

    name = "helpdesk.audit"
    label = "hd_audit"
    verbose_name = _("Audit trail")
