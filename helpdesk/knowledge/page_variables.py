"""Variables in the pages that administrators write: `%{url}`, `%{company.name}` (osticket/mail.md §9)."""

import re
from collections.abc import Callable, Mapping

from django.utils.html import escape

from helpdesk import configuration
from helpdesk.forms.selectors import company_answers

_VARIABLE = re.compile(r"%(?:\{|%7B)(?P<name>[A-Za-z_][\w._]+)(?:\}|%7D)", re.IGNORECASE)
Root = Callable[[str], str]
"""Gives the text for what follows the first point of a variable's name ('' for nothing)."""


def with_variables(html: str) -> str:
    """Give the HTML of a page with the variables replaced that every page knows; others stay as they are.

    Values are text and go in escaped. To be called before the HTML is cleaned, so that an address which a value
    completes is judged as a whole. The company is looked up only for a page that names it.
    """
    return replace_variables(html, {"url": lambda rest: _help_desk_url(), "company": _Company()})


def replace_variables(html: str, roots: Mapping[str, Root]) -> str:
    """Replace `%{root.rest}` in HTML by the escaped texts of the roots; variables of other roots stay.

    Roots are told apart by case. What a value holds is not expanded again (osticket/mail.md §9.1).
    """

    def value(variable: re.Match[str]) -> str:
        root, _, rest = variable["name"].partition(".")
        return escape(roots[root](rest)) if root in roots else variable[0]

    return _VARIABLE.sub(value, html)


def _help_desk_url() -> str:
    return configuration.current().text("helpdesk_url").rstrip("/")


class _Company:
    """The company form: its name, or the answer to the field that is named, whatever its case."""

    def __init__(self) -> None:
        self._answers: dict[str, str] | None = None

    def __call__(self, rest: str) -> str:
        if self._answers is None:
            self._answers = {name.lower(): text for name, text in company_answers().items()}
        return self._answers.get(rest.lower() or "name", "")
