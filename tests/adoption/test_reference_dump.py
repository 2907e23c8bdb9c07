"""Adopted, the reference database reads as osticket/reference-dump.md says: every count, table and numbered fact.

The database was written by osTicket 1.18.1; the fixture adopted it with the real command. Everything is read through
the models, except for the tables that have none (`*__cdata`).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import Count, F, Q

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.legacy.fields import Prefixed, encode_php_json
from helpdesk.legacy.file_keys import content_digest
from helpdesk.legacy.passwords import check_password
from helpdesk.people.models import Agent, Department, Organization, Team, UserAccount
from helpdesk.threads.models import Draft, EntryEmail, Lock, Referral, Thread, ThreadEntry, ThreadEvent
from tasks.models import Task
from tests.adoption import reference_facts as facts
from tests.adoption.scratch import Scratch
from tickets.constants import TicketFlag
from tickets.models import HelpTopic, HelpTopicForm, Ticket

pytestmark = [pytest.mark.mysql, pytest.mark.usefixtures("reference")]

PASSWORD = "Secret-pw-1"


def cells(line: str) -> list[str]:
    """Split a line of a table."""
    return [cell.strip() for cell in f"{line} ".split(" | ")]


def assert_table(expected: str, rows: Iterable[Iterable[Any]]) -> None:
    """Compare rows with the lines of a table, where NULL stands for None."""
    found = [["NULL" if value is None else str(value) for value in row] for row in rows]
    lines = [(cells(line) + [""] * 12)[: len(found[0])] for line in expected.strip().splitlines()]
    assert found == lines


def ticket(number: str) -> Ticket:
    """Give the ticket with this number."""
    return Ticket.objects.get(number=number)


def json_text(value: Any) -> str | None:
    """Encode as it is stored."""
    return None if value is None else encode_php_json(value)


def counted(queryset: models.QuerySet[Any], *fields: str) -> dict[Any, int]:
    """Count rows by the values of fields."""
    rows = queryset.order_by().values_list(*fields).annotate(n=Count("pk"))
    return {values[0] if len(values) == 1 else tuple(values): n for *values, n in rows}


# --- counts and tables


def test_row_counts(reference: Scratch) -> None:
    by_model = {
        model._meta.db_table.base: model._default_manager.count()
        for model in apps.get_models()
        if isinstance(model._meta.db_table, Prefixed)
    }
    caches = {name: 0 for name in facts.ROW_COUNTS if name.endswith("__cdata")}
    with connection.cursor() as cursor:
        for name in caches:
            cursor.execute(f"SELECT COUNT(*) FROM ost_{name}")  # noqa: S608
            caches[name] = cursor.fetchone()[0]
    assert by_model | caches == facts.ROW_COUNTS


def test_agents() -> None:
    def access(agent: Agent) -> str | None:
        rows = agent.department_access.order_by("dept_id")
        return ",".join(f"{row.dept_id}:{row.role_id}:{int(row.flags)}" for row in rows) or None

    assert_table(
        facts.AGENTS,
        (
            (
                agent.staff_id, agent.username, agent.dept_id, agent.role_id, int(agent.isadmin), int(agent.isactive),
                int(agent.onvacation), int(agent.assigned_only), access(agent), json_text(agent.permissions),
            )
            for agent in Agent.objects.order_by("staff_id")
        ),
    )  # fmt: skip


def test_departments() -> None:
    assert_table(
        facts.DEPARTMENTS,
        (
            (
                dept.id, dept.name, dept.parent_id, dept.path, int(dept.flags), int(dept.ispublic),
                dept.group_membership, dept.sla_id, dept.schedule_id, dept.manager_id or 0,
                f"{int(dept.ticket_auto_response)}/{int(dept.message_auto_response)}",
            )
            for dept in Department.objects.order_by("id")
        ),
    )  # fmt: skip
    assert Department.objects.get(name="VPN").parent == Department.objects.get(name="network")


def test_teams() -> None:
    assert_table(
        facts.TEAMS,
        (
            (
                team.team_id, team.name, int(team.flags), team.lead_id or 0,
                ",".join(f"{m.staff_id}:{int(m.flags)}" for m in team.memberships.order_by("staff_id")),
            )
            for team in Team.objects.order_by("team_id")
        ),
    )  # fmt: skip


def test_organizations() -> None:
    assert_table(
        facts.ORGANIZATIONS,
        (
            (org.id, org.name, int(org.status), org.manager, org.domain, org.members.count())
            for org in Organization.objects.order_by("id")
        ),
    )


def test_help_topics() -> None:
    def forms(topic: HelpTopic) -> str:
        rows = HelpTopicForm.objects.filter(topic=topic).order_by("sort")
        return " ; ".join(f"{row.form_id}:{row.sort}:{json_text(row.extra)}" for row in rows)

    assert_table(
        facts.TOPICS,
        (
            (
                topic.topic_id, topic.topic, topic.parent_id or 0, int(topic.flags or 0), int(topic.ispublic),
                topic.dept_id or 0, topic.priority_id or 0, topic.sla_id or 0,
                f"{topic.staff_id or 0}/{topic.team_id or 0}",
                f"{topic.sequence_id or 0} {topic.number_format or ''}".strip(), forms(topic),
            )
            for topic in HelpTopic.objects.order_by("topic_id")
        ),
    )  # fmt: skip


def test_custom_fields() -> None:
    assert_table(
        facts.CUSTOM_FIELDS,
        (
            (
                field.id, field.form_id, field.type, field.name, f"{int(field.flags or 0):#x}",
                json_text(field.configuration) or "",
            )
            for field in FormField.objects.filter(id__gte=36).order_by("id")
        ),
    )  # fmt: skip


def test_tickets_by_what_they_are() -> None:
    tickets = Ticket.objects.all()
    assert counted(tickets, "status__name") == {"Closed": 95, "Open": 193, "Resolved": 17}
    assert counted(tickets, "source") == {"Web": 137, "Email": 43, "Phone": 34, "API": 85, "Other": 6}
    assert counted(tickets, "dept__name") == {
        "Support": 149, "Sales": 12, "Maintenance": 67, "Network": 20, "VPN": 28, "Billing": 29,
    }  # fmt: skip
    assert counted(tickets, "topic") == {
        None: 17, 1: 60, 2: 42, 10: 43, 11: 33, 12: 33, 13: 31, 14: 13, 15: 33,
    }  # fmt: skip
    assert counted(tickets, "topic__topic")[None] == 17
    assert counted(tickets, "sla") == {1: 250, 2: 38, 3: 3, 4: 14}


def test_tickets_by_family() -> None:
    assert counted(Ticket.objects.exclude(flags=0), "flags", "parent") == {
        (1, 5): 2, (17, None): 1, (18, None): 1, (2, 14): 1, (24, None): 2, (8, 29): 2,
    }  # fmt: skip


TICKET_COUNTS: dict[str, tuple[Q, int]] = {
    "overdue": (Q(isoverdue=True), 150),
    "answered": (Q(isanswered=True), 80),
    "reopened": (Q(reopened__isnull=False), 28),
    "closed": (Q(closed__isnull=False), 112),
    "due": (Q(duedate__isnull=False), 23),
    "locked": (~Q(lock=None), 1),
    "without topic": (Q(topic=None), 17),
}


@pytest.mark.parametrize("case", TICKET_COUNTS)
def test_tickets_in_a_state(case: str) -> None:
    condition, number = TICKET_COUNTS[case]
    assert Ticket.objects.filter(condition).count() == number


def test_tickets_with_collaborators() -> None:
    threads = Thread.objects.filter(object_type__in=["T", "C"], collaborators__isnull=False)
    assert Ticket.objects.filter(pk__in=threads.values("object_id")).count() == 114


def test_threads_by_what_they_hold() -> None:
    assert counted(ThreadEntry.objects.all(), "type") == {"M": 442, "N": 200, "R": 153}
    assert counted(ThreadEntry.objects.all(), "format") == {"html": 683, "text": 112}
    assert counted(ThreadEvent.objects.all(), "event__name") == {
        "created": 368, "closed": 162, "reopened": 30, "assigned": 166, "transferred": 22, "referred": 18,
        "overdue": 150, "edited": 15, "collab": 441, "deleted": 2, "merged": 8, "unlinked": 2, "linked": 6,
    }  # fmt: skip
    assert counted(Referral.objects.all(), "object_type") == {"D": 19, "E": 4, "S": 146}
    assert counted(Attachment.objects.all(), "type", "inline") == {
        ("C", False): 1, ("E", False): 11, ("H", False): 85, ("H", True): 32, ("T", True): 11,
    }  # fmt: skip
    assert counted(FormEntry.objects.all(), "object_type") == {"A": 61, "C": 1, "O": 4, "T": 351, "U": 51}


def test_tasks() -> None:
    found = Counter(
        ("open" if task.flags & 1 else "closed", task.object_type or "alone") for task in Task.objects.all()
    )
    assert found == {("closed", "alone"): 4, ("closed", "T"): 15, ("open", "alone"): 14, ("open", "T"): 28}


# --- numbered facts


def test_fact_1_merged_with_combined_threads() -> None:
    parent = ticket("451926")
    assert parent.flags == TicketFlag.PARENT | TicketFlag.COMBINE_THREADS == 17
    for number in ("955816", "995617"):
        child = ticket(number)
        assert (int(child.flags), child.parent, child.status_id) == (1, parent, 3)
        thread = Thread.objects.get(object_id=child.pk, object_type="C")
        assert thread.extra == {"ticket_id": 5, "number": number}
        assert json_text(thread.extra) == f'{{"ticket_id":5,"number":"{number}"}}'
        assert thread.extra["ticket_id"] == parent.pk
    assert {child.number for child in parent.family.all()} == {"955816", "995617"}


def test_fact_2_merged_with_separate_threads() -> None:
    parent, child = ticket("INV-0002"), ticket("115091")
    assert (int(parent.flags), int(child.flags), child.status_id, child.parent) == (18, 2, 2, parent)


def test_fact_3_merged_then_deleted() -> None:
    assert not Ticket.objects.filter(number="INV-0004").exists()
    parent = ticket("833050")
    thread = Thread.objects.get(object_type="C", extra={"ticket_id": parent.pk, "number": "INV-0004"})
    assert not Ticket.objects.filter(pk=thread.object_id).exists()
    assert parent.flags == 0
    assert not parent.family.exists()


def test_fact_4_linked() -> None:
    parent = ticket("555041")
    assert parent.flags == TicketFlag.PARENT | TicketFlag.LINKED == 24
    children = parent.family.order_by("sort")
    assert [(child.number, int(child.flags), child.sort) for child in children] == [
        ("257997", 8, 1),
        ("159929", 8, 2),
    ]


def test_fact_5_unlinked_from_the_child_only() -> None:
    unlinked, former = ticket("666673"), ticket("INV-0005")
    assert (unlinked.parent, int(unlinked.flags)) == (None, 0)
    assert int(former.flags) == 24
    assert not former.family.exists()


def test_fact_6_a_hard_deleted_ticket_leaves_its_events() -> None:
    assert not Ticket.objects.filter(number="INV-0006").exists()
    detached = ThreadEvent.objects.filter(thread=None)
    assert detached.count() == 6
    deleted = ThreadEvent.objects.filter(event__name="deleted").exclude(thread=None)
    dangling = [event for event in deleted if event.thread is None]
    assert [event.event_id for event in dangling] == [14]
    assert dangling[0].thread_id is not None
    kept = Thread.objects.get(extra__contains="INV-0004")
    names = counted(kept.events.all(), "event__name")
    assert names["deleted"] == 1
    assert sum(names.values()) > 1


def test_fact_7_single_oddities() -> None:
    assert ticket("713792").isoverdue
    assert ticket("640618").isanswered
    locked = ticket("980762")
    assert locked.lock == Lock.objects.get()
    assert locked.lock.expire is not None
    draft = Draft.objects.get()
    assert draft.namespace == f"ticket.response.{ticket('630452').pk}"
    thread = Thread.objects.get(object_type="T", object_id=ticket("INV-0008").pk)
    assert thread.entries.filter(type="R").exists()


def test_fact_8_numbers() -> None:
    invoices = set(Ticket.objects.filter(topic=13).values_list("number", flat=True))
    assert invoices == {number for number in invoices if len(number or "") == 8 and str(number).startswith("INV-0")}
    others = Ticket.objects.exclude(topic=13).values_list("number", flat=True)
    assert all(len(number) == 6 and number.isdigit() and number[0] != "0" for number in others if number)
    assert sorted(int(number or 0) for number in Task.objects.values_list("number", flat=True)) == list(range(1, 62))


@pytest.mark.parametrize(("mid", "number", "entry"), [("re-0", "320442", 799), ("re-1", "841563", 800)])
def test_fact_9_mail_threaded_by_in_reply_to(mid: str, number: str, entry: int) -> None:
    mail = EntryEmail.objects.select_related("entry__thread").get(mid=f"<{mid}@home.example>")
    assert mail.entry_id == entry
    assert mail.entry.thread.object_id == ticket(number).pk
    assert "In-Reply-To: <mail-" in (mail.headers or "")


def test_fact_10_files_stored_once_or_again_and_again() -> None:
    folded = StoredFile.objects.filter(name="inline.png", attachments__name="pixel.png").distinct().get()
    assert folded.attachments.count() == 8
    assert folded.attachments.filter(name="pixel.png").count() == 7
    same = StoredFile.objects.filter(name="same.txt")
    assert same.count() == 32
    assert same.values("signature").distinct().count() == 1


def test_fact_11_no_emoji_and_every_other_script() -> None:
    texts = [text for pair in ThreadEntry.objects.values_list("title", "body") for text in pair if text]
    assert all(ord(character) <= 0xFFFF for text in texts for character in text)
    everything = "".join(texts)
    for sample in (
        "שלום, אני צריך עזרה עם המדפסת",
        "مرحبا، لا أستطيع الدخول إلى حسابي",
        "订单号 <strong>12345</strong> 没有收到。",
        "café",
    ):
        assert sample in everything


DUE = {
    "323226": (2, "2026-09-03 02:29:43", "2026-09-03 06:29:43"),
    "197650": (2, "2026-09-03 22:38:45", "2026-09-04 02:38:46"),
    "152326": (1, "2026-11-20 15:45:48", "2026-11-24 15:45:48"),
    "451926": (1, "2026-09-01 23:49:31", "2026-09-04 08:00:00"),
    "641787": (1, "2026-09-03 19:24:41", "2026-09-08 17:00:00"),
    "666673": (1, "2026-09-06 18:34:25", "2026-09-09 17:00:00"),
}


@pytest.mark.parametrize("number", DUE)
def test_facts_12_and_13_due_dates(number: str) -> None:
    """The database's clock is UTC, and so is what the models give."""
    found = ticket(number)
    sla, created, due = DUE[number]
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (created, due)]
    assert (found.sla_id, found.created, found.est_duedate) == (sla, *moments)
    assert found.sla.schedule_id == (2 if sla == 2 else None)
    assert found.sla.grace_period == (4 if sla == 2 else 18)


