"""The Django app `hd_tickets`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    """Tickets, queues and the pages that show them."""

    name = "tickets"
    label = "hd_tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        """Give the forms the field type that needs priorities, the files their gate, and forget what has changed."""
        from tickets import form_fields  # noqa: F401

        self._guard_files()
        self._forget_changes()

    def _guard_files(self) -> None:
        from helpdesk.threads.access import register_thread_gate
        from helpdesk.threads.constants import ObjectType
        from tickets.gates import may_see_entry

        register_thread_gate(ObjectType.TICKET, may_see_entry)
        register_thread_gate(ObjectType.MERGED_TICKET, may_see_entry)

    def _forget_changes(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from tickets import signals
        from tickets.navigation import forget_counts
        from tickets.reference_data import TABLES, forget_reference_data

        for model in TABLES:
            for changed in (post_save, post_delete):
                changed.connect(forget_reference_data, sender=model, dispatch_uid=f"tickets.reference.{model.__name__}")
        for happened in signals.CHANGING_COUNTS:
            happened.connect(forget_counts, dispatch_uid="tickets.counts")
