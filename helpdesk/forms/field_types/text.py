"""Text, long text and phone numbers (osticket/forms.md §4.1, §4.2, §4.4)."""

import html
import re
from typing import Any

import nh3
from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import FieldType, register
from helpdesk.forms.models import FormField

_TAG = re.compile(r"<!--.*?-->|</?[a-z!?][^<>]*>", re.IGNORECASE | re.DOTALL)
_ONLY_BREAKS = re.compile(r"(?:<br\s*/?>|&nbsp;|\s)*", re.IGNORECASE)
_SEVEN_DIGITS, _TEN_DIGITS = 7, 10


def without_tags(text: str) -> str:
    """Decode character references and drop tags; `<` and `>` that form no tag survive."""
    return _TAG.sub("", html.unescape(text))


@register
class TextType(FieldType):
    """One line of text; blanks at the ends stay, "0" is an answer."""

    key = "text"
    label = _("Short answer")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Drop tags."""
        return None if submitted is None else without_tags(str(submitted))


@register
class MemoType(FieldType):
    """Several lines: sanitised HTML, or plain text when the field says so."""

    key = "memo"
    label = _("Long answer")

    def _is_html(self, field: FormField) -> bool:
        return bool(self.configuration(field).get("html", True))

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Sanitise HTML; text of nothing but blanks and line breaks is no answer."""
        if submitted is None:
            return None
        text = str(submitted)
        if self._is_html(field):
            text = nh3.clean(text)
        return "" if _ONLY_BREAKS.fullmatch(text) else text

    def display(self, field: FormField, clean: Any) -> SafeString:
        """Show HTML as HTML (sanitised once more: PHP or an old release may have written it)."""
        text = self.to_string(field, clean)
        return mark_safe(nh3.clean(text)) if self._is_html(field) else mark_safe(linebreaks(escape(text)))  # noqa: S308


@register
class PhoneType(FieldType):
    """A phone number: digits, then `X` and the extension."""

    key = "phone"
    label = _("Phone number")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Keep digits and the `X` before an extension; what has neither stays as typed, to be refused later."""
        if submitted is None:
            return None
        text = str(submitted).strip()
        return re.sub(r"[^\dX]", "", text) or text

    def to_string(self, field: FormField, clean: Any) -> str:
        """Group the digits as in North America, unless the field has another format."""
        number, _cross, extension = str(clean or "").partition("X")
        if self.configuration(field).get("format", "us") == "us":
            number = _grouped(number)
        return f"{number} x{extension}" if extension else number


def _grouped(number: str) -> str:
    if not number.isdecimal():
        return number
    if len(number) == _SEVEN_DIGITS:
        return f"{number[:3]}-{number[3:]}"
    if len(number) == _TEN_DIGITS:
        return f"({number[:3]}) {number[3:6]}-{number[6:]}"
    return number
