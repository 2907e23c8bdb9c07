"""Pages of organizations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.audit.meanwhile import Guard
from helpdesk.directory import selectors
from helpdesk.directory.forms import NoteForm, OrganizationForm
from helpdesk.directory.gate import attempt, directory_required, posted, require, status_of
from helpdesk.directory.paging import page_by_name
from helpdesk.directory.services.contacts import store_organization_form
from helpdesk.directory.user_views import facts_of, labels_of, may_with_users, shown_answers
from helpdesk.forms.bound import BoundForm, FormPart, Origin, bind
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.selectors import answered_forms, form_for
from helpdesk.forms.submission_services import parts_of
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import id_in
from helpdesk.people.models import EndUser, Organization
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.selectors import account_manager, user_of_address
from helpdesk.people.services import OrganizationDraft, delete_organization, set_organization

AREA = "agent:organizations"
SETTINGS = ("domain", "manager", "contacts", "assign_manager", "collaborate_contacts", "collaborate_all", "sharing")


@directory_required
@require_safe
def organizations(request: AgentRequest) -> HttpResponse:
    """Show organizations by name, those that match `q`."""
    query = request.GET.get("q", "")
    found = selectors.organizations_matching(query)
    page = page_by_name(found, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    counts = selectors.member_counts([row.pk for row in page.rows])
    rows = [(row, counts.get(row.pk, 0)) for row in page.rows]
    context = {"rows": rows, "page": page, "query": query, "current_area": AREA, "may": _may(request)}
    return render(request, "directory/organizations.html", context)


@directory_required
@require_safe
def organization(request: AgentRequest, organization_id: int) -> HttpResponse:
    """Show an organization: what is known, members, tickets, notes."""
    return show_organization(request, selectors.get_organization(organization_id))


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_organization(request: AgentRequest) -> HttpResponse:
    """Make an organization."""
    require(request, AgentPermission.ORG_CREATE)
    parts = [FormPart(form) for form in [form_for(EntryObject.ORGANIZATION)] if form is not None]
    form = _form(request, parts)
    settings = OrganizationForm(posted(request), organization=None)
    return _edit(request, None, form, settings, _("New organization"))


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_organization(request: AgentRequest, organization_id: int) -> HttpResponse:
    """Change an organization and its settings."""
    require(request, AgentPermission.ORG_EDIT)
    found = selectors.get_organization(organization_id)
    form = _form(
        request,
        parts_of(EntryObject.ORGANIZATION, found.pk),
        origin=Origin.AGENT_UPDATE,
        initial={"name": found.name},
    )
    settings = OrganizationForm(posted(request), organization=found, initial=OrganizationForm.initial_of(found))
    return _edit(request, found, form, settings, found.name)


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_organization(request: AgentRequest, organization_id: int) -> HttpResponse:
    """Ask, then delete an organization; its members stay."""
    require(request, AgentPermission.ORG_DELETE)
    found = selectors.get_organization(organization_id)
    context: dict[str, Any] = {
        "organization": found,
        "member_count": found.members.count(),
        "refusal": None,
        "current_area": AREA,
    }
    if request.method != "POST":
        return render(request, "directory/organization_delete.html", context)
    name = found.name
    try:
        left = delete_organization(found, actor=request.actor)
    except DomainError as refusal:
        context["refusal"] = refusal
        return render(request, "directory/organization_delete.html", context, status=status_of(refusal))
    told = ngettext("%(count)d user has no organization now.", "%(count)d users have no organization now.", left)
    messages.success(request, _("%(name)s has been deleted.") % {"name": name} + " " + told % {"count": left})
    return redirect("agent:organizations")


@directory_required
@require_POST
def change_members(request: AgentRequest, organization_id: int) -> HttpResponse:
    """Take a user, known by his address, in (`add`), or let one go by his number (`remove`)."""
    found = selectors.get_organization(organization_id)
    if request.POST.get("do") == "remove":
        member = selectors.get_user(id_in(request.POST.get("user", "")) or 0)
        if member.org_id == found.pk:
            attempt(request, lambda: set_organization(member, None, actor=request.actor), _("Changes saved."))
        return redirect("agent:organization", found.pk)
    user: EndUser | None = user_of_address(request.POST.get("address", ""))
    if user is None:
        messages.error(request, _("No user has this address."))
    else:
        attempt(
            request,
            lambda: set_organization(user, found, actor=request.actor),
            _("%(name)s belongs to %(organization)s now.") % {"name": user.name, "organization": found.name},
        )
    return redirect("agent:organization", found.pk)


@directory_required
@require_safe
def legacy_organizations(request: AgentRequest) -> HttpResponse:
    """Lead osTicket's addresses (`orgs.php`, `orgs.php?id=7`) to ours."""
    number = id_in(request.GET.get("id", ""))
    return redirect("agent:organization", number) if number is not None else redirect("agent:organizations")


