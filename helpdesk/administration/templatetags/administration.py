"""Filters for the pages of the administration."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def in_words(value: Any) -> str:
    """Give a value of the audit trail as people read it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(in_words(entry) for entry in value) or "—"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {in_words(entry)}" if entry != 1 else str(key) for key, entry in value.items()) or "—"
    return str(value)
