"""Tickets in the end users' portal: open one, come back by a link, read it, write on it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.forms.field_types import Asked
from helpdesk.forms.uploads import keep_uploads
from helpdesk.knowledge.selectors import thank_you_page_html
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from tickets.access_links import Pass, pass_of_link, pass_of_number
from tickets.constants import TicketSource
from tickets.models import Ticket
from tickets.new_ticket import NewTicket, Origin
from tickets.open_form import CONTINUE, OpenForm, open_form, thanks_of, thanks_sign
from tickets.portal_requests import HOUR, is_at_pace, status_of
from tickets.questions import Question, accepts_answer, new_question, question_of
from tickets.services import create_ticket
from tickets.services.access_links import send_access_link
from tickets.services.request_keys import known_ticket
from tickets.text_variables import roots_for_visitor
from tickets.topic_choices import chosen_topic, first_topic, topic_choices, topics_for_users
from tickets.user_forms import AccessForm
from tickets.visitors import Visitor, get_ticket_for_user, let_in, may_come_in, stranger, upload_owner, visitor_of

READ_OR_SEND = ["GET", "HEAD", "POST"]
TICKETS_OF_AN_ADDRESS = 40
"""Tickets that guests may open from one network address in an hour."""
KEPT_UPLOADS_OF_AN_ADDRESS = 60
"""Forms with files that guests may send from one network address in an hour without opening a ticket."""
LINKS_OF_AN_ADDRESS = 20
"""Links that may be asked for from one network address in an hour."""
WRONG_LINKS_OF_AN_ADDRESS = 30
"""Links that open nothing which one network address may try in an hour."""
LINK_PARAMETERS = ("auth", "t", "e", "a", "lemail", "lticket")
"""What a link into a ticket, or the form that asks for address and number, is made of."""
SIGN_OUT = "sign_out"
"""Sent with them by who is signed in and wants to end that for the ticket of somebody else."""


# --- Opening a ticket -------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(READ_OR_SEND)
def open_ticket(request: HttpRequest) -> HttpResponse:
    """Show and take the form for a new ticket (`topicId`; osticket/tickets.md §6.1, origin web)."""
    visitor = visitor_of(request)
    known = visitor if visitor is not None and not visitor.is_guest else None
    if known is None and configuration.current().boolean("clients_only"):
        return render(request, "tickets/portal/members_only.html", status=403)
    topics = topics_for_users()
    topic = chosen_topic(topics, request.POST.get("topicId", "") or request.GET.get("topicId", ""))
    asked = Asked(visitor=upload_owner(request))
    if request.method != "POST":
        form = open_form(request, topic or first_topic(topics), asked=asked, with_contact=known is None)
        return _show_open_form(request, form, known)
    is_judged = CONTINUE not in request.POST and not _wants_part(request)
    form = open_form(request, topic, asked=asked, with_contact=known is None, is_judged=is_judged)
    if not is_judged:
        _keep_uploads(request, form, known)
        return _show_open_form(request, form, known)
    return _take_open_form(request, form, known)


def _take_open_form(request: HttpRequest, form: OpenForm, known: Visitor | None) -> HttpResponse:
    actor = known.actor if known else stranger(request)
    earlier = known_ticket(form.key, actor)
    if earlier is not None:  # the form was sent twice
        return _thank(request, form, earlier, known)
    status = 422
    if form.topic is None:
        form.problems["topic"] = _("Select a Help Topic")
    if known is None and not _has_answered(request, form):
        form.problems["answer"] = _("This is not the answer. Please answer the new question.")
    if form.bound.is_valid() and not form.has_errors:
        if known is None and not is_at_pace(request, "open", TICKETS_OF_AN_ADDRESS):
            form.general_errors.append(_("Many tickets came from your network. Please try again in an hour."))
            status = 429
        else:
            try:
                return _thank(request, form, create_ticket(_new_ticket(form, known), actor=actor), known)
            except DomainError as refusal:
                form.show_refusal(refusal)
                status = status_of(refusal)
    _keep_uploads(request, form, known)
    return _show_open_form(request, form, known, status=status)


def _keep_uploads(request: HttpRequest, form: OpenForm, known: Visitor | None) -> None:
    """Keep files for the page that is shown again; strangers could else fill the storage without opening a ticket."""
    if known is not None or not request.FILES or is_at_pace(request, "kept files", KEPT_UPLOADS_OF_AN_ADDRESS):
        keep_uploads(form.bound)
    else:
        form.general_errors.append(_("The files were not kept. Please choose them again before you send the form."))


def _new_ticket(form: OpenForm, known: Visitor | None) -> NewTicket:
    return NewTicket(
        origin=Origin.WEB,
        source=TicketSource.WEB,
        topic=form.topic,
        subject=str(form.bound.value("subject") or ""),
        message=form.message,
        files=form.files,
        answers=form.answers(),
        user=known.user if known else None,
        email="" if known else str(form.bound.value("email") or ""),
        name="" if known else str(form.bound.value("name") or ""),
        user_answers={} if known else form.contact_answers(),
        key=form.key,
    )


def _thank(request: HttpRequest, form: OpenForm, ticket: Ticket, known: Visitor | None) -> HttpResponse:
    """Show the number. Guests may look at the ticket at once where number and address alone let them in anyway."""
    if known is not None:
        messages.success(request, _("Ticket #%(number)s has been opened.") % {"number": ticket.number})
        return redirect("portal:ticket", ticket.pk)
    if not _verifies_addresses() and ticket.user is not None and may_come_in(ticket.user):
        let_in(request, ticket.user, ticket)
    name, email = (str(form.bound.value(key) or "") for key in ("name", "email"))
    sign = thanks_sign(ticket, name=name, email=email)
    return redirect(f"{reverse('portal:thanks')}?{urlencode({'ticket': sign})}")


def _show_open_form(request: HttpRequest, form: OpenForm, known: Visitor | None, *, status: int = 200) -> HttpResponse:
    topics = topics_for_users()
    context = {
        "form": form.bound,
        "open_form": form,
        "subject": form.bound.named("subject"),
        "topics": topic_choices(topics),
        "topic_id": str(form.topic.pk) if form.topic else "",
        "known": known,
        "question": _question(request, form) if known is None and _asks_question() else None,
        "answer": "" if "answer" in form.problems else request.POST.get("answer", ""),
    }
    part = _wants_part(request)
    template = "tickets/portal/_open_form.html" if part else "tickets/portal/open.html"
    response = render(request, template, context, status=200 if part else status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _asks_question() -> bool:
    return configuration.current().boolean("enable_captcha")


def _has_answered(request: HttpRequest, form: OpenForm) -> bool:
    if not _asks_question():
        return True
    return accepts_answer(request.POST.get("question", ""), request.POST.get("answer", ""), form=form.key)


def _question(request: HttpRequest, form: OpenForm) -> Question:
    """Give the question of the page again, a new one where it has none or the answer was wrong."""
    old = None if "answer" in form.problems else question_of(request.POST.get("question", ""))
    return old or new_question()


@never_cache
@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Show the number of the ticket that was just opened, and what the administrator wants to say."""
    about = thanks_of(request.GET.get("ticket", ""))
    if about is None:
        return redirect("portal:home")
    ticket = about.ticket
    page_id = ticket.topic.page_id if ticket.topic else None
    visitor = visitor_of(request)
    context = {
        "number": ticket.number,
        "thanks_html": thank_you_page_html(page_id, roots_for_visitor(ticket, name=about.name, email=about.email)),
        "ticket_id": ticket.pk if visitor and visitor.ticket_id == ticket.pk else None,
    }
    return render(request, "tickets/portal/thanks.html", context)


