"""The Django app `hd_health`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class HealthConfig(AppConfig):
    """What is checked, and what the checks remember."""

    name = "helpdesk.health"
    label = "hd_health"
    verbose_name = _("Health")

    def ready(self) -> None:
        """Register the checks of the house, then those of every other app with a module `health`."""
        from helpdesk.health import checks  # noqa: F401 -- registers by being imported

        autodiscover_modules("health")
