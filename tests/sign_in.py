"""Signing in without typing a password: what tests of pages behind a door need."""

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client
from django.utils import timezone

from helpdesk.accounts.doors import AGENT_DOOR, PORTAL_DOOR, Door
from helpdesk.accounts.gate import ADDRESS_KEY, LAST_SEEN_KEY
from helpdesk.accounts.models import Account
from helpdesk.accounts.services import account_for_agent
from helpdesk.accounts.sessions import SessionStore
from helpdesk.people.models import Agent, EndUser


def sign_in_agent(client: Client, agent: Agent) -> Client:
    """Give the client the session of an agent; the agent's row stays as it is."""
    return _enter(client, AGENT_DOOR, account_for_agent(agent))


def sign_in_user(client: Client, user: EndUser) -> Client:
    """Give the client the session of an end user."""
    account, _ = Account.objects.get_or_create(kind=Account.Kind.END_USER, legacy_id=user.pk)
    return _enter(client, PORTAL_DOOR, account)


def agent_client(agent: Agent) -> Client:
    """Give a new client signed in as this agent."""
    return sign_in_agent(Client(), agent)


def _enter(client: Client, door: Door, account: Account) -> Client:
    session = SessionStore(door=door.name)
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = door.backend
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session[LAST_SEEN_KEY] = int(timezone.now().timestamp())
    session[ADDRESS_KEY] = "127.0.0.1"
    session.save()
    for at in door.paths:
        cookie = door.cookie_name(at.suffix)
        client.cookies[cookie] = session.session_key or ""
        client.cookies[cookie]["path"] = at.path
    return client
