"""The language of variables, `%{ticket.name.first}`: in mails, prepared answers and pages (osticket/mail.md §9)."""

from helpdesk.variables.common import common_roots
from helpdesk.variables.language import Expansion, Part, Value, VariableObject, expand

__all__ = ["Expansion", "Part", "Value", "VariableObject", "common_roots", "expand"]
