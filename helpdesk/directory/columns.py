"""What the columns of a list hold: found by their headings, else by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import has_answers
from helpdesk.forms.models import FormField
from helpdesk.forms.selectors import fields_of, form_for
from helpdesk.people.validation import is_address

EMAIL, NAME, FIRST, LAST, ORGANIZATION = "email", "name", "first", "last", "organization"
NOTHING = ""
_KNOWN = {
    EMAIL: (_("E-mail address"), "email", "email address", "e-mail", "mail", "e-mail address", "e-mail-adresse"),
    NAME: (_("Name"), "name", "full name", "fullname", "display name", "vollständiger name"),
    FIRST: (_("First name"), "first name", "firstname", "given name", "vorname", "prénom", "nombre"),
    LAST: (_("Last name"), "last name", "lastname", "surname", "family name", "nachname", "apellidos"),
    ORGANIZATION: (_("Organization"), "organization", "organisation", "company", "firma", "org", "organization name"),
}


@dataclass(frozen=True)
class Target:
    """Something that a column may hold: `key` in `UserImport.columns`; a field of the contact form by its number."""

    key: str
    label: str
    field: FormField | None = None


def targets() -> list[Target]:
    """Give everything that a list may say of a user, in the order of pages."""
    form = form_for(EntryObject.USER)
    fields = [field for field in (fields_of(form) if form else []) if _may_be_imported(field)]
    known = [Target(key, str(words[0])) for key, words in _KNOWN.items()]
    return [*known, *(Target(str(field.pk), field.label, field) for field in fields)]


def found_columns(first: Sequence[str], second: Sequence[str], offered: Sequence[Target]) -> tuple[list[str], bool]:
    """Give what each column holds, '' where nobody knows, and whether the first row has headings."""
    names = _names(offered)
    by_heading = _each_once([names.get(_normal(cell), NOTHING) for cell in first])
    if any(by_heading) and not any(is_address(cell) for cell in first):
        return by_heading, True
    guessed = [EMAIL if is_address(cell) else NOTHING for cell in first]
    if EMAIL not in guessed and any(is_address(cell) for cell in second):
        return _guess_name([EMAIL if is_address(cell) else NOTHING for cell in second], second), True
    return _guess_name(_each_once(guessed), first), False


def _guess_name(columns: list[str], cells: Sequence[str]) -> list[str]:
    """Take the first column with letters, besides the address, for the name."""
    for place, cell in enumerate(cells[: len(columns)]):
        if columns[place] == NOTHING and re.search(r"[^\W\d_]", cell):
            columns[place] = NAME
            break
    return columns


def _names(offered: Sequence[Target]) -> dict[str, str]:
    names: dict[str, str] = {}
    for target in offered:
        if target.field is not None:
            words = [target.field.label, target.field.name]
        else:
            words = [str(word) for word in _KNOWN[target.key]]
            with override("en"):
                words.append(str(_KNOWN[target.key][0]))
        for word in words:
            names.setdefault(_normal(word), target.key)
    names.pop("", None)
    return names


def _normal(text: str) -> str:
    return " ".join(re.sub(r"[_.:*]", " ", text).casefold().split())


def _each_once(columns: list[str]) -> list[str]:
    seen: set[str] = set()
    once = []
    for key in columns:
        once.append(NOTHING if key in seen else key)
        seen.add(key)
    return once


def _may_be_imported(field: FormField) -> bool:
    flags = field.flags or 0
    return (
        bool(flags & FieldFlag.ENABLED and flags & FieldFlag.AGENT_EDIT)
        and has_answers(field)
        and field.type != "files"
    )
