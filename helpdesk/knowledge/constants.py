"""Visibility of the knowledge base, types of pages and of attachments (osticket/kb.md §1, §5)."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class CategoryVisibility(models.IntegerChoices):
    """`faq_category.ispublic`."""

    PRIVATE = 0, _("Private")
    PUBLIC = 1, _("Public")
    FEATURED = 2, _("Featured")


class FaqPublication(models.IntegerChoices):
    """`faq.ispublished`."""

    INTERNAL = 0, _("Internal")
    PUBLIC = 1, _("Public")
    FEATURED = 2, _("Featured")


class AttachmentType(StrEnum):
    """The letters in `attachment.type`."""

    FAQ = "F"
    CANNED_RESPONSE = "C"
    PAGE = "P"


class PageType(models.TextChoices):
    """The types of `content` rows that are pages; the others are texts of messages."""

    LANDING = "landing", _("Start page")
    THANK_YOU = "thank-you", _("After a new ticket")
    OFFLINE = "offline", _("While the help desk is off line")
    OTHER = "other", _("Page with an address of its own")


CHOSEN_PAGES = {
    "landing_page_id": PageType.LANDING.label,
    "thank-you_page_id": PageType.THANK_YOU.label,
    "offline_page_id": PageType.OFFLINE.label,
}
"""The settings that choose a page."""
