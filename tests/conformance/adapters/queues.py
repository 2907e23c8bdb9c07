"""Adapters for `queues.json`: periods, criteria, quick filters, sorts, and the search for words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormField
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.constants import DepartmentFlag, TeamFlag
from helpdesk.people.models import Agent
from helpdesk.people.permissions import stored_form
from helpdesk.threads.models import ThreadEntry
from tests.conformance.base_rows import forget_everything, insert_rows, replace_rows
from tests.conformance.comparison import DATABASE_TIME, differences
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tests.conformance.repeated import repeat
from tickets.criteria import KEYWORDS, Criterion, compile_criteria
from tickets.models import Ticket
from tickets.navigation import context_for
from tickets.paging import KeysetPage, visible_page
from tickets.periods import period_range, zone_named
from tickets.queue_counts import bounded_count
from tickets.queues import QueueDefinition, definition_of, sees_everything, with_preferences
from tickets.quick_filters import filter_condition, filter_field
from tickets.reference_data import queue_tables
from tickets.search.box import criterion_of
from tickets.services.search_index import index, index_entry, ticket_row, user_row
from tickets.sorting import order_of

FILE = "queues.json"
PAGE = 7
"""Tickets of a page: more than one is needed for all."""


@adapter(FILE, "period")
def range_of_period(case: RecordedCase) -> dict[str, Any]:
    now = datetime.strptime(case.input["now_utc"], DATABASE_TIME).replace(tzinfo=UTC)
    found = period_range(case.input["period"], now=now, zone=zone_named(case.given["timezone"]))
    assert found is not None
    return {"start_utc": found[0].strftime(DATABASE_TIME), "end_utc": found[1].strftime(DATABASE_TIME)}


# --- The world --------------------------------------------------------------------------------------------------------


class World:
    """The rows of a case, and the moment at which it was recorded."""

    def __init__(self, case: RecordedCase) -> None:
        """Load the rows."""
        data = case.given["data"]
        self.now = datetime.strptime(data["now"], DATABASE_TIME).replace(tzinfo=UTC)
        repeat(json.dumps(data), lambda: _load(data))
        for entry in ThreadEntry.objects.filter(body__gt="-"):  # not repeated: MySQL gives other ids each time
            index_entry(entry, "", entry.thread_id)
        insert_rows("queue", [_queue(row) for row in case.given.get("queues", [])])
        insert_rows("queue_config", case.given.get("queue_config", []))
        forget_everything()
        self.agent = Agent.objects.get(pk=case.input["agent"])

    @property
    def access(self) -> AgentAccess:
        return access_of(self.agent)

    def queue(self, queue_id: int) -> QueueDefinition:
        """Give a queue as the agent has it, whether or not he may open it."""
        tables = queue_tables()
        return with_preferences(definition_of(tables.queues[queue_id], tables), self.access)

    def matching(self, criteria: Any, more: Q | None = None) -> set[int]:
        """Give the ids of all tickets that fulfil criteria."""
        condition = compile_criteria(criteria, context_for(self.access, self.now)) & (more or Q())
        return set(Ticket.objects.filter(condition).values_list("pk", flat=True))


def _queue(row: Mapping[str, Any]) -> dict[str, Any]:
    config = row["config"]
    return {"root": "T", "title": "", **row, "config": json.loads(config) if isinstance(config, str) else config}


def _load(data: Mapping[str, Any]) -> None:
    """Put the rows that many cases share in place of the initial ones."""
    _load_people(data)
    _load_tickets(data["tickets"])
    replace_rows({"queue": [], "queue_columns": [], "queue_sorts": [], "queue_config": []})


def _load_people(data: Mapping[str, Any]) -> None:
    replace_rows(
        {
            "department": [
                {**row, "path": f"/{row['id']}/", "flags": int(DepartmentFlag.ACTIVE), "signature": ""}
                for row in data["departments"]
            ],
            "help_topic": data["help_topics"],
            "organization": data["organizations"],
            "user": [{"id": row["id"], "org_id": row["org_id"], "name": row["name"]} for row in data["users"]],
            "user_email": [{"id": row["id"], "user_id": row["id"], "address": row["email"]} for row in data["users"]],
            "staff": [
                {
                    **{key: value for key, value in row.items() if key not in {"dept_access", "permissions"}},
                    "role_id": 1,
                    "isactive": 1,
                    "permissions": stored_form(row.get("permissions", {})),
                }
                for row in data["staff"]
            ],
            "staff_dept_access": [
                {"staff_id": row["staff_id"], "dept_id": dept, "role_id": 1}
                for row in data["staff"]
                for dept in row["dept_access"]
            ],
            "team": [
                {"team_id": row["team_id"], "name": row["name"], "flags": int(TeamFlag.ENABLED)}
                for row in data["teams"]
            ],
            "team_member": [
                {"team_id": row["team_id"], "staff_id": member} for row in data["teams"] for member in row["members"]
            ],
        }
    )
    index(user_row(row["id"], row["name"], [row["email"]], []) for row in data["users"])


_BESIDE = frozenset({"subject", "priority", "thread_entries", "thread_type", "referrals", "entries"})


def _load_tickets(rows: list[dict[str, Any]]) -> None:
    fields = {
        field.name: field.pk for field in FormField.objects.filter(form__type="T", name__in=("subject", "priority"))
    }
    defaults = {"status_id": 1, "sla_id": 1}
    replace_rows({name: [] for name in ("thread_entry", "thread_referral", "thread", "ticket")})
    insert_rows("ticket", [defaults | {key: row[key] for key in row if key not in _BESIDE} for row in rows])
    insert_rows(
        "thread",
        [
            {"id": row["ticket_id"], "object_id": row["ticket_id"], "object_type": row.get("thread_type", "T")}
            for row in rows
        ],
    )
    for row in rows:
        thread = {"thread_id": row["ticket_id"]}
        entries = row.get("entries", [{"type": "M", "user_id": 1, "body": "-"}] * row.get("thread_entries", 0))
        insert_rows("thread_entry", [{**thread, "format": "html", "title": "", **entry} for entry in entries])
        insert_rows("thread_referral", [{**thread, **referral} for referral in row.get("referrals", [])])
        answers = {fields["subject"]: row["subject"], fields["priority"]: str(row["priority"])}
        cdata.update_row(EntryObject.TICKET, row["ticket_id"], answers)
    index(ticket_row(row["ticket_id"], row["number"], row["subject"], [row["subject"]]) for row in rows)


# --- What is compared -------------------------------------------------------------------------------------------------


def _as_sets(expected: Any, found: Any) -> list[str]:
    """Compare lists of ids as sets, but for `order` and `criterion`."""

    def sorted_ids(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: sorted(ids) if key in {"matches", "listed"} else ids for key, ids in value.items()}

    return differences(sorted_ids(expected), sorted_ids(found))


def _searches_words(case: RecordedCase) -> bool:
    """MySQL finds words only of rows that are committed."""
    return case.kind in {"search", "keywords"} or KEYWORDS in json.dumps(case.given.get("queues", []))


@adapter(FILE, "criteria", compare=_as_sets, uses_database=True, needs_real_transactions=_searches_words)
def queue(case: RecordedCase) -> dict[str, Any]:
    world = World(case)
    found = world.queue(case.input["queue_id"])
    context = context_for(world.access, world.now)
    return {
        "matches": world.matching(found.criteria),
        "listed": _listed(world, found),
        "count": bounded_count(found, world.access, context),
    }


def _listed(world: World, queue: QueueDefinition, *, is_reversed: bool = False) -> list[int]:
    """Give the ids of all pages of a queue, in their order."""
    ids: list[int] = []
    after: str | None = None
    while True:
        page: KeysetPage = visible_page(
            world.access,
            queue.criteria,
            context_for(world.access, world.now),
            order_of(queue.sort_paths, is_reversed=is_reversed),
            size=PAGE,
            with_merged=not queue.is_queue,
            sees_everything=sees_everything(queue, world.access),
            after=after,
            before=None,
        )
        ids += page.ids
        after = page.after
        if after is None:
            return ids


@adapter(FILE, "quickfilter", compare=_as_sets, uses_database=True)
def quick_filter(case: RecordedCase) -> dict[str, Any]:
    world = World(case)
    queue = world.queue(case.input["queue_id"])
    field = filter_field(queue.filter)
    context = context_for(world.access, world.now)
    condition = filter_condition(field, case.input["value"], context) if field else None
    return {"filter_field": field.path if field else None, "matches": world.matching(queue.criteria, condition)}


@adapter(FILE, "sort", uses_database=True)
def order(case: RecordedCase) -> dict[str, Any]:
    """Give all tickets in an order; those with equal keys in the recorded order, as they may swap."""
    world = World(case)
    paths = case.given["sort"]
    order = order_of(paths, is_reversed=case.input["reverse"])
    everything = QueueDefinition(0, "", "", False, (), (), tuple(paths), owner_id=world.agent.pk)
    ids = _listed(world, everything, is_reversed=case.input["reverse"])
    values = {row[-1]: row[:-1] for row in order.rows(Ticket.objects.all())}
    place = {pk: number for number, pk in enumerate(case.expect["order"])}
    groups: list[list[int]] = []
    for pk in ids:
        if groups and values[groups[-1][-1]] == values[pk]:
            groups[-1].append(pk)
        else:
            groups.append([pk])
    return {"order": [pk for group in groups for pk in sorted(group, key=place.__getitem__)]}


@adapter(FILE, "search", compare=_as_sets, uses_database=True, in_real_transactions=True)
def search(case: RecordedCase) -> dict[str, Any]:
    world = World(case)
    criterion = criterion_of(case.input["query"])
    return {"criterion": criterion.as_json(), "matches": world.matching([criterion])}


@adapter(FILE, "keywords", compare=_as_sets, uses_database=True, in_real_transactions=True)
def keywords(case: RecordedCase) -> dict[str, Any]:
    world = World(case)
    found = world.matching([Criterion(KEYWORDS, "", case.input["query"])])
    return {
        "matches_by_relevance": [pk for pk in case.expect["matches_by_relevance"] if pk in found]
        + sorted(found - set(case.expect["matches_by_relevance"]))
    }
