"""The Django app `hd_legacy`."""

from django.apps import AppConfig
from django.db.models.signals import pre_migrate
from django.utils.translation import gettext_lazy as _


class LegacyConfig(AppConfig):
    """What knows the format of osTicket's database."""

    name = "helpdesk.legacy"
    label = "hd_legacy"
    verbose_name = _("osTicket database")

    def ready(self) -> None:
        """Watch over `migrate` and make look-ups and checks known."""
        from helpdesk.legacy import checks, folded_lookups  # noqa: F401
        from helpdesk.legacy.migrate_guard import refuse_unadopted_database

        pre_migrate.connect(refuse_unadopted_database, sender=self, dispatch_uid="hd_legacy.refuse_unadopted_database")
