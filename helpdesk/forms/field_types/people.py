"""Fields whose answers are agents, teams and departments (osticket/forms.md §4.9)."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import Asked, Control, FieldType, StoredAnswer, register
from helpdesk.forms.field_types.choices import KeyedType, submitted_keys
from helpdesk.forms.models import FormField
from helpdesk.legacy.ids import id_in
from helpdesk.people.access import access_of
from helpdesk.people.constants import DepartmentFlag, TeamFlag
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.selectors import department_names


@register
class AssigneeType(KeyedType):
    """An agent (`s<id>`) or a team (`t<id>`)."""

    key = "assignee"
    label = _("Assignee")
    is_searched = False
    defaults = {"prompt": "", "target": "both"}

    def choices(self, field: FormField, asked: Asked) -> Mapping[str, str]:
        """Give the available agents and the active teams with members; `target` leaves one kind out."""
        target = str(self.option(field, "target") or "both")
        found: dict[str, str] = {}
        if target != "teams":
            agents = Agent.objects.filter(isactive=True, onvacation=False).order_by("firstname", "lastname")
            found |= {f"s{agent.pk}": _agent_name(agent) for agent in agents}
        if target != "agents":
            teams = Team.objects.filter(flags__has=TeamFlag.ENABLED, memberships__isnull=False).distinct()
            found |= {f"t{team.pk}": team.name for team in teams.order_by("name")}
        return found

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the available agent or the active team; anything else is the empty text."""
        keys = submitted_keys(submitted)
        if not keys:
            return None
        match = re.fullmatch(r"([st])([0-9]{1,10})", keys[0])
        if not match:
            return ""
        name = _available_agent(int(match[2])) if match[1] == "s" else _available_team(int(match[2]))
        return {match[0]: name} if name else ""

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give the stored JSON: osTicket does not shorten this type."""
        return self.to_database(field, clean).value or ""


def _agent_name(agent: Agent) -> str:
    return f"{agent.firstname or ''} {agent.lastname or ''}".strip() or agent.username


def _available_agent(agent_id: int) -> str | None:
    agent = Agent.objects.filter(pk=agent_id, isactive=True, onvacation=False).first()
    return _agent_name(agent) if agent else None


def _available_team(team_id: int) -> str | None:
    team = Team.objects.filter(pk=team_id, memberships__isnull=False).first()
    return team.name if team and team.flags & TeamFlag.ENABLED else None


@register
class DepartmentType(FieldType):
    """A department, stored by its id."""

    key = "department"
    label = _("Department")
    is_searched = False
    defaults = {"prompt": ""}

    def choices(self, field: FormField, asked: Asked) -> Mapping[str, str]:
        """Give public active departments to end users, to agents those that they reach (osticket/forms.md §4.9)."""
        departments = Department.objects.filter(flags__has=DepartmentFlag.ACTIVE)
        if not asked.is_agent:
            departments = departments.filter(ispublic=True)
        elif asked.agent is not None:
            access = access_of(asked.agent)
            if not access.has_agent_permission(AgentPermission.VISIBILITY_DEPARTMENTS.value):
                departments = departments.filter(pk__in=access.department_ids)
        names = department_names()
        return {str(pk): names[pk] for pk in sorted(departments.values_list("pk", flat=True), key=lambda pk: names[pk])}

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the id."""
        return id_in(next(iter(submitted_keys(submitted)), ""))

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say so when it is no department."""
        known = clean is not None and Department.objects.filter(pk=clean).exists()
        return [] if known or not submitted_keys(submitted) else [translate("Select one of the choices")]

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the id."""
        return id_in(stored.value)

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the name, '' for a department that is gone."""
        department = Department.objects.filter(pk=clean).first() if clean else None
        return department.name if department else ""

    def cdata_value(self, field: FormField, clean: Any) -> str:
        """Give 0, which is what osTicket writes for every department (osticket/forms.md §4)."""
        return "0"

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give a menu."""
        keys = submitted_keys(value)
        choices = dict(self.choices(field, asked))
        if keys and keys[0] not in choices and (name := self.to_string(field, id_in(keys[0]))):
            choices[keys[0]] = name
        prompt = str(self.option(field, "prompt") or "") or translate("Select")
        return Control("select", values=keys[:1], choices=[*choices.items()], prompt=prompt)
