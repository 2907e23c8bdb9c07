"""The rows that all cases of `lifecycle.json` begin with, and the numbers that their new rows get."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Model

from helpdesk.files.models import Attachment
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import (
    Agent,
    Department,
    DepartmentAccess,
    EndUser,
    Organization,
    Role,
    Team,
    TeamMember,
    UserEmail,
)
from helpdesk.people.permissions import RolePermission
from helpdesk.portal.seed import model_of_table
from sla.models import SlaPlan
from tests.conformance.recorded_settings import use_recorded_settings
from tests.conformance.recorded_templates import use_recorded_subjects
from tests.conformance.repeated import empty, repeat
from tickets.models import HelpTopic, HelpTopicForm, Sequence, TicketStatus
from tickets.prepared_answers import CANNED

SYSTEM = Actor.system()
COUNTED = (
    *("ticket", "task", "thread", "thread_entry", "thread_event", "thread_entry_email", "thread_entry_merge"),
    *("thread_collaborator", "thread_referral", "lock", "draft", "form_entry", "user", "user_email"),
    "syslog",
)
"""Tables whose new rows the cases call by number."""


def load_base(base: Mapping[str, Any]) -> None:
    """Replace the initial rows of those tables that the base lists; new rows get the numbers of the recordings."""
    set_counters({table: base["next_ids"].get(table, 1) for table in COUNTED})
    use_recorded_settings(base["config"])
    use_recorded_subjects()
    repeat(json.dumps(base), lambda: _write_rows(base))
    set_counters({table: base["next_ids"].get(table, 1) for table in COUNTED}, in_transaction=True)


def _write_rows(base: Mapping[str, Any]) -> None:
    for name, model in _TABLES.items():
        empty(model)
        model._default_manager.bulk_create(
            model(**_columns(model, _PREPARED.get(name, dict)(row))) for row in base[name]
        )
    empty(UserEmail)
    UserEmail.objects.bulk_create(
        UserEmail(pk=row["id"], user_id=row["id"], address=row["email"]) for row in base["users"]
    )
    for row in base["users"]:
        EndUser.objects.filter(pk=row["id"]).update(default_email_id=row["id"])


def load_sample_answer(recorded: Any) -> None:
    """Put the prepared answer that a case shows in the place of ours: the texts of osTicket's samples are not ours."""
    if isinstance(recorded, Mapping) and {"title", "response"} <= recorded.keys():
        texts = {"title": recorded["title"], "response": recorded["response"]}
        CannedResponse.objects.filter(pk=recorded["id"]).update(**texts)
        Attachment.objects.filter(type=CANNED, object_id=recorded["id"]).delete()


def set_counters(next_ids: Mapping[str, int], *, in_transaction: bool = False) -> None:
    """Let the next row of each table get this id.

    On MySQL that commits, so a connection of its own does it, before the transaction of the test touches the tables;
    elsewhere it belongs to the transaction and goes with it, and comes last because rows with given ids move it.
    """
    tables = {model_of_table(name)._meta.db_table: number for name, number in next_ids.items()}
    if (connection.vendor == "mysql") is in_transaction:
        return
    if connection.vendor == "mysql":
        _set_mysql_counters(tables)
        return
    with connection.cursor() as cursor:
        for name, number in next_ids.items():
            model = model_of_table(name)
            table = connection.ops.quote_name(model._meta.db_table)
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
                cursor.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [model._meta.db_table, number - 1]
                )
            else:
                assert model._meta.pk is not None
                column = connection.ops.quote_name(str(model._meta.pk.column))
                cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} RESTART WITH {number:d}")


def _set_mysql_counters(tables: Mapping[str, int]) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = DATABASE()"
            )
            present = dict(cursor.fetchall())
            for table, number in tables.items():
                if present[table] != number:
                    cursor.execute(f"ALTER TABLE {other.ops.quote_name(table)} AUTO_INCREMENT = {number:d}")
    finally:
        other.close()


_TABLES: dict[str, type[Model]] = {
    "departments": Department,
    "roles": Role,
    "agents": Agent,
    "dept_access": DepartmentAccess,
    "teams": Team,
    "team_members": TeamMember,
    "slas": SlaPlan,
    "statuses": TicketStatus,
    "topics": HelpTopic,
    "topic_forms": HelpTopicForm,
    "sequences": Sequence,
    "organizations": Organization,
    "users": EndUser,
    "emails": EmailAddress,
}


def _columns(model: type[Model], row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the model's attributes for columns; JSON in text becomes the value."""
    attributes = {field.column: field.attname for field in model._meta.concrete_fields}
    values = {attributes[column]: value for column, value in row.items() if column in attributes}
    return {name: _decoded(value) for name, value in values.items()}


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def _prepare_role(row: Mapping[str, Any]) -> dict[str, Any]:
    keys = {key.value for key in RolePermission}
    if "all_except" in row:
        held = keys - set(row["all_except"])
    else:
        held = keys if row["permissions"] == "all role permissions" else set(row["permissions"])
    return {**row, "permissions": dict.fromkeys(sorted(held), 1)}


def _prepare_agent(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "permissions": dict.fromkeys(row.get("permissions", ()), 1)}


def _prepare_status(row: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: row[key] for key in ("allowreopen", "reopenstatus") if key in row}
    return {**row, "properties": properties}


def _prepare_sequence(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "updated": None}


_PREPARED: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "roles": _prepare_role,
    "agents": _prepare_agent,
    "statuses": _prepare_status,
    "sequences": _prepare_sequence,
}
