"""Forms that somebody fills in: what is asked, what was submitted, what is wrong with it, what is to be stored.

    form = bind([FormPart(ticket_form), FormPart(vpn_form, disabled={31})], asked=Asked(), data=request.POST)
    if form.is_valid():
        create_ticket(NewTicket(…, answers=form.answers()), …)

Templates show it with `{% include "forms/form.html" %}`; every field knows its label, hint, errors and control.
Who is asked what: osticket/forms.md §2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.field_types import Asked, Control, FieldType, StoredAnswer, has_answers, type_of
from helpdesk.forms.field_types.presentation import Message, ThreadEntryType
from helpdesk.forms.models import Form, FormEntry, FormField
from helpdesk.forms.posted import Posted
from helpdesk.forms.rich_text import shown_answer

NAME_PREFIX = "field-"
MARKER = "field-asked"
"""A hidden input of this name lists the fields that a page has asked for: an empty box posts nothing."""
Accepts = Callable[[FormField], bool]


class Origin(Enum):
    """Where a submission comes from, which decides whose errors count (osticket/forms.md §2)."""

    CLIENT = "client"
    AGENT = "agent"
    CLIENT_UPDATE = "client update"
    AGENT_UPDATE = "agent update"
    API = "API"
    EMAIL = "e-mail"

    def accepts(self, form_field: FormField) -> bool:
        """Whether the field is asked for there, and its errors count."""
        flags = form_field.flags or 0
        if not flags & FieldFlag.ENABLED or self is Origin.EMAIL:
            return False
        needed = _NEEDED.get(self, FieldFlag.ENABLED)
        return flags & needed == needed


_NEEDED = {
    Origin.CLIENT: FieldFlag.CLIENT_VIEW,
    Origin.AGENT: FieldFlag.AGENT_VIEW,
    Origin.CLIENT_UPDATE: FieldFlag.CLIENT_VIEW | FieldFlag.CLIENT_EDIT,
    Origin.AGENT_UPDATE: FieldFlag.AGENT_EDIT,
}


@dataclass(frozen=True)
class FormPart:
    """A form in its place: `disabled` are the fields that the help topic switched off, `entry` earlier answers."""

    form: Form
    sort: int = 1
    disabled: Collection[int] | None = None
    entry: FormEntry | None = None
    stored: Mapping[int, StoredAnswer] = field(default_factory=dict)


class BoundField:
    """One field of a form that is being filled in."""

    def __init__(self, form: BoundForm, form_field: FormField, *, is_asked: bool, initial: Any) -> None:
        """Take the field; nothing is parsed until it is asked for."""
        self.form = form
        self.field = form_field
        self.type: FieldType = type_of(form_field)
        self.is_asked = is_asked
        self._initial = initial

    # --- What is shown ------------------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """The label."""
        return self.field.label

    @property
    def hint(self) -> str:
        """The text below the input."""
        return self.field.hint or ""

    @property
    def name(self) -> str:
        """The name of the input."""
        return f"{self.form.prefix}{NAME_PREFIX}{self.field.pk}"

    @property
    def id(self) -> str:
        """The id of the input."""
        return f"id_{self.name}"

    @property
    def hint_html(self) -> SafeString:
        """The hint as safe HTML."""
        return shown_answer(self.hint)

    @property
    def files_name(self) -> str:
        """The name of the file input beside a message."""
        return f"{self.name}{ThreadEntryType.FILES}"

    @property
    def upload_url(self) -> str:
        """Where a page uploads the files of this field before the form is sent."""
        return reverse(f"{'agent' if self.form.asked.is_agent else 'portal'}:upload", args=[self.field.pk])

    @property
    def errors_shown(self) -> list[str]:
        """The errors for people: osTicket's empty ones say nothing (osticket/forms.md §4.1)."""
        return [error or str(_("This is not in the required form")) for error in self.errors]

    @property
    def attributes(self) -> SafeString:
        """The attributes of the input, with id, name, and what ties hint and errors to it."""
        described = {"aria-describedby": self.described_by} if self.described_by else {}
        return self._attributes({"id": self.id, **self._state, **described})

    @property
    def inner_attributes(self) -> SafeString:
        """The attributes of the first input of a group, which itself has the id and the description."""
        return self._attributes({"id": f"{self.id}_1st", **self._state})

    @property
    def group_attributes(self) -> SafeString:
        """The attributes of a group of inputs."""
        return flatatt({"aria-describedby": self.described_by} if self.described_by else {})

    @property
    def _state(self) -> dict[str, str | bool]:
        state: dict[str, str | bool] = {"required": self.required and not self._has_files}
        return {**state, "aria-invalid": "true"} if self.errors else state

    @property
    def _has_files(self) -> bool:
        return self.control.template == "files" and bool(self.control.choices)

    def _attributes(self, more: Mapping[str, str | bool]) -> SafeString:
        given = {name: value for name, value in self.control.attributes.items() if value != ""}
        return flatatt({"name": self.name, **given, **more})

    @property
    def described_by(self) -> str:
        """The ids of hint and errors, for `aria-describedby`."""
        parts = [f"{self.id}_hint"] if self.hint else []
        return " ".join([*parts, *([f"{self.id}_errors"] if self.errors else [])])

    @property
    def required(self) -> bool:
        """Whether an answer is demanded of whoever is asked."""
        flag = FieldFlag.AGENT_REQUIRED if self.form.asked.is_agent else FieldFlag.CLIENT_REQUIRED
        return bool((self.field.flags or 0) & flag) and self.type.key not in _NEVER_REQUIRED

    @cached_property
    def control(self) -> Control:
        """How the field is asked for, filled with what was submitted, else with the earlier answer."""
        return self.type.control(self.field, self.shown, self.form.asked)

    @property
    def template(self) -> str:
        """The template of the control."""
        return f"forms/controls/{self.control.template}.html"

    @property
    def shown(self) -> Any:
        """What the control holds: the submission, also one with errors; else the earlier answer."""
        if self.form.is_bound:
            return self.clean if isinstance(self.clean, Mapping | Message) else self.submitted
        return self._initial

    # --- What was submitted -------------------------------------------------------------------------------------------

    @property
    def was_posted_by_page(self) -> bool:
        """Whether our own page sent the value, not a program under the name of the field."""
        posted = self.form.posted
        return posted.has(self.name) or bool(posted.files(self.name)) or str(self.field.pk) in self.form.asked_by_page

    @cached_property
    def submitted(self) -> Any:
        """The submitted value, None when there is none or nobody may submit one."""
        if not self.is_asked:
            return None
        if self.was_posted_by_page:
            return self.type.read(self.field, self.form.posted, self.name)
        for name in (self.field.name, str(self.field.pk)):
            if name and (found := self.type.read_named(self.field, self.form.posted, name)) is not None:
                return found
        return None

    @cached_property
    def clean(self) -> Any:
        """The Python value of the submission."""
        return self.type.parse(self.field, self.submitted)

    @cached_property
    def errors(self) -> list[str]:
        """What is wrong with the submission; nothing when the field is not asked for."""
        if not (self.form.is_bound and self.form.is_judged and self.is_asked) or self.type.is_presentation:
            return []
        if self.was_posted_by_page and (misread := self.type.misread(self.field, self.submitted, self.clean)):
            return misread
        return self.type.errors(self.field, self.clean, required=self.required)

    @property
    def stored(self) -> StoredAnswer:
        """The columns of the answer."""
        return self.type.to_database(self.field, self.clean)


