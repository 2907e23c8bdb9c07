"""The statements that fill a help desk with history: INSERT … SELECT from a series of numbers, ticket 1 the oldest.

Everything about a ticket follows from its number and the seed (`Statements.chance`), so equal plans give equal rows on
all engines. What hangs on tickets is computed from the rows of the tickets, which therefore come first.
"""

# ruff: noqa: S608 -- all parts are numbers and names of our own

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields import NOT_PROVIDED

from bench import texts
from bench.dialects import DIALECTS
from bench.plan import (
    DEPARTMENTS,
    FILES,
    FIRST_AGENT,
    FIRST_DEPARTMENT,
    FIRST_TEAM,
    OPEN_RECENT_PERCENT,
    PERSONAS,
    TEAMS,
    Plan,
)
from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.people.models import EndUser, Organization, UserEmail
from helpdesk.threads.constants import CollaboratorFlag, EntryFlag, EntryType, ObjectType
from helpdesk.threads.models import Collaborator, Event, Referral, Thread, ThreadEntry, ThreadEvent
from tickets.constants import TicketFlag
from tickets.models import Ticket

NUMBER_PRIME = 99_999_989
"""Numbers look random and never repeat below this many tickets."""
MERGED_EVERY, LINKED_EVERY = 251, 503
TABLES: tuple[type[models.Model], ...] = (
    *(Organization, EndUser, UserEmail, Ticket, Thread, ThreadEntry, ThreadEvent, FormEntry, FormAnswer),
    *(Attachment, Collaborator, Referral),
)
"""What history is written into, besides the cdata table."""
_MODULUS = 2_147_483_647


@dataclass(frozen=True)
class Step:
    """One statement, and what it is about."""

    what: str
    sql: str


