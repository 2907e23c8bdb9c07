"""Signing in and out at the agents' door (osticket/auth.md §3 and §4)."""

import datetime
from typing import Any, NoReturn, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY, authenticate, login, logout
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, to_locale

from helpdesk import configuration
from helpdesk.accounts.backends import AgentBackend
from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.device import device_of
from helpdesk.accounts.doors import AGENT_DOOR
from helpdesk.accounts.gate import remember_presence
from helpdesk.accounts.letters import SIGN_IN_CODE, write_letter
from helpdesk.accounts.models import Account
from helpdesk.accounts.second_factor import (
    MOST_TRIES,
    PendingSignIn,
    SecondFactor,
    accepts_code,
    new_mailed_code,
    second_factor_of,
)
from helpdesk.accounts.selectors import agent_by_sign_in_name
from helpdesk.accounts.services.accounts import account_for_agent
from helpdesk.accounts.services.tokens import forget_tokens, token_row
from helpdesk.accounts.sign_in_log import note_excess, note_failure, note_second_step, note_sign_in, note_sign_out
from helpdesk.accounts.throttle import Attempt, Limits, SessionStrikes
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.legacy.passwords import FORM_BYTES
from helpdesk.people.models import Agent

MONTH = datetime.timedelta(seconds=2629800)
LONGEST_USERID = 255
STRANGERS_SESSION_SECONDS = 3600
CAME_BY_LINK = "came_by_link"
"""In the session of an agent who has forgotten his password and chooses a new one."""


class SignInRefused(PermissionRefused):
    """The door stays closed; the message says no more than osTicket's does."""


def sign_in_agent(request: HttpRequest, *, userid: str, password: str) -> bool:
    """Sign an agent in with the password; True when done, False when the code of the second step is due.

    `userid` is a user name, an e-mail address or the number of the agent. The session gets a new id. Raises
    SignInRefused with osTicket's texts; unknown names take as long as wrong passwords. Failures are counted and logged.
    """
    userid, password = userid.strip()[:LONGEST_USERID], password[:FORM_BYTES]
    limits = Limits.for_agents()
    strikes = SessionStrikes(request.session, limits)
    attempt = _attempt(request, agent_by_sign_in_name(userid), userid, limits=limits)
    if strikes.are_out or not attempt.begin():
        _refuse_for_now(request, attempt, userid)
    account = authenticate(request, userid=userid, password=password)
    if not isinstance(account, Account) or account.agent is None:
        _refuse(request, strikes, limits, userid)
    strikes.clear()
    attempt.succeed()
    return _take_next_step(request, account)


def sign_in_agent_by_token(request: HttpRequest, *, token: str, userid: str, now: datetime.datetime) -> bool:
    """Sign an agent in who forgot his password, by the link of a mail and his name; a new password is due then.

    True when done, False when the code of the second step is due. A token is good once and for `pw_reset_window`
    minutes (osTicket lets it be good for hours, and again; osticket/auth.md §7). Raises SignInRefused for any other,
    for a name that is not that of its agent, and after too many wrong names.
    """
    row = token_row(token)
    minutes = configuration.current().integer("pw_reset_window", 30)
    made = row.updated if row is not None else None
    is_good = made is not None and now - made <= datetime.timedelta(minutes=minutes)
    limits = Limits.for_agents()
    attempt = Attempt("agent link", f"token {token[:LONGEST_USERID]}", client_address(request), limits)
    if not attempt.begin():
        _refuse_for_now(request, attempt, userid.strip()[:LONGEST_USERID])
    agent = agent_by_sign_in_name(userid.strip()[:LONGEST_USERID])
    is_his = row is not None and agent is not None and row.value == str(agent.pk)
    if agent is None or not is_good or not is_his or not may_reset_agent(agent):
        message = gettext_lazy("This link is no longer good, or belongs to another name. Ask for a new one.")
        raise SignInRefused(message, code="token_invalid")
    attempt.succeed()
    forget_tokens(agent)
    return _take_next_step(request, account_for_agent(agent), came_by_link=True)


def may_reset_agent(agent: Agent) -> bool:
    """Whether the password of an agent may be replaced by mail: it must be kept here, and there must be one."""
    return AgentBackend.may_sign_in(agent) and bool(agent.passwd) and bool(agent.email)


def confirm_second_factor(request: HttpRequest, *, code: str) -> None:
    """Complete the sign-in that waits for a code. Raises SignInRefused; after three wrong codes it is over."""
    pending, account = _pending(request)
    agent = account.agent
    factor = second_factor_of(agent.pk) if agent else None
    if agent is None or factor is None or not factor.can_be_asked_for:
        _start_over(request)
    attempt = _attempt(request, agent, agent.username, limits=Limits.for_agents(), door="agent code")
    if not attempt.begin():
        request.session.flush()
        _refuse_for_now(request, attempt, agent.username)
    is_right = accepts_code(agent.pk, factor.key, code) if factor.key is not None else pending.has_mailed(code)
    if not is_right:
        note_second_step(request, "second_factor_failed", agent.pk)
        pending.count_try(request.session)
        if pending.tries + 1 >= MOST_TRIES:
            _start_over(request)
        raise SignInRefused(gettext_lazy("Invalid Code"), code="invalid_code", field="code")
    attempt.succeed()
    _check_is_admitted(request, agent, factor)
    _complete(request, account, came_by_link=came_by_link(request))


def sign_out(request: HttpRequest) -> None:
    """End the session on the server; harmless for somebody who is not signed in."""
    if isinstance(request.user, Account):
        note_sign_out(request, request.user)
    logout(request)


