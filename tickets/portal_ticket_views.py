"""An end user's own tickets in the portal: the list, one ticket, and what may be done with it.

Every action works by a form of its own, without script, and leads back to the ticket. What is not allowed has no form,
and answers 403 or 404.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from filters.ban_list import refuse_banned
from helpdesk.files.links import LinkMaker
from helpdesk.forms.bound import BoundForm, Origin
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked, has_answers
from helpdesk.forms.models import FormField
from helpdesk.forms.submission_services import parts_of
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import Conflict, DomainError, NotFound
from helpdesk.legacy.ids import id_in
from helpdesk.threads.bodies import TEXT
from tickets.constants import TicketSource
from tickets.freshness import version_of
from tickets.models import Ticket
from tickets.policies import UserAction, may_user
from tickets.portal_requests import HOUR, is_at_pace, status_of
from tickets.services import add_collaborator, close_ticket, post_message, remove_collaborator, reopen_ticket
from tickets.services.own_tickets import change_own_answers
from tickets.states import find_thread, is_open
from tickets.statuses import status_for_users
from tickets.user_forms import CollaboratorForm, UserReplyForm
from tickets.user_list import user_ticket_list
from tickets.user_page import UserTicketPage, user_ticket_page
from tickets.visitors import Visitor, get_ticket_for_user, upload_owner, visitor_of

MESSAGES_OF_AN_ADDRESS = 120
"""Messages that may be written on tickets from one network address in an hour."""
CHANGES_OF_AN_ADDRESS = 60
"""Other changes of tickets from one network address in an hour."""

P = ParamSpec("P")
TicketView = Callable[Concatenate[HttpRequest, Visitor, Ticket, P], HttpResponse]


def on_ticket(view: TicketView[P]) -> Callable[..., HttpResponse]:
    """Give the view the visitor and the ticket that he may see; strangers are asked for address and number first."""

    @wraps(view)
    def found(request: HttpRequest, ticket_id: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        visitor = visitor_of(request)
        if visitor is None:
            return redirect("portal:status")
        try:
            ticket = get_ticket_for_user(visitor, ticket_id)
        except NotFound as error:
            raise Http404(str(error)) from error
        return view(request, visitor, ticket, *args, **kwargs)

    return found


@never_cache
@require_safe
def tickets(request: HttpRequest) -> HttpResponse:
    """List the tickets of one who is signed in (`status` open or closed); a guest sees the one that let him in."""
    visitor = visitor_of(request)
    if visitor is None:
        return redirect("portal:status")
    if visitor.ticket_id is not None:
        return redirect("portal:ticket", visitor.ticket_id)
    page = user_ticket_list(
        visitor.user, state=request.GET.get("status", "open"), after=id_in(request.GET.get("after", ""))
    )
    return render(request, "tickets/portal/tickets.html", {"ticket_list": page})


@never_cache
@require_safe
@on_ticket
def ticket(request: HttpRequest, visitor: Visitor, found: Ticket) -> HttpResponse:
    """Show a ticket."""
    return _show_ticket(request, visitor, found, before=id_in(request.GET.get("before", "")))


@never_cache
@require_POST
@on_ticket
def reply(request: HttpRequest, visitor: Visitor, found: Ticket) -> HttpResponse:
    """Write on a ticket; a closed one opens again where its status lets it."""
    form = UserReplyForm(request.POST, request.FILES, owner=upload_owner(request))
    code = 422
    if not is_at_pace(request, "reply", MESSAGES_OF_AN_ADDRESS):
        form.add_error(None, _("Please try again in an hour: there were many messages from your network."))
        code = 429
    elif form.is_valid():
        key = f"tickets.reply.{found.pk}.{visitor.user.pk}.{form.cleaned_data['token']}"
        if form.cleaned_data["token"] and not cache.add(key, 1, HOUR):
            return redirect("portal:ticket", found.pk)
        try:
            return _post(request, visitor, found, form.cleaned_data)
        except DomainError as refusal:
            cache.delete(key)
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
            code = status_of(refusal)
        except Exception:
            cache.delete(key)  # it is not there: sent again it must not be taken for one that is
            raise
    form.keep_files()
    return _show_ticket(request, visitor, found, reply_form=form, status=code)


@never_cache
@require_POST
@on_ticket
def close(request: HttpRequest, visitor: Visitor, found: Ticket) -> HttpResponse:
    """Close one's own ticket. What keeps it open is the help desk's business and not told."""

    if not is_open(found) and may_user(visitor.user, UserAction.CLOSE, found):  # closed since the page was made
        messages.info(request, _("The ticket is closed already."))
        return redirect("portal:ticket", found.pk)

    def service() -> str:
        try:
            close_ticket(found, actor=visitor.actor, status=status_for_users())
        except Conflict as refusal:
            message = _("This ticket cannot be closed yet: somebody is still working on it.")
            raise Conflict(message, code=refusal.code) from refusal
        return _("The ticket is closed. You can open it again at any time.")

    return _carry_out(request, visitor, found, service)


@never_cache
@require_POST
@on_ticket
def reopen(request: HttpRequest, visitor: Visitor, found: Ticket) -> HttpResponse:
    """Open one's own closed ticket again, where its status lets it."""

    if is_open(found) and may_user(visitor.user, UserAction.CLOSE, found):
        messages.info(request, _("The ticket is open already."))
        return redirect("portal:ticket", found.pk)

    def service() -> str:
        reopen_ticket(found, actor=visitor.actor)
        return _("The ticket is open again.")

    return _carry_out(request, visitor, found, service)


