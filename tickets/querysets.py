"""Which tickets: `Ticket.objects.visible_to(…)` is the only way to a list of them (osticket/tickets.md §3.3, §4.2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from helpdesk import configuration
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, EndUser, Organization
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Collaborator, Referral, Thread
from tickets.constants import TicketFlag, TicketState

if TYPE_CHECKING:
    from tickets.models import ReferredTicket, Ticket  # noqa: F401 -- the type argument of the class

NOTHING = Q(pk__in=())
_TICKET_THREADS = (ObjectType.TICKET, ObjectType.MERGED_TICKET)


@dataclass(frozen=True)
class PlacedReferrals:
    """Referrals with the status that their tickets had when these were last saved, but not since `since`; those newer
    than the id `newest` may be missing (`tickets.ranking`)."""

    rows: QuerySet[ReferredTicket]
    since: datetime
    newest: int


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

    def newly_due(self, now: datetime, *, open_status_ids: Collection[int]) -> tuple[TicketQuerySet, TicketQuerySet]:
        """Give the open tickets that passed their due date and are not marked so: by a date that somebody set, and by
        that of their SLA plan where nobody set one (osticket/sla.md §7). Both read one index (`hd_ticket_due`), in its
        order: PostgreSQL, which may still think that there are many, would look for the first in the table.
        """
        # With `isoverdue=False` Django writes NOT isoverdue, for which MySQL and SQLite use no index.
        unmarked = self.filter(isoverdue__in=[False], status__in=open_status_ids)
        unmarked = unmarked.order_by("isoverdue", "status_id", "duedate", "est_duedate")
        return unmarked.filter(duedate__lt=now), unmarked.filter(duedate__isnull=True, est_duedate__lt=now)

    def outside(self, departments: Collection[int]) -> TicketQuerySet:
        """Give the tickets in none of these departments."""
        return self.filter(outside_of("dept", departments)) if departments else self

    def of_other_statuses(self, statuses: Collection[int]) -> TicketQuerySet:
        """Give the tickets that have none of these statuses, such as those of a status that is gone."""
        others = Q(status__isnull=True)
        return self.filter(others | outside_of("status", statuses)) if statuses else self

    def visible_elsewhere(
        self,
        who: Agent | AgentAccess,
        *,
        statuses: Collection[int],
        open_status_ids: Collection[int],
        placed: PlacedReferrals | None,
    ) -> tuple[TicketQuerySet, TicketQuerySet, TicketQuerySet]:
        """Give what `visible_to` lists of these statuses besides the agent's departments: assigned to the agent, to a
        team, and referred. No ticket is in two of them, and each is found from its own few rows.

        `open_status_ids` are the open ones among the statuses. With `placed` no referral of a ticket that has another
        status is looked at.
        """
        parts = self._elsewhere(who, statuses, open_status_ids)
        if placed is None or not parts.named or not statuses:
            ids = _referred_ids_to(parts.named)
            return parts.mine, parts.of_teams, parts.referred.filter(pk__in=ids)
        found = parts.referred.filter(_is_referred(parts.named), pk__in=self._among(placed, parts.named, statuses))
        return parts.mine, parts.of_teams, found

    def referred_elsewhere(
        self,
        who: Agent | AgentAccess,
        *,
        statuses: Collection[int],
        open_status_ids: Collection[int],
        placed: PlacedReferrals,
    ) -> tuple[dict[str, Collection[int]], QuerySet[ReferredTicket], tuple[TicketQuerySet, TicketQuerySet]]:
        """Give the referred ones of `visible_elsewhere` in another way: to whom, by the letter of their kind; the
        placed referrals, of anybody, that lead to such a ticket; and the few such tickets of which these may say
        nothing or something old: saved lately, and referred lately.
        """
        parts = self._elsewhere(who, statuses, open_status_ids)
        referred = parts.referred.filter(_is_referred(parts.named))
        same = referred.filter(pk=OuterRef("ticket_id"), status_id=OuterRef("status_id"), updated__lt=placed.since)
        saved = self.model._default_manager.filter(updated__gte=placed.since).values("pk")
        newer = _ticket_threads().filter(pk__in=Referral.objects.filter(pk__gt=placed.newest).values("thread"))
        # Two queries: within one MySQL does not begin with these few.
        unplaced = (referred.filter(pk__in=saved), referred.filter(pk__in=newer.values("object_id")))
        return parts.named, placed.rows.filter(_has(same)), unplaced

    def _elsewhere(
        self, who: Agent | AgentAccess, statuses: Collection[int], open_status_ids: Collection[int]
    ) -> _Elsewhere:
        access = _access(who)
        departments = frozenset() if access.agent.assigned_only else access.department_ids
        outside = self.outside(departments)
        is_open, mine = Q(status__in=open_status_ids), Q(staff=access.agent.pk)
        of_teams = Q(team__in=access.team_ids)
        # Closed tickets referred to the agent alone are not listed, so nobody need look for them.
        own = {"agents": {access.agent.pk}, "teams": access.team_ids} if open_status_ids else {}
        referred = outside.filter(status__in=statuses)
        if open_status_ids and set(statuses) <= set(open_status_ids):
            referred = referred.filter(~mine & ~of_teams)
        elif open_status_ids:
            closed = ~is_open & _referred_to(departments=departments)
            referred = referred.filter((is_open & ~mine & ~of_teams) | closed)
        return _Elsewhere(
            outside.filter(is_open & mine),
            outside.filter(is_open & of_teams & ~mine),
            referred,
            _named(**own, departments=departments),
        )

    def _among(
        self, placed: PlacedReferrals, named: Mapping[str, Collection[int]], statuses: Collection[int]
    ) -> RawSQL:
        """Give the ids of few tickets, among them those of these statuses that are referred to one of the named."""
        rows, newer = placed.rows.filter(status_id__in=statuses), Referral.objects.filter(pk__gt=placed.newest)
        return _joined_ids(
            *(rows.filter(_any_of({letter: ids})).values("ticket_id") for letter, ids in named.items()),
            _ticket_threads().filter(pk__in=newer.values("thread")).values("object_id"),
            self.model._default_manager.filter(updated__gte=placed.since).values("pk"),
        )

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
        organization = shared_organization(user)
        if organization is not None:
            condition |= Q(user__org=organization)
        merged = self.model._default_manager.alias(
            merged_bits=F("flags").bitand(int(TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS))
        ).exclude(merged_bits=0)
        children = merged.filter(condition, parent=OuterRef("pk"))
        return self.filter(condition | Q(Exists(children)))

    def listed_for_user(self, user: EndUser) -> tuple[TicketQuerySet, ...]:
        """Give the tickets in an end user's list, in parts that may overlap: own ones, those of his organization as far
        as it shares them, and those on which he collaborates while `collaborator_ticket_visibility` is on.

        Each part is found from its own few rows. He may open all of them (`accessible_to_user`; tickets.md §5).
        """
        parts = [self.filter(user=user)]
        organization = shared_organization(user)
        if organization is not None:
            parts.append(self.filter(user__in=organization.members.exclude(pk=user.pk)))
        if configuration.current().boolean("collaborator_ticket_visibility"):
            rows = Collaborator.objects.filter(user=user)
            threads = Thread.objects.filter(pk__in=rows.values("thread"), object_type__in=_TICKET_THREADS)
            parts.append(self.filter(pk__in=threads.values("object_id")))
        return tuple(parts)

    def referred_to_agent(self, who: Agent | AgentAccess) -> TicketQuerySet:
        """Give the tickets referred to this agent, to a team or to a department of this agent."""
        access = _access(who)
        ids = _referred_ids(agents={access.agent.pk}, teams=access.team_ids, departments=access.department_ids)
        return self.filter(pk__in=ids)

    def without_merged_children(self) -> TicketQuerySet:
        """Leave out tickets that were merged into another one; linked ones stay (osticket/queues.md §4)."""
        annotated = self.alias(linked_bit=F("flags").bitand(int(TicketFlag.LINKED)))
        return annotated.filter(Q(parent__isnull=True) | Q(linked_bit=int(TicketFlag.LINKED)))


@dataclass(frozen=True)
class _Elsewhere:
    """What an agent sees besides the departments: own tickets, those of the teams, and which of those that are referred
    to one of the `named` belong to neither."""

    mine: TicketQuerySet
    of_teams: TicketQuerySet
    referred: TicketQuerySet
    named: dict[str, Collection[int]]


def _access(who: Agent | AgentAccess) -> AgentAccess:
    return who if isinstance(who, AgentAccess) else access_of(who)


def _collaborates(user: EndUser) -> Q:
    """Whether the user is a collaborator of the thread, active or not."""
    rows = Collaborator.objects.filter(
        user=user, thread__object_id=OuterRef("pk"), thread__object_type__in=_TICKET_THREADS
    )
    return Q(Exists(rows))


def shared_organization(user: EndUser) -> Organization | None:
    """Give the user's organization if it lets him see the tickets of all its members (osticket/tickets.md §5)."""
    organization = user.org
    if organization is None or organization.status & OrganizationFlag.SHARE_EVERYBODY:
        return organization
    is_contact = bool(user.status & UserFlag.PRIMARY_CONTACT)
    return organization if is_contact and organization.status & OrganizationFlag.SHARE_PRIMARY_CONTACTS else None


