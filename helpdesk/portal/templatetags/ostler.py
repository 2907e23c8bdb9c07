"""Template tags and filters of both portals: icons, people, times, form controls.

Times come in as aware datetimes and are shown in the time zone that is active for the request (the viewer's).
"""

import datetime
import functools
import zlib
from collections.abc import Iterable
from html import escape
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, ClearableFileInput, Select
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tickets.services.locks import lock_mode

register = template.Library()

ICON_SPRITE = "vendor/tabler-icons/sprite.svg"
AVATAR_HUES = 8
NOTHING = SafeString("")
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800
MONTH, YEAR = 30.4375 * DAY, 365.25 * DAY


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """Draw the Tabler icon `name` out of the sprite; decoration only, so hidden from screen readers."""
    return _icon(_sprite(get_script_prefix()), name, css_class)


@functools.lru_cache(maxsize=8)
def _sprite(script_prefix: str) -> str:
    """Give the address of the sprite, which depends on the path that the help desk is mounted under."""
    return static(ICON_SPRITE)


@functools.lru_cache(maxsize=512)
def _icon(sprite: str, name: str, css_class: str) -> SafeString:
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css_class,
        sprite,
        name,
    )


@register.simple_tag
def entry_tool(address: str, name: str, entry_id: int, icon_name: str, words: str) -> SafeString:
    """Draw the way to a dialog about an entry; without script it leads to a page."""
    to, said, drawn = conditional_escape(address), conditional_escape(words), icon(icon_name, "icon-small")
    return SafeString(
        f'<a class="entry-action" href="{to}" hx-get="{to}" hx-target="#dialog-place" id="do-{name}-{entry_id:d}"'
        f' aria-haspopup="dialog" title="{said}">{drawn}<span class="visually-hidden">{said}</span></a>'
    )


@register.simple_tag
def annotations(shown: Iterable[Any], css_class: str = "") -> SafeString:
    """Draw the small signs of a cell (`tickets.screens.Annotation`), together in an element of their own."""
    if not shown:
        return NOTHING
    signs = "".join([_annotation(one) for one in shown])
    return SafeString(f'<span class="annotations {escape(css_class)}">{signs}</span>')


def _annotation(one: Any) -> str:
    title = escape(one.title)
    if one.avatar_of:
        letters = escape(initials(one.avatar_of))
        sign = f'<span class="avatar avatar-small {avatar_hue(one.avatar_of)}" aria-hidden="true">{letters}</span>'
    else:
        sign = f'{icon(one.icon, "icon-small")}<span aria-hidden="true">{escape(one.text)}</span>'
    hidden = f'<span class="visually-hidden">{title}</span>'
    return f'<span class="annotation {escape(one.css_class)}" title="{title}">{sign}{hidden}</span>'


@register.simple_tag
def avatar(name: object, size: str = "") -> SafeString:
    """Draw a person by initials, coloured by name; `size` is `small` or ''. The name itself stands beside it."""
    css_class = f"avatar {avatar_hue(name)}{f' avatar-{escape(size)}' if size else ''}"
    return SafeString(f'<span class="{css_class}" aria-hidden="true">{escape(initials(name))}</span>')


