"""SLA plans, schedules, holidays and the preview of due dates in the administration."""

from __future__ import annotations

from datetime import date, time
from time import process_time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from filters.constants import FilterFlag
from filters.models import FilterAction, TicketFilter
from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.services import set_setting, set_settings
from helpdesk.legacy.errors import NotFound
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from sla.book import book, entry_of
from sla.business_hours import BusinessHours, HolidayList, Repeat
from sla.calculators import Calculator
from sla.calculators.exact import ExactCalculator
from sla.calculators.osticket import OsticketCalculator
from sla.constants import ScheduleFlag, SlaFlag
from sla.models import Schedule, ScheduleEntry, SlaPlan
from sla.services import EntryDraft, store_entry
from tests.sla.schedules import BERLIN, at, entry
from tickets.models import HelpTopic, Ticket

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
DEFAULT_HOURS, HOLIDAYS = 1, 4
ASKED = "/admin/due-dates/?plan=1&department=1&start=2026-05-04T10:00"

CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:1\r
DTSTART;VALUE=DATE:20241226\r
RRULE:FREQ=YEARLY\r
SUMMARY:Second day of Christmas\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:2\r
DTSTART;VALUE=DATE:20300801\r
DTEND;VALUE=DATE:20300803\r
SUMMARY:Works holiday\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:3\r
DTSTART:20300310T110000Z\r
DTEND:20300310T130000Z\r
SUMMARY:Meeting of all\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:4\r
DTSTART;VALUE=DATE:20200525\r
RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO\r
EXDATE;VALUE=DATE:20310526\r
SUMMARY:Day in May\r
END:VEVENT\r
END:VCALENDAR\r
"""


def post(browser: Client, address: str, **data: Any) -> str:
    """Send a form and give the text of the page that follows."""
    answer = browser.post(address, data, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


class TestPlans:
    values = {"name": "Gold", "grace_period": 4, "schedule": 2, "is_active": "on", "has_alerts": "on", "notes": ""}

    def test_a_plan_is_made_changed_and_stands_in_the_trail(self, browser: Client) -> None:
        post(browser, "/admin/hd_sla/slaplan/add/", **self.values)
        plan = SlaPlan.objects.get(name="Gold")
        assert (plan.grace_period, plan.schedule_id, plan.flags) == (4, 2, SlaFlag.ACTIVE)
        SlaPlan.objects.filter(pk=plan.pk).update(flags=SlaFlag.ACTIVE | SlaFlag.ESCALATE)
        values = {"name": "Gold", "grace_period": 8, "schedule": 0, "is_transient": "on"}
        post(browser, f"/admin/hd_sla/slaplan/{plan.pk}/change/", **values)
        plan.refresh_from_db()
        assert (plan.grace_period, plan.schedule_id) == (8, None)
        assert plan.flags == SlaFlag.ESCALATE | SlaFlag.TRANSIENT | SlaFlag.NO_ALERTS
        assert "Gold" in browser.get("/admin/hd_sla/slaplan/").content.decode()
        assert AdministrativeChange.objects.filter(object_type="SLA plan", object_id=str(plan.pk)).count() == 2

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"name": "default sla"}, "Name already exists"),
            ({"name": ""}, "This field is required"),
            ({"grace_period": ""}, "This field is required"),
            ({"grace_period": "0"}, "greater than or equal to 1"),
            ({"grace_period": "8761"}, "less than or equal to 8760"),
            ({"schedule": str(HOLIDAYS)}, "not one of the available choices"),
        ],
    )
    def test_what_is_wrong_is_named(self, browser: Client, change: dict[str, str], message: str) -> None:
        page = post(browser, "/admin/hd_sla/slaplan/add/", **{**self.values, **change})
        assert message in page
        assert SlaPlan.objects.count() == 1

    def test_the_default_plan_stays(self, browser: Client) -> None:
        page = post(browser, "/admin/hd_sla/slaplan/1/delete/", post="yes")
        assert "The default plan cannot be deleted" in page
        assert SlaPlan.objects.filter(pk=1).exists()

    def test_what_hangs_on_a_deleted_plan_gets_another(self, browser: Client) -> None:
        plan = SlaPlan.objects.create(name="Old", grace_period=2)
        ticket = Ticket.objects.create(number="1", sla=plan)
        Department.objects.filter(pk=1).update(sla_id=plan.pk)
        topic = HelpTopic.objects.create(topic="Old", sla=plan)
        ticket_filter = TicketFilter.objects.create(name="Old", isactive=True)
        FilterAction.objects.create(filter=ticket_filter, type="sla", configuration={"sla_id": plan.pk})
        post(browser, f"/admin/hd_sla/slaplan/{plan.pk}/delete/", post="yes")
        for row in (ticket, topic, ticket_filter):
            row.refresh_from_db()
        assert (ticket.sla_id, topic.sla_id, Department.objects.get(pk=1).sla_id) == (1, None, 0)
        assert (ticket_filter.isactive, ticket_filter.flags) == (False, FilterFlag.DELETED_OBJECT)


class TestSchedules:
    entry = {
        "name": "Office",
        "kind": "weekdays",
        "week": 1,
        "weekday": 1,
        "day": "",
        "month": 1,
        "starts_at": "08:00",
        "ends_at": "17:30",
        "starts_on": "2026-01-01",
        "stops_on": "",
    }

    @pytest.fixture
    def schedule(self) -> Schedule:
        return Schedule.objects.create(name="Berlin", timezone="Europe/Berlin", flags=ScheduleFlag.BUSINESS_HOURS)

    def add(self, browser: Client, schedule: Schedule, **change: Any) -> str:
        return post(browser, f"/admin/schedules/{schedule.pk}/entries/add/", **{**self.entry, **change})

    def test_a_schedule_is_made_and_says_that_it_has_no_entries(self, browser: Client) -> None:
        values = {"name": "Munich", "timezone": "Europe/Berlin", "description": "", "holidays": [HOLIDAYS]}
        page = post(browser, "/admin/schedules/add/hours/", **values)
        made = Schedule.objects.get(name="Munich")
        assert (made.timezone, made.flags) == ("Europe/Berlin", ScheduleFlag.BUSINESS_HOURS)
        assert book().schedules[made.pk].holidays == (HOLIDAYS,)
        assert "It has no entries: the hours of a plan are counted around the clock." in page
        assert "has no entries" in browser.get("/admin/schedules/").content.decode()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"timezone": "Europe/Bern"}, "Europe/Bern is no time zone"),
            ({"name": "u.s. holidays"}, "Name already in use"),
        ],
    )
    def test_a_schedule_with_faults_is_refused(self, browser: Client, change: dict[str, str], message: str) -> None:
        values = {"name": "Munich", "timezone": "", "description": "", **change}
        assert message in post(browser, "/admin/schedules/add/hours/", **values)

    def test_an_entry_is_stored_as_osticket_stores_it(self, browser: Client, schedule: Schedule) -> None:
        self.add(browser, schedule, stops_on="2030-06-30")
        [row] = schedule.entries.all()
        assert (row.repeats, row.starts_at, row.ends_at) == ("weekdays", time(8), time(17, 30, 59))
        assert (row.starts_on, row.ends_on, row.day, row.week, row.month) == (
            *(date(2026, 1, 1), date(2026, 1, 1)),
            *(None, None, None),
        )
        [entry] = book().schedules[schedule.pk].entries
        assert str(entry.stops_on) == "2030-06-30 00:00:00"
        page = browser.get(f"/admin/schedules/{schedule.pk}/").content.decode()
        assert "Monday to Friday" in page
        assert "08:00–17:30" in page  # noqa: RUF001 -- a range
        assert 'value="2030-06-30"' in browser.get(f"/admin/schedules/entries/{row.pk}/").content.decode()

    @pytest.mark.parametrize(
        ("change", "columns"),
        [
            ({"kind": "weekly", "weekday": 5}, ("weekly", 5, None, None)),
            ({"kind": "monthly", "day": 15}, ("monthly", 15, None, None)),
            ({"kind": "monthly-week", "weekday": 5, "week": 2}, ("monthly", 5, 2, None)),
            ({"kind": "yearly", "day": 25, "month": 12}, ("yearly", 25, None, 12)),
            ({"kind": "yearly-week", "weekday": 1, "week": -1, "month": 5}, ("yearly", 1, -1, 5)),
            ({"kind": "never"}, ("never", None, None, None)),
        ],
    )
    def test_every_kind(
        self, browser: Client, schedule: Schedule, change: dict[str, Any], columns: tuple[Any, ...]
    ) -> None:
        self.add(browser, schedule, **change)
        row = schedule.entries.get()
        assert (row.repeats, row.day, row.week, row.month) == columns
        shown = browser.get(f"/admin/schedules/entries/{row.pk}/").context["form"].initial
        again = {name: "" if value is None else value for name, value in shown.items() if value is not False}
        again["starts_at"], again["ends_at"] = "08:00", "17:30"
        post(browser, f"/admin/schedules/entries/{row.pk}/", **again)
        same = schedule.entries.get()
        assert (same.repeats, same.day, same.week, same.month, same.ends_at) == (*columns, row.ends_at)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"ends_at": "07:00"}, "The end must be after the start."),
            ({"ends_at": ""}, "This field is required"),
            ({"kind": "monthly", "day": ""}, "Enter 1 to 31."),
            ({"kind": "yearly", "day": 30, "month": 2}, "This month has no such day."),
            ({"stops_on": "2025-12-31"}, "It must not stop before it starts."),
            ({"starts_on": "2026-02-30"}, "Enter a valid date."),
            ({"ends_next_day": "on"}, "That is more than a day."),
        ],
    )
    def test_what_is_wrong_with_an_entry_is_named(
        self, browser: Client, schedule: Schedule, change: dict[str, Any], message: str
    ) -> None:
        assert message in self.add(browser, schedule, **change)
        assert not schedule.entries.exists()

    def test_names_and_hours_may_not_collide_but_a_second_shift_may_follow(
        self, browser: Client, schedule: Schedule
    ) -> None:
        self.add(browser, schedule, ends_at="12:00")
        assert "Name already in use" in self.add(browser, schedule, starts_at="13:00")
        assert "These hours overlap with those of “Office”." in self.add(browser, schedule, name="Late")
        self.add(browser, schedule, name="Late", starts_at="13:00")
        assert schedule.entries.count() == 2
        set_setting("core", "due_date_calculator", "osticket", SYSTEM)
        page = browser.get(f"/admin/schedules/{schedule.pk}/").content.decode()
        assert "Of several entries for one day osTicket counts only the first." in page

    def test_the_days_ahead_end_at_midnight(self, browser: Client) -> None:
        page = browser.get("/admin/schedules/2/").content.decode()
        assert page.count("all day") > 14, "the entry and every day ahead"
        ScheduleEntry.objects.filter(schedule_id=2).update(starts_at=time(18))
        book.forget()
        page = browser.get("/admin/schedules/2/").content.decode()
        assert "18:00–24:00" in page  # noqa: RUF001 -- a range

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    @pytest.mark.parametrize("action", ["preview", "save"])
    def test_the_ends_of_the_calendar_are_no_days(
        self, browser: Client, schedule: Schedule, day: str, action: str
    ) -> None:
        address = f"/admin/schedules/{schedule.pk}/entries/add/"
        for more in ({}, {"stops_on": day}, {"kind": "weekly", "weekday": "1"}):
            data = {"name": "Odd", "kind": "daily", "starts_at": "22:00", "ends_at": "06:00", "ends_next_day": "on"}
            page = post(browser, address, **{**data, "starts_on": day, "action": action, **more})
            assert "Enter a year from 1900 to 2100." in page
        assert not schedule.entries.exists()

    def test_numbers_of_nothing_remove_nothing(self, browser: Client, schedule: Schedule) -> None:
        for number in ("9" * 5000, "99999999999999999999999", "\u0663", "-1", "x"):
            for address in (f"/admin/schedules/{schedule.pk}/", "/admin/forms/2/", "/admin/filters/"):
                for data in ({"action": f"remove-{number}"}, {"action": f"up-{number}"}, {"action": "order"}):
                    answer = browser.post(address, {**data, "order": number}, follow=True)
                    assert answer.status_code in {200, 404}, (address, number[:9])

    def test_a_preview_saves_nothing(self, browser: Client, schedule: Schedule) -> None:
        page = self.add(browser, schedule, kind="yearly", day=29, month=2, action="preview")
        assert "29 Feb" in page or "29 February" in page
        assert not schedule.entries.exists()

    def test_an_entry_goes(self, browser: Client, schedule: Schedule) -> None:
        self.add(browser, schedule)
        post(browser, f"/admin/schedules/{schedule.pk}/", action=f"remove-{schedule.entries.get().pk}")
        assert not schedule.entries.exists()

    def test_deleting_cleans_up_after_it(self, browser: Client) -> None:
        Department.objects.filter(pk=1).update(schedule_id=2)
        SlaPlan.objects.filter(pk=1).update(schedule_id=2)
        post(browser, "/admin/schedules/2/", action="delete")
        assert not Schedule.objects.filter(pk=2).exists()
        assert not ScheduleEntry.objects.filter(schedule_id=2).exists()
        assert (Department.objects.get(pk=1).schedule_id, SlaPlan.objects.get(pk=1).schedule_id) == (0, None)
        post(browser, f"/admin/schedules/{HOLIDAYS}/", action="delete")
        assert book().schedules[DEFAULT_HOURS].holidays == ()

    def test_the_business_hours_of_the_help_desk_stay(self, browser: Client) -> None:
        page = post(browser, f"/admin/schedules/{DEFAULT_HOURS}/", action="delete")
        assert "These are the business hours of the help desk." in page
        assert Schedule.objects.filter(pk=DEFAULT_HOURS).exists()

    def test_faults_of_stored_rows_are_named(self, browser: Client, schedule: Schedule) -> None:
        Schedule.objects.filter(pk=schedule.pk).update(timezone="Mars/Olympus")
        ScheduleEntry.objects.create(schedule=schedule, name="Odd", repeats="weekly", starts_on=date(2026, 1, 1))
        page = browser.get(f"/admin/schedules/{schedule.pk}/").content.decode()
        assert "Mars/Olympus is no time zone" in page
        assert "The entry “Odd” is incomplete" in page


class TestImports:
    @pytest.fixture
    def holidays(self) -> Schedule:
        return Schedule.objects.create(name="Bavaria", timezone="Europe/Berlin", flags=ScheduleFlag(0))

    def public(self, browser: Client, holidays: Schedule, **change: Any) -> str:
        values = {"country": "DE", "region": "BY", "first_year": 2030, "years": 2, **change}
        data = {f"public-{name}": value for name, value in values.items()}
        return post(browser, f"/admin/schedules/{holidays.pk}/", action="public", **data)

    def test_public_holidays_of_a_country(self, browser: Client, holidays: Schedule) -> None:
        page = self.public(browser, holidays)
        rows = {row.name: row for row in holidays.entries.all()}
        epiphany = rows["Epiphany"]
        assert (epiphany.repeats, epiphany.day, epiphany.month) == ("yearly", 6, 1)
        easter = [row.starts_on for name, row in rows.items() if name.startswith("Easter Monday")]
        assert easter == [date(2030, 4, 22), date(2031, 4, 14)]
        assert f"{len(rows)} holidays added; 0 were there already." in page
        assert f"0 holidays added; {len(rows)} were there already." in self.public(browser, holidays)
        assert len(book().schedules[holidays.pk].entries) == len(rows)

    @pytest.mark.parametrize(
        ("change", "message"),
        [({"region": "XX"}, "This country has no such region"), ({"years": 11}, "less than or equal to 10")],
    )
    def test_unknown_places(self, browser: Client, holidays: Schedule, change: dict[str, Any], message: str) -> None:
        assert message in self.public(browser, holidays, **change)
        assert not holidays.entries.exists()

    def calendar(self, browser: Client, holidays: Schedule, content: bytes) -> str:
        upload = SimpleUploadedFile("days.ics", content, content_type="text/calendar")
        data = {"calendar-file": upload, "calendar-first_year": 2030, "calendar-years": 3}
        return post(browser, f"/admin/schedules/{holidays.pk}/", action="calendar", **data)

    def test_events_of_a_calendar(self, browser: Client, holidays: Schedule) -> None:
        self.calendar(browser, holidays, CALENDAR)
        rows = list(holidays.entries.order_by("starts_on", "id"))
        assert [(row.repeats, row.starts_on, row.starts_at, row.ends_at) for row in rows] == [
            ("yearly", date(2024, 12, 26), time(), time(23, 59, 59)),
            ("never", date(2030, 3, 10), time(12), time(14)),
            ("never", date(2030, 5, 27), time(), time(23, 59, 59)),
            ("never", date(2030, 8, 1), time(), time(23, 59, 59)),
            ("never", date(2030, 8, 2), time(), time(23, 59, 59)),
            ("never", date(2032, 5, 31), time(), time(23, 59, 59)),
        ]

    @pytest.mark.parametrize(
        ("lines", "days"),
        [
            ("DTSTART;VALUE=DATE;TZID=Europe/Berlin:20300801", ["2030-08-01"]),
            ("DTSTART;VALUE=DA\r\n TE:2030\r\n 0801", ["2030-08-01"]),
            ("DTSTART;VALUE=DATE:20200412\r\nRDATE;VALUE=DATE:20300421,20310413", ["2030-04-21", "2031-04-13"]),
            ("DTSTART:20300801T080000Z\r\nDTEND:20300801T080030Z", []),
            ("DTSTART;VALUE=DATE:20250801\r\nDTEND;VALUE=DATE:20300103", ["2030-01-01", "2030-01-02"]),
            ("DTSTART;VALUE=DATE:19000101\r\nRRULE:FREQ=DAILY;UNTIL=19991231", []),
            ("DTSTART;VALUE=DATE:20300801\r\nSUMMARY:" + "x" * 300, ["2030-08-01"]),
            ("DTSTART;VALUE=DATE:20300801\r\nSUMMARY:xxx\0\r\nSUMMARY:y", ["2030-08-01"]),
            (
                "DTSTART;VALUE=DATE:20200501\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20310501",
                ["2030-05-01", "2032-05-01"],
            ),
        ],
        ids=["zone", "folded", "listed", "seconds", "long", "past", "name", "names", "left out"],
    )
    def test_odd_events_are_read(self, browser: Client, holidays: Schedule, lines: str, days: list[str]) -> None:
        name = "" if "SUMMARY" in lines else "SUMMARY:Fête\r\n"
        text = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{name}{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        added = f"{len(days)} holiday added;" if len(days) == 1 else f"{len(days)} holidays added;"
        assert added in self.calendar(browser, holidays, text.encode("cp1252"))
        assert [str(row.starts_on) for row in holidays.entries.order_by("starts_on")] == days
        assert not [row.name for row in holidays.entries.all() if not row.name.startswith(("Fête 20", "xxx"))]

    def test_a_day_that_another_event_moves_is_moved(self, browser: Client, holidays: Schedule) -> None:
        moved = (
            b"BEGIN:VEVENT\r\nUID:4\r\nRECURRENCE-ID;VALUE=DATE:20300527\r\nDTSTART;VALUE=DATE:20300528\r\n"
            b"SUMMARY:Moved\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        self.calendar(browser, holidays, CALENDAR.replace(b"END:VCALENDAR\r\n", moved))
        in_may = [str(row.starts_on) for row in holidays.entries.filter(starts_on__month=5).order_by("starts_on")]
        assert in_may == ["2030-05-28", "2032-05-31"]

    def test_a_moved_day_of_a_fixed_date_is_moved(self, browser: Client, holidays: Schedule) -> None:
        moved = (
            b"BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;VALUE=DATE:20301226\r\nDTSTART;VALUE=DATE:20301227\r\n"
            b"SUMMARY:Moved\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        self.calendar(browser, holidays, CALENDAR.replace(b"END:VCALENDAR\r\n", moved))
        in_december = holidays.entries.filter(starts_on__month=12).order_by("starts_on")
        assert [str(row.starts_on) for row in in_december] == ["2030-12-27", "2031-12-26", "2032-12-26"]

    def test_a_holiday_of_an_unknown_first_year_counts(self, browser: Client, holidays: Schedule) -> None:
        """Some calendars write 1601 or 1604 for it, before anything that a schedule can begin with."""
        self.calendar(browser, holidays, CALENDAR.replace(b"20241226", b"16041226"))
        (row,) = holidays.entries.filter(repeats=Repeat.YEARLY)
        assert entry_of(row) is not None
        assert (row.day, row.month) == (26, 12)

    @pytest.mark.parametrize(
        ("calculator", "year", "due"),
        [
            (ExactCalculator(), 2030, "2030-03-01 09:00"),
            (ExactCalculator(), 2028, "2028-03-01 09:00"),
            (OsticketCalculator(), 2030, "2030-03-04 09:00"),
            (OsticketCalculator(), 2028, "2028-03-01 09:00"),
        ],
        ids=["exact-common", "exact-leap", "osticket-common", "osticket-leap"],
    )
    def test_a_29th_of_february_is_one(
        self, browser: Client, holidays: Schedule, calculator: Calculator, year: int, due: str
    ) -> None:
        """Other years have none (RFC 5545); osTicket takes their first of March for it."""
        self.calendar(browser, holidays, CALENDAR.replace(b"20241226", b"20240229"))
        (row,) = holidays.entries.filter(repeats=Repeat.YEARLY)
        leap_day = entry_of(row)
        assert leap_day is not None
        hours = BusinessHours(BERLIN, [entry("weekdays", "08:00", "17:00")], [HolidayList(BERLIN, [leap_day])])
        assert calculator.calculate(at(f"{year}-02-28 16:00", BERLIN), 2, hours).due == at(due, BERLIN)

    @pytest.mark.parametrize(
        "rule",
        ["DAILY;BYMONTH=2;BYMONTHDAY=30", "WEEKLY;BYMONTH=2;BYMONTHDAY=30", "DAILY;INTERVAL=7;BYDAY=TU", "DAILY"],
        ids=["no-day", "no-week", "other-weekday", "for-ever"],
    )
    def test_rules_that_go_on_for_ever_take_no_time(self, browser: Client, holidays: Schedule, rule: str) -> None:
        """Each goes through thousands of years, or through the same days again and again."""
        event = "BEGIN:VEVENT\r\nUID:{}\r\nDTSTART;VALUE=DATE:19000101\r\nRRULE:FREQ={}\r\nEND:VEVENT\r\n"
        events = "".join(event.format(number, rule) for number in range(50))
        begun = process_time()
        page = self.calendar(browser, holidays, f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n".encode())
        assert process_time() - begun < 5
        assert "repeat too often" in page or "more than 1000 holidays" in page
        assert not holidays.entries.exists()

    def test_an_entry_that_is_gone_is_not_made_again(self, holidays: Schedule) -> None:
        draft = EntryDraft(name="Day", repeats=Repeat.NEVER, starts_on=date(2030, 1, 1))
        entry = store_entry(holidays, draft, actor=SYSTEM)
        ScheduleEntry.objects.filter(pk=entry.pk).delete()
        with pytest.raises(NotFound):
            store_entry(holidays, draft, actor=SYSTEM, entry=entry)
        assert not holidays.entries.exists()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"hello", "This is no iCalendar file."),
            (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "This file contains no events."),
            (
                CALENDAR.replace(b"FREQ=YEARLY;BYMONTH=5", b"FREQ=SECONDLY"),
                "“Day in May” repeats within a day",
            ),
            (CALENDAR.replace(b"BYDAY=-1MO", b"BYDAY=XX"), "The event “Day in May” cannot be read."),
            (CALENDAR.replace(b"20300310T110000Z", b"99999999T110000Z"), "“Meeting of all” cannot be read."),
            (
                CALENDAR.replace(b"FREQ=YEARLY;BYMONTH=5", b"FREQ=YEARLY;BYHOUR=1"),
                "“Day in May” repeats within a day",
            ),
            (CALENDAR + b" " * 1024 * 1024, "The file is too large"),
        ],
        ids=["text", "empty", "seconds", "weekday", "date", "hour", "large"],
    )
    def test_files_that_are_no_use_are_refused_whole(
        self, browser: Client, holidays: Schedule, content: bytes, message: str
    ) -> None:
        assert message in self.calendar(browser, holidays, content)
        assert not holidays.entries.exists()


class TestPreview:
    def test_both_ways_of_counting_are_shown_with_their_hours(self, browser: Client) -> None:
        page = browser.get(ASKED).content.decode()
        assert "Monday - Friday 8am - 5pm" in page
        assert page.count("Wed, 6 May 2026, 10:00:00") == 2
        assert "Both ways of counting agree." in page

    def test_where_they_differ_it_says_so(self, browser: Client) -> None:
        schedule = Schedule.objects.create(name="Two shifts", flags=ScheduleFlag.BUSINESS_HOURS)
        for name, opens, closes in (("Morning", time(8), time(12)), ("Afternoon", time(13), time(17))):
            ScheduleEntry.objects.create(
                schedule=schedule, name=name, repeats="weekdays", starts_on=date(2026, 1, 1), starts_at=opens,
                ends_on=date(2026, 1, 1), ends_at=closes,
            )  # fmt: skip
        Department.objects.filter(pk=1).update(schedule_id=schedule.pk)
        page = browser.get(ASKED).content.decode()
        assert "The two ways of counting differ." in page
        assert "Afternoon" in page
        assert "of the department" in page

    def test_times_are_those_of_the_help_desk(self, browser: Client) -> None:
        set_settings("core", {"default_timezone": "America/New_York"}, SYSTEM)
        assert "Wed, 6 May 2026, 10:00:00" in browser.get(ASKED).content.decode()

    def test_a_plan_that_is_off_and_hours_that_never_come(self, browser: Client) -> None:
        schedule = Schedule.objects.create(name="Never", flags=ScheduleFlag.BUSINESS_HOURS)
        ScheduleEntry.objects.create(
            schedule=schedule, name="x", repeats="daily", starts_on=date(2026, 1, 1), starts_at=time(8),
            ends_on=date(2026, 1, 1), ends_at=time(8),
        )  # fmt: skip
        SlaPlan.objects.filter(pk=1).update(schedule_id=schedule.pk)
        Department.objects.filter(pk=1).update(schedule_id=schedule.pk)
        schedule.save()
        assert "The hours never come together" in browser.get(ASKED).content.decode()
        plan = SlaPlan.objects.get(pk=1)
        plan.flags = SlaFlag(0)
        plan.save()
        assert "This plan is not active" in browser.get(ASKED).content.decode()

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ("plan=99999&department=1&start=2026-05-04T10:00", "99999 is not one of the available choices"),
            ("plan=x&department=1&start=2026-05-04T10:00", "not one of the available choices"),
            ("plan=1&department=1&start=soon", "Enter a valid date/time."),
            ("plan=", "This field is required"),
            ("plan=1&department=1&start=0001-01-01T00:00", "Enter a year from 1900 to 2100."),
            ("plan=1&department=1&start=9999-12-31T23:59", "Enter a year from 1900 to 2100."),
        ],
        ids=["unknown", "text", "time", "empty", "first", "last"],
    )
    def test_nonsense_is_named(self, browser: Client, asked: str, message: str) -> None:
        assert message in browser.get(f"/admin/due-dates/?{asked}").content.decode()
