"""Visibility of the knowledge base (osticket/kb.md §1)."""

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
