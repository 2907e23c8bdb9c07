"""The field types. Higher packages and plugins add theirs with `register` (the tickets app: priority)."""

from helpdesk.forms.field_types import choices, dates, files, people, presentation, text
from helpdesk.forms.field_types.base import (
    EMPTY,
    Asked,
    Clean,
    Control,
    FieldType,
    StoredAnswer,
    agent_owner,
    has_answers,
    prepared,
    register,
    registered,
    type_for,
    type_of,
    unregister,
)

__all__ = [
    "EMPTY",
    "Asked",
    "Clean",
    "Control",
    "FieldType",
    "StoredAnswer",
    "agent_owner",
    "choices",
    "dates",
    "files",
    "has_answers",
    "people",
    "prepared",
    "presentation",
    "register",
    "registered",
    "text",
    "type_for",
    "type_of",
    "unregister",
]
