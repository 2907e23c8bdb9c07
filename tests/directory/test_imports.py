"""Importing users from lists: whatever they look like, row by row, at any speed."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from helpdesk.directory import jobs
from helpdesk.directory.csv_table import LONGEST_CELL, LONGEST_FILE, decoded, separator_of
from helpdesk.directory.exports import report_table
from helpdesk.directory.jobs import go_on_with_imports
from helpdesk.directory.models import UserImport, UserImportRow
from helpdesk.directory.services import (
    ImportPlan,
    cancel_import,
    go_on_with_import,
    imports,
    prepare_import,
    purge_imports,
    start_import,
)
from helpdesk.exports.files import csv_lines
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.health.selectors import WORKER
from helpdesk.health.services import remember
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser, Organization
from helpdesk.people.selectors import user_of_address
from tests.factories import AgentFactory, EndUserFactory
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def run(text: str | bytes, *, actor: Actor = SYSTEM, **plan: Any) -> list[UserImportRow]:
    data = text.encode() if isinstance(text, str) else text
    found = prepare_import(data, actor=actor, file_name="people.csv")
    values = {"columns": found.columns, "has_headings": found.has_headings, **plan}
    found = go_on_with_import(start_import(found, ImportPlan(**values), actor=actor), actor=actor, seconds=60)
    assert (found.state, found.position, found.content) == ("done", found.total, "")
    return list(found.rows.order_by("pk"))


def told(rows: list[UserImportRow]) -> list[tuple[int, str, str]]:
    return [(row.number, row.outcome, row.column) for row in rows]


def user_at(row: UserImportRow) -> EndUser:
    assert row.user_id is not None
    return EndUser.objects.get(pk=row.user_id)


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "iso8859_15"])
    def test_encodings_are_found(self, encoding: str) -> None:
        text = "Name;E-Mail\r\nJürgen Groß;j@customer.test\r\nZoë Müller;zoe@customer.test\r\n"
        data = text.encode(encoding)
        if encoding == "utf-16-le":
            data = b"\xff\xfe" + data
        assert decoded(data)[0] == text

    @pytest.mark.parametrize(("encoding", "text"), [("cp1251", "Имя,Почта\nЮлия Жданова,yulia@customer.test\n" * 20)])
    def test_other_alphabets_are_guessed(self, encoding: str, text: str) -> None:
        assert decoded(text.encode(encoding))[0] == text

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_separators_are_found(self, separator: str) -> None:
        text = separator.join(["Name", "E-Mail", "Notes"]) + "\n"
        text += separator.join(['"Doe, Jane; Dr."', "jane@customer.test", '"a|b\tc"']) + "\n"
        assert separator_of(text) == separator

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "file_empty"),
            (b" \n\n", "file_empty"),
            (b"PK\x03\x04rest", "file_no_text"),
            (b"%PDF-1.7", "file_no_text"),
            (b"a\x00b,c\n", "file_no_text"),
            (b"x" * (LONGEST_FILE + 1), "file_too_large"),
        ],
    )
    def test_what_is_no_list_is_refused(self, data: bytes, code: str) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            prepare_import(data, actor=SYSTEM)
        assert (refusal.value.code, UserImport.objects.count()) == (code, 0)

    def test_a_first_row_that_no_page_can_show_is_refused(self) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            prepare_import(b"jo@acme.test" + b"," * 300, actor=SYSTEM)
        assert (refusal.value.code, refusal.value.field) == ("too_many_columns", "file")

    def test_a_wrong_encoding_is_told(self) -> None:
        for encoding in ("utf-8", "no-such-encoding", "undefined"):
            with pytest.raises(ValidationFailed) as refusal:
                prepare_import("Jürgen".encode("cp1252"), actor=SYSTEM, encoding=encoding)
            assert refusal.value.field == "encoding"


class TestColumns:
    def columns(self, text: str) -> tuple[list[str], bool]:
        found = prepare_import(text.encode(), actor=SYSTEM)
        return found.columns, found.has_headings

    def test_headings_say_what_columns_hold(self) -> None:
        phone = str(FormField.objects.get(form__type="U", name="phone").pk)
        assert self.columns("E-Mail Address,Full_Name,Phone Number,Shoe size,Company\n") == (
            ["email", "name", phone, "", "organization"],
            True,
        )

    def test_without_headings_addresses_tell(self) -> None:
        assert self.columns("Jane Doe,jane@customer.test\n") == (["name", "email"], False)
        assert self.columns("jane@customer.test\n") == (["email"], False)
        assert self.columns("17,jane@customer.test,Jane\n") == (["", "email", "name"], False)

    def test_headings_that_nobody_knows_are_headings_all_the_same(self) -> None:
        assert self.columns("Wer,Wohin\nJane,jane@customer.test\n") == (["name", "email"], True)

    def test_a_column_counts_once(self) -> None:
        assert self.columns("email,email,name\n")[0] == ["email", "", "name"]

    @pytest.mark.parametrize(
        ("columns", "code"),
        [(["name", ""], "column_missing"), (["email", "email"], "column_twice"), (["email", "x"], "column_unknown")],
    )
    def test_plans_that_cannot_be(self, columns: list[str], code: str) -> None:
        found = prepare_import(b"a,b\n", actor=SYSTEM)
        with pytest.raises(ValidationFailed) as refusal:
            start_import(found, ImportPlan(columns=columns, has_headings=False), actor=SYSTEM)
        assert refusal.value.code == code


class TestRows:
    def test_users_are_made_with_all_that_is_known(self) -> None:
        rows = run("First name,Last name,Mail,Phone Number,Organization\nJane,Doe,jane@acme.test,555-0100,Acme\n")
        assert told(rows) == [(2, "made", "")]
        user = user_at(rows[0])
        assert (user.name, user.org and user.org.name) == ("Jane Doe", "Acme")
        assert FormAnswer.objects.get(entry__object_id=user.pk, field__name="phone").value == "5550100"

    def test_a_second_time_changes_nothing(self) -> None:
        text = "email,name,Phone Number\njane@acme.test,Jane,555-0100\n"
        run(text)
        assert told(run(text)) == [(2, "unchanged", "")]

    def test_known_users_are_updated_and_empty_cells_say_nothing(self) -> None:
        run("email,name,Phone Number\njane@acme.test,Jane,555-0100\n")
        assert told(run("email,name,Phone Number\nJANE@acme.test,Jane Roe,\n")) == [(2, "updated", "")]
        user = user_of_address("jane@acme.test")
        assert user is not None
        assert user.name == "Jane Roe"
        assert FormAnswer.objects.get(entry__object_id=user.pk, field__name="phone").value == "5550100"

    def test_known_users_may_be_kept_as_they_are(self) -> None:
        EndUserFactory.new(name="Jane", address="jane@acme.test")
        rows = run("email,name\njane@acme.test,Mallory\n", updates_known=False)
        assert (told(rows), rows[0].reason) == ([(2, "refused", "")], "This user is known already.")
        assert not EndUser.objects.filter(name="Mallory").exists()

    def test_each_wrong_row_says_why_and_changes_nothing(self) -> None:
        rows = run(
            "email,name,Phone Number,Organization\n"
            "jane@acme.test,Jane,,\n"
            ",No address,,\n"
            "no address,Jim,,\n"
            "two@acme.test,=HYPERLINK(1),,\n"
            "three@acme.test,Three,call me,\n"
            f"four@acme.test,{'x' * 129},,New Org\n"
            f"five@acme.test,{'x' * (LONGEST_CELL + 1)},,\n"
            "six@acme.test,Six,,=1+1\n"
            "seven@acme.test\n"
            "\n"
            "eight@acme.test,Eight,,,too,many,cells\n"
        )
        phone = "Phone Number"
        assert told(rows) == [
            (2, "made", ""),
            (3, "refused", "E-mail address"),
            (4, "refused", "E-mail address"),
            (5, "refused", "Name"),
            (6, "refused", phone),
            (7, "refused", "Name"),
            (8, "refused", ""),
            (9, "refused", "Organization"),
            (10, "made", ""),
            (12, "made", ""),
        ]
        assert all(row.reason for row in rows if row.outcome == "refused")
        assert not Organization.objects.filter(name="New Org").exists()

    def test_an_organization_that_a_refused_row_made_is_made_again(self) -> None:
        rows = run(f"email,name,Organization\na@acme.test,{'x' * 129},New Org\nb@acme.test,B,new org\n")
        assert [row.outcome for row in rows] == ["refused", "made"]
        user = user_of_address("b@acme.test")
        assert user is not None
        assert user.org == Organization.objects.get(name="new org")

    def test_what_our_own_exports_made_harmless_comes_back(self) -> None:
        rows = run("email,Phone Number\njane@acme.test,'+49 (0)30 1234\n")
        assert [(row.outcome, row.reason) for row in rows] == [("made", "")]
        answer = FormAnswer.objects.get(entry__object_id=rows[0].user_id, field__name="phone")
        assert answer.value == "490301234"

    def test_new_users_go_where_the_list_belongs(self) -> None:
        home = Organization.objects.create(name="Home")
        Organization.objects.create(name="Of the domain", domain="acme.test")
        rows = run("email,Organization\na@acme.test,\nb@acme.test,Other\n", organization_id=home.pk)
        users = [user_at(row) for row in rows]
        assert [user.org and user.org.name for user in users] == ["Home", "Other"]

    def test_the_report_is_harmless(self) -> None:
        rows = run("email,name\n=cmd@acme.test,Jane\n")
        table = list(csv.reader(io.StringIO(b"".join(csv_lines(report_table(rows[0].list))).decode("utf-8-sig"))))
        assert table[1][:3] == ["2", "refused", "'=cmd@acme.test"]


class TestPermissions:
    def agent(self, *keys: str) -> Actor:
        return Actor.for_agent(AgentFactory.new(permissions=dict.fromkeys(keys, 1)))

    def test_importing_is_a_permission(self) -> None:
        for actor in (self.agent("user.edit"), Actor.for_user(EndUserFactory.new())):
            with pytest.raises(PermissionRefused):
                prepare_import(b"a@b.test\n", actor=actor)

    def test_lists_belong_to_who_brought_them(self) -> None:
        owner, other = self.agent("user.create"), self.agent("user.create")
        found = prepare_import(b"a@acme.test\n", actor=owner)
        plan = ImportPlan(columns=["email"], has_headings=False)
        with pytest.raises(PermissionRefused):
            start_import(found, plan, actor=other)
        start_import(found, plan, actor=owner)
        for forbidden in (go_on_with_import, cancel_import):
            with pytest.raises(PermissionRefused):
                forbidden(found, actor=other)
        assert go_on_with_import(found, actor=owner).state == "done"

    def test_what_a_row_needs_besides_is_told_for_the_row(self) -> None:
        EndUserFactory.new(name="Jane", address="jane@acme.test")
        rows = run("email,name,Organization\njane@acme.test,Roe,\nx@acme.test,X,New\n", actor=self.agent("user.create"))
        assert told(rows) == [(2, "refused", ""), (3, "refused", "Organization")]


class TestInterruption:
    TEXT = "email\n" + "".join(f"user-{number}@acme.test\n" for number in range(50))

    def started(self) -> UserImport:
        found = prepare_import(self.TEXT.encode(), actor=SYSTEM)
        return start_import(found, ImportPlan(columns=["email"], has_headings=True), actor=SYSTEM)

    def test_it_goes_on_where_it_was(self) -> None:
        found = self.started()
        positions = []
        while found.state == "running":
            found = go_on_with_import(found, actor=SYSTEM, seconds=0)
            positions.append(found.position)
        assert positions == [20, 40, 50]
        assert found.rows.filter(outcome="made").count() == 50
        assert go_on_with_import(found, actor=SYSTEM).position == 50

    def test_a_slice_that_breaks_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = go_on_with_import(self.started(), actor=SYSTEM, seconds=0)
        with monkeypatch.context() as broken:
            broken.setattr(UserImport, "save", lambda *_args, **_values: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                go_on_with_import(found, actor=SYSTEM, seconds=0)
        found.refresh_from_db()
        assert (found.position, found.rows.count()) == (20, 20)
        assert EndUser.objects.filter(name__startswith="user-").count() == 20
        assert go_on_with_import(found, actor=SYSTEM, seconds=60).rows.filter(outcome="made").count() == 50

    def test_it_may_be_stopped_for_good(self) -> None:
        found = cancel_import(go_on_with_import(self.started(), actor=SYSTEM, seconds=0), actor=SYSTEM)
        assert (found.state, found.content, found.rows.count()) == ("cancelled", "", 20)
        with pytest.raises(Conflict):
            cancel_import(found, actor=SYSTEM)
        assert go_on_with_import(found, actor=SYSTEM).rows.count() == 20

    def test_nothing_begins_by_itself_or_twice(self) -> None:
        found = prepare_import(b"a@acme.test\n", actor=SYSTEM)
        with pytest.raises(Conflict):
            go_on_with_import(found, actor=SYSTEM)
        plan = ImportPlan(columns=["email"], has_headings=False)
        start_import(found, plan, actor=SYSTEM)
        with pytest.raises(Conflict):
            start_import(found, plan, actor=SYSTEM)

    def test_old_ones_are_forgotten(self) -> None:
        run("a@acme.test\n")
        assert purge_imports(now=timezone.now()) == 0
        assert purge_imports(now=timezone.now() + timedelta(days=31)) == 1
        assert (UserImport.objects.count(), UserImportRow.objects.count()) == (0, 0)


class TestWorker:
    """Lists that are imported without anybody looking on."""

    @pytest.fixture(autouse=True)
    def has_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "SECONDS_PER_RUN", 3600)

    def started(self, agent: Agent, rows: int = 45) -> UserImport:
        text = "email\n" + "".join(f"{agent.username}-{number}@acme.test\n" for number in range(rows))
        actor = Actor.for_agent(agent)
        found = prepare_import(text.encode(), actor=actor)
        return start_import(found, ImportPlan(columns=["email"], has_headings=True), actor=actor)

    def importer(self) -> Agent:
        return AgentFactory.new(permissions={"user.create": 1, "user.edit": 1})

    def test_all_lists_are_gone_on_with_in_turn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(imports, "SECONDS_IN_TURN", 0)
        first, second = self.started(self.importer()), self.started(self.importer())
        assert go_on_with_imports() == 90
        for found in (first, second):
            found.refresh_from_db()
            assert (found.state, found.position, found.rows.filter(outcome="made").count()) == ("done", 45, 45)
        assert go_on_with_imports() == 0

    def test_a_run_that_was_cut_off_is_gone_on_with(self, monkeypatch: pytest.MonkeyPatch) -> None:
        agent = self.importer()
        found = self.started(agent)
        go_on_with_import(found, actor=Actor.for_agent(agent), seconds=0)
        assert go_on_with_imports() == 25
        assert found.rows.count() == EndUser.objects.filter(name__contains="-").count() == 45

    @pytest.mark.parametrize("change", [{"isactive": False}, {"permissions": {}}])
    def test_who_may_not_import_any_more_stops_it(self, change: dict[str, Any]) -> None:
        agent = self.importer()
        found = self.started(agent)
        Agent.objects.filter(pk=agent.pk).update(**change)
        assert go_on_with_imports() == 0
        found.refresh_from_db()
        assert (found.state, found.rows.count()) == ("cancelled", 0)

    def test_lists_of_the_command_line_are_left_to_it(self) -> None:
        found = prepare_import(b"a@acme.test\n", actor=SYSTEM)
        start_import(found, ImportPlan(columns=["email"], has_headings=False), actor=SYSTEM)
        assert go_on_with_imports() == 0
        found.refresh_from_db()
        assert found.state == "running"

    def test_one_on_which_the_database_fails_keeps_no_other_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        broken, other = self.started(self.importer()), self.started(self.importer())
        read = imports.go_on_with_import

        def failing(found: UserImport, **values: Any) -> UserImport:
            if found.pk == broken.pk:
                raise OperationalError
            return read(found, **values)

        monkeypatch.setattr(imports, "go_on_with_import", failing)
        with pytest.raises(OperationalError):
            go_on_with_imports()
        other.refresh_from_db()
        assert other.state == "done"

    @pytest.mark.parametrize(
        ("rows", "has_worker", "is_left"), [(201, True, True), (201, False, False), (5, True, False)]
    )
    def test_the_page_leaves_long_lists_to_the_worker(self, rows: int, has_worker: bool, is_left: bool) -> None:
        agent = AgentFactory.new(permissions={"user.dir": 1, "user.create": 1})
        found = self.started(agent, rows)
        if has_worker:
            remember(f"{WORKER}one", now=timezone.now())
        page = agent_client(agent).get(f"/scp/users/import/{found.pk}/").content.decode()
        assert ('hx-trigger="load delay:2s"' in page) is is_left
        assert ("hx-post=" in page) is not is_left
        assert "Go on" in page  # by hand, whatever the worker does


class TestCommand:
    def call(self, *arguments: str) -> str:
        out = io.StringIO()
        call_command("import_users", *arguments, stdout=out, stderr=out)
        return out.getvalue()

    def test_it_imports_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_bytes("Name;Mail\nJürgen;j@acme.test\n".encode("cp1252"))
        report = tmp_path / "report.csv"
        assert "1 made" in self.call(str(tmp_path / "people.csv"), "--report", str(report))
        assert EndUser.objects.filter(name="Jürgen").exists()
        assert "made" in report.read_text(encoding="utf-8-sig")

    def test_it_fails_when_rows_were_refused(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_text("email\na@acme.test\nnobody\n")
        with pytest.raises(CommandError, match="1 rows were refused"):
            self.call(str(tmp_path / "people.csv"))
        assert user_of_address("a@acme.test") is not None

    def test_columns_may_be_named(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_text("17|a@acme.test|Jane\n")
        path = str(tmp_path / "people.csv")
        self.call(path, "--columns=-,email,Name", "--no-headings", "--separator", "|")
        assert EndUser.objects.filter(name="Jane").exists()
        with pytest.raises(CommandError, match="Unknown column"):
            self.call(path, "--columns", "shoe size")

    def test_interrupted_it_goes_on(self) -> None:
        found = go_on_with_import(TestInterruption().started(), actor=SYSTEM, seconds=0)
        assert "50 made" in self.call("--resume", str(found.pk))
        with pytest.raises(CommandError, match="is done"):
            self.call("--resume", str(found.pk))

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["/no/such/file.csv"],
            ["--resume", "4000000"],
            ["{file}", "--organization", "No such"],
            ["{file}", "--separator", "ab"],
            ["{file}", "--encoding", "no-such"],
            ["{file}", "--report", "/no/such/directory/r.csv"],
        ],
    )
    def test_wrong_arguments_are_told(self, arguments: list[str], tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_text("a@acme.test\n")
        given = [argument.replace("{file}", str(tmp_path / "people.csv")) for argument in arguments]
        with pytest.raises((CommandError, DomainError)):
            self.call(*given)
