"""The Django app `hd_accounts`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Sign-in of agents and end users."""

    name = "helpdesk.accounts"
    label = "hd_accounts"
    verbose_name = _("Sign-in")

    def ready(self) -> None:
        """Register the system checks; let go of users who are deleted."""
        from helpdesk.accounts import checks  # noqa: F401
        from helpdesk.accounts.removal import release_user
        from helpdesk.people.removal import when_user_goes

        when_user_goes(release_user)
