"""The Django app `hd_accounts`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Sign-in of agents and end users."""

    name = "helpdesk.accounts"
    label = "hd_accounts"
    verbose_name = _("Sign-in")

    def ready(self) -> None:
        """Register the system checks."""
        from helpdesk.accounts import checks  # noqa: F401
