"""What the variables of e-mail templates stand for, `%{ticket.name.first}` (osticket/mail.md §9)."""

from helpdesk.mail.variables.roots import Roots, register_root, roots_of
from helpdesk.variables import Expansion, Part, Value, VariableObject, expand

__all__ = ["Expansion", "Part", "Roots", "Value", "VariableObject", "expand", "register_root", "roots_of"]
