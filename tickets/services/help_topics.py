"""Help topics: made, changed, deleted (osticket/routing.md §2, osticket/tickets.md §15.7). Forms: `topic_forms`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import form_for
from helpdesk.knowledge.models import FaqTopic, Page
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text
from sla.models import SlaPlan
from tickets.constants import TopicFlag
from tickets.intake import forget_intake
from tickets.models import HelpTopic, HelpTopicForm, Sequence, Ticket, TicketPriority, TicketStatus
from tickets.numbers import is_acceptable_format

SHORTEST_NAME, LONGEST_NAME, LONGEST_FORMAT = 5, 128, 32
DEFAULT_FORMAT = "######"


@dataclass(frozen=True, kw_only=True)
class TopicDraft:
    """Everything that an administrator says about a topic except its forms; numbers are ids, 0 for none.

    Of agent and team only one may be named. `state` is ACTIVE, ARCHIVED or no flag at all (disabled). Without
    `number_format` tickets get the numbers of the help desk.
    """

    name: str
    parent_id: int = 0
    is_public: bool = True
    state: TopicFlag = TopicFlag.ACTIVE
    department_id: int = 0
    status_id: int = 0
    priority_id: int = 0
    sla_id: int = 0
    page_id: int = 0
    agent_id: int = 0
    team_id: int = 0
    sends_confirmation: bool = True
    number_format: str = ""
    sequence_id: int = 0
    notes: str = ""


@transaction.atomic
def store_topic(draft: TopicDraft, *, actor: Actor, topic: HelpTopic | None = None) -> HelpTopic:
    """Create a topic from a draft, which asks for the ticket form then, or change the given one into it, and give it.

    Bits without a name are kept, and so are references to rows that are gone as long as the draft still names them.
    Raises PermissionRefused, ValidationFailed; Conflict for a place below itself, and where no active topic, no public
    one, or no default one would be left; NotFound when it has been deleted meanwhile.
    """
    check_is_administrator(actor)
    is_new = topic is None
    topic = HelpTopic() if topic is None else _locked(topic)
    before = {} if is_new else values_of(topic)
    _place(topic, draft)
    _refer(topic, draft)
    _number(topic, draft)
    topic.ispublic, topic.noautoresp = draft.is_public, not draft.sends_confirmation
    topic.notes = draft.notes if draft.notes != (topic.notes or "") else topic.notes
    known = int(TopicFlag.ACTIVE | TopicFlag.ARCHIVED)
    topic.flags = TopicFlag((int(topic.flags or 0) & ~known) | (int(draft.state) & known))
    _check_others_remain(topic)
    changes = row_difference(before, values_of(topic))
    if is_new or changes:
        topic.updated = now()
        topic.save()
    if is_new:
        _ask_for_ticket_form(topic)
    forget_intake()
    action = Action.CREATED if is_new else Action.CHANGED
    record_change(actor, action, ObjectType.HELP_TOPIC, topic.pk, topic.topic, changes)
    return topic


@transaction.atomic
def delete_topic(topic: HelpTopic, *, actor: Actor) -> None:
    """Delete a topic: its tickets have none then, topics below it come to the top, addresses and FAQs let it go.

    Raises PermissionRefused, NotFound; Conflict for the default topic, and for the last active or public one.
    """
    check_is_administrator(actor)
    topic = _locked(topic)
    if topic.pk == _default_id():
        raise Conflict(_("The default help topic cannot be deleted."), code="topic_is_default")
    before = values_of(topic)
    topic.flags, topic.ispublic = TopicFlag(0), False
    _check_others_remain(topic)
    Ticket.objects.filter(topic=topic).update(topic=None)
    HelpTopic.objects.filter(parent=topic).update(parent=None, updated=now())
    HelpTopicForm.objects.filter(topic=topic).delete()
    EmailAddress.objects.filter(topic_id=topic.pk).update(topic_id=0)
    FaqTopic.objects.filter(topic_id=topic.pk).delete()
    record_change(actor, Action.DELETED, ObjectType.HELP_TOPIC, topic.pk, topic.topic, row_difference(before, {}))
    topic.delete()
    forget_intake()


def _place(topic: HelpTopic, draft: TopicDraft) -> None:
    """Set name and parent: a name is unique among those below one parent."""
    name = checked_text(draft.name, field="name", longest=LONGEST_NAME)
    if len(name) < SHORTEST_NAME and name != topic.topic:
        message = _("At least %(count)d characters, please") % {"count": SHORTEST_NAME}
        raise ValidationFailed(message, code="too_short", field="name")
    if draft.parent_id != (topic.parent_id or 0):
        parent = HelpTopic.objects.filter(pk=draft.parent_id).first() if draft.parent_id else None
        if draft.parent_id and parent is None:
            raise ValidationFailed(_("This help topic no longer exists."), code="parent_unknown", field="parent")
        if parent is not None and topic.pk and topic.pk in _ancestry(parent):
            raise Conflict(_("A topic cannot be placed below itself"), code="topic_below_itself", field="parent")
        topic.parent = parent  # type: ignore[assignment]  # 0 for none
    if HelpTopic.objects.filter(topic=name, parent=topic.parent_id).exclude(pk=topic.pk).exists():
        raise ValidationFailed(_("Topic already exists"), code="topic_exists", field="name")
    topic.topic = name


def _ancestry(topic: HelpTopic) -> set[int]:
    """Give a topic and all above it, however wrongly they are linked."""
    parents = dict(HelpTopic.objects.values_list("pk", "parent"))
    seen: set[int] = set()
    at: int | None = topic.pk
    while at and at not in seen:
        seen.add(at)
        at = parents.get(at)
    return seen


def _refer(topic: HelpTopic, draft: TopicDraft) -> None:
    if draft.agent_id and draft.team_id:
        raise ValidationFailed(_("Choose an agent or a team, not both."), code="assignee_twice", field="team")
    references: tuple[tuple[str, int, Any, str], ...] = (
        ("dept_id", draft.department_id, Department, "department"),
        ("status_id", draft.status_id, TicketStatus, "status"),
        ("priority_id", draft.priority_id, TicketPriority, "priority"),
        ("sla_id", draft.sla_id, SlaPlan, "sla"),
        ("page_id", draft.page_id, Page, "page"),
        ("staff_id", draft.agent_id, Agent, "agent"),
        ("team_id", draft.team_id, Team, "team"),
    )
    for column, number, model, field in references:
        if number == (getattr(topic, column) or 0):
            continue
        if number and not model.objects.filter(pk=number).exists():
            raise ValidationFailed(_("This no longer exists: choose another one."), code="choice_unknown", field=field)
        setattr(topic, column, number or None)


def _number(topic: HelpTopic, draft: TopicDraft) -> None:
    """Set how tickets of the topic are numbered."""
    custom = int(TopicFlag.CUSTOM_NUMBERS)
    bits = int(topic.flags or 0)
    if not draft.number_format.strip():
        topic.flags = TopicFlag(bits & ~custom)
        return
    number_format = checked_text(draft.number_format, field="number_format", longest=LONGEST_FORMAT)
    if not is_acceptable_format(number_format):
        message = _("The format needs a # for each digit")
        raise ValidationFailed(message, code="format_invalid", field="number_format")
    if draft.sequence_id and not Sequence.objects.filter(pk=draft.sequence_id).exists():
        raise ValidationFailed(_("This sequence no longer exists."), code="sequence_unknown", field="sequence")
    topic.flags, topic.number_format = TopicFlag(bits | custom), number_format
    topic.sequence_id = draft.sequence_id or None


def _check_others_remain(topic: HelpTopic) -> None:
    """Refuse what would leave the help desk without an active topic, a public one, or its default one."""
    is_active = bool(TopicFlag.ACTIVE & (topic.flags or 0))
    if topic.pk and topic.pk == _default_id() and not is_active:
        raise Conflict(_("The default help topic must stay active."), code="topic_is_default", field="state")
    others = HelpTopic.objects.exclude(pk=topic.pk)
    if not is_active and not others.filter(flags__has=TopicFlag.ACTIVE).exists():
        raise Conflict(_("At least one help topic must stay active."), code="last_active_topic", field="state")
    if not topic.ispublic and not others.filter(ispublic=True).exists():
        raise Conflict(_("At least one help topic must stay public."), code="last_public_topic", field="is_public")


def _ask_for_ticket_form(topic: HelpTopic) -> None:
    form = form_for(EntryObject.TICKET)
    if form is not None:
        HelpTopicForm.objects.create(topic=topic, form=form, sort=1, extra={"disable": []})


def _default_id() -> int:
    return configuration.current().integer("default_help_topic")


def _locked(topic: HelpTopic) -> HelpTopic:
    found = HelpTopic.objects.select_for_update().filter(pk=topic.pk).first()
    if found is None:
        raise NotFound(_("This help topic no longer exists."), code="topic_unknown")
    return found