EQUIPMENT: dict[str, tuple[str | None, int | None]] = {
    "asset_tag": ("AB-0228", None),
    "contact_mail": ("it228@site.example", None),
    "ports": ("36", None),
    "rich_notes": ("<p>rich <i>text</i> 228</p>", None),
    "plain_notes": ("plain\nnotes 228", None),
    "purchased": ("2025-04-15 00:00:00 UTC", None),
    "visit_at": ("2026-12-01 09:30:00 EST", None),
    "site_phone": ("5550144556X77", None),
    "urgent": ("1", None),
    "colour": ('{"b":"Blue"}', None),
    "accs": ('{"mouse":"Mouse"}', None),
    "device": ('{"1":"Laptop X1"}', None),
    "related": ('{"2":"Printer \\"Pro\\" 400","3":"Router \\u00dcn\\u00eft"}', None),
    "photos": ('{"94":"photo-228.png"}', None),
    "impact": ("Low", 1),
    "owner_dept": (None, None),
    "tech": (None, None),
    "zone": ('{"Europe\\/Riga":"Europe \\/ Riga"}', None),
    "res_code": (None, None),
    "hidden_one": (None, None),
}


def test_fact_14_a_filled_in_form() -> None:
    entry = FormEntry.objects.get(form=8, answers__value="AB-0228")
    answers = entry.answers.order_by("field_id")
    assert {answer.field.name: (answer.value, answer.value_id) for answer in answers} == EQUIPMENT
    assert [answer.field_id for answer in answers] == [*range(39, 53), *range(55, 61)]


