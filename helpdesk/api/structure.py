"""Which members a ticket document may have; others are used all the same, and noted in the system log (api.md §8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tickets.intake import intake
from tickets.models import HelpTopic

ANYTHING = "*"
TOP = ("alert", "autorespond", "source", "topicId", "message", "ip", "priorityId")
FILE = {"name": None, "type": None, "data": None, "encoding": None, "size": None}
MOST_NOTED = 50
"""Names that one request can have noted."""

Structure = Mapping[str, Any]
"""Names; those of objects and lists lead to their own structure, where `*` stands for any name."""


def structure_of_ticket(topic: HelpTopic | None) -> Structure:
    """Give the names that a document may use: the fixed ones and those of the fields of its forms."""
    known = intake()
    forms = [form for form in (known.ticket_form, known.user_form) if form is not None]
    forms += [place.form for place in known.forms_of_topics.get(topic.pk, ())] if topic is not None else []
    names = {field.name for form in forms for field in form.fields if field.name}
    return {
        **dict.fromkeys([*TOP, *names]),
        "attachments": {ANYTHING: FILE},
        "system_emails": {ANYTHING: None},
        "thread_entry_recipients": {"to": None, "cc": None},
    }


def unexpected(document: Mapping[str, Any], structure: Structure) -> Iterator[str]:
    """Give the paths of what is not in the structure: names, and values of another shape."""
    for name, value in document.items():
        is_known = name in structure or ANYTHING in structure
        inner = structure.get(name, structure.get(ANYTHING))
        if not isinstance(value, dict | list):
            if not is_known or inner is not None:
                yield name
        elif inner is None:
            yield name
        else:
            members = value if isinstance(value, dict) else {str(n): one for n, one in enumerate(value)}
            yield from (f"{name}/{path}" for path in unexpected(members, inner))
