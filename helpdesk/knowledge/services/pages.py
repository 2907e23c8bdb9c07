"""Pages that administrators write (osticket/kb.md §5)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.knowledge.constants import CHOSEN_PAGES, AttachmentType, PageType
from helpdesk.knowledge.models import Page
from helpdesk.knowledge.registries import uses_of_page
from helpdesk.knowledge.services.texts import checked_html, delete_attachments, plain_line, store_attachments
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text

LONGEST_NAME = 255


@dataclass(frozen=True, kw_only=True)
class PageDraft:
    """Everything that an administrator says about a page; `body` is HTML. The type of an existing page stays."""

    name: str
    body: str
    type: PageType = PageType.OTHER
    is_active: bool = True
    notes: str = ""


@transaction.atomic
def store_page(draft: PageDraft, *, actor: Actor, page: Page | None = None) -> Page:
    """Create a page, or change the given one, and give it.

    Raises PermissionRefused; ValidationFailed for a name that is missing or taken and for an empty text; Conflict when
    a page in use is to be switched off.
    """
    check_is_administrator(actor)
    name = plain_line(checked_text(draft.name, field="name", longest=LONGEST_NAME))
    if not name:
        raise ValidationFailed(_("Name is required"), code="required", field="name")
    if Page.objects.filter(name__folded=name).exclude(pk=page.pk if page else 0).exists():
        raise ValidationFailed(_("Name already exists"), code="name_taken", field="name")
    body = checked_html(draft.body, field="body", missing=_("Page body is required"))
    uses = page_uses(page) if page else []
    if page is not None and page.isactive and not draft.is_active and uses:
        raise Conflict(_in_use(uses), code="page_in_use", field="is_active")
    action = Action.CHANGED if page else Action.CREATED
    before = values_of(page) if page else {}
    page = page or Page(created=now(), type=draft.type)
    page.name, page.body, page.isactive, page.notes = name, body.body, draft.is_active, draft.notes
    page.updated = now()
    page.save()
    store_attachments(AttachmentType.PAGE, page, body)
    record_change(actor, action, ObjectType.PAGE, page.pk, page.name, row_difference(before, values_of(page)))
    return page


@transaction.atomic
def delete_page(page: Page, *, actor: Actor) -> None:
    """Delete a page.

    Raises PermissionRefused; Conflict for a page in use, and for a message text, which the help desk needs.
    """
    check_is_administrator(actor)
    if page.type not in PageType:
        raise Conflict(_("The help desk sends this text: it can be changed, not deleted."), code="page_needed")
    uses = page_uses(page)
    if uses:
        raise Conflict(_in_use(uses), code="page_in_use")
    record_change(actor, Action.DELETED, ObjectType.PAGE, page.pk, page.name, row_difference(values_of(page), {}))
    delete_attachments(AttachmentType.PAGE, page)
    page.delete()


def page_uses(page: Page) -> list[str]:
    """Say what shows this page: the settings that choose it, and what other apps know of (help topics)."""
    current = configuration.current()
    chosen = [str(title) for setting, title in CHOSEN_PAGES.items() if current.integer(setting) == page.pk]
    return [*chosen, *uses_of_page(page.pk)]


def _in_use(uses: list[str]) -> str:
    return _("This page is in use: %(uses)s.") % {"uses": ", ".join(uses)}
