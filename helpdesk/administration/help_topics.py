"""Help topics: what tickets are about, and what they begin with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk.administration import choices
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.names import call
from helpdesk.administration.roles import EnabledFilter
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.knowledge.constants import PageType
from helpdesk.people.actor import Actor
from helpdesk.people.models import Team
from tickets.constants import TopicFlag
from tickets.models import HelpTopic, Sequence, TicketPriority, TicketStatus
from tickets.services.help_topics import LONGEST_FORMAT, LONGEST_NAME, TopicDraft, delete_topic, store_topic

call(HelpTopic, _("help topic"), _("help topics"), dept=_("department"))
STATES = {"active": TopicFlag.ACTIVE, "disabled": TopicFlag(0), "archived": TopicFlag.ARCHIVED}


class HelpTopicAdminForm(ServiceForm):
    """Everything that can be said about a topic; its forms have a page of their own."""

    FIELDS_BY_NAME = {"agent": "assignee", "team": "assignee"}

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    parent = forms.ChoiceField(label=_("Below"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("active", _("Active")), ("disabled", _("Disabled")), ("archived", _("Archived"))],
    )
    is_public = forms.BooleanField(label=_("Public"), required=False, help_text=_("End users may choose it."))
    department = forms.ChoiceField(label=_("Department"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    sla = forms.ChoiceField(label=_("SLA plan"), required=False)
    page = forms.ChoiceField(label=_("Thank-you page"), required=False)
    assignee = forms.ChoiceField(label=_("Assign to"), required=False)
    sends_confirmation = forms.BooleanField(label=_("Confirm new tickets by mail"), required=False)
    number_format = forms.CharField(
        label=_("Number format"),
        required=False,
        max_length=LONGEST_FORMAT,
        help_text=_("Empty: numbers like those of all tickets. A # stands for a digit."),
    )
    sequence = forms.ChoiceField(label=_("Sequence"), required=False)
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: HelpTopic) -> dict[str, Any]:
        """Read the row; a new topic is active and public."""
        flags = int(row.flags or 0)
        state = "active" if row.pk is None or flags & int(TopicFlag.ACTIVE) else "disabled"
        assignee = f"s{row.staff_id}" if row.staff_id else f"t{row.team_id}" if row.team_id else ""
        return {
            "name": row.topic,
            "parent": row.parent_id or 0,
            "state": "archived" if flags & int(TopicFlag.ARCHIVED) else state,
            "is_public": row.ispublic,
            "department": row.dept_id or 0,
            "status": row.status_id or 0,
            "priority": row.priority_id or 0,
            "sla": row.sla_id or 0,
            "page": row.page_id or 0,
            "assignee": assignee,
            "sends_confirmation": not row.noautoresp,
            "number_format": (row.number_format or "") if flags & int(TopicFlag.CUSTOM_NUMBERS) else "",
            "sequence": row.sequence_id or 0,
            "notes": strip_tags(row.notes or ""),
        }

    def prepare(self, row: HelpTopic) -> None:
        """Offer what there is."""
        default = str(_("— as for all tickets —"))
        topics = [(str(pk), name) for pk, name in HelpTopic.objects.order_by("topic").values_list("pk", "topic")]
        top = [("0", str(_("— at the top —"))), *(choice for choice in topics if choice[0] != str(row.pk))]
        self.choose("parent", choices.with_current(top, row.parent_id, HelpTopic.objects))
        self.choose("department", choices.departments(none=default, current=row.dept_id))
        self.choose("status", choices.rows(TicketStatus, none=default, current=row.status_id, order="sort"))
        priorities = choices.rows(TicketPriority, none=default, current=row.priority_id, order="-priority_urgency")
        self.choose("priority", priorities)
        self.choose("sla", choices.sla_plans(none=default, current=row.sla_id))
        self.choose("page", choices.pages(PageType.THANK_YOU, none=default, current=row.page_id))
        self.choose("sequence", choices.rows(Sequence, none=str(_("random numbers")), current=row.sequence_id))
        self.choose("assignee", self._assignees(row))

    def perform(self, actor: Actor) -> HelpTopic:
        """Store the topic. Notes that nobody changed stay as they are stored, with their HTML."""
        data, topic = self.cleaned_data, self.instance if self.instance.pk else None
        notes = data["notes"]
        if topic is not None and notes == strip_tags(topic.notes or ""):
            notes = topic.notes or ""
        kind, number = data["assignee"][:1], data["assignee"][1:]
        draft = TopicDraft(
            name=data["name"],
            parent_id=self.number("parent"),
            is_public=data["is_public"],
            state=STATES[data["state"]],
            department_id=self.number("department"),
            status_id=self.number("status"),
            priority_id=self.number("priority"),
            sla_id=self.number("sla"),
            page_id=self.number("page"),
            agent_id=int(number) if kind == "s" else 0,
            team_id=int(number) if kind == "t" else 0,
            sends_confirmation=data["sends_confirmation"],
            number_format=data["number_format"],
            sequence_id=self.number("sequence"),
            notes=notes,
        )
        return store_topic(draft, actor=actor, topic=topic)

    def _assignees(self, row: HelpTopic) -> list[tuple[str, str]]:
        agents = [(f"s{pk}", label) for pk, label in choices.agents(none=None, current=row.staff_id)]
        teams = choices.with_current(
            [(str(team.pk), str(team)) for team in Team.objects.enabled().order_by("name")], row.team_id, Team.objects
        )
        return [("", str(_("— nobody —"))), *agents, *((f"t{pk}", label) for pk, label in teams)]


class TopicActiveFilter(EnabledFilter):
    """Active or not."""

    title = _("active")
    flag = TopicFlag.ACTIVE


@admin.register(HelpTopic, site=site)
class HelpTopicAdmin(ServiceAdmin):
    """Help topics."""

    form = HelpTopicAdminForm
    object_type = ObjectType.HELP_TOPIC
    list_display = ("topic", "shown_parent", "state", "ispublic", "dept", "forms")
    list_filter = (TopicActiveFilter, "ispublic")
    list_select_related = ("parent", "dept")
    search_fields = ("topic", "notes")
    ordering = ("topic",)
    fieldsets = (
        (None, {"fields": ("name", "parent", "state", "is_public")}),
        (
            _("New tickets"),
            {"fields": ("department", "status", "priority", "sla", "assignee", "page", "sends_confirmation")},
        ),
        (_("Numbers"), {"fields": ("number_format", "sequence")}),
        (_("Internal"), {"fields": ("notes",)}),
    )

    @admin.display(description=_("below"), ordering="parent__topic")
    def shown_parent(self, row: HelpTopic) -> str:
        """Name the topic above."""
        return str(row.parent.topic) if row.parent else ""

    @admin.display(description=_("state"))
    def state(self, row: HelpTopic) -> str:
        """Say whether it is in use."""
        if TopicFlag.ARCHIVED & (row.flags or 0):
            return str(_("Archived"))
        return str(_("Active") if TopicFlag.ACTIVE & (row.flags or 0) else _("Disabled"))

    @admin.display(description=_("forms"))
    def forms(self, row: HelpTopic) -> str:
        """Lead to the forms that the topic asks for."""
        return format_html(
            '<a class="adm-link" href="{}">{}</a>', reverse("admin:topic_form", args=[row.pk]), _("Forms")
        )

    def perform_deletion(self, obj: HelpTopic, actor: Actor) -> None:
        """Delete a topic."""
        delete_topic(obj, actor=actor)