def show_organization(request: AgentRequest, found: Organization, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Show the page of an organization, with forms that were refused."""
    members = page_by_name(
        EndUser.objects.filter(org=found).select_related("default_email"),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    lines, page = selectors.tickets_of(request.access, organization=found, after=request.GET.get("tickets", ""))
    counts = selectors.ticket_counts([user.pk for user in members.rows], request.access)
    context = {
        "organization": found,
        "manager_name": getattr(account_manager(found), "name", ""),
        "settings": OrganizationForm.initial_of(found),
        "facts": facts_of(answered_forms(EntryObject.ORGANIZATION, found.pk)),
        "members": [(user, counts.get(user.pk, 0)) for user in members.rows],
        "page": members,
        "ticket_lines": lines,
        "ticket_page_after": page.after,
        "notes": selectors.shown_notes(organization=found),
        "note_form": NoteForm(),
        "may": _may(request),
        "may_users": may_with_users(request),
        "current_area": AREA,
        **forms,
    }
    return render(request, "directory/organization.html", context, status=status)


def _edit(
    request: AgentRequest, found: Organization | None, form: BoundForm, settings: OrganizationForm, title: str
) -> HttpResponse:
    labels = {**labels_of(form), **{name: field.label for name, field in settings.fields.items()}}
    guard = Guard(request.POST, found, _shown, labels=labels)
    context: dict[str, Any] = {
        "organization": found,
        "guard": guard,
        "form": form,
        "settings": settings,
        "settings_fields": [settings[name] for name in SETTINGS if found is not None or name != "contacts"],
        "title": title,
        "refusal": None,
        "current_area": AREA,
    }
    if request.method != "POST":
        return render(request, "directory/organization_form.html", context)
    if not (settings.is_valid() & form.is_valid()):
        keep_uploads(form)
        return render(request, "directory/organization_form.html", context, status=422)
    draft = OrganizationDraft(
        name=str(form.value("name") or ""),
        domain=settings.cleaned_data["domain"],
        manager=settings.cleaned_data["manager"],
        flags=settings.flags(),
        contacts=settings.contact_ids() if found is not None else None,
    )
    try:
        with guard.saving():
            stored = store_organization_form(form, draft, actor=request.actor, organization=found)
    except DomainError as refusal:
        keep_uploads(form)
        if refusal.field in settings.fields:
            settings.add_error(refusal.field, str(refusal))
        else:
            context["refusal"] = refusal
        return render(request, "directory/organization_form.html", context, status=status_of(refusal))
    messages.success(request, _("Changes saved."))
    return redirect("agent:organization", stored.pk)


def _shown(organization: Organization) -> dict[str, Any]:
    answers = shown_answers(EntryObject.ORGANIZATION, organization.pk)
    return {"name": organization.name, **OrganizationForm.initial_of(organization), **answers}


def _form(request: AgentRequest, parts: list[FormPart], **options: Any) -> BoundForm:
    return bind(
        parts, asked=Asked(is_agent=True, agent=request.agent), data=posted(request), files=request.FILES, **options
    )


def _may(request: AgentRequest) -> dict[str, bool]:
    return {
        permission.value.partition(".")[2]: request.access.has_agent_permission(permission)
        for permission in AgentPermission
        if permission.value.startswith("org.")
    }
