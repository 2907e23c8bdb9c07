"""The Django app `hd_sla`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SlaConfig(AppConfig):
    """SLA plans and schedules."""

    name = "sla"
    label = "hd_sla"
    verbose_name = _("SLA")

    def ready(self) -> None:
        """Read plans and schedules anew when one of them changes."""
        from sla import book

        book.book.forget_with(*book.TABLES)
