"""The permission keys that osTicket stores as JSON in roles and agents (osticket/tickets.md §3.1)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from helpdesk.configuration.snapshot import is_true


class RolePermission(StrEnum):
    """What a role allows in the department where an agent holds it (`role.permissions`)."""

    TICKET_CREATE = "ticket.create"
    TICKET_EDIT = "ticket.edit"
    TICKET_ASSIGN = "ticket.assign"
    TICKET_RELEASE = "ticket.release"
    TICKET_TRANSFER = "ticket.transfer"
    TICKET_REFER = "ticket.refer"
    TICKET_MERGE = "ticket.merge"
    TICKET_LINK = "ticket.link"
    TICKET_REPLY = "ticket.reply"
    TICKET_MARK_ANSWERED = "ticket.markanswered"
    TICKET_CLOSE = "ticket.close"
    TICKET_DELETE = "ticket.delete"
    THREAD_EDIT = "thread.edit"
    TASK_CREATE = "task.create"
    TASK_EDIT = "task.edit"
    TASK_ASSIGN = "task.assign"
    TASK_TRANSFER = "task.transfer"
    TASK_REPLY = "task.reply"
    TASK_CLOSE = "task.close"
    TASK_DELETE = "task.delete"
    CANNED_MANAGE = "canned.manage"


class AgentPermission(StrEnum):
    """What an agent may do regardless of departments (`staff.permissions`)."""

    USER_CREATE = "user.create"
    USER_EDIT = "user.edit"
    USER_DELETE = "user.delete"
    USER_MANAGE = "user.manage"
    USER_DIRECTORY = "user.dir"
    ORG_CREATE = "org.create"
    ORG_EDIT = "org.edit"
    ORG_DELETE = "org.delete"
    FAQ_MANAGE = "faq.manage"
    STATS_AGENTS = "stats.agents"
    SEARCH_ALL = "search.all"
    VISIBILITY_AGENTS = "visibility.agents"
    VISIBILITY_DEPARTMENTS = "visibility.departments"
    EMAILS_BANLIST = "emails.banlist"


def granted(stored: Any) -> frozenset[str]:
    """Give the keys that a stored permission object grants: those with a value that PHP takes for true.

    NULL, '' and anything that is no JSON object grant nothing.
    """
    if not isinstance(stored, dict):
        return frozenset()
    return frozenset(key for key, value in stored.items() if is_true(value))


def stored_form(keys: Iterable[str]) -> dict[str, int]:
    """Give what the column holds for these keys, in a stable order."""
    return dict.fromkeys(sorted(str(key) for key in keys), 1)


def replaced(stored: Any, keys: Iterable[str], *, known: type[StrEnum]) -> Any:
    """Give what a column holds after its known keys became exactly `keys`.

    Keys that are unknown here belong to another program and stay as they are. Where nothing changes, the stored value
    is given back as it was, whatever its form.
    """
    names, wanted = {str(member) for member in known}, {str(key) for key in keys}
    if granted(stored) & names == wanted:
        return stored
    unknown = {key: value for key, value in stored.items() if key not in names} if isinstance(stored, dict) else {}
    return {**stored_form(wanted), **unknown}
