"""The reads of pages that administrators write."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from helpdesk import configuration
from helpdesk.files.links import LinkMaker
from helpdesk.files.selectors import attachments_of
from helpdesk.knowledge.constants import AttachmentType, PageType
from helpdesk.knowledge.models import Page
from helpdesk.threads.html import displayed_html
from helpdesk.variables import common_roots, expand


def landing_page_html() -> SafeString:
    """Give the text of the start page of the portal, cleaned; empty when it is switched off (osticket/kb.md §5)."""
    return _shown(configuration.current().integer("landing_page_id"))


def offline_page_html() -> SafeString:
    """Give the text for visitors while the help desk is off line; empty when the page is switched off."""
    return _shown(configuration.current().integer("offline_page_id"))


def thank_you_page_html(page_id: int | None, roots: Mapping[str, Any]) -> SafeString:
    """Give what somebody reads who has opened a ticket: the page of the help topic, else that of the settings.

    `roots` are the values of its variables by first name. Empty when both pages are switched off.
    """
    default = configuration.current().integer("thank-you_page_id")
    return (_shown(page_id, roots) if page_id else None) or _shown(default, roots)


def page_at(slug: str) -> Page | None:
    """Give the active page of its own whose name makes this address (osticket/kb.md §5)."""
    pages = Page.objects.filter(type=PageType.OTHER, isactive=True).order_by("id")
    return next((page for page in pages if slug_of(page.name) == slug.lower()), None)


def slug_of(name: str) -> str:
    """Give the address of a page: lower case, everything else than letters and digits as one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def page_html(page: Page) -> SafeString:
    """Give the text of a page, cleaned."""
    return displayed_html(_expanded(page.body), image_url=image_urls(AttachmentType.PAGE, page.pk))


def image_urls(object_type: str, object_id: int) -> Callable[[str], str | None]:
    """Give the function that finds the signed address of an image in a text by its key."""
    links = LinkMaker(reverse("portal:file"), timezone.now())
    images: dict[str, str] | None = None

    def url(key: str) -> str | None:
        nonlocal images
        if images is None:  # most texts show none
            found = attachments_of(object_type, [object_id]).get(object_id, [])
            images = {one.file.key.lower(): links.url(one, inline=True) for one in found if one.inline}
        return images.get(key)

    return url


def _shown(page_id: int, roots: Mapping[str, Any] | None = None) -> SafeString:
    body = Page.objects.filter(pk=page_id, isactive=True).values_list("body", flat=True).first() or ""
    return displayed_html(_expanded(body, roots), image_url=image_urls(AttachmentType.PAGE, page_id))


def _expanded(body: str, roots: Mapping[str, Any] | None = None) -> str:
    """Put values into a page before it is cleaned, so that an address which a value completes is judged as a whole."""
    return expand(body, roots or common_roots()).text
