"""Controls for files that come with a text: an answer to a ticket, an FAQ, a canned response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from helpdesk.forms.field_types.files import UPLOAD_GONE, upload_ticket
from helpdesk.forms.uploads import Uploaded, message_field, problem_of, uploaded_files
from helpdesk.threads.bodies import NewFile

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


class SeveralFilesInput(forms.ClearableFileInput):
    """A file control that takes several files at once, and tickets of files that were uploaded before."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile[Any] | str]:
        """Give both; a browser sends an empty text for a control without a file."""
        tickets = data.getlist(name) if hasattr(data, "getlist") else []
        uploads = files.getlist(name) if hasattr(files, "getlist") else []
        return [*(str(ticket) for ticket in tickets if ticket), *uploads]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the control was not sent at all."""
        return name not in files and name not in data


class SeveralFilesField(forms.FileField):
    """Several files, uploaded with the form or before it; cleans to a list, empty when nothing was chosen.

    What it takes is what messages on tickets take. `good` are the files without a problem, also when others have one.
    The form sets `owner`, whose uploads it takes (`Asked.upload_owner`); without one it takes none.
    """

    widget = SeveralFilesInput

    def __init__(self, **kwargs: Any) -> None:
        """Begin without files."""
        super().__init__(**kwargs)
        self.owner = ""
        self.good: list[NewFile] = []

    def clean(self, data: Any, initial: Any = None) -> list[NewFile]:
        """Check each file; raises ValidationError with all that is wrong."""
        field = message_field()
        given = data if isinstance(data, list) else []
        tickets = [one for one in given if isinstance(one, str)]
        kept = uploaded_files(field, tickets, owner=self.owner) if field else []
        self.good = [NewFile(name, file) for file, name in kept]
        problems = []
        if len(kept) < len(set(tickets)):
            problems.append(str(UPLOAD_GONE))
        for upload in (one for one in given if not isinstance(one, str)):
            problem = problem_of(field, upload)
            if problem is None:
                self.good.append(NewFile(upload.name or "", upload, media_type=upload.content_type or ""))
            else:
                problems.append(problem)
        if problems:
            raise forms.ValidationError(problems)
        return self.good

    @staticmethod
    def set_owner(form: forms.BaseForm, owner: str) -> None:
        """Say whose uploads a form takes, where it takes files."""
        for field in form.fields.values():
            if isinstance(field, SeveralFilesField):
                field.owner = owner

    def keep(self) -> list[Uploaded]:
        """Store the good files of a form that is shown again: a browser never fills a file control in again."""
        field = message_field()
        if field is None:
            return []
        stored = [(new, new.stored()) for new in self.good]
        return [
            Uploaded(upload_ticket(field.pk, file.pk, new.name, owner=self.owner), new.name, file.size)
            for new, file in stored
        ]
