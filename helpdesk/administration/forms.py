"""Forms whose saving is a service: fields are declared, rows are written by `helpdesk/people/services` and its like."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Model

from helpdesk.administration.theme import dress
from helpdesk.audit.meanwhile import CHANGED_MEANWHILE, SEEN, mark_of
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm


class ServiceForm(ModelForm):
    """A form of Django's admin that never touches the row itself.

    Subclasses declare the fields, give their initial values and call the service in `perform`. `refusal` is what the
    service said when it was called with the same input before: it stands at its field when the form is shown again.
    """

    refusal: DomainError | None = None
    FIELDS_BY_NAME: dict[str, str] = {}
    """Fields that the service calls otherwise: its name to the form's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill the fields from the row."""
        super().__init__(*args, **kwargs)
        self.shown = self.initial_values(self.instance)
        self.initial = {**self.shown, **self.initial}
        self.prepare(self.instance)
        for field in self.fields.values():
            dress(field)

    def initial_values(self, row: Any) -> dict[str, Any]:
        """Give what the fields show; `row` is unsaved on the page for a new one."""
        raise NotImplementedError

    def prepare(self, row: Any) -> None:
        """Set choices and rows of the fields, which are read from the database."""

    def perform(self, actor: Actor) -> Model:
        """Call the service with the cleaned data and give the saved row. Raises DomainError."""
        raise NotImplementedError

    @property
    def mark(self) -> str:
        """Give the mark of what the form showed when it was sent; of what there is once the refusal is shown."""
        if self.instance.pk is None:
            return ""
        told = self.refusal is not None and self.refusal.code == CHANGED_MEANWHILE
        sent = "" if told else str(self.data.get(SEEN, ""))
        return sent or mark_of(self.shown)

    def clean(self) -> dict[str, Any]:
        """Show the refusal of the service where it belongs."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.refusal is not None:
            field = self.FIELDS_BY_NAME.get(self.refusal.field or "", self.refusal.field)
            self.add_error(field if field in self.fields else None, str(self.refusal))
        return cleaned

    def _post_clean(self) -> None:
        """Leave the row alone: building and checking it is the service's work."""

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Set the choices of a field."""
        field: Any = self.fields[name]
        field.choices = choices

    def number(self, name: str) -> int:
        """Give the id that was chosen, 0 for none."""
        return int(self.cleaned_data.get(name) or 0)
