"""The reads of pages."""

from django.utils.safestring import SafeString

from helpdesk import configuration
from helpdesk.knowledge.models import Page
from helpdesk.threads.html import displayed_html


def landing_page_html() -> SafeString:
    """Give the text of the start page of the portal, cleaned; empty when it is switched off (osticket/kb.md §5)."""
    page_id = configuration.current().integer("landing_page_id")
    body = Page.objects.filter(pk=page_id, isactive=True).values_list("body", flat=True).first()
    return displayed_html(body or "")