def _is_open(open_status_ids: Collection[int] | None) -> Q:
    if open_status_ids is None:
        return Q(status__state=TicketState.OPEN)
    return Q(status__in=open_status_ids)


def _assigned_to(access: AgentAccess) -> Q:
    condition = Q(staff=access.agent.pk)
    return condition | Q(team__in=access.team_ids) if access.team_ids else condition


def _in_departments_of(access: AgentAccess) -> Q:
    return Q(dept__in=access.department_ids) if access.department_ids else NOTHING


def outside_of(column: str, known: Collection[int]) -> Q:
    """Whether the column is none of these ids, one at least, as ranges of ids: of an agent who is in nearly all
    departments the index then finds the few other tickets, where NOT IN would have every referral looked up.
    """
    ids = sorted(known)
    condition = Q(**{f"{column}__lt": ids[0]}) | Q(**{f"{column}__gt": ids[-1]})
    for lower, upper in pairwise(ids):
        if upper - lower > 1:
            condition |= Q(**{f"{column}__gt": lower, f"{column}__lt": upper})
    return condition


def _referred_to(*, agents: Collection[int] = (), teams: Collection[int] = (), departments: Collection[int] = ()) -> Q:
    """Whether the ticket's thread (of a merged ticket: the thread it left) is referred to one of these."""
    condition = _refers_to(agents, teams, departments)
    if not condition:
        return NOTHING
    referrals = Referral.objects.filter(
        condition,
        thread__object_id=OuterRef("pk"),
        thread__object_type__in=_TICKET_THREADS,
    )
    return Q(Exists(referrals))


