"""The language of e-mail templates, `%{ticket.name.first}` (osticket/mail.md §9)."""

from helpdesk.mail.variables.language import Expansion, Part, Value, VariableObject, expand
from helpdesk.mail.variables.roots import Roots, register_root, roots_of

__all__ = ["Expansion", "Part", "Roots", "Value", "VariableObject", "expand", "register_root", "roots_of"]
