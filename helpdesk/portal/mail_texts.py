"""Content pages as texts of mails (osticket/schema.md §3.5): the name is the subject; and the English templates."""

from __future__ import annotations

from helpdesk.knowledge.models import Page
from helpdesk.mail.template import Template
from helpdesk.portal.seed import english_template


def text_of_page(code: str) -> Template | None:
    """Give the text of this type, None when there is none or it is switched off."""
    page = Page.objects.filter(type=code, isactive=True).order_by("id").first()
    return Template(page.name, page.body) if page is not None else None


def shipped_in_english(code: str) -> Template | None:
    """Give the English text of a template as a new help desk gets it, None for a code without one."""
    found = english_template(code)
    return Template(*found) if found is not None else None