CDATA_COLUMNS = {
    "ticket": ["ticket_id", "subject", "priority", "channel", "order_no"],
    "user": ["user_id", "email", "name", "phone", "notes", "tier"],
    "task": ["task_id", "title", "billable"],
    "organization": ["org_id", "name", "address", "phone", "website", "notes", "vat"],
}


@pytest.mark.parametrize("kind", CDATA_COLUMNS)
def test_fact_15_columns_of_the_caches(kind: str) -> None:
    with connection.cursor() as cursor:
        description = connection.introspection.get_table_description(cursor, f"ost_{kind}__cdata")
    assert [column.name for column in description] == CDATA_COLUMNS[kind]


@pytest.mark.parametrize("number", ["593098", "119955"])
def test_fact_16_tickets_that_a_filter_changed(number: str) -> None:
    found = ticket(number)
    assert found.sla_id == 2
    assert found.user.default_email.address == "user01@umbrella.example"
    with connection.cursor() as cursor:
        cursor.execute("SELECT priority FROM ost_ticket__cdata WHERE ticket_id = %s", [found.pk])
        assert str(cursor.fetchone()[0]) == "4"


def test_fact_17_empty_file_fields() -> None:
    assert FormAnswer.objects.filter(value="false").count() == 22


def test_fact_18_zero_dates() -> None:
    assert ThreadEntry.objects.filter(updated=None).count() == 795
    assert {entry.updated for entry in ThreadEntry.objects.all()} == {None}
    assert not ThreadEntry.objects.filter(updated__lte=datetime(2100, 1, 1, tzinfo=UTC)).exists()