def _has(rows: QuerySet[Any]) -> Exact[int]:
    """Whether there is a row of a correlated query. No EXISTS and no join, which planners may turn round: they would
    begin with all that was ever referred to somebody, for each ticket.
    """
    one = rows.order_by().annotate(one=Value(1)).values("one")[:1]
    return Exact(Subquery(one, output_field=IntegerField()), 1)


def _is_referred(named: Mapping[str, Collection[int]]) -> Exact[int]:
    """Whether the ticket is referred to one of the named, found from the ticket."""
    referrals = Referral.objects.filter(_any_of(named), thread=OuterRef("pk"))
    return _has(_ticket_threads().filter(_has(referrals), object_id=OuterRef("pk")))


def _joined_ids(*parts: QuerySet[Any, Any]) -> RawSQL:
    """Give the ids that several queries find; as a table: MySQL would run a UNION within IN once for each ticket."""
    texts, parameters = zip(*(part.order_by().query.sql_with_params() for part in parts), strict=True)
    joined = f"SELECT ticket_id FROM ({' UNION '.join(texts)}) AS joined"  # noqa: S608 -- compiled by Django
    return RawSQL(joined, [value for part in parameters for value in part])  # noqa: S611 -- the same


def _referred_ids(
    *, agents: Collection[int] = (), teams: Collection[int] = (), departments: Collection[int] = ()
) -> QuerySet[Thread, int]:
    """Give the ids of the tickets referred to one of these; none when nobody is named."""
    return _referred_ids_to(_named(agents=agents, teams=teams, departments=departments))


def _referred_ids_to(named: Mapping[str, Collection[int]]) -> QuerySet[Thread, int]:
    """The same for those named by the letter of their kind."""
    condition = _any_of(named)
    referrals = Referral.objects.filter(condition) if condition else Referral.objects.none()
    return _ticket_threads().filter(pk__in=referrals.values("thread")).values_list("object_id", flat=True)


def _ticket_threads() -> QuerySet[Thread]:
    """Give the threads of tickets; COALESCE hides from SQLite an index that leads to all of them."""
    return Thread.objects.alias(kind=Coalesce("object_type", Value(""))).filter(kind__in=_TICKET_THREADS)


def _refers_to(agents: Collection[int], teams: Collection[int], departments: Collection[int]) -> Q:
    """Give the condition on the referral; an empty one when nobody is named."""
    return _any_of(_named(agents=agents, teams=teams, departments=departments))


def _named(
    *, agents: Collection[int] = (), teams: Collection[int] = (), departments: Collection[int] = ()
) -> dict[str, Collection[int]]:
    """Give the ids of those named, by the letter of their kind."""
    named = {ObjectType.AGENT: agents, ObjectType.TEAM: teams, ObjectType.DEPARTMENT: departments}
    return {str(letter): ids for letter, ids in named.items() if ids}


def _any_of(named: Mapping[str, Collection[int]]) -> Q:
    """Give the condition on a referral, or on its place, that it is to one of the named."""
    condition = Q()
    for letter, ids in named.items():
        condition |= Q(object_type=letter, object_id__in=ids)
    return condition
