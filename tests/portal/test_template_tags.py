"""Tags and filters that every page uses."""

import datetime
from dataclasses import replace

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.urls import reverse, set_script_prefix
from django.utils import timezone

from helpdesk.portal.addresses import numbered_address
from helpdesk.portal.templatetags import ostler
from helpdesk.portal.templatetags.queue_cells import bulk_button, queue_row
from tickets.agent_actions.base import Group
from tickets.agent_actions.registry import ACTIONS, BulkOffer
from tickets.screens import Annotation, QueueCell, QueueRow

NOW = datetime.datetime(2026, 3, 18, 12, 0, tzinfo=datetime.UTC)


def render(template: str, **context: object) -> str:
    return Template("{% load ostler %}" + template).render(Context(context))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Maria Silva", "MS"),
        ("Tom van der Berg", "TB"),
        ("Cher", "C"),
        ("Élodie Ångström", "ÉÅ"),
        ("  (Support) Team ", "T"),
        ("", "?"),
        (None, "?"),
        ("!!!", "?"),
    ],
)
def test_initials(name: object, expected: str) -> None:
    assert ostler.initials(name) == expected


def test_the_avatar_colour_depends_on_the_name_alone() -> None:
    assert ostler.avatar_hue("Maria Silva") == ostler.avatar_hue("maria SILVA") == "avatar-hue-5"
    hues = {ostler.avatar_hue(f"Person {number}") for number in range(200)}
    assert hues == {f"avatar-hue-{hue}" for hue in range(ostler.AVATAR_HUES)}


def test_a_name_cannot_break_out_of_its_avatar() -> None:
    html = render('{% avatar name "small" %}', name="(& <b>")
    assert html.startswith('<span class="avatar avatar-hue-')
    assert html.endswith(' avatar-small" aria-hidden="true">?</span>')


def test_nothing_in_a_row_of_a_queue_breaks_out_of_its_cell() -> None:
    hostile = "</td><script>\"'&"
    texts = dict.fromkeys(
        (
            *("number", "subject", "requester_name", "requester_email", "priority_name", "status_name"),
            *("status_state", "department_name", "assignee_name", "team_name", "source", "locked_by"),
        ),
        hostile,
    )
    moments = dict.fromkeys(("created", "last_update", "closed", "due", "last_message", "last_response"))
    flags = {
        "is_overdue": False,
        "is_answered": False,
        "entry_count": 2,
        "attachment_count": 0,
        "collaborator_count": 0,
    }
    row = QueueRow(ticket_id=7, priority_urgency=1, cells=[], **texts, **moments, **flags)  # type: ignore[arg-type]
    sign = Annotation(hostile, hostile, hostile, hostile)
    face = Annotation("", hostile, avatar_of=hostile)
    for key in ("number", "subject", "requester", "priority", "assignee", "cdata__field_36"):
        for is_link in (True, False):
            row.cells.append(QueueCell(key, hostile, hostile, (sign,), (face,), (), (sign,), is_link=is_link))
    html = queue_row(row, bulk_bar=True)
    assert "<script" not in html
    assert html.count("<td ") == html.count("</td>") == len(row.cells) + 1
    assert queue_row(row, bulk_bar=None).count("<td ") == len(row.cells)
    assert "&lt;/td&gt;&lt;script&gt;&quot;&#x27;&amp;" in html


def test_buttons_for_many_are_drawn_as_text() -> None:
    hostile = "</button><script>\"'&"
    offer = BulkOffer(ACTIONS["close"], hostile, hostile, hostile, Group.TOOLBAR)
    html = bulk_button(offer, "btn")
    assert "<script" not in html
    assert html.count("<button ") == html.count("</button>") == 1
    assert 'data-key="c"' in html
    assert bulk_button(replace(offer, label="Close"), "btn") != html


@pytest.mark.parametrize("prefix", ["/", "/help{desk}/"])
def test_addresses_of_numbers_are_those_of_the_url_configuration(prefix: str) -> None:
    set_script_prefix(prefix)
    try:
        assert numbered_address("agent:index") == reverse("agent:index")
        assert numbered_address("agent:ticket", 8) == reverse("agent:ticket", args=[8])
        assert numbered_address("agent:entry_history", 8, 21) == reverse("agent:entry_history", args=[8, 21])
        answer = reverse("agent:prepared_answer", args=[8, "entry-21"])
        assert numbered_address("agent:prepared_answer", 8, 21, word="entry-") == answer
    finally:
        set_script_prefix("/")


@pytest.mark.parametrize(
    ("minutes_ago", "long", "short"),
    [
        (0, "just now", "now"),
        (0.9, "just now", "now"),
        (1, "1 min ago", "1 min"),
        (59.9, "59 min ago", "59 min"),
        (60, "1 h ago", "1 h"),
        (23 * 60 + 59, "23 h ago", "23 h"),
        (24 * 60, "1 d ago", "1 d"),
        (6 * 1440 + 1439, "6 d ago", "6 d"),
        (7 * 1440, "11 Mar, 12:00", "11 Mar"),
        (77 * 1440, "31 Dec 2025, 12:00", "31 Dec 2025"),
        (-0.5, "in 1 min", "in 1 min"),
        (-90, "in 1 h", "in 1 h"),
        (-8 * 1440, "26 Mar, 12:00", "26 Mar"),
    ],
)
def test_distances_in_words(minutes_ago: float, long: str, short: str) -> None:
    moment = NOW - datetime.timedelta(minutes=minutes_ago)
    assert ostler.distance_in_words(moment, NOW) == long
    assert ostler.distance_in_words(moment, NOW, "short") == short


def test_times_carry_the_moment_and_show_the_viewers_zone() -> None:
    with timezone.override("America/New_York"), time_machine.travel(NOW, tick=False):
        html = render("{% relative_time moment %}", moment=NOW - datetime.timedelta(hours=3))
    assert html == '<time datetime="2026-03-18T09:00:00+00:00" title="18 Mar 2026, 05:00">3 h ago</time>'


def test_the_date_of_an_old_moment_is_that_of_the_viewers_zone() -> None:
    moment = datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
    with timezone.override("America/New_York"):
        assert ostler.distance_in_words(moment, NOW) == "1 Mar, 21:00"


def test_no_time_is_no_text() -> None:
    assert render("{% relative_time moment %}{{ moment|absolute_time }}", moment=None) == ""


def test_icons_come_from_the_sprite_and_are_silent() -> None:
    html = render('{% icon "search" "icon-small" %}')
    assert 'class="icon icon-small" aria-hidden="true"' in html
    assert 'href="/static/vendor/tabler-icons/sprite.svg#search"' in html


class SampleForm(forms.Form):
    name = forms.CharField(help_text="As on the badge.")
    kind = forms.ChoiceField(choices=[("a", "A")], required=False)
    file = forms.FileField(required=False)
    agree = forms.BooleanField(required=False)


def test_controls_get_tablers_classes() -> None:
    form = SampleForm()
    page = "".join(render("{% form_control field %}", field=field) for field in form)
    for css_class in ('"form-control"', '"form-select"', '"form-control form-control-file"', '"form-check-input"'):
        assert f"class={css_class}" in page


def test_a_field_names_its_help_and_its_errors_for_screen_readers() -> None:
    form = SampleForm({"name": ""})
    page = render('{% include "components/form_field.html" with field=form.name only %}', form=form)
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="id_name_helptext"' in page
    assert 'id="id_name_error"' in page
    assert "form-control is-invalid" in page
