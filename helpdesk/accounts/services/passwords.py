"""Changing the password of an agent (osticket/auth.md §2)."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy

from helpdesk.accounts.services.accounts import store_password
from helpdesk.accounts.services.tokens import forget_tokens
from helpdesk.accounts.throttle import Attempt, Limits
from helpdesk.audit.services import HIDDEN, Action, ObjectType, record_change
from helpdesk.configuration.changes import announce
from helpdesk.configuration.defaults import agent_namespace
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.legacy.passwords import FORM_BYTES, check_new_password, hash_password, verify_password
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import Agent
from helpdesk.people.policies import check_is_administrator

SECOND_STEPS = Q(key="default_2fa") | Q(key__startswith="2fa-") | Q(key__startswith="auth.agent")
"""Settings of an agent that make up the second sign-in step (osticket/auth.md §4)."""


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


def replace_forgotten_password(agent: Agent, *, new_password: str, actor: Actor) -> None:
    """Let an agent who came in by a link out of a mail choose a new password without typing the one he forgot.

    The view has seen that this session came in so (`came_by_link`). Raises PermissionRefused for any other actor and
    for an agent of whom no new password is due, ValidationFailed for what the policy forbids.
    """
    if actor.kind is not ActorKind.AGENT or actor.agent is None or actor.agent.pk != agent.pk:
        raise PermissionRefused(gettext_lazy("Only the agent may change this password."), code="password_of_another")
    if not agent.change_passwd:
        raise PermissionRefused(gettext_lazy("Please type your current password."), code="current_password_required")
    is_unchanged = verify_password(new_password[:FORM_BYTES], agent.passwd)
    _replace(agent, new_password, current_password=new_password if is_unchanged else None, change_due=False)


def set_agent_password(agent: Agent, *, new_password: str, change_due: bool, actor: Actor) -> None:
    """Give an agent a password; `change_due` makes the agent replace it at the next sign-in.

    For administrators and the system. Raises PermissionRefused, ValidationFailed.
    """
    by = actor.agent
    if not (actor.kind is ActorKind.SYSTEM or (by is not None and by.isactive and by.isadmin)):
        raise PermissionRefused(gettext_lazy("Only administrators may set passwords."), code="password_of_another")
    is_unchanged = verify_password(new_password, agent.passwd)
    with transaction.atomic():
        before = HIDDEN if agent.passwd else None
        _replace(agent, new_password, current_password=new_password if is_unchanged else None, change_due=change_due)
        changes = {"passwd": [before, HIDDEN]}
        record_change(actor, Action.CHANGED, ObjectType.AGENT, agent.pk, agent.username, changes)


@transaction.atomic
def reset_second_factor(agent: Agent, *, actor: Actor) -> bool:
    """Forget the second sign-in step of an agent who lost it; the password alone opens the door again.

    Gives whether there was one. Raises PermissionRefused for anybody but administrators and the system.
    """
    check_is_administrator(actor)
    rows = ConfigItem.objects.filter(namespace=agent_namespace(agent.pk)).filter(SECOND_STEPS)
    keys = sorted(rows.values_list("key", flat=True))
    if not keys:
        return False
    announce(agent_namespace(agent.pk), dict.fromkeys(keys))
    rows.delete()
    changes = {key: [HIDDEN, None] for key in keys}
    record_change(actor, Action.CHANGED, ObjectType.AGENT, agent.pk, agent.username, changes)
    return True


def _replace(agent: Agent, new_password: str, *, current_password: str | None, change_due: bool) -> None:
    try:
        check_new_password(new_password, current=current_password)
        password_hash = hash_password(new_password)
    except ValidationFailed as refusal:
        raise ValidationFailed(refusal.message, code=refusal.code, field="new_password") from refusal
    with transaction.atomic():
        store_password(agent, password_hash, change_due=change_due)
        forget_tokens(agent)
