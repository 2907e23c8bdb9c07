"""The forms in which administrators edit the options of a field, one per type (osticket/forms.md §4).

`configuration()` of a valid form is what `form_field.configuration` holds: texts as text, switches as true and false,
as osTicket's editor writes them. A type of a plugin names its own form in `FieldType.options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.snapshot import is_true
from helpdesk.forms.conditions import Conditions, attribute, differs, equals, visible
from helpdesk.forms.field_types.base import FieldType
from helpdesk.forms.field_types.choices import time_zones
from helpdesk.forms.field_types.dates import parse_date
from helpdesk.forms.rich_text import clean_answer
from helpdesk.legacy.patterns import UnusablePattern, php_pattern

FILE_GROUPS = [("image", _("Images")), ("audio", _("Audio")), ("video", _("Video")), ("text", _("Text"))]


class OptionsForm(forms.Form):
    """Options of one type. Options that the form does not know stay as they are in the field."""

    conditions: ClassVar[Conditions] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Tell the page which options depend on others."""
        kwargs.setdefault("prefix", "options")
        super().__init__(*args, **kwargs)
        for name, condition in self.conditions.items():
            self.fields[name].widget.attrs["data-shown-when"] = attribute(condition)

    @property
    def is_there(self) -> Any:
        """The test whether an option matters beside the others that were submitted."""
        submitted = {name: self[name].data for name in self.fields}
        return visible(self.conditions, submitted)

    def full_clean(self) -> None:
        """Forget what is wrong with options that do not matter."""
        super().full_clean()
        for name in [name for name in self.errors if name in self.fields and not self.is_there(name)]:
            del self.errors[name]

    def configuration(self, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the options to store, over those that the field has."""
        return {**(before or {}), **{name: self.stored(name, value) for name, value in self.cleaned_data.items()}}

    def stored(self, name: str, value: Any) -> Any:
        """Give one option as it is stored."""
        return value if isinstance(value, bool | dict) else "" if value is None else str(value)


def _number(label: Any, *, most: int = 1000, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=most, help_text=help_text)


def _text(label: Any, *, longest: int = 255, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=longest, help_text=help_text)


def _switch(label: Any, *, initial: bool = False, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, initial=initial, help_text=help_text)


def _prompt() -> forms.CharField:
    return _text(_("Prompt"), help_text=_("What the menu says before somebody has chosen"))


_Text = type(
    "_Text",
    (OptionsForm,),
    {
        "__doc__": "Fields of the form for lines of text: one has a name that Python cannot write.",
        "length": _number(_("Longest text"), most=65535, help_text=_("In characters; browsers stop there")),
        "validator": forms.ChoiceField(
            label=_("Must be"),
            required=False,
            choices=[
                ("", _("Any text but formulas")),
                ("email", _("An e-mail address")),
                ("phone", _("A telephone number")),
                ("ip", _("An IP address")),
                ("number", _("A number")),
                ("regex", _("Text that matches a pattern")),
            ],
        ),
        "regex": _text(
            _("Pattern"), longest=4000, help_text=_("A regular expression between delimiters, such as /^[A-Z]{3}$/i")
        ),
        "validator-error": _text(_("What to say otherwise")),
        "placeholder": _text(_("Placeholder")),
    },
)


class TextOptions(_Text):  # type: ignore[valid-type, misc]
    """A line of text."""

    conditions = {"regex": equals("validator", "regex"), "validator-error": differs("validator", "")}

    def clean_regex(self) -> str:
        """Refuse a pattern that cannot be run."""
        pattern = str(self.cleaned_data["regex"])
        if self.cleaned_data.get("validator") == "regex":
            try:
                php_pattern(pattern)
            except UnusablePattern as error:
                raise forms.ValidationError(str(error)) from None
        return pattern


class MemoOptions(OptionsForm):
    """Several lines."""

    rows = _number(_("Lines"), most=30)
    length = _number(_("Longest text"), most=65535)
    html = _switch(_("Allow formatting"), initial=True)
    placeholder = _text(_("Placeholder"))
    conditions = {"length": equals("html", "")}


class DateOptions(OptionsForm):
    """A date."""

    time = _switch(_("With the time of day"))
    timezone = forms.ChoiceField(label=_("Time zone"), required=False)
    gmt = _switch(_("Show in the reader's time zone"))
    min = _text(_("Earliest"), help_text=_("Such as 2026-01-31"))
    max = _text(_("Latest"), help_text=_("Such as 2026-12-31"))
    future = _switch(_("Dates in the future"), initial=True)
    conditions = {"gmt": equals("time", "1", "on")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer all time zones."""
        super().__init__(*args, **kwargs)
        zones = forms.ChoiceField(
            label=_("Time zone"), required=False, choices=[("", _("That of whoever answers")), *time_zones().items()]
        )
        self.fields["timezone"] = zones

    def clean_min(self) -> str:
        """Refuse what is no date."""
        return _date(self.cleaned_data["min"])

    def clean_max(self) -> str:
        """Refuse what is no date."""
        return _date(self.cleaned_data["max"])


def _date(text: str) -> str:
    if text and parse_date(text) is None:
        raise forms.ValidationError(_("Enter a date, such as 2026-03-04"))
    return text


class PhoneOptions(OptionsForm):
    """A telephone number."""

    ext = _switch(_("Ask for an extension"), initial=True)
    digits = _number(_("Fewest digits"), most=20)
    format = forms.ChoiceField(
        label=_("Show as"), required=False, choices=[("us", _("(555) 010-0123")), ("", _("Digits only"))]
    )


class CheckboxOptions(OptionsForm):
    """A box to tick."""

    desc = _text(_("Text beside the box"), longest=4000)


class ChoicesOptions(OptionsForm):
    """Choices."""

    choices = forms.CharField(
        label=_("Choices"),
        max_length=60000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One per line, key:Label; answers keep the key and the label of their time"),
    )
    default = _text(_("Chosen at first"), help_text=_("A key"))
    prompt = _prompt()
    multiselect = _switch(_("Several can be chosen"))


class FilesOptions(OptionsForm):
    """Files."""

    size = _number(_("Largest file, in bytes"), most=2**31 - 1, help_text=_("Empty: the largest of the help desk"))
    extensions = _text(_("File extensions"), longest=2000, help_text=_("Such as .pdf, .png; empty: all"))
    mimetypes = forms.MultipleChoiceField(
        label=_("Kinds of files"), required=False, choices=FILE_GROUPS, widget=forms.CheckboxSelectMultiple
    )
    max = _number(_("Most files"), most=100)

    def stored(self, name: str, value: Any) -> Any:
        """Kinds are kept with what they are called."""
        if name == "mimetypes":
            return {key: str(label) for key, label in FILE_GROUPS if key in value}
        return super().stored(name, value)


class MessageOptions(FilesOptions):
    """The message of a thread."""

    attachments = _switch(_("Files can be attached"), initial=True)
    field_order = ("attachments",)
    conditions = {name: equals("attachments", "1", "on") for name in ("size", "extensions", "mimetypes", "max")}


class InformationOptions(OptionsForm):
    """A text between fields."""

    content = forms.CharField(
        label=_("Text"), required=False, max_length=60000, widget=forms.Textarea(attrs={"rows": 8})
    )

    def clean_content(self) -> str:
        """Keep what pages may show."""
        return clean_answer(str(self.cleaned_data["content"]))


class PromptOptions(OptionsForm):
    """What only has a prompt."""

    prompt = _prompt()


class AssigneeOptions(PromptOptions):
    """Agents and teams."""

    target = forms.ChoiceField(
        label=_("Offer"),
        required=False,
        choices=[("both", _("Agents and teams")), ("agents", _("Agents")), ("teams", _("Teams"))],
    )


_List = type(
    "_List",
    (OptionsForm,),
    {
        "__doc__": "Fields of the form for lists: one has a name that Python cannot write.",
        "widget": forms.ChoiceField(
            label=_("Show as"),
            required=False,
            choices=[
                ("dropdown", _("Menu")),
                ("typeahead", _("Text that completes itself")),
                ("textbox", _("Text")),
            ],
        ),
        "multiselect": _switch(_("Several can be chosen")),
        "prompt": _prompt(),
        "validator-error": _text(_("What to say when it is not in the list")),
    },
)


class ListOptions(_List):  # type: ignore[valid-type, misc]
    """Items of a list."""

    conditions = {"validator-error": equals("widget", "typeahead", "textbox")}


OPTIONS: dict[str, type[OptionsForm]] = {
    "text": TextOptions,
    "memo": MemoOptions,
    "datetime": DateOptions,
    "phone": PhoneOptions,
    "bool": CheckboxOptions,
    "choices": ChoicesOptions,
    "files": FilesOptions,
    "thread": MessageOptions,
    "info": InformationOptions,
    "priority": PromptOptions,
    "department": PromptOptions,
    "timezone": PromptOptions,
    "assignee": AssigneeOptions,
    "list-": ListOptions,
}


def options_form_of(field_type: FieldType) -> type[OptionsForm] | None:
    """Give the form for the options of a type; None when it has none."""
    return field_type.options or OPTIONS.get(field_type.key)


def initial_options(field_type: FieldType, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options that a field has, defaults included, as the form shows them."""
    found = {**field_type.defaults, **configuration}
    form = options_form_of(field_type)
    for name, each in form.base_fields.items() if form else ():
        if isinstance(each, forms.BooleanField):
            found[name] = is_true(found[name]) if found.get(name) is not None else each.initial
    if isinstance(found.get("mimetypes"), Mapping):
        found["mimetypes"] = list(found["mimetypes"])
    return found
