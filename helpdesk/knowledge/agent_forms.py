"""The forms in which agents write FAQs, categories and canned responses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.uploads import Uploaded
from helpdesk.knowledge.constants import CategoryVisibility, FaqPublication
from helpdesk.knowledge.faq_pages import FileLine
from helpdesk.knowledge.file_controls import SeveralFilesField
from helpdesk.knowledge.models import CannedResponse, Faq, FaqCategory
from helpdesk.knowledge.registries import help_topics
from helpdesk.knowledge.services import CannedDraft, CategoryDraft, FaqDraft
from helpdesk.legacy.errors import DomainError
from helpdesk.people.models import Department


def rich_text(rows: int, *, source_first: bool = False) -> forms.Textarea:
    """Give the control for a text with markup; the editor takes it over where scripts run.

    The HTML itself can be written, too; `source_first` shows it where the editor would not keep all of it.
    """
    return forms.Textarea(
        attrs={"rows": rows, "data-rich-text": "", "data-rich-source": "first" if source_first else ""}
    )


class TextForm(forms.Form):
    """What the three have in common: notes, and refusals of the services at the right field."""

    notes = forms.CharField(
        label=_("Internal notes"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order: list[str]

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused: at the field that it names, else above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))

    def choose(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        """Set the choices of a field."""
        field: Any = self.fields[name]
        field.choices = list(choices)


class CategoryForm(TextForm):
    """A category."""

    name = forms.CharField(label=_("Name"), max_length=125)
    parent = forms.TypedChoiceField(label=_("Below"), coerce=int, required=False, empty_value="")
    visibility = forms.TypedChoiceField(
        label=_("Visible"),
        coerce=int,
        choices=CategoryVisibility.choices,
        help_text=_("Private: agents only. Featured: on the start page of the portal, too."),
    )
    description = forms.CharField(label=_("Description"), widget=rich_text(5))
    field_order = ["name", "parent", "visibility", "description", "notes"]

    def __init__(self, *args: Any, category: FaqCategory | None = None, **kwargs: Any) -> None:
        """Offer the other categories as parents."""
        super().__init__(*args, **kwargs)
        others = FaqCategory.objects.exclude(pk=category.pk if category else 0).order_by("name")
        self.choose("parent", [(0, _("— nothing: it stands on top —")), *((row.pk, str(row)) for row in others)])

    def draft(self) -> CategoryDraft:
        """Give what the service takes."""
        data = self.cleaned_data
        return CategoryDraft(
            name=data["name"],
            description=data["description"],
            visibility=CategoryVisibility(data["visibility"]),
            parent_id=data["parent"] or 0,
            notes=data["notes"],
        )

    @staticmethod
    def initial_of(category: FaqCategory) -> dict[str, Any]:
        """Give what the form shows of a row."""
        return {
            "name": category.name,
            "parent": category.parent_id or 0,
            "visibility": category.ispublic,
            "description": category.description,
            "notes": category.notes,
        }


class FilesForm(TextForm):
    """A text with files beside it."""

    kept = forms.MultipleChoiceField(
        label=_("Attached files"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("Untick to remove.")
    )
    attachments = SeveralFilesField(label=_("Attach files"), required=False)

    def __init__(self, *args: Any, attached: Iterable[FileLine] = (), owner: str = "", **kwargs: Any) -> None:
        """Show the files that are attached; `owner` is whose uploads are taken."""
        super().__init__(*args, **kwargs)
        SeveralFilesField.set_owner(self, owner)
        self.kept_files: list[Uploaded] = []
        lines = list(attached)
        if lines:
            self.choose("kept", [(str(line.id), line.name) for line in lines])
            self.initial.setdefault("kept", [str(line.id) for line in lines])
        else:
            del self.fields["kept"]

    def keep_files(self) -> None:
        """Store the files of a form that is shown again."""
        files = self.fields.get("attachments")
        if isinstance(files, SeveralFilesField):
            self.kept_files = files.keep()

    @property
    def kept_ids(self) -> list[int]:
        """The attachments that stay."""
        return [int(one) for one in self.cleaned_data.get("kept", ())]


class FaqForm(FilesForm):
    """An FAQ."""

    question = forms.CharField(label=_("Question"), max_length=255)
    category = forms.TypedChoiceField(label=_("Category"), coerce=int)
    publication = forms.TypedChoiceField(
        label=_("Visible"),
        coerce=int,
        choices=FaqPublication.choices,
        help_text=_("Internal: agents only. What is public shows in a public category alone."),
    )
    answer = forms.CharField(label=_("Answer"), widget=rich_text(14))
    topics = forms.TypedMultipleChoiceField(
        label=_("Help topics"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ["question", "category", "publication", "answer", "kept", "attachments", "topics", "notes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer categories and help topics."""
        super().__init__(*args, **kwargs)
        self.choose("category", [(row.pk, str(row)) for row in FaqCategory.objects.order_by("name")])
        self.choose("topics", help_topics())

    def draft(self) -> FaqDraft:
        """Give what the service takes."""
        data = self.cleaned_data
        return FaqDraft(
            question=data["question"],
            answer=data["answer"],
            category_id=data["category"],
            publication=FaqPublication(data["publication"]),
            topic_ids=data["topics"],
            notes=data["notes"],
            files=data["attachments"],
            kept=self.kept_ids,
        )

    @staticmethod
    def initial_of(faq: Faq) -> dict[str, Any]:
        """Give what the form shows of a row."""
        return {
            "question": faq.question,
            "category": faq.category_id,
            "publication": faq.ispublished,
            "answer": faq.answer,
            "topics": sorted(faq.topics.values_list("topic_id", flat=True)),
            "notes": faq.notes or "",
        }


class CannedForm(FilesForm):
    """A canned response."""

    title = forms.CharField(label=_("Title"), max_length=255)
    is_enabled = forms.BooleanField(label=_("Offered to agents"), required=False, initial=True)
    department = forms.TypedChoiceField(
        label=_("Department"),
        coerce=int,
        required=False,
        empty_value="",
        help_text=_("Offered for tickets of this department only."),
    )
    response = forms.CharField(
        label=_("Text"),
        widget=rich_text(12),
        help_text=_("Variables such as %{ticket.name.first} and %{ticket.number} are replaced when it is used."),
    )
    field_order = ["title", "is_enabled", "department", "response", "kept", "attachments", "notes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer departments."""
        super().__init__(*args, **kwargs)
        departments = Department.objects.order_by("name").values_list("pk", "name")
        self.choose("department", [(0, _("— all departments —")), *departments])

    def draft(self) -> CannedDraft:
        """Give what the service takes."""
        data = self.cleaned_data
        return CannedDraft(
            title=data["title"],
            response=data["response"],
            department_id=data["department"] or 0,
            is_enabled=data["is_enabled"],
            notes=data["notes"],
            files=data["attachments"],
            kept=self.kept_ids,
        )

    @staticmethod
    def initial_of(canned: CannedResponse) -> dict[str, Any]:
        """Give what the form shows of a row."""
        return {
            "title": canned.title,
            "is_enabled": canned.isenabled,
            "department": canned.dept_id or 0,
            "response": canned.response,
            "notes": canned.notes or "",
        }
