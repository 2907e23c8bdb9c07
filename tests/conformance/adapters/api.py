"""Adapter for `api.json`: programs open tickets, run the jobs, are refused (osticket/api.md; cases/README §4).

Each case has a verdict per aspect: the answer, the rows, the rows of the full-text index, the due date by SLA, the
mails. Mails are the effects that wait in the outbox, made into what would be sent.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from helpdesk.configuration.kept import forget_everything_kept
from helpdesk.configuration.versioned import forget_everything_versioned
from helpdesk.forms import cdata
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.outgoing import RecipientKind
from helpdesk.mail.rendering import render
from helpdesk.outbox.models import Effect
from helpdesk.threads.mails import ORIGINAL
from tests.conformance.base_rows import apply_given, load_base_rows
from tests.conformance.comparison import (
    Bindings,
    differences,
    list_differences_as_set,
    message_differences,
)
from tests.conformance.lifecycle.base import set_counters
from tests.conformance.recorded import RecordedCase, support_file
from tests.conformance.recorded_templates import use_recorded_subjects
from tests.conformance.registry import Aspect, adapter
from tests.conformance.table_rows import JSON_COLUMNS, cdata_rows, rows_of
from tickets.models import SearchEntry

FILE = "api.json"
TABLES = (
    *("user", "user_email", "form_entry", "form_entry_values", "ticket", "thread", "thread_entry", "thread_event"),
    *("thread_entry_email", "thread_collaborator", "thread_referral", "file", "file_chunk", "attachment", "syslog"),
    *("sequence",),
)
CDATA = {"user__cdata": "U", "ticket__cdata": "T"}
REFERENCES = {"user": ("user_id", "uid"), "file": ("file_id",)}
"""Columns that name rows which an earlier request of the case may have made."""
UNORDERED = {"form_entry_values", "file_chunk", "thread_entry_email"}
DUE = "est_duedate"


# --- Carrying a case out ----------------------------------------------------------------------------------------------


@adapter(
    FILE,
    "request",
    aspects=(
        Aspect("answer", lambda expected, found: _compare_answer(expected, found)),
        Aspect("rows", lambda expected, found: _compare_rows(expected, found)),
        Aspect(
            "index",
            lambda expected, found: _compare_index(expected, found),
            concerns=lambda case: "_search" in _inserted(case),
        ),
        Aspect(
            "due date",
            lambda expected, found: _compare_due_dates(expected, found),
            concerns=lambda case: _has_due_date(case),
        ),
        Aspect(
            "mails",
            lambda expected, found: _compare_mails(expected, found),
            concerns=lambda case: "emails" in case.expect,
        ),
    ),
    uses_database=True,
    needs_real_transactions=lambda case: connection.vendor == "mysql" and bool(_with_columns_of(case)),
)
def send_request(case: RecordedCase) -> dict[str, Any]:
    set_counters({"thread_collaborator": 1})
    load_base_rows()
    set_counters({"thread_collaborator": 1}, in_transaction=True)
    use_recorded_subjects()
    cdata_tables = _with_columns_of(case)
    apply_given(case.given)
    if cdata_tables:
        for object_type in cdata_tables:
            cdata.rebuild(object_type)
    _give_canned_texts(case)
    base = {table: set(rows_of(table)) for table in REFERENCES}
    cache.clear()
    forget_everything_versioned()
    forget_everything_kept()
    proxies = [word.strip() for word in case.given.get("TRUSTED_PROXIES", "").split(",") if word.strip()]
    with override_settings(TRUSTED_PROXIES=proxies):
        for request in case.given.get("requests", []):
            _send(request)
        before = _without_originals({table: rows_of(table) for table in TABLES})
        ids = {table: _recorded_ids(base[table], before[table]) for table in REFERENCES}
        before_cdata = {table: cdata_rows(table) for table in CDATA}
        indexed = set(SearchEntry.objects.values_list("object_type", "object_id"))
        effects = list(Effect.objects.values_list("pk", flat=True))
        now = timezone.now()
        response = _send(case.input)
    after = _without_originals({table: rows_of(table) for table in TABLES})
    return {
        "now": now,
        "status": response.status_code,
        "content_type": response.headers.get("Content-Type", ""),
        "body": response.content.decode("utf-8", "replace"),
        "inserted": {
            **{table: _as_recorded(_new(before[table], after[table]), ids) for table in TABLES},
            **{table: _new(before_cdata[table], cdata_rows(table)) for table in CDATA},
        },
        "changed": {table: _changed(before[table], after[table]) for table in TABLES},
        "deleted": {table: sorted(before[table].keys() - after[table].keys(), key=str) for table in TABLES},
        "index": [
            {"object_type": row.object_type, "object_id": row.object_id, "title": row.title, "content": row.content}
            for row in SearchEntry.objects.all()
            if (row.object_type, row.object_id) not in indexed
        ],
        "mails": [_mail(effect) for effect in Effect.objects.exclude(pk__in=effects).order_by("id")],
    }


def _give_canned_texts(case: RecordedCase) -> None:
    """Let the prepared answer say what it said in the recorded help desk; ours has words of its own."""
    for row in _inserted(case).get("thread_entry", []):
        if row["poster"] == "SYSTEM (Canned Reply)":
            CannedResponse.objects.filter(pk=case.input["body"]["cannedResponseId"]).update(response=row["body"])


def _with_columns_of(case: RecordedCase) -> list[str]:
    """Tables of answers that get a column by a field of the case; on MySQL they cannot change inside a test."""
    forms = {row["values"]["form_id"] for row in case.given.get("rows", []) if row["table"] == "form_field"}
    return [object_type for form, object_type in ((1, "U"), (2, "T")) if form in forms]


def _send(request: Mapping[str, Any]) -> Any:
    if "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    else:
        given = _generated(request.get("body", ""))
        body = (given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)).encode()
    path, _mark, query = request["path"].partition("?")
    headers = dict(request.get("headers", {}))
    return Client(raise_request_exception=True).generic(
        request["method"],
        path,
        body,
        content_type=headers.pop("Content-Type", "application/x-www-form-urlencoded"),
        headers=headers,
        QUERY_STRING=query,
        REMOTE_ADDR=request.get("source_ip", "127.0.0.1"),
    )


def _generated(value: Any) -> Any:
    """Carry out the generators of a body (osticket/api.md §15)."""
    if isinstance(value, list):
        return [_generated(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        text, count = value["$repeat"]
        return text * count
    if "$data_uri" in value:
        text, count = value["$data_uri"]["repeat"]
        return value["$data_uri"]["prefix"] + base64.b64encode((text * count).encode()).decode()
    if "$concat" in value:
        return "".join(str(_generated(item)) for item in value["$concat"])
    return {key: _generated(item) for key, item in value.items()}


# --- What happened ----------------------------------------------------------------------------------------------------


def _without_originals(tables: dict[str, dict[Any, dict[str, Any]]]) -> dict[str, dict[Any, dict[str, Any]]]:
    """Leave out the mails as they came, which osTicket does not keep; they hang on a side table of ours."""
    originals = {key for key, row in tables["file"].items() if row["ft"] == ORIGINAL}
    return {
        **tables,
        "file": {key: row for key, row in tables["file"].items() if key not in originals},
        "file_chunk": {key: row for key, row in tables["file_chunk"].items() if row["file_id"] not in originals},
    }


def _new(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[dict[str, Any]]:
    return [row for key, row in after.items() if key not in before]


def _recorded_ids(base: set[int], before: Mapping[int, Any]) -> dict[int, int]:
    """Give the recorded id of rows that earlier requests made: they follow the base, which MySQL's counters forget."""
    made = sorted(pk for pk in before if pk not in base)
    return {pk: max(base, default=0) + position for position, pk in enumerate(made, start=1)}


