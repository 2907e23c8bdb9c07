"""The validators of text fields (osticket/forms.md §4.1). Each judges a text that is not empty."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.patterns import matches_php_pattern
from helpdesk.people.validation import is_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

Check = Callable[[str, "Mapping[str, Any]"], bool]

FORMULA_START = frozenset("=-+@")
_PLUS_AND_DIGITS = re.compile(r"\+\d+\n?", re.ASCII)
_PHONE_SIGNS = re.compile(r"[()\-.+ ]")
_NUMBER = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\r\v\f]*", re.ASCII)
_FEWEST_DIGITS, _MOST_DIGITS = 7, 16


def is_no_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for text: it does not begin with `=`, `-`, `+`, `@`.

    A `+` before nothing but digits is allowed, for telephone numbers.
    """
    return not text or text[0] not in FORMULA_START or _PLUS_AND_DIGITS.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether PHP takes the text for a number: sign, decimals, exponent, blanks around it."""
    return _NUMBER.fullmatch(text) is not None


def _is_phone(text: str, options: Mapping[str, Any]) -> bool:
    digits = _PHONE_SIGNS.sub("", text)
    return is_number(digits) and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS


def _is_address(text: str, options: Mapping[str, Any]) -> bool:
    return is_address(text)


def _is_ip_address(text: str, options: Mapping[str, Any]) -> bool:
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    return "%" not in text


def _matches_pattern(text: str, options: Mapping[str, Any]) -> bool:
    """The pattern sees the text as HTML: a bare `&` in it cannot match."""
    return matches_php_pattern(str(options.get("regex") or ""), escape(text).replace("&#x27;", "&#039;"))


FORMULA_ERROR = _("Content cannot start with the following characters: = - + @")
VALIDATORS: dict[str, tuple[Check, str | _StrPromise]] = {
    "": (lambda text, options: is_no_formula(text), FORMULA_ERROR),
    "formula": (lambda text, options: is_no_formula(text), FORMULA_ERROR),
    "email": (_is_address, _("Enter a valid email address")),
    "phone": (_is_phone, _("Enter a valid phone number")),
    "ip": (_is_ip_address, _("Enter a valid IP address")),
    "number": (lambda text, options: is_number(text), _("Enter a Number")),
    "regex": (_matches_pattern, ""),
}
"""By the name that the configuration holds. A name that is not here checks nothing, as in osTicket."""


def text_error(text: str, options: Mapping[str, Any]) -> str | None:
    """Give what is wrong with a text under the options of its field, None when nothing is; it may be ''."""
    check, message = VALIDATORS.get(str(options.get("validator") or ""), (None, ""))
    if check is None or not text or check(text, options):
        return None
    return str(options.get("validator-error") or message)
