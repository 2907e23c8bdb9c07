"""Changing the password of an agent (osticket/auth.md §2)."""

from django.db import transaction
from django.utils.translation import gettext_lazy

from helpdesk.accounts.services.accounts import store_password
from helpdesk.accounts.throttle import Attempt, Limits
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.legacy.passwords import FORM_BYTES, check_new_password, hash_password, verify_password
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import Agent

RESET_TOKENS = "pwreset"
"""Configuration namespace of the tokens with which a forgotten password may be replaced (osticket/auth.md §7)."""


def change_agent_password(agent: Agent, *, current_password: str, new_password: str, actor: Actor) -> None:
    """Let an agent replace the own password after typing the current one.

    Every session of the agent ends (the view keeps its own), reset tokens vanish. Raises PermissionRefused for any
    other actor and after too many wrong guesses (a session may be stolen), ValidationFailed (osTicket's texts) for a
    wrong current password and for what the policy forbids.
    """
    if actor.kind is not ActorKind.AGENT or actor.agent is None or actor.agent.pk != agent.pk:
        raise PermissionRefused(gettext_lazy("Only the agent may change this password."), code="password_of_another")
    attempt = Attempt("agent password", f"agent {agent.pk}", actor.ip_address, Limits.for_agents())
    if not attempt.begin():
        raise PermissionRefused(gettext_lazy("Maximum failed login attempts reached"), code="too_many_attempts")
    if not verify_password(current_password[:FORM_BYTES], agent.passwd):
        raise ValidationFailed(
            gettext_lazy("The current password is not right."), code="password_wrong", field="current_password"
        )
    attempt.succeed()
    _replace(agent, new_password, current_password=current_password, change_due=False)


def set_agent_password(agent: Agent, *, new_password: str, change_due: bool, actor: Actor) -> None:
    """Give an agent a password; `change_due` makes the agent replace it at the next sign-in.

    For administrators and the system. Raises PermissionRefused, ValidationFailed.
    """
    by = actor.agent
    if not (actor.kind is ActorKind.SYSTEM or (by is not None and by.isactive and by.isadmin)):
        raise PermissionRefused(gettext_lazy("Only administrators may set passwords."), code="password_of_another")
    is_unchanged = verify_password(new_password, agent.passwd)
    _replace(agent, new_password, current_password=new_password if is_unchanged else None, change_due=change_due)


def _replace(agent: Agent, new_password: str, *, current_password: str | None, change_due: bool) -> None:
    try:
        check_new_password(new_password, current=current_password)
        password_hash = hash_password(new_password)
    except ValidationFailed as refusal:
        raise ValidationFailed(refusal.message, code=refusal.code, field="new_password") from refusal
    with transaction.atomic():
        store_password(agent, password_hash, change_due=change_due)
        forget_reset_tokens(agent)


def forget_reset_tokens(agent: Agent) -> None:
    """Delete the tokens with which this agent's password could be replaced."""
    ConfigItem.objects.filter(namespace=RESET_TOKENS, value=str(agent.pk)).delete()
