"""What each field type makes of a submitted value (osticket/forms.md §4)."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.field_types.dates import parse_date, read_stored_date
from helpdesk.forms.field_types.files import Files
from helpdesk.forms.models import CustomList, FormField, ListItem
from helpdesk.people.models import Agent, Team, TeamMember


def field(type_: str, **configuration: Any) -> FormField:
    return FormField(pk=901, name="f", label="Field", type=type_, configuration=configuration, flags=0x3301, sort=1)


def stored(given: FormField, submitted: Any) -> StoredAnswer:
    field_type = type_of(given)
    return field_type.to_database(given, field_type.parse(given, submitted))


def text(given: FormField, value: str | None, value_id: int | None = None) -> str:
    """Give the text of a stored answer."""
    field_type = type_of(given)
    return field_type.to_string(given, field_type.from_database(given, StoredAnswer(value, value_id)))


def html(given: FormField, value: str | None) -> str:
    field_type = type_of(given)
    return field_type.display(given, field_type.from_database(given, StoredAnswer(value)))


def short(given: FormField, submitted: Any) -> str:
    """Give what goes into the cdata column."""
    field_type = type_of(given)
    return field_type.cdata_value(given, field_type.parse(given, submitted))


class TestText:
    @pytest.mark.parametrize(
        ("submitted", "kept"),
        [
            ("Hello", "Hello"),
            (" blanks stay ", " blanks stay "),
            ("AT&amp;T", "AT&T"),
            ("<script>x()</script>ok", "x()ok"),
            ('"Joe" <joe@example.org>', '"Joe" '),
            ("1 < 2 > 0", "1 < 2 > 0"),
            ("party 🎉", "party 🎉"),
            (0, "0"),
            (None, ""),
        ],
    )
    def test_tags_go_and_the_rest_stays(self, submitted: Any, kept: str) -> None:
        assert stored(field("text"), submitted) == StoredAnswer(kept)

    def test_a_type_of_a_php_plugin_is_kept_as_text(self) -> None:
        assert stored(field("signature-pad"), "as it is") == StoredAnswer("as it is")
        assert html(field("signature-pad"), "<b>") == "&lt;b&gt;"


class TestMemo:
    def test_html_is_sanitised_when_saved_and_when_shown(self) -> None:
        dirty = '<p onclick="x()">Hi <b>you</b><script>alert(1)</script></p>'
        assert stored(field("memo", html=True), dirty).value == "<p>Hi <b>you</b></p>"
        assert html(field("memo"), dirty) == "<p>Hi <b>you</b></p>"

    def test_plain_text_keeps_its_lines(self) -> None:
        plain = field("memo", html=False)
        assert stored(plain, "a <b>\nc").value == "a <b>\nc"
        assert html(plain, "a <b>\nc") == "a &lt;b&gt;<br>c"

    @pytest.mark.parametrize("blank", ["<br />", " <br><br/> &nbsp;\n", ""])
    def test_nothing_but_breaks_is_no_answer(self, blank: str) -> None:
        assert stored(field("memo"), blank).value == ""


class TestPhone:
    @pytest.mark.parametrize(
        ("submitted", "kept", "shown"),
        [
            ("(555) 010-0123", "5550100123", "(555) 010-0123"),
            ("555-0100", "5550100", "555-0100"),
            ("555 010 0123 X45", "5550100123X45", "(555) 010-0123 x45"),
            ("+371 2000 0000", "37120000000", "37120000000"),
            ("call me", "call me", "call me"),
        ],
    )
    def test_digits_are_kept_and_grouped(self, submitted: str, kept: str, shown: str) -> None:
        assert stored(field("phone"), submitted).value == kept
        assert text(field("phone"), kept) == shown

    def test_without_format_nothing_is_grouped(self) -> None:
        assert text(field("phone", format=""), "5550100123") == "5550100123"


class TestChoices:
    COLOURS = "r:Red\ng: Green \nBlue"

    def test_a_key_is_stored_with_its_label(self) -> None:
        assert stored(field("choices", choices=self.COLOURS), "g").value == '{"g":"Green"}'
        assert stored(field("choices", choices=self.COLOURS), "Blue").value == '{"Blue":"Blue"}'

    def test_labels_are_encoded_as_php_does(self) -> None:
        assert stored(field("choices", choices="a:Größe 1/2"), "a").value == '{"a":"Gr\\u00f6\\u00dfe 1\\/2"}'

    def test_several_choices(self) -> None:
        given = field("choices", choices=self.COLOURS, multiselect=True)
        assert stored(given, ["g", "r", "x"]).value == '{"g":"Green","r":"Red"}'
        assert text(given, '{"g":"Green","r":"Red"}') == "Green, Red"
        assert short(given, ["g", "r"]) == "g, r"

    def test_an_unknown_key_is_kept_as_text_that_does_not_show(self) -> None:
        given = field("choices", choices=self.COLOURS)
        assert stored(given, "zz").value == "zz"
        assert (text(given, "zz"), short(given, "zz")) == ("", "")

    def test_the_label_of_that_time_stays(self) -> None:
        assert text(field("choices", choices="g:Verde"), '{"g":"Green"}') == "Green"

    def test_nothing_chosen(self) -> None:
        given = field("choices", choices=self.COLOURS)
        assert stored(given, "") == stored(given, None) == StoredAnswer()


@pytest.mark.django_db
class TestList:
    @pytest.fixture
    def device(self) -> FormField:
        devices = CustomList.objects.create(name="Device")
        for sort, (value, abbreviation) in enumerate([("Laptop", "LT"), ('Phone "X"', "PH")], start=1):
            ListItem.objects.create(list=devices, value=value, extra=abbreviation, sort=sort)
        return field(f"list-{devices.pk}", multiselect=True)

    def test_items_are_found_by_id_value_or_abbreviation(self, device: FormField) -> None:
        laptop, phone = ListItem.objects.order_by("pk")
        assert stored(device, str(laptop.pk)).value == f'{{"{laptop.pk}":"Laptop"}}'
        assert stored(device, "laptop").value == f'{{"{laptop.pk}":"Laptop"}}'
        assert stored(device, "PH").value == f'{{"{phone.pk}":"Phone \\"X\\""}}'
        assert short(device, ["LT", "PH"]) == f"{laptop.pk}, {phone.pk}"

    def test_what_is_unknown_is_no_answer(self, device: FormField) -> None:
        assert stored(device, ["nonsense"]) == StoredAnswer()


class TestCheckbox:
    @pytest.mark.parametrize(("submitted", "kept"), [(True, "1"), ("1", "1"), ("0", "0"), ("", "0"), (None, "0")])
    def test_it_is_one_or_zero(self, submitted: Any, kept: str) -> None:
        assert stored(field("bool"), submitted).value == kept

    def test_it_shows_yes_no_or_nothing(self) -> None:
        assert [text(field("bool"), value) for value in ("1", "0", None)] == ["Yes", "No", ""]


@pytest.mark.django_db
class TestDates:
    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2026-03-04 15:30:00 UTC", datetime(2026, 3, 4, 15, 30, tzinfo=UTC)),
            ("2026-12-01 09:30:00 EST", datetime(2026, 12, 1, 14, 30, tzinfo=UTC)),
            ("2026-08-01 09:00:00 CEST", datetime(2026, 8, 1, 7, 0, tzinfo=UTC)),
            ("2026-08-01 09:00:00 +03", datetime(2026, 8, 1, 6, 0, tzinfo=UTC)),
            ("2026-08-01 09:00:00 -0330", datetime(2026, 8, 1, 12, 30, tzinfo=UTC)),
            ("2026-08-01 09:00:00", datetime(2026, 8, 1, 9, 0, tzinfo=UTC)),
            ("tomorrow", None),
            ("", None),
            (None, None),
        ],
    )
    def test_stored_dates_are_read_with_their_zone(self, written: str | None, moment: datetime | None) -> None:
        assert read_stored_date(written) == moment

    def test_the_field_s_zone_decides_what_is_stored(self) -> None:
        given = field("datetime", time=True, timezone="America/New_York")
        assert stored(given, "2026-07-04 15:30").value == "2026-07-04 11:30:00 EDT"
        assert stored(given, "2026-01-04T15:30:00.000Z").value == "2026-01-04 10:30:00 EST"

    def test_without_one_it_is_the_zone_of_whoever_answers(self) -> None:
        with timezone.override(ZoneInfo("Europe/Berlin")):
            assert stored(field("datetime"), "2026-08-01T07:00:00Z").value == "2026-08-01 09:00:00 CEST"

    def test_it_shows_in_the_reader_s_zone_and_says_so_only_when_fixed(self) -> None:
        given = field("datetime", time=True, timezone="America/New_York")
        with timezone.override(ZoneInfo("Europe/Berlin")):
            assert text(given, "2026-12-01 09:30:00 EST") == "12/1/26 3:30 PM"
            assert html(given, "2026-12-01 09:30:00 EST") == "12/1/26 9:30 AM (EST)"
            assert text(field("datetime"), "2026-12-01 23:30:00 UTC") == "12/2/26"

    def test_text_that_is_no_date_is_kept(self) -> None:
        assert stored(field("datetime"), "next week").value == "next week"
        assert (text(field("datetime"), "next week"), short(field("datetime"), "next week")) == ("", "0")


@pytest.mark.django_db
class TestPeople:
    def test_an_available_agent_can_be_chosen(self) -> None:
        agent = Agent.objects.create(username="ada", firstname="Ada", lastname="Admin")
        assert stored(field("assignee"), f"s{agent.pk}").value == f'{{"s{agent.pk}":"Ada Admin"}}'
        assert text(field("assignee"), f'{{"s{agent.pk}":"Ada Admin"}}') == "Ada Admin"
        Agent.objects.filter(pk=agent.pk).update(onvacation=True)
        assert stored(field("assignee"), f"s{agent.pk}") == StoredAnswer("")

    def test_a_team_needs_members(self) -> None:
        assert stored(field("assignee"), "t1") == StoredAnswer("")
        agent = Agent.objects.create(username="ada")
        TeamMember.objects.create(team=Team.objects.get(pk=1), staff=agent)
        assert stored(field("assignee"), "t1").value == '{"t1":"Level I Support"}'

    def test_departments_are_stored_by_id(self) -> None:
        assert stored(field("department"), "2").value == "2"
        assert text(field("department"), "2") == "Sales"
        assert text(field("department"), "99") == ""
        assert short(field("department"), "2") == "0"


@pytest.mark.django_db
class TestPriority:
    def test_only_ids_are_understood(self) -> None:
        assert stored(field("priority"), "3") == StoredAnswer("High", 3)
        assert stored(field("priority"), "High") == stored(field("priority"), "99") == StoredAnswer()
        assert text(field("priority"), "High", 3) == "High"
        assert short(field("priority"), 3) == "3"


def test_files_are_stored_by_id_and_name() -> None:
    assert stored(field("files"), Files({94: "photo 1/2.png"})).value == '{"94":"photo 1\\/2.png"}'
    assert stored(field("files"), {94: "not mine.png"}).value == "[]"
    assert stored(field("files"), None).value == "[]"
    assert text(field("files"), '{"94":"photo.png"}') == "photo.png"
    assert [text(field("files"), value) for value in ("false", "[]", None)] == ["", "", ""]


def test_time_zones_are_stored_in_words() -> None:
    assert stored(field("timezone"), "Europe/Riga").value == '{"Europe\\/Riga":"Europe \\/ Riga"}'
    assert stored(field("timezone"), "Moon/Base").value == "Moon/Base"
    assert short(field("timezone"), "Europe/Riga") == "Europe/Riga"


@pytest.mark.parametrize("type_", ["thread", "break", "info"])
def test_some_fields_never_have_answers(type_: str) -> None:
    assert not has_answers(field(type_))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, "r", "Field set to Red"),
        ("r", "g", "Field changed from Red to Green"),
        ("r", None, "Field cleared, it was Red"),
    ],
)
def test_changes_are_said_in_words(before: str | None, after: str | None, words: str) -> None:
    given = field("choices", choices="r:Red\ng:Green")
    field_type = type_of(given)
    assert field_type.describe_change(given, field_type.parse(given, before), field_type.parse(given, after)) == words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("validator", "right", "wrong"),
    [
        ("email", "a.b+c@sub.example.org", "a@localhost"),
        ("phone", "+1 (212) 555-0147", "555 CALL NOW"),
        ("ip", "fe80::1", "fe80::1%eth0"),
        ("number", " -4.5e3", "4,5"),
        ("formula", "x=1", "=x"),
    ],
)
def test_validators(validator: str, right: str, wrong: str) -> None:
    given = field("text", validator=validator)
    field_type = type_of(given)
    assert field_type.errors(given, right, required=True) == []
    assert len(field_type.errors(given, wrong, required=True)) == 1


@pytest.mark.django_db
def test_dates_have_limits() -> None:
    given = field("datetime", min="2026-01-01", max="2026-12-31")
    field_type = type_of(given)
    found = [field_type.errors(given, field_type.parse(given, text), required=False) for text in
             ("2025-12-31", "2026-07-01", "2027-01-01", "some day")]  # fmt: skip
    assert found == [
        ["Selected date is earlier than permitted (1/1/26)"],
        [],
        ["Selected date is later than permitted (12/31/26)"],
        [],
    ]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("3/4/2026 3:30 PM", datetime(2026, 3, 4, 15, 30, tzinfo=UTC)),
        ("12/31/69", datetime(2069, 12, 31, tzinfo=UTC)),
        ("2025-02-30", datetime(2025, 3, 2, tzinfo=UTC)),
        ("2026-03-04 24:00", datetime(2026, 3, 5, tzinfo=UTC)),
        ("2026-07-04T15:30:00.000Z", datetime(2026, 7, 4, 15, 30, tzinfo=UTC)),
        ("2026-07-04 15:30 EDT", datetime(2026, 7, 4, 19, 30, tzinfo=UTC)),
        ("2026-07-04 15:30 +02:00", datetime(2026, 7, 4, 13, 30, tzinfo=UTC)),
        ("1772638200", datetime(2026, 3, 4, 15, 30, tzinfo=UTC)),
        ("2026-13-01", None),
        ("2026-01-32", None),
        ("2026-07-04 15:30 Nowhere", None),
        ("next week", None),
    ],
)
def test_dates_are_read_as_php_reads_them(written: str, moment: datetime | None) -> None:
    assert parse_date(written) == moment
