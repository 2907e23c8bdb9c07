"""The Django app `hd_administration`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdministrationConfig(AppConfig):
    """The pages of the administration."""

    name = "helpdesk.administration"
    label = "hd_administration"
    verbose_name = _("Administration")

    def ready(self) -> None:
        """Put the pages on the site."""
        from helpdesk.administration import pages  # noqa: F401
