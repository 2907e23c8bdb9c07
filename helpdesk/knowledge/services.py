"""Changes of the knowledge base and of canned responses."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from helpdesk.knowledge.models import CannedResponse
from helpdesk.knowledge.policies import check_may_manage_canned
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.threads.bodies import HTML, is_empty
from helpdesk.threads.html import clean_html

SHORTEST_TITLE, LONGEST_TITLE = 3, 255


@transaction.atomic
def create_canned_response(
    title: str, response: str, *, actor: Actor, department: Department | None = None, notes: str = ""
) -> CannedResponse:
    """Create a prepared answer (HTML, with `%{ticket…}` variables) for a department, or for all.

    Raises PermissionRefused without `canned.manage` in any department, ValidationFailed for a title that is too short
    or taken and for an empty text. Source: osticket/kb.md §4.
    """
    check_may_manage_canned(actor)
    title = title.strip()
    if not SHORTEST_TITLE <= len(title) <= LONGEST_TITLE:
        raise ValidationFailed(_("Title is too short. 3 chars minimum"), code="title_length", field="title")
    if CannedResponse.objects.filter(title=title).exists():
        raise ValidationFailed(_("Title already exists"), code="title_taken", field="title")
    text = clean_html(response).html
    if is_empty(text, HTML):
        raise ValidationFailed(_("Response text is required"), code="text_required", field="response")
    return CannedResponse.objects.create(title=title, response=text, dept=department, notes=notes)
