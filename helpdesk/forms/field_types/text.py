"""Text, long text and phone numbers (osticket/forms.md §4.1, §4.2, §4.4)."""

import html
import re
from collections.abc import Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import Asked, Control, FieldType, register
from helpdesk.forms.field_types.validators import FORMULA_ERROR, is_no_formula, is_number, text_error
from helpdesk.forms.models import FormField
from helpdesk.forms.posted import Posted
from helpdesk.forms.rich_text import clean_answer, html_as_typed, plain_text, shown_answer, typed_as_html

_TAG = re.compile(r"</?[a-z!?][^<>]*>", re.IGNORECASE)
_ONLY_BREAKS = re.compile(r"(?:<br\s*/?>|&nbsp;|\s)*", re.IGNORECASE)
_SEVEN_DIGITS, _TEN_DIGITS = 7, 10


def without_tags(text: str) -> str:
    """Decode character references and drop comments and tags; `<` and `>` that form no tag survive.

    Takes time in proportion to the text, whatever it contains.
    """
    return _TAG.sub("", _without_comments(html.unescape(text)))


def _without_comments(text: str) -> str:
    kept, position = [], 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[position:start])
        position = end + 3
    return "".join(kept) + text[position:]


def _plain(submitted: Any) -> str:
    """Give a submitted value as text: JSON may hold numbers and lists where a form has text."""
    if submitted is None or isinstance(submitted, Mapping | list | tuple):
        return ""
    if isinstance(submitted, bool):
        return "1" if submitted else ""
    return str(submitted)


@register
class TextType(FieldType):
    """One line of text; blanks at the ends stay, "0" is an answer."""

    key = "text"
    label = _("Short answer")
    defaults = {"size": 16, "length": 30, "validator": "", "placeholder": ""}
    INPUTS = {"email": "email", "phone": "tel", "password": "password"}

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Drop tags; what was not submitted is the empty text."""
        return without_tags(_plain(submitted))

    def is_empty(self, clean: Any) -> bool:
        """Only the empty text is: "0" is an answer."""
        return clean in (None, "")

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Apply the validator of the field; `length` is only advice for browsers."""
        error = text_error(str(clean or ""), self.configuration(field))
        return [] if error is None else [error]

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give an input of one line."""
        length = self.number(field, "length")
        attributes: dict[str, str | int | bool] = {
            "type": self.INPUTS.get(str(self.option(field, "validator")), "text"),
            "placeholder": str(self.option(field, "placeholder") or ""),
        }
        if length > 0:
            attributes["maxlength"] = length
        if self.option(field, "validator") == "number":
            attributes["inputmode"] = "decimal"
        return Control("text", values=[_plain(value)], attributes=attributes)


@register
class MemoType(FieldType):
    """Several lines: sanitised HTML, or plain text when the field says so."""

    key = "memo"
    label = _("Long answer")
    defaults = {"cols": 40, "rows": 4, "length": 0, "html": True, "placeholder": ""}

    def is_html(self, field: FormField) -> bool:
        """Whether answers are HTML."""
        return self.flag(field, "html")

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take HTML, or text that becomes HTML where nobody wrote any."""
        text = _plain(posted.one(name))
        return typed_as_html(text) if self.is_html(field) else text

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Sanitise HTML; text of nothing but blanks and line breaks is no answer."""
        text = _plain(submitted)
        if self.is_html(field):
            text = clean_answer(text)
        return "" if _ONLY_BREAKS.fullmatch(text) else text

    def is_empty(self, clean: Any) -> bool:
        """Only the empty text is."""
        return clean in (None, "")

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Refuse what a spreadsheet would take for a formula."""
        return [] if is_no_formula(str(clean or "")) else [str(FORMULA_ERROR)]

    def display(self, field: FormField, clean: Any) -> SafeString:
        """Show HTML as HTML (sanitised once more: PHP or an old release may have written it)."""
        text = self.to_string(field, clean)
        if self.is_html(field):
            return shown_answer(text)
        return mark_safe("<br>".join(escape(text).splitlines()))  # noqa: S308 -- escaped

    def search_text(self, field: FormField, clean: Any) -> str:
        """Give the words."""
        return " ".join(self.export(field, clean).split())

    def export(self, field: FormField, clean: Any) -> str:
        """Give the text without HTML."""
        text = self.to_string(field, clean)
        return plain_text(text) if self.is_html(field) else text

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give a box of several lines; it offers an editor where the answer is HTML."""
        length, rows = self.number(field, "length"), self.number(field, "rows")
        attributes: dict[str, str | int | bool] = {
            "rows": min(max(rows, 2), 30),
            "placeholder": str(self.option(field, "placeholder") or ""),
        }
        if length > 0 and not self.is_html(field):
            attributes["maxlength"] = length
        if self.is_html(field):
            attributes["data-rich-text"] = True
        text = _plain(value)
        return Control("textarea", values=[html_as_typed(text) if self.is_html(field) else text], attributes=attributes)


@register
class PhoneType(FieldType):
    """A phone number: digits, then `X` and the extension."""

    key = "phone"
    label = _("Phone number")
    defaults = {"ext": True, "digits": 7, "format": "us"}
    EXTENSION = "-ext"

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Put number and extension together, where the extension has a box of its own."""
        return self._with_extension(posted, name, posted.one(name))

    def read_named(self, field: FormField, posted: Posted, name: str) -> Any:
        """Put number and extension together, where the program sent both."""
        return self._with_extension(posted, name, posted.any(name))

    def _with_extension(self, posted: Posted, name: str, number: Any) -> Any:
        extension = _plain(posted.any(f"{name}{self.EXTENSION}")).strip()
        return f"{_plain(number)}X{extension}" if extension else number

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Keep digits and the `X` before an extension; what has neither stays as typed, to be refused later."""
        text = _plain(submitted).strip()
        return re.sub(r"[^\dX]", "", text, flags=re.ASCII) or text

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Check the number of digits, and the extension where the field has one."""
        number, cross, extension = str(clean or "").partition("X")
        if not clean:
            return []
        if self.flag(field, "ext") and extension and not is_number(extension):
            return [str(_("Enter a valid phone extension"))]
        if cross and extension and not number:
            return [str(_("Enter a phone number for the extension"))]
        if not is_number(number) or len(number) < self.number(field, "digits"):
            return [str(_("Enter a valid phone number"))]
        return []

    def to_string(self, field: FormField, clean: Any) -> str:
        """Group the digits as in North America, unless the field has another format."""
        number, _cross, extension = str(clean or "").partition("X")
        if self.option(field, "format") == "us":
            number = _grouped(number)
        return f"{number} x{extension}" if extension else number

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give an input for the number and, where the field wants it, one for the extension."""
        number, _cross, extension = _plain(value).partition("X")
        has_extension = self.flag(field, "ext")
        if not has_extension and extension:
            number = _plain(value)
        return Control("phone", values=[number, extension], is_group=has_extension, extra={"extension": has_extension})


def readable_phone(number: str, extension: str = "") -> str:
    """Give a phone number with its digits grouped as in North America: `(555) 222-3333 x45`."""
    return f"{_grouped(number)} x{extension}" if extension else _grouped(number)


def _grouped(number: str) -> str:
    if not number.isdecimal():
        return number
    if len(number) == _SEVEN_DIGITS:
        return f"{number[:3]}-{number[3:]}"
    if len(number) == _TEN_DIGITS:
        return f"({number[:3]}) {number[3:6]}-{number[6:]}"
    return number
