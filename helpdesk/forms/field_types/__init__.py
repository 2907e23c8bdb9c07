"""The field types. Higher packages and plugins add theirs with `register` (the tickets app: priority)."""

from helpdesk.forms.field_types import choices, dates, files, presentation, text
from helpdesk.forms.field_types.base import EMPTY, FieldType, StoredAnswer, has_answers, register, type_for, type_of

__all__ = [
    "EMPTY",
    "FieldType",
    "StoredAnswer",
    "choices",
    "dates",
    "files",
    "has_answers",
    "presentation",
    "register",
    "text",
    "type_for",
    "type_of",
]
