"""The control of a text that people may format (`rich-text.js`), for Django's forms."""

from __future__ import annotations

from typing import Any

from django import forms

from helpdesk.configuration.selectors import current

FORMAT = "format"
"""The input with which the editor says that it sends HTML; pages without script send plain text and no such input."""
HTML, TEXT = "html", "text"


def rich_textarea(*, rows: int, placeholder: str = "", says_format: bool = True) -> forms.Textarea:
    """Give the control of a text with markup, or of plain text where the setting `enable_richtext` wants no other.

    `says_format`: the page sends `FORMAT`; else its texts are told apart by their markup (`typed_as_html`).
    """
    attributes: dict[str, Any] = {"rows": rows, **({"placeholder": placeholder} if placeholder else {})}
    if current().boolean("enable_richtext"):
        attributes |= {"data-rich-text": "", **({"data-format-name": FORMAT} if says_format else {})}
    return forms.Textarea(attrs=attributes)


def format_of(form: forms.Form) -> str:
    """Give the format of the text that a bound form brings."""
    return HTML if form.data.get(FORMAT) == HTML else TEXT