@require_http_methods(READ_OR_SEND)
def legacy_open(request: HttpRequest) -> HttpResponse:
    """Answer at osTicket's address, which links name with a help topic."""
    if request.method == "POST":
        return open_ticket(request)
    topic_id = request.GET.get("topicId", "")
    query = f"?{urlencode({'topicId': topic_id})}" if topic_id else ""
    return redirect(f"{reverse('portal:open')}{query}")


# --- Coming back ------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(READ_OR_SEND)
def status(request: HttpRequest) -> HttpResponse:
    """Ask for address and number of a ticket and mail the link into it, whether there is such a ticket or not."""
    form = AccessForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _show_access_form(request, form, status=422 if form.is_bound else 200)
    if not is_at_pace(request, "access link", LINKS_OF_AN_ADDRESS):
        form.add_error(None, _("Please try again in an hour: there were many requests from your network."))
        return _show_access_form(request, form, status=429)
    address, number = form.cleaned_data["lemail"], form.cleaned_data["lticket"]
    if not _verifies_addresses():
        found = pass_of_number(address, number)
        if found is not None and may_come_in(found.user):
            return _welcome(request, found, request.POST)
        form.add_error(None, _("Access denied"))
        return _show_access_form(request, form, status=403)
    send_access_link(address, number, actor=stranger(request))
    return render(request, "tickets/portal/link_sent.html", {"address": address})