@register.filter
def initials(name: object) -> str:
    """First letters of the first and the last word of a person's name, `?` for a nameless one."""
    words = [word for word in str(name or "").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def avatar_hue(name: object) -> str:
    """CSS class of the avatar colour: the same for the same name on every page and in every process."""
    return f"avatar-hue-{zlib.crc32(str(name or '').casefold().encode()) % AVATAR_HUES}"


@register.filter
def has_pending(queues: Iterable[Any]) -> bool:
    """Whether the number of one of these queues, or of one below them, is still to be counted."""
    return any(queue.is_pending or has_pending(queue.children) for queue in queues)


@register.filter
def has_waiting(queues: Iterable[Any]) -> bool:
    """Whether numbers that are counted quickly are missing."""
    return any(queue.is_waiting or has_waiting(queue.children) for queue in queues)


@register.filter
def is_moment(value: object) -> bool:
    """Whether a cell holds a point in time."""
    return isinstance(value, datetime.datetime)


@register.filter
def absolute_time(moment: datetime.datetime | None) -> str:
    """Date and time of day in the viewer's zone; empty for None."""
    return _written(timezone.localtime(moment), with_year=True, with_time=True) if moment else ""


@register.simple_tag
def relative_time(moment: datetime.datetime | None, style: str = "long") -> str:
    """Show how long ago or ahead `moment` is, with the absolute time as title.

    `style="short"` gives "3 h" where the page already says what the time means. Beyond a week it is a date, in the long
    style with the time of day; `style="distance"` goes on with months and years.
    """
    if moment is None:
        return ""
    words = distance_in_words(moment, timezone.now(), style)
    return _time_element(moment, words, title=absolute_time(moment))


@register.simple_tag
def full_time(moment: datetime.datetime | None) -> str:
    """Show date and time of day in the viewer's zone, with how long ago that is as title."""
    if moment is None:
        return ""
    return _time_element(
        moment, absolute_time(moment), title=distance_in_words(moment, timezone.now(), style="distance")
    )


def day(date: datetime.date) -> SafeString:
    """Show a day that has no time."""
    return SafeString(f'<time datetime="{date.isoformat()}">{escape(_written_day(date, with_year=True))}</time>')


def _time_element(moment: datetime.datetime, words: str, *, title: str) -> str:
    machine = moment.astimezone(datetime.UTC).isoformat(timespec="seconds")
    return SafeString(f'<time datetime="{machine}" title="{escape(title)}">{escape(words)}</time>')


def distance_in_words(moment: datetime.datetime, now: datetime.datetime, style: str = "long") -> str:
    """Words for the distance between two aware datetimes: "just now", "3 h ago", "in 2 d", "14 Nov, 09:30"."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) >= WEEK and style != "distance":
        return _date_of(moment, now, with_time=style != "short")
    if 0 <= seconds < MINUTE:
        return pgettext("time", "now") if style == "short" else _("just now")
    amount = _amount(abs(seconds))
    if style == "short":
        return amount if seconds >= 0 else _("in %(amount)s") % {"amount": amount}
    if seconds >= 0:
        return _("%(amount)s ago") % {"amount": amount}
    return _("in %(amount)s") % {"amount": amount}


def _amount(seconds: float) -> str:
    """Whole minutes, hours, days, months or years, whichever is the largest unit that fits."""
    if seconds < HOUR:
        count = max(1, int(seconds // MINUTE))
        return ngettext("%(count)d min", "%(count)d min", count) % {"count": count}
    if seconds < DAY:
        count = int(seconds // HOUR)
        return ngettext("%(count)d h", "%(count)d h", count) % {"count": count}
    if seconds < MONTH:
        count = int(seconds // DAY)
        return ngettext("%(count)d d", "%(count)d d", count) % {"count": count}
    if seconds < YEAR:
        count = int(seconds // MONTH)
        return ngettext("%(count)d month", "%(count)d months", count) % {"count": count}
    count = int(seconds // YEAR)
    return ngettext("%(count)d year", "%(count)d years", count) % {"count": count}


def _date_of(moment: datetime.datetime, now: datetime.datetime, *, with_time: bool) -> str:
    """Day and month in the viewer's zone, with the year when it is another one than now's."""
    local = timezone.localtime(moment)
    return _written(local, with_year=local.year != timezone.localtime(now).year, with_time=with_time)


def _written(local: datetime.datetime, *, with_year: bool, with_time: bool) -> str:
    """Write Django's format `j M Y, H:i`, or a part of it; its own formatter takes ten times as long."""
    date = _written_day(local, with_year=with_year)
    return f"{date}, {local:%H:%M}" if with_time else date


def _written_day(date: datetime.date, *, with_year: bool) -> str:
    return f"{date.day} {str(MONTHS_3[date.month]).title()}{f' {date.year:04d}' if with_year else ''}"


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the control of a form field is one box to check, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_choice_list(field: BoundField) -> bool:
    """Whether a form field is several boxes, which need a heading of their own instead of a label."""
    return isinstance(field.field.widget, CheckboxSelectMultiple)


@register.simple_tag
def form_control(field: BoundField, **attributes: str) -> SafeString:
    """Render the control of a form field with Tabler's classes.

    Underscores in the names of `attributes` become hyphens. Django adds `aria-describedby` and `aria-invalid` itself.
    """
    widget = field.field.widget
    css_class = "form-control"
    if isinstance(widget, Select):
        css_class = "form-select"
    elif isinstance(widget, CheckboxInput):
        css_class = "form-check-input"
    elif isinstance(widget, ClearableFileInput):
        css_class = "form-control form-control-file"
    if field.errors:
        css_class += " is-invalid"
    rendered: dict[str, str | bool] = {name.replace("_", "-"): value for name, value in attributes.items()}
    return field.as_widget(attrs={"class": css_class, **rendered})


@register.inclusion_tag("components/writing.html")
def keep_writing(
    namespace: str, field: str, *, ticket_id: int | None = None, is_agent: bool = False
) -> dict[str, object]:
    """Keep what is written in the form around it (`drafts.js`): the draft, and for agents the lock of the ticket.

    `field` is the name of the text field; `namespace` that of the draft, which agents complete by `ticket_id`. Agents
    name it whole where there is no ticket to lock (`is_agent`).
    """
    if ticket_id is None:
        door = "agent" if is_agent else "portal"
        return {"field": field, "draft_url": reverse(f"{door}:draft", args=[namespace]), "lock_mode": 0}
    return {
        "field": field,
        "draft_url": reverse("agent:draft", args=[f"{namespace}.{ticket_id}"]),
        "ticket_id": ticket_id,
        "lock_mode": int(lock_mode()),
    }
