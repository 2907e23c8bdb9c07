"""Who may come in: one authentication backend per door (setting AUTHENTICATION_BACKENDS)."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q, QuerySet, Subquery
from django.http import HttpRequest

from helpdesk.accounts.models import Account
from helpdesk.accounts.selectors import agent_by_sign_in_name
from helpdesk.accounts.services.accounts import account_for_agent, upgrade_hash
from helpdesk.legacy.passwords import check_password_at_sign_in
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.people.models import Agent
from helpdesk.people.selectors import agents_with_access, first_with_access

LOCAL_BACKENDS = (None, "", "local")
"""Values of `staff.backend` under which the password stored here counts (osticket/auth.md §12)."""

# All rows are of one agent, so that nothing needs an order.
_agents_of_account = PreparedRead(
    Agent, lambda account_id: agents_with_access(Q(pk=Subquery(_agent_id(account_id)))).order_by()
)


def _agent_id(account_id: int) -> QuerySet[Account, Any]:
    return Account.objects.filter(pk=account_id, kind=Account.Kind.AGENT).values_list("legacy_id")


class DoorBackend(BaseBackend):
    """Gives the account of a session, if it is of the door's kind and its person may still sign in."""

    kind: Account.Kind

    def get_user(self, user_id: int) -> Account | None:
        """Give the account, None when the person is gone, inactive or of the other kind."""
        account = Account.objects.filter(pk=user_id, kind=self.kind).first()
        return account if account and account.is_active else None


class AgentBackend(DoorBackend):
    """Agents by user name, e-mail address or number, with the password of the `staff` row (osticket/auth.md §3)."""

    kind = Account.Kind.AGENT

    def get_user(self, user_id: int) -> Account | None:
        """Give the account of an active agent with the agent and his roles, in one query (most requests ask for it)."""
        agent = first_with_access(_agents_of_account.all(user_id))
        if agent is None or not agent.isactive:
            return None
        account = Account.from_db(None, ["id", "kind", "legacy_id"], [user_id, self.kind, agent.pk])
        account.agent = agent
        return account

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, userid: str, password: str
    ) -> Account | None:
        """Give the account for the right password, else None, which takes as long for unknown names.

        Inactive agents and those of another sign-in backend are refused. A weak stored hash is replaced.
        """
        agent = agent_by_sign_in_name(userid)
        stored = agent.passwd if agent and self.may_sign_in(agent) else None
        check = check_password_at_sign_in(password, stored)
        if agent is None or not check.accepted:
            return None
        if check.new_hash:
            upgrade_hash(agent, check.new_hash)
        return account_for_agent(agent)

    @staticmethod
    def may_sign_in(agent: Agent) -> bool:
        """Whether the password stored here may open the door for this agent."""
        return agent.isactive and agent.backend in LOCAL_BACKENDS


class EndUserBackend(DoorBackend):
    """End users; the ways in are tokens and passwords of `user_account`, which the portal's sign-in adds."""

    kind = Account.Kind.END_USER