@never_cache
@require_http_methods(READ_OR_SEND)
def access_link(request: HttpRequest) -> HttpResponse:
    """Follow a link out of a mail (`view.php?auth=`, `?t=&e=&a=`, `?id=`; osticket/auth.md §6).

    What is sent by POST is the same link, once more, from the page that asked whether to sign out for it.
    """
    given = request.POST if request.method == "POST" else request.GET
    if ticket_id := id_in(given.get("id", "")):
        try:
            return redirect("portal:ticket", get_ticket_for_user(visitor_of(request), ticket_id).pk)
        except NotFound:
            return redirect("portal:status")
    if not {"auth", "a"} & given.keys():
        return redirect("portal:status")
    form = AccessForm()
    if not _may_try_links(request):
        messages.error(request, _("Please try again in an hour: there were many requests from your network."))
        return _show_access_form(request, form, status=429)
    found = pass_of_link(given.dict())
    if found is None or not may_come_in(found.user):
        _count_wrong_link(request)
        messages.error(request, _("This link does not open a ticket. Ask for a new one here."))
        return _show_access_form(request, form)
    return _welcome(request, found, given)


def _welcome(request: HttpRequest, found: Pass, given: QueryDict) -> HttpResponse:
    """Let the guest in. Who is signed in stays so: where he may not see the ticket himself, he is asked first.

    A link is for whom it was mailed to, and a guest's visit ends a sign-in. Nobody shall lose his own without knowing,
    or write in the name of somebody else because he followed a link that was sent on to him.
    """
    visitor = visitor_of(request)
    if visitor is None or visitor.is_guest or SIGN_OUT in request.POST:
        let_in(request, found.user, found.ticket)
    elif not visitor.tickets().filter(pk=found.ticket.pk).exists():
        sent_again = [(name, given[name]) for name in LINK_PARAMETERS if name in given]
        context = {"ticket": found.ticket, "visitor": visitor, "sent_again": [*sent_again, (SIGN_OUT, "yes")]}
        return render(request, "tickets/portal/other_person.html", context)
    return redirect("portal:ticket", found.ticket.pk)


@require_safe
def legacy_tickets(request: HttpRequest) -> HttpResponse:
    """Lead links to `tickets.php?id=` on."""
    ticket_id = id_in(request.GET.get("id", ""))
    visitor = visitor_of(request)
    if not ticket_id and visitor is not None and visitor.ticket_id is not None:
        ticket_id = visitor.ticket_id
    if visitor is None:
        return redirect("portal:status")
    return redirect("portal:ticket", ticket_id) if ticket_id else redirect("portal:tickets")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the visit of a guest."""
    visitor = visitor_of(request)
    if visitor is not None and visitor.is_guest:
        request.session.flush()
    return redirect("portal:home")


# --- Parts ------------------------------------------------------------------------------------------------------------


def _show_access_form(request: HttpRequest, form: AccessForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "by_mail": _verifies_addresses()}
    return render(request, "tickets/portal/status.html", context, status=status)


def _verifies_addresses() -> bool:
    return configuration.current().boolean("client_verify_email", default=True)


def _may_try_links(request: HttpRequest) -> bool:
    return int(cache.get(_wrong_links_key(request)) or 0) < WRONG_LINKS_OF_AN_ADDRESS


def _count_wrong_link(request: HttpRequest) -> None:
    key = _wrong_links_key(request)
    if not cache.add(key, 1, HOUR):
        try:
            cache.incr(key)
        except ValueError:  # it ran out in between
            cache.add(key, 1, HOUR)


def _wrong_links_key(request: HttpRequest) -> str:
    return f"tickets.wrong-links.{client_address(request)}"


def _wants_part(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
