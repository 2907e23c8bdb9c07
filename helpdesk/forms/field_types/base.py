"""What a field type does, and the registry of all types (osticket/forms.md §4)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.utils.html import escape
from django.utils.safestring import SafeString

from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormField

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LIST_PREFIX = "list-"


@dataclass(frozen=True)
class StoredAnswer:
    """The two columns of an answer row. `value_id` None leaves that column as it is NULL."""

    value: str | None = None
    value_id: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered."""
        return self.value in (None, "") and self.value_id is None


EMPTY = StoredAnswer()


class FieldType:
    """A kind of field. The base class is plain text kept as it is; types override what differs.

    `clean` is the Python value of an answer. `parse` makes it from what was submitted, `from_database` from the stored
    columns; `to_database` stores it, `to_string` and `display` show it, `cdata_value` is its short form for cdata.
    """

    key: ClassVar[str]
    label: ClassVar["str | _StrPromise"] = ""
    has_data: ClassVar[bool] = True
    """Whether answers exist at all (not for section breaks, information and thread entries)."""

    def configuration(self, field: FormField) -> dict[str, Any]:
        """Give the options of the field; what PHP wrote in another shape counts as none."""
        return field.configuration if isinstance(field.configuration, dict) else {}

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Make the clean value from a submitted one; None when there is none."""
        return submitted.strip() if isinstance(submitted, str) else submitted

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Give the columns for a clean value."""
        return StoredAnswer(None if clean is None else str(clean))

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the clean value of stored columns."""
        return stored.value

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give plain text for lists, filters and exports."""
        return "" if clean is None else str(clean)

    def display(self, field: FormField, clean: Any) -> SafeString:
        """Give HTML for a page."""
        return escape(self.to_string(field, clean))

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give what an incremental update writes into the cdata column ('' for nothing)."""
        stored = self.to_database(field, clean)
        return stored.value or ""


class UnknownType(FieldType):
    """A type of a PHP plugin: its answers are kept and shown as text."""

    key = "unknown"


Type = TypeVar("Type", bound=type[FieldType])
_types: dict[str, FieldType] = {}
_unknown = UnknownType()


def register(field_type: Type) -> Type:
    """Class decorator: make the type known under its `key` (also for plugins and higher packages)."""
    _types[field_type.key] = field_type()
    return field_type


def type_for(key: str) -> FieldType:
    """Give the type for `form_field.type`; all `list-<id>` share one, unknown keys read as text."""
    return _types.get(LIST_PREFIX if key.startswith(LIST_PREFIX) else key, _unknown)


def type_of(field: FormField) -> FieldType:
    """Give the type of a field."""
    return type_for(field.type)


def has_answers(field: FormField) -> bool:
    """Whether answers of the field are rows of their own: it holds data, and not in another table."""
    return type_of(field).has_data and not (field.flags or 0) & FieldFlag.STORED_ELSEWHERE


def joined(parts: list[str]) -> str:
    """Join several choices for people."""
    return ", ".join(parts)
