"""What every text with variables knows: the help desk's address and the company (osticket/mail.md §9.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import SimpleLazyObject

from helpdesk import configuration
from helpdesk.configuration.kept import Kept
from helpdesk.forms.models import FormAnswer
from helpdesk.forms.selectors import company_answers
from helpdesk.variables.language import VariableObject


def common_roots() -> dict[str, Any]:
    """Give what every template knows: the help desk's address and the company."""
    return {"url": configuration.current().text("helpdesk_url").rstrip("/"), "company": CompanyVariable()}


_company = Kept(lambda: {name.lower(): text for name, text in company_answers().items()})
_company.forget_with(FormAnswer)


class CompanyVariable(VariableObject):
    """The company, by its form."""

    def __init__(self) -> None:
        """Look the answers up when they are asked for."""
        self._answers: Any = SimpleLazyObject(_company)

    def shown(self) -> str:
        """Give its name."""
        return str(self._answers.get("name", "") or configuration.current().text("helpdesk_title"))

    def properties(self) -> Mapping[str, Callable[[], Any]]:
        """Give the name."""
        return {"name": self.shown}

    def other(self, name: str) -> str:
        """Give the answer to a field."""
        return str(self._answers.get(name, ""))
