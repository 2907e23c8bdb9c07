"""Reads about people that are more than one queryset."""

from collections.abc import Mapping, Sequence

from django.db.models import FilteredRelation, Q, QuerySet

from helpdesk.configuration.models import QuickNote
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.people.access import AgentAccess, remember_access
from helpdesk.people.models import Agent, Department, EndUser, Organization, Team, UserEmail


def agents_with_access(condition: Q) -> QuerySet[Agent]:
    """Give the agents that fulfil the condition with department, role and the roles in other departments: a row for
    each of these. `first_with_access` makes one agent of them.

    This is what every request of an agent begins with: `access_of` asks for no more than departments and teams then.
    """
    agents = Agent.objects.filter(condition).annotate(extended=FilteredRelation("department_access"))
    return agents.select_related("dept", "role", "extended__role").order_by("pk")  # type: ignore[misc]


def first_with_access(rows: Sequence[Agent]) -> Agent | None:
    """Give the first agent among these rows of `agents_with_access`, with his reach; None where there are none."""
    if not rows:
        return None
    agent = rows[0]
    accesses = [getattr(row, "extended", None) for row in rows if row.pk == agent.pk]
    remember_access(AgentAccess(agent, [row for row in accesses if row is not None]))
    return agent


def department_names() -> Mapping[int, str]:
    """Give the full name of every department, its ancestry joined by ` / `, in one query."""
    departments = {row.pk: row for row in Department.objects.only("name", "path")}
    return {
        pk: " / ".join(departments[step].name for step in _steps(department.path) if step in departments)
        or department.name
        for pk, department in departments.items()
    }


_SELDOM_ASKED = (
    *("user__created", "user__updated", "user__org__domain", "user__org__extra"),
    *("user__org__created", "user__org__updated"),
)
# No two rows have one address, so that nothing needs an order.
_of_address = PreparedRead(
    UserEmail,
    lambda text: UserEmail.objects.filter(address=text).select_related("user__org").defer(*_SELDOM_ASKED),
)


def user_of_address(address: str) -> EndUser | None:
    """Give the user who has this address, as default or as a further one, in any letter case."""
    text = "".join(character for character in address if character.isprintable()).strip()
    found = _of_address.first(text)
    user = found.user if found is not None else None
    if found is not None and user is not None and user.default_email_id == found.pk:
        user.default_email = found  # as nearly always: spares a join
    return user


def organization_of_address(address: str) -> Organization | None:
    """Give the organization that lists the domain of an address, the first one in table order.

    The domain is what follows the first `@`; it must equal an entry of the list, without regard to case. An entry
    like `.example.com` never matches, as in osTicket (osticket/routing.md §4).
    """
    domain = address.partition("@")[2].strip().lower()
    if not domain:
        return None
    for organization in Organization.objects.filter(domain__icontains=domain).order_by("pk"):
        if domain in (entry.strip().lower() for entry in organization.domain.split(",")):
            return organization
    return None


def note_owner(on: EndUser | Organization) -> str:
    """Give what `note.ext_id` holds for notes on a user or an organization (osticket/tickets.md §15.6)."""
    return f"U{on.pk}" if isinstance(on, EndUser) else f"O{on.pk}"


def notes_on(user: EndUser | None = None, organization: Organization | None = None) -> list[QuickNote]:
    """Give the notes on a user, those on his organization among them, or on an organization, in their order."""
    owners = [note_owner(user)] if user is not None else []
    if user is not None and user.org_id:
        owners.append(f"O{user.org_id}")
    if organization is not None:
        owners.append(note_owner(organization))
    return list(QuickNote.objects.filter(ext_id__in=owners).order_by("sort", "created", "pk"))


def account_manager(organization: Organization) -> Agent | Team | None:
    """Give the agent or team that looks after an organization; None for nobody and for one who is gone."""
    kind, number = organization.manager[:1], organization.manager[1:]
    if not (number.isascii() and number.isdigit()):
        return None
    if kind == "s":
        return Agent.objects.filter(pk=int(number)).first()
    return Team.objects.filter(pk=int(number)).first() if kind == "t" else None


def _steps(path: str) -> list[int]:
    return [int(step) for step in path.split("/") if step.isdigit()]
