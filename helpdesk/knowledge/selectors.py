"""The reads of pages that administrators write."""

import base64
import html as html_text
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import slugify

from helpdesk import configuration
from helpdesk.files.links import LinkMaker
from helpdesk.files.selectors import attachments_of
from helpdesk.knowledge.constants import AttachmentType, PageType
from helpdesk.knowledge.models import Page
from helpdesk.threads.html import clean_html, displayed_html
from helpdesk.variables import common_roots, expand

_FRESH_IMAGE = re.compile(r'(?<= src=")/(?P<key>embedded-[0-9a-f]{16})(?=")')
_OWN_IMAGE = re.compile(r"""(?P<before>\bsrc=["'])cid:(?P<key>[\w.-]{32})(?=["'])""", re.IGNORECASE)


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
    """Give the active page of its own that has this address; those that osTicket finds come first."""
    wanted = unicodedata.normalize("NFKC", slug).lower()
    pages = Page.objects.filter(type=PageType.OTHER, isactive=True).order_by("id")
    found = [page for page in pages if slug_of(page) == wanted]
    return next((page for page in found if _latin_slug(page.name)), None) or next(iter(found), None)


def slug_of(page: Page) -> str:
    """Give the last part of a page's address: its name as osTicket writes it there (osticket/kb.md §5).

    For a name without a Latin letter or digit osTicket has none: the letters that it has, else the number of the row.
    """
    return _latin_slug(page.name) or slugify(page.name, allow_unicode=True) or str(page.pk)


def _latin_slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def page_html(page: Page) -> SafeString:
    """Give the text of a page, cleaned."""
    return displayed_html(_expanded(page.body), image_url=image_urls(AttachmentType.PAGE, page.pk))


def page_preview(html: str, *, page_id: int = 0, roots: Mapping[str, Any] | None = None) -> SafeString:
    """Give a text as its readers would see it once it is stored; `page_id` is the page whose images it may show.

    Images that only just came with the text are shown, too: nothing is stored for a look.
    """
    cleaned = clean_html(html)
    fresh = {one.placeholder: f"data:{one.type};base64,{base64.b64encode(one.data).decode()}" for one in cleaned.images}
    stored = image_urls(AttachmentType.PAGE, page_id)
    shown = displayed_html(
        _expanded(cleaned.html, roots), image_url=lambda key: f"/{key}" if key in fresh else stored(key)
    )
    return SafeString(_FRESH_IMAGE.sub(lambda found: fresh.get(found["key"], ""), shown))


def editable_html(html: str, object_type: str, object_id: int) -> str:
    """Give a stored text for an agent's editor: its images by signed addresses, which storing turns back into keys."""
    url = image_urls(object_type, object_id, door="agent:file")

    def shown(found: re.Match[str]) -> str:
        address = url(found["key"].lower())
        return found["before"] + html_text.escape(address) if address else found[0]

    return _OWN_IMAGE.sub(shown, html)


def image_urls(object_type: str, object_id: int, *, door: str = "portal:file") -> Callable[[str], str | None]:
    """Give the function that finds the signed address of an image in a text by its key."""
    links = LinkMaker(reverse(door), timezone.now())
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
