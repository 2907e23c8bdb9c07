"""The Django app `hd_tickets`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    """Tickets, queues and the pages that show them."""

    name = "tickets"
    label = "hd_tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        """Give the forms the field type that needs priorities."""
        from tickets import form_fields  # noqa: F401
