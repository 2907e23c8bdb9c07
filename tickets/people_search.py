"""Finding a person while the agent is still typing: by name, address or telephone number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormAnswer
from helpdesk.legacy.characters import clean_text
from helpdesk.people.models import EndUser, UserEmail
from tickets.names import address_of, shown_user

SHOWN_PEOPLE = 8
SHORTEST_QUERY = 2
SHORTEST_WORD = 3
"""From here on names are also searched for words inside them, which reads all names."""
SHORTEST_NUMBER = 4
LONGEST_QUERY = 100


@dataclass(frozen=True)
class FoundPerson:
    """An end user as a choice."""

    id: int
    name: str
    email: str
    organization: str

    @property
    def label(self) -> str:
        """One line of text."""
        return " · ".join(part for part in (self.name, self.email, self.organization) if part)


def find_people(text: str) -> list[FoundPerson]:
    """Give the first few people whose name, address or telephone number fits; names that begin so come first.

    Costs one statement for each way to look, and none after enough were found.
    """
    text = " ".join(clean_text(text).split())[:LONGEST_QUERY]
    if len(text) < SHORTEST_QUERY:
        return []
    found: dict[int, None] = {}
    for ids in _ways(text):
        found |= dict.fromkeys(ids[: SHOWN_PEOPLE - len(found)] if len(found) else ids[:SHOWN_PEOPLE])
        if len(found) >= SHOWN_PEOPLE:
            break
    return people(found)


def people(ids: Iterable[int]) -> list[FoundPerson]:
    """Give people by id, in this order."""
    wanted = list(ids)[:SHOWN_PEOPLE]
    users = EndUser.objects.select_related("default_email", "org").in_bulk(wanted)
    return [
        FoundPerson(pk, shown_user(users[pk]), address_of(users[pk]), users[pk].org.name if users[pk].org else "")
        for pk in wanted
        if pk in users
    ]


def _ways(text: str) -> Iterable[QuerySet[EndUser, int]]:
    yield EndUser.objects.filter(name__folded_startswith=text).order_by("name", "pk").values_list("pk", flat=True)
    addresses = UserEmail.objects.filter(address__folded_startswith=text)
    yield addresses.order_by("address").values_list("user_id", flat=True)  # type: ignore[misc]
    digits = re.sub(r"\D", "", text)
    if len(digits) >= SHORTEST_NUMBER and not re.search(r"[^\d\s()+/.-]", text):
        answers = FormAnswer.objects.filter(
            field__form__type=EntryObject.USER, field__type="phone", value__contains=digits
        )
        yield answers.order_by("entry__object_id").values_list("entry__object_id", flat=True)  # type: ignore[misc]
    if len(text) >= SHORTEST_WORD:
        yield EndUser.objects.filter(name__folded_contains=text).order_by("name", "pk").values_list("pk", flat=True)
