"""The actions of filters that set something of a ticket (osticket/filters.md §5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from filters.actions import COMMUNICATION, ChoosingAction, register


@register
class SetDepartment(ChoosingAction):
    """Give the ticket to a department that is in use."""

    key = "dept"
    label = _("Set the department")
    event_label = "Department"
    choice = "department"
    option = "dept_id"
    option_label = _("Department")
    must_be_usable = True


@register
class SetPriority(ChoosingAction):
    """Set the priority; one that the requester chose in the form counts more."""

    key = "pri"
    label = _("Set the priority")
    event_label = "Priority"
    choice = "priority"
    option = "priority"
    option_label = _("Priority")

    def stored_form(self, name: str, pk: int) -> int | str:
        """Give the id as text, as osTicket's menu of priorities does."""
        return str(pk)


@register
class SetSlaPlan(ChoosingAction):
    """Set the SLA plan."""

    key = "sla"
    label = _("Set the SLA plan")
    event_label = "SLA"
    choice = "sla"
    option = "sla_id"
    option_label = _("SLA plan")


@register
class AssignTeam(ChoosingAction):
    """Assign a team."""

    key = "team"
    label = _("Assign a team")
    event_label = "Team"
    choice = "team"
    option = "team_id"
    option_label = _("Team")


@register
class AssignAgent(ChoosingAction):
    """Assign an agent."""

    key = "agent"
    label = _("Assign an agent")
    event_label = "Agent"
    choice = "agent"
    option = "staff_id"
    option_label = _("Agent")


@register
class SetHelpTopic(ChoosingAction):
    """Set the help topic, if it is in use; its forms are not added to the ticket."""

    key = "topic"
    label = _("Set the help topic")
    event_label = "Topic"
    choice = "topic"
    option = "topic_id"
    option_label = _("Help topic")
    must_be_usable = True


@register
class SetStatus(ChoosingAction):
    """Set the status that the ticket begins with."""

    key = "status"
    label = _("Set the status")
    event_label = "Ticket Status"
    choice = "status"
    option = "status_id"
    option_label = _("Status")


@register
class SendCannedResponse(ChoosingAction):
    """Answer with a canned response."""

    key = "canned"
    label = _("Send a canned response")
    group = COMMUNICATION
    choice = "canned_response"
    option = "canned_id"
    option_label = _("Canned response")
