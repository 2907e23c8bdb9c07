"""Variables that speak of people, departments, teams, addresses, names and times (osticket/mail.md §9.3, §9.4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.configuration.date_formats import full_date_and_time, short_date, short_date_and_time, short_time
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types.text import readable_phone
from helpdesk.forms.selectors import ShownAnswer, answered_forms
from helpdesk.people.models import Agent, Department, EndUser, Organization, Team
from helpdesk.people.names import FORMATS, PersonName, agent_name, parse_name, user_name
from helpdesk.threads.html import clean_html
from helpdesk.variables.language import VariableObject

Getter = Callable[[], Any]


def shown_html(html: str) -> SafeString:
    """Give HTML from the database, cleaned, as a value that is not escaped again; images keep their `cid:` address."""
    return mark_safe(clean_html(html).html)  # noqa: S308 -- cleaned


class NameVariable(VariableObject):
    """A name: in the configured format, or in a form that is asked for (`name.first`)."""

    def __init__(self, name: PersonName, shown: str) -> None:
        """Take the name in its parts and as it is shown."""
        self.name, self._shown = name, shown

    def shown(self) -> str:
        """Give the name."""
        return self._shown

    def properties(self) -> Mapping[str, Getter]:
        """Give its forms."""
        forms: dict[str, Getter] = {key: (lambda form=form: form(self.name)) for key, form in FORMATS.items()}  # type: ignore[misc]
        return {**forms, "middle": lambda: self.name.middle, "initials": lambda: self.name.initials}


class AddressVariable(VariableObject):
    """An e-mail address."""

    def __init__(self, address: str, personal: str = "") -> None:
        """Take the address and the name that goes with it."""
        self.address, self.personal = address, personal

    def shown(self) -> str:
        """Give the address."""
        return self.address

    def properties(self) -> Mapping[str, Getter]:
        """Give its parts."""
        mailbox, _at, host = self.address.rpartition("@")
        return {
            "domain": lambda: host,
            "host": lambda: host,
            "mailbox": lambda: mailbox,
            "personal": lambda: self.personal,
            "address": lambda: self.address,
        }


class MomentVariable(VariableObject):
    """A point in time, in the zone of the help desk; `user` gives it in that of the reader."""

    def __init__(self, moment: datetime.datetime | None, *, reader_zone: str | None = None) -> None:
        """Take an aware datetime, None for never."""
        self.moment, self.reader_zone = moment, reader_zone

    def shown(self) -> str:
        """Give date and time."""
        return self._in(short_date_and_time, system_zone())

    def properties(self) -> Mapping[str, Getter]:
        """Give its forms."""
        forms = self._forms(system_zone())
        own_zone = ZoneInfo(self.reader_zone) if self.reader_zone else system_zone()
        return {
            **forms,
            "humanize": self._in_words,
            "system": lambda: _Forms(self.shown(), forms),
            "user": lambda: _Forms(self._in(short_date_and_time, own_zone), self._forms(own_zone)),
        }

    def _forms(self, zone: datetime.tzinfo) -> dict[str, Getter]:
        return {
            "short": lambda: self._in(short_date, zone),
            "long": lambda: self._in(short_date_and_time, zone),
            "time": lambda: self._in(short_time, zone),
            "full": lambda: self._in(full_date_and_time, zone),
        }

    def _in(self, form: Callable[[datetime.datetime, datetime.tzinfo], str], zone: datetime.tzinfo) -> str:
        return form(self.moment, zone) if self.moment is not None else ""

    def _in_words(self) -> str:
        if self.moment is None:
            return ""
        now = timezone.now()
        if self.moment <= now:
            return _("%(time)s ago") % {"time": timesince(self.moment, now)}
        return _("in %(time)s") % {"time": timeuntil(self.moment, now)}


@dataclass(frozen=True)
class _Forms(VariableObject):
    """The same moment in the zone of somebody."""

    text: str
    forms: Mapping[str, Getter]

    def shown(self) -> str:
        """Give date and time."""
        return self.text

    def properties(self) -> Mapping[str, Getter]:
        """Give its forms."""
        return self.forms


def system_zone() -> datetime.tzinfo:
    """Give the time zone of the help desk (`default_timezone`)."""
    return ZoneInfo(configuration.current().text("default_timezone") or "UTC")


class AgentVariable(VariableObject):
    """An agent."""

    def __init__(self, agent: Agent) -> None:
        """Take the row."""
        self.agent = agent

    def shown(self) -> str:
        """Give the name in the configured format."""
        return agent_name(self.agent.firstname, self.agent.lastname, username=self.agent.username)

    def properties(self) -> Mapping[str, Getter]:
        """Give what templates may say of an agent; never passwords or permissions."""
        agent = self.agent
        return {
            "name": self._name,
            "firstname": lambda: agent.firstname or "",
            "lastname": lambda: agent.lastname or "",
            "email": lambda: AddressVariable(agent.email or "", self.shown()),
            "phone": lambda: readable_phone(agent.phone, agent.phone_ext or ""),
            "mobile": lambda: readable_phone(agent.mobile),
            "signature": lambda: shown_html(agent.signature),
            "username": lambda: agent.username,
            "timezone": lambda: agent.timezone or "",
            "dept": lambda: DepartmentVariable(agent.dept) if agent.dept else None,
            "id": lambda: str(agent.pk),
        }

    def _name(self) -> NameVariable:
        parts = (self.agent.firstname or "", self.agent.lastname or "")
        whole = " ".join(part for part in parts if part) or self.agent.username
        return NameVariable(PersonName(whole, first=parts[0], last=parts[1]), self.shown())


class UserVariable(VariableObject):
    """An end user with the answers of the contact form."""

    leaves_unknown = True

    def __init__(self, user: EndUser) -> None:
        """Take the row, with its default address."""
        self.user = user
        self._answers: dict[str, ShownAnswer] | None = None

    def shown(self) -> str:
        """Give the name in the configured format."""
        return user_name(self.user.name)

    def properties(self) -> Mapping[str, Getter]:
        """Give what is always known."""
        return {
            "name": lambda: NameVariable(parse_name(self.user.name), self.shown()),
            "email": lambda: AddressVariable(_address(self.user), self.user.name),
            "organization": lambda: OrganizationVariable(self.user.org) if self.user.org else None,
            "id": lambda: str(self.user.pk),
        }

    def other(self, name: str) -> Any:
        """Give the answer to a field of the contact form; phone numbers as they were entered."""
        answer = self.answers().get(name)
        if answer is None:
            return None
        return str(answer.clean or "") if answer.field.type == "phone" else answer.text

    def answers(self) -> dict[str, ShownAnswer]:
        """Give the answers of the contact form by the names of their fields."""
        if self._answers is None:
            self._answers = _answers(EntryObject.USER, self.user.pk)
        return self._answers


class OrganizationVariable(VariableObject):
    """An organization with the answers of its form."""

    def __init__(self, organization: Organization) -> None:
        """Take the row."""
        self.organization = organization
        self._answers: dict[str, ShownAnswer] | None = None

    def shown(self) -> str:
        """Give the name."""
        return self.organization.name

    def properties(self) -> Mapping[str, Getter]:
        """Give what is always known."""
        return {
            "name": self.shown,
            "manager": self._manager,
            "members": lambda: PeopleVariable(_people(self._members())),
            "contacts": lambda: PeopleVariable(_people(one for one in self._members() if one.status & 1)),
        }

    def other(self, name: str) -> Any:
        """Give the answer to a field of the organization's form."""
        if self._answers is None:
            self._answers = _answers(EntryObject.ORGANIZATION, self.organization.pk)
        answer = self._answers.get(name)
        return answer.text if answer is not None else None

    def _members(self) -> Iterable[EndUser]:
        return self.organization.members.select_related("default_email").order_by("pk")

    def _manager(self) -> VariableObject | None:
        kind, number = self.organization.manager[:1], self.organization.manager[1:]
        if not number.isdigit():
            return None
        if kind == "s":
            agent = Agent.objects.filter(pk=int(number)).first()
            return AgentVariable(agent) if agent else None
        team = Team.objects.filter(pk=int(number)).first() if kind == "t" else None
        return TeamVariable(team) if team else None


