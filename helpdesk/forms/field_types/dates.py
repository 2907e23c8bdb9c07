"""Dates and times (osticket/forms.md §4.3)."""

import datetime
import re
import zoneinfo
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import FieldType, StoredAnswer, register
from helpdesk.forms.models import FormField

STORED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: (\S+))?")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")

# Hours from UTC of the abbreviations that PHP writes for zones which have one.
ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "WET": 0, "Z": 0, "BST": 1, "CET": 1, "IST": 2, "WEST": 1, "CEST": 2, "EET": 2, "SAST": 2,
    "IDT": 3, "EEST": 3, "MSK": 3, "PKT": 5, "WIB": 7, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5,
    "AEST": 10, "ACDT": 10.5, "AEDT": 11, "NZST": 12, "NZDT": 13, "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "HST": -10,
}  # fmt: skip


def zone_of_abbreviation(text: str) -> datetime.tzinfo | None:
    """Give the zone for the end of a stored date: an abbreviation, an offset (`+03`) or a full name."""
    if text in ABBREVIATIONS:
        return datetime.timezone(datetime.timedelta(hours=ABBREVIATIONS[text]))
    offset = _OFFSET.fullmatch(text)
    if offset:
        length = datetime.timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return datetime.timezone(-length if offset[1] == "-" else length)
    try:
        return zoneinfo.ZoneInfo(text)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError):
        return None


def _zone_named(name: object) -> datetime.tzinfo | None:
    return zoneinfo.ZoneInfo(str(name)) if name and str(name) in zoneinfo.available_timezones() else None


def read_stored_date(text: str | None) -> datetime.datetime | None:
    """Give the aware moment for `YYYY-MM-DD HH:MM:SS ZZZ`; without known zone it is UTC; None for other text."""
    match = STORED.fullmatch(text or "")
    if not match:
        return None
    naive = datetime.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- the zone follows
    return naive.replace(tzinfo=zone_of_abbreviation(match[2] or "UTC") or datetime.UTC)


@register
class DateTimeType(FieldType):
    """A date, with time when the field says so. Text that is no date is kept as typed, as in osTicket."""

    key = "datetime"
    label = _("Date and time")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give an aware datetime; text without zone is UTC; text that is no date stays text."""
        if isinstance(submitted, datetime.datetime):
            return submitted if submitted.tzinfo else submitted.replace(tzinfo=datetime.UTC)
        text = str(submitted or "").strip()
        if not text:
            return None
        stored = read_stored_date(text)
        if stored:
            return stored
        try:
            if text.isdecimal():
                return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
            moment = datetime.datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            return text
        return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Write the wall clock of the field's zone (else the active one) and the zone's abbreviation."""
        if not isinstance(clean, datetime.datetime):
            return StoredAnswer(clean or None)
        zone = _zone_named(self.configuration(field).get("timezone")) or timezone.get_current_timezone()
        return StoredAnswer(clean.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z"))

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the aware moment, or the text that is no date."""
        return read_stored_date(stored.value) or stored.value

    def to_string(self, field: FormField, clean: Any) -> str:
        """Show the moment in the reader's zone."""
        return self._in_words(field, clean, None)

    def display(self, field: FormField, clean: Any) -> SafeString:
        """Show the moment in the field's zone when that is fixed, named behind the time; else in the reader's."""
        options = self.configuration(field)
        zone = None if options.get("gmt") else _zone_named(options.get("timezone"))
        text = self._in_words(field, clean, zone)
        needs_zone = text and options.get("time") and not options.get("gmt")
        return escape(f"{text} ({timezone.localtime(clean, zone).tzname()})" if needs_zone else text)

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the stored text; what is no date counts as 0, as osTicket writes it."""
        return super().cdata_value(field, clean) if isinstance(clean, datetime.datetime) else "0"

    def _in_words(self, field: FormField, clean: Any, zone: datetime.tzinfo | None) -> str:
        if not isinstance(clean, datetime.datetime):
            return ""
        local = timezone.localtime(clean, zone)
        with_time = bool(self.configuration(field).get("time"))
        return date_format(local, "SHORT_DATETIME_FORMAT" if with_time else "SHORT_DATE_FORMAT")
