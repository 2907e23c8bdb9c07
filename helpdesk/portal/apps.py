"""The Django app `hd_portal`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Layouts, navigation and home pages of both portals."""

    name = "helpdesk.portal"
    label = "hd_portal"
    verbose_name = _("Portals")

    def ready(self) -> None:
        """Register the system checks of the whole house and how large uploads may be; then plugins may add theirs."""
        from helpdesk.files.uploading import register_field_limit
        from helpdesk.forms.uploads import largest_of_fields
        from helpdesk.mail.rendering import register_text_source
        from helpdesk.mail.shipped import ENGLISH, register_shipped
        from helpdesk.plugins import load_plugins
        from helpdesk.portal import checks  # noqa: F401 -- registers by being imported
        from helpdesk.portal.mail_texts import shipped_in_english, text_of_page

        register_field_limit(largest_of_fields)
        register_text_source(text_of_page)
        register_shipped(ENGLISH, shipped_in_english)
        load_plugins()
