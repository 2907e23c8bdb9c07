"""The refusals of the domain."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed


@pytest.mark.parametrize("kind", [ValidationFailed, PermissionRefused, NotFound, Conflict])
def test_a_refusal_carries_code_message_and_field(kind: type[DomainError]) -> None:
    refusal = kind(_("No such %(thing)s.") % {"thing": "ticket"}, code="no_such_thing", field="ticket")
    assert isinstance(refusal, DomainError)
    assert (str(refusal), refusal.code, refusal.field) == ("No such ticket.", "no_such_thing", "ticket")
    assert repr(refusal) == f"{kind.__name__}('No such ticket.', code='no_such_thing', field='ticket')"


def test_the_message_is_translated_when_it_is_read() -> None:
    refusal = NotFound(_("Yes"), code="x")
    with translation.override("de"):
        assert str(refusal) == "Ja"
    assert str(refusal) == "Yes"