def _take_next_step(request: HttpRequest, account: Account, *, came_by_link: bool = False) -> bool:
    """Let the agent in, or ask for the code of his second step; whether he is in."""
    agent = account.agent
    assert agent is not None  # noqa: S101 -- callers have looked
    factor = second_factor_of(agent.pk)
    _check_is_admitted(request, agent, factor)
    if factor is None:
        _complete(request, account, came_by_link=came_by_link)
        return True
    code, code_id = new_mailed_code() if factor.is_by_mail else ("", "")
    PendingSignIn.begin(request.session, account, code=code)
    if came_by_link:
        request.session[CAME_BY_LINK] = True
    if code:
        write_letter(agent, SIGN_IN_CODE, key=f"code {code_id}", now=timezone.now(), code_id=code_id)
    return False


def came_by_link(request: HttpRequest) -> bool:
    """Whether this session began with the link of a mail, so that nobody knows the current password."""
    return bool(request.session.get(CAME_BY_LINK))


def _attempt(
    request: HttpRequest, agent: Agent | None, userid: str, *, limits: Limits, door: str = AGENT_DOOR.name
) -> Attempt:
    """An agent has one count under all names that lead to him; an unknown name has its own."""
    address = client_address(request)
    if agent is None:
        return Attempt(door, f"name {userid.lower()}", address, limits)
    account = Account.objects.filter(kind=Account.Kind.AGENT, legacy_id=agent.pk).first()
    return Attempt(door, f"agent {agent.pk}", address, limits, device_of(request, AGENT_DOOR, account))


def _refuse_for_now(request: HttpRequest, attempt: Attempt, userid: str) -> NoReturn:
    if attempt.is_first_refused():
        note_excess(request, userid)
    raise SignInRefused(gettext_lazy("Maximum failed login attempts reached"), code="too_many_attempts")


def _refuse(request: HttpRequest, strikes: SessionStrikes, limits: Limits, userid: str) -> NoReturn:
    failures = strikes.add()
    if SESSION_KEY not in request.session:  # a stranger's session need not live for a day
        request.session.set_expiry(max(STRANGERS_SESSION_SECONDS, limits.pause_seconds))
    note_failure(request, userid, failures=failures, limits=limits)
    raise SignInRefused(gettext_lazy("Access denied"), code="access_denied")


def _check_is_admitted(request: HttpRequest, agent: Agent, factor: SecondFactor | None) -> None:
    """Refuse while only administrators may work, and where the second step cannot be taken here."""
    current = configuration.current()
    if not current.boolean("isonline") and not agent.isadmin:
        raise SignInRefused(gettext_lazy("System Offline"), code="offline")
    is_reachable = factor is None or not factor.is_by_mail or bool(agent.email)
    if factor is not None and not (factor.can_be_asked_for and is_reachable):
        note_second_step(request, "second_factor_unavailable", agent.pk)
        message = gettext_lazy("Your second sign-in step is not available here. Ask an administrator to reset it.")
        raise SignInRefused(message, code="second_factor_unavailable")
    if factor is None and current.boolean("require_agent_2fa"):
        note_second_step(request, "second_factor_missing", agent.pk)
        message = gettext_lazy("Two Factor Authentication configuration required to continue")
        raise SignInRefused(message, code="second_factor_missing")


def _pending(request: HttpRequest) -> tuple[PendingSignIn, Account]:
    pending = PendingSignIn.of(request.session)
    account = Account.objects.filter(pk=pending.account_id, kind=Account.Kind.AGENT).first() if pending else None
    if pending is None or account is None or not account.is_active or not pending.is_for(account):
        _start_over(request)
    return pending, account


def _start_over(request: HttpRequest) -> NoReturn:
    request.session.flush()
    raise SignInRefused(gettext_lazy("Please sign in again."), code="second_factor_expired")


def _complete(request: HttpRequest, account: Account, *, came_by_link: bool = False) -> None:
    """Open a session of its own id and nothing from before in it; note the visit as osTicket does."""
    agent = account.agent
    assert agent is not None  # noqa: S101 -- callers have looked
    _note_visit(agent, password_is_due=came_by_link)
    request.session.flush()
    login(request, account, backend=AGENT_DOOR.backend)
    if came_by_link:
        request.session[CAME_BY_LINK] = True
    idle_seconds = configuration.current().integer("staff_session_timeout") * 60
    if idle_seconds > settings.SESSION_COOKIE_AGE:
        request.session.set_expiry(idle_seconds)
    remember_presence(request)
    note_sign_in(request, account)


def _note_visit(agent: Agent, *, password_is_due: bool) -> None:
    """Set `lastlogin` and the language of the browser, drop reset tokens, make an expired password due."""
    agent.lastlogin = timezone.now()
    extra: dict[str, Any] = agent.extra if isinstance(agent.extra, dict) else {}
    agent.extra = cast(Any, {**extra, "browser_lang": _language()})
    agent.change_passwd = agent.change_passwd or password_is_due or is_password_expired(agent)
    agent.save(update_fields=["lastlogin", "extra", "change_passwd"])
    forget_tokens(agent)


def _language() -> str:
    """The language of the browser as osTicket names it: `en_US`, `de`."""
    language = get_language() or settings.LANGUAGE_CODE
    is_default = settings.LANGUAGE_CODE.split("-")[0] == language
    return to_locale(settings.LANGUAGE_CODE if is_default else language)


def is_password_expired(agent: Agent) -> bool:
    """Whether the password is older than `passwd_reset_period` months (0: they never expire; osticket/auth.md §2)."""
    months = configuration.current().integer("passwd_reset_period")
    since = agent.passwdreset or agent.created
    return months > 0 and since is not None and timezone.now() - since > months * MONTH
