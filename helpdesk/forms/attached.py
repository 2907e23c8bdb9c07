"""Files of answers: links to them, and who may open them.

An attachment of an answer names field and entry only as a checksum (osticket/forms.md §4.7), so its links say which
answer it is. They are believed only when that answer exists and holds the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from helpdesk.files.access import register_gate
from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of, display_name
from helpdesk.forms.field_types.base import StoredAnswer, type_of
from helpdesk.forms.field_types.files import ATTACHMENT_TYPE, Files, attachment_object
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.forms.selectors import AnsweredForm
from helpdesk.legacy.ids import id_in

ObjectGate = Callable[[HttpRequest, int, FormField], bool]
PARAMETER = "answer"
_gates: dict[str, ObjectGate] = {}


def register_object_gate(object_type: str, gate: ObjectGate) -> None:
    """Let `gate` decide who sees an answer about an object of this type; without one nobody opens its files."""
    _gates[object_type] = gate


def linked_files(forms: Collection[AnsweredForm], links: LinkMaker) -> dict[tuple[int, int], SafeString]:
    """Give the links of all files in these answers, by entry and field; one query where there are any, else none."""
    places = {
        attachment_object(answer.field.pk, form.entry.pk): (form.entry.pk, answer.field.pk)
        for form in forms
        for answer in form.answers
        if isinstance(answer.clean, Files) and answer.clean
    }
    found = attachments_of(ATTACHMENT_TYPE, list(places)) if places else {}
    return {places[object_id]: _links(places[object_id], rows, links) for object_id, rows in found.items()}


def _links(place: tuple[int, int], attachments: Collection[Attachment], links: LinkMaker) -> SafeString:
    query = urlencode({PARAMETER: f"{place[0]}-{place[1]}"})
    rows = ((f"{links.url(each)}&{query}", display_name(each)) for each in attachments)
    return format_html_join(", ", '<a href="{}">{}</a>', rows)


def may_open_answer_file(request: HttpRequest, attachment: Attachment) -> bool:
    """Whether the person may see the answer that the link names, and that answer holds the file."""
    entry_id, _dash, field_id = request.GET.get(PARAMETER, "").partition("-")
    entry_number, field_number = id_in(entry_id), id_in(field_id)
    if entry_number is None or field_number is None:
        return False
    if attachment_object(field_number, entry_number) != attachment.object_id:
        return False
    answers = FormAnswer.objects.filter(entry=entry_number, field=field_number).select_related("field", "entry")
    answer = answers.first()
    if answer is None or answer.field is None or not _holds(answer, attachment):
        return False
    entry: FormEntry = answer.entry
    gate = _gates.get(entry.object_type)
    return gate is not None and entry.object_id is not None and gate(request, entry.object_id, answer.field)


def _holds(answer: FormAnswer, attachment: Attachment) -> bool:
    clean = type_of(answer.field).from_database(answer.field, StoredAnswer(answer.value))
    return isinstance(clean, Files) and str(attachment.file_id) in clean


def register_answer_gate() -> None:
    """Guard the files of answers."""
    register_gate(ATTACHMENT_TYPE, may_open_answer_file)
