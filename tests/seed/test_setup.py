"""`manage.py setup` writes the committed initial rows once, on every engine."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem
from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.forms import cdata
from helpdesk.knowledge.models import CannedResponse, Page
from helpdesk.legacy.file_keys import content_digest
from helpdesk.legacy.models import Installation
from helpdesk.legacy.table_description import schema_signature
from helpdesk.mail.models import EmailTemplate
from helpdesk.people.models import Department, Organization, Role
from helpdesk.portal.seed import InstallerAnswers, initial_rows, model_of_table, seed_database
from tests.conftest import ANSWERS, INSTALLED_AT
from tickets.models import HelpTopic, Queue, QueueColumnPlacement, TicketStatus

pytestmark = pytest.mark.django_db

ROWS = initial_rows(ANSWERS)


def setup() -> str:
    output = io.StringIO()
    call_command("setup", stdout=output)
    return output.getvalue().strip()


def as_in_database(row: models.Model, columns: dict[str, Any]) -> dict[str, Any]:
    """Give the wanted columns of a row as the committed data writes them: 0 for no reference, text for dates."""
    fields = {field.column: field for field in row._meta.concrete_fields if field.column}
    found: dict[str, Any] = {}
    for column, wanted in columns.items():
        value = getattr(row, fields[column].attname)
        if value is None and wanted == 0:
            value = 0
        found[column] = str(value) if isinstance(wanted, str) and value is not None else value
    return found


@pytest.mark.parametrize("table", ROWS)
def test_every_committed_row_is_in_the_database(table: str) -> None:
    model = model_of_table(table)
    columns = {field.column: field.attname for field in model._meta.concrete_fields if field.column}
    key = [columns[column] for column in ROWS[table][0] if columns[column] in _key_names(model)]
    rows = {tuple(getattr(row, name) for name in key): row for row in model._default_manager.all()}
    assert len(rows) == len(ROWS[table])
    for wanted in ROWS[table]:
        row = rows[tuple(wanted[column] for column in ROWS[table][0] if columns[column] in key)]
        assert as_in_database(row, wanted) == wanted


def _key_names(model: type[models.Model]) -> set[str]:
    if model is ConfigItem:
        return {"namespace", "key"}
    primary = model._meta.pk
    assert primary is not None
    return {field.attname for field in getattr(primary, "fields", [primary])}


def test_the_rows_are_those_of_a_fresh_osticket() -> None:
    counts = {table: len(rows) for table, rows in ROWS.items()}
    assert counts == {
        "department": 3, "role": 4, "sla": 1, "team": 1, "ticket_priority": 4, "ticket_status": 5, "list": 1,
        "form": 6, "form_field": 20, "help_topic": 4, "help_topic_form": 4, "sequence": 2, "event": 21, "filter": 1,
        "filter_rule": 1, "filter_action": 1, "schedule": 4, "schedule_entry": 16, "queue": 14, "queue_column": 14,
        "queue_columns": 77, "queue_sort": 7, "queue_sorts": 73, "email": 3, "email_template_group": 1,
        "email_template": 19, "content": 13, "organization": 1, "form_entry": 2, "form_entry_values": 4, "file": 2,
        "attachment": 12, "canned_response": 2, "config": 98,
    }  # fmt: skip
    assert HelpTopic.objects.get(pk=11).parent_id == 10
    assert Role.objects.get(name="View only").permissions is None
    assert "ticket.reply" not in (Role.objects.get(name="Limited Access").permissions or {"ticket.reply": 1})
    assert TicketStatus.objects.get(name="Closed").properties["allowreopen"] is True
    my_tickets: Any = Queue.objects.get(title="My Tickets").config
    assert my_tickets["criteria"][1] == [
        "status__state",
        "includes",
        {"open": "Open"},
    ]
    assert QueueColumnPlacement.objects.get(queue=4, column=9).heading == "Due Date"


def test_json_columns_are_encoded_as_php_encodes_them() -> None:
    stored = Role.objects.filter(pk=3).extra(select={"text": "permissions"}).values_list("text", flat=True)[0]
    assert stored.startswith('{"ticket.assign":1,"ticket.create":1,')


def test_installer_answers_fill_the_rows() -> None:
    config = dict(ConfigItem.objects.filter(namespace="core").values_list("key", "value"))
    assert config["helpdesk_url"] == "http://testserver/"
    assert config["helpdesk_title"] == "Acme Support"
    assert config["admin_email"] == "ada@acme.test"
    assert config["default_timezone"] == "UTC"
    assert config["schema_signature"] == schema_signature() == "5fb92bef17f3b603659e024c01cc7a59"
    assert ConfigItem.objects.get(namespace="schedule.1").value == '{"holidays":[4]}'


def test_rows_are_dated_at_the_installation() -> None:
    assert Department.objects.get(pk=1).created == INSTALLED_AT
    assert Queue.objects.get(pk=1).updated == INSTALLED_AT


def test_it_records_the_installation() -> None:
    installation = Installation.objects.get()
    assert installation.origin == Installation.Origin.FRESH
    assert installation.schema_signature == schema_signature()
    assert installation.database_time_zone == "UTC"


def test_a_second_run_changes_nothing() -> None:
    Department.objects.filter(pk=2).update(name="Trade")
    HelpTopic.objects.get(pk=2).delete()
    ConfigItem.objects.filter(key="helpdesk_title").update(value="Edited")

    assert setup() == "Already set up: 0 changes."

    assert Department.objects.get(pk=2).name == "Trade"
    assert not HelpTopic.objects.filter(pk=2).exists()
    assert ConfigItem.objects.get(key="helpdesk_title").value == "Edited"
    assert Installation.objects.count() == 1


def test_new_rows_get_ids_behind_the_seeded_ones() -> None:
    """On PostgreSQL a sequence that was not moved on would hand out an id that is taken."""
    assert Department.objects.create(name="New").pk > 3
    assert HelpTopic.objects.create(topic="New").pk > 11
    assert Organization.objects.create(name="New").pk > 1


def test_an_adopted_database_is_refused() -> None:
    Installation.objects.update(origin=Installation.Origin.ADOPTED)
    with pytest.raises(CommandError, match="adopted from a running osTicket"):
        setup()


def test_rows_of_somebody_else_are_refused() -> None:
    Installation.objects.all().delete()
    with pytest.raises(CommandError, match="department” holds rows that setup did not write"):
        setup()
    assert not Installation.objects.exists()


@override_settings(
    HELPDESK_URL="https://help.birch.example/",
    HELPDESK_TITLE="Birch Help",
    HELPDESK_EMAIL="help@birch.example",
    ADMIN_EMAIL="ina@birch.example",
    HELPDESK_TIME_ZONE="Europe/Riga",
)
def test_the_answers_come_from_the_environment() -> None:
    rows = initial_rows(InstallerAnswers.from_settings())
    config = {row["key"]: row["value"] for row in rows["config"]}
    assert config["helpdesk_url"] == "https://help.birch.example/"
    assert config["default_timezone"] == "Europe/Riga"
    assert [row["email"] for row in rows["email"]] == [
        "help@birch.example",
        "alerts@birch.example",
        "noreply@birch.example",
    ]
    assert rows["form_entry_values"][0]["value"] == "Birch Help"


def test_the_confirmation_that_the_thank_you_page_promises_is_on_its_way() -> None:
    promise = Page.objects.get(pk=2)
    assert (promise.type, "a confirmation is on its way" in promise.body) == ("thank-you", True)
    config = {row["key"]: row["value"] for row in initial_rows(InstallerAnswers.from_settings())["config"]}
    assert config["ticket_autoresponder"] == "1"
    osticket = {row["key"]: row["value"] for row in ROWS["config"]}
    assert osticket["ticket_autoresponder"] == ""


def test_every_template_and_page_has_a_text_of_its_own() -> None:
    bodies = [*EmailTemplate.objects.values_list("body", flat=True), *Page.objects.values_list("body", flat=True)]
    assert len(set(bodies)) == len(bodies) == 32
    assert all(body.strip().startswith("<") for body in bodies)
    assert all(EmailTemplate.objects.values_list("subject", flat=True))
    texts = " ".join([*bodies, *CannedResponse.objects.values_list("response", flat=True)])
    assert "osticket" not in texts.lower()
    assert "$" not in texts


def test_the_picture_of_the_agent_templates_is_attached_to_exactly_those() -> None:
    picture = StoredFile.objects.get(pk=1)
    showing = EmailTemplate.objects.filter(body__contains=f"cid:{picture.key}")
    attached = Attachment.objects.filter(type="T", file=picture, inline=True)
    assert set(showing.values_list("pk", flat=True)) == set(attached.values_list("object_id", flat=True))


@pytest.mark.parametrize("file_id", [1, 2])
def test_seeded_files_hold_what_their_rows_say(file_id: int) -> None:
    stored = StoredFile.objects.get(pk=file_id)
    content = bytes(FileChunk.objects.get(file=file_id).filedata)
    assert stored.size == len(content) > 0
    assert stored.signature == content_digest(content).signature()


@pytest.mark.django_db(transaction=True)
def test_it_sets_up_an_empty_database_quickly() -> None:
    call_command("flush", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        for table in cdata.TABLES.values():
            cursor.execute(f"DROP TABLE {table.prefixed_name}")
    before = timezone.now()
    with CaptureQueriesContext(connection) as statements:
        assert setup() == f"{sum(map(len, ROWS.values()))} initial rows written."
    assert len(statements) < 200
    assert (timezone.now() - before).total_seconds() < 10
    assert cdata.columns("T") == ["subject", "priority"]
    assert setup() == "Already set up: 0 changes."


@pytest.mark.django_db(transaction=True)
def test_two_set_ups_at_once_write_one_help_desk() -> None:
    call_command("flush", interactive=False, verbosity=0)

    def run(_number: int) -> int:
        try:
            return seed_database(ANSWERS, now=INSTALLED_AT)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, sum(map(len, ROWS.values()))]
    assert Installation.objects.count() == 1
    assert Department.objects.count() == 3


def test_a_set_up_that_another_one_overtakes_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([False, True])
    monkeypatch.setattr("helpdesk.portal.seed.is_set_up", lambda: next(looks))
    assert seed_database(ANSWERS, now=INSTALLED_AT) == 0
