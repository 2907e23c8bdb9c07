"""The Django app `hd_portal`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Layouts, navigation and home pages of both portals."""

    name = "helpdesk.portal"
    label = "hd_portal"
    verbose_name = _("Portals")

    def ready(self) -> None:
        """Register the system checks of the whole house."""
        from helpdesk.portal import checks  # noqa: F401 -- registers by being imported
