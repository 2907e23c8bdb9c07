"""What of osTicket's tables refers to what: the models' foreign keys, and the references that no model can declare.

osTicket has no constraints. Which table an id is of often stands in another column, or the id stands in a text.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from helpdesk.legacy.copying.shapes import legacy_shapes, models_by_table, table_shape
from helpdesk.legacy.references import LegacyForeignKey

CONTENT = frozenset({
    "attachment", "canned_response", "draft", "faq", "file", "form_entry", "form_entry_values", "note", "organization",
    "staff", "task", "team", "thread", "thread_collaborator", "thread_entry", "ticket", "user", "user_account",
    "user_email",
})  # fmt: skip
"""Tables of people and of what they wrote: a row of another help desk must not stand for one of theirs."""

GUEST = 2147483648
"""Owner of the drafts of people who are not signed in."""
MOST_DIGITS = 10


@dataclass(frozen=True)
class Reference:
    """A column with ids of rows of `target`; tables are named without prefix. NULL, 0 and `nobody` are none.

    It is one only in rows where `type_column` holds one of `type_values`, or begins with `begins`, or does not begin
    with `unless_begins`. `is_text`: the id stands in a text behind `text_before`, up to a mark or its end.
    `is_digest`: the column holds a checksum of field and entry instead of an id. `is_memory`: osTicket keeps the id
    of a deleted row on purpose.
    """

    table: str
    column: str
    target: str
    type_column: str = ""
    type_values: tuple[str, ...] = ()
    begins: str = ""
    unless_begins: str = ""
    nobody: tuple[int, ...] = ()
    is_text: bool = False
    text_before: str = ""
    is_digest: bool = False
    is_memory: bool = False

    @property
    def target_key(self) -> str:
        """The column of `target` whose values these are."""
        return legacy_shapes()[self.target].key[0]

    def applies(self, type_value: Any) -> bool:
        """Whether the column of a row with this value in `type_column` refers to `target`."""
        text = "" if type_value is None else str(type_value)
        if self.type_values:
            return text in self.type_values
        if self.unless_begins and text.startswith(self.unless_begins):
            return False
        return text.startswith(self.begins)

    def number(self, value: Any) -> int:
        """Give the id in a value of the column, 0 for none."""
        if value is None:
            return 0
        if self.is_text:
            found = _number_behind(self.text_before).match(str(value))
            return int(found[1]) if found else 0
        number = int(value)
        return 0 if number in self.nobody else number


@cache
def _number_behind(text: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(text)}([0-9]{{1,{MOST_DIGITS}}})(?=[.,}}]|\Z)")


def _by_type(table: str, targets: Mapping[str, str], type_column: str = "object_type") -> list[Reference]:
    return [
        Reference(table, "object_id", target, type_column, (letter,), is_memory=letter == "C" and table == "thread")
        for letter, target in targets.items()
    ]


def _in_text(table: str, column: str, targets: Mapping[str, str]) -> list[Reference]:
    return [Reference(table, column, target, is_text=True, text_before=before) for before, target in targets.items()]


DECLARED: Sequence[Reference] = (
    # C: the thread of a ticket that was merged into another one, and perhaps deleted then
    *_by_type("thread", {"T": "ticket", "C": "ticket", "A": "task"}),
    *_by_type("form_entry", {"T": "ticket", "A": "task", "U": "user", "O": "organization"}),
    *_by_type("task", {"T": "ticket"}),
    *_by_type("thread_referral", {"S": "staff", "E": "team", "D": "department"}),
    *_by_type("_search", {"T": "ticket", "H": "thread_entry", "U": "user", "O": "organization", "K": "faq"}),
    *_by_type(
        "attachment",
        {
            "H": "thread_entry", "C": "canned_response", "F": "faq", "P": "content", "T": "email_template",
            "D": "draft", "I": "form_field",
        },
        "type",
    ),
    Reference("attachment", "object_id", "form_entry_values", "type", ("E",), is_digest=True),
    Reference("department", "sla_id", "sla"),
    Reference("department", "schedule_id", "schedule"),
    Reference("department", "email_id", "email"),
    Reference("department", "autoresp_email_id", "email"),
    Reference("department", "tpl_id", "email_template_group"),
    Reference("email", "priority_id", "ticket_priority"),
    Reference("email", "topic_id", "help_topic"),
    Reference("faq_topic", "topic_id", "help_topic"),
    Reference("group", "role_id", "role"),
    Reference("note", "staff_id", "staff"),
    *_in_text("note", "ext_id", {"U": "user", "O": "organization"}),
    *_in_text("organization", "manager", {"s": "staff", "t": "team"}),
    Reference("queue_columns", "staff_id", "staff"),
    Reference("thread_entry_email", "email_id", "email"),
    Reference("translation", "agent_id", "staff"),
    Reference("thread_event", "topic_id", "help_topic"),
    # JSON: the ticket that a merged ticket's thread went to, and the thread that an entry of it came from
    *_in_text("thread", "extra", {'{"ticket_id":': "ticket"}),
    *_in_text("thread_entry_merge", "data", {'{"thread":': "thread"}),
    # Whose names stand beside the ids
    Reference("thread_event", "uid", "staff", "uid_type", ("S",), is_memory=True),
    Reference("thread_event", "uid", "user", "uid_type", ("U",), is_memory=True),
    Reference("thread_entry", "editor", "staff", "editor_type", ("S",), is_memory=True),
    Reference("thread_entry", "editor", "user", "editor_type", ("U",), is_memory=True),
    Reference("draft", "staff_id", "staff", "namespace", unless_begins="ticket.client.", nobody=(GUEST,)),
    Reference("draft", "staff_id", "user", "namespace", begins="ticket.client.", nobody=(GUEST,)),
    *_in_text(
        "draft",
        "namespace",
        {
            "ticket.response.": "ticket", "ticket.note.": "ticket", "ticket.client.": "ticket",
            "task.response.": "task", "task.note.": "task", "faq.": "faq", "canned.": "canned_response",
            "page.": "content",
        },
    ),
    *_in_text("config", "namespace", {"staff.": "staff"}),
    Reference("config", "value", "staff", "namespace", ("pwreset",), is_text=True),
    Reference("config", "value", "user", "namespace", ("pwreset",), is_text=True, text_before="c"),
)  # fmt: skip


@cache
def all_references() -> Mapping[str, Sequence[Reference]]:
    """Give the references of each of osTicket's tables."""
    return {
        name: (
            *(
                Reference(name, str(field.column), table_shape(field.related_model).name)
                for field in models_by_table()[shape.database_name]._meta.local_fields
                if isinstance(field, LegacyForeignKey)
            ),
            *(reference for reference in DECLARED if reference.table == name),
        )
        for name, shape in legacy_shapes().items()
    }


# A user and the user's addresses name each other. The user decides: addresses follow those who come along.
_AGAINST_THE_ORDER = frozenset({("user", "default_email_id")})


def parents_first(names: Sequence[str]) -> list[str]:
    """Order tables so that those of people and content come before the rows that refer to them."""
    waiting, ordered = sorted(names), list[str]()
    parents = {
        name: {
            reference.target
            for reference in all_references()[name]
            if reference.target in CONTENT.intersection(names) - {name}
            and (name, reference.column) not in _AGAINST_THE_ORDER
        }
        for name in waiting
    }
    while waiting:
        ready = [name for name in waiting if parents[name] <= set(ordered)]
        if not ready:
            raise ValueError(f"Tables that refer to each other in a circle: {', '.join(waiting)}")
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return ordered


def digest_of_answer(entry_id: int, field_id: int) -> int:
    """Give what the attachments of an answer name as their object."""
    return zlib.crc32(f"E{field_id}{entry_id}".encode())