# --- passwords, threads and files


@pytest.mark.parametrize("username", ["adminada", "bruno", "carla", "dmitri", "eiko", "farid", "greta"])
def test_agents_sign_in_with_their_passwords(username: str) -> None:
    agent = Agent.objects.get(username=username.upper())
    assert check_password(PASSWORD, agent.passwd).accepted
    assert not check_password(PASSWORD + "x", agent.passwd).accepted


def test_the_client_signs_in_too() -> None:
    account = UserAccount.objects.get(username="ada.lovell")
    assert check_password(PASSWORD, account.passwd).accepted


def plain(text: str | None) -> bytes:
    """Give the bytes as osTicket's connection sends them."""
    return (text or "").encode()


BYTES: dict[str, tuple[str, Callable[[], dict[Any, bytes]]]] = {
    "bodies": (
        "SELECT id, body FROM ost_thread_entry",
        lambda: {entry.pk: plain(entry.body) for entry in ThreadEntry.objects.all()},
    ),
    "titles": (
        "SELECT id, COALESCE(title, '') FROM ost_thread_entry",
        lambda: {entry.pk: plain(entry.title) for entry in ThreadEntry.objects.all()},
    ),
    "headers": (
        "SELECT id, COALESCE(headers, '') FROM ost_thread_entry_email",
        lambda: {mail.pk: plain(mail.headers) for mail in EntryEmail.objects.all()},
    ),
    "contents": (
        "SELECT file_id, filedata FROM ost_file_chunk",
        lambda: {file.pk: content(file) for file in StoredFile.objects.all()},
    ),
}


