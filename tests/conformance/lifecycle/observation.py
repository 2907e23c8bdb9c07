"""Carrying out a case, and what happened: outcome, rows before and after, mails that wait in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import time_machine
from django.db import transaction
from django.utils import timezone

from helpdesk.legacy.errors import DomainError
from helpdesk.mail.models import EmailAddress
from helpdesk.mail.rendering import render
from helpdesk.outbox.models import Effect
from tests.conformance.lifecycle.world import ADDRESS, LifecycleWorld
from tests.conformance.recorded import RecordedCase
from tests.conformance.table_rows import Rows, cdata_rows, rows_of

TABLES = (
    *("ticket", "task", "thread", "thread_entry", "thread_event", "thread_entry_email", "thread_entry_merge"),
    *("thread_collaborator", "thread_referral", "lock", "draft", "form_entry", "form_entry_values"),
    *("user", "user_email", "user_account", "organization", "attachment", "file", "sequence", "syslog", "note"),
    *("department", "staff", "staff_dept_access", "team", "team_member", "role", "help_topic", "sla", "ticket_status"),
    *("ticket_priority", "filter", "filter_rule", "canned_response", "list_items", "config"),
)
CDATA_TABLES = ("ticket__cdata", "task__cdata")


def observe(case: RecordedCase) -> dict[str, Any]:
    """Carry the case out and give what happened; `refusal` is the error of the service that refused.

    The clock stands still meanwhile: what was recorded within one second falls into one here, too.
    """
    with time_machine.travel(timezone.now().replace(microsecond=0), tick=False):
        return _observe(case)


def _observe(case: RecordedCase) -> dict[str, Any]:
    world = LifecycleWorld(case)
    before = _state()
    effects = set(Effect.objects.values_list("pk", flat=True))
    moment = timezone.now()
    result, refusal = None, None
    try:
        with transaction.atomic():
            result = world.carry_out(case.input, address=_address_of(case))
    except DomainError as error:
        refusal = error
    world.note_numbers()
    after = _state(before)
    return {
        "now": moment,
        "numbers": world.numbers,
        "rows_before": case.given.get("rows_before", {}),
        "before": before,
        "result": result,
        "refusal": refusal,
        "changes": [change for table in before for change in _changes(table, before[table], after[table])],
        "mails": [_mail(effect) for effect in Effect.objects.exclude(pk__in=effects).order_by("pk")],
    }


def _address_of(case: RecordedCase) -> str:
    """Give the peer of the request, which the recordings tell by the rows only (osticket/tickets.md §17)."""
    found = {change.get("columns", {}).get("ip_address") for change in case.expect.get("changes", [])}
    return "127.0.0.1" if "127.0.0.1" in found else ADDRESS


def _state(earlier: Mapping[str, Rows] | None = None) -> dict[str, Rows]:
    """Give all rows by table; of answers also those whose object has gone meanwhile."""
    state = {table: rows_of(table) for table in TABLES}
    for table in CDATA_TABLES:
        state[table] = cdata_rows(table, earlier[table] if earlier else ())
    return state


def _changes(table: str, before: Rows, after: Rows) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for pk, row in after.items():
        key = list(pk) if isinstance(pk, tuple) else pk
        if pk not in before:
            found.append({"table": table, "action": "insert", "pk": key, "columns": row})
        elif row != before[pk]:
            changed = {column: value for column, value in row.items() if value != before[pk].get(column)}
            found.append({"table": table, "action": "update", "pk": key, "columns": changed})
    for pk in before.keys() - after.keys():
        key = list(pk) if isinstance(pk, tuple) else pk
        found.append({"table": table, "action": "delete", "pk": key, "columns": before[pk]})
    return found


def _mail(effect: Effect) -> dict[str, Any]:
    mail = effect.payload
    sender = EmailAddress.objects.get(pk=mail["sender"] or 1)
    made = render(mail, key=effect.key)
    return {
        "template": mail["template"],
        "to": ", ".join(_mailbox(one) for one in mail["to"]),
        "cc": ", ".join(_mailbox(one) for one in mail["cc"]),
        "from": sender.email,
        "text": {
            "subject": made.subject,
            "from": f"{made.sender_name} <{made.sender.email}>",
            "auto_submitted": made.headers.get("Auto-Submitted"),
            "precedence": made.headers.get("Precedence"),
            "signature": mail["context"].get("signature"),
        },
    }


def _mailbox(recipient: Mapping[str, Any]) -> str:
    return f"{recipient['name']} <{recipient['address']}>" if recipient["name"] else str(recipient["address"])
