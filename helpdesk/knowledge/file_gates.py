"""Who may download the files of FAQs and pages."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.accounts.gate import signed_in_agent
from helpdesk.files.models import Attachment
from helpdesk.knowledge.models import Faq, Page
from helpdesk.knowledge.readers import knowledge_base_is_open


def may_see_faq(request: HttpRequest, attachment: Attachment) -> bool:
    """Agents see every FAQ, end users public ones while the knowledge base is open to them."""
    if signed_in_agent(request) is not None:
        return True
    is_public = Faq.objects.public().filter(pk=attachment.object_id).exists()
    return is_public and knowledge_base_is_open(request)


def may_see_page(request: HttpRequest, attachment: Attachment) -> bool:
    """Everybody sees the images of active pages, agents those of others."""
    is_active = Page.objects.filter(pk=attachment.object_id, isactive=True).exists()
    return is_active or signed_in_agent(request) is not None
