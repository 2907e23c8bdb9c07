"""The verbs of signing in. Each room below holds one subject; import from here."""

from helpdesk.accounts.services.accounts import account_for_agent
from helpdesk.accounts.services.administrators import create_administrator
from helpdesk.accounts.services.passwords import change_agent_password, set_agent_password
from helpdesk.accounts.services.sign_in import SignInRefused, confirm_second_factor, sign_in_agent, sign_out

__all__ = [
    "SignInRefused",
    "account_for_agent",
    "change_agent_password",
    "confirm_second_factor",
    "create_administrator",
    "set_agent_password",
    "sign_in_agent",
    "sign_out",
]
