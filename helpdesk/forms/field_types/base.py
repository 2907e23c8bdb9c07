"""What a field type does, and the registry of all types (osticket/forms.md §4).

A plugin adds a type by one class:

    @register
    class Signature(FieldType):
        key = "signature"            # form_field.type
        label = _("Signature")       # in the menu of the form editor

        def parse(self, field, submitted): ...
        def validate(self, field, clean): ...
        def control(self, field, value, asked): ...

Whatever it does not override behaves like plain text. Its answers live in the two columns of `StoredAnswer`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.snapshot import is_true
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormField
from helpdesk.forms.posted import Posted
from helpdesk.people.models import Agent

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from helpdesk.forms.field_types.options import OptionsForm

LIST_PREFIX = "list-"
LONGEST_ANSWER = 65535
"""Bytes that `form_entry_values.value` holds."""


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


@dataclass(frozen=True)
class Clean:
    """A clean value among submitted ones, which `save_answers` does not parse again."""

    value: Any


def agent_owner(agent: Agent) -> str:
    """Give the owner of what an agent uploads."""
    return f"a{agent.pk}"


@dataclass(frozen=True)
class Asked:
    """Who fills in a form: an agent (`agent` where known) or an end user, a guest or a program.

    `visitor` tells end users and guests apart (`tickets.visitors.upload_owner`).
    """

    is_agent: bool = False
    agent: Agent | None = None
    visitor: str = ""

    @property
    def upload_owner(self) -> str:
        """Whose uploads the form takes; '' takes none."""
        return agent_owner(self.agent) if self.agent is not None else self.visitor


@dataclass(frozen=True)
class Control:
    """How a field is asked for: the template `forms/controls/<template>.html` and what it needs.

    `values` are the submitted or stored texts to show, `choices` pairs of key and label (with `retired` ones last).
    `attributes` become HTML attributes of the input. `is_group` says that it is several inputs under one legend.
    """

    template: str
    values: Sequence[str] = ()
    choices: Sequence[tuple[str, str]] = ()
    attributes: Mapping[str, str | int | bool] = field(default_factory=dict)
    prompt: str = ""
    description: str = ""
    is_group: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> str:
        """The first value, '' without one."""
        return self.values[0] if self.values else ""


class FieldType:
    """A kind of field. The base class is plain text kept as it is; types override what differs.

    `clean` is the Python value of an answer. `read` takes out of a request what the control posted, `read_named` what a
    program sent; `parse` makes the clean value from it, `validate` judges that. `to_database` stores it,
    `from_database` reads it back, `to_string` and `display` show it, `search_text` and `filter_values` are what the
    search index and filters see, `export` what a table of tickets holds, `cdata_value` its short form for cdata,
    `control` how it is asked for.
    """

    key: ClassVar[str]
    label: ClassVar["str | _StrPromise"] = ""
    has_data: ClassVar[bool] = True
    """Whether answers exist at all (not for section breaks, information and thread entries)."""
    is_presentation: ClassVar[bool] = False
    """Whether it is only there to be looked at."""
    is_searched: ClassVar[bool] = True
    """Whether the full-text search finds answers: osTicket leaves out zones, people, departments and priorities."""
    is_offered: ClassVar[bool] = True
    """Whether administrators may make fields of this type."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """The options that a field has when its configuration does not say otherwise."""
    options: ClassVar["type[OptionsForm] | None"] = None
    """The form in which administrators edit the options, for types of plugins."""

    # --- Options ------------------------------------------------------------------------------------------------------

    def configuration(self, field: FormField) -> dict[str, Any]:
        """Give the options of the field; what PHP wrote in another shape counts as none."""
        return field.configuration if isinstance(field.configuration, dict) else {}

    def option(self, field: FormField, name: str) -> Any:
        """Give one option, or its default."""
        found = self.configuration(field).get(name)
        return self.defaults.get(name) if found is None else found

    def flag(self, field: FormField, name: str) -> bool:
        """Give an option that is a switch: '' and '0', as PHP stores them, are off."""
        return is_true(self.option(field, name))

    def number(self, field: FormField, name: str) -> int:
        """Give an option that is a number; what is none counts as 0."""
        try:
            return int(str(self.option(field, name) or 0).strip() or 0)
        except ValueError:
            return 0

    # --- From the request to the clean value --------------------------------------------------------------------------

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take what the control named `name` posted; None when it did not."""
        return posted.one(name)

    def read_named(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take what a program sent under the field's variable name or id; None when it did not."""
        return posted.any(name)

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Give what a person who used the control must be told because `parse` did not understand it.

        Programs are not told, as in osTicket: it keeps or drops such values silently.
        """
        return []

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Make the clean value from a submitted one; None when there is none."""
        return submitted.strip() if isinstance(submitted, str) else submitted

    def is_empty(self, clean: Any) -> bool:
        """Whether a required field would miss an answer: PHP's idea of false."""
        return not clean or clean == "0"

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Give what is wrong with a clean value that is there, as texts for people."""
        return []

    def errors(self, field: FormField, clean: Any, *, required: bool) -> list[str]:
        """Give what is wrong with a clean value, a missing one included."""
        if self.is_empty(clean) and required:
            return [str(_("%(label)s is a required field") % {"label": field.label} if field.label else REQUIRED)]
        found = self.validate(field, clean)
        value = self.to_database(field, clean).value
        if not found and value is not None and len(value.encode(errors="replace")) > LONGEST_ANSWER:
            found = [str(_("This answer is too long: at most %(count)d bytes fit here") % {"count": LONGEST_ANSWER})]
        return found

    # --- The columns --------------------------------------------------------------------------------------------------

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Give the columns for a clean value."""
        return StoredAnswer(None if clean is None else str(clean))

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the clean value of stored columns."""
        return stored.value

    def prepare(self, field: FormField, clean: Any) -> Any:
        """Do what must be done before the transaction that saves an answer (uploads are stored); give the clean value.

        Whoever saves answers calls this first, then writes the rows, then calls `saved`.
        """
        return clean

    def saved(self, field: FormField, entry_id: int, clean: Any) -> None:
        """Do what belongs to an answer beside its row, in the same transaction (files become attachments)."""

    # --- For readers --------------------------------------------------------------------------------------------------

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give plain text for lists, filters and exports."""
        return "" if clean is None else str(clean)

    def display(self, field: FormField, clean: Any) -> SafeString:
        """Give HTML for a page."""
        return escape(self.to_string(field, clean))

    def search_text(self, field: FormField, clean: Any) -> str:
        """Give what the full-text search finds the answer by, '' where it does not (`is_searched`)."""
        return "" if not self.is_searched else " ".join(self.to_string(field, clean).split())

    def export(self, field: FormField, clean: Any) -> str:
        """Give the cell of an exported table."""
        return self.to_string(field, clean)

    def filter_values(self, field: FormField, clean: Any) -> dict[str, str]:
        """Give what filters compare: '' is the key of the answer itself, others are added to `field.<id>`."""
        return {"": self.to_string(field, clean)}

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give what an incremental update writes into the cdata column ('' for nothing)."""
        stored = self.to_database(field, clean)
        return stored.value or ""

    def change(self, field: FormField, before: StoredAnswer, after: StoredAnswer) -> list[Any]:
        """Give an edit as the thread event records it: the stored value before and after, with id where there is one.

        osTicket writes `{"fields":{"22":[["Low",1],["High",3]]}}` (osticket/tickets.md §12.1).
        """
        return [_recorded(before), _recorded(after)]

    def describe_change(self, field: FormField, before: Any, after: Any) -> str:
        """Say in words what became of an answer, for the thread."""
        old, new = (self.to_string(field, clean) for clean in (before, after))
        if not old:
            return str(_("%(label)s set to %(new)s") % {"label": field.label, "new": new})
        if not new:
            return str(_("%(label)s cleared, it was %(old)s") % {"label": field.label, "old": old})
        return str(_("%(label)s changed from %(old)s to %(new)s") % {"label": field.label, "old": old, "new": new})

    # --- For those who answer -----------------------------------------------------------------------------------------

    def submitted_form(self, field: FormField, clean: Any) -> Any:
        """Give a clean value as it would be submitted, to fill in the control of an earlier answer."""
        return "" if clean is None else str(clean)

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the control for a submitted value (None: nothing was)."""
        return Control("text", values=[_text(value)])


REQUIRED = _("This is a required field")


def _recorded(stored: StoredAnswer) -> Any:
    return stored.value if stored.value_id is None else [stored.value, stored.value_id]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


class UnknownType(FieldType):
    """A type of a PHP plugin: its answers are kept and shown as text."""

    key = "unknown"
    is_offered = False


Type = TypeVar("Type", bound=type[FieldType])
_types: dict[str, FieldType] = {}
_unknown = UnknownType()


def register(field_type: Type) -> Type:
    """Class decorator: make the type known under its `key` (also for plugins and higher packages)."""
    _types[field_type.key] = field_type()
    return field_type


def unregister(key: str) -> None:
    """Forget a type, whose answers then read as text (for plugins that are switched off)."""
    _types.pop(key, None)


def registered() -> Mapping[str, FieldType]:
    """Give all types by key, in the order of their registration."""
    return dict(_types)


def type_for(key: str) -> FieldType:
    """Give the type for `form_field.type`; all `list-<id>` share one, unknown keys read as text."""
    return _types.get(LIST_PREFIX if key.startswith(LIST_PREFIX) else key, _unknown)


def type_of(field: FormField) -> FieldType:
    """Give the type of a field."""
    return type_for(field.type)


def prepared(answers: Mapping[FormField, Any]) -> dict[FormField, Any]:
    """Give clean values ready to be saved; see `FieldType.prepare`."""
    return {each: type_of(each).prepare(each, clean) for each, clean in answers.items()}


def has_answers(field: FormField) -> bool:
    """Whether answers of the field are rows of their own: it holds data, and not in another table."""
    return type_of(field).has_data and not (field.flags or 0) & FieldFlag.STORED_ELSEWHERE


def joined(parts: Sequence[str]) -> str:
    """Join several choices for people."""
    return ", ".join(parts)
