"""Which tickets: `Ticket.objects.visible_to(…)` is the only way to a list of them (osticket/tickets.md §3.3, §4.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, EndUser, Organization
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Collaborator, Referral
from tickets.constants import TicketFlag, TicketState

if TYPE_CHECKING:
    from tickets.models import Ticket  # noqa: F401 -- the type argument of the class

NOTHING = Q(pk__in=())
_TICKET_THREADS = (ObjectType.TICKET, ObjectType.MERGED_TICKET)


class TicketQuerySet(QuerySet["Ticket"]):
    """Tickets, restricted to what somebody may see."""

    def visible_to(self, who: Agent | AgentAccess, *, open_status_ids: Collection[int] | None = None) -> TicketQuerySet:
        """Give the tickets that this agent sees in lists.

        `open_status_ids` spares the join to the statuses when the caller knows them. Administrators see no more than
        others. Closed tickets that are only referred to the agent or a team are not listed, though they open by their
        address (`accessible_to`).
        """
        access = _access(who)
        own = _assigned_to(access) | _referred_to(agents={access.agent.pk}, teams=access.team_ids)
        condition = _is_open(open_status_ids) & own
        if not access.agent.assigned_only:
            condition |= _in_departments_of(access) | _referred_to(departments=access.department_ids)
        return self.filter(condition)

    def accessible_to(self, who: Agent | AgentAccess) -> TicketQuerySet:
        """Give the tickets that this agent may open by address: the test for a single ticket (§3.3 step 1).

        Besides the visible ones these are closed tickets referred to the agent or a team, and, for agents who are
        restricted to assigned tickets, those referred to one of their departments.
        """
        access = _access(who)
        condition = (_is_open(None) & _assigned_to(access)) | _referred_to(
            agents={access.agent.pk}, teams=access.team_ids, departments=access.department_ids
        )
        if not access.agent.assigned_only:
            condition |= _in_departments_of(access)
        return self.filter(condition)

    def accessible_to_user(self, user: EndUser) -> TicketQuerySet:
        """Give the tickets that an end user may open (osticket/tickets.md §5).

        Own ones, those on which the user collaborates, those of the organization as far as it shares them, and those
        into which one of these was merged.
        """
        condition = Q(user=user) | _collaborates(user)
        if user.org is not None and _sees_organization(user, user.org):
            condition |= Q(user__org=user.org)
        merged = self.model._default_manager.alias(
            merged_bits=F("flags").bitand(int(TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS))
        ).exclude(merged_bits=0)
        children = merged.filter(condition, parent=OuterRef("pk"))
        return self.filter(condition | Q(Exists(children)))

    def referred_to_agent(self, who: Agent | AgentAccess) -> TicketQuerySet:
        """Give the tickets referred to this agent, to a team or to a department of this agent."""
        access = _access(who)
        return self.filter(
            _referred_to(agents={access.agent.pk}, teams=access.team_ids, departments=access.department_ids)
        )

    def without_merged_children(self) -> TicketQuerySet:
        """Leave out tickets that were merged into another one; linked ones stay (osticket/queues.md §4)."""
        annotated = self.alias(linked_bit=F("flags").bitand(int(TicketFlag.LINKED)))
        return annotated.filter(Q(parent__isnull=True) | Q(linked_bit=int(TicketFlag.LINKED)))


def _access(who: Agent | AgentAccess) -> AgentAccess:
    return who if isinstance(who, AgentAccess) else access_of(who)


def _collaborates(user: EndUser) -> Q:
    """Whether the user is a collaborator of the thread, active or not."""
    rows = Collaborator.objects.filter(
        user=user, thread__object_id=OuterRef("pk"), thread__object_type__in=_TICKET_THREADS
    )
    return Q(Exists(rows))


def _sees_organization(user: EndUser, organization: Organization) -> bool:
    if organization.status & OrganizationFlag.SHARE_EVERYBODY:
        return True
    is_contact = bool(user.status & UserFlag.PRIMARY_CONTACT)
    return is_contact and bool(organization.status & OrganizationFlag.SHARE_PRIMARY_CONTACTS)


def _is_open(open_status_ids: Collection[int] | None) -> Q:
    if open_status_ids is None:
        return Q(status__state=TicketState.OPEN)
    return Q(status__in=open_status_ids)


def _assigned_to(access: AgentAccess) -> Q:
    condition = Q(staff=access.agent.pk)
    return condition | Q(team__in=access.team_ids) if access.team_ids else condition


def _in_departments_of(access: AgentAccess) -> Q:
    return Q(dept__in=access.department_ids) if access.department_ids else NOTHING


def _referred_to(*, agents: Collection[int] = (), teams: Collection[int] = (), departments: Collection[int] = ()) -> Q:
    """Whether the ticket's thread (of a merged ticket: the thread it left) is referred to one of these."""
    named: dict[str, Any] = {ObjectType.AGENT: agents, ObjectType.TEAM: teams, ObjectType.DEPARTMENT: departments}
    condition = Q()
    for object_type, ids in named.items():
        if ids:
            condition |= Q(object_type=object_type, object_id__in=ids)
    if not condition:
        return NOTHING
    referrals = Referral.objects.filter(
        condition,
        thread__object_id=OuterRef("pk"),
        thread__object_type__in=_TICKET_THREADS,
    )
    return Q(Exists(referrals))