def _as_recorded(rows: list[dict[str, Any]], ids: Mapping[str, Mapping[int, int]]) -> list[dict[str, Any]]:
    for row in rows:
        for table, columns in REFERENCES.items():
            for column in columns:
                if row.get(column) in ids[table]:
                    row[column] = ids[table][row[column]]
    return rows


def _changed(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[dict[str, Any]]:
    return [
        {column: value for column, value in row.items() if value != before[key][column]} | {"key": key}
        for key, row in after.items()
        if key in before and row != before[key]
    ]


def _mail(effect: Effect) -> dict[str, str]:
    made = render(effect.payload, key=effect.key)
    (to,) = made.to
    return {
        "to": f"{to.name} <{to.address}>" if to.kind is RecipientKind.USER else to.address,
        "subject": made.subject,
        "from": f"{made.sender_name} <{made.sender.email}>",
    }


# --- What was expected ------------------------------------------------------------------------------------------------


def _inserted(case: RecordedCase) -> Mapping[str, Any]:
    inserted: Mapping[str, Any] = case.expect.get("db", {}).get("inserted", {})
    return inserted


def _has_due_date(case: RecordedCase) -> bool:
    return any(row.get(DUE, "<>") is not None for row in _inserted(case).get("ticket", []))


# --- Comparing --------------------------------------------------------------------------------------------------------


def _compare_answer(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    bindings = _bound(expected, found)
    return [
        *differences(expected["status"], found["status"], at="$.status"),
        *message_differences(expected.get("content_type") or "", found["content_type"], at="$.content_type"),
        *differences(expected.get("body", ""), found["body"], at="$.body", bindings=bindings),
        *(differences(expected["number"], found["body"], at="$.number") if "number" in expected else []),
    ]


def _compare_rows(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    bindings = _bound(expected, found)
    wanted: Mapping[str, Any] = expected.get("db", {})
    lines: list[str] = []
    for table in (*TABLES, *CDATA):
        rows = wanted.get("inserted", {}).get(table, [])
        lines += _compare_table(table, rows, found["inserted"][table], bindings)
    for table in TABLES:
        lines += _compare_changes(table, wanted.get("updated", {}).get(table, []), found["changed"][table], bindings)
        deleted = wanted.get("deleted", {}).get(table, [])
        lines += differences(len(deleted), len(found["deleted"][table]), at=f"$.deleted.{table}")
    return lines


def _compare_table(table: str, wanted: list[Any], found: list[Any], bindings: Bindings) -> list[str]:
    defaults: Mapping[str, Any] = support_file("api_base.json")["row_defaults"].get(table, {})
    expected = [{**defaults, **row} for row in wanted]
    if table == "ticket":
        expected = [{column: value for column, value in row.items() if column != DUE} for row in expected]
    simple = [_comparable(table, row) for row in expected]
    return list_differences_as_set(
        simple, [_comparable(table, row) for row in found], bindings=bindings, at=f"$.inserted.{table}"
    )


def _comparable(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Bring columns of both sides into one form: JSON and HTML by what they mean, bytes as text."""
    result = dict(row)
    if table == "thread_entry" and result.get("format") == "html" and isinstance(result.get("body"), str):
        result["body"] = _canonical(result["body"])
    for column in JSON_COLUMNS & result.keys():
        if isinstance(result[column], str):
            result[column] = json.dumps(_sorted(json.loads(result[column])), sort_keys=True)
    if table == "syslog":
        result = {
            name: " ".join(str(result[name]).split())
            for name in ("log_type", "title", "log", "ip_address")
            if name in result
        }
    if table == "file_chunk":
        result["filedata"] = _bytes_text(result["filedata"])
    if table == "thread_entry_email" and result.get("headers"):
        result["headers"] = result["headers"].replace("\r\n", "\n")
    return result


def _canonical(html: str) -> str:
    from tests.conformance.comparison import _canonical_html

    return json.dumps(_canonical_html(html.strip()))


def _sorted(value: Any) -> Any:
    return value or {} if isinstance(value, dict | list) and not value else value


def _bytes_text(data: Any) -> str:
    if isinstance(data, str):
        if data.startswith("base64:"):
            return "hex:" + _decoded(data).hex()
        return data if re.fullmatch(r"<\d+ bytes>", data) else "hex:" + data.encode().hex()
    return f"<{len(data)} bytes>" if len(data) > 10000 else "hex:" + bytes(data).hex()


def _decoded(data: str) -> bytes:
    text = data.removeprefix("base64:")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return base64.b64decode(text + "=" * (-len(text) % 4))


def _compare_changes(table: str, wanted: list[Any], found: list[Any], bindings: Bindings) -> list[str]:
    expected = {str(next(iter(change["key"].values()))): change["set"] for change in wanted}
    present = {str(change["key"]): {k: v for k, v in change.items() if k != "key"} for change in found}
    return differences(expected, present, bindings=bindings, exact=True, at=f"$.updated.{table}")


def _compare_index(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    bindings = _bound(expected, found)
    if found["inserted"]["user"]:
        bindings.values.setdefault("<user#1>", str(found["inserted"]["user"][0]["id"]))

    def tidy(row: Mapping[str, Any]) -> dict[str, Any]:
        return {key: " ".join(str(value).split()) for key, value in row.items()}

    wanted = [tidy(row) for row in expected.get("db", {}).get("inserted", {}).get("_search", [])]
    return list_differences_as_set(wanted, [tidy(row) for row in found["index"]], bindings=bindings, at="$.index")


def _compare_due_dates(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return [f"$.ticket.{DUE}: missing" for row in found["inserted"]["ticket"] if row[DUE] is None]


def _compare_mails(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return list_differences_as_set(
        expected.get("emails", []), found["mails"], bindings=_bound(expected, found), at="$.emails"
    )


def _bound(expected: dict[str, Any], found: dict[str, Any]) -> Bindings:
    """Bind the number to the answer and the rows of people to their ids; times may be some seconds off."""
    bindings = Bindings(now=found["now"], tolerance=timedelta(seconds=25))
    if found["status"] == 201:
        bindings.values["<number>"] = found["body"]
    return bindings