@never_cache
@require_POST
@on_ticket
def collaborators(request: HttpRequest, visitor: Visitor, found: Ticket) -> HttpResponse:
    """Let somebody else take part in one's own ticket, by address."""
    form = CollaboratorForm(request.POST)
    if not form.is_valid():
        return _show_ticket(request, visitor, found, collaborator_form=form, status=422)
    email, name = form.cleaned_data["email"], form.cleaned_data["name"]

    def service() -> str:
        refuse_banned(email, ip_address=visitor.ip_address)
        add_collaborator(found, actor=visitor.actor, email=email, name=name)
        return _("%(address)s takes part in this ticket now.") % {"address": email}

    return _carry_out(request, visitor, found, service, form=form)


@never_cache
@require_POST
@on_ticket
def remove(request: HttpRequest, visitor: Visitor, found: Ticket, collaborator_id: int) -> HttpResponse:
    """Take somebody off one's own ticket, or oneself off another's."""

    thread = find_thread(found)
    row = thread.collaborators.filter(pk=collaborator_id).first() if thread is not None else None
    if row is None and may_user(visitor.user, UserAction.MANAGE_COLLABORATORS, found):
        messages.info(request, _("This person takes no part in the ticket any more."))
        return redirect("portal:ticket", found.pk)

    def service() -> str:
        remove_collaborator(found, actor=visitor.actor, collaborator_id=collaborator_id)
        if row is not None and row.user_id == visitor.user.pk:
            return _("You take no part in ticket #%(number)s any more.") % {"number": found.number}
        return _("Done: one person less takes part in this ticket.")

    answer = _carry_out(request, visitor, found, service)
    if visitor.tickets().filter(pk=found.pk).exists():
        return answer
    return redirect("portal:home" if visitor.is_guest else "portal:tickets")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@on_ticket
def edit(request: HttpRequest, visitor: Visitor, found: Ticket) -> HttpResponse:
    """Change those answers of one's own ticket that end users may change."""
    if not may_user(visitor.user, UserAction.EDIT, found):
        raise Http404
    is_sent = request.method == "POST"
    form = BoundForm(
        parts_of(EntryObject.TICKET, found.pk),
        asked=Asked(visitor=upload_owner(request)),
        origin=Origin.CLIENT_UPDATE,
        accepts=_is_editable,
        data=request.POST if is_sent else None,
        files=request.FILES if is_sent else None,
    )
    if not list(form):
        raise Http404
    status, problem, seen = 200, "", request.POST.get("seen", "") or version_of(found)
    if is_sent:
        status = 422
        if form.is_valid():
            try:
                change_own_answers(found, form, actor=visitor.actor, seen=seen)
            except DomainError as refusal:
                status, problem = status_of(refusal), str(refusal.message)
                seen = version_of(found)
            else:
                messages.success(request, _("Your changes have been saved."))
                return redirect("portal:ticket", found.pk)
        keep_uploads(form)
    context = {"form": form, "ticket_id": found.pk, "number": found.number, "seen": seen, "problem": problem}
    return render(request, "tickets/portal/edit.html", context, status=status)


def _is_editable(field: FormField) -> bool:
    return Origin.CLIENT_UPDATE.accepts(field) and has_answers(field)


def _post(request: HttpRequest, visitor: Visitor, found: Ticket, data: dict[str, Any]) -> HttpResponse:
    if not _page_of(visitor, found).may_reply:
        raise Conflict(_("This ticket is closed. Please open a new one."), code="ticket_closed")
    post_message(
        found,
        actor=visitor.actor,
        user=visitor.user,
        body=data["body"],
        format=TEXT,
        files=data.get("attachments", ()),
        source=TicketSource.WEB,
    )
    messages.success(request, _("Your message has been sent."))
    return redirect(f"{reverse('portal:ticket', args=[found.pk])}#conversation-end")


def _carry_out(
    request: HttpRequest,
    visitor: Visitor,
    found: Ticket,
    service: Callable[[], str],
    *,
    form: CollaboratorForm | None = None,
) -> HttpResponse:
    """Call a service, which gives the message of success; show on the ticket, or in the form, why it refused."""
    if not is_at_pace(request, "ticket change", CHANGES_OF_AN_ADDRESS):
        messages.error(request, _("Please try again in an hour: there were many changes from your network."))
        return _show_ticket(request, visitor, found, status=429)
    try:
        messages.success(request, service())
    except NotFound as error:
        raise Http404(str(error)) from error
    except DomainError as refusal:
        if form is not None:
            form.add_error("email", str(refusal.message))
        else:
            messages.error(request, str(refusal.message))
        return _show_ticket(request, visitor, found, collaborator_form=form, status=status_of(refusal))
    return redirect("portal:ticket", found.pk)


def _page_of(visitor: Visitor, found: Ticket, *, before: int | None = None) -> UserTicketPage:
    links = LinkMaker(reverse("portal:file"), timezone.now())
    return user_ticket_page(found, visitor.user, links=links, before=before)


def _show_ticket(
    request: HttpRequest,
    visitor: Visitor,
    found: Ticket,
    *,
    reply_form: UserReplyForm | None = None,
    collaborator_form: CollaboratorForm | None = None,
    before: int | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "ticket_page": _page_of(visitor, found, before=before),
        "form": reply_form or UserReplyForm(initial={"token": secrets.token_urlsafe(18)}),
        "collaborator_form": collaborator_form or CollaboratorForm(),
        "visitor": visitor,
    }
    return render(request, "tickets/portal/ticket.html", context, status=status)
