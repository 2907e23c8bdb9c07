"""The Django app `hd_files`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FilesConfig(AppConfig):
    """Stored files, attachments and signed downloads."""

    name = "helpdesk.files"
    label = "hd_files"
    verbose_name = _("Files")

    def ready(self) -> None:
        """Register the health check."""
        from helpdesk.files import health  # noqa: F401 -- registers by being imported
