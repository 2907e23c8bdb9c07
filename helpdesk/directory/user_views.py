"""Pages of users: the directory, one user, making, changing and deleting one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.audit.meanwhile import Guard
from helpdesk.directory import selectors
from helpdesk.directory.exports import users_table
from helpdesk.directory.forms import (
    AddressForm,
    DeleteUserForm,
    MembershipForm,
    NoteForm,
    initial_membership,
    organization_names,
)
from helpdesk.directory.gate import attempt, directory_required, posted, require, status_of
from helpdesk.directory.paging import page_by_name
from helpdesk.directory.services.contacts import store_user
from helpdesk.exports.responses import ExportFormat, export_response
from helpdesk.files.links import LinkMaker
from helpdesk.forms.attached import linked_files
from helpdesk.forms.bound import BoundForm, FormPart, Origin, bind
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.selectors import AnsweredForm, answered_forms, form_for
from helpdesk.forms.submission_services import parts_of
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from helpdesk.people.models import EndUser, Organization, UserAccount
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.services import (
    add_address,
    delete_end_user,
    remove_address,
    set_default_address,
    set_organization,
    set_primary_contact,
)
from tickets.removal import count_tickets

AREA = "agent:users"
_NO_REFUSAL: dict[str, Any] = {"refusal": None, "shown_user": None, "organization": None, "current_area": AREA}


@directory_required
@require_safe
def users(request: AgentRequest) -> HttpResponse:
    """Show users by name, those that match `q`."""
    query = request.GET.get("q", "")
    page = page_by_name(
        selectors.users_matching(query), after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    ids = [user.pk for user in page.rows]
    counts, states = selectors.ticket_counts(ids, request.access), selectors.account_states(ids)
    rows = [(user, counts.get(user.pk, 0), states.get(user.pk, selectors.GUEST)) for user in page.rows]
    context = {"rows": rows, "page": page, "query": query, "current_area": AREA, "may": may_with_users(request)}
    return render(request, "directory/users.html", context)


@directory_required
@require_safe
def export_users(request: AgentRequest) -> HttpResponseBase:
    """Download the users that match `q`."""
    export_format = request.GET.get("format", "")
    if export_format not in set(ExportFormat):
        raise NotFound(_("There is no such format."), code="format_unknown")
    table = users_table(selectors.users_matching(request.GET.get("q", "")))
    return export_response(table, ExportFormat(export_format), name=_("Users"))


@directory_required
@require_safe
def user(request: AgentRequest, user_id: int) -> HttpResponse:
    """Show a user: what is known, account, organization, tickets, notes."""
    return show_user(request, selectors.get_user(user_id))


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_user(request: AgentRequest) -> HttpResponse:
    """Make a user from the contact form."""
    require(request, AgentPermission.USER_CREATE)
    organization = _organization_asked_for(request)
    form = _contact_form(request, [FormPart(form) for form in [form_for(EntryObject.USER)] if form is not None])
    guard = Guard(request.POST, None, shown_of_user)
    context = {**_NO_REFUSAL, "form": form, "guard": guard, "title": _("New user"), "organization": organization}
    if request.method != "POST":
        return render(request, "directory/user_form.html", context)
    if not form.is_valid():
        keep_uploads(form)
        return render(request, "directory/user_form.html", context, status=422)
    try:
        made = store_user(form, actor=request.actor, organization=organization)
    except DomainError as refusal:
        keep_uploads(form)
        return render(request, "directory/user_form.html", {**context, "refusal": refusal}, status=status_of(refusal))
    messages.success(request, _("%(name)s has been added.") % {"name": made.name})
    return redirect("agent:user", made.pk)


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_user(request: AgentRequest, user_id: int) -> HttpResponse:
    """Change what is known of a user."""
    require(request, AgentPermission.USER_EDIT)
    found = selectors.get_user(user_id)
    address = found.default_email.address if found.default_email else ""
    form = _contact_form(
        request,
        parts_of(EntryObject.USER, found.pk),
        origin=Origin.AGENT_UPDATE,
        initial={"name": found.name, "email": address},
    )
    guard = Guard(request.POST, found, shown_of_user, labels=labels_of(form))
    context = {**_NO_REFUSAL, "form": form, "guard": guard, "title": found.name, "shown_user": found}
    if request.method != "POST":
        return render(request, "directory/user_form.html", context)
    if not form.is_valid():
        keep_uploads(form)
        return render(request, "directory/user_form.html", context, status=422)
    try:
        with guard.saving():
            store_user(form, actor=request.actor, user=found)
    except DomainError as refusal:
        keep_uploads(form)
        return render(request, "directory/user_form.html", {**context, "refusal": refusal}, status=status_of(refusal))
    messages.success(request, _("Changes saved."))
    return redirect("agent:user", found.pk)


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_user(request: AgentRequest, user_id: int) -> HttpResponse:
    """Ask, then delete a user, with his tickets where that is wanted."""
    require(request, AgentPermission.USER_DELETE)
    found = selectors.get_user(user_id)
    form = DeleteUserForm(posted(request))
    context = {**_NO_REFUSAL, "shown_user": found, "form": form, "ticket_count": count_tickets(found)}
    if request.method != "POST":
        return render(request, "directory/user_delete.html", context)
    name = found.name
    try:
        delete_end_user(found, actor=request.actor, with_tickets="with_tickets" in request.POST)
    except DomainError as refusal:
        return render(request, "directory/user_delete.html", {**context, "refusal": refusal}, status=status_of(refusal))
    messages.success(request, _("%(name)s has been deleted.") % {"name": name})
    return redirect("agent:users")


@directory_required
@require_POST
def change_membership(request: AgentRequest, user_id: int) -> HttpResponse:
    """Give a user another organization, or none."""
    found, form = selectors.get_user(user_id), MembershipForm(request.POST)
    guard = Guard(request.POST, found, initial_membership)
    if form.is_valid():
        organization = form.cleaned_data["organization"]
        try:
            with guard.saving():
                set_organization(found, organization, actor=request.actor)
                if organization is not None:
                    set_primary_contact(found, form.cleaned_data["is_contact"], actor=request.actor)
        except DomainError as refusal:
            form.add_error("organization", str(refusal))
        else:
            messages.success(request, _("Changes saved."))
            return redirect("agent:user", found.pk)
    return show_user(request, found, status=422, membership_form=form, membership_guard=guard)


@directory_required
@require_POST
def add_user_address(request: AgentRequest, user_id: int) -> HttpResponse:
    """Give a user a further address."""
    found, form = selectors.get_user(user_id), AddressForm(request.POST)
    if form.is_valid():
        try:
            add_address(found, form.cleaned_data["address"], actor=request.actor)
        except DomainError as refusal:
            form.add_error("address", str(refusal))
        else:
            messages.success(request, _("Changes saved."))
            return redirect("agent:user", found.pk)
    return show_user(request, found, status=422, address_form=form)


@directory_required
@require_POST
def change_user_address(request: AgentRequest, user_id: int) -> HttpResponse:
    """Write to another address (`default`), or take one away (`remove`)."""
    found = selectors.get_user(user_id)
    address = request.POST.get("address", "")
    change = remove_address if request.POST.get("do") == "remove" else set_default_address
    attempt(request, lambda: change(found, address, actor=request.actor), _("Changes saved."))
    return redirect("agent:user", found.pk)


@directory_required
@require_safe
def legacy_users(request: AgentRequest) -> HttpResponse:
    """Lead osTicket's addresses (`users.php`, `users.php?id=7`) to ours."""
    number = id_in(request.GET.get("id", ""))
    return redirect("agent:user", number) if number is not None else redirect("agent:users")


