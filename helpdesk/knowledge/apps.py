"""The Django app `hd_knowledge`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    """FAQ, canned responses and pages."""

    name = "helpdesk.knowledge"
    label = "hd_knowledge"
    verbose_name = _("Knowledge base")

    def ready(self) -> None:
        """Guard the files."""
        from helpdesk.files.access import register_gate
        from helpdesk.knowledge import file_gates
        from helpdesk.knowledge.constants import AttachmentType

        register_gate(AttachmentType.FAQ, file_gates.may_see_faq)
        register_gate(AttachmentType.PAGE, file_gates.may_see_page)