@pytest.mark.parametrize("case", BYTES)
def test_threads_and_files_are_read_byte_for_byte(reference: Scratch, case: str) -> None:
    """The other side is the server's own HEX() over a connection of its own."""
    sql, read = BYTES[case]
    key, value = sql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ", 1)
    stored = dict(reference.execute(sql.replace(value, f"HEX({value})", 1)))
    assert {key: data.hex().upper() for key, data in read().items()} == stored
    assert key


def content(file: StoredFile) -> bytes:
    """Give the stored bytes of a file."""
    return b"".join(bytes(chunk.filedata) for chunk in file.chunks.order_by("chunk_id"))


def test_files_have_the_size_and_signature_of_their_contents() -> None:
    """Of four files that came over the HTTP API osTicket noted the size of the encoded text."""
    files = StoredFile.objects.prefetch_related("chunks")
    assert len(files) == 122
    assert all(content_digest(content(file)).signature() == file.signature for file in files)
    assert {file.pk: file.size - len(content(file)) for file in files if file.size != len(content(file))} == {
        120: 2, 121: 2, 122: 2, 123: 2,
    }  # fmt: skip
    assert Counter(file.signature for file in files).most_common(1)[0][1] == 32


def test_attachments_lead_to_files_and_entries() -> None:
    attachments = Attachment.objects.filter(type="H").select_related("file")
    assert len(attachments) == 117
    assert all(attachment.file is not None for attachment in attachments)
    entries = set(ThreadEntry.objects.values_list("pk", flat=True))
    assert {attachment.object_id for attachment in attachments} <= entries
    inline = [attachment for attachment in attachments if attachment.inline]
    bodies = dict(ThreadEntry.objects.values_list("pk", "body"))
    assert all(f"cid:{a.file.key}".lower() in bodies[a.object_id].lower() for a in inline)


def test_every_reference_can_be_followed_or_is_none() -> None:
    """No foreign key of any row raises, whatever it dangles to."""
    followed: Counter[str] = Counter()
    for model in apps.get_models():
        if not isinstance(model._meta.db_table, Prefixed):
            continue
        references = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
        for row in model._default_manager.all()[:60] if references else ():
            for field in references:
                target = getattr(row, field.name)
                followed["none" if target is None else "object"] += 1
                assert target is None or target.pk == getattr(row, field.attname)
    assert followed["none"] > 200
    assert followed["object"] > 200


def test_the_first_page_of_open_tickets() -> None:
    """What every later page builds on: related objects in one query, nobody as None."""
    tickets = Ticket.objects.filter(status__state="open").select_related("dept", "user", "staff", "status", "topic")
    assert len(tickets) == 193
    assert {row.staff for row in tickets} >= {None}
    assert all(row.dept and row.user for row in tickets)
    assert (
        Ticket.objects.filter(staff=F("dept__manager")).exclude(staff=None).count()
        == Ticket.objects.filter(staff=F("dept__manager")).count()
    )
