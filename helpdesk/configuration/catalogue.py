"""What the settings of namespace `core` are: their kind, their limits, what stands beside them on the page.

Only settings that are named in `subjects.py` can be changed through `services.change_settings`; every other row belongs
to osTicket or a plugin and is left alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.snapshot import is_true, leading_integer
from helpdesk.legacy.errors import ValidationFailed

Value = str | int | bool
Check = Callable[[str], object | None]
"""Gives what is wrong with a text, None when nothing is."""


class Kind(StrEnum):
    """What a setting is."""

    SWITCH = "switch"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting: texts for the page and the rules for its value.

    `references` names what a REFERENCE points to (`department`), 0 for none where `none` says what that means.
    """

    key: str
    kind: Kind
    label: Any
    help_text: Any = ""
    choices: Sequence[tuple[str, Any]] = ()
    references: str = ""
    none: Any = None
    smallest: int = 0
    largest: int = 1_000_000
    longest: int = 255
    is_required: bool = False
    is_long: bool = False
    check: Check | None = None
    on: str = "1"
    off: str = "0"

    def meaning(self, stored: str | None) -> Value:
        """Give what a stored text means, as PHP reads it; None is a setting without row or default."""
        text = stored or ""
        if self.kind is Kind.SWITCH:
            return is_true(text)
        if self.kind in (Kind.NUMBER, Kind.REFERENCE):
            return leading_integer(text)
        if self.kind is Kind.CHOICE and not text and "" not in {choice for choice, _label in self.choices}:
            return self.choices[0][0]  # never stored, or stored as PHP stores "no"
        return text

    def stored_form(self, value: Value) -> str:
        """Give what osTicket's pages would store. Raises ValidationFailed that names the setting."""
        if self.kind is Kind.SWITCH:
            return self.on if value else self.off
        if self.kind in (Kind.NUMBER, Kind.REFERENCE):
            return self._checked_number(value)
        return self._checked_text(str(value).strip())

    def _checked_number(self, value: Value) -> str:
        try:
            number = int(value)
        except ValueError:
            raise self._refusal(_("Enter a whole number."), "no_number") from None
        if self.kind is Kind.REFERENCE and not number and self.none is None:
            raise self._refusal(_("This field is required"), "required")
        if self.kind is Kind.NUMBER and not self.smallest <= number <= self.largest:
            limits = {"smallest": self.smallest, "largest": self.largest}
            raise self._refusal(_("Enter a number from %(smallest)d to %(largest)d.") % limits, "out_of_range")
        return str(number)

    def _checked_text(self, text: str) -> str:
        if self.is_required and not text:
            raise self._refusal(_("This field is required"), "required")
        if len(text) > self.longest:
            raise self._refusal(_("At most %(count)d characters fit here") % {"count": self.longest}, "too_long")
        if self.kind is Kind.CHOICE and text not in {choice for choice, _label in self.choices}:
            raise self._refusal(_("This is none of the choices."), "unknown_choice")
        objection = self.check(text) if self.check and text else None
        if objection is not None:
            raise self._refusal(objection, "invalid")
        return text

    def _refusal(self, message: Any, code: str) -> ValidationFailed:
        return ValidationFailed(message, code=code, field=self.key)


class Group(NamedTuple):
    """Settings that stand together under a heading."""

    title: Any
    settings: Sequence[Setting]


class Alert(NamedTuple):
    """A switch of an alert, and those of its recipients: at least one must be on with it."""

    switch: str
    recipients: Sequence[str]


class Subject(NamedTuple):
    """A page of settings. `name` is part of its address; `related` names another page, and what is looked for there."""

    name: str
    title: Any
    text: Any
    groups: Sequence[Group]
    related: tuple[str, Any] | None = None

    @property
    def settings(self) -> list[Setting]:
        """All settings of the page."""
        return [setting for group in self.groups for setting in group.settings]


def switch(key: str, label: Any, help_text: Any = "", **values: Any) -> Setting:
    """Describe a setting that is on or off."""
    return Setting(key=key, kind=Kind.SWITCH, label=label, help_text=help_text, **values)


def number(key: str, label: Any, help_text: Any = "", **values: Any) -> Setting:
    """Describe a whole number."""
    return Setting(key=key, kind=Kind.NUMBER, label=label, help_text=help_text, **values)


def text(key: str, label: Any, help_text: Any = "", **values: Any) -> Setting:
    """Describe a text."""
    return Setting(key=key, kind=Kind.TEXT, label=label, help_text=help_text, **values)


def choice(key: str, label: Any, choices: Sequence[tuple[str, Any]], help_text: Any = "", **values: Any) -> Setting:
    """Describe a choice among texts."""
    return Setting(key=key, kind=Kind.CHOICE, label=label, choices=choices, help_text=help_text, **values)


def reference(key: str, label: Any, references: str, help_text: Any = "", *, none: Any = None) -> Setting:
    """Describe the number of a row; `none` is what 0 is called, None where there must be one."""
    return Setting(key=key, kind=Kind.REFERENCE, label=label, references=references, help_text=help_text, none=none)


def time_zone(value: str) -> object | None:
    """Object to what is no time zone."""
    return None if value in available_timezones() else _("This is no time zone; write one such as Europe/Berlin.")


def address(value: str) -> object | None:
    """Object to what is no e-mail address."""
    try:
        validate_email(value)
    except ValidationError:
        return _("Valid email address required")
    return None


def web_address(value: str) -> object | None:
    """Object to what is no address of a web site."""
    parts = urlsplit(value)
    is_one = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    return None if is_one else _("Give the whole address, such as https://desk.example.com/.")


def networks(value: str) -> object | None:
    """Object to a list in which something is neither an address nor a range."""
    for entry in filter(None, (word.strip() for word in value.split(","))):
        try:
            ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return _("%(entry)s is neither an address nor a range such as 192.0.2.0/24.") % {"entry": entry}
    return None


def number_format(value: str) -> object | None:
    """Object to a format of numbers without a place for a digit."""
    return None if "#" in value else _("At least one # is needed: it stands for a digit.")


def host_names(value: str) -> object | None:
    """Object to a list in which something is no name of a host."""
    for entry in filter(None, (word.strip() for word in value.split(","))):
        if not re.fullmatch(r"(https?://)?(\*\.)?[A-Za-z0-9.-]+(:\d+)?(/\S*)?", entry):
            return _("%(entry)s is no host name.") % {"entry": entry}
    return None