def show_user(request: AgentRequest, found: EndUser, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Show the page of a user, with forms that were refused."""
    lines, page = selectors.tickets_of(request.access, user=found, after=request.GET.get("after", ""))
    answered = answered_forms(EntryObject.USER, found.pk)
    account = UserAccount.objects.filter(user=found).order_by("pk").first()
    context = {
        "shown_user": found,
        "account": account,
        "account_state": selectors.account_state(int(account.status) if account else None),
        "addresses": list(found.emails.order_by("pk")),
        "facts": facts_of(answered),
        "ticket_lines": lines,
        "page": page,
        "notes": selectors.shown_notes(user=found),
        "note_form": NoteForm(),
        "address_form": AddressForm(),
        "membership_form": MembershipForm(initial=initial_membership(found)),
        "membership_guard": Guard({}, found, initial_membership),
        "organization_names": organization_names,
        "may": may_with_users(request),
        "current_area": AREA,
        **forms,
    }
    return render(request, "directory/user.html", context, status=status)


def facts_of(forms: list[AnsweredForm]) -> list[tuple[str, str]]:
    """Give what was answered, as label and text or links."""
    files = linked_files(forms, LinkMaker(reverse("agent:file"), timezone.now()))
    answers = [(form.entry.pk, answer) for form in forms for answer in form.answers if not answer.is_empty]
    return [(answer.label, files.get((entry, answer.field.pk), answer.html)) for entry, answer in answers]


def may_with_users(request: AgentRequest) -> dict[str, bool]:
    """Give what the agent may do with users, by the last word of the permission."""
    return {
        permission.value.partition(".")[2]: request.access.has_agent_permission(permission)
        for permission in AgentPermission
        if permission.value.startswith("user.")
    }


def shown_of_user(user: EndUser) -> dict[str, Any]:
    """Give what the contact form shows of a user."""
    address = user.default_email.address if user.default_email else ""
    return {"name": user.name, "email": address, **shown_answers(EntryObject.USER, user.pk)}


def shown_answers(kind: str, object_id: int) -> dict[str, Any]:
    """Give what the forms of an object show, by the names that `labels_of` gives; nothing for an empty answer."""
    stored = [item for part in parts_of(kind, object_id) for item in part.stored.items()]
    return {str(field_id): [answer.value, answer.value_id] for field_id, answer in stored if answer.value}


def labels_of(form: BoundForm) -> dict[str, str]:
    """Give what the fields of a form are called, by their names in what it shows."""
    built_in = {"name", "email"}
    return {bound.field.name if bound.field.name in built_in else str(bound.field.pk): bound.label for bound in form}


def _contact_form(request: HttpRequest, parts: list[FormPart], **options: Any) -> BoundForm:
    agent = getattr(request, "agent", None)
    return bind(parts, asked=Asked(is_agent=True, agent=agent), data=posted(request), files=request.FILES, **options)


def _organization_asked_for(request: AgentRequest) -> Organization | None:
    number = id_in(request.GET.get("organization", ""))
    return selectors.get_organization(number) if number is not None else None