class Statements:
    """The statements for one plan on the connected engine."""

    def __init__(self, plan: Plan) -> None:
        """Take the plan; the events and fields of the database are looked up."""
        self.plan = plan
        self.dialect = DIALECTS[connection.vendor]
        self.events = dict(Event.objects.values_list("name", "pk"))
        fields = FormField.objects.filter(form__type=EntryObject.TICKET).order_by("form_id", "sort")
        self.fields = {name: pk for pk, name in reversed(fields.values_list("pk", "name"))}
        self.form_id = fields.values_list("form_id", flat=True)[0]
        self.until = self.dialect.moment(plan.until)

    # --- Words --------------------------------------------------------------------------------------------------------

    def make_words(self) -> None:
        """Make the temporary tables of names and texts."""
        words = {
            "bench_first": texts.FIRST_NAMES,
            "bench_last": texts.LAST_NAMES,
            "bench_subject": texts.subjects(),
            "bench_body": texts.bodies(self.plan.seed),
        }
        self._word_counts = {name: len(values) for name, values in words.items()}
        with connection.cursor() as cursor:
            for name, values in words.items():
                cursor.execute(f"CREATE TEMPORARY TABLE {name} (id integer PRIMARY KEY, word text)")
                cursor.executemany(f"INSERT INTO {name} VALUES (%s, %s)", list(enumerate(values)))

    def drop_words(self) -> None:
        """Drop them."""
        temporary = "TEMPORARY " if connection.vendor == "mysql" else ""
        with connection.cursor() as cursor:
            for name in self._word_counts:
                cursor.execute(f"DROP {temporary}TABLE {name}")

    def _word(self, table: str, number: str, salt: int) -> str:
        return f"JOIN {table} ON {table}.id = {self.chance(number, salt, self._word_counts[table])}"

    # --- People -------------------------------------------------------------------------------------------------------

    def organizations(self, first: int, last: int) -> Iterator[Step]:
        """Make organizations."""
        d = self.dialect
        yield self._insert(
            Organization,
            {
                "id": "n + 1000",
                "name": d.joined(["'Customer '", d.padded("n", 5)]),
                "domain": d.joined(["'customer'", "n", "'.example'"]),
                "created": d.moment(self.plan.since),
                "updated": d.moment(self.plan.since),
            },
            f"FROM {d.numbers(first, last)} AS counted",
        )

    def users(self, first: int, last: int) -> Iterator[Step]:
        """Make end users with one address each."""
        d = self.dialect
        organization = f"1001 + {self.chance('n', 32, self.plan.organizations)}"
        yield self._insert(
            EndUser,
            {
                "id": "n",
                "org_id": f"CASE WHEN {self.chance('n', 31, 100)} < 60 THEN {organization} ELSE 0 END",
                "default_email_id": "n",
                "name": d.joined(["bench_first.word", "' '", "bench_last.word"]),
                "created": d.moment(self.plan.since),
                "updated": d.moment(self.plan.since),
            },
            f"FROM {d.numbers(first, last)} AS counted {self._word('bench_first', 'n', 33)}"
            f" {self._word('bench_last', 'n', 34)}",
        )
        yield self._insert(
            UserEmail,
            {
                "id": "n",
                "user_id": "n",
                "address": d.joined(["'user'", "n", "'@customer'", f"({organization})", "'.example'"]),
            },
            f"FROM {d.numbers(first, last)} AS counted",
        )

    # --- Tickets ------------------------------------------------------------------------------------------------------

    def tickets(self, first: int, last: int) -> Iterator[Step]:
        """Make tickets and everything that hangs on them."""
        yield self._tickets(first, last)
        yield self._threads(first, last)
        yield self._entries(first, last)
        yield from self._events(first, last)
        yield self._insert(
            FormEntry,
            {
                "id": "t.ticket_id + 1000",  # above the entries of a fresh help desk
                "form_id": str(self.form_id),
                "object_id": "t.ticket_id",
                "object_type": f"'{EntryObject.TICKET}'",
                "created": "t.created",
                "updated": "t.created",
            },
            self._from_tickets(first, last),
        )
        yield from self._answers(first, last)
        yield from self._extras(first, last)

    def long_threads(self) -> Iterator[Step]:
        """Lengthen two threads: one to 20 entries, one to the length of the plan."""
        first_id = self.plan.tickets * self.plan.entries + 1
        for ticket_id, length in ((self.plan.ordinary_ticket, 20), (self.plan.long_ticket, self.plan.long_thread)):
            more = length - self.plan.entries
            if more > 0:
                yield self._entry_rows(
                    f"FROM {_table(Ticket)} t JOIN {_table(EndUser)} u ON u.id = t.user_id"
                    f" CROSS JOIN {self.dialect.numbers(0, more - 1)} AS k"
                    f" {self._word('bench_body', 't.ticket_id * 31 + k.n', 71)} WHERE t.ticket_id = {ticket_id}",
                    entry_id=f"{first_id} + k.n",
                    place=f"(k.n + {self.plan.entries})",
                    length=length,
                )
                first_id += more

    def _tickets(self, first: int, last: int) -> Step:
        d, plan = self.dialect, self.plan
        recent = plan.tickets - plan.tickets // 20
        special = f"n IN ({plan.ordinary_ticket}, {plan.long_ticket})"
        merged = f"n % {MERGED_EVERY} = 0 AND n > 1 AND NOT {special}"
        open_rule = f"CASE WHEN n > {recent} THEN {OPEN_RECENT_PERCENT} * 10 ELSE 10 END"
        chances = {
            "h_state": self.chance("n", 1, 1000),
            "h_dept": self.chance("n", 2, 1000),
            "h_assign": self.chance("n", 3, 100),
            "h_agent": self.chance("n", 4, plan.agents),
            "h_team": self.chance("n", 5, len(TEAMS) * 6),
            "h_delay": self.chance("n", 6, 1_000_000),
            "h_source": self.chance("n", 7, 100),
            "h_topic": self.chance("n", 8, 4),
            "h_due": self.chance("n", 9, 100),
            "h_user": self.chance("n", 10, plan.users),
            "h_user2": self.chance("n", 11, plan.users),
        }
        created = d.later(
            d.moment(plan.since), f"n * {plan.seconds_per_ticket} + {self.chance('n', 12, plan.seconds_per_ticket)}"
        )
        named = ", ".join(f"{sql} AS {name}" for name, sql in chances.items())
        drawn = f"SELECT n, {named} FROM {d.numbers(first, last)} AS counted"
        is_open = f"CASE WHEN {special} OR (h_state < {open_rule} AND NOT ({merged})) THEN 1 ELSE 0 END"
        decided = f"SELECT drawn.*, {created} AS opened, {is_open} AS is_open FROM ({drawn}) AS drawn"
        # Most are closed within days, a few after months; what would reach beyond the end is spread over the rest.
        delay = f"600 + {d.quotient('h_delay * (h_delay % 1000 + 1)', '100')}"
        rest = d.seconds_between("opened", self.until)
        spread = d.quotient(f"{rest} * (h_delay % 1000)", "1000")
        lasting = f"CASE WHEN {delay} < {rest} THEN {delay} ELSE {spread} END"
        done = f"SELECT decided.*, {d.later('opened', lasting)} AS done FROM ({decided}) AS decided"
        closed_status = _below("h_state % 100", {2: "4", 35: "2", 100: "3"})
        columns = {
            "ticket_id": "n",
            "ticket_pid": f"CASE WHEN {merged} OR (n % {LINKED_EVERY} = 0 AND n > 1) THEN n - 1 END",
            "number": d.padded(f"(n * 73687871 + {plan.seed}) % {NUMBER_PRIME}", 8),
            # Half of the tickets come from a tenth of the people.
            "user_id": f"1 + CASE WHEN n % 2 = 0 THEN h_user ELSE {d.quotient('h_user2', '10')} END",
            "status_id": f"CASE WHEN is_open = 1 THEN 1 ELSE {closed_status} END",
            "dept_id": _by_share("h_dept"),
            "sla_id": "1",
            "topic_id": "CASE h_topic WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 10 ELSE 11 END",
            "staff_id": f"CASE WHEN h_assign < 95 - 30 * is_open THEN {FIRST_AGENT} + h_agent ELSE 0 END",
            "team_id": f"CASE WHEN h_team < {len(TEAMS)} THEN {FIRST_TEAM} + h_team ELSE 0 END",
            "flags": f"CASE WHEN {merged} THEN {int(TicketFlag.SEPARATE_THREADS)}"
            f" WHEN (n + 1) % {MERGED_EVERY} = 0 THEN {int(TicketFlag.SEPARATE_THREADS | TicketFlag.PARENT)}"
            f" WHEN n % {LINKED_EVERY} = 0 OR (n + 1) % {LINKED_EVERY} = 0 THEN {int(TicketFlag.LINKED)} ELSE 0 END",
            "ip_address": d.joined(["'198.51.100.'", "h_source"]),
            "source": _below("h_source", {55: "'Email'", 85: "'Web'", 95: "'Phone'", 100: "'API'"}),
            "isoverdue": "is_open = 1 AND h_due < 12",
            "isanswered": "is_open = 0 OR h_due % 2 = 0",
            "duedate": f"CASE WHEN h_due >= 95 THEN {d.later('opened', '172800')} END",
            "est_duedate": f"CASE WHEN h_due >= 8 THEN {d.later('opened', '64800')} END",
            "reopened": f"CASE WHEN h_state % 33 = 7 THEN {d.later('opened', '300')} END",
            "closed": "CASE WHEN is_open = 0 THEN done END",
            "lastupdate": "done",
            "created": "opened",
            "updated": "done",
        }
        return self._insert(Ticket, columns, f"FROM ({done}) AS done")

    def _threads(self, first: int, last: int) -> Step:
        last_message = (self.plan.entries - 1) // 3 * 3
        last_response = (self.plan.entries - 2) // 3 * 3 + 1 if self.plan.entries > 1 else 0
        merged = f"t.ticket_pid IS NOT NULL AND t.flags = {int(TicketFlag.SEPARATE_THREADS)}"
        return self._insert(
            Thread,
            {
                "id": "t.ticket_id",
                "object_id": "t.ticket_id",
                "object_type": f"CASE WHEN {merged} THEN '{ObjectType.MERGED_TICKET}' ELSE '{ObjectType.TICKET}' END",
                "lastmessage": self._entry_time(str(last_message), self.plan.entries),
                "lastresponse": self._entry_time(str(last_response), self.plan.entries) if last_response else "NULL",
                "created": "t.created",
            },
            self._from_tickets(first, last),
        )

    def _entries(self, first: int, last: int) -> Step:
        source = (
            f"FROM {_table(Ticket)} t JOIN {_table(EndUser)} u ON u.id = t.user_id"
            f" CROSS JOIN {self.dialect.numbers(0, self.plan.entries - 1)} AS k"
            f" {self._word('bench_body', 't.ticket_id * 31 + k.n', 71)} WHERE t.ticket_id BETWEEN {first} AND {last}"
        )
        entry_id = f"(t.ticket_id - 1) * {self.plan.entries} + k.n + 1"
        return self._entry_rows(source, entry_id=entry_id, place="k.n", length=self.plan.entries)

    def _entry_rows(self, source: str, *, entry_id: str, place: str, length: int) -> Step:
        """Messages, responses and notes by turns."""
        d = self.dialect
        agent = f"CASE WHEN t.staff_id > 0 THEN t.staff_id ELSE {FIRST_AGENT} END"
        named = d.joined(["'Agent '", agent])
        created = self._entry_time(place, length)
        letters = _cases(
            f"{place} % 3", {0: f"'{EntryType.MESSAGE}'", 1: f"'{EntryType.RESPONSE}'", 2: f"'{EntryType.NOTE}'"}
        )
        flags = (int(EntryFlag.ORIGINAL_MESSAGE), int(EntryFlag.BALANCED))
        return self._insert(
            ThreadEntry,
            {
                "id": entry_id,
                "thread_id": "t.ticket_id",
                "staff_id": f"CASE WHEN {place} % 3 = 0 THEN 0 ELSE {agent} END",
                "user_id": f"CASE WHEN {place} % 3 = 0 THEN t.user_id ELSE 0 END",
                "type": letters,
                "flags": f"CASE WHEN {place} = 0 THEN {flags[0]} ELSE {flags[1]} END",
                "poster": f"CASE WHEN {place} % 3 = 0 THEN u.name ELSE {named} END",
                "source": "t.source",
                "body": "bench_body.word",
                "ip_address": "t.ip_address",
                "created": created,
                "updated": created,
            },
            source,
        )

    def _entry_time(self, place: str, length: int) -> str:
        """Entries are spread evenly between opening and last update."""
        span = self.dialect.seconds_between("t.created", "t.lastupdate")
        return self.dialect.later("t.created", self.dialect.quotient(f"{span} * {place}", str(max(length - 1, 1))))

    def _events(self, first: int, last: int) -> Iterator[Step]:
        agent = self.dialect.joined(["'Agent '", "t.staff_id"])
        kinds = (
            ("created", "1=1", "t.created", "t.user_id", f"'{ObjectType.USER}'", "'SYSTEM'"),
            ("assigned", "t.staff_id > 0 AND t.ticket_id % 3 = 0", "t.created", "0", "'S'", "'SYSTEM'"),
            ("closed", "t.closed IS NOT NULL", "t.closed", "t.staff_id", f"'{ObjectType.AGENT}'", agent),
        )
        for place, (name, condition, moment, uid, uid_type, username) in enumerate(kinds):
            yield self._insert(
                ThreadEvent,
                {
                    "id": f"t.ticket_id * {len(kinds)} - {place}",
                    "thread_id": "t.ticket_id",
                    "thread_type": f"'{ObjectType.TICKET}'",
                    "event_id": str(self.events[name]),
                    "staff_id": "t.staff_id",
                    "team_id": "t.team_id",
                    "dept_id": "t.dept_id",
                    "topic_id": "t.topic_id",
                    "username": username,
                    "uid": uid,
                    "uid_type": uid_type,
                    "timestamp": moment,
                },
                f"{self._from_tickets(first, last)} AND {condition}",
            )

    def _answers(self, first: int, last: int) -> Iterator[Step]:
        """The subject and the priority, as answers and as a row of cdata; a few tickets have no priority."""
        d = self.dialect
        drawn = self.chance("t.ticket_id", 21, 1000)
        priority = _below(drawn, {120: "1", 820: "2", 960: "3", 995: "4"})
        case_number = f"({self.chance('t.ticket_id', 22, 9000)} + 1000)"
        subject = d.joined(["bench_subject.word", "' ('", case_number, "')'"])
        joined = (
            f"FROM {_table(Ticket)} t {self._word('bench_subject', 't.ticket_id', 23)}"
            f" WHERE t.ticket_id BETWEEN {first} AND {last}"
        )
        entry_id = "t.ticket_id + 1000"
        subject_row = {"entry_id": entry_id, "field_id": str(self.fields["subject"]), "value": subject}
        yield self._insert(FormAnswer, subject_row, joined)
        names = _cases(priority, {1: "'Low'", 2: "'Normal'", 3: "'High'", 4: "'Emergency'"})
        yield self._insert(
            FormAnswer,
            {"entry_id": entry_id, "field_id": str(self.fields["priority"]), "value": names, "value_id": priority},
            self._from_tickets(first, last),
        )
        table = connection.ops.quote_name(cdata.TABLES[EntryObject.TICKET].prefixed_name)
        text = "char" if connection.vendor == "mysql" else "text"
        yield Step(
            "answers of tickets",
            f"INSERT INTO {table} (ticket_id, subject, priority)"
            f" SELECT t.ticket_id, {subject}, CAST({priority} AS {text}) {joined}",
        )

    def _extras(self, first: int, last: int) -> Iterator[Step]:
        """Attachments on a tenth of the tickets, collaborators on some, referrals on a few."""
        tickets = self._from_tickets(first, last)
        yield self._insert(
            Attachment,
            {
                "id": "t.ticket_id",
                "object_id": f"(t.ticket_id - 1) * {self.plan.entries} + 1",
                "type": f"'{ObjectType.THREAD_ENTRY}'",
                "file_id": f"{1000} + {self.chance('t.ticket_id', 41, FILES)}",
            },
            f"{tickets} AND {self.chance('t.ticket_id', 42, 100)} < 10",
        )
        other = f"1 + (t.user_id + {self.chance('t.ticket_id', 43, max(self.plan.users - 1, 1))}) % {self.plan.users}"
        yield self._insert(
            Collaborator,
            {
                "id": "t.ticket_id",
                "flags": str(int(CollaboratorFlag.ACTIVE | CollaboratorFlag.CC)),
                "thread_id": "t.ticket_id",
                "user_id": other,
                "created": "t.created",
                "updated": "t.created",
            },
            f"{tickets} AND {self.chance('t.ticket_id', 44, 100)} < 4",
        )
        referred = next(place for place, persona in enumerate(PERSONAS) if persona.name == "referred")
        drawn = self.chance("t.ticket_id", 45, 1000)
        to_whom = (
            (ObjectType.AGENT, f"{FIRST_AGENT} + {referred}", f"{drawn} < 3"),
            (
                ObjectType.AGENT,
                f"{FIRST_AGENT} + {self.chance('t.ticket_id', 46, self.plan.agents)}",
                f"{drawn} BETWEEN 3 AND 7",
            ),
            (
                ObjectType.TEAM,
                f"{FIRST_TEAM} + {self.chance('t.ticket_id', 47, len(TEAMS))}",
                f"{drawn} BETWEEN 8 AND 10",
            ),
            (
                ObjectType.DEPARTMENT,
                f"{FIRST_DEPARTMENT} + {self.chance('t.ticket_id', 48, len(DEPARTMENTS))}",
                f"{drawn} BETWEEN 11 AND 14",
            ),
        )
        for letter, object_id, condition in to_whom:
            yield self._insert(
                Referral,
                {
                    "id": "t.ticket_id",
                    "thread_id": "t.ticket_id",
                    "object_id": object_id,
                    "object_type": f"'{letter}'",
                    "created": "t.created",
                },
                f"{tickets} AND {condition}",
            )

    # --- Parts of statements ------------------------------------------------------------------------------------------

    def chance(self, number: str, salt: int, below: int) -> str:
        """Give a number from 0 to below `below` that looks random, and is the same for the same row, salt and seed."""
        drawn = f"((({number}) * 48271 + {self.plan.seed * 7919 + salt * 104_729}) % {_MODULUS})"
        return f"((({drawn} * ({drawn} % 65521 + 17)) % {_MODULUS}) % {below})"

    def _from_tickets(self, first: int, last: int) -> str:
        return f"FROM {_table(Ticket)} t WHERE t.ticket_id BETWEEN {first} AND {last}"

    def _insert(self, model: type[models.Model], columns: Mapping[str, str], source: str) -> Step:
        """Insert rows; columns that are not named get the model's default."""
        quote = connection.ops.quote_name
        values = {**_defaults(model), **columns}
        names = ", ".join(quote(name) for name in values)
        sql = f"INSERT INTO {_table(model)} ({names}) SELECT {', '.join(values.values())} {source}"
        return Step(str(model._meta.verbose_name_plural), sql)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _defaults(model: type[models.Model]) -> dict[str, str]:
    """Give the columns that must have a value, with the model's default as SQL."""
    found = {}
    for column in model._meta.local_concrete_fields:
        default: Any = column.get_default()
        if isinstance(default, DatabaseDefault) or column.db_default is not NOT_PROVIDED or column.primary_key:
            default = 0
        if column.null or callable(default) or hasattr(default, "year"):
            continue
        found[str(column.column)] = _literal("" if default is None else default)
    return found


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(int(value)) if isinstance(value, int) else f"'{value}'"


def _below(drawn: str, values: Mapping[int, str]) -> str:
    """Choose the value of the first bound above the number; NULL above all of them."""
    return f"CASE {' '.join(f'WHEN {drawn} < {bound} THEN {value}' for bound, value in values.items())} END"


def _cases(number: str, values: Mapping[int, str]) -> str:
    """Choose the value of the number; NULL for others."""
    return f"CASE {number} {' '.join(f'WHEN {key} THEN {value}' for key, value in values.items())} END"


def _by_share(drawn: str) -> str:
    """Choose a department by its share."""
    bounds = accumulate(share for _name, share in DEPARTMENTS)
    return _below(drawn, {bound: str(FIRST_DEPARTMENT + place) for place, bound in enumerate(bounds)})
