"""What the first names of variables mean for one mail: built from the ids and texts that its cause noted.

Apps above this one register the roots that they own (`ticket`, `task`); entries, people and the rest are known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpdesk import configuration
from helpdesk.accounts.second_factor import mailed_code
from helpdesk.accounts.services.tokens import token_of
from helpdesk.configuration.kept import Kept
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.readers import user_of
from helpdesk.mail.variables.entries import ENTRIES, EntryVariable, TextVariable, entry_by_id
from helpdesk.mail.variables.people import AgentVariable, UserVariable, shown_html
from helpdesk.people.models import Agent, Department, EndUser
from helpdesk.variables import VariableObject, common_roots

ADMINISTRATOR = "Admin"
"""What `%{recipient}` says to the address in the settings."""


@dataclass
class Roots:
    """The values of one mail by first name; `context` is what the cause noted, `recipient` who reads it."""

    context: Mapping[str, Any]
    recipient: Recipient | None = None
    values: dict[str, Any] = field(default_factory=dict)


RootBuilder = Callable[[Any, Roots], VariableObject | None]
RecipientBuilder = Callable[[Recipient, Roots], VariableObject | None]

_builders: dict[str, RootBuilder] = {}
_recipient_builders: list[RecipientBuilder] = []


def register_root(name: str, builder: RootBuilder) -> None:
    """Let `builder(id, roots)` make the object for `%{name…}` from what `context[name]` holds."""
    _builders[name] = builder


def register_recipient(builder: RecipientBuilder) -> None:
    """Let `builder(recipient, roots)` make `%{recipient…}` for those it knows more of (their link to a ticket)."""
    _recipient_builders.append(builder)


def roots_of(context: Mapping[str, Any], recipient: Recipient | None = None) -> dict[str, Any]:
    """Give the values by first name for a mail with this context, to be read by `recipient`."""
    roots = Roots(context, recipient)
    for name, builder in _builders.items():
        if context.get(name):
            roots.values[name] = builder(context[name], roots)
    for name in ENTRIES:
        if name in context:
            roots.values[name] = _entry(context[name])
    for name in ("assignee", "assigner", "staff", "poster"):
        if name in context:
            roots.values[name] = _person(context[name])
    if "signature" in context:
        roots.values["signature"] = _signature(str(context["signature"] or ""), roots)
    if "activity" in context:
        roots.values["activity"] = _activity(context["activity"])
    if "user" in context:
        roots.values |= _account_letter(context["user"])
    if "account_of" in context:
        roots.values |= _agent_letter(context["account_of"], str(context.get("code") or ""))
    if recipient is not None:
        roots.values["recipient"] = recipient_variable(recipient, roots)
    return {**common_roots(), **roots.values}


def recipient_variable(recipient: Recipient, roots: Roots) -> Any:
    """Give what `%{recipient}` means for somebody."""
    for builder in _recipient_builders:
        found = builder(recipient, roots)
        if found is not None:
            return found
    if recipient.kind is RecipientKind.AGENT:
        agent = _agent(recipient.id)
        return AgentVariable(agent) if agent else recipient.name
    if recipient.kind in {RecipientKind.USER, RecipientKind.COLLABORATOR}:
        user = user_of(recipient)
        return UserVariable(user) if user else recipient.name
    return ADMINISTRATOR


_agent = Kept(lambda agent_id: Agent.objects.select_related("dept").filter(pk=agent_id).first())
_agent.forget_with(Agent, Department)


class ActivityVariable(VariableObject):
    """What happened, in words."""

    def __init__(self, title: str, description: str) -> None:
        """Take both texts."""
        self.title, self.description = title, description

    def shown(self) -> str:
        """Give the title."""
        return self.title

    def properties(self) -> Mapping[str, Callable[[], Any]]:
        """Give both."""
        return {"title": lambda: self.title, "description": lambda: self.description}


def _entry(stored: Any) -> VariableObject | None:
    """Give an entry by its id; a text is one that was never posted. Nothing where there is none."""
    if isinstance(stored, int):
        entry = entry_by_id(stored)
        return EntryVariable(entry) if entry is not None else None
    return TextVariable(str(stored)) if stored else None


def _person(stored: Any) -> Any:
    """Give `{"agent": 3}` or `{"user": 4}` as a person; a text stands for itself."""
    if isinstance(stored, Mapping):
        if stored.get("agent"):
            agent = Agent.objects.select_related("dept").filter(pk=stored["agent"]).first()
            return AgentVariable(agent) if agent else ""
        user = EndUser.objects.select_related("default_email", "org").filter(pk=stored.get("user") or 0).first()
        return UserVariable(user) if user else ""
    return str(stored or "")


def _account_letter(user_id: Any) -> dict[str, Any]:
    """Give the user of a mail about an account, the token that is good now, and the link with it."""
    user = EndUser.objects.select_related("default_email", "org").filter(pk=user_id).first()
    if user is None:
        return {}
    token = token_of(user)
    link = f"{configuration.current().text('helpdesk_url').rstrip('/')}/pwreset.php?token={token}"
    return {"user": UserVariable(user), "token": token, "link": link if token else ""}


def _agent_letter(agent_id: Any, code_id: str) -> dict[str, Any]:
    """Give the agent of a mail about his account, the link with the token that is good now, the code of a sign-in."""
    agent = Agent.objects.select_related("dept").filter(pk=agent_id).first()
    if agent is None:
        return {}
    token = token_of(agent)
    link = f"{configuration.current().text('helpdesk_url').rstrip('/')}/scp/pwreset.php?token={token}" if token else ""
    code = mailed_code(code_id) if code_id else ""
    return {"staff": AgentVariable(agent), "token": token, "link": link, "reset_link": link, "otp": code}


def _activity(stored: Any) -> Any:
    if isinstance(stored, Mapping):
        return ActivityVariable(str(stored.get("title", "")), str(stored.get("description", "")))
    return str(stored or "")


def _signature(chosen: str, roots: Roots) -> Any:
    """Give the signature that was chosen: of the agent who wrote, of the department (when it is public), or none."""
    if chosen == "mine":
        entry = roots.values.get("response") or roots.values.get("message")
        agent = entry.entry.staff if isinstance(entry, EntryVariable) else None
        return shown_html(agent.signature) if agent is not None else ""
    if chosen == "dept":
        department: Department | None = getattr(roots.values.get("ticket"), "department", None)
        return shown_html(department.signature) if department is not None and department.ispublic else ""
    return ""
