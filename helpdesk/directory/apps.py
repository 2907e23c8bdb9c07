"""The Django app `hd_directory`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DirectoryConfig(AppConfig):
    """The directory of users and organizations."""

    name = "helpdesk.directory"
    label = "hd_directory"
    verbose_name = _("Directory")

    def ready(self) -> None:
        """Say who may open files of answers about users and organizations."""
        from helpdesk.directory.gate import may_see_answer
        from helpdesk.forms.attached import register_object_gate
        from helpdesk.forms.constants import EntryObject

        register_object_gate(EntryObject.USER, may_see_answer)
        register_object_gate(EntryObject.ORGANIZATION, may_see_answer)
