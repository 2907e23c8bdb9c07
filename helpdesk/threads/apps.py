"""The Django app `hd_threads`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ThreadsConfig(AppConfig):
    """Threads, entries, events, collaborators and referrals."""

    name = "helpdesk.threads"
    label = "hd_threads"
    verbose_name = _("Threads")

    def ready(self) -> None:
        """Decide about downloads of files on entries."""
        from helpdesk.files.access import register_gate
        from helpdesk.threads.access import may_see_entry_of
        from helpdesk.threads.constants import ObjectType

        register_gate(ObjectType.THREAD_ENTRY, may_see_entry_of)
