"""The Django app `hd_threads`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ThreadsConfig(AppConfig):
    """Threads, entries, events, collaborators and referrals."""

    name = "helpdesk.threads"
    label = "hd_threads"
    verbose_name = _("Threads")

    def ready(self) -> None:
        """Decide about downloads of files on entries, let go of people who are deleted, and note the rows we write."""
        from django.db.models.signals import post_save

        from helpdesk.files.access import register_gate
        from helpdesk.people.removal import when_agent_goes, when_user_goes
        from helpdesk.threads.access import may_see_entry_of
        from helpdesk.threads.constants import ObjectType
        from helpdesk.threads.own_rows import TABLES, row_written
        from helpdesk.threads.removal import release_agent, release_user

        register_gate(ObjectType.THREAD_ENTRY, may_see_entry_of)
        when_agent_goes(release_agent)
        when_user_goes(release_user)
        for model in TABLES:
            post_save.connect(row_written, sender=model, dispatch_uid=f"threads.own_rows.{model.__name__}")
