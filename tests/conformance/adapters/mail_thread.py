"""Adapter for `mail-thread.json`: mails come in, agents answer; what is stored and who is told (cases/README §10).

Each step is judged by what came of it, the rows at the end by table, the mails by their recipients, subjects and tags.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

from django.test import override_settings
from django.utils import timezone

from filters.models import FilterRule, TicketFilter
from helpdesk.configuration.selectors import current
from helpdesk.forms.models import FormField
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.message_ids import find_outgoing_message_ids
from helpdesk.mail.incoming import read_mail
from helpdesk.mail.models import EmailAddress
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.rendering import RenderedMail, render
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Role, UserEmail
from helpdesk.people.services import find_or_create_user
from helpdesk.threads.models import EntryEmail, Event
from tasks.models import Task
from tasks.services import NewTask, add_task_collaborator, create_task, post_task_update
from tests.conformance.base_rows import forget_everything
from tests.conformance.comparison import Bindings, differences, html_differences
from tests.conformance.lifecycle.base import set_counters
from tests.conformance.lifecycle.statements import run_statement
from tests.conformance.recorded import RecordedCase
from tests.conformance.recorded_settings import use_recorded_settings
from tests.conformance.recorded_templates import use_recorded_subjects
from tests.conformance.registry import Aspect, adapter
from tests.conformance.table_rows import cdata_rows, rows_of
from tickets.models import Ticket, TicketStatus
from tickets.new_ticket import ReplyTo, Signature
from tickets.services import MergeKind, add_collaborator, change_status, merge_tickets, post_reply
from tickets.services.incoming_mail import receive_mail

FILE = "mail-thread.json"
SYSTEM = Actor.system()
COUNTED = ("ticket", "task", "thread", "thread_entry", "thread_collaborator", "user", "user_email")
_PLACE = re.compile(r"\{(out|number|forged):(\d+)(:id)?\}")
_BAN = re.compile(r"insert into ost_filter_rule .* select id,'email','equal','([^']+)'.*name='SYSTEM BAN LIST'")
_KEYWORDS = re.compile(r"\b(update|set|where|insert into|values|now\(\))(?= |,|\)|$)")


def _is_refused(case: RecordedCase) -> bool:
    return "orphan_mids" in case.expect["final"]


def _build(case: RecordedCase) -> None:
    """Write the agents, addresses and settings of the case over the initial rows; new rows count from 1."""
    fixture = case.given["fixture"]
    set_counters(dict.fromkeys(COUNTED, 1))
    EndUser.objects.all().delete()
    UserEmail.objects.all().delete()
    Ticket.objects.all().delete()
    use_recorded_subjects()
    role = Role.objects.order_by("pk").first()
    for row in fixture["agents"]:
        first, _blank, last = row["name"].partition(" ")
        Agent.objects.update_or_create(
            pk=row["staff_id"],
            defaults={
                "username": "adminada" if row["staff_id"] == 1 else first.lower(),
                "firstname": first,
                "lastname": last,
                "email": row["email"],
                "dept_id": row["dept_id"],
                "isadmin": bool(row.get("isadmin")),
                "role": role,
            },
        )
    for row in fixture["departments"]:
        Department.objects.filter(pk=row["id"]).update(name=row["name"], manager=row["manager_id"])
    EmailAddress.objects.exclude(pk__in=[row["email_id"] for row in fixture["system_emails"]]).delete()
    for row in fixture["system_emails"]:
        EmailAddress.objects.filter(pk=row["email_id"]).update(email=row["email"], name=row["name"])
    values = {**fixture["config_base"], **(case.given.get("config") or {})}
    use_recorded_settings({key: str(value) for key, value in values.items()})
    set_counters(dict.fromkeys(COUNTED, 1), in_transaction=True)


# --- Playing the steps ------------------------------------------------------------------------------------------------


class _Play:
    """The steps of a case, one after the other, and the mails that went out since the start."""

    def __init__(self) -> None:
        self.sent: list[RenderedMail] = []

    def step(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """Carry a step out; give its result and its mails."""
        kind = next(iter(step.keys() & _STEPS.keys()))
        first = len(self.sent)
        try:
            result = _STEPS[kind](self, step[kind])
        except DomainError as refusal:
            result = {"refused": refusal.code}
        forget_everything()
        for effect in Effect.objects.order_by("id"):
            self.sent.append(render(effect.payload, key=effect.key))
        Effect.objects.all().delete()
        return {"result": result, "sent": [_mail(one) for one in self.sent[first:]]}

    def email(self, raw: str) -> dict[str, str]:
        values = current()
        mail = read_mail(
            _PLACE.sub(self._place, raw).encode(),
            rich_text=values.boolean("enable_richtext"),
            reply_separator=values.text("reply_separator") if values.boolean("strip_quoted_reply") else "",
        )
        place = receive_mail(mail, actor=SYSTEM, keep_denied=True)
        return {"returned": f"{type(place).__name__}#{place.pk}"}

    def reply(self, given: Mapping[str, Any]) -> dict[str, int]:
        with mock.patch("tickets.services.posting.require"):  # the routine does not ask who may: the page did
            posted = post_reply(
                Ticket.objects.get(pk=given["ticket"]),
                actor=Actor.for_agent(Agent.objects.get(pk=given["staff"]), ip_address="127.0.0.1"),
                body=given["body"],
                reply_to=ReplyTo(given.get("reply-to", "all")),
                signature=Signature(given.get("signature", "none")),
            )
        return {"entry": posted.entry.pk}

    def status(self, given: Mapping[str, Any]) -> dict[str, bool]:
        status = TicketStatus.objects.get(pk=given["status"])
        change_status(
            Ticket.objects.get(pk=given["ticket"]), actor=Actor.for_agent(Agent.objects.get(pk=1)), status=status
        )
        return {"ok": True}

    def collab(self, given: Mapping[str, Any]) -> dict[str, bool]:
        ticket = Ticket.objects.get(pk=given["ticket"])
        add_collaborator(ticket, actor=SYSTEM, email=given["email"], name=given["name"])
        return {"ok": True}

    def merge(self, given: Mapping[str, Any]) -> dict[str, str]:
        kind = MergeKind.COMBINE if given["combine"] else MergeKind.SEPARATE
        family = [Ticket.objects.get(pk=pk) for pk in (given["parent"], *given["children"])]
        merge_tickets(family, actor=Actor.for_agent(Agent.objects.get(pk=1)), kind=kind)
        return {"ok": "Ticket"}

    def task(self, given: Mapping[str, Any]) -> dict[str, int]:
        department = Department.objects.get(pk=1)
        answers: dict[str | int, Any] = {"title": given["title"]}
        new = NewTask(department=department, answers=answers, description=given["description"])
        return {"task": create_task(new, actor=_administrator()).task.pk}

    def taskcollab(self, given: Mapping[str, Any]) -> dict[str, bool]:
        user = find_or_create_user(given["email"], given["name"], actor=SYSTEM, now=timezone.now())
        add_task_collaborator(Task.objects.get(pk=given["task"]), user, actor=SYSTEM)
        return {"ok": True}

    def taskreply(self, given: Mapping[str, Any]) -> dict[str, int]:
        task = Task.objects.get(pk=given["task"])
        return {"entry": post_task_update(task, actor=_administrator(), body=given["body"]).entry.pk}

    def sql(self, statements: list[str]) -> dict[str, str]:
        for statement in statements:
            run(statement)
        return {}

    def _place(self, match: re.Match[str]) -> str:
        kind, position = match[1], int(match[2])
        if kind == "number":
            return str(Ticket.objects.get(pk=position).number)
        message_id = self.sent[position - 1].message_id
        if kind == "forged":
            (signed,) = find_outgoing_message_ids(message_id)
            tag = signed.tag[:4] + (1).to_bytes(4, "little") + signed.tag[8:]
            return "<" + message_id.replace(base64.b64encode(signed.tag).decode(), base64.b64encode(tag).decode()) + ">"
        return message_id if match[3] else f"<{message_id}>"


def _administrator() -> Actor:
    return Actor.for_agent(Agent.objects.get(pk=1), ip_address="127.0.0.1")


_STEPS: dict[str, Callable[[_Play, Any], dict[str, Any]]] = {
    "email": _Play.email,
    "reply": _Play.reply,
    "status": _Play.status,
    "collab": _Play.collab,
    "merge": _Play.merge,
    "task": _Play.task,
    "taskcollab": _Play.taskcollab,
    "taskreply": _Play.taskreply,
    "sql": _Play.sql,
}


def run(statement: str) -> None:
    """Carry out a change of rows in the words of the cases."""
    banned = _BAN.fullmatch(statement)
    if banned:
        ban_list = TicketFilter.objects.get(name="SYSTEM BAN LIST")
        FilterRule.objects.create(filter=ban_list, what="email", how="equal", val=banned[1], isactive=True)
    elif statement == "delete from ost_filter_rule":
        FilterRule.objects.all().delete()
    elif statement.startswith("update ost_ticket_status set properties=replace("):
        status = TicketStatus.objects.get(pk=3)
        TicketStatus.objects.filter(pk=3).update(properties={**(status.properties or {}), "allowreopen": False})
    elif statement.startswith("update ost_form_field set configuration="):
        text = statement.partition("'")[2].rpartition("'")[0].replace('\\"', '"')
        FormField.objects.filter(pk=21).update(configuration=json.loads(text))
    else:
        run_statement(_KEYWORDS.sub(lambda word: word[0].upper(), statement).replace("ost_", "", 1))
    forget_everything()


def _mail(made: RenderedMail) -> dict[str, Any]:
    tags = find_outgoing_message_ids(made.message_id)
    return {
        "To": ", ".join(_mailbox(one) for one in made.to),
        "Cc": ", ".join(_mailbox(one) for one in made.cc),
        "From": f"{made.sender_name} <{made.sender.email}>",
        "Subject": made.subject,
        "Auto-Submitted": made.headers.get("Auto-Submitted", ""),
        "In-Reply-To": made.headers.get("In-Reply-To", ""),
        "tag": {"entry": tags[0].entry_id, "thread": tags[0].thread_id} if tags else {},
    }


def _mailbox(one: Recipient) -> str:
    return one.address if one.kind is RecipientKind.ADDRESS or not one.name else f"{one.name} <{one.address}>"


# --- What is there at the end -----------------------------------------------------------------------------------------


def play(case: RecordedCase) -> dict[str, Any]:
    """Carry out all steps and give what came of each, and the rows at the end."""
    _build(case)
    forget_everything()
    for statement in case.given.get("sql") or []:
        run(statement)
    played = _Play()
    with override_settings(AGENT_ANSWERS_BY_MAIL="note"):  # as in an adopted database
        steps = [played.step(step) for step in case.input["steps"]]
    return {"steps": steps, "final": _final(), "numbers": _numbers()}


def _numbers() -> dict[str, str]:
    return {f"<number{pk}>": number or "" for pk, number in Ticket.objects.values_list("pk", "number")}


def _final() -> dict[str, list[dict[str, Any]]]:
    answers = cdata_rows("ticket__cdata")
    owners = {user.pk: user for user in EndUser.objects.select_related("default_email")}
    entries = {row.entry_id: row.mid for row in EntryEmail.objects.exclude(entry_id=0)}
    tickets = []
    for pk, row in sorted(rows_of("ticket").items()):
        owner, status = owners.get(row["user_id"]), TicketStatus.objects.get(pk=row["status_id"])
        tickets.append(
            {
                **row,
                "status": status.state,
                "owner_email": owner.default_email.address if owner and owner.default_email else "",
                "owner_name": owner.name if owner else "",
                "subject": answers.get(pk, {}).get("subject"),
                "priority": answers.get(pk, {}).get("priority"),
            }
        )
    addresses = {pk: user.default_email.address if user.default_email else "" for pk, user in owners.items()}
    return {
        "tickets": tickets,
        "tasks": [row for _pk, row in sorted(rows_of("task").items())],
        "threads": [row for _pk, row in sorted(rows_of("thread").items())],
        "entries": [{**row, "mid": entries.get(pk)} for pk, row in sorted(rows_of("thread_entry").items())],
        "users": [{"id": pk, "name": user.name, "email": addresses[pk]} for pk, user in sorted(owners.items())],
        "collaborators": [
            {**row, "email": addresses.get(row["user_id"])}
            for _pk, row in sorted(rows_of("thread_collaborator").items())
        ],
        "events": [
            {**row, "event": names.get(row["event_id"])} for names in [_event_names()]
            for _pk, row in sorted(rows_of("thread_event").items())
        ],
        "referrals": [row for _pk, row in sorted(rows_of("thread_referral").items())],
        "orphan_mids": [{"mid": row.mid} for row in EntryEmail.objects.filter(entry_id=0)],
    }  # fmt: skip


def _event_names() -> dict[int, str]:
    return dict(Event.objects.values_list("pk", "name"))


# --- Comparing --------------------------------------------------------------------------------------------------------

_NOT_COMPARED = frozenset({"ip_address", "mail_email_id", "closed", "body", "recipients", "data", "extra"})


def _compare_outcome(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for position, (wanted, ours) in enumerate(zip(expected["steps"], found["steps"], strict=True)):
        at, result = f"$.steps[{position}].result", wanted["result"]
        if "exception" in result:
            lines += [] if "refused" in ours["result"] else [f"{at}: expected a refusal, found {ours['result']}"]
        else:
            lines += differences(result, ours["result"], at=at)
    return lines


def _compare_mails(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for position, (wanted, ours) in enumerate(zip(expected["steps"], found["steps"], strict=True)):
        simple = [
            {
                **{name: mail.get(name, "") for name in ("To", "Cc", "From", "Subject", "Auto-Submitted")},
                "tag": {name: mail["tag"][name] for name in ("entry", "thread")},
            }
            for mail in wanted["sent"]
        ]
        at = f"$.steps[{position}].sent"
        lines += differences(simple, ours["sent"], bindings=Bindings(values=dict(found["numbers"])), at=at)
    return lines


def _compares(*tables: str) -> Callable[[Any, Any], list[str]]:
    def compare(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
        bindings = Bindings(values=dict(found["numbers"]))
        return [
            line
            for table in tables
            for line in _compare_table(table, expected["final"].get(table, []), found["final"][table], bindings)
        ]

    return compare


def _compare_table(table: str, wanted: list[Any], present: list[Any], bindings: Bindings) -> list[str]:
    if len(wanted) != len(present):
        return [f"$.{table}: expected {len(wanted)} rows, found {present}"]
    lines: list[str] = []
    for position, (row, ours) in enumerate(zip(wanted, present, strict=True)):
        at = f"$.{table}[{position}]"
        columns = {name: value for name, value in row.items() if name not in _NOT_COMPARED and name in ours}
        lines += differences(columns, _nothing_like(columns, ours), bindings=bindings, at=at)
        for name in {"recipients", "data", "extra"} & row.keys():
            lines += differences(_json(row[name]), _json(ours[name]), bindings=bindings, at=f"{at}.{name}")
        if "body" in row:
            lines += html_differences(_unkeyed(row["body"]), _unkeyed(ours["body"] or ""), at=f"{at}.body")
    return lines


def _nothing_like(wanted: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Write nothing as the case does: NULL and 0 are alike where a column names another row."""
    return {name: value if ours[name] in (0, None, "") and value in ("0", None, "") else ours[name]
            for name, value in wanted.items()}  # fmt: skip


def _unkeyed(body: str) -> str:
    return re.sub(r"cid:[\w-]{32}", "cid:<key>", body)


def _json(text: Any) -> Any:
    return json.loads(text) or None if text else None


adapter(
    FILE,
    "steps",
    aspects=(
        Aspect("outcome", _compare_outcome),
        Aspect("tickets", _compares("tickets", "tasks")),
        Aspect("entries", _compares("threads", "entries")),
        Aspect("people", _compares("users", "collaborators")),
        Aspect("events", _compares("events", "referrals")),
        Aspect("denied", _compares("orphan_mids"), concerns=_is_refused),
        Aspect("mails", _compare_mails),
    ),
    uses_database=True,
)(play)
