"""Dates and times (osticket/forms.md §4.3)."""

import datetime
import re
import zoneinfo
from typing import Any

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.date_formats import short_date, short_date_and_time
from helpdesk.forms.field_types.base import Asked, Control, FieldType, StoredAnswer, register
from helpdesk.forms.models import FormField
from helpdesk.forms.posted import Posted

STORED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: (\S+))?")
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?)?\s*(?P<zone>[A-Za-z+-][\w/:+-]*)?",
    re.ASCII,
)
_AMERICAN = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d\d)"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>[A-Za-z+-][\w/:+-]*)?",
    re.ASCII,
)
_DAYS_FROM_TODAY = {"today": 0, "tomorrow": 1, "yesterday": -1}
_LAST_DAY, _LAST_MONTH, _LAST_HOUR, _NOON, _CENTURY, _PIVOT = 31, 12, 24, 12, 100, 70
LONGEST_DATE = 64
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


def parse_date(text: str, *, zone: datetime.tzinfo = datetime.UTC) -> datetime.datetime | None:
    """Give the moment that PHP would read from a text; one without zone is in `zone`. None for what is no date.

    Understood are ISO dates, American ones (`3/4/2026 3:30 PM`), Unix times and the words for the days around today. A
    day that the month does not have runs over into the next one (`2025-02-30` is 2 March), as in PHP.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_DATE:
        return None
    try:
        if re.fullmatch(r"-?\d+", text, re.ASCII):
            return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
        if text.lower() == "now":
            return timezone.now()
        if text.lower() in _DAYS_FROM_TODAY:
            day = timezone.localdate(timezone=zone) + datetime.timedelta(days=_DAYS_FROM_TODAY[text.lower()])
            return datetime.datetime.combine(day, datetime.time(), zone)
        match = _ISO.fullmatch(text) or _AMERICAN.fullmatch(text)
        return _moment(match.groupdict(), zone) if match else None
    except (ValueError, OverflowError, OSError):
        return None


def _moment(parts: dict[str, str | None], zone: datetime.tzinfo) -> datetime.datetime | None:
    named = parts.get("zone")
    if named:
        found = zone_of_abbreviation(named.upper() if named.isalpha() and len(named) < 5 else named)
        if found is None:
            return None
        zone = found
    year, month, day = (int(parts[name] or 0) for name in ("year", "month", "day"))
    if len(parts["year"] or "") == 2:
        year += 2000 if year < _PIVOT else 1900
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").lower()
    if half:
        hour = hour % _NOON + (_NOON if half.startswith("p") else 0)
    if not 1 <= month <= _LAST_MONTH or not 1 <= day <= _LAST_DAY or hour > _LAST_HOUR:
        return None
    start = datetime.datetime(year, month, 1, 0, minute, second)  # noqa: DTZ001 -- the zone follows
    return (start + datetime.timedelta(days=day - 1, hours=hour)).replace(tzinfo=zone)


@register
class DateTimeType(FieldType):
    """A date, with time when the field says so. Text that is no date is kept as typed, as in osTicket."""

    key = "datetime"
    label = _("Date and time")
    defaults = {"time": False, "timezone": None, "gmt": None, "min": None, "max": None, "future": True}

    def zone(self, field: FormField) -> datetime.tzinfo:
        """Give the zone of the field, else that of whoever looks."""
        return _zone_named(self.option(field, "timezone")) or timezone.get_current_timezone()

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Read a page's input as the wall clock of the zone in which it is shown."""
        text = str(posted.one(name) or "").strip()
        return parse_date(text, zone=self.zone(field)) or text

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give an aware datetime; text without zone is UTC; text that is no date stays text."""
        if isinstance(submitted, datetime.datetime):
            return submitted if submitted.tzinfo else submitted.replace(tzinfo=datetime.UTC)
        if submitted is None:
            return None
        text = str(submitted).strip()
        return read_stored_date(text) or parse_date(text) or text

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say so when it is no date."""
        is_date = isinstance(clean, datetime.datetime)
        return [] if is_date or not clean else [str(_("Enter a date, such as 2026-03-04"))]

    def is_empty(self, clean: Any) -> bool:
        """Whether there is neither a date nor another text."""
        return clean in (None, "")

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Check the earliest and the latest date that the field allows; `future` is only advice for browsers."""
        if not isinstance(clean, datetime.datetime):
            return []
        earliest, latest = self.limits(field)
        if earliest and clean < earliest:
            return [
                str(_("Selected date is earlier than permitted (%(date)s)") % {"date": self._shown(field, earliest)})
            ]
        if latest and clean > latest:
            return [str(_("Selected date is later than permitted (%(date)s)") % {"date": self._shown(field, latest)})]
        return []

    def limits(self, field: FormField) -> tuple[datetime.datetime | None, datetime.datetime | None]:
        """Give the earliest and the latest moment that the field allows."""
        texts = (str(self.option(field, name) or "") for name in ("min", "max"))
        earliest, latest = (read_stored_date(text) or parse_date(text, zone=self.zone(field)) for text in texts)
        return earliest, latest

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Write the wall clock of the field's zone (else the active one) and the zone's abbreviation."""
        if not isinstance(clean, datetime.datetime):
            return StoredAnswer(clean)
        try:
            local = clean.astimezone(self.zone(field))
        except OverflowError:
            local = clean
        return StoredAnswer(f"{local:%Y}".zfill(4) + f"{local:-%m-%d %H:%M:%S %Z}")

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the aware moment, or the text that is no date."""
        return read_stored_date(stored.value) or stored.value

    def to_string(self, field: FormField, clean: Any) -> str:
        """Show the moment in the reader's zone."""
        return self._shown(field, clean)

    def display(self, field: FormField, clean: Any) -> SafeString:
        """Show the moment in the field's zone when that is fixed, named behind the time; else in the reader's."""
        is_converted = self.flag(field, "gmt")
        zone = None if is_converted else _zone_named(self.option(field, "timezone"))
        text = self._shown(field, clean, zone)
        needs_zone = text and self.flag(field, "time") and not is_converted
        return escape(f"{text} ({timezone.localtime(clean, zone).tzname()})" if needs_zone else text)

    def moment_or_day(
        self, field: FormField, clean: Any, zone: datetime.tzinfo
    ) -> datetime.datetime | datetime.date | str:
        """Give what tables show to a reader in `zone`: the moment, or its day where the field has no time of day (in
        the zone of the field where that is fixed); text that is no date as it is.
        """
        if not isinstance(clean, datetime.datetime):
            return str(clean or "")
        own = None if self.flag(field, "gmt") else _zone_named(self.option(field, "timezone"))
        try:
            local = clean.astimezone(own or zone)
            return clean.astimezone(zone) if self.flag(field, "time") else local.date()
        except OverflowError:  # the first and the last hours of the calendar
            return f"{clean:%Y-%m-%d %H:%M}"

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the stored text; what is no date counts as 0, as osTicket writes it."""
        return super().cdata_value(field, clean) if isinstance(clean, datetime.datetime) else "0"

    def submitted_form(self, field: FormField, clean: Any) -> Any:
        """Give the moment."""
        return clean

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the browser's input for dates, or for dates with times."""
        with_time, zone = self.flag(field, "time"), self.zone(field)
        moment = self.parse(field, value)
        earliest, latest = self.limits(field)
        attributes: dict[str, str | int | bool] = {"type": "datetime-local" if with_time else "date"}
        for name, limit in (("min", earliest), ("max", latest)):
            if limit:
                attributes[name] = _for_input(limit, zone, with_time=with_time)
        if not self.option(field, "future") and latest is None:
            attributes["max"] = _for_input(timezone.now(), zone, with_time=with_time)
        is_moment = isinstance(moment, datetime.datetime)
        text = _for_input(moment, zone, with_time=with_time) if is_moment else str(moment or "")
        if text and not is_moment:
            attributes = {"type": "text"}  # the browser's input would hide what was typed
        fixed = _zone_named(self.option(field, "timezone"))
        return Control("text", values=[text], attributes=attributes, description=str(fixed or "") if with_time else "")

    def _shown(self, field: FormField, clean: Any, zone: datetime.tzinfo | None = None) -> str:
        if not isinstance(clean, datetime.datetime):
            return ""
        try:
            return short_date_and_time(clean, zone) if self.flag(field, "time") else short_date(clean, zone)
        except OverflowError:
            return ""


def _for_input(moment: datetime.datetime, zone: datetime.tzinfo, *, with_time: bool) -> str:
    local = timezone.localtime(moment, zone)
    return f"{local:%Y-%m-%dT%H:%M}" if with_time else f"{local:%Y-%m-%d}"
