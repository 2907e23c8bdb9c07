"""The world of `filters.json`: rows with the ids of the cases, in place of what a new help desk has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from filters.models import FilterAction, FilterRule, TicketFilter
from helpdesk.configuration.services import set_settings
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, UserEmail
from helpdesk.portal.seed import model_of_table
from tests.conformance.base_rows import forget_everything, replace_rows, restart_of
from tests.conformance.recorded import RecordedCase
from tests.conformance.repeated import repeat

TABLES = {
    "departments": "department",
    "help_topics": "help_topic",
    "slas": "sla",
    "staff": "staff",
    "teams": "team",
    "emails": "email",
    "organizations": "organization",
}
Record = Mapping[str, Any]


def load_world(case: RecordedCase) -> None:
    """Put the rows of a case into the database; tables that it does not list keep the initial rows."""
    shared = {name: case.given[name] for name in (*TABLES, "users", "user_emails") if name in case.given}
    repeat(("filters", json.dumps(shared)), lambda: _load_shared(shared))
    forget_everything()
    load_filters(case.given.get("filters", []))
    set_settings("core", dict(case.given.get("config", {})), Actor.system())
    forget_everything()


def _load_shared(given: Record) -> None:
    """Write what many cases have in common."""
    for listed, table in TABLES.items():
        if listed in given:
            replace_rows({table: given[listed]})
    if "users" in given:
        _load_users(given)
    empty_filters()
    set_settings("core", {"ticket_alert_active": 0, "ticket_autoresponder": 0}, Actor.system())


def empty_filters() -> None:
    """Delete all filters."""
    FilterRule.objects.all().delete()
    FilterAction.objects.all().delete()
    TicketFilter.objects.all().delete()


def load_filters(filters: Sequence[Record]) -> None:
    """Put filters into empty tables, with the defaults of the cases (cases/README §5)."""
    for place, one in enumerate(filters, start=1):
        made = TicketFilter.objects.create(
            pk=one["id"],
            name=one["name"],
            isactive=one.get("isactive", 1),
            target=one.get("target", "Any"),
            email_id=one.get("email_id", 0),
            match_all_rules=one.get("match_all_rules", 0),
            stop_onmatch=one.get("stop_onmatch", 0),
            execorder=one.get("execorder", place),
        )
        for rule in one.get("rules", []):
            row = FilterRule(filter=made, what=rule["what"], how=rule["how"], val=rule["val"])
            row.isactive = bool(rule.get("isactive", 1))
            row.save()
        for position, action in enumerate(one.get("actions", []), start=1):
            FilterAction.objects.create(
                filter=made,
                sort=action.get("sort", position),
                type=action["type"],
                configuration=action["configuration"],
            )


def _load_users(given: Record) -> None:
    UserEmail.objects.all().delete()
    EndUser.objects.all().delete()
    for row in given["users"]:
        columns = {name: value for name, value in row.items() if name != "default_email_id"}
        EndUser.objects.create(**{("pk" if name == "id" else name): value for name, value in columns.items()})
    for row in given["user_emails"]:
        UserEmail.objects.create(pk=row["id"], user_id=row["user_id"], address=row["address"])
    for row in given["users"]:
        EndUser.objects.filter(pk=row["id"]).update(default_email=row["default_email_id"])
    for table in ("user", "user_email"):
        _continue_after_highest(table)


def _continue_after_highest(table: str) -> None:
    with connection.cursor() as cursor:
        for statement in restart_of(model_of_table(table)):
            cursor.execute(statement)


def mailbox(pk: Any) -> EmailAddress | None:
    """Give a mailbox by the id in a case."""
    return EmailAddress.objects.filter(pk=pk).first() if str(pk or "").isdecimal() else None
