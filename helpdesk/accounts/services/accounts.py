"""The account that stands for a person, and the hash in the person's own column."""

from django.db import transaction
from django.utils.timezone import now

from helpdesk.accounts.models import Account
from helpdesk.people.models import Agent


@transaction.atomic
def account_for_agent(agent: Agent) -> Account:
    """Give the account of an agent, made at the first sign-in and kept in step with the agent's names.

    A name that belonged to another agent before is taken from that one's account.
    """
    account, _ = Account.objects.get_or_create(kind=Account.Kind.AGENT, legacy_id=agent.pk)
    names = {"username": agent.username or None, "email": agent.email or None}
    if any(getattr(account, column) != value for column, value in names.items()):
        _take_names(account, names)
    account.agent = agent
    return account


def _take_names(account: Account, names: dict[str, str | None]) -> None:
    others = Account.objects.filter(kind=account.kind).exclude(pk=account.pk)
    for column, value in names.items():
        if value:
            others.filter(**{column: value}).update(**{column: None})
        setattr(account, column, value)
    account.save(update_fields=list(names))


def upgrade_hash(agent: Agent, new_hash: str) -> None:
    """Store a stronger hash of the same password, unless another program changed the password meanwhile."""
    stored = Agent.objects.filter(pk=agent.pk, passwd=agent.passwd)
    if stored.update(passwd=new_hash):
        agent.passwd = new_hash


def store_password(agent: Agent, password_hash: str, *, change_due: bool) -> None:
    """Store a new password; the hash is what sessions hang on, so all sessions of the agent end (see `Account`)."""
    moment = now()
    agent.passwd, agent.change_passwd = password_hash, change_due
    agent.passwdreset = agent.updated = moment
    agent.save(update_fields=["passwd", "change_passwd", "passwdreset", "updated"])