class DepartmentVariable(VariableObject):
    """A department; `more` adds what apps above know of it (its SLA plan)."""

    more: Callable[[Department], Mapping[str, Getter]] = staticmethod(lambda department: {})

    def __init__(self, department: Department) -> None:
        """Take the row."""
        self.department = department

    def shown(self) -> str:
        """Give the name."""
        return self.department.name

    def properties(self) -> Mapping[str, Getter]:
        """Give what templates may say of a department."""
        department = self.department
        return {
            "name": self.shown,
            "manager": lambda: AgentVariable(department.manager) if department.manager else None,
            "members": self._members,
            "parent": lambda: DepartmentVariable(department.parent) if department.parent else None,
            "signature": lambda: shown_html(department.signature),
            "id": lambda: str(department.pk),
            **DepartmentVariable.more(department),
        }

    def _members(self) -> PeopleVariable:
        """Give everybody who works there: the manager, primary and extended members."""
        ids = {*self.department.primary_members.values_list("pk", flat=True)}
        ids |= {*self.department.extended_access.values_list("staff_id", flat=True)}
        ids |= {self.department.manager_id} if self.department.manager_id else set()
        agents = Agent.objects.filter(pk__in=ids).order_by("firstname", "lastname", "pk")
        return PeopleVariable([(AgentVariable(agent).shown(), agent.email or "") for agent in agents])


class TeamVariable(VariableObject):
    """A team."""

    def __init__(self, team: Team) -> None:
        """Take the row."""
        self.team = team

    def shown(self) -> str:
        """Give the name."""
        return self.team.name

    def properties(self) -> Mapping[str, Getter]:
        """Give what templates may say of a team."""
        return {
            "name": self.shown,
            "lead": lambda: AgentVariable(self.team.lead) if self.team.lead else None,
            "members": self._members,
        }

    def _members(self) -> PeopleVariable:
        rows = self.team.memberships.select_related("staff").order_by("staff_id")
        agents = [row.staff for row in rows if row.staff is not None]
        return PeopleVariable([(AgentVariable(agent).shown(), agent.email or "") for agent in agents])


class PeopleVariable(VariableObject):
    """Several people by name and address."""

    def __init__(self, people: list[tuple[str, str]]) -> None:
        """Take names and addresses."""
        self.people = people

    def shown(self) -> str:
        """Give the names."""
        return ", ".join(name for name, _address in self.people)

    def properties(self) -> Mapping[str, Getter]:
        """Give names, addresses, or both."""
        return {
            "names": self.shown,
            "emails": lambda: ", ".join(address for _name, address in self.people),
            "full": lambda: ", ".join(f"{name} <{address}>" for name, address in self.people),
        }


def _people(users: Iterable[EndUser]) -> list[tuple[str, str]]:
    return [(user_name(user.name), _address(user)) for user in users]


def _address(user: EndUser) -> str:
    return user.default_email.address if user.default_email else ""


def _answers(object_type: EntryObject, object_id: int) -> dict[str, ShownAnswer]:
    forms = answered_forms(object_type, object_id)
    return {answer.name.lower(): answer for form in forms for answer in form.answers if answer.name}
