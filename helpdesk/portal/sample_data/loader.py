"""Fills an empty help desk with the sample company, through the same services as everybody else."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.configuration.defaults import CORE
from helpdesk.configuration.services import set_setting
from helpdesk.files.models import Attachment
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import Form
from helpdesk.forms.selectors import company_answers, form_for
from helpdesk.forms.services import save_answers
from helpdesk.knowledge.constants import CategoryVisibility, FaqPublication
from helpdesk.knowledge.models import CannedResponse, Faq
from helpdesk.knowledge.services import CategoryDraft, FaqDraft, create_canned_response, store_category, store_faq
from helpdesk.legacy.errors import Conflict
from helpdesk.mail.outgoing import KIND as MAIL
from helpdesk.outbox.decisions import discard_effects
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Role, Team
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.services import create_end_user, create_organization
from helpdesk.people.services.agents import create_agent, set_department_access
from helpdesk.people.services.departments import create_department
from helpdesk.people.services.teams import add_team_member, create_team
from helpdesk.portal.sample_data import people
from helpdesk.portal.sample_data.playback import Cast, play
from helpdesk.portal.sample_data.story import ADMINISTRATOR, knowledge_base, prepared_answers, stories
from helpdesk.threads.models import ThreadEntry
from tickets.constants import TicketState
from tickets.models import Ticket
from tickets.services import mark_all_overdue

SYSTEM = Actor.system("Sample data")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Summary:
    """What was made."""

    departments: int
    agents: int
    teams: int
    organizations: int
    users: int
    canned_responses: int
    faqs: int
    open_tickets: int
    overdue_tickets: int
    closed_tickets: int
    entries: int
    attachments: int


def steps() -> int:
    """Give how often `load` reports progress."""
    return len(people.AGENTS) + len(people.ORGANIZATIONS) + len(people.USERS) + len(stories())


def load(*, now: datetime, seed: int, password: str | None = None, progress: Progress) -> Summary:
    """Make the sample company, its customers and their tickets of the sixty days before `now`, or nothing at all.

    The same `seed` gives the same times. Without `password` nobody can sign in as one of the sample agents until an
    administrator sets one. `progress` is called with what was made, `steps()` times. Some tickets are assigned to the
    administrator. Raises Conflict (`tickets_exist`, `no_administrator`) when the help desk is not empty or not set up.
    """
    if Ticket.objects.exists():
        raise Conflict(_("This help desk has tickets already: sample data is for an empty one."), code="tickets_exist")
    with transaction.atomic():
        waiting_before = list(_waiting_mails().values_list("pk", flat=True))
        _name_company()
        departments = _departments()
        agents = _agents(departments, password, progress)
        teams = _teams(agents)
        users = _customers(progress)
        for answer in prepared_answers():
            department = departments.get(answer.department)
            create_canned_response(answer.title, answer.text, actor=SYSTEM, department=department)
        _knowledge_base()
        cast = Cast(agents, teams, departments, users)
        for number, story in enumerate(stories()):
            play(story, cast, now=now, seed=f"{seed}/{number}")
            progress(story.subject)
        mark_all_overdue(now=now)  # those past their plan's time; the job would find them a minute later
        _tell_nobody(now, except_for=waiting_before)
        return _summary()


def _tell_nobody(now: datetime, *, except_for: Collection[int]) -> None:
    """Let the mails of the stories never go out, also when a mail server is set up later: nobody waits for them."""
    discard_effects(list(_waiting_mails().exclude(pk__in=except_for).values_list("pk", flat=True)), now=now)


def _waiting_mails() -> QuerySet[Effect]:
    return Effect.objects.filter(kind=MAIL, state=Effect.State.WAITING)


def _knowledge_base() -> None:
    """Write the FAQs and open them to end users."""
    for area in knowledge_base():
        category = store_category(
            CategoryDraft(
                name=area.name,
                description=area.description,
                visibility=CategoryVisibility[area.visibility.upper()],
            ),
            actor=SYSTEM,
        )
        for faq in area.faqs:
            draft = FaqDraft(
                question=faq.question,
                answer=faq.answer,
                category_id=category.pk,
                publication=FaqPublication[faq.visibility.upper()],
            )
            store_faq(draft, actor=SYSTEM)
    set_setting(CORE, "enable_kb", "1", SYSTEM)


def _name_company() -> None:
    """Give the company its name, unless the administrator has chosen one."""
    if configuration.current().text("helpdesk_title") != settings.HELPDESK_TITLE:
        return
    set_setting(CORE, "helpdesk_title", people.TITLE, SYSTEM)
    if company_answers().get("name") == settings.HELPDESK_TITLE:
        save_answers(EntryObject.COMPANY, None, _form(EntryObject.COMPANY), people.COMPANY, SYSTEM)


def _form(object_type: EntryObject) -> Form:
    form = form_for(object_type)
    if form is None:
        raise Conflict(_("The built-in forms are missing: run “manage.py setup” first."), code="not_set_up")
    return form


def _departments() -> dict[str, Department]:
    departments = {department.name: department for department in Department.objects.all()}
    for sample in people.DEPARTMENTS:
        departments[sample.name] = departments.get(sample.name) or create_department(
            sample.name, actor=SYSTEM, parent=departments[sample.parent], signature=sample.signature
        )
    return departments


def _agents(departments: dict[str, Department], password: str | None, progress: Progress) -> dict[str, Agent]:
    """Make the agents, and let the administrator work in the new departments; give all by key."""
    roles = {str(role.name): role for role in Role.objects.all()}
    for sample in people.AGENTS:
        agent = create_agent(
            sample.username,
            email=f"{sample.username}@larkspur.example",
            department=departments[sample.department],
            role=roles[sample.role],
            actor=SYSTEM,
            firstname=sample.firstname,
            lastname=sample.lastname,
            password=password,
            permissions=[AgentPermission(permission) for permission in sample.may],
            signature=f"{sample.firstname} {sample.lastname}",
        )
        for department, role in sample.access:
            set_department_access(agent, departments[department], roles[role], actor=SYSTEM)
        progress(f"{sample.firstname} {sample.lastname}")
    agents = {agent.username: agent for agent in Agent.objects.select_related("dept", "role")}
    administrator = _administrator()
    for known in departments.values():
        if known.pk != administrator.dept_id:
            set_department_access(administrator, known, roles[people.ALL], actor=SYSTEM)
    return {**agents, ADMINISTRATOR: administrator}


def _administrator() -> Agent:
    administrators = Agent.objects.filter(isadmin=True, isactive=True).select_related("dept", "role")
    administrator = administrators.order_by("pk").first()
    if administrator is None:
        raise Conflict(
            _("Make an administrator first (manage.py create_administrator): some tickets will be assigned to you."),
            code="no_administrator",
        )
    return administrator


def _teams(agents: dict[str, Agent]) -> dict[str, Team]:
    teams = {team.name: team for team in Team.objects.all()}
    for sample in people.TEAMS:
        team = teams.get(sample.name) or create_team(
            sample.name, actor=SYSTEM, lead=agents.get(sample.lead), notes=sample.notes
        )
        for member in sample.members:
            add_team_member(team, agents[member], actor=SYSTEM)
        teams[sample.name] = team
    add_team_member(teams["Level I Support"], agents[ADMINISTRATOR], actor=SYSTEM)
    return teams


def _customers(progress: Progress) -> dict[str, EndUser]:
    """Make organizations and end users with their contact data; give the users by key."""
    organization_form, contact_form = _form(EntryObject.ORGANIZATION), _form(EntryObject.USER)
    for sample in people.ORGANIZATIONS:
        organization = create_organization(sample.name, actor=SYSTEM, domain=sample.domain)
        answers = {
            "address": sample.address,
            "phone": sample.phone,
            "website": f"https://{sample.domain}",
            "notes": sample.notes,
        }
        save_answers(EntryObject.ORGANIZATION, organization.pk, organization_form, answers, SYSTEM)
        progress(sample.name)
    users: dict[str, EndUser] = {}
    for person in people.USERS:
        user = users[person.key] = create_end_user(person.email, person.name, actor=SYSTEM)
        contact = {"phone": person.phone, "notes": person.notes}
        save_answers(EntryObject.USER, user.pk, contact_form, contact, SYSTEM)
        progress(person.name)
    return users


def _summary() -> Summary:
    tickets = Ticket.objects.all()
    return Summary(
        departments=Department.objects.count(),
        agents=len(people.AGENTS),
        teams=Team.objects.count(),
        organizations=len(people.ORGANIZATIONS),
        users=len(people.USERS),
        canned_responses=CannedResponse.objects.count(),
        faqs=Faq.objects.count(),
        open_tickets=tickets.filter(status__state=TicketState.OPEN).count(),
        overdue_tickets=tickets.filter(isoverdue=True).count(),
        closed_tickets=tickets.filter(status__state=TicketState.CLOSED).count(),
        entries=ThreadEntry.objects.count(),
        attachments=Attachment.objects.filter(type="H").count(),
    )
