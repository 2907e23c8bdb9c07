"""The verbs of signing in. Each room below holds one subject; import from here."""

from helpdesk.accounts.services.accounts import account_for_agent
from helpdesk.accounts.services.administrators import create_administrator
from helpdesk.accounts.services.agent_password_reset import ask_for_agent_password_reset
from helpdesk.accounts.services.passwords import (
    change_agent_password,
    replace_forgotten_password,
    reset_second_factor,
    set_agent_password,
)
from helpdesk.accounts.services.sign_in import (
    SignInRefused,
    came_by_link,
    confirm_second_factor,
    sign_in_agent,
    sign_in_agent_by_token,
    sign_out,
)
from helpdesk.accounts.services.user_accounts import (
    AccountDraft,
    activate_account,
    change_account,
    lock_account,
    register_user,
    require_new_password,
    send_activation_mail,
    send_password_reset_mail,
    unlock_account,
)

__all__ = [
    "AccountDraft",
    "SignInRefused",
    "account_for_agent",
    "activate_account",
    "ask_for_agent_password_reset",
    "came_by_link",
    "change_account",
    "change_agent_password",
    "confirm_second_factor",
    "create_administrator",
    "lock_account",
    "register_user",
    "replace_forgotten_password",
    "require_new_password",
    "reset_second_factor",
    "send_activation_mail",
    "send_password_reset_mail",
    "set_agent_password",
    "sign_in_agent",
    "sign_in_agent_by_token",
    "sign_out",
    "unlock_account",
]
