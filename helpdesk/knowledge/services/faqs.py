"""Categories and FAQs of the knowledge base (osticket/kb.md §1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.meanwhile import locked
from helpdesk.audit.services import Action, ObjectType, difference, record_change, row_difference, values_of
from helpdesk.knowledge.constants import AttachmentType, CategoryVisibility, FaqPublication
from helpdesk.knowledge.models import Faq, FaqCategory, FaqTopic
from helpdesk.knowledge.services.texts import (
    checked_html,
    delete_attachments,
    plain_line,
    ready_files,
    store_attachments,
)
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission
from helpdesk.people.validation import checked_text
from helpdesk.threads.bodies import NewFile

SHORTEST_NAME, LONGEST_NAME, LONGEST_QUESTION = 3, 125, 255
NO_KEYWORDS = " "
"""What osTicket writes into `faq.keywords` always."""


@dataclass(frozen=True, kw_only=True)
class CategoryDraft:
    """Everything that an agent says about a category; `parent_id` 0 puts it on top, `description` is HTML."""

    name: str
    description: str
    visibility: CategoryVisibility = CategoryVisibility.PRIVATE
    parent_id: int = 0
    notes: str = ""


@dataclass(frozen=True, kw_only=True)
class FaqDraft:
    """Everything that an agent says about an FAQ.

    `answer` is HTML, images in it as `data:` addresses. `topic_ids` are the help topics that it belongs to, `kept` the
    ids of the attached files that stay (None: all of them), `files` come new.
    """

    question: str
    answer: str
    category_id: int
    publication: FaqPublication = FaqPublication.INTERNAL
    topic_ids: Collection[int] = ()
    notes: str = ""
    files: Sequence[NewFile] = ()
    kept: Collection[int] | None = None


@transaction.atomic
def store_category(draft: CategoryDraft, *, actor: Actor, category: FaqCategory | None = None) -> FaqCategory:
    """Create a category, or change the given one, and give it.

    Raises PermissionRefused without `faq.manage`; ValidationFailed for a name that is too short or stands in the same
    place already, for an empty description, for an unknown parent and for one that lies below the category; NotFound
    when it has been deleted meanwhile.
    """
    check_agent_permission(actor, AgentPermission.FAQ_MANAGE)
    name = plain_line(checked_text(draft.name, field="name", longest=LONGEST_NAME))
    if len(name) < SHORTEST_NAME:
        raise ValidationFailed(_("Name is too short. 3 chars minimum"), code="name_length", field="name")
    description = checked_html(draft.description, field="description", missing=_("Category description is required"))
    category = locked(category) if category else None
    action = Action.CHANGED if category else Action.CREATED
    before = values_of(category) if category else {}
    parent = _checked_parent(draft.parent_id, category)
    others = FaqCategory.objects.beside(parent.pk if parent else 0).filter(name__folded=name)
    if others.exclude(pk=category.pk if category else 0).exists():
        raise ValidationFailed(_("Category already exists"), code="name_taken", field="name")
    category = category or FaqCategory(created=now())
    category.name, category.description, category.parent = name, description.body, parent
    category.ispublic, category.notes, category.updated = draft.visibility, draft.notes, now()
    category.save()
    changes = row_difference(before, values_of(category))
    record_change(actor, action, ObjectType.FAQ_CATEGORY, category.pk, category.name, changes)
    return category


@transaction.atomic
def delete_category(category: FaqCategory, *, actor: Actor) -> None:
    """Delete a category with its FAQs; sub-categories move one level up. Raises PermissionRefused."""
    check_agent_permission(actor, AgentPermission.FAQ_MANAGE)
    for faq in Faq.objects.filter(category=category):
        delete_faq(faq, actor=actor)
    FaqCategory.objects.filter(parent=category).update(parent=category.parent_id or None)
    changes = row_difference(values_of(category), {})
    record_change(actor, Action.DELETED, ObjectType.FAQ_CATEGORY, category.pk, category.name, changes)
    category.delete()


def store_faq(draft: FaqDraft, *, actor: Actor, faq: Faq | None = None) -> Faq:
    """Create an FAQ, or change the given one, and give it.

    Raises PermissionRefused without `faq.manage`; ValidationFailed for a question that is missing or asked already, an
    empty answer, an unknown category; NotFound when it has been deleted meanwhile.
    """
    check_agent_permission(actor, AgentPermission.FAQ_MANAGE)
    question = plain_line(checked_text(draft.question, field="question", longest=LONGEST_QUESTION))
    if not question:
        raise ValidationFailed(_("Question required"), code="required", field="question")
    files = ready_files(draft.files)
    answer = checked_html(draft.answer, field="answer", missing=_("FAQ answer is required"))
    with transaction.atomic():
        faq = locked(faq) if faq else None
        category = FaqCategory.objects.filter(pk=draft.category_id).first()
        if category is None:
            raise ValidationFailed(_("Category is required"), code="category_unknown", field="category")
        if Faq.objects.filter(question__folded=question).exclude(pk=faq.pk if faq else 0).exists():
            raise ValidationFailed(_("Question already exists"), code="question_taken", field="question")
        action = Action.CHANGED if faq else Action.CREATED
        before = _seen(faq) if faq else {}
        faq = faq or Faq(created=now(), keywords=NO_KEYWORDS)
        faq.question, faq.answer, faq.category = question, answer.body, category
        faq.ispublished, faq.notes, faq.updated = draft.publication, draft.notes, now()
        faq.save()
        _set_topics(faq, set(draft.topic_ids))
        store_attachments(AttachmentType.FAQ, faq, answer, files=files, kept=draft.kept)
        record_change(actor, action, ObjectType.FAQ, faq.pk, faq.question, difference(before, _seen(faq)))
    return faq


@transaction.atomic
def delete_faq(faq: Faq, *, actor: Actor) -> None:
    """Delete an FAQ with what hangs on it. Raises PermissionRefused."""
    check_agent_permission(actor, AgentPermission.FAQ_MANAGE)
    record_change(actor, Action.DELETED, ObjectType.FAQ, faq.pk, faq.question, difference(_seen(faq), {}))
    FaqTopic.objects.filter(faq=faq).delete()
    delete_attachments(AttachmentType.FAQ, faq)
    faq.delete()


def _seen(faq: Faq) -> dict[str, Any]:
    """Give the row and its topics as the trail shows them."""
    topics = sorted(FaqTopic.objects.filter(faq=faq).values_list("topic_id", flat=True))
    return {**values_of(faq), "help topics": topics}


def _set_topics(faq: Faq, wanted: set[int]) -> None:
    rows = FaqTopic.objects.filter(faq=faq)
    known = set(rows.values_list("topic_id", flat=True))
    rows.exclude(topic_id__in=wanted).delete()
    for topic_id in sorted(wanted - known):
        FaqTopic.objects.create(faq=faq, topic_id=topic_id)


def _checked_parent(parent_id: int, category: FaqCategory | None) -> FaqCategory | None:
    if not parent_id:
        return None
    parent = FaqCategory.objects.filter(pk=parent_id).first()
    if parent is None:
        raise ValidationFailed(_("This category no longer exists."), code="parent_unknown", field="parent")
    above: FaqCategory | None = parent
    seen = set[int]()
    while above is not None and above.pk not in seen:
        if category is not None and above.pk == category.pk:
            raise Conflict(_("A category cannot lie below itself."), code="category_cycle", field="parent")
        seen.add(above.pk)
        above = above.parent
    return parent