_NEVER_REQUIRED = {"break", "info"}


class BoundPart:
    """One form with its bound fields."""

    def __init__(self, part: FormPart, fields: Sequence[BoundField]) -> None:
        """Take both."""
        self.part = part
        self.all_fields = fields

    @property
    def form(self) -> Form:
        """The form."""
        return self.part.form

    @property
    def id(self) -> str:
        """The id of the group of fields."""
        return f"form-{self.form.pk}"

    @property
    def title(self) -> str:
        """The title of the form."""
        return self.form.title

    @property
    def instructions(self) -> SafeString:
        """The instructions as safe HTML, '' without any."""
        return shown_answer(self.form.instructions or "")

    @property
    def fields(self) -> list[BoundField]:
        """The fields that are asked for."""
        return [bound for bound in self.all_fields if bound.is_asked]


class BoundForm:
    """The forms that one page asks for, or that one document answers."""

    def __init__(
        self,
        parts: Iterable[FormPart | Form | None],
        *,
        asked: Asked,
        origin: Origin | None = None,
        data: Mapping[Any, Any] | None = None,
        files: MultiValueDict[str, Any] | None = None,
        initial: Mapping[str | int, Any] | None = None,
        accepts: Accepts | None = None,
        only: Collection[int] | None = None,
        prefix: str = "",
        is_judged: bool = True,
    ) -> None:
        """Bind forms.

        `data` None shows the forms with their earlier answers or `initial` (by name or field id, as submitted). `only`
        narrows the fields down (editing a single one). `accepts` replaces the rule of `origin`. Without `is_judged` the
        page is shown again with what was typed so far, before anybody asks whether it is right.
        """
        self.asked = asked
        self.origin = origin or (Origin.AGENT if asked.is_agent else Origin.CLIENT)
        self.is_bound = data is not None
        self.posted = Posted(data, files, upload_owner=asked.upload_owner)
        self.prefix = prefix
        self.is_judged = is_judged
        self.asked_by_page = frozenset(map(str, self.posted.many(f"{prefix}{MARKER}")))
        self._accepts = accepts or self.origin.accepts
        self._only = only
        self._initial = {str(key).casefold(): value for key, value in (initial or {}).items()}
        found = [FormPart(part) if isinstance(part, Form) else part for part in parts if part is not None]
        fields = _fields_of([part.form for part in found])
        self.parts = [self._bound(part, fields.get(part.form.pk, [])) for part in found]

    @property
    def marker(self) -> str:
        """The name of the hidden inputs that say which boxes were on the page."""
        return f"{self.prefix}{MARKER}"

    def _bound(self, part: FormPart, fields: Sequence[FormField]) -> BoundPart:
        off = frozenset(part.disabled or ())
        bound = [
            BoundField(self, each, is_asked=self._is_asked(each), initial=self._initial_of(part, each))
            for each in fields
            if each.pk not in off
        ]
        return BoundPart(part, bound)

    def _is_asked(self, form_field: FormField) -> bool:
        return self._accepts(form_field) and (self._only is None or form_field.pk in self._only)

    def _initial_of(self, part: FormPart, form_field: FormField) -> Any:
        stored = part.stored.get(form_field.pk)
        if stored is not None:
            field_type = type_of(form_field)
            return field_type.submitted_form(form_field, field_type.from_database(form_field, stored))
        return self._initial.get(str(form_field.pk), self._initial.get(form_field.name.casefold()))

    def __iter__(self) -> Iterator[BoundField]:
        """Give all fields that are asked for."""
        return (bound for part in self.parts for bound in part.fields)

    def field(self, field_id: int) -> BoundField:
        """Give one field; KeyError when the forms have none with this id."""
        for part in self.parts:
            for bound in part.all_fields:
                if bound.field.pk == field_id:
                    return bound
        raise KeyError(field_id)

    def named(self, name: str) -> BoundField | None:
        """Give the first field with this variable name, in any case."""
        fields = (bound for part in self.parts for bound in part.all_fields)
        return next((bound for bound in fields if bound.field.name.casefold() == name.casefold()), None)

    @cached_property
    def errors(self) -> dict[int, list[str]]:
        """What is wrong, by field id."""
        return {bound.field.pk: bound.errors for bound in self if bound.errors}

    @property
    def error_summary(self) -> list[tuple[BoundField, str]]:
        """What is wrong, in the order of the page, with the fields to go to."""
        return [(bound, error) for bound in self for error in bound.errors]

    def is_valid(self) -> bool:
        """Whether something was submitted and nothing is wrong with it."""
        return self.is_bound and self.is_judged and not self.errors

    @property
    def cleaned(self) -> dict[int, Any]:
        """The Python values of the fields that are asked for and hold data, by field id."""
        return {bound.field.pk: bound.clean for bound in self if not bound.type.is_presentation}

    def answers(self) -> dict[str | int, Any]:
        """Give the clean values of answer rows by field id, as `create_ticket` takes them."""
        return {bound.field.pk: bound.clean for bound in self if has_answers(bound.field)}

    def value(self, name: str) -> Any:
        """Give the clean value of the field with this variable name, None without one."""
        bound = self.named(name)
        return bound.clean if bound else None


def _fields_of(forms: Collection[Form]) -> dict[int, list[FormField]]:
    """Read the fields of all forms in one query."""
    found: dict[int, list[FormField]] = {}
    if forms:
        for each in FormField.objects.filter(form__in=forms).order_by("sort", "id"):
            found.setdefault(each.form_id or 0, []).append(each)
    return found


def bind(parts: Iterable[FormPart | Form | None], **options: Any) -> BoundForm:
    """Bind forms; see `BoundForm`."""
    return BoundForm(parts, **options)
