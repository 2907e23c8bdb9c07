"""The Django app `hd_knowledge`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    """FAQ, canned responses and pages."""

    name = "helpdesk.knowledge"
    label = "hd_knowledge"
    verbose_name = _("Knowledge base")
