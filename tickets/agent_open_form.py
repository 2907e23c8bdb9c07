"""What agents say of a new ticket beside the forms that administrators make."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.files.models import Attachment
from helpdesk.forms.rich_text import html_as_typed, typed_as_html
from helpdesk.forms.rich_text_control import rich_textarea
from helpdesk.legacy.ids import ids_in
from helpdesk.people.access import AgentAccess
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.selectors import department_names
from helpdesk.threads.bodies import NewFile
from sla.models import SlaPlan
from tickets.assignees import assignable_agents
from tickets.constants import StatusMode, TicketSource, TicketState
from tickets.intake import by_id, intake
from tickets.models import TicketStatus
from tickets.names import full_name
from tickets.new_ticket import Signature
from tickets.prepared_answers import CANNED, canned_responses, prepared_choices
from tickets.reference_data import assignable_team_names, statuses
from tickets.services import ReplyTo

MOST_COLLABORATORS = 50
USED = "canned_used"
"""The inputs that say which prepared answers were inserted: their files go with the response."""
SOURCES = (TicketSource.PHONE, TicketSource.EMAIL, TicketSource.WEB, TicketSource.API, TicketSource.OTHER)


def _department(value: str) -> Department | None:
    found: Department | None = by_id(intake().departments, value)
    return found


def _plan(value: str) -> SlaPlan | None:
    found: SlaPlan | None = by_id(intake().plans, value)
    return found


def _status(value: str) -> TicketStatus | None:
    found: TicketStatus | None = by_id(intake().statuses, value)
    return found


def _assignee(value: str) -> Agent | Team:
    kind, pk = value[0], int(value[1:])
    return Agent.objects.get(pk=pk) if kind == "s" else Team.objects.get(pk=pk)


class AddressesField(forms.CharField):
    """E-mail addresses between commas, semicolons or blanks; cleans to a list without doubles."""

    def to_python(self, value: Any) -> Any:
        """Split."""
        words = [word for word in re.split(r"[\s,;]+", super().to_python(value) or "") if word]
        return list(dict.fromkeys(words))

    def validate(self, value: Any) -> None:
        """Say which addresses are none."""
        super().validate(value)
        if len(value) > MOST_COLLABORATORS:
            raise forms.ValidationError(_("At most %(count)d people fit here.") % {"count": MOST_COLLABORATORS})
        check = EmailValidator(allowlist=[])
        wrong = []
        for address in value:
            try:
                check(address)
            except forms.ValidationError:
                wrong.append(address)
        if wrong:
            raise forms.ValidationError(_("This is no e-mail address: %(names)s") % {"names": ", ".join(wrong)})

    def run_validators(self, value: Any) -> None:
        """Validators of texts have nothing to say about a list."""


class OpenTicketForm(forms.Form):
    """Where the ticket goes, who is told, and what the agent writes at once. Offers what the agent may choose."""

    source = forms.TypedChoiceField(
        label=gettext_lazy("Source"), coerce=TicketSource, choices=[(one.value, one.value) for one in SOURCES]
    )
    cc = AddressesField(
        label=gettext_lazy("Collaborators"),
        required=False,
        help_text=gettext_lazy("E-mail addresses, between commas."),
    )
    reply_to = forms.TypedChoiceField(
        label=gettext_lazy("Tell by mail"),
        coerce=ReplyTo,
        choices=[
            (ReplyTo.ALL.value, gettext_lazy("the requester and collaborators")),
            (ReplyTo.USER.value, gettext_lazy("the requester only")),
            (ReplyTo.NOBODY.value, gettext_lazy("nobody")),
        ],
    )
    department = forms.TypedChoiceField(
        label=gettext_lazy("Department"), required=False, coerce=_department, empty_value=None
    )
    sla = forms.TypedChoiceField(label=gettext_lazy("SLA plan"), required=False, coerce=_plan, empty_value=None)
    duedate = forms.DateTimeField(
        label=gettext_lazy("Due date"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    assignee = forms.TypedChoiceField(
        label=gettext_lazy("Assign to"), required=False, coerce=_assignee, empty_value=None
    )
    canned = forms.ChoiceField(label=gettext_lazy("Prepared answer"), required=False)
    response = forms.CharField(label=gettext_lazy("Response"), required=False, strip=False, widget=forms.Textarea)
    signature = forms.TypedChoiceField(
        label=gettext_lazy("Signature"),
        coerce=Signature,
        choices=[
            (Signature.NONE.value, gettext_lazy("none")),
            (Signature.MINE.value, gettext_lazy("mine")),
            (Signature.DEPARTMENT.value, gettext_lazy("of the department")),
        ],
    )
    status = forms.TypedChoiceField(label=gettext_lazy("Status"), required=False, coerce=_status, empty_value=None)
    note = forms.CharField(label=gettext_lazy("Internal note"), required=False, strip=False, widget=forms.Textarea)

    def __init__(self, access: AgentAccess, *args: Any, **kwargs: Any) -> None:
        """Fill the choices for this agent; fields without any go."""
        kwargs["auto_id"] = "open_%s"
        super().__init__(*args, **kwargs)
        self.fields["response"].widget = rich_textarea(rows=5, says_format=False)
        self.fields["note"].widget = rich_textarea(rows=3, says_format=False)
        names = department_names()
        departments = sorted(
            (names.get(pk, row.name), pk)
            for pk, row in intake().departments.items()
            if "ticket.create" in access.permissions_in(pk)
        )
        self._offer("department", _("as the help topic says"), [(str(pk), name) for name, pk in departments])
        self._offer(
            "sla", _("as topic and department say"), [(str(pk), row.name) for pk, row in intake().plans.items()]
        )
        self._offer("status", _("as the help topic says"), self._statuses(access))
        self._offer("assignee", _("nobody yet"), self._assignees(access))
        prepared = prepared_choices(access)
        used = self.data.getlist(USED) if isinstance(self.data, QueryDict) else []
        self.inserted = [pk for pk, _title in prepared if pk in used]
        self._offer("canned", _("Choose …"), prepared)
        if not access.has_permission_anywhere("ticket.reply"):
            for name in ("response", "canned", "signature"):
                self.fields.pop(name, None)

    def _offer(self, name: str, prompt: str, choices: list[Any]) -> None:
        field = self.fields[name]
        if choices and isinstance(field, forms.ChoiceField):
            field.choices = [("", prompt), *choices]
        else:
            del self.fields[name]

    @staticmethod
    def _statuses(access: AgentAccess) -> list[tuple[str, str]]:
        states = {TicketState.OPEN.value}
        if access.has_permission_anywhere("ticket.close"):
            states.add(TicketState.CLOSED.value)
        rows = [row for row in statuses().values() if row.state in states and row.mode & StatusMode.ENABLED]
        return [(str(row.id), row.name) for row in rows]

    @staticmethod
    def _assignees(access: AgentAccess) -> list[Any]:
        if not access.has_permission_anywhere("ticket.assign"):
            return []
        agents = [(f"s{agent.pk}", full_name(agent)) for agent in assignable_agents(access, None)]
        teams = [(f"t{pk}", name) for pk, name in assignable_team_names().items()]
        return [(title, group) for title, group in ((_("Agents"), agents), (_("Teams"), teams)) if group]

    def insert_canned(self, access: AgentAccess) -> None:
        """Put the chosen prepared answer below what stands in the response, for a page that is shown again."""
        key = self.data.get("canned", "")
        chosen = canned_responses(access).filter(pk__in=ids_in([key])).first()
        if chosen is not None:
            texts = [text for text in (self.data.get("response", "").strip(), html_as_typed(chosen.response)) if text]
            has_markup = any(typed_as_html(text) == text for text in texts)
            response = "".join(map(typed_as_html, texts)) if has_markup else "\n\n".join(texts)
            posted = {name: self.data.get(name, "") for name in self.fields}
            self.data = {**posted, "response": response, "canned": ""}
            self.inserted.append(str(chosen.pk))

    @property
    def inserted_files(self) -> list[NewFile]:
        """The files of the prepared answers in the response."""
        rows = Attachment.objects.filter(type=CANNED, object_id__in=self.inserted)
        listed = rows.filter(inline=False).select_related("file").order_by("id") if self.inserted else ()
        return [NewFile(row.name or row.file.name, row.file) for row in listed if row.file is not None]

    def do_not_judge(self) -> None:
        """Show what was typed so far without saying what is wrong with it."""
        self._errors = ErrorDict()

    @property
    def response_html(self) -> str:
        """The response as HTML."""
        return typed_as_html(self.cleaned_data.get("response", ""))

    @property
    def note_html(self) -> str:
        """The note as HTML."""
        return typed_as_html(self.cleaned_data.get("note", ""))
